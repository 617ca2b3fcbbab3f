"""The log's writer where the disk fails it: told at once, whole lines, never a merged one."""

from __future__ import annotations

import os

import pytest

from inittui.events.records import Noted, RunEnded
from inittui.runs import (
    LogWriteError,
    LogWriter,
    RunDirectory,
    read_log,
)
from tests.support.commands import python
from tests.support.runs import NOTE, OTHER

_FILL_THE_DISK = """
import resource, sys
from pathlib import Path
from inittui.events.records import Noted
from inittui.runs import LogWriteError, LogWriter, RunDirectory
limit = int(sys.argv[2])
resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
with LogWriter(RunDirectory(Path(sys.argv[1]))) as log:
    written = 0
    try:
        while True:
            log.write(Noted(at=1.0, message=f"{written} " + "x" * 100))
            written += 1
    except LogWriteError as error:
        print(error)
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    log.write(Noted(at=1.0, message="there is room again"))
    print(written)
"""


@pytest.mark.parametrize("limit", [300, 1000, 1024, 1337, 2048])
def test_a_full_disk_is_told_and_leaves_whole_lines(run: RunDirectory, limit: int) -> None:
    done = python(_FILL_THE_DISK, str(run.path), str(limit))
    message, written = done.stdout.splitlines()
    assert message == f"run {run.id}: the log can't be written: File too large"
    assert done.stderr == ""
    reading = read_log(run.log)
    assert len(reading.events) == int(written) + 1
    assert not reading.damage.messages()


def test_a_partial_write_that_cannot_be_cut_back_is_cancelled(
    run: RunDirectory, monkeypatch: pytest.MonkeyPatch
) -> None:
    real_write = os.write

    def short_then_full(descriptor: int, content: bytes) -> int:
        if len(content) > 10:
            return real_write(descriptor, content[:10])
        raise OSError(28, "No space left on device")

    def refuse(descriptor: int, size: int) -> None:
        raise OSError(5, "Input/output error")

    with LogWriter(run) as log:
        log.write(NOTE)
        with monkeypatch.context() as patch:
            patch.setattr(os, "write", short_then_full)
            patch.setattr(os, "ftruncate", refuse)
            long = Noted(at=3.0, message="y" * 40)
            with pytest.raises(LogWriteError, match="No space left"):
                log.write(long)
        log.write(OTHER)
    reading = read_log(run.log)
    assert reading.events == [NOTE, OTHER]
    assert not reading.damage.is_damaged
    assert reading.damage.torn == 1


def test_a_failure_at_the_end_is_told_once(
    run: RunDirectory, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: int) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "fsync", refuse)
    end = RunEnded(status="finished", seconds=1.0, wall_seconds=1.0)
    with LogWriter(run) as log, pytest.raises(LogWriteError, match="Input/output error"):
        log.write(end)
    with pytest.raises(LogWriteError), LogWriter(run) as log:
        log.write(NOTE)
    with LogWriter(run):  # and the lock was given back each time
        pass


def test_a_directory_that_vanished_is_noticed(run: RunDirectory) -> None:
    with LogWriter(run) as log:
        log.write(NOTE)
        for path in run.path.iterdir():
            path.unlink()
        run.path.rmdir()
        with pytest.raises(LogWriteError, match="it was removed"):
            log.write(OTHER)
    with pytest.raises(LogWriteError, match="its directory is gone"), LogWriter(run):
        pass
    assert not run.path.exists()
