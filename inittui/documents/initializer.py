"""The document of one initializer: what it says of itself, and the values that it draws."""

from __future__ import annotations

from typing import Any

from inittui.documents.reference import InitializerDocument, reference_document
from inittui.initializers.description import Description, Parameter
from inittui.initializers.sampling import Sample


def describe(description: Description) -> dict[str, Any]:
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


def sample_document(sample: Sample) -> str:
    """Return the document `inittui.initializer/1`."""
    distribution = sample.distribution
    atoms = zip(distribution.atoms, sample.atom_shares, strict=True) if distribution else ()
    found = {
        "initializer": sample.call,
        "description": sample.description and describe(sample.description),
        "shape": list(sample.layer.shape),
        "fan_in": sample.layer.fan_in,
        "fan_out": sample.layer.fan_out,
        "nonlinearity": sample.layer.follower.name,
        "seed": sample.seed,
        "expected": sample.expected,
        "measured": sample.measured,
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
    return reference_document(InitializerDocument, found)
