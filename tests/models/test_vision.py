"""Models of torchvision by name, without pretrained weights."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from inittui.errors import UsageError
from inittui.experiment.records import ModelConfig
from inittui.models.build import build
from inittui.models.check import check_classifier
from inittui.models.summary import describe_layers


def make(name: str, **arguments: object) -> nn.Module:
    config = ModelConfig(name=f"torchvision:{name}", arguments=arguments)  # type: ignore[arg-type]
    return build(config, (3, 64, 64), 10)


def test_resnet18_has_its_published_size() -> None:
    rows = describe_layers(make("resnet18", num_classes=1000), torch.rand(1, 3, 64, 64))
    assert sum(row.parameters for row in rows) == 11_689_512
    follows = {row.name: row.nonlinearity for row in rows if row.fan_in}
    assert follows["fc"] == "identity"
    # Also those whose outputs are summed first.
    assert {name for name, after in follows.items() if after != "relu"} == {"fc"}
    assert len(follows) == 21


def test_what_follows_in_mobilenet() -> None:
    rows = describe_layers(make("mobilenet_v3_small"), torch.rand(1, 3, 64, 64))
    follows = {row.name: row.nonlinearity for row in rows if row.fan_in}
    assert follows["features.0.0"] == "hardswish"
    assert follows["features.1.block.0.0"] == "relu"
    assert follows["features.1.block.1.fc2"] == "hardsigmoid"
    assert follows["classifier.0"] == "hardswish"


@pytest.mark.parametrize("name", ["googlenet", "squeezenet1_1"])
def test_auxiliary_outputs_are_left_out(name: str) -> None:
    check_classifier(make(name), torch.rand(2, 3, 64, 64), 10, ModelConfig(name=name))


def test_arguments_go_to_the_builder() -> None:
    assert make("mobilenet_v2", width_mult=0.5).features[0][0].out_channels == 16


@pytest.mark.parametrize(
    ("name", "arguments", "said"),
    [
        ("resnet19", {}, "torchvision has no model 'resnet19'; did you mean 'resnet18'?"),
        ("", {}, "its classifiers are alexnet,"),
        ("resnet18", {"weights": "DEFAULT"}, "the start weights come from the scheme"),
        ("resnet18", {"wdth": 3}, "torchvision:resnet18: TypeError: "),
    ],
)
def test_what_is_wrong_is_said(name: str, arguments: dict[str, object], said: str) -> None:
    with pytest.raises(UsageError) as caught:
        make(name, **arguments)
    assert said in str(caught.value)


def test_what_is_no_classifier_is_refused() -> None:
    name = "torchvision:lraspp_mobilenet_v3_large"
    model = build(ModelConfig(name=name), (3, 64, 64), 10)
    with pytest.raises(UsageError, match="gives a value of type OrderedDict; logits of shape"):
        check_classifier(model, torch.rand(2, 3, 64, 64), 10, ModelConfig(name=name))
