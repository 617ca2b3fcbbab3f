"""`inittui inits`: the catalogue of initializers, and what each gives a layer."""

from __future__ import annotations

import math
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from inittui.cli.completion import complete_nonlinearity, complete_scheme
from inittui.cli.console import console_for, is_ascii
from inittui.cli.ignored import refuse_before_subcommand
from inittui.cli.registry import ListOrShow
from inittui.cli.shared_options import AsJson, Width, seed_option
from inittui.errors import UsageError, unknown
from inittui.text import sanitize

if TYPE_CHECKING:
    from inittui.views.frame import Frame

app = typer.Typer(
    cls=ListOrShow,
    help="List the initializers, and look at the values that they give.",
    add_completion=False,
)


MOST_VALUES = 50_000_000
"""Values that one command draws; more would only take memory."""


@app.callback(invoke_without_command=True)
def list_initializers(context: typer.Context, as_json: AsJson = False, width: Width = None) -> None:
    """List the initializers: names, formula, parameters with their defaults, source."""
    refuse_before_subcommand(context)
    if context.invoked_subcommand is not None:
        return
    frame = _frame(width)
    if as_json:
        from inittui.documents.initializer import describe
        from inittui.documents.reference import InitsDocument, reference_document
        from inittui.initializers import CATALOGUE

        described = [describe(description) for description in CATALOGUE.values()]
        typer.echo(reference_document(InitsDocument, {"initializers": described}))
        return
    from inittui.views.catalogue import catalogue_table

    console_for(sys.stdout, frame.width).print(catalogue_table(frame))


@app.command()
def show(
    name: Annotated[
        str,
        typer.Argument(
            metavar="NAME[:param=value,…]", help="The initializer.", autocompletion=complete_scheme
        ),
    ],
    shape: Annotated[
        str | None,
        typer.Option(
            metavar="SIZExSIZE…",
            help="Shape of the layer's weight: outputs first. "
            "\\[default: 256x784; for dirac 64x64x3x3]",
            show_default=False,
        ),
    ] = None,
    nonlinearity: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help="What follows the layer.",
            autocompletion=complete_nonlinearity,
        ),
    ] = "relu",
    seed: Annotated[int, seed_option("Seed of the values.")] = 0,
    density: Annotated[
        bool,
        typer.Option(
            "--density",
            help="Draw a smooth curve through the values over their histogram, not what is "
            "expected of them.",
        ),
    ] = False,
    as_json: AsJson = False,
    width: Width = None,
) -> None:
    """Draw the values that an initializer gives a layer, beside what is expected of them."""
    from inittui.documents.initializer import sample_document
    from inittui.initializers import parse_scheme
    from inittui.initializers.layer import LayerContext, example_shape
    from inittui.initializers.nonlinearity import NONLINEARITIES, Follower
    from inittui.initializers.sampling import draw_sample

    frame = _frame(width)
    scheme = parse_scheme(name)
    if scheme.bias is not None or scheme.layers:
        raise UsageError("show draws one initializer: leave out what follows '/' or '@'")
    if nonlinearity not in NONLINEARITIES:
        raise unknown("nonlinearity", sanitize(nonlinearity, 40), NONLINEARITIES)
    sizes = _parse_shape(shape) if shape is not None else example_shape(scheme.weights.name)
    layer = LayerContext(sizes, Follower(nonlinearity))
    sample = draw_sample(scheme, layer, seed)
    if as_json:
        typer.echo(sample_document(sample))
        return
    from inittui.views.initializer import initializer_detail

    console_for(sys.stdout, frame.width).print(initializer_detail(sample, frame, density=density))


def _frame(width: int | None) -> Frame:
    from inittui.views.frame import Frame

    return Frame(console_for(sys.stdout, width).width, is_ascii(sys.stdout))


def _parse_shape(text: str) -> tuple[int, ...]:
    sizes = text.lower().replace("×", "x").split("x")
    if not all(size.isascii() and size.isdigit() and len(size) <= 9 for size in sizes):
        raise UsageError(f"--shape: '{sanitize(text, 60)}' is not of the form 256x784")
    shape = tuple(int(size) for size in sizes)
    if not 2 <= len(shape) <= 5:
        raise UsageError(
            "--shape: a weight has 2 dimensions (256x784: outputs, inputs) "
            f"or 3 to 5 (64x3x5x5: with the kernel), not {len(shape)}"
        )
    from inittui.initializers.layer import format_shape

    if not 1 <= math.prod(shape) <= MOST_VALUES:
        raise UsageError(
            f"--shape: {format_shape(shape)} has {math.prod(shape):,} values; "
            f"there can be 1 to {MOST_VALUES:,}"
        )
    return shape
