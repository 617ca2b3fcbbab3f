"""`inittui widths`: what happens to a model when it is made wider."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer
from msgspec.structs import replace

from inittui.cli import settings_options as opt
from inittui.cli import shared_options as shared
from inittui.errors import ExitCode, UsageError
from inittui.experiment import setting_texts as texts
from inittui.experiment.known_names import check_names
from inittui.experiment.models import has_own_start
from inittui.experiment.records import (
    DataConfig,
    Experiment,
    InspectionConfig,
    ModelConfig,
    TrainingConfig,
)
from inittui.experiment.settings import REPORT
from inittui.results.widths import by_scheme, growing, slopes, undecided
from inittui.text import number_of
from inittui.views.wording import about

if TYPE_CHECKING:
    from inittui.events.widths import WidthPoint
    from inittui.results.widths import Slope

_NOT_TAKEN = ("sweeps", "model.width", "model.hidden", "training.epochs", "training.eval_every",
              "inspection.before", "inspection", "inspection.every", "name", "data.validation",
              "data.evaluate_on")  # fmt: skip
"""Settings that mean nothing here, or are the widths."""

USUAL = Experiment(
    schemes=("standard", "mup"),
    seeds=(0, 1, 2),
    model=ModelConfig("deep_mlp", depth=3),
    data=DataConfig(limit=5_000, mean=0.286, std=0.353),
    training=TrainingConfig(epochs=1, batch_size=64),
    inspection=InspectionConfig(images=64),
)
"""What is checked unless something else is asked for; the pixels are standardized."""

USUAL_WIDTHS = "64..2048:6"

MOST_STEPS = 1_000


@opt.with_settings("compare", but=_NOT_TAKEN, usual=USUAL)
def widths(
    schemes: shared.Schemes = None,
    *,
    widths: Annotated[
        str,
        typer.Option(
            "--widths",
            metavar="VALUES",
            help="Units of the hidden layers: LOW..HIGH:COUNT or 'a|b|c'.",
        ),
    ] = USUAL_WIDTHS,
    steps: Annotated[
        int,
        typer.Option(
            "--steps",
            metavar="N",
            help="Steps that are taken.",
            parser=shared.number("--steps", texts.whole, 1, MOST_STEPS),
        ),
    ] = 5,
    settings: opt.Given,
    width: shared.Width = None,
    as_json: Annotated[
        bool,
        typer.Option(
            "--json",
            help="Print one JSON document; see 'inittui schema widths'.",
            rich_help_panel=REPORT,
        ),
    ] = False,
    check: Annotated[
        bool,
        typer.Option(
            "--check",
            help="Exit with 1 where a change grows or shrinks with the width; where that is "
            "unclear, pass and say so.",
            rich_help_panel=REPORT,
        ),
    ] = False,
    quiet: shared.Quiet = False,
) -> None:
    """Make a model wider, take a few steps, and see which layers move more, or less.

    The coordinate check of Yang et al. (2021): how large each layer's outputs are, and how far a
    few steps move them, against the width. Where changes grow, the learning rate of a small model
    is too large for a big one; under 'mup' they stay.

    Of one's own model, FILE.py:NAME, the width is the argument 'width' of the function.
    """
    from inittui.cli.output import print_widths

    chosen = parse_widths(widths)
    experiment = _experiment(schemes, settings)
    check_names(experiment)
    points = _measured(experiment, chosen, steps, quiet=quiet)
    found = slopes(points)
    moving = growing(found)
    print_widths(experiment, steps, points, found, as_json=as_json, width=width)
    if check and not quiet:
        _note_undecided(found)
    if all(each.verdict == "not finite" for each in found if each.step):
        raise typer.Exit(ExitCode.NOTHING_FINISHED)
    raise typer.Exit(ExitCode.FINDINGS if check and moving else ExitCode.DONE)


def _note_undecided(found: Sequence[Slope]) -> None:
    """Say of each scheme what passes because it is unclear, beside the report or the document."""
    from inittui.cli.console import note
    from inittui.views.widths import cant_tell

    for of in by_scheme(found):
        if unclear := undecided(of):
            note(f"{of[0].scheme} passes unjudged: {cant_tell(unclear)}")


def parse_widths(text: str) -> list[int]:
    """Read the widths, ascending.

    Raises:
        UsageError: they aren't two or more whole numbers.
    """
    from inittui.experiment.sweeps import values_of

    try:
        values = sorted({round(float(value)) for value in values_of(text, f"--widths {text}")})
    except (ValueError, OverflowError):
        raise UsageError(f"--widths must be whole numbers, not '{text[:40]}'") from None
    if len(values) < 2 or values[0] < 1 or values[-1] > 10**6:
        raise UsageError(f"--widths must be two or more from 1 to 1,000,000, not '{text[:40]}'")
    return values


def _experiment(schemes: list[str] | None, settings: opt.Given) -> Experiment:
    name = settings.get("model.name", USUAL.model.name)
    if not schemes and not settings.get("layers"):
        schemes = ["built"] if has_own_start(str(name)) else list(USUAL.schemes)
    usual = USUAL
    if name != USUAL.model.name:
        usual = replace(USUAL, model=ModelConfig())
    return opt.build_experiment(None, schemes, settings, usual=usual)


def _measured(
    experiment: Experiment, widths: list[int], steps: int, *, quiet: bool
) -> list[WidthPoint]:
    """Train at all widths, the narrowest first; say what is done and how long the rest takes."""
    from inittui.cli.console import note

    if not quiet:
        note(
            f"{number_of(steps, 'step')} at each of {len(widths)} widths, {widths[0]:,} to "
            f"{widths[-1]:,}; from the second on the time that is left is told"
        )
    from inittui.training.widths import check_widths, operations, prepare_widths, rehearse

    prepared = prepare_widths(experiment, widths)
    costs: list[int] = []
    if not quiet:
        rehearse(prepared[0][1], widths[0])
        costs = [operations(made) for _, made in prepared]
    points: list[WidthPoint] = []
    left = ""
    for place, (width, made) in enumerate(prepared):
        if not quiet:
            networks = number_of(len(made.trials), "network")
            note(f"width {width}: {number_of(steps, 'step')} of {networks}{left}")
        began = time.perf_counter()
        points += check_widths(made, width, steps)
        if not quiet:
            left = time_left(time.perf_counter() - began, costs[place:], made.data.device.type)
    return points


def time_left(seconds: float, costs: Sequence[int], device: str) -> str:
    """Say how long the other widths take, by the ``seconds`` of the first of ``costs``.

    Costs are in operations, and rise.
    """
    # Of 64 to 2,048 units this came to 0.7 to 2.2 times of what it took on two cores, and to 0.4
    # times where others used them, too. On a GPU, where it wasn't measured, a wider model takes at
    # least as long as a narrower one; more isn't known before.
    if device == "cpu":
        return f", {about(seconds * sum(costs[1:]) / costs[0])} left" if costs[0] else ""
    least = seconds * (len(costs) - 1)
    return f", at least {about(least)} left" if least >= 1 else ""
