"""Which device a run trains on, and what keeps it exact there."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager

import torch

from inittui.errors import MachineError, UsageError
from inittui.text import sanitize


def choose_device(name: str) -> torch.device:
    """Return the device for auto, cpu, cuda, cuda:N or mps; auto takes the fastest there is.

    Raises:
        UsageError: not the name of a device.
        MachineError: this machine has no such device.
    """
    if name == "auto":
        if torch.cuda.is_available():
            return torch.device("cuda:0")
        return torch.device("mps" if torch.backends.mps.is_available() else "cpu")
    if not re.fullmatch(r"cpu|mps|cuda(:\d{1,3})?", name):
        raise UsageError(
            f"there is no device '{sanitize(name, 40)}'; choose auto, cpu, cuda, cuda:N or mps"
        )
    if name.startswith("cuda"):
        return _cuda(name)
    if name == "mps" and not torch.backends.mps.is_available():
        raise MachineError("this machine has no MPS device; use --device cpu")
    return torch.device(name)


def _cuda(name: str) -> torch.device:
    count = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if count == 0:
        raise MachineError("this machine has no CUDA device that PyTorch can use; use --device cpu")
    device = torch.device(name if ":" in name else "cuda:0")
    if device.index >= count:
        raise MachineError(
            f"there is no device {name}; this machine has cuda:0 to cuda:{count - 1}"
        )
    return device


def device_title(device: torch.device) -> str:
    """Return the device's name for people."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    if device.type != "cpu":
        return device.type
    threads = torch.get_num_threads()
    return "1 thread" if threads == 1 else f"{threads} threads"


def synchronize(device: torch.device) -> None:
    """Wait until the device has done all that was asked; the CPU always has."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    elif device.type == "mps":
        torch.mps.synchronize()


@contextmanager
def exact(device: torch.device) -> Iterator[None]:
    """Make CUDA repeat itself bitwise and multiply in full float32; the CPU does so anyway."""
    if device.type != "cuda":
        yield
        return
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    before = (
        torch.are_deterministic_algorithms_enabled(),
        torch.is_deterministic_algorithms_warn_only_enabled(),
        torch.backends.cudnn.allow_tf32,
        torch.backends.cuda.matmul.allow_tf32,
    )
    torch.use_deterministic_algorithms(True, warn_only=True)
    torch.backends.cudnn.allow_tf32 = torch.backends.cuda.matmul.allow_tf32 = False
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(before[0], warn_only=before[1])
        torch.backends.cudnn.allow_tf32, torch.backends.cuda.matmul.allow_tf32 = before[2:]
