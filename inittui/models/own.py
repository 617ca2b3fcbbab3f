"""A person's own model: a class or a function that returns one, with keyword arguments."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import nn

from inittui.errors import UsageError
from inittui.text import sanitize
from inittui.user_code import find, theirs


def own_model(
    reference: str, arguments: Mapping[str, Any], input_shape: Sequence[Any], classes: int
) -> nn.Module:
    """Import a factory and call it; the model lies on the CPU, in float32.

    Besides ``arguments`` the factory gets those of ``classes``, ``num_classes`` and
    ``input_shape`` that its signature names; of several inputs that is a tuple of shapes.

    Raises:
        UsageError: the code fails, takes other arguments, or gives no `nn.Module`.
    """
    factory = find(reference, "model")
    shown = sanitize(reference, 200)
    if isinstance(factory, nn.Module):
        raise UsageError(f"{shown} is a model; name its class, or a function that returns it")
    given = _checked(factory, arguments, input_shape, classes, shown)
    called = f"it was called with {_shown(given)}" if given else ""
    with theirs(reference, called):
        model = factory(**given)
    model = _plain(model)
    if not isinstance(model, nn.Module):
        raise UsageError(f"{shown} gave {_kind(model)}; a torch.nn.Module is needed")
    for path, module in model.named_modules():
        if hasattr(module, "_packed_params") or hasattr(module, "_weight_bias"):
            raise UsageError(
                f"{shown}: '{sanitize(path, 100)}' is a {type(module).__name__}, whose weights are "
                "packed whole numbers that no initializer reaches: give the model as it is before "
                "its conversion"
            )
    if next(model.parameters(), None) is None:
        raise UsageError(f"{shown} gave a {type(model).__name__} without parameters")
    for name, parameter in model.named_parameters():
        if parameter.is_complex():
            raise UsageError(
                f"{shown}: parameter '{sanitize(name, 100)}' is complex; only real ones can be "
                "initialized and trained here: keep its real and imaginary parts apart"
            )
    with theirs(reference):
        return to_place(model, torch.device("cpu"), torch.float32)


def _plain(model: Any) -> Any:
    """Return what was compiled as it is without: with its own names, and copied as a whole."""
    model = getattr(model, "_orig_mod", model)
    if not isinstance(model, nn.Module):
        return model
    for module in list(model.modules()):
        for name, child in module._modules.items():
            module._modules[name] = getattr(child, "_orig_mod", child)
        for key, value in vars(module).items():
            vars(module)[key] = getattr(value, "_torchdynamo_orig_callable", value)
        module._compiled_call_impl = None
    return model


def to_place(model: nn.Module, device: torch.device, dtype: torch.dtype) -> nn.Module:
    """Move a model, its real numbers to ``dtype``; complex ones, as of rotations, stay complex."""
    moved: nn.Module = model._apply(
        lambda tensor: tensor.to(device, dtype if tensor.is_floating_point() else None)
    )
    return moved


def _checked(
    factory: Callable[..., Any],
    arguments: Mapping[str, Any],
    input_shape: Sequence[Any],
    classes: int,
    shown: str,
) -> dict[str, Any]:
    """Return the keyword arguments of the call, after comparing them with the signature."""
    try:
        signature = inspect.signature(factory)
    except (TypeError, ValueError):
        return dict(arguments)
    offered = {
        "classes": classes,
        "num_classes": classes,
        "input_shape": tuple(input_shape),
    }
    given = {
        key: value
        for key, value in offered.items()
        if key in signature.parameters and _takes(signature.parameters[key], value)
    }
    given |= arguments
    try:
        signature.bind(**given)
    except TypeError as error:
        if _is_wrapper_for(factory, given):
            return given
        takes = ", ".join(str(each).partition(":")[0] for each in signature.parameters.values())
        raise UsageError(
            sanitize(f"{shown}: {error} (--model-arg); it takes: {takes or 'nothing'}", 500)
        ) from None
    return given


def _shown(given: Mapping[str, Any]) -> str:
    return sanitize(", ".join(f"{key}={value!r}" for key, value in given.items()), 200)


def _takes(parameter: inspect.Parameter, value: object) -> bool:
    """Whether a parameter can be meant for a value: without a default of another kind."""
    default = parameter.default
    return default in (parameter.empty, None) or isinstance(default, type(value))


def _is_wrapper_for(factory: Callable[..., Any], given: Mapping[str, Any]) -> bool:
    """Whether a decorator's function, which names another's signature, takes what that doesn't."""
    try:
        inspect.signature(factory, follow_wrapped=False).bind(**given)
    except TypeError:
        return False
    return True


def _kind(value: object) -> str:
    return "nothing" if value is None else f"a value of type {type(value).__name__}"
