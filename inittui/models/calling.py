"""A model of several inputs, or of many outputs, called with one tensor and giving one.

All of inittui passes a batch as one tensor and takes logits back. So what a model is called with
is packed into rows of numbers, and its class gets a descendant that unpacks them before the call,
and takes the named part of what it gives. Names of layers and parameters stay as they are.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import torch
from torch import nn

from inittui.errors import UsageError
from inittui.experiment.inputs import Input
from inittui.text import sanitize


def needs_packing(inputs: Sequence[Input]) -> bool:
    """Whether a batch isn't simply the tensor that the model is called with."""
    return len(inputs) > 1 or any(each.ids or each.name for each in inputs)


def pack(inputs: Sequence[torch.Tensor]) -> torch.Tensor:
    """Return a batch of each input as float32 rows [n, values]; ids up to 2^24 stay exact."""
    return torch.cat([each.reshape(len(each), -1).float() for each in inputs], 1)


class Fitted(nn.Module):
    """What a fitted model's class also descends from."""

    # What a class has hides the parts of a model that have its name.
    inittui_inputs: ClassVar[tuple[Input, ...]] = ()
    inittui_output: ClassVar[str] = ""

    def __call__(self, batch: torch.Tensor) -> Any:
        return part_of(self.inittui_all_outputs(batch), self.inittui_output)

    def inittui_all_outputs(self, batch: torch.Tensor) -> Any:
        """Return what the model itself gives for a packed batch [n, values]."""
        if not needs_packing(self.inittui_inputs):
            return super().__call__(batch)
        sizes = [each.size for each in self.inittui_inputs]
        if batch.ndim != 2 or batch.shape[1] != sum(sizes):
            raise UsageError(f"{sum(sizes)} values a sample were packed, not {batch.shape[1:]}")
        positional, named = [], {}
        for each, values in zip(self.inittui_inputs, batch.split(sizes, 1), strict=True):
            given = values.reshape(len(values), *each.shape).contiguous()
            given = given.long() if each.ids else given
            if each.name:
                named[each.name] = given
            else:
                positional.append(given)
        return super().__call__(*positional, **named)


def fit_calls(model: nn.Module, inputs: Sequence[Input], output: str) -> nn.Module:
    """Make a model take these inputs packed, and give the part ``output`` of what it gives.

    Changes the model's class, to one of the same name, where that is needed.
    """
    is_strange = isinstance(model, torch.jit.ScriptModule | nn.DataParallel)
    if is_strange or not (output or needs_packing(inputs)):
        return model
    kind = type(model)
    members = {
        "inittui_inputs": tuple(inputs),
        "inittui_output": output,
        "__module__": kind.__module__,
        "__qualname__": kind.__qualname__,
        "__doc__": kind.__doc__,
    }
    make: Any = type(kind)
    model.__class__ = make(kind.__name__, (Fitted, kind), members)
    return model


def parts_of(outputs: object) -> dict[str, object]:
    """Return the parts of what a model gives, by name or place; {} where it has none."""
    match outputs:
        case torch.Tensor():
            return {}
        case Mapping():
            return {str(key): value for key, value in outputs.items()}
        case tuple() if hasattr(outputs, "_fields"):
            return dict(zip(outputs._fields, outputs, strict=True))
        case list() | tuple():
            return {str(place): value for place, value in enumerate(outputs)}
        case _ if dataclasses.is_dataclass(outputs):
            fields = dataclasses.fields(outputs)
            return {each.name: getattr(outputs, each.name) for each in fields}
        case _:
            public = vars(outputs) if hasattr(outputs, "__dict__") else {}
            return {key: value for key, value in public.items() if not key.startswith("_")}


def part_of(outputs: object, path: str) -> object:
    """Return the part at a path, such as ``logits`` or ``heads.0``; a tensor as it is.

    Raises:
        UsageError: there is no such part; says which there are.
    """
    for name in path.split(".") if path else ():
        if isinstance(outputs, torch.Tensor):
            break
        parts = parts_of(outputs)
        if name not in parts and isinstance(outputs, tuple) and name.isdigit():
            parts = {str(place): value for place, value in enumerate(outputs)}
        if name not in parts:
            raise UsageError(
                f"--output {sanitize(path, 60)}: the model gives a {type(outputs).__name__} "
                f"without '{sanitize(name, 60)}'; {parts_text(parts)}"
            )
        outputs = parts[name]
    return outputs


def parts_text(parts: Mapping[str, object]) -> str:
    """Say which parts can be named."""
    names = sanitize(", ".join(parts), 200)
    return f"its parts are {names}" if names else "it has no parts that could be named"
