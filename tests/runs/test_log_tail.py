"""The log while it is written: a reader follows, a killed writer loses nothing."""

from __future__ import annotations

import subprocess
import sys

import pytest

from inittui.events.records import Event, RunStarted, StepLosses, encode
from inittui.runs import (
    LogTail,
    LogWriter,
    RunDirectory,
    list_runs,
    read_log,
)
from tests.support.runs import EXPERIMENT, NOTE, OTHER


def test_a_tail_reads_whole_lines_as_they_come(run: RunDirectory) -> None:
    tail = LogTail(run.log)
    assert tail.poll() == []
    line = encode(OTHER)
    with run.log.open("ab", buffering=0) as file:
        file.write(encode(NOTE) + line[:7])
        assert tail.poll() == [NOTE]
        file.write(line[7:-1])
        assert tail.poll() == []
        file.write(line[-1:])
        assert tail.poll() == [OTHER]
        assert tail.poll() == []
        file.write(b"garbage\n" + encode(NOTE))
        assert tail.poll() == [NOTE]
    assert tail.damage.skipped == 1
    assert tail.generation == 0


def test_a_tail_starts_over_where_the_log_was_replaced_or_cut(run: RunDirectory) -> None:
    tail = LogTail(run.log)
    run.log.write_bytes(encode(NOTE) * 3)
    assert tail.poll() == [NOTE] * 3
    run.log.write_bytes(encode(OTHER))
    assert (tail.poll(), tail.generation) == ([OTHER], 1)
    beside = run.path / "beside"
    beside.write_bytes(encode(NOTE) * 9)
    beside.replace(run.log)
    assert (tail.poll(), tail.generation) == ([NOTE] * 9, 2)
    run.log.unlink()
    assert tail.poll() == []


def test_a_tail_takes_a_long_log_in_parts(run: RunDirectory) -> None:
    events: list[Event] = [
        StepLosses(trial=0, first=i * 1000, values=(0.123456789,) * 1000) for i in range(1000)
    ]
    run.log.write_bytes(b"".join(map(encode, events)))
    tail = LogTail(run.log)
    read: list[Event] = []
    polls = 0
    while more := tail.poll():
        read += more
        polls += 1
    assert read == events
    assert polls > 1


_WRITE_MANY = """
import sys
from pathlib import Path
from inittui.events.records import StepLosses
from inittui.runs import LogWriter, RunDirectory
with LogWriter(RunDirectory(Path(sys.argv[1]))) as log:
    for i in range(int(sys.argv[2])):
        log.write(StepLosses(trial=i % 7, first=i, values=(i / 3,) * (i % 50)))
        print(i, flush=True)
"""


def test_a_log_is_read_while_it_is_written(run: RunDirectory) -> None:
    count = 3_000
    process = subprocess.Popen(
        [sys.executable, "-c", _WRITE_MANY, str(run.path), str(count)], stdout=subprocess.DEVNULL
    )
    tail = LogTail(run.log)
    read: list[Event] = []
    while process.poll() is None:
        read += tail.poll()
        if run.log.exists():
            reading = read_log(run.log)
            assert not reading.damage.is_damaged
            assert len(reading.events) >= len(read)
    read += tail.poll()
    assert [event.first for event in read if isinstance(event, StepLosses)] == list(range(count))


@pytest.mark.parametrize("after", [1, 17, 400])
def test_what_was_acknowledged_outlives_a_kill(run: RunDirectory, after: int) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", _WRITE_MANY, str(run.path), "1000000"], stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    acknowledged = [int(process.stdout.readline()) for _ in range(after)]
    process.kill()
    acknowledged += [int(line) for line in process.stdout.read().split()]
    process.stdout.close()
    process.wait()
    reading = read_log(run.log)
    assert not reading.damage.is_damaged
    kept = [event.first for event in reading.events if isinstance(event, StepLosses)]
    assert kept == list(range(len(kept)))
    assert len(kept) >= len(acknowledged)
    assert list_runs(run.path.parent)[0].status == "lost"
    with LogWriter(run) as log:
        log.write(RunStarted(run=run.id, experiment=EXPERIMENT, trials=(), steps_per_epoch=1,
                             device="cpu"))  # fmt: skip
    assert len(read_log(run.log).events) == len(kept) + 1
