"""Seats on the nodes of a Ray cluster: an actor each, which holds the process that trains.

The process is the same as on one machine, and so are its messages; the actor hands them on. Ray
itself repeats nothing: its own retries would silently lose or double events, which are cut by the
clock. Whether a stack is begun again is the driver's decision.
"""

from __future__ import annotations

import contextlib
import hashlib
import queue
import threading
from pathlib import Path
from typing import Any

from inittui.training.cluster import connect
from inittui.training.seats.messages import (
    Answer,
    Data,
    FromSeat,
    Lost,
    ToSeat,
    answer_of,
    as_bytes,
)

_UNREAD = 8
"""Answers of one seat that wait to be read; then it waits."""
_LOOK_SECONDS = 0.1
_END_SECONDS = 2.0
"""For a process to end by itself, which removes the code that was sent to it."""

_put: dict[bytes, Any] = {}
"""What was put into the cluster's memory last, by its digest."""


class RaySeat:
    """One process that trains somewhere in the cluster, as `SeatProcess` is one here."""

    def __init__(
        self, name: str, threads: int, inbox: queue.Queue[Answer], *, where: str, is_gpu: bool
    ) -> None:
        """Ask the cluster for a place; what the process says is put into ``inbox``."""
        self.name = name
        self._inbox, self._is_over = inbox, False
        self._has_begun = False
        self._before: tuple[Any, ...] = ()
        """What is told with the next message."""
        self._ray = ray = connect(where)
        wanted = {"num_gpus": 1, "num_cpus": 0} if is_gpu else {"num_cpus": threads}
        actor = ray.remote(_Holder).options(
            max_restarts=0, max_task_retries=0, max_concurrency=2, **wanted
        )
        self._actor = actor.remote(threads, str(Path.cwd()))
        self._answers = self._actor.answers.options(
            num_returns="streaming", _generator_backpressure_num_objects=_UNREAD
        ).remote()
        threading.Thread(target=self._listen, daemon=True).start()

    def send(self, message: ToSeat) -> None:
        """Tell the process something; that it is gone comes as an answer."""
        content = as_bytes(message)
        with contextlib.suppress(Exception):
            if isinstance(message, Data):
                # With the next one: calls of an actor of two threads keep no order.
                self._before = (self._put(content),)
            else:
                self._actor.tell.remote(*self._before, content)
                self._before = ()

    def _put(self, content: bytes) -> Any:
        """Return a reference to what goes to every seat: it lies in the cluster's memory once."""
        key = hashlib.blake2b(content).digest()
        if key not in _put:
            _put.clear()
            _put[key] = self._ray.put(content)
        return _put[key]

    def end(self) -> None:
        """End the process at once, and forget what it has still said."""
        self._is_over = True
        with contextlib.suppress(Exception):
            if self._has_begun:  # one that waits for room in the cluster hears nothing
                self._ray.get(self._actor.end.remote(), timeout=_END_SECONDS)
        with contextlib.suppress(Exception):
            self._ray.kill(self._actor)

    def _listen(self) -> None:
        how = "its process ended"
        try:
            for reference in self._answers:
                self._has_begun = True
                self._say(answer_of(self._ray.get(reference)))
        except Exception as error:  # noqa: BLE001 (Ray's kinds of a lost worker, node or actor)
            how = type(error).__name__
        self._say(Lost(how))

    def _say(self, message: FromSeat | Lost) -> None:
        while not self._is_over:
            with contextlib.suppress(queue.Full):
                self._inbox.put(Answer(self, message), timeout=_LOOK_SECONDS)
                return


class _Holder:
    """The actor: starts the process beside itself, and dies with it."""

    def __init__(self, threads: int, folder: str) -> None:
        from inittui.training.seats.process import started

        self._process = started(threads, folder)

    def tell(self, *messages: bytes) -> None:
        assert self._process.stdin is not None
        for message in messages:
            self._process.stdin.write(message)
        self._process.stdin.flush()

    def end(self) -> None:
        """Let the process see that nobody is there any more, and wait until it is gone.

        Ray kills what an actor has started together with it.
        """
        assert self._process.stdin is not None
        with contextlib.suppress(OSError):
            self._process.stdin.close()
        self._process.wait()

    def answers(self) -> Any:
        from inittui.training.seats.messages import content_of

        assert self._process.stdout is not None
        while (content := content_of(self._process.stdout)) is not None:
            yield content
