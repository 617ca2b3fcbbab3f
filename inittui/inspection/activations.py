"""Where a nonlinearity is flat: from its derivative on the values that it gets."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch

DEAD = 1e-3
"""Share of the largest derivative under which a nonlinearity passes no gradient worth having."""

FLAT = 1 - 0.97**2
"""Share under which it is saturated: tanh's derivative at ±0.97, by its largest, which is 1."""

_FAR = 60.0
"""Both ends of the values on which the largest derivative is looked for."""
_POINTS = 4_801
_CORNER = 0.05
"""This side of 0 a rectifier is flat already."""

_END = 100
"""One of so many values is an end of them: outermost ones, more than one or two stray."""


@dataclass(frozen=True)
class Flatness:
    """Where one nonlinearity is flat, value by value."""

    dead: torch.Tensor
    """Bool, in the shape of the values: passes hardly any gradient."""
    saturated: torch.Tensor | None
    """Bool: at an end that isn't flat by design; None for a function without such ends."""
    slope: torch.Tensor
    """Its derivative there."""


def flatness(
    function: Callable[..., Any],
    values: torch.Tensor,
    args: Sequence[Any],
    kwargs: dict[str, Any],
) -> Flatness | None:
    """Return where ``function(values, *args, **kwargs)`` is flat; None unless it is elementwise.

    The function must not have overwritten ``values``.
    """
    slope = _slope(function, values, args, kwargs)
    if slope is None:
        return None
    grid = torch.linspace(-_FAR, _FAR, _POINTS, device=values.device, dtype=values.dtype)
    # A parameter for each channel, as a PReLU's, has no grid: what it gets has to do.
    on_grid = _slope(function, grid, args, kwargs)
    if on_grid is None:
        return Flatness(slope.abs() < DEAD * slope.abs().amax(), None, slope)
    on_grid = on_grid.abs()
    largest = on_grid.amax()
    return _judged(values, slope, largest, grid, on_grid < FLAT * largest, ends=1)


def _slope(
    function: Callable[..., Any],
    values: torch.Tensor,
    args: Sequence[Any],
    kwargs: dict[str, Any],
) -> torch.Tensor | None:
    """Return the derivative, in the shape of ``values``."""
    if not values.is_floating_point():
        return None
    with torch.enable_grad():
        leaf = values.detach().clone().requires_grad_()
        try:
            # Through a copy: some functions work in place, which a leaf forbids.
            result = function(leaf * 1, *args, **kwargs)
        except (RuntimeError, IndexError):
            return None
        if not isinstance(result, torch.Tensor) or result.shape != values.shape:
            return None
        if not result.requires_grad:
            return None
        (slope,) = torch.autograd.grad(result.sum(), leaf)
    return slope


def flatness_between(before: torch.Tensor, after: torch.Tensor) -> Flatness | None:
    """Return where an unknown function of single values is flat, from its derivative on them.

    Args:
        before: what it is given, in the graph of ``after``.
        after: what it makes of that; see `slope_between`.
    """
    slope = slope_between(before, after)
    if slope is None:
        return None
    largest = slope.abs().amax()
    # Nobody's function is called with other values: its ends are where its own lie.
    given, order = before.detach().flatten().sort()
    is_flat = slope.abs().flatten()[order] < FLAT * largest
    ends = max(len(given) // _END, 1)
    return _judged(before.detach(), slope, largest, given, is_flat, ends=ends)


def _judged(
    values: torch.Tensor,
    slope: torch.Tensor,
    largest: torch.Tensor,
    known: torch.Tensor,
    is_flat: torch.Tensor,
    *,
    ends: int,
) -> Flatness:
    """Judge by the ``largest`` slope, and by where it is flat on ``known`` values, in order.

    ``ends`` of these, at both ends, say whether it is flat there.
    """
    dead = slope.abs() < DEAD * largest
    if not (is_flat[:ends].all() and is_flat[-ends:].all()):
        return Flatness(dead, None, slope)
    flat = slope.abs() < FLAT * largest
    corner = is_flat[(known < 0) & (known > -_CORNER)]
    is_rectifier = len(corner) > 0 and bool(corner.all())
    return Flatness(dead, flat & (values > 0) if is_rectifier else flat, slope)


def slope_between(before: torch.Tensor, after: torch.Tensor) -> torch.Tensor | None:
    """Return the derivative of one value by the one in its place, in the graph of both.

    None where ``after`` isn't computed from ``before`` value by value, or linearly so. That is
    seen from two products with its Jacobian: with ones and with random signs; those of a diagonal
    one agree.
    """
    if before is after or before.shape != after.shape:
        return None
    for each in (before, after):
        if not each.requires_grad or each.is_complex():
            return None
    generator = torch.Generator(after.device).manual_seed(0)
    bits = torch.randint(2, after.shape, generator=generator, device=after.device)
    signs = bits.to(after.dtype) * 2 - 1
    products: list[torch.Tensor | None]
    try:
        products = [
            torch.autograd.grad(after, before, each, retain_graph=True, allow_unused=True)[0]
            for each in (torch.ones_like(after), signs)
        ]
    except RuntimeError:  # somebody's own function, or a reentrant checkpoint, that refuses parts
        return None
    by_ones, by_signs = products
    if by_ones is None or by_signs is None:
        return None
    size = float(by_signs.abs().amax())
    sizes = by_ones.abs()
    if not 0 < size < math.inf or float(sizes.amax() - sizes.amin()) <= 1e-4 * size:
        return None
    is_diagonal = torch.allclose(by_ones, by_signs * signs, rtol=1e-4, atol=1e-5 * size)
    return by_ones if is_diagonal else None
