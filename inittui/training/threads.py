"""Models computed side by side, each by threads of its own.

A model of small tensors can't use all cores at once: every operation is split, waited for and put
together. Where there are several models, each thread computes one of them alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import Any, TypeVar

import torch

Result = TypeVar("Result")


class SideBySide:
    """So many threads, for one model each; those left over at the end share the threads."""

    def __init__(self, threads: int) -> None:
        self._threads = threads
        self._pool = ThreadPoolExecutor(threads)

    def map(self, compute: Callable[..., Result], *arguments: Iterable[Any]) -> list[Result]:
        """Compute for every tuple of arguments; return the results in their order.

        Raises:
            Whatever ``compute`` raises, when all that was begun has ended.
        """
        calls = list(zip(*arguments, strict=True))
        together = len(calls) - len(calls) % self._threads
        results = self._at_once(compute, calls[:together], 1)
        left = calls[together:]
        if len(left) == 1:
            return [*results, compute(*left[0])]
        return results + self._at_once(compute, left, self._threads // max(len(left), 1))

    def _at_once(
        self, compute: Callable[..., Result], calls: list[tuple[Any, ...]], threads: int
    ) -> list[Result]:
        def run(call: tuple[Any, ...]) -> Result:
            torch.set_num_threads(threads)  # of operations that this thread begins
            return compute(*call)

        if not calls:
            return []
        begun: list[Future[Result]] = [self._pool.submit(run, call) for call in calls]
        wait(begun)
        torch.set_num_threads(self._threads)  # for threads that are made from here on
        return [future.result() for future in begun]
