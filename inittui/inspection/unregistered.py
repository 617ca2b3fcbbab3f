"""Where a model keeps what it hasn't registered."""

from __future__ import annotations

from collections.abc import Iterable
from types import CellType

import torch
from torch import nn

from inittui.inspection.memory import key_of
from inittui.text import sanitize


def found_in(model: nn.Module, wanted: object) -> str:
    """Return by which attribute a model keeps something that isn't registered; empty for none."""
    for path, module in model.named_modules():
        kept = {"forward": type(module).forward, **vars(module)}
        for key, value in kept.items():
            if key in ("_parameters", "_modules", "_buffers"):
                continue
            below = _path_to(value, wanted, 3)
            if below is not None:
                return sanitize(f"{path}.{key}{below}" if path else f"{key}{below}", 200)
    return ""


def _path_to(value: object, wanted: object, depth: int) -> str | None:
    if value is wanted:
        return ""
    parts: list[tuple[str, object]] = []
    if isinstance(value, list | tuple):
        parts = [(f"[{number}]", each) for number, each in enumerate(value)]
    elif isinstance(value, dict):
        parts = [(f"[{key!r}]", each) for key, each in value.items()]
    elif isinstance(value, nn.Module):
        parts = [(f".{name}", each) for name, each in value.named_modules() if name]
        parts += [(f".{name}", each) for name, each in value.named_parameters()]
    elif cells := getattr(value, "__closure__", None):
        parts = [("'s closure", each) for cell in cells for each in _content(cell)]
    if depth:
        for name, each in parts:
            below = _path_to(each, wanted, depth - 1)
            if below is not None:
                return name + below
    return None


def _content(cell: CellType) -> list[object]:
    try:
        return [cell.cell_contents]
    except ValueError:  # not yet given anything
        return []


def keeper_of(model: nn.Module, tensor: torch.Tensor) -> str:
    """Return by which attribute a model keeps a tensor's memory, or what the tensor is."""
    key = key_of(tensor)
    for path, module in model.named_modules():
        for attribute, value in vars(module).items():
            if attribute in ("_parameters", "_modules", "_buffers"):
                continue
            for each in _inside(value):
                if key_of(each) == key:
                    return sanitize(f"{path}.{attribute}" if path else attribute, 200)
    wanted = found_in(model, tensor)
    return wanted or f"a tensor {'x'.join(map(str, tensor.shape))}"


def _inside(value: object) -> Iterable[torch.Tensor]:
    if isinstance(value, nn.Module):
        return list(value.parameters())
    if isinstance(value, list | tuple):
        return [tensor for each in value for tensor in _inside(each)]
    if isinstance(value, dict):
        return [tensor for each in value.values() for tensor in _inside(each)]
    return [value] if isinstance(value, torch.Tensor) else []
