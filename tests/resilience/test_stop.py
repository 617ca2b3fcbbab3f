"""`inittui runs stop` ends the process that writes a run, and never another one."""

from __future__ import annotations

import fcntl
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

import msgspec
import pytest

from inittui.errors import MachineError, UsageError
from inittui.experiment.records import Experiment
from inittui.runs import Holder, LogWriter, RunDirectory, create_run, load_state
from inittui.runs.launch import start_worker, stop_worker
from tests.support.beating import beating
from tests.support.commands import wait_until
from tests.support.processes import Launcher


@pytest.fixture
def run(tmp_path: Path) -> RunDirectory:
    made = create_run(tmp_path / "runs", Experiment())
    made.log.write_bytes(b"")
    made.lock.write_bytes(b"")
    return made


@pytest.fixture
def innocent() -> Iterator[subprocess.Popen[bytes]]:
    """A process that has nothing to do with any run."""
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    yield process
    process.kill()
    process.wait()


def _note(run: RunDirectory, pid: int, host: str | None = None) -> None:
    holder = Holder(host=socket.gethostname() if host is None else host, pid=pid, since=1.0)
    run.holder_file.write_bytes(msgspec.json.encode(holder))


@contextmanager
def _held_lock(run: RunDirectory) -> Iterator[None]:
    """Lock as a writer does that has not left its note yet."""
    with run.lock.open("r+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


@pytest.fixture
def signalled() -> Iterator[list[object]]:
    """Everything that would have been signalled; nothing is."""
    calls: list[object] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "kill", lambda *a: calls.append(a))
        patch.setattr(signal, "pidfd_send_signal", lambda *a: calls.append(a))
        yield calls


def test_after_a_reboot_the_pid_is_somebody_else_s(
    run: RunDirectory, innocent: subprocess.Popen[bytes], signalled: list[object]
) -> None:
    _note(run, innocent.pid)
    with pytest.raises(UsageError, match="isn't running"):
        stop_worker(run)
    assert not signalled


def test_a_stale_note_beside_a_held_lock_is_not_believed(
    run: RunDirectory, innocent: subprocess.Popen[bytes], signalled: list[object]
) -> None:
    """The next writer has the lock and not yet replaced the note of one that was killed."""
    _note(run, innocent.pid)
    with _held_lock(run), pytest.raises(UsageError, match="another process than pid"):
        stop_worker(run)
    assert not signalled


@pytest.mark.parametrize("pid", [2**22 + 1, 2**31 - 1])
def test_a_pid_that_no_process_has(run: RunDirectory, pid: int, signalled: list[object]) -> None:
    _note(run, pid)
    with _held_lock(run), pytest.raises(UsageError, match="another process than pid"):
        stop_worker(run)
    assert not signalled


@pytest.mark.parametrize("pid", [0, -1, -(2**31), 2**31, 10**30])
def test_a_pid_that_means_a_group_of_processes_or_nothing(
    run: RunDirectory, pid: int, signalled: list[object]
) -> None:
    _note(run, pid)
    with _held_lock(run), pytest.raises(UsageError, match="left no note"):
        stop_worker(run)
    assert not signalled


@pytest.mark.parametrize("is_held", [True, False])
def test_another_host_s_process_is_named_and_left_alone(
    run: RunDirectory,
    innocent: subprocess.Popen[bytes],
    signalled: list[object],
    is_held: bool,
) -> None:
    there = Holder(host="elsewhere\x1b[2J", pid=innocent.pid, since=1.0)
    told = pytest.raises(UsageError, match=r"on host elsewhere.*stop it there")
    alive = beating(run, there)
    with _held_lock(run) if is_held else nullcontext(), alive, told as raised:
        stop_worker(run)
    assert "\x1b" not in str(raised.value)
    assert not signalled


def test_a_lock_without_a_note_names_nobody(run: RunDirectory, signalled: list[object]) -> None:
    for content in (None, b"", b"{", b'{"host":1}', b"[" * 100_000):
        if content is not None:
            run.holder_file.write_bytes(content)
        with _held_lock(run), pytest.raises(UsageError, match="left no note"):
            stop_worker(run)
    assert not signalled


def test_another_user_s_process_is_named(
    run: RunDirectory, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError

    monkeypatch.setattr(signal, "pidfd_send_signal", refuse)
    with LogWriter(run), pytest.raises(MachineError, match="another user's process"):
        stop_worker(run)


def test_a_detached_run_ends_in_order_and_can_be_resumed(inittui: Launcher, tmp_path: Path) -> None:
    root = tmp_path / "runs"
    options = ("--hidden", "64", "--limit", "5000", "--epochs", "25", "--runs-dir", root)
    started = inittui.run("compare", "rule", "default", *options, "--detach")
    assert started.code == 0, started.err
    run = RunDirectory(root / started.out.strip())
    again = inittui.run("runs", "resume", run.id, "--runs-dir", root)
    assert again.code == 2
    assert "is being written by pid" in again.err
    stopped = inittui.run("runs", "stop", run.id, "--runs-dir", root)
    assert stopped.code == 0, stopped.err
    assert "was asked to stop" in stopped.err
    wait_until(lambda: load_state(run)[0].ended is not None and not run.holder_file.exists())
    state, _ = load_state(run)
    assert state.status == "interrupted"
    assert {trial.status for trial in state.trials} == {"interrupted"}
    once_more = inittui.run("runs", "stop", run.id, "--runs-dir", root)
    assert once_more.code == 2
    assert "isn't running" in once_more.err
    worker = start_worker(run, resume=True)
    assert worker.wait(120) == 0, run.worker_log.read_text()
    assert load_state(run)[0].status == "finished"
