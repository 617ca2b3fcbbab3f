"""What is predicted of real networks on real images, how well, and when nothing is."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
import torch
from msgspec.structs import replace

from inittui.events.probes import Probe
from inittui.events.records import ProbeMeasured
from inittui.events.theory import Theory
from inittui.experiment.records import Experiment, InspectionConfig, ModelConfig
from inittui.experiment.scheme import parse_syntax
from inittui.inspection.prediction import predict_probe
from inittui.results.state import fold
from inittui.training.engine import inspect_starts, train
from inittui.training.prepared import prepare
from tests.support.torture import examples
from tests.support.trials import experiment


def probes(scheme: str, *, seeds: int = 1, name: str = "deep_mlp", **model: Any) -> list[Probe]:
    made: Experiment = experiment(
        (scheme,),
        seeds=tuple(range(seeds)),
        images=500,
        model=ModelConfig(name=name, **model),
    )
    wanted = replace(made, inspection=InspectionConfig(before=True, images=200))
    events = inspect_starts(prepare(wanted))
    return [event.probe for event in events if isinstance(event, ProbeMeasured)]


def theory_of(scheme: str, **model: Any) -> Theory:
    found = probes(scheme, **model)[0].theory
    assert found is not None
    return found


COMBINATIONS = (
    ("relu", "kaiming_normal", 8),
    ("relu", "default", 4),
    ("relu", "xavier_uniform", 6),
    ("leaky_relu", "kaiming_uniform", 5),
    ("tanh", "xavier_normal", 12),
    ("tanh", "kaiming_normal", 8),
    ("sigmoid", "xavier_normal", 5),
    ("gelu", "kaiming_normal", 6),
    ("selu", "lecun_normal", 8),
    ("elu", "kaiming_normal", 6),
    ("softplus", "rule", 4),
    ("identity", "xavier_normal", 8),
)


def test_measured_layers_are_where_theory_says(tell: Callable[[str, str], None]) -> None:
    """Of 12 combinations of activation, scheme and depth: 95 % of layers in their range."""
    seeds = min(examples(1), 10)
    width = 128 if seeds == 1 else 512
    inside, count = 0, 0
    for activation, scheme, depth in COMBINATIONS:
        found = probes(scheme, seeds=seeds, activation=activation, depth=depth, width=width)
        assert len(found) == seeds
        for each in found:
            assert each.theory is not None
            assert each.theory.refused == each.theory.gradient_refused == ""
            here, of = each.theory.inside
            inside, count = inside + here, count + of
    assert count == 2 * seeds * sum(depth + 1 for *_, depth in COMBINATIONS)
    assert inside / count >= 0.95
    tell(
        "values of 12 networks' layers in the range that theory gives",
        f"{inside:,} of {count:,} ({inside / count:.1%}), width {width}, {seeds} seeds",
    )


def test_the_range_does_not_hold_everything() -> None:
    """Weights of twice the variance that the prediction is told of leave it at once."""
    probe = probes("kaiming_normal", depth=3, width=128)[0]
    wrong = replace(
        probe,
        layers=tuple(
            replace(x, weights=replace(x.weights, variance=float(x.weights.variance) / 2))
            for x in probe.layers
        ),
    )
    images, labels = torch.rand(200, 784), torch.arange(200) % 10
    theory = predict_probe(
        wrong, images, labels, ModelConfig(name="deep_mlp"), parse_syntax("kaiming_normal")
    )
    assert sum(layer.inside for layer in theory.layers) <= 1


@pytest.mark.parametrize(
    ("scheme", "model", "reason"),
    [
        ("rule", {"name": "lenet", "width": 64}, "plain perceptrons only"),
        ("rule", {"batch_norm": True}, "batch normalisation"),
        ("eye", {}, "eye gives values that are not independent"),
        ("sparse:sparsity=0.1", {}, "sparse gives values"),
        ("rule@fc1=eye", {}, "eye gives values"),
        ("rule", {"width": 63}, "a layer of 63 units"),
        ("zeros", {}, "the last layer's weights are all 0"),
        ("normal:std=1e15", {}, "float32|NaN or infinite"),
    ],
)
def test_what_is_not_worked_out_is_not_predicted(
    scheme: str, model: dict[str, Any], reason: str
) -> None:
    sizes = {} if "name" in model else {"depth": 2, "width": 64}
    found = theory_of(scheme, **(sizes | model))
    assert re.search(reason, found.refused)
    assert found.layers == ()
    assert found.scales is None


@pytest.mark.parametrize(
    ("scheme", "reason"),
    [
        ("uniform", "the weights' mean is not 0"),
        ("ones", "the weights' mean is not 0"),
        ("normal:std=0.4", "logits of a predicted std over 3"),
    ],
)
def test_gradients_are_not_predicted_where_they_are_not_derived(scheme: str, reason: str) -> None:
    found = theory_of(scheme, depth=3, width=128)
    assert found.gradient_refused == reason
    assert found.layers
    assert all(layer.gradient is None for layer in found.layers)


@pytest.mark.parametrize("scheme", ["uniform", "ones"])
def test_the_signal_of_weights_with_a_mean_is_exact(scheme: str) -> None:
    probe = probes(scheme, depth=4, width=256)[0]
    assert probe.theory is not None
    ratios = [
        layer.pre_activations.second_moment / predicted.second_moment
        for layer, predicted in zip(probe.layers, probe.theory.layers, strict=True)
    ]
    assert ratios == pytest.approx([1] * 5, abs=0.02)
    assert probe.theory.scales is None


def test_orthogonal_weights_spread_less() -> None:
    assert theory_of("orthogonal", depth=2, width=64).at_most
    assert not theory_of("xavier_normal", depth=2, width=64).at_most


def test_nothing_is_predicted_after_training() -> None:
    made = experiment(("rule",), images=200, model=ModelConfig(hidden=(64,)), batch_size=50)
    state = fold(
        train(
            prepare(replace(made, inspection=InspectionConfig(before=True, after=True, images=50)))
        )
    )
    before, after = (state.trials[0].probe(when) for when in ("before", "after"))
    assert before is not None
    assert after is not None
    assert before.probe.theory is not None
    assert after.probe.theory is None


def test_depth_scales_of_the_hidden_layers() -> None:
    found = theory_of("xavier_normal/normal:std=0.2236", activation="tanh", depth=6, width=256)
    assert found.scales is not None
    assert found.scales.state == "ordered"
    assert found.scales.weight_variance == pytest.approx(1, rel=0.02)
    assert found.scales.bias_variance == pytest.approx(0.05, rel=0.15)
    differing = theory_of("xavier_normal", hidden=(256, 128, 128, 64))
    assert differing.scales is None
    assert "σ_w²" in differing.scales_refused
