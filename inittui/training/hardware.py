"""The device that a run trains on, what keeps it exact there, and what else decides its numbers."""

from __future__ import annotations

import os
import platform
import re
import warnings
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from importlib import metadata
from typing import Any, NamedTuple

import torch

from inittui.errors import MachineError
from inittui.experiment.devices import LOCAL, Devices, parse_devices
from inittui.experiment.records import TrainingConfig, check_device
from inittui.training import DIVISION

_WORKSPACE = "CUBLAS_WORKSPACE_CONFIG"
"""Read by cuBLAS when it is first used: of two streams, only a fixed workspace repeats itself."""

_INEXACT = re.compile(
    r"(\S+) does not have a deterministic implementation"
    r"|.*not deterministic because it uses (CuBLAS)",
    re.DOTALL,
)
"""The second is told where cuBLAS was used before its workspace was fixed."""

_ROUNDING = (
    *DIVISION,
    "MKL_ENABLE_INSTRUCTIONS",
    "MKL_NUM_THREADS",
    "OMP_DYNAMIC",
    "ONEDNN_MAX_CPU_ISA",
    "DNNL_MAX_CPU_ISA",
)
"""Variables that choose among the ways of MKL, OpenMP and oneDNN to multiply. PyTorch's own,
ATEN_CPU_CAPABILITY, is seen in the instructions that are used."""


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
    check_device(name)
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


class Place(NamedTuple):
    """Where one of several processes trains."""

    name: str
    device: str
    threads: int


