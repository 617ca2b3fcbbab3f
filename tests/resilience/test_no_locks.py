"""Where files can't be locked: a run is still written by one process, and everybody knows it."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import pytest

from inittui.experiment.records import Experiment
from inittui.runs import Holder, RunDirectory, create_run, list_runs, load_state
from inittui.runs.lock import read_holder
from tests.support.beating import beating

_NO_LOCKS = """
import errno, fcntl, os, sys
number = getattr(errno, sys.argv[1])
real = fcntl.flock
def flock(descriptor, kind):
    if not os.readlink(f"/proc/self/fd/{descriptor}").endswith("writer.lock"):
        return real(descriptor, kind)  # of the data's cache, which lies elsewhere
    raise OSError(number, os.strerror(number))
fcntl.flock = flock
"""

_COMMAND = """
sys.argv[:2] = ["inittui"]
from inittui.cli.entry import main
main()
"""

_WRITE = """
from pathlib import Path
from inittui.events.records import Noted
from inittui.runs import LogWriter, RunBusyError, RunDirectory
try:
    with LogWriter(RunDirectory(Path(sys.argv[2]))) as log:
        log.write(Noted(message="mine"))
        print("writing", log.remark, flush=True)
        sys.stdin.read()
except RunBusyError as error:
    print("refused", error, flush=True)
"""

ERRORS = ["ENOSYS", "ENOLCK", "EOPNOTSUPP", "EIO", "EACCES"]


def _start(code: str, *arguments: object) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", _NO_LOCKS + code, *map(str, arguments)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def _inittui(error: str, *arguments: object) -> tuple[int, str, str]:
    process = _start(_COMMAND, error, *arguments)
    out, err = process.communicate(timeout=120)
    assert "Traceback" not in err
    return process.returncode, out, err


@contextmanager
def _writer(error: str, run: RunDirectory) -> Iterator[tuple[subprocess.Popen[str], str]]:
    process = _start(_WRITE, error, run.path)
    assert process.stdout is not None
    assert process.stdin is not None
    try:
        yield process, process.stdout.readline()
    finally:
        process.stdin.close()
        process.wait()
        process.stdout.close()


@pytest.fixture
def run(tmp_path: Path) -> RunDirectory:
    return create_run(tmp_path / "runs", Experiment())


@pytest.mark.parametrize("error", ERRORS)
def test_one_writes_and_all_others_know(run: RunDirectory, error: str) -> None:
    there = ("--runs-dir", run.path.parent)
    with _writer(error, run) as (process, said):
        assert said.startswith("writing files can't be locked in")
        assert os.strerror(getattr(errno, error)) in said
        with _writer(error, run) as (_, second):
            assert second.startswith(f"refused run {run.id} is being written by pid {process.pid}")
        assert "running" in _inittui(error, "runs", "list", *there)[1]
        code, _, err = _inittui(error, "runs", "rm", "last", "--yes", *there)
        assert (code, f"is being written by pid {process.pid}" in err) == (2, True)
        code, _, err = _inittui(error, "runs", "resume", "last", *there)
        assert (code, f"is being written by pid {process.pid}" in err) == (2, True)
        assert _inittui(error, "runs", "stop", "last", *there)[0] == 0
        assert process.wait(20) == -signal.SIGTERM
    # It is dead now, and left its note.
    assert read_holder(run) is not None
    assert "lost" in _inittui(error, "runs", "list", *there)[1]
    with _writer(error, run) as (_, said):
        assert said.startswith("writing")
    assert not run.holder_file.exists()
    assert not run.beat_file.exists()
    assert _inittui(error, "runs", "rm", "last", "--yes", *there)[0] == 0
    assert not run.path.exists()


def test_of_many_who_begin_in_the_same_moment_one_goes_on(run: RunDirectory) -> None:
    processes = [_start(_WRITE, "ENOSYS", run.path) for _ in range(4)]
    said = []
    for process in processes:
        assert process.stdout is not None
        said.append(process.stdout.readline().split()[0])
    assert sorted(said) == ["refused", "refused", "refused", "writing"]
    for process in processes:
        process.communicate()


def test_a_run_is_trained_and_says_so_once(run: RunDirectory, tmp_path: Path) -> None:
    root = tmp_path / "trained"
    options = ("--limit", 1000, "--epochs", 1, "--hidden", 8, "-q", "--runs-dir", root)
    code, out, err = _inittui("ENOLCK", "compare", "rule", *options)
    assert code == 0, err
    assert err.count("files can't be locked in") == 1
    assert " ".join(out.split()).count("files can't be locked in") == 1  # as all notes
    (listing,) = list_runs(root)
    assert listing.status == "finished"
    state, damage = load_state(RunDirectory(root / listing.id))
    assert sum("can't be locked" in note for note in state.notes) == 1
    assert not damage.messages()


def test_a_note_of_a_process_id_that_is_anothers_now_is_no_writer(run: RunDirectory) -> None:
    with _writer("ENOSYS", run):
        note = read_holder(run)
        assert note is not None
    other = msgspec.structs.replace(note, pid=os.getpid())  # this process started at another time
    run.holder_file.write_bytes(msgspec.json.encode(other))
    assert "lost" in _inittui("ENOSYS", "runs", "list", "--runs-dir", run.path.parent)[1]
    rebooted = Holder(**{**msgspec.structs.asdict(note), "machine": "another boot"})
    with beating(run, rebooted):
        code, _, err = _inittui("ENOSYS", "runs", "stop", "last", "--runs-dir", run.path.parent)
        assert (code, "stop it there" in err) == (2, True)
    assert "lost" in _inittui("ENOSYS", "runs", "list", "--runs-dir", run.path.parent)[1]


def test_a_writer_whose_run_was_taken_over_stops_writing(run: RunDirectory) -> None:
    code = _WRITE.replace(
        "sys.stdin.read()",
        """sys.stdin.readline()
        try:
            log.write(Noted(message="too late"))
        except Exception as error:
            print(error, flush=True)
        sys.stdin.read()""",
    )
    process = _start(code, "ENOSYS", run.path)
    assert process.stdout is not None
    assert process.stdin is not None
    assert process.stdout.readline().startswith("writing")
    run.holder_file.write_bytes(msgspec.json.encode(Holder(host="elsewhere", pid=1, since=0.0)))
    time.sleep(2.5)
    process.stdin.write("\n")
    process.stdin.flush()
    assert "another process has taken the run over" in process.stdout.readline()
    process.communicate()
    assert b"too late" not in run.log.read_bytes()
    assert run.holder_file.exists()
