"""Models of torchvision, by name and without pretrained weights."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

from torch import nn

from inittui.errors import UsageError, nearest
from inittui.experiment.models import TORCHVISION
from inittui.text import sanitize
from inittui.user_code import theirs

_WITH_AUXILIARY = ("inception_v3", "googlenet")
"""Models with auxiliary classifiers, whose outputs they give too while they train."""


def vision_model(name: str, arguments: Mapping[str, Any], classes: int) -> nn.Module:
    """Build ``torchvision.models.<name>`` with that many classes.

    Raises:
        UsageError: there is no such model, or it can't be built like this.
    """
    from torchvision import models

    known: list[str] = models.list_models()
    if name not in known:
        classifiers = ", ".join(models.list_models(module=models))
        hint = nearest(name, known) or f"; its classifiers are {classifiers}"
        raise UsageError(f"torchvision has no model '{sanitize(name, 60)}'{hint}")
    for key in arguments:
        if key.startswith("weights"):
            raise UsageError(f"'{key}' can't be given: the start weights come from the scheme")
    builder = models.get_model_builder(name)
    settings: dict[str, Any] = {"weights": None, "num_classes": classes}
    if "weights_backbone" in inspect.signature(builder).parameters:
        settings["weights_backbone"] = None
    if name.removeprefix("quantized_") in _WITH_AUXILIARY:
        settings |= {"aux_logits": False, "init_weights": True}
    with theirs(f"{TORCHVISION}{name}"):
        model: nn.Module = builder(**settings | dict(arguments))
    return model
