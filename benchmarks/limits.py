"""What bounds a step: the machine's own matrix peak, and the products of a step, alone."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import FlopCounterMode

from benchmarks.peers import Peer

_SIDE, _TIMES = 1_024, 5

_PRODUCTS = {
    getattr(torch.ops.aten, name).default
    for name in ("mm", "addmm", "bmm", "baddbmm", "convolution", "convolution_backward")
}


def peak() -> Peer:
    """A peer that gives the seconds of one float32 product of `PEAK_OPERATIONS`."""
    left, right = torch.rand(_SIDE, _SIDE), torch.rand(_SIDE, _SIDE)
    out = torch.empty(_SIDE, _SIDE)

    def run() -> float:
        began = time.perf_counter()
        for _ in range(_TIMES):
            torch.mm(left, right, out=out)
        return (time.perf_counter() - began) / _TIMES

    return run


PEAK_OPERATIONS = 2 * _SIDE**3


class _Products(TorchDispatchMode):
    def __init__(self) -> None:
        super().__init__()
        self.calls: list[tuple[Any, tuple[Any, ...], dict[str, Any]]] = []

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        if func in _PRODUCTS:
            self.calls.append((func, args, kwargs or {}))
        return func(*args, **kwargs or {})


def products_of(work: Callable[[], object], times: int) -> tuple[Peer, int]:
    """Do ``work`` once; return a peer that does its matrix products and convolutions alone.

    Returns:
        the peer, which gives the seconds of one repetition of ``times``; how many operations.
    """
    with FlopCounterMode(display=False) as counter:
        work()
    with _Products() as products:
        work()

    @torch.no_grad()
    def run() -> float:
        began = time.perf_counter()
        for _ in range(times):
            for func, args, kwargs in products.calls:
                func(*args, **kwargs)
        return (time.perf_counter() - began) / times

    return run, counter.get_total_flops()
