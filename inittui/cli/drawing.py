"""The values that one initializer gives one layer: drawn, measured, and as a document."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from inittui.initializers import find
from inittui.initializers.description import Description, Parameter
from inittui.initializers.layer import LayerContext
from inittui.scheme import Scheme

if TYPE_CHECKING:
    from torch import nn

    from inittui.views.initializer import Sample, Statistics

_BINS = 61
"""Odd, so that a single value stands in the middle."""


def draw_sample(scheme: Scheme, layer: LayerContext, seed: int) -> Sample:
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
    apply_scheme(module, scheme, seed, {"": layer.follower})
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
        formula=own.formula(call.name),
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


def describe(description: Description) -> dict[str, Any]:
    """Return what an initializer says of itself, for programs."""
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


def sample_document(sample: Sample) -> dict[str, Any]:
    """Return the document `inittui.initializer/1`."""
    distribution = sample.distribution
    atoms = zip(distribution.atoms, sample.atom_shares, strict=True) if distribution else ()
    return {
        "schema": "inittui.initializer/1",
        "initializer": sample.call,
        "description": sample.description and describe(sample.description),
        "shape": list(sample.layer.shape),
        "fan_in": sample.layer.fan_in,
        "fan_out": sample.layer.fan_out,
        "nonlinearity": sample.layer.follower.name,
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
