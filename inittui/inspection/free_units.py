"""Units of parameters that no measured layer has: bare matrices, and what recurrent modules pack.

Of a matrix the call says which dimensions it sums over; all others count units.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

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
    computed: torch.Tensor | None = None
    """[units, values] of the matrix itself, where it is computed from the parameter."""


@dataclass(frozen=True)
class Lain:
    """How the values of a parameter, or what became of each, lie in the memory of tensors."""

    parameter: str
    start: int
    """Address of the memory."""
    count: int
    lay: Callable[[torch.Tensor], torch.Tensor]
    """From what is shaped as the parameter to a tensor laid out as the memory."""
    is_itself: bool = True
    """Whether the values are the parameter's own."""

    def is_whole(self, tensor: torch.Tensor) -> bool:
        """Return whether a view of the memory has all of it."""
        return tensor.numel() == self.count and tensor.data_ptr() == self.start

    def become(self, tensor: torch.Tensor, result: torch.Tensor, *, is_same: bool) -> Lain:
        """Return how they lie in ``result``, of which each place is made from that in ``tensor``.

        ``is_same`` says that it is a copy.
        """
        shape, strides = tensor.shape, tensor.stride()
        like = result.shape, result.stride()

        def lay(value: torch.Tensor) -> torch.Tensor:
            return _laid(torch.as_strided(self.lay(value), shape, strides, 0), *like)

        is_itself = self.is_itself and is_same
        return Lain(self.parameter, result.data_ptr(), result.numel(), lay, is_itself)


def lain(parameter: str, leaf: torch.Tensor) -> Lain:
    """Return how a parameter lies in its own memory."""
    like = leaf.shape, leaf.stride()
    return Lain(parameter, leaf.data_ptr(), leaf.numel(), lambda value: _laid(value, *like))


def _laid(value: torch.Tensor, shape: Sequence[int], strides: Sequence[int]) -> torch.Tensor:
    laid = torch.empty_strided(shape, strides, dtype=value.dtype, device=value.device)
    return laid.copy_(value.detach())


_ON_THE_RIGHT = {"matmul": 1, "__matmul__": 1, "mm": 1, "bmm": 1, "addmm": 2, "baddbmm": 2}
_ON_THE_LEFT = {"matmul": 0, "__matmul__": 0, "mm": 0, "bmm": 0, "addmm": 1, "baddbmm": 1}


class Sides(NamedTuple):
    """The dimensions of a product with a matrix."""

    over: tuple[int, ...]
    """Of the matrix: those that are summed over."""
    units: tuple[int, ...]
    """Of the result, from its end: those that all others of the matrix become."""


def of_product(name: str, place: int, tensor: torch.Tensor, args: Sequence[Any]) -> Sides | None:
    """Return what a call sums over of an argument; None for a call that is no product with it.

    Args:
        name: of the function.
        place: of ``tensor`` among ``args``.
        tensor: the argument.
        args: all that are given by place.
    """
    dims = tensor.ndim
    if dims < 2:
        return None
    if name in ("linear", "conv1d", "conv2d", "conv3d") and place == 1:
        return Sides((*range(1, dims),), (1 - dims,))
    if _ON_THE_RIGHT.get(name) == place:
        return Sides((dims - 2,), (*range(-dims, -2), -1))
    if name == "mv" and place == 0:
        return Sides((1,), (-1,))
    if _ON_THE_LEFT.get(name) == place:
        is_vector = any(isinstance(x, torch.Tensor) and x.ndim == 1 for x in args[place + 1 :])
        return Sides((dims - 1,), (*range(is_vector - dims, is_vector - 1),))
    return _of_einsum(place, tensor, args) if name == "einsum" else None


def _of_einsum(place: int, tensor: torch.Tensor, args: Sequence[Any]) -> Sides | None:
    equation = args[0].replace(" ", "") if isinstance(args[0], str) else ""
    given, arrow, wanted = equation.partition("->")
    letters = given.split(",")
    if not arrow or not 0 < place <= len(letters):
        return None
    own = letters[place - 1]
    over = tuple(dim for dim, letter in enumerate(own) if letter not in wanted)
    if len(own) != tensor.ndim or not over or not own.isalpha():
        return None
    # Letters before an ellipsis have a place from the beginning only.
    before, dots, behind = wanted.rpartition("...")
    units = [letter for letter in own if letter in wanted]
    if dots and any(letter in before for letter in units):
        return None
    return Sides(over, tuple(behind.index(letter) - len(behind) for letter in units))


def of_matrix(
    own: Lain, matrix: torch.Tensor, over: Sequence[int], others: Named
) -> FreeUnits | None:
    """Return the units of a parameter of which a product was given the view ``matrix``.

    None where it has one, or where it isn't told: of a part, or where one of the ``others`` that it
    is computed from may tell units apart, too.
    """
    units = [dim for dim in range(matrix.ndim) if dim not in over]
    view = matrix.detach().permute(*units, *over)
    count = view.shape[: len(units)].numel()
    if not own.is_whole(matrix) or count < 2:
        return None
    # Of one value for each unit, as a length; one for each input tells no units apart.
    lengths = [name for name, x in others.items() if x is not None and x.numel() == count]
    if any(x is not None and x.numel() != count in x.shape for x in others.values()):
        return None
    shape, strides = view.shape, view.stride()

    def rows(values: Named) -> torch.Tensor | None:
        value = values.get(own.parameter)
        if value is None or value.is_sparse:
            return None
        parts = [torch.as_strided(own.lay(value), shape, strides, 0).reshape(count, -1)]
        beside = [values.get(name) for name in lengths]
        return torch.cat([*parts, *(x.reshape(count, 1) for x in beside if x is not None)], 1)

    return FreeUnits(own.parameter, rows, None if own.is_itself else view.reshape(count, -1))


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
