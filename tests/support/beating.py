"""A writer of another machine, as far as it is seen from here: a note and a heartbeat."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import msgspec

from inittui.runs import Holder, RunDirectory

ELSEWHERE = Holder(host="elsewhere", pid=1, since=0.0)


@contextmanager
def beating(run: RunDirectory, holder: Holder = ELSEWHERE) -> Iterator[Holder]:
    """Have a run written by another machine's process; its note stays when it dies at the end."""
    run.holder_file.write_bytes(msgspec.json.encode(holder))
    ended = threading.Event()

    def beat() -> None:
        count = 0
        while not ended.is_set():
            run.beat_file.write_text(f"{count:020d}\n")
            count += 1
            ended.wait(0.2)

    thread = threading.Thread(target=beat)
    thread.start()
    try:
        yield holder
    finally:
        ended.set()
        thread.join()
