"""One writer a run: the second is refused, a dead one is recognised."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import pytest

from inittui.errors import MachineError
from inittui.recording.resume import open_resumption
from inittui.runs import (
    Holder,
    LogWriter,
    RunBusyError,
    RunDirectory,
    create_run,
    delete_run,
    heartbeat,
    list_runs,
    live_writer,
)
from inittui.runs.heartbeat import CHANGE_SECONDS, LOOK_SECONDS
from tests.support.beating import ELSEWHERE, beating
from tests.support.runs import EXPERIMENT, recorded_events

_WRITE_AND_WAIT = """
import sys
from pathlib import Path
from inittui.events.records import Noted
from inittui.runs import LogWriter, RunDirectory
with LogWriter(RunDirectory(Path(sys.argv[1]))) as log:
    log.write(Noted(at=1.0, message="hello"))
    print("writing", flush=True)
    sys.stdin.read()
"""


@contextmanager
def _another_writer(run: RunDirectory) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-c", _WRITE_AND_WAIT, str(run.path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdin is not None
    try:
        assert process.stdout.readline() == "writing\n"
        yield process
    finally:
        process.stdin.close()
        process.wait()
        process.stdout.close()


def test_a_second_writer_is_refused_and_told_who_writes(tmp_path: Path) -> None:
    run = create_run(tmp_path, EXPERIMENT)
    with _another_writer(run) as process:
        expected = (
            f"run {run.id} is being written by pid {process.pid} on host {socket.gethostname()}"
        )
        with pytest.raises(MachineError, match=expected), LogWriter(run):
            pass
        holder = live_writer(run)
        assert holder is not None
        assert (holder.pid, holder.is_here) == (process.pid, True)
    assert live_writer(run) is None
    with LogWriter(run) as log:
        log.write_many(recorded_events())
    assert run.log.read_bytes().count(b"hello") == 1


def test_a_second_writer_in_the_same_process_is_refused(tmp_path: Path) -> None:
    run = create_run(tmp_path, EXPERIMENT)
    with LogWriter(run), pytest.raises(MachineError, match=f"pid {os.getpid()}"), LogWriter(run):
        pass


def test_a_killed_writer_leaves_its_note_but_not_its_lock(tmp_path: Path) -> None:
    run = create_run(tmp_path, EXPERIMENT)
    with _another_writer(run) as process:
        process.kill()
        process.wait()
        assert run.holder_file.exists()
        assert live_writer(run) is None
        with LogWriter(run):
            assert live_writer(run) is not None
    assert not run.holder_file.exists()


def test_those_who_ask_don_t_see_each_other_as_writers(tmp_path: Path) -> None:
    run = create_run(tmp_path, EXPERIMENT)
    with LogWriter(run):
        pass
    seen: list[Holder | None] = []
    me = f"pid {os.getpid()} on host {socket.gethostname()}"

    def ask() -> None:
        seen.extend(live_writer(run) for _ in range(300))

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for _ in range(20):
        with LogWriter(run):  # is never refused because somebody asks
            pass
    for thread in threads:
        thread.join()
    assert {str(holder) for holder in seen if holder and holder.pid} <= {me}


def test_a_note_alone_is_no_writer_even_if_its_pid_lives(tmp_path: Path) -> None:
    run = create_run(tmp_path, EXPERIMENT)
    run.log.write_bytes(b"")
    here = Holder(host=socket.gethostname(), pid=os.getpid(), since=0.0)
    run.holder_file.write_bytes(msgspec.json.encode(here))
    assert live_writer(run) is None


def test_another_host_is_live_as_long_as_its_heart_beats(tmp_path: Path) -> None:
    run = create_run(tmp_path, EXPERIMENT)
    run.log.write_bytes(b"")
    there = Holder(host="elsewhere\x1b[31m", pid=1, since=0.0)
    with beating(run, there):
        for _ in range(3):
            assert live_writer(run, wait=True) == there
    assert "\x1b" not in str(there)
    live_writer(run)  # the last beat may have come after the last look, and is one to be seen
    assert live_writer(run, wait=True) is None
    assert live_writer(run) is None
    began = time.monotonic()
    assert live_writer(run, wait=True) is None
    assert time.monotonic() - began < 0.5  # what is known needs no wait


@pytest.mark.parametrize("ahead", [0.0, 86_400.0, 3e9])
def test_no_clock_makes_a_dead_writer_live(
    tmp_path: Path, ahead: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(heartbeat, "CHANGE_SECONDS", LOOK_SECONDS)
    run = create_run(tmp_path, EXPERIMENT)
    future = time.time() + ahead
    there = Holder(host="elsewhere", pid=1, since=future)
    run.holder_file.write_bytes(msgspec.json.encode(there))
    for path in (run.log, run.beat_file, run.lock):
        path.write_bytes(b"7\n")
        os.utime(path, (future, future))
    assert live_writer(run, wait=True) is None
    delete_run(run)
    assert not run.path.exists()


def test_a_writer_that_stood_still_is_not_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(heartbeat, "LOOK_SECONDS", 0.3)
    monkeypatch.setattr(heartbeat, "CHANGE_SECONDS", 4.0)
    run = create_run(tmp_path, EXPERIMENT)
    run.log.write_bytes(b"")
    with beating(run):
        assert live_writer(run) == ELSEWHERE
    live_writer(run)
    assert live_writer(run, wait=True) is None  # shown as lost
    with pytest.raises(MachineError, match="it was not removed; if that has stopped, try again"):
        delete_run(run, wait=False)
    threading.Timer(1, run.beat_file.write_text, ["goes on"]).start()
    with pytest.raises(MachineError, match="it was not removed"):
        delete_run(run)
    threading.Timer(1, run.beat_file.write_text, ["still"]).start()
    with pytest.raises(RunBusyError, match="was written to a moment ago"):
        open_resumption(run)
    assert heartbeat.LOOK_SECONDS < 5 < 25 < CHANGE_SECONDS


def test_who_only_looks_is_not_kept_waiting(tmp_path: Path) -> None:
    run = create_run(tmp_path, EXPERIMENT)
    run.holder_file.write_bytes(msgspec.json.encode(ELSEWHERE))
    began = time.monotonic()
    assert live_writer(run) == ELSEWHERE  # nothing was seen yet, and so it counts as alive
    assert time.monotonic() - began < 0.1
    time.sleep(LOOK_SECONDS)
    assert live_writer(run) is None
    with beating(run):
        time.sleep(0.3)
        assert live_writer(run) == ELSEWHERE


def test_all_runs_of_other_machines_are_looked_at_together(tmp_path: Path) -> None:
    made = [create_run(tmp_path, EXPERIMENT, now=1e9 + i) for i in range(4)]
    for run in made:
        run.holder_file.write_bytes(msgspec.json.encode(ELSEWHERE))
    began = time.monotonic()
    with beating(made[1]):
        statuses = {listing.id: listing.status for listing in list_runs(tmp_path)}
    assert time.monotonic() - began < 1.5 * LOOK_SECONDS
    assert [statuses[run.id] for run in made] == ["lost", "running", "lost", "lost"]


@pytest.mark.parametrize(
    "note",
    [b"", b"{", b"[" * 100_000, b'{"host":1}', b"\xff", b" " * 100_000,
     b'{"host":"x","pid":1e999,"since":0}'],
    ids=["empty", "cut", "deep", "wrong type", "binary", "huge", "no number"],
)  # fmt: skip
def test_a_damaged_note_is_no_error(tmp_path: Path, note: bytes) -> None:
    run = create_run(tmp_path, EXPERIMENT)
    run.holder_file.write_bytes(note)
    assert live_writer(run) is None
    with LogWriter(run):
        run.holder_file.write_bytes(note)
        assert str(live_writer(run)) == "another process"


def test_a_lock_that_leads_elsewhere_is_not_followed(tmp_path: Path) -> None:
    run = create_run(tmp_path / "runs", EXPERIMENT)
    target = tmp_path / "target"
    run.lock.symlink_to(target)
    with pytest.raises(MachineError), LogWriter(run):
        pass
    assert not target.exists()
    assert live_writer(run) is None
