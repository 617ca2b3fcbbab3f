"""False alarms: torchvision's classifiers as they are made, on images of 1/f noise.

Models of many parameters are left to the long form: ``INITTUI_TORTURE=1`` tries all of them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import nn

from inittui.inspection.probe import probe
from inittui.results.findings import find
from tests.support.images import natural_noise
from tests.support.torture import TORTURE

FEW = (
    "densenet121", "efficientnet_b0", "mnasnet0_5", "mobilenet_v2", "mobilenet_v3_small",
    "regnet_x_400mf", "regnet_y_400mf", "resnet18", "shufflenet_v2_x0_5", "squeezenet1_0",
    "squeezenet1_1", "swin_t",
)  # fmt: skip

TRUE = {
    # 1/√(3 fan_in) in seven layers without norms: each is given less than the one before.
    "alexnet": {"vanishing"},
    # A head whose weights go by its number of classes, which are few here.
    "mnasnet0_5": {"confident"}, "mnasnet0_75": {"confident"},
    "mnasnet1_0": {"confident"}, "mnasnet1_3": {"confident"},
}  # fmt: skip
"""Warnings that stand, with what they say being so."""


def names() -> list[str]:
    if not TORTURE:
        return list(FEW)
    from torchvision import models

    return list(models.list_models(module=models))


def built(name: str) -> tuple[nn.Module, int]:
    """Return a model of 10 classes, and the side of its images."""
    from torchvision import models

    side, settings = 64, dict[str, Any](weights=None, num_classes=10)
    if name in ("inception_v3", "googlenet"):
        settings |= {"aux_logits": False, "init_weights": False}
        side = 96
    if name.startswith("vit"):
        side = settings["image_size"] = 56 if name == "vit_h_14" else 64
    if name.startswith("maxvit"):
        side = 224
    torch.manual_seed(0)
    return models.get_model(name, **settings), side


@pytest.mark.parametrize("name", names())
def test_sound_architectures_have_no_error_and_no_warning(
    name: str, tell: Callable[[str, str], None]
) -> None:
    model, side = built(name)
    labels = torch.arange(8) % 10
    found = find(probe(model, natural_noise(8, side), labels, percentile=99.9))
    grave = {finding.kind for finding in found if finding.severity != "note"}
    tell(name, ", ".join(f"{each.severity} {each.kind}" for each in found) or "nothing")
    assert grave <= TRUE.get(name, set()), [x.message for x in found if x.kind in grave]
