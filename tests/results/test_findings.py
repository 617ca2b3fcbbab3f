"""What stands out: in real models of known faults, and not in healthy ones."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from msgspec.structs import replace
from torch import nn

from inittui.data.sets import load
from inittui.events.probes import Probe
from inittui.experiment.records import ModelConfig
from inittui.initializers import parse_scheme
from inittui.initializers.apply import apply_scheme
from inittui.inspection.probe import probe
from inittui.models.build import build
from inittui.models.tracing import nonlinearities
from inittui.results.findings import find


@pytest.fixture(scope="module")
def batch() -> tuple[torch.Tensor, torch.Tensor]:
    train = load("fashion-mnist").train
    return train.images[:256].float() / 255, train.labels[:256]


def model_of(scheme: str, images: torch.Tensor, **options: Any) -> nn.Module:
    model = build(ModelConfig(**options), images.shape[1:], 10)
    apply_scheme(model, parse_scheme(scheme), 0, nonlinearities(model, images[:2]))
    return model


def probed(scheme: str, batch: tuple[torch.Tensor, torch.Tensor], **options: Any) -> Probe:
    return probe(model_of(scheme, batch[0], **options), *batch, percentile=99.9)


def kinds(found: Probe) -> dict[str, tuple[str, ...]]:
    return {finding.kind: finding.layers for finding in find(found)}


@pytest.mark.parametrize(
    "scheme", ["rule", "normal", "default", "xavier_uniform", "kaiming_normal", "orthogonal"]
)
@pytest.mark.parametrize("name", ["mlp", "deep_mlp", "lenet"])
def test_sensible_initializers_have_nothing_to_be_told(
    scheme: str, name: str, batch: tuple[torch.Tensor, torch.Tensor]
) -> None:
    images, labels = batch
    few = (images[:64], labels[:64]) if name == "lenet" else batch
    told = set(kinds(probed(scheme, few, name=name)))
    # Deep narrow layers lose some of the input and some units by chance: said, not wrong.
    assert told <= {"dead", "blind", "vanishing"}
    if name == "mlp":
        assert told == set()


def test_the_faults_of_the_classic_schemes(batch: tuple[torch.Tensor, torch.Tensor]) -> None:
    zeros = kinds(probed("zeros", batch))
    assert set(zeros) == {"symmetric", "silent", "no-gradient", "same-logits"}
    assert zeros["symmetric"] == ("fc1", "fc2")
    ones = kinds(probed("ones", batch))
    assert {"symmetric", "exploding", "same-logits"} <= set(ones)
    assert {"exploding", "confident"} <= set(kinds(probed("uniform", batch)))
    assert set(kinds(probed("centered", batch))) == {"confident"}


def test_deep_networks_lose_their_signal(batch: tuple[torch.Tensor, torch.Tensor]) -> None:
    deep = {"depth": 20, "width": 64, "dropout": 0.0}
    rule = kinds(probed("rule", batch, activation="tanh", **deep))
    assert {"vanishing"} <= set(rule)
    default = kinds(probed("default", batch, **deep))
    assert {"blind"} <= set(default)  # its outputs are of a healthy size and know no input
    large = kinds(probed("normal:std=1", batch, activation="tanh", **deep))
    assert {"saturated", "exploding"} <= set(large)
    assert set(kinds(probed("normal", batch, activation="tanh", **deep))) <= {"blind"}


def test_only_a_probe_before_training_is_asked_for_its_loss(
    batch: tuple[torch.Tensor, torch.Tensor],
) -> None:
    found = probed("centered", batch)
    assert "confident" in {finding.kind for finding in find(found, "before")}
    assert "confident" not in {finding.kind for finding in find(found, "after")}


def test_what_is_not_finite_is_all_that_is_told(batch: tuple[torch.Tensor, torch.Tensor]) -> None:
    model = model_of("rule", batch[0])
    model.get_parameter("fc2.weight").data[0, 0] = float("nan")
    found = find(probe(model, *batch, percentile=99.9))
    assert {finding.kind for finding in found} == {"not-finite"}
    weights = next(finding for finding in found if finding.message.startswith("weights"))
    assert weights.layers == ("fc2",)
    assert "1 of 32,768" in weights.message


def test_dead_units_are_counted(batch: tuple[torch.Tensor, torch.Tensor]) -> None:
    model = model_of("rule", batch[0])
    model.get_parameter("fc1.bias").data[:128] = -100
    found = {f.kind: f for f in find(probe(model, *batch, percentile=99.9))}
    assert found["dead"].layers == ("fc1",)
    assert "fc1 (50 %)" in found["dead"].message


def test_a_zero_last_layer_is_a_choice(batch: tuple[torch.Tensor, torch.Tensor]) -> None:
    told = kinds(probed("rule@fc3=zeros", batch))
    assert "symmetric" not in told
    assert told["same-logits"] == ("fc3",)


def test_a_loss_that_rounding_makes_is_not_said_to_be_that_of_guessing(
    batch: tuple[torch.Tensor, torch.Tensor],
) -> None:
    """Logits of 6e9 are 512 apart at least: the loss of equal ones is hundreds."""
    of_ones = probed("ones", batch)
    for loss, said in ((2.303, "ln 10 as loss says nothing"), (301.0, "the loss, 301, comes from")):
        changed = replace(of_ones, loss=loss, logit_std=900.0, logit_rms=6e9)
        (found,) = [each for each in find(changed) if each.kind == "same-logits"]
        assert said in found.message


def test_many_layers_are_counted_not_listed(batch: tuple[torch.Tensor, torch.Tensor]) -> None:
    found = find(probed("constant:value=0.005", batch, depth=20, width=64, dropout=0.0))
    symmetric = next(finding for finding in found if finding.kind == "symmetric")
    assert len(symmetric.layers) == 20
    assert symmetric.message.endswith("and 17 more layers")


def test_an_empty_probe_tells_nothing(batch: tuple[torch.Tensor, torch.Tensor]) -> None:
    assert find(replace(probed("rule", batch), layers=())) == ()