def places(training: TrainingConfig) -> tuple[Place, ...]:
    """Return where the processes that share a run train; () where this one does it alone.

    Raises:
        UsageError: what was named can't be meant.
        MachineError: there is no such device or cluster, or the devices aren't alike: results
            would depend on who trained what.
    """
    named = None if training.devices is None else parse_devices(training.devices)
    if training.on != LOCAL:
        return _in_cluster(training.on, named)
    if named is None:
        return ()
    if named.processes:
        threads = max(torch.get_num_threads() // named.processes, 1)
        return tuple(Place(f"cpu {n + 1}", "cpu", threads) for n in range(named.processes))
    numbers = named.gpus or tuple(range(torch.cuda.device_count() or 1))
    gpus = [_cuda(f"cuda:{number}") for number in numbers]
    titles = {torch.cuda.get_device_name(gpu): str(gpu) for gpu in gpus}
    if len(titles) > 1:
        shown = ", ".join(f"{name} is {title}" for title, name in titles.items())
        raise MachineError(f"the devices of a run have to be alike: {shown}")
    threads = max(torch.get_num_threads() // len(gpus), 1)
    return tuple(Place(str(gpu), str(gpu), threads) for gpu in gpus)


def _in_cluster(on: str, named: Devices | None) -> tuple[Place, ...]:
    """Return a place on every GPU of a cluster, else on every core; or as many as were asked for.

    A process sees its GPU as the first one.
    """
    from inittui.training.cluster import capacity

    gpus, cores = capacity(on)
    if named is None and gpus:
        return tuple(Place(f"GPU {n + 1}", "cuda:0", 1) for n in range(gpus))
    count = named.processes if named is not None else cores
    if count > cores or not count:
        raise MachineError(f"the cluster has {cores} CPUs; --devices cpu:N takes at most so many")
    return tuple(Place(f"cpu {n + 1}", "cpu", max(cores // count, 1)) for n in range(count))


def own_device(training: TrainingConfig) -> torch.device:
    """Return the device of this process: the first of several, the CPU where others train.

    Raises:
        InittuiError: see `choose_device` and `places`.
    """
    shared = places(training)
    if training.on != LOCAL:
        return torch.device("cpu")
    return torch.device(shared[0].device) if shared else choose_device(training.device)


def where_trained(training: TrainingConfig) -> tuple[str, str]:
    """Return the device of a run, the first of several, and what each of them is.

    Raises:
        InittuiError: see `choose_device` and `places`.
    """
    shared = places(training)
    if not shared:
        device = choose_device(training.device)
        return str(device), device_title(device)
    name, threads = shared[0].device, shared[0].threads
    if name == "cpu":
        return name, threads_title(threads)
    return name, "in a cluster" if training.on != LOCAL else device_title(torch.device(name))


def device_title(device: torch.device) -> str:
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    if device.type != "cpu":
        return device.type
    return threads_title(torch.get_num_threads())


def threads_title(threads: int) -> str:
    return "1 thread" if threads == 1 else f"{threads} threads"


def synchronize(device: torch.device) -> None:
    """Wait until the device has done all that was asked; the CPU always has."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    elif device.type == "mps":
        torch.mps.synchronize()


@contextmanager
def exact(device: torch.device) -> Iterator[set[str]]:
    """Make CUDA repeat itself bitwise and multiply in full float32; the CPU does so anyway.

    Yields:
        the names of the operations, so far, that have no form on CUDA which repeats itself.
    """
    inexact: set[str] = set()
    if device.type != "cuda":
        yield inexact
        return
    with ExitStack() as stack:
        stack.enter_context(_collect_inexact(inexact))
        was = torch.are_deterministic_algorithms_enabled()
        warned = torch.is_deterministic_algorithms_warn_only_enabled()
        stack.callback(torch.use_deterministic_algorithms, was, warn_only=warned)
        torch.use_deterministic_algorithms(True, warn_only=True)
        # `allow_tf32` can't even be read where somebody has set `fp32_precision`.
        cudnn = torch.backends.cudnn
        for part in (torch.backends.cuda.matmul, cudnn.conv, cudnn.rnn):  # type: ignore[attr-defined]
            _put(stack, part, "fp32_precision", "ieee")
        # It would choose algorithms by a stopwatch.
        _put(stack, cudnn, "benchmark", False)
        # Else each new tensor is filled with NaN first.
        _put(stack, torch.utils.deterministic, "fill_uninitialized_memory", False)
        if _WORKSPACE not in os.environ:
            os.environ[_WORKSPACE] = ":4096:8"
            stack.callback(os.environ.pop, _WORKSPACE, None)
        yield inexact


def _put(stack: ExitStack, part: Any, name: str, value: object) -> None:
    """Set one of torch's switches until the stack is left."""
    stack.callback(setattr, part, name, getattr(part, name))
    setattr(part, name, value)


@contextmanager
def _collect_inexact(names: set[str]) -> Iterator[None]:
    """Collect which operations torch warns of as not deterministic, in place of the warnings."""
    show = warnings.showwarning

    def collect(message: Warning | str, *where: Any, **more: Any) -> None:
        found = _INEXACT.match(str(message))
        if found:
            names.add(found[1] or found[2])
        else:
            show(message, *where, **more)

    warnings.showwarning = collect
    try:
        yield
    finally:
        warnings.showwarning = show


def describe_inexact(names: Iterable[str]) -> str:
    """Say in a note of the run that it may not repeat itself."""
    shown = " and ".join(sorted(names))
    return f"{shown} doesn't repeat itself bitwise on this device, nor may this run"


def versions() -> dict[str, str]:
    """Return the versions of what computes."""
    return {
        "inittui": metadata.version("inittui"),
        "python": platform.python_version(),
        "torch": str(torch.__version__),
        "platform": platform.platform(),
    }


def arithmetic(training: TrainingConfig) -> dict[str, str]:
    """Return what decides how this machine's processor rounds; nothing where others train.

    The instructions that it is used with, and the variables that somebody has set which change
    how libraries multiply. The number of threads is in the device's title.
    """
    if training.on != LOCAL:
        return {}
    wishes = [f"{name}={os.environ[name]}" for name in _ROUNDING if os.environ.get(name)]
    usual = {f"{name}={value}" for name, value in DIVISION.items()}
    shown = [torch.backends.cpu.get_cpu_capability(), *(w for w in wishes if w not in usual)]
    return {"arithmetic": ", ".join(shown)}
