"""CUDA graphs: the kernels of a step, recorded once and launched as one.

A step of seven perceptrons is about forty small kernels, and launching them takes the host longer
than the GPU needs for them. A graph runs the same kernels over the same memory; so what is recorded
may depend on nothing but memory, must not wait for the device, and draws no random numbers.

Source: https://docs.pytorch.org/docs/stable/notes/cuda.html#cuda-graphs
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import Protocol

import torch

from inittui.text import sanitize

SWITCH = "INITTUI_CUDA_GRAPHS"
"""0 turns graphs off."""

Work = Callable[[], torch.Tensor]


class Graph(Protocol):
    """Recorded work."""

    result: torch.Tensor
    """What the work gave; the next replay overwrites it."""

    def replay(self) -> None:
        """Do the work once more, over the memory that it was recorded with."""


class Capturer(Protocol):
    """Records work on a device."""

    def aside(self, work: Work) -> torch.Tensor:
        """Do work as it is done before it is recorded: what it allocates once is there then."""

    def capture(self, work: Work) -> Graph:
        """Record work without doing it.

        Raises:
            RuntimeError: it can't be recorded; nothing was done.
        """


class Graphs:
    """What the stacks of a run record their steps with, until that fails once."""

    def __init__(self, capturer: Capturer | None = None) -> None:
        self.capturer = capturer
        """None: steps are taken kernel by kernel."""
        self._unsaid: list[str] = []

    def give_up(self, error: RuntimeError) -> None:
        """Take all further steps kernel by kernel, and say so once."""
        self.capturer = None
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        self._unsaid.append(
            f"steps can't be recorded as a CUDA graph and are taken kernel by kernel: "
            f"{sanitize(reason, 200)}"
        )

    def notes(self) -> Iterator[str]:
        """Yield what has not been said yet."""
        while self._unsaid:
            yield self._unsaid.pop()


def graphs_on(device: torch.device) -> Graphs:
    """Return what records steps on ``device``; on others than CUDA nothing does."""
    if device.type != "cuda" or os.environ.get(SWITCH) == "0":
        return Graphs()
    return Graphs(_OnCuda(device))


class _OnCuda:
    """Works on a stream of its own, which capturing needs, so that warm-up and graph share it."""

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self._stream = torch.cuda.Stream(device)

    def aside(self, work: Work) -> torch.Tensor:
        here = torch.cuda.current_stream(self._device)
        self._stream.wait_stream(here)
        with torch.cuda.stream(self._stream):
            result = work()
        here.wait_stream(self._stream)
        return result

    def capture(self, work: Work) -> Graph:
        here = torch.cuda.current_stream(self._device)
        graph = torch.cuda.CUDAGraph()
        # The outer stream is for a capture that fails: torch.cuda.graph would leave its own set.
        # Other threads may use the device in the meantime: only what this one does is refused.
        with (
            torch.cuda.stream(here),
            torch.cuda.graph(graph, stream=self._stream, capture_error_mode="thread_local"),
        ):
            result = work()
        return _CudaGraph(graph, result)


class _CudaGraph:
    def __init__(self, graph: torch.cuda.CUDAGraph, result: torch.Tensor) -> None:
        self._graph = graph
        self.result = result

    def replay(self) -> None:
        self._graph.replay()
