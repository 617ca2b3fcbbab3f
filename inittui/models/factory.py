"""What builds a model that is checked: as its own code does, nothing moved or cast."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from inittui.errors import UsageError
from inittui.experiment.models import (
    MODELS,
    TORCHVISION,
    TORCHVISION_INPUT,
    check_model,
    is_own,
)
from inittui.experiment.records import ModelConfig
from inittui.models.build import build
from inittui.text import sanitize
from inittui.user_code import find, theirs

_CLASSES = 10
_TORCHVISION_CLASSES = 1_000
_IMAGE = (1, 28, 28)


@dataclass(frozen=True, slots=True)
class Factory:
    """Builds a model anew each time that it is called."""

    name: str
    """As the person named it."""
    build: Callable[[], nn.Module]
    place: str = ""
    """``file:line`` of a person's own code; empty for what comes with a package."""
    input: str = ""
    """Of what it is made for; empty where that isn't known."""
    inputs: Callable[[nn.Module], Any] | None = None
    """What makes inputs for the model, where the person's file has such a function beside it."""


def factory_of(config: ModelConfig) -> Factory:
    """Return what builds the configured model; a person's own code is imported.

    Raises:
        UsageError: there is no such model or code, or it takes other arguments.
    """
    name = config.name
    check_model(name)
    if is_own(name):
        return _own(name, config.arguments)
    if name.startswith(TORCHVISION):
        shape: tuple[int, ...] = TORCHVISION_INPUT
        classes = _TORCHVISION_CLASSES
    else:
        shape, classes = MODELS[name].input or _IMAGE, _CLASSES
    text = "x".join(map(str, shape))

    def built() -> nn.Module:
        # As a person's own code does, it draws by the seed that was set.
        return build(config, shape, classes, seed=torch.initial_seed())

    return Factory(name, built, input=text)


def _own(reference: str, arguments: Mapping[str, Any]) -> Factory:
    made_by = find(reference, "model")
    shown = sanitize(reference, 200)
    if isinstance(made_by, nn.Module):
        raise UsageError(f"{shown} is a model; name its class, or a function that returns it")
    try:
        inspect.signature(made_by).bind(**arguments)
    except TypeError as error:
        parameters = inspect.signature(made_by).parameters.values()
        takes = ", ".join(str(each).partition(":")[0] for each in parameters) or "nothing"
        told = f"{shown}: {error} (--model-arg); it takes: {takes}"
        raise UsageError(sanitize(told, 500)) from None
    except ValueError:  # a builtin without a signature
        pass

    def built() -> nn.Module:
        with theirs(reference):
            model = made_by(**arguments)
        if not isinstance(model, nn.Module):
            kind = "nothing" if model is None else f"a value of type {type(model).__name__}"
            raise UsageError(f"{shown} gave {kind}; a torch.nn.Module is needed")
        if next(model.parameters(), None) is None:
            raise UsageError(f"{shown} gave a {type(model).__name__} without parameters")
        return model

    beside = getattr(sys.modules.get(made_by.__module__), "inputs", None)
    inputs = beside if inspect.isfunction(beside) and _takes_one(beside) else None
    return Factory(reference, built, place_of_code(made_by), inputs=inputs)


def _takes_one(function: Callable[..., Any]) -> bool:
    try:
        inspect.signature(function).bind(None)
    except TypeError:
        return False
    return True


def place_of_code(made_by: Callable[..., Any]) -> str:
    """Return ``file:line`` of a function or class; empty where it has none."""
    try:
        file = inspect.getsourcefile(made_by)
        line = inspect.getsourcelines(made_by)[1]
    except (TypeError, OSError):
        return ""
    return f"{file}:{line}" if file else ""
