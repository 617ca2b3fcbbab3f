"""What theory says in words: claims that follow the numbers."""

from __future__ import annotations

import math

import pytest
from msgspec.structs import replace

from inittui.events.theory import DepthScales, PredictedLayer, Theory
from inittui.events.wire_numbers import to_wire
from inittui.theory.scales import scales
from inittui.views.theory import scales_sentence, theory_sentences
from tests.support.runs import run_state


def sentence(name: str, weight: float, bias: float, depth: int = 20) -> str:
    found = scales(name, weight, bias, edge=0.01)
    return scales_sentence(
        DepthScales(
            weight_variance=weight,
            bias_variance=bias,
            q=to_wire(found.q),
            is_stable=found.is_stable,
            chi=found.chi,
            correlation=to_wire(found.correlation),
            xi_correlation=to_wire(found.xi_correlation),
            xi_gradient=to_wire(found.xi_gradient),
            state=found.state,
        ),
        depth,
    )


@pytest.mark.parametrize(
    ("name", "weight", "bias", "parts"),
    [
        ("tanh", 1.25, 0.05, ["χ₁ = 0.863", "information lasts ξ = 6.8 layers", "has 20"]),
        ("tanh", 2.25, 0.0, ["chaotic", "ξ = 17 layers", "grows 1.14 times per layer"]),
        ("tanh", 1.761, 0.05, ["q* = ", "edge of chaos", "no depth scale"]),
        ("relu", 2.0, 0.0, ["χ₁ = 1.000", "edge of chaos"]),
        ("relu", 1.0, 0.0, ["q* = 0", "the signal fades", "halves every layer;"]),
        ("relu", 3.0, 0.0, ["q* = infinity", "grows without end", "1.50 times"]),
        ("gelu", 1.533**2, 0.0, ["unstable fixed point"]),
    ],
)
def test_the_sentence_follows_the_fixed_point(
    name: str, weight: float, bias: float, parts: list[str]
) -> None:
    said = sentence(name, weight, bias)
    assert [part for part in parts if part not in said] == []


def test_halving_is_that_of_chi() -> None:
    assert f"every {math.log(2) / math.log(6):.3f}" in sentence("relu", 1 / 3, 0.0)


@pytest.mark.parametrize(
    ("weight", "parts"),
    [
        (0.0, ["χ₁ = 0,", "no signal and no gradient passes a layer; this net has 1."]),
        (1e-6, ["χ₁ = 5e-7, ordered"]),
        (2.03, ["χ₁ = 1.015, chaotic", "grows 1.01 times", "this net has 1 layer."]),
        (1e9, ["χ₁ = 5e8, chaotic", "grows 5e8 times per layer back"]),
    ],
)
def test_small_and_large_growths_are_told_as_they_are(weight: float, parts: list[str]) -> None:
    said = sentence("relu", weight, 0.0, depth=1)
    assert [part for part in parts if part not in said] == []


@pytest.mark.parametrize(("units", "said"), [(40, "(theory 0.5)"), (20, "(theory 0.5, 0.5 by the")])
def test_what_the_widths_alone_make_of_a_gradient_is_told(units: int, said: str) -> None:
    """Beside "halves every 34 layers" a gradient that halves from one layer to the next reads as a
    contradiction, where the next is half as wide."""
    probe = run_state("inspected").trials[2].probes[0].probe
    layers = tuple(
        replace(layer, units=number)
        for layer, number in zip(probe.layers, (40, units, 10), strict=True)
    )
    predicted = tuple(
        PredictedLayer(name=layer.name, second_moment=1.0, low=0.5, high=2.0, inside=True,
                       gradient=gradient)
        for layer, gradient in zip(layers, (1.0, 2.0, 3.0), strict=True)
    )  # fmt: skip
    told = replace(probe, layers=layers, theory=Theory(layers=predicted))
    assert said in " ".join(theory_sentences(told))
