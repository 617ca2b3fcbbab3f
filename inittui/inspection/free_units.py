"""Units of parameters that no measured layer has: bare matrices, and what recurrent modules pack.

Of a matrix the call says which dimensions it sums over; all others count units.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

Named = Mapping[str, torch.Tensor | None]


@dataclass(frozen=True)
class FreeUnits:
    """How units lie in parameters."""

    name: str
    """Of the first parameter."""
    rows: Callable[[Named], torch.Tensor | None]
    """From values by name, or gradients, to [units, values]; None where there are none."""


_ON_THE_RIGHT = {"matmul": 1, "__matmul__": 1, "mm": 1, "addmm": 2}
_ON_THE_LEFT = {"matmul": 0, "__matmul__": 0, "mm": 0, "mv": 0, "addmm": 1}


def of_product(name: str, place: int, tensor: torch.Tensor, args: Sequence[Any]) -> list[int]:
    """Return the dimensions of an argument over which a call sums; none for another call.

    Args:
        name: of the function.
        place: of ``tensor`` among ``args``.
        tensor: the argument.
        args: all that are given by place.
    """
    if tensor.ndim < 2:
        return []
    if name == "linear" and place == 1:
        return [1]
    if name in ("conv1d", "conv2d", "conv3d") and place == 1:
        return [*range(1, tensor.ndim)]
    if _ON_THE_RIGHT.get(name) == place:
        return [tensor.ndim - 2]
    if _ON_THE_LEFT.get(name) == place:
        return [tensor.ndim - 1]
    return _of_einsum(place, tensor, args) if name == "einsum" else []


def _of_einsum(place: int, tensor: torch.Tensor, args: Sequence[Any]) -> list[int]:
    equation = args[0].replace(" ", "") if isinstance(args[0], str) else ""
    given, arrow, wanted = equation.partition("->")
    letters = given.split(",")
    if not arrow or "." in equation or not 0 < place <= len(letters):
        return []
    own = letters[place - 1]
    return (
        [dim for dim, letter in enumerate(own) if letter not in wanted]
        if len(own) == tensor.ndim
        else []
    )


def of_matrix(
    name: str, leaf: torch.Tensor, tensor: torch.Tensor, over: Sequence[int]
) -> FreeUnits | None:
    """Return the units of a parameter of which a product was given the view ``tensor``."""
    if tensor.numel() != leaf.numel() or tensor.data_ptr() != leaf.data_ptr():
        return None
    units = [dim for dim in range(tensor.ndim) if dim not in over]
    view = tensor.detach().permute(*units, *over)
    count = view.shape[: len(units)].numel()
    shape, strides, like = view.shape, view.stride(), (leaf.shape, leaf.stride())

    def rows(values: Named) -> torch.Tensor | None:
        value = values.get(name)
        if value is None or value.is_sparse:
            return None
        laid = torch.empty_strided(*like, dtype=value.dtype, device=value.device)
        laid.copy_(value.detach())
        return torch.as_strided(laid, shape, strides, 0).reshape(count, -1)

    return FreeUnits(name, rows) if count > 1 else None


def packed(model: nn.Module) -> Iterator[FreeUnits]:
    """Yield the units of recurrent modules, each with its rows for all of its gates."""
    for path, module in model.named_modules():
        if not isinstance(module, nn.RNNBase | nn.RNNCellBase):
            continue
        names = [name for name, _ in module.named_parameters(recurse=False)]
        for first in (name for name in names if name.startswith("weight_ih")):
            end = first.removeprefix("weight_ih")
            own = [n for n in names if n.endswith(end) and n.startswith(("weight_", "bias_"))]
            own = [n for n in own if n.removesuffix(end) in _OF_GATES]
            yield _of_gates([f"{path}.{n}" if path else n for n in own], module.hidden_size)


_OF_GATES = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")


def _of_gates(names: Sequence[str], units: int) -> FreeUnits:
    def rows(values: Named) -> torch.Tensor | None:
        given = [values.get(name) for name in names]
        parts = [
            each.detach().reshape(-1, units, each.numel() // len(each)).transpose(0, 1).flatten(1)
            for each in given
            if each is not None
        ]
        return torch.cat(parts, 1) if len(parts) == len(names) else None

    return FreeUnits(names[0], rows)
