"""The memory of a device: what is free, what a trial takes, and what the system gets back."""

from __future__ import annotations

import ctypes
import math
import sys
from pathlib import Path

import torch
from torch import nn

from inittui.experiment.records import Optimizer
from inittui.models.observe import observe

_COPIES = {"adam": 4, "adamw": 4, "rmsprop": 3, "sgd": 2}
"""Values kept per parameter: itself, its gradient, the optimizer's moments."""

_SHARE = 0.8
"""Part of the free memory that stacks may plan with; the rest is for what others start."""

_UNLIMITED = 1 << 60
"""Control groups without a limit say so by a number near 2^63."""

_OUT_OF_MEMORY = (
    "can't allocate memory",
    "not enough memory",
    "out of memory",
    "CUBLAS_STATUS_ALLOC_FAILED",
    "CUDNN_STATUS_ALLOC_FAILED",
)
"""How the CPU's allocator, CUDA itself, its libraries and Metal say it; not all as
`torch.OutOfMemoryError`."""

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3
"""Of `mallopt`, from malloc.h."""

_LARGEST = 2**31 - 1
_LARGEST_KEPT = 32 * 2**20
"""Bytes of a block: glibc takes no more."""

_FIRST_THRESHOLD = 128 * 2**10
"""Bytes of a block that glibc begins with; it raises them as blocks are freed, until told."""


def free_memory(device: torch.device) -> int:
    """Return the bytes that a stack may plan with on ``device``."""
    if device.type == "cuda":
        cached = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
        return int((torch.cuda.mem_get_info(device)[0] + cached) * _SHARE)
    # Of the machine, and of a container, which psutil doesn't look at.
    limits = [*_machine_limit(), *_group_limits()]
    return int(min(limits, default=_UNLIMITED) * _SHARE)


def _machine_limit() -> list[int]:
    """Return what the machine has left; nothing where it doesn't tell, as without /proc."""
    import psutil

    try:
        return [psutil.virtual_memory().available]
    except OSError:
        return []


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
    return any(words in str(error) for words in _OUT_OF_MEMORY)


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
    """Return the bytes that all leaf modules give for ``rows`` samples: values and gradients.

    ``example`` is a batch [n, *input_shape].
    """
    units: list[int] = []

    def note(_name: str, module: nn.Module, output: object) -> None:
        if isinstance(output, torch.Tensor) and next(module.children(), None) is None:
            units.append(math.prod(output.shape[1:]))

    observe(model, example, note)
    return 2 * rows * sum(units) * torch.empty((), dtype=dtype).element_size()


def keep_freed_memory() -> bool:
    """Keep what the process frees for its next blocks; return whether the system lets it.

    It holds for the whole process, so it is for those that do nothing but train.

    Source: mallopt(3) of the GNU C library; other libraries are left as they are.
    """
    # glibc gives large freed blocks back to the system and asks for them again at the next step.
    # Each page is then cleared at its first use: 3,000 to 20,000 faults and 10 to 25 % of the time
    # of a step of convolutions; about 100 faults are left where it keeps them.
    return _set_thresholds(_LARGEST_KEPT, _LARGEST)


def give_back_freed_memory() -> bool:
    """Give what the process frees back to the system; return whether it lets that be said.

    It is for those that build models and pass once through them: what one of them needed is of
    no use for the next.

    Source: mallopt(3) of the GNU C library; other libraries are left as they are.
    """
    return _set_thresholds(_FIRST_THRESHOLD, _FIRST_THRESHOLD)


def _set_thresholds(mapped: int, trimmed: int) -> bool:
    if not sys.platform.startswith("linux"):
        return False
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError):
        return False
    wanted = ((_MMAP_THRESHOLD, mapped), (_TRIM_THRESHOLD, trimmed))
    return all(mallopt(ctypes.c_int(what), ctypes.c_int(value)) == 1 for what, value in wanted)
