"""What is expected of a scheme in a model, before either is made."""

from __future__ import annotations

import math
from typing import Any

import pytest

from inittui.experiment.records import ModelConfig
from inittui.results.outlook import outlook
from inittui.views.outlook import outlook_line

DEEP: dict[str, Any] = {"name": "deep_mlp", "depth": 30, "width": 256}


def line(scheme: str, layers: dict[str, str] | None = None, **model: Any) -> str:
    return outlook_line(outlook(scheme, ModelConfig(**(DEEP | model)), layers or {}))


@pytest.mark.parametrize(
    ("scheme", "activation", "said"),
    [
        ("kaiming_normal", "relu", "χ₁ 1.00, critical: no limit; this net has 30 layers"),
        ("xavier_normal", "relu", "χ₁ 0.50, ordered: ξ = 1.4 layers; this net has 30"),
        ("normal:std=0.1250", "relu", "χ₁ 2.00, chaotic: ξ = 1.4 layers; this net has 30"),
        ("kaiming_normal", "tanh", "χ₁ 1.21, chaotic: ξ = 12 layers; this net has 30"),
        ("xavier_normal", "tanh", "χ₁ 1.00, critical: no limit; this net has 30 layers"),
        (
            "xavier_normal/normal:std=0.2236",
            "tanh",
            "χ₁ 0.76, ordered: ξ = 3.6 layers; this net has 30",
        ),
        (
            "kaiming_normal",
            "gelu",
            "χ₁ 1.07, chaotic, but the signal drifts; this net has 30 layers",
        ),
        ("xavier_normal", "sigmoid", "χ₁ 0.06, ordered: ξ = 0.35 layers; this net has 30"),
    ],
)
def test_what_is_expected(scheme: str, activation: str, said: str) -> None:
    assert line(scheme, activation=activation) == said


def test_the_default_has_biases() -> None:
    found = outlook("default", ModelConfig(**DEEP), {}).scales
    assert found is not None
    assert found.chi == pytest.approx(1 / 6)
    assert 0 < found.q < math.inf


@pytest.mark.parametrize(
    ("scheme", "model", "reason"),
    [
        ("rule", {"name": "lenet", "depth": None, "width": None}, "plain perceptrons"),
        ("rule", {"batch_norm": True}, "batch norm"),
        ("rule", {"depth": 1}, "single hidden layer"),
        ("rule", {"width": 32}, "32 units"),
        ("rule@fc1=zeros", {}, "rules of their own"),
        ("mine.py:init", {}, "somebody's own code"),
        ("sparse:sparsity=0.1", {}, "values of sparse depend"),
        ("uniform", {}, "have a mean"),
        ("zeros", {}, "all weights are 0"),
        ("normal:std=0.1", {"depth": None, "width": None, "hidden": (256, 128, 64)}, "σ_w² differ"),
        ("built", {}, "built"),
    ],
)
def test_where_nothing_is_expected_it_is_said_why(
    scheme: str, model: dict[str, Any], reason: str
) -> None:
    said = line(scheme, **model)
    assert said.startswith("none: ")
    assert reason in said


def test_rules_for_layers_are_of_the_experiment_too() -> None:
    assert "rules of their own" in line("rule", {"fc1": "zeros"})
