"""How much memory a stack will take, and how much there is."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import nn

from inittui.experiment.records import Optimizer

_COPIES = {"adam": 4, "adamw": 4, "rmsprop": 3, "sgd": 2}
"""Values kept per parameter: itself, its gradient, the optimizer's moments."""

_SHARE = 0.8
"""Part of the free memory that stacks may plan with; the rest is for what others start."""

_UNLIMITED = 1 << 60
"""Control groups without a limit say so by a number near 2^63."""


def free_memory(device: torch.device) -> int:
    """Return the bytes that a stack may plan with on ``device``."""
    if device.type == "cuda":
        cached = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
        return int((torch.cuda.mem_get_info(device)[0] + cached) * _SHARE)
    limits = [_available(), *_group_limits()]
    return int(min(limits) * _SHARE)


def _available() -> int:
    try:
        for line in Path("/proc/meminfo").read_text(encoding="ascii").splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    except (OSError, ValueError):
        pass
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2


def _group_limits() -> list[int]:
    """Return what the control group of a container or batch job leaves of its limit."""
    left = []
    for limit, used in (
        ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory.current"),
        (
            "/sys/fs/cgroup/memory/memory.limit_in_bytes",
            "/sys/fs/cgroup/memory/memory.usage_in_bytes",
        ),
    ):
        try:
            bound, taken = (int(Path(name).read_text(encoding="ascii")) for name in (limit, used))
        except (OSError, ValueError):
            continue
        if bound < _UNLIMITED:
            left.append(max(bound - taken, 0))
    return left


def out_of_memory(error: BaseException) -> bool:
    """Whether an error says that an allocation failed, on any device."""
    if isinstance(error, MemoryError | torch.OutOfMemoryError):
        return True
    return "can't allocate memory" in str(error) or "not enough memory" in str(error)


def trial_bytes(
    model: nn.Module, example: torch.Tensor, rows: int, optimizer: Optimizer, dtype: torch.dtype
) -> int:
    """Estimate what one more trial adds to a stack that steps on ``rows`` samples at once.

    Parameters with their gradients and moments, and the outputs of all leaf modules, once for
    the values and once for their gradients. ``example`` is a batch [n, *input_shape].
    """
    size = torch.empty((), dtype=dtype).element_size()
    state = sum(parameter.numel() for parameter in model.parameters()) * _COPIES[optimizer]
    buffers = sum(buffer.numel() for buffer in model.buffers())
    return (state + buffers) * size + output_bytes(model, example, rows, dtype)


def output_bytes(model: nn.Module, example: torch.Tensor, rows: int, dtype: torch.dtype) -> int:
    """Return the bytes that all leaf modules give for ``rows`` samples: values and gradients."""
    size = torch.empty((), dtype=dtype).element_size()
    return 2 * rows * sum(_output_units(model, example)) * size


def _output_units(model: nn.Module, example: torch.Tensor) -> Sequence[int]:
    """Run the model once; return the values per sample that each leaf module gives."""
    units: list[int] = []

    def note(_module: nn.Module, _inputs: Any, output: Any) -> None:
        if isinstance(output, torch.Tensor):
            units.append(math.prod(output.shape[1:]))

    leaves = [module for module in model.modules() if not list(module.children())]
    hooks = [leaf.register_forward_hook(note) for leaf in leaves]
    training = model.training
    model.eval()
    try:
        with torch.no_grad():
            model(example)
    finally:
        for hook in hooks:
            hook.remove()
        model.train(training)
    return units
