"""`inittui data`: which data sets there are, and what their images look like."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from inittui.cli.completion import complete_data
from inittui.cli.console import console_for, is_ascii, note
from inittui.cli.ignored import refuse_before_subcommand
from inittui.cli.registry import ListOrShow
from inittui.cli.shared_options import AsJson, Width, number, seed_option
from inittui.errors import UsageError, unknown
from inittui.experiment import setting_texts as texts
from inittui.views.frame import legible

if TYPE_CHECKING:
    from rich.table import Table

    from inittui.data.decoding import PartArrays
    from inittui.data.survey import Standing
    from inittui.experiment.data_sets import SetDescription

app = typer.Typer(cls=ListOrShow, add_completion=False)

MOST_IMAGES = 1_000
"""Images drawn by one command; more would only scroll away."""

_STYLES = {
    "shipped": "green",
    "cached": "green",
    "downloaded": "green",
    "not here": "dim",
    "damaged": "bold red",
}
_NARROWEST_PLACE = 12


@app.callback(invoke_without_command=True)
def list_sets(
    context: typer.Context,
    as_json: AsJson = False,
    width: Width = None,
) -> None:
    """List the data sets, and look at their images.

    INITTUI_DATA_DIR names a directory whose files are used before all others:
    as torchvision keeps them (FashionMNIST/raw), or the files themselves. Files
    count by what they hold: unpacked or packed anew, they are read if their
    contents are those published. INITTUI_CACHE_DIR names where downloads and
    decoded sets are kept.
    """
    refuse_before_subcommand(context)
    if context.invoked_subcommand is not None:
        return
    from inittui.data.archives import DATA_DIR_VARIABLE, find, given_root
    from inittui.data.survey import survey
    from inittui.experiment.data_sets import DATA_SETS

    found = [(description, survey(description)) for description in DATA_SETS.values()]
    if as_json:
        typer.echo(_json(found))
        return
    console = console_for(sys.stdout, width)
    console.print(_table(found, console.width, ascii_only=is_ascii(sys.stdout)))
    for _, standing in found:
        if standing.problem:
            note(standing.problem)
    root = given_root()
    places = [] if root is None else [find(description) for description, _ in found]
    if root is not None and all(place is None or place.kind != "given" for place in places):
        note(f"{DATA_DIR_VARIABLE}={root} has none of these sets")


@app.command()
def show(
    name: Annotated[
        str, typer.Argument(help="Data set by name.", autocompletion=complete_data)
    ] = "fashion-mnist",
    count: Annotated[
        int,
        typer.Option(
            "--count",
            "-n",
            metavar="N",
            help="How many images to draw.",
            parser=number("--count", texts.whole, 1, MOST_IMAGES),
        ),
    ] = 20,
    wanted: Annotated[
        str | None, typer.Option("--class", "-c", metavar="NAME", help="Draw only this class.")
    ] = None,
    seed: Annotated[int, seed_option("Which images are drawn.")] = 0,
    as_json: AsJson = False,
    width: Width = None,
) -> None:
    """Draw some training images with their labels, and count the images of every class.

    With the mean and the standard deviation of all training pixels, scaled to [0, 1].
    """
    from inittui.data.sets import pixel_moments, read
    from inittui.experiment.data_sets import describe
    from inittui.views.images import class_counts, draw_images

    description = describe(name)
    label = None if wanted is None else _class_number(wanted, description.classes)
    arrays = read(name)
    chosen = _sample(arrays.train, label, count, seed)
    labels = arrays.train.labels[chosen].tolist()
    moments = pixel_moments(arrays.train)
    train, test = (_counts(part, description) for part in (arrays.train, arrays.test))
    if as_json:
        drawn = list(zip(chosen, labels, strict=True))
        typer.echo(_shown_json(description, train, test, moments, drawn))
        return
    console = console_for(sys.stdout, width)
    ascii_only = is_ascii(sys.stdout)
    colourless = console.color_system is None or console.no_color
    console.print(description.title, style="bold")
    console.print(_in_words(*moments), markup=False, highlight=False)
    console.print()
    console.print(
        draw_images(
            list(arrays.train.images[chosen]),
            [description.classes[each] for each in labels],
            console.width,
            ascii_only=ascii_only or colourless,
        ),
        soft_wrap=True,
    )
    console.print()
    console.print(
        class_counts(
            description.classes,
            train,
            test,
            console.width,
            ascii_only=ascii_only,
        )
    )


def _class_number(wanted: str, classes: Sequence[str]) -> int:
    """Find a class by name: as it is written, or else whatever its case."""
    if wanted in classes:
        return classes.index(wanted)
    lower = [name.lower() for name in classes]
    if wanted.lower() not in lower:
        raise unknown("class", wanted, classes)
    return lower.index(wanted.lower())


def _in_words(means: Sequence[float], deviations: Sequence[float]) -> str:
    mean, deviation = (", ".join(f"{x:.4f}" for x in each) for each in (means, deviations))
    channels = " of red, green, blue" if len(means) > 1 else ""
    return f"training pixels in [0, 1]: mean {mean}, standard deviation {deviation}{channels}"


def _sample(part: PartArrays, label: int | None, count: int, seed: int) -> list[int]:
    """Draw the positions of ``count`` images by seed, the same on every machine and version."""
    import random

    from inittui.experiment.seeds import derive_seed

    positions = (
        list(range(len(part.labels)))
        if label is None
        else (part.labels == label).nonzero()[0].tolist()
    )
    if count > len(positions):
        raise UsageError(f"--count {count:,} is more than the {len(positions):,} images there are")
    return random.Random(derive_seed(seed, "show")).sample(positions, count)


def _counts(part: PartArrays, description: SetDescription) -> list[int]:
    import numpy as np

    counts: list[int] = np.bincount(part.labels, minlength=len(description.classes)).tolist()
    return counts


def _table(
    found: Sequence[tuple[SetDescription, Standing]], width: int, *, ascii_only: bool
) -> Table:
    """Return the list; the place takes what the other columns leave."""
    from rich.table import Table
    from rich.text import Text

    from inittui.text import in_ascii
    from inittui.views.columns import GAP, Column, fit, left_out

    columns: list[Column[tuple[SetDescription, Standing]]] = [
        Column("set", lambda each: each[0].name),
        Column("state", lambda each: each[1].state),
        Column("size", lambda each: _megabytes(*each), 1, right=True),
        Column("images", lambda each: f"{each[0].train + each[0].test:,}", 2, right=True),
        Column("place", lambda each: _place(each[1], ascii_only), least=_NARROWEST_PLACE),
    ]
    shown = fit(columns, found, width)
    mark = in_ascii("…", keep_width=True) if ascii_only else "…"
    table = Table(box=None, pad_edge=False, padding=(0, GAP, 0, 0), header_style="bold")
    for one in shown:
        table.add_column(one.title, justify="right" if one.right else "left", overflow="fold")
    room = max(shown[-1].width, _NARROWEST_PLACE)
    for each in found:
        *facts, place = (str(one.cell(each)) for one in shown)
        cells = (*facts, _shorten(place, room, mark))
        table.add_row(*(Text(cell, style=_STYLES.get(cell, "")) for cell in cells))
    table.caption = left_out(columns, shown, width)
    table.caption_justify = "left"
    return table


def _place(standing: Standing, ascii_only: bool) -> str:
    if standing.place is None:
        return "to download"
    try:
        place = f"~/{standing.place.relative_to(Path.home())}"
    except (ValueError, RuntimeError):  # elsewhere; there is no home directory
        place = str(standing.place)
    return legible(place, ascii_only)


def _shorten(text: str, room: int, mark: str) -> str:
    if len(text) <= room:
        return text
    tail = (room - 1) * 2 // 3
    return text[: room - 1 - tail] + mark + text[len(text) - tail :]


def _megabytes(description: SetDescription, standing: Standing) -> str:
    size = description.download_bytes if standing.bytes is None else standing.bytes
    return f"{size / 1e6:.1f} MB" if size < 99.5e6 else f"{size / 1e6:.0f} MB"


def _shown_json(
    description: SetDescription,
    train: Sequence[int],
    test: Sequence[int],
    moments: tuple[Sequence[float], Sequence[float]],
    drawn: Sequence[tuple[int, int]],
) -> str:
    from inittui.documents.reference import DataShowDocument, reference_document

    classes = [
        {"name": name, "train": trained, "test": tested}
        for name, trained, tested in zip(description.classes, train, test, strict=True)
    ]
    document = {
        "name": description.name,
        "title": description.title,
        "shape": description.shape,
        "mean": moments[0],
        "std": moments[1],
        "classes": classes,
        "drawn": [{"image": image, "class": description.classes[label]} for image, label in drawn],
    }
    return reference_document(DataShowDocument, document)


def _json(found: Sequence[tuple[SetDescription, Standing]]) -> str:
    from inittui.documents.reference import DataDocument, reference_document

    sets = [
        {
            "name": description.name,
            "title": description.title,
            "state": standing.state,
            "place": None if standing.place is None else str(standing.place),
            "bytes": standing.bytes,
            "download_bytes": description.download_bytes,
            "train": description.train,
            "test": description.test,
            "shape": description.shape,
            "classes": description.classes,
            "source": description.source,
            "licence": description.licence,
            "problem": standing.problem or None,
        }
        for description, standing in found
    ]
    return reference_document(DataDocument, {"sets": sets})
