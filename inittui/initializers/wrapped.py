"""Writing the weight that a layer computes with, where it is made from other parameters."""

from __future__ import annotations

from typing import TYPE_CHECKING

from inittui.errors import UsageError

if TYPE_CHECKING:
    import torch
    from torch import nn

_BY_LARGEST = (
    "SpectralNorm divides the values by their largest singular value: what differs by a factor "
    "alone starts alike"
)
_CLOSE = 1e-3
"""Largest difference, relative to the largest value, of two weights that count as one."""


def makers_of(module: nn.Module, key: str) -> dict[str, nn.Parameter]:
    """Return the parameters that a tensor of a module is made from, by their names in the module.

    Those of `torch.nn.utils.parametrize`, and of weight_norm, spectral_norm and pruning in their
    old form, which have a hook. {} for a plain parameter.
    """
    made = getattr(module, "parametrizations", None)
    if made is not None and key in made:
        return {f"parametrizations.{key}.{name}": p for name, p in made[key].named_parameters()}
    names = (f"{key}_g", f"{key}_v", f"{key}_orig")
    found = {name: module._parameters.get(name) for name in names}
    return {name: p for name, p in found.items() if p is not None}


def shape_of(module: nn.Module, key: str) -> tuple[int, ...]:
    """Return the shape of a tensor that other parameters make."""
    for end in ("_v", "_orig"):
        old = module._parameters.get(f"{key}{end}")
        if old is not None:
            return tuple(old.shape)
    return tuple(getattr(module, key).shape)


def write(module: nn.Module, key: str, values: torch.Tensor) -> str:
    """Make a module compute with ``values``; return what it takes away of them, "" if nothing.

    Raises:
        UsageError: what makes the tensor can't make it from given values.
    """
    made = getattr(module, "parametrizations", None)
    if made is None or key not in made:
        return _write_old(module, key, values)
    from torch.nn.utils import parametrizations

    steps = made[key]
    kinds = " and ".join(type(step).__name__.lstrip("_") for step in steps)
    if len(steps) == 1 and isinstance(steps[0], parametrizations._WeightNorm):
        _write_norm(steps.original0, steps.original1, values, steps[0].dim)
        return _difference(getattr(module, key), values, kinds)
    if not all(hasattr(step, "right_inverse") for step in steps):
        raise UsageError(
            f"{kinds} makes the {key} and has no right_inverse: it can't be written, and stays "
            "as built"
        )
    try:
        setattr(module, key, values.to(getattr(module, key)))
    except (RuntimeError, ValueError, NotImplementedError) as error:
        said = str(error).strip().splitlines() or [type(error).__name__]
        raise UsageError(
            f"{kinds} makes the {key} and doesn't take these values ({said[0][:120]}): it stays as "
            "built"
        ) from None
    return _difference(getattr(module, key), values, kinds)


def _write_old(module: nn.Module, key: str, values: torch.Tensor) -> str:
    """Write what a hook of the old form makes the tensor from before each forward."""
    parameters = module._parameters
    direction, size = parameters.get(f"{key}_v"), parameters.get(f"{key}_g")
    if direction is not None and size is not None:
        _write_norm(size, direction, values, _old_dim(module, key))
        return ""
    original = parameters[f"{key}_orig"]
    assert original is not None
    original.copy_(values)
    mask = module._buffers.get(f"{key}_mask")
    if mask is not None:
        return "" if bool(mask.all()) else "what is pruned of the values stays 0"
    if not bool(values.any()):
        return "SpectralNorm makes NaN of these values"
    return _BY_LARGEST


def _old_dim(module: nn.Module, key: str) -> int:
    for hook in module._forward_pre_hooks.values():
        if getattr(hook, "name", None) == key and hasattr(hook, "dim"):
            return int(hook.dim)
    return 0


def _write_norm(
    size: torch.Tensor, direction: torch.Tensor, values: torch.Tensor, dim: int
) -> None:
    """Write g and v of g × v/‖v‖; where the values are 0, v stays, for it can't be 0."""
    import torch

    values = values.to(direction)
    norm = torch.norm_except_dim(values, 2, dim)
    direction.copy_(torch.where(norm == 0, direction, values))
    size.copy_(norm)


def _difference(made: torch.Tensor, wanted: torch.Tensor, kinds: str) -> str:
    """Say what else than the values that were written a layer computes with, if it does."""
    wanted = wanted.to(made)
    if not bool(made.isfinite().all()):
        return f"{kinds} makes NaN of these values"
    largest = float(wanted.abs().max()) if wanted.numel() else 0.0
    if float((made - wanted).abs().max() if wanted.numel() else 0) <= _CLOSE * largest:
        return ""
    return _BY_LARGEST if kinds == "SpectralNorm" else f"{kinds} makes other values of them"
