"""`inittui inits`: the catalogue of initializers, and what each gives a layer."""

from __future__ import annotations

import json
import math
import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from inittui.cli.completion import complete_scheme
from inittui.cli.console import console_for, is_ascii
from inittui.cli.output import check_width
from inittui.errors import UsageError, unknown
from inittui.initializers import CATALOGUE, find, parse_scheme
from inittui.initializers.description import Description, Parameter
from inittui.initializers.gains import NONLINEARITIES
from inittui.initializers.layer import LayerContext, format_shape
from inittui.scheme import Scheme
from inittui.text import sanitize

if TYPE_CHECKING:
    from torch import nn

    from inittui.views.frame import Frame
    from inittui.views.initializer import Sample, Statistics

app = typer.Typer(help="List the initializers, and look at the values that they give.")

MOST_VALUES = 50_000_000
"""Values that one command draws; more would only take memory."""

_BINS = 61
"""Odd, so that a single value stands in the middle."""

Width = Annotated[
    int | None,
    typer.Option(metavar="COLUMNS", help="Draw this wide.", show_default="the terminal, else 80"),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]


@app.callback(invoke_without_command=True)
def list_initializers(context: typer.Context, as_json: AsJson = False, width: Width = None) -> None:
    """List the initializers: names, formula, parameters with their defaults, source."""
    if context.invoked_subcommand is not None:
        return
    frame = _frame(width)
    if as_json:
        described = [_described(description) for description in CATALOGUE.values()]
        _print_json({"schema": "inittui.inits/1", "initializers": described})
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
        str,
        typer.Option(metavar="SIZExSIZE…", help="Shape of the layer's weight: outputs first."),
    ] = "256x784",
    nonlinearity: Annotated[
        str, typer.Option(metavar="NAME", help="What follows the layer.")
    ] = "relu",
    seed: Annotated[int, typer.Option(min=0, help="Seed of the values.")] = 0,
    as_json: AsJson = False,
    width: Width = None,
) -> None:
    """Draw the values that an initializer gives a layer, beside what is expected of them."""
    frame = _frame(width)
    scheme = parse_scheme(name)
    if scheme.bias is not None or scheme.layers:
        raise UsageError("show draws one initializer: leave out what follows '/' or '@'")
    if nonlinearity not in NONLINEARITIES:
        raise unknown("nonlinearity", sanitize(nonlinearity, 40), NONLINEARITIES)
    layer = LayerContext(_parse_shape(shape), nonlinearity)
    sample = _draw(scheme, layer, seed)
    if as_json:
        _print_json(_sample_document(sample))
        return
    from inittui.views.initializer import initializer_detail

    console_for(sys.stdout, frame.width).print(initializer_detail(sample, frame))


def _frame(width: int | None) -> Frame:
    from inittui.views.frame import Frame

    check_width(width)
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
    if not 1 <= math.prod(shape) <= MOST_VALUES:
        raise UsageError(
            f"--shape: {format_shape(shape)} has {math.prod(shape):,} values; "
            f"there can be 1 to {MOST_VALUES:,}"
        )
    return shape


def _draw(scheme: Scheme, layer: LayerContext, seed: int) -> Sample:
    """Let a scheme fill a layer of its own, and measure the weight."""
    import numpy as np

    from inittui.initializers import own
    from inittui.initializers.apply import apply_scheme
    from inittui.views.initializer import Sample, Statistics

    for reference in own.references(scheme):
        own.load(reference)
    call = scheme.weights
    description = None if call.is_reference else find(call.name)
    distribution = (
        None if description is None else description.values_for(layer, dict(call.parameters))
    )
    module = _layer_of(layer.shape)
    apply_scheme(module, scheme, seed, {"": layer.nonlinearity})
    values = module.get_parameter("weight").numpy(force=True).astype(np.float64).ravel()
    low, high = float(values.min()), float(values.max())
    half = max(abs(low), 1.0) / 2 if low == high else 0.0
    counts, edges = np.histogram(values, bins=_BINS, range=(low - half, high + half))
    return Sample(
        call=str(call),
        layer=layer,
        seed=seed,
        measured=Statistics(float(values.mean()), float(values.std()), low, high),
        counts=tuple(counts.tolist()),
        edges=tuple(edges.tolist()),
        description=description,
        distribution=distribution,
        atom_shares=tuple(
            float((values == np.float32(value)).mean())
            for value, _ in (distribution.atoms if distribution else ())
        ),
    )


def _layer_of(shape: tuple[int, ...]) -> nn.Module:
    """Return a Linear or convolution layer whose weight has a shape."""
    from torch import nn

    outputs, inputs, *kernel = shape
    if not kernel:
        return nn.Linear(inputs, outputs)
    kind = (nn.Conv1d, nn.Conv2d, nn.Conv3d)[len(kernel) - 1]
    return kind(inputs, outputs, tuple(kernel))  # type: ignore[arg-type]


def _described(description: Description) -> dict[str, Any]:
    return {
        "name": description.name,
        "aliases": list(description.aliases),
        "summary": description.summary,
        "formula": description.formula,
        "parameters": [_parameter(parameter) for parameter in description.parameters],
        "on_bias": description.on_bias,
        "source": description.source,
    }


def _parameter(parameter: Parameter) -> dict[str, Any]:
    return {
        "name": parameter.name,
        "kind": "choice" if parameter.choices else "number",
        "default": parameter.default,
        "default_text": parameter.shown_default,
        "choices": list(parameter.choices),
        "constraint": parameter.constraint,
        "meaning": parameter.meaning,
    }


def _sample_document(sample: Sample) -> dict[str, Any]:
    distribution = sample.distribution
    atoms = zip(distribution.atoms, sample.atom_shares, strict=True) if distribution else ()
    return {
        "schema": "inittui.initializer/1",
        "initializer": sample.call,
        "description": sample.description and _described(sample.description),
        "shape": list(sample.layer.shape),
        "fan_in": sample.layer.fan_in,
        "fan_out": sample.layer.fan_out,
        "nonlinearity": sample.layer.nonlinearity,
        "seed": sample.seed,
        "expected": _statistics(sample.expected),
        "measured": _statistics(sample.measured),
        "histogram": {
            "edges": list(sample.edges),
            "counts": list(sample.counts),
            "expected_counts": sample.expected_counts and list(sample.expected_counts),
        },
        "atoms": [
            {"value": value, "expected": share, "measured": found}
            for (value, share), found in atoms
        ],
    }


def _statistics(row: Statistics | None) -> dict[str, float] | None:
    if row is None:
        return None
    return {"mean": row.mean, "std": row.std, "min": row.min, "max": row.max}


def _print_json(document: dict[str, Any]) -> None:
    typer.echo(json.dumps(document, ensure_ascii=is_ascii(sys.stdout), indent=2))
