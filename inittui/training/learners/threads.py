"""Models computed side by side, each by threads of its own.

A model of small tensors can't use all cores at once: every operation is split, waited for and put
together. Where there are several models, each thread computes one of them alone. Nobody waits for
the slowest of a step: who is done begins the next one.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import torch

Task = Callable[[], None]


class SideBySide:
    """Chains of tasks: those of one chain are done in their order, different chains at once."""

    def __init__(self, threads: int) -> None:
        self._threads = threads
        self._pool = ThreadPoolExecutor(threads)
        self._waiting: dict[int, deque[Task]] = {}
        """For each chain at work its tasks that are not begun."""
        self._left = 0
        self._changed = threading.Condition()
        self._error: BaseException | None = None

    def add(self, tasks: list[Task]) -> None:
        """Put a task at the end of each of the chains 0, 1, …; all share the threads evenly."""
        share = max(self._threads // max(len(tasks), 1), 1)

        def shared(task: Task) -> Task:
            def run() -> None:
                torch.set_num_threads(share)  # of operations that this thread begins
                task()

            return run

        with self._changed:
            for chain, task in enumerate(tasks):
                self._left += 1
                if chain in self._waiting:
                    self._waiting[chain].append(shared(task))
                else:
                    self._waiting[chain] = deque()
                    self._pool.submit(self._run, chain, shared(task))

    def wait(self, left: int = 0) -> None:
        """Wait until at most so many tasks are ``left``.

        Raises:
            Whatever the first task to fail raised, when all that was begun has ended; what was
            not begun is dropped, as it is where Ctrl-C ends the waiting.
        """
        with self._changed:
            try:
                self._changed.wait_for(lambda: self._left <= (0 if self._error else left))
            except KeyboardInterrupt as interrupt:
                self._error = interrupt
                raise
            error, self._error = self._error, None
            idle = self._left == 0
        if idle:
            torch.set_num_threads(self._threads)  # for threads that are made from here on
        if error is not None:
            raise error

    def _run(self, chain: int, task: Task) -> None:
        error: BaseException | None = None
        try:
            if self._error is None:
                task()
        except BaseException as raised:  # noqa: BLE001
            error = raised
        with self._changed:
            self._error = self._error or error
            self._left -= 1
            if self._waiting[chain]:
                self._pool.submit(self._run, chain, self._waiting[chain].popleft())
            else:
                del self._waiting[chain]
            self._changed.notify_all()
