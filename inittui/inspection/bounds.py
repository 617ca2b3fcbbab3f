"""Between which values what a model computes has to lie, whatever its parameters are."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import torch
from torch.utils.weak import WeakIdKeyDictionary

from inittui.models.tracing import nonlinearity_of

SAME_VALUES = frozenset({
    "view", "reshape", "unsqueeze", "squeeze", "expand", "expand_as", "view_as", "flatten", "to",
    "type_as", "contiguous", "clone", "permute", "transpose", "movedim", "__getitem__", "float",
    "double", "select", "narrow", "unbind", "chunk", "split", "swapaxes", "swapdims",
})  # fmt: skip
"""Functions behind which tensors are still their first argument, or parts of it, in another shape
or type."""

_DROPPING = frozenset({"dropout", "dropout1d", "dropout2d", "dropout3d", "alpha_dropout"})
"""Nothing is dropped in a pass that measures."""

_WITHIN = frozenset({"mean", "amax", "amin", "maximum", "minimum"})
"""Functions of values between two bounds that lie between them, too."""
_JOINING = frozenset({"stack", "cat", "concat", "where", "maximum", "minimum"})
_TIMES = frozenset({"mul", "__mul__", "__rmul__", "__imul__", "multiply"})
_BY = frozenset({"div", "__truediv__", "__itruediv__", "true_divide", "divide"})
_PLUS = frozenset({"add", "__add__", "__radd__", "__iadd__"})
_MINUS = frozenset({"sub", "__sub__", "__isub__", "subtract"})
_FROM = frozenset({"rsub", "__rsub__"})
_COSINES = frozenset({"linear", "matmul", "__matmul__", "mm"})
_TURNED: tuple[Any, ...] = (
    torch.Tensor.T.__get__,  # type: ignore[attr-defined]
    torch.Tensor.mT.__get__,  # type: ignore[attr-defined]
    torch.Tensor.t,
    torch.t,
)

_ROUNDED = 1e-3


class Bound(NamedTuple):
    """What keeps values between two."""

    by: str
    """A function such as "sigmoid"."""
    low: float
    high: float

    @property
    def is_finite(self) -> bool:
        return math.isfinite(self.high - self.low)


BOUNDS: dict[str, tuple[float, float]] = {
    "softmax": (0, 1), "softmin": (0, 1), "gumbel_softmax": (0, 1), "sigmoid": (0, 1),
    "hardsigmoid": (0, 1), "tanh": (-1, 1), "softsign": (-1, 1), "erf": (-1, 1), "sin": (-1, 1),
    "cos": (-1, 1), "atan": (-math.pi / 2, math.pi / 2), "arctan": (-math.pi / 2, math.pi / 2),
    "relu6": (0, 6), "relu": (0, math.inf), "log_softmax": (-math.inf, 0),
    "cosine_similarity": (-1, 1),
}  # fmt: skip


class Bounds:
    """Follows bounds from call to call of a pass, through numbers but not through parameters."""

    def __init__(self) -> None:
        self._of: WeakIdKeyDictionary = WeakIdKeyDictionary()
        self._of_length_one: WeakIdKeyDictionary = WeakIdKeyDictionary()

    def of(self, tensor: torch.Tensor) -> Bound | None:
        """Return the bounds of a tensor's values; None for none that are known."""
        found: Bound | None = self._of.get(tensor)
        return found

    def follow(
        self,
        func: Callable[..., Any],
        args: Sequence[Any],
        kwargs: Mapping[str, Any],
        results: Sequence[torch.Tensor],
    ) -> None:
        """Note what a call makes of the bounds of what it was given."""
        name = getattr(func, "__name__", "")
        bound = self._bound(func, name, args, kwargs)
        is_of_length_one = name == "normalize" or (
            bool(args) and self._is_of_length_one(args[0]) and keeps_values(func, name)
        )
        for each in results:
            if bound is not None:
                self._of[each] = bound
            else:
                self._of.pop(each, None)  # written to in place
            if is_of_length_one:
                self._of_length_one[each] = True

    def _bound(
        self, func: Callable[..., Any], name: str, args: Sequence[Any], kwargs: Mapping[str, Any]
    ) -> Bound | None:
        found = nonlinearity_of(func, args, dict(kwargs)) or name
        if found in BOUNDS:
            return Bound(found, *BOUNDS[found])
        if name.startswith(("clamp", "clip", "hardtanh")):
            return _clamped(name, args, kwargs)
        if not args or "alpha" in kwargs:
            return None
        return self._of_arguments(name, args, kwargs)

    def _of_arguments(
        self, name: str, args: Sequence[Any], kwargs: Mapping[str, Any]
    ) -> Bound | None:
        if name in SAME_VALUES or name in _DROPPING:
            return self._get(args[0])
        if name in _COSINES:
            return self._cosine(name, args, kwargs)
        known = self._given(name, args)
        if not known or not all(each is not None and each.is_finite for each in known):
            return None
        return _calculated(name, [each for each in known if each is not None])

    def _given(self, name: str, args: Sequence[Any]) -> list[Bound | None]:
        """Return the bounds of all arguments that count, numbers included."""
        counting: Sequence[Any] = args[:1]
        if name in _JOINING or name in _TIMES | _BY | _PLUS | _MINUS | _FROM:
            counting = args[0] if isinstance(args[0], tuple | list) else args
            counting = counting[1:] if name == "where" else counting
        return [self._get(each) for each in counting]

    def _get(self, given: Any) -> Bound | None:
        if isinstance(given, int | float):
            return Bound("", given, given)
        if not isinstance(given, torch.Tensor):
            return None
        if given in self._of:
            return self.of(given)
        if given.numel() == 1 and not given.requires_grad and given.is_floating_point():
            number = float(given)
            return Bound("", number, number)
        return None

    def _is_of_length_one(self, given: Any) -> bool:
        return isinstance(given, torch.Tensor) and given in self._of_length_one

    def _cosine(self, name: str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Bound | None:
        two = [*args[:2]]
        if len(two) < 2 or not all(map(self._is_of_length_one, two)):
            return None
        if any(each is not None for each in (*args[2:], kwargs.get("bias"))):
            return None
        over = (-1, -1 if name == "linear" or two[1].ndim < 2 else -2)
        lengths = [each.detach().norm(dim=dim) for each, dim in zip(two, over, strict=True)]
        is_so = all(bool((each <= 1 + _ROUNDED).all()) for each in lengths)
        return Bound("a cosine", -1.0, 1.0) if is_so else None


def keeps_values(func: Callable[..., Any], name: str) -> bool:
    """Return whether a call gives its first argument, in another shape or type."""
    return name in SAME_VALUES or any(func == each for each in _TURNED)


def _clamped(name: str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Bound | None:
    low, high = (*args[1:3], None, None)[:2]
    low = kwargs.get("min", kwargs.get("min_val", low))
    high = kwargs.get("max", kwargs.get("max_val", high))
    if name.startswith("hardtanh"):
        low, high = (-1.0 if low is None else low), (1.0 if high is None else high)
    if not (isinstance(low, int | float) and isinstance(high, int | float)):
        return None
    return Bound(name.rstrip("_"), low, high) if low < high else None


def _calculated(name: str, known: Sequence[Bound]) -> Bound | None:
    by = next((each.by for each in known if each.by), "")
    if not by:
        return None
    if name in _WITHIN | _JOINING:
        return Bound(by, min(each.low for each in known), max(each.high for each in known))
    if name in ("neg", "__neg__"):
        return Bound(by, -known[0].high, -known[0].low)
    if len(known) != 2:
        return None
    one, other = known
    ends = _ends(name, one, other)
    return Bound(by, min(ends), max(ends)) if ends else None


def _ends(name: str, one: Bound, other: Bound) -> list[float]:
    if name in _PLUS:
        return [one.low + other.low, one.high + other.high]
    if name in _FROM:
        return _ends("sub", other, one)
    if name in _MINUS:
        return [one.low - other.high, one.high - other.low]
    pairs = [(a, b) for a in one[1:] for b in other[1:]]
    if name in _TIMES:
        return [a * b for a, b in pairs]
    if name in _BY and other.low == other.high != 0:
        return [a / b for a, b in pairs]
    return []
