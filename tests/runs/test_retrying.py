"""A disk that is full for a time: what can't be written waits, within bounds, and is told of."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from inittui.events.records import Event, Noted, RunEnded, StepLosses
from inittui.results.state import fold
from inittui.runs import LogWriter, RunDirectory, create_run, read_log
from inittui.runs.retrying import RetryingWriter
from tests.support.runs import EXPERIMENT, recorded_events


class Disk:
    """What `os.write` and `os.fsync` answer."""

    def __init__(self) -> None:
        self.error = 0
        self.room = 0
        self.fails_to_sync = False


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Disk:
    disk = Disk()
    write, fsync = os.write, os.fsync

    def limited(descriptor: int, content: bytes) -> int:
        if disk.error and len(content) > disk.room:
            raise OSError(disk.error, os.strerror(disk.error))
        disk.room -= len(content)
        return write(descriptor, content)

    def sync(descriptor: int) -> None:
        if disk.fails_to_sync:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        fsync(descriptor)

    monkeypatch.setattr(os, "write", limited)
    monkeypatch.setattr(os, "fsync", sync)
    return disk


@pytest.fixture
def run(tmp_path: Path) -> RunDirectory:
    return create_run(tmp_path / "runs", EXPERIMENT)


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def log(run: RunDirectory) -> Iterator[LogWriter]:
    with LogWriter(run) as writer:
        yield writer


@pytest.mark.parametrize("error", [errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO])
def test_what_was_measured_meanwhile_is_written_in_its_order(
    run: RunDirectory, log: LogWriter, disk: Disk, error: int
) -> None:
    clock = Clock()
    kept = RetryingWriter(log, clock=clock)
    events = recorded_events(run.id)
    for number, event in enumerate(events):
        disk.error = error if 5 <= number < 20 else 0
        clock.now = number
        kept.write(event)
        news = kept.news()
        if number == 5:
            (said,) = news
            assert os.strerror(error) in said
            assert "is kept in memory until there is room" in said
        elif number == 20:
            (said,) = news
            assert "what was measured meanwhile is in it now" in said
        else:
            assert not news
        assert (kept.failure is not None) == (5 <= number < 20)
    assert kept.sync()
    assert (kept.failure, kept.lost) == (None, 0)
    reading = read_log(run.log)
    assert reading.events == events
    assert not reading.damage.messages()


def test_a_full_disk_is_not_asked_at_every_event(
    run: RunDirectory, log: LogWriter, disk: Disk
) -> None:
    clock = Clock()
    kept = RetryingWriter(log, clock=clock)
    notes = [Noted(message=str(number)) for number in range(3)]
    disk.error = errno.ENOSPC
    kept.write(notes[0])
    disk.error = 0
    kept.write(notes[1])
    assert run.log.read_bytes() == b""
    clock.now = 1.0
    kept.write(notes[2])
    assert read_log(run.log).events == notes


def test_the_end_tries_once_more_whatever_the_clock_says(
    run: RunDirectory, log: LogWriter, disk: Disk
) -> None:
    kept = RetryingWriter(log, clock=Clock())
    events = recorded_events(run.id)
    disk.error = errno.ENOSPC
    for event in events[:-1]:
        kept.write(event)
    disk.error = 0
    kept.write(events[-1])
    assert read_log(run.log).events == events
    assert kept.failure is None


def test_a_little_room_takes_a_part(run: RunDirectory, log: LogWriter, disk: Disk) -> None:
    kept = RetryingWriter(log, clock=Clock())
    events: list[Event] = [StepLosses(trial=0, first=i, values=(float(i),)) for i in range(1000)]
    disk.error = errno.ENOSPC
    for event in events:
        kept.write(event)
    disk.room = 60_000
    assert not kept.flush()
    part = read_log(run.log).events
    assert 0 < len(part) < 1000
    assert part == events[: len(part)]
    disk.error = 0
    assert kept.flush()
    assert read_log(run.log).events == events


def test_what_waits_is_bounded_and_what_is_lost_is_counted(
    run: RunDirectory, log: LogWriter, disk: Disk
) -> None:
    kept = RetryingWriter(log, most=2_000, clock=Clock())
    events = recorded_events(run.id)
    kept.write(events[0])
    disk.error = errno.ENOSPC
    for event in events[1:-1]:
        kept.write(event)
    disk.error = 0
    kept.write(events[-1])
    assert kept.lost > 5
    said = " ".join(kept.news())
    assert f"{kept.lost:,} events are missing in the log" in said
    assert kept.failure is not None
    reading = read_log(run.log)
    assert not reading.damage.is_damaged
    assert reading.events == [*events[: -kept.lost - 1], events[-1]]  # one gap, and the end


def test_a_directory_that_is_gone_is_not_waited_for(run: RunDirectory, log: LogWriter) -> None:
    kept = RetryingWriter(log, clock=Clock())
    kept.write(Noted(message="1"))
    run.log.unlink()
    for number in range(10):
        kept.write(Noted(message=str(number)))
    kept.write(RunEnded(status="finished", seconds=1.0, wall_seconds=1.0))
    first, last = kept.news()
    assert "it was removed; training goes on, what it measures is not kept" in first
    assert last == "11 events are missing in the log"
    assert not run.log.exists()
    assert not kept.sync()


def test_a_disk_that_fails_to_sync_is_not_believed_again(log: LogWriter, disk: Disk) -> None:
    kept = RetryingWriter(log, clock=Clock())
    kept.write(Noted(message="1"))
    disk.fails_to_sync = True
    assert not kept.sync()
    assert "Input/output error; training goes on, what it measures is not kept" in kept.news()[0]
    disk.fails_to_sync = False
    assert not kept.sync()
    assert kept.failure is not None


def test_a_note_is_replaced_by_the_next_one_about_the_same() -> None:
    def notes(*events: Event) -> list[str]:
        return fold([*recorded_events()[:1], *events]).notes

    full = Noted(message="no checkpoint can be written", about="checkpoint")
    again = Noted(message="checkpoints are written again", about="checkpoint")
    other = Noted(message="something else")
    assert notes(full, other) == [full.message, other.message]
    assert notes(full, other, again) == [other.message, again.message]
    assert notes(again, full) == [full.message]
    done = RunEnded(status="finished", seconds=1.0, wall_seconds=1.0)
    assert notes(full, other, done) == [other.message]
    stopped = RunEnded(status="interrupted", seconds=1.0, wall_seconds=1.0)
    assert notes(full, other, stopped) == [full.message, other.message]
