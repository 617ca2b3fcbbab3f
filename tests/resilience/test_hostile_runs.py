"""Run directories that lead elsewhere, never end, or explode: bounded, and nothing followed."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from inittui.events.records import StepLosses, encode
from inittui.experiment.records import Experiment
from inittui.runs import RunDirectory, create_run
from tests.support.commands import Result, python
from tests.support.processes import Interrupted, Launcher
from tests.support.runs import LOGS

_MOST_SECONDS = 30.0
_MOST_BYTES = 1_000 * 2**20

_LOOKS = (
    ("list",), ("show", "last"), ("verify",), ("resume", "last", "-q"), ("stop", "last"),
    ("export", "last", "-f", "csv", "-o", "-"),
)  # fmt: skip


def _made(root: Path) -> RunDirectory:
    run = create_run(root, Experiment())
    run.log.write_bytes((LOGS / "interrupted.jsonl").read_bytes())
    return run


def _sparse(path: Path, size: int) -> None:
    with path.open("wb") as file:
        file.truncate(size)


def _fifo(path: Path) -> None:
    path.unlink(missing_ok=True)
    os.mkfifo(path)


def _device(path: Path) -> None:
    path.unlink(missing_ok=True)
    path.symlink_to("/dev/zero")


def _folder(path: Path) -> None:
    path.unlink(missing_ok=True)
    path.mkdir()


def _append(*lines: bytes) -> Callable[[RunDirectory], None]:
    def append(run: RunDirectory) -> None:
        with run.log.open("ab") as log:
            log.writelines(line + b"\n" for line in lines)

    return append


_LOSSES = b'{"event":"losses","at":1.0,"trial":0,"first":0,"values":'

DIRECTORIES: dict[str, Callable[[RunDirectory], object]] = {
    "log is a FIFO": lambda run: _fifo(run.log),
    "log is a device": lambda run: _device(run.log),
    "log is a folder": lambda run: _folder(run.log),
    "log is a gigabyte of nothing": lambda run: _sparse(run.log, 2**30),
    "experiment is a terabyte": lambda run: _sparse(run.experiment_file, 2**40),
    "experiment is a FIFO": lambda run: _fifo(run.experiment_file),
    "name is a terabyte": lambda run: _sparse(run.name_file, 2**40),
    "name is a FIFO": lambda run: _fifo(run.name_file),
    "summary is a terabyte": lambda run: _sparse(run.summary_file, 2**40),
    "summary is a device": lambda run: _device(run.summary_file),
    "summary is a folder": lambda run: _folder(run.summary_file),
    "note is a FIFO": lambda run: _fifo(run.holder_file),
    "lock is a FIFO": lambda run: _fifo(run.lock),
    "lock is a folder": lambda run: _folder(run.lock),
    "checkpoints is a file": lambda run: run.checkpoints.write_text("no folder"),
    "deep arrays": _append(b"[" * 10_000_000, _LOSSES + b"[" * 1_000_000),
    "deep objects": _append(b'{"a":' * 2_000_000, b'{"event":"noted","message":' * 400_000),
    "a huge number": _append(_LOSSES + b"[" + b"9" * 5_000_000 + b"]}"),
    "a million losses in a line": _append(_LOSSES + b"[" + b"1," * 2_000_000 + b"1]}"),
    "the same key again and again": _append(b"{" + b'"event":"noted",' * 500_000 + b'"at":1.0}'),
    "a step at the end of the world": _append(
        b'{"event":"losses","trial":0,"first":9223372036854775807,"values":[1.0]}',
        b'{"event":"losses","trial":0,"first":99999999999999999999999999,"values":[1.0]}',
        b'{"event":"losses","trial":-1,"first":-1,"values":[1.0]}',
    ),
    "endless notes": _append(
        *(b'{"event":"noted","message":"%d %s"}' % (i, b"x" * 500) for i in range(50_000))
    ),
}


def _assert_bounded(result: Result, seconds: float) -> None:
    assert result.code in (0, 2, 4), (result.code, result.err)
    assert "Traceback" not in result.err
    assert "\x1b" not in result.out + result.err
    assert len(result.err) < 20_000
    assert seconds < _MOST_SECONDS
    assert result.peak < _MOST_BYTES, f"{result.peak / 2**20:.0f} MB"


@pytest.mark.parametrize("kind", DIRECTORIES)
def test_a_hostile_run_directory_is_bounded(
    inittui: Launcher, tmp_path: Path, kind: str, long_form: bool
) -> None:
    _made(tmp_path / "runs")
    time.sleep(0.002)  # the hostile one is the last: IDs have milliseconds
    run = _made(tmp_path / "runs")
    DIRECTORIES[kind](run)
    chosen = _LOOKS if long_form else [_LOOKS[0], _LOOKS[1 + list(DIRECTORIES).index(kind) % 5]]
    for look in chosen:
        began = time.monotonic()
        result = inittui.run("runs", *look, "--runs-dir", tmp_path / "runs")
        _assert_bounded(result, time.monotonic() - began)
        if look == ("list",):
            assert result.code == 0
            assert result.out.count("\n") == 3, "a broken run hides another one"


def test_a_run_that_is_a_link_elsewhere_is_no_run(inittui: Launcher, tmp_path: Path) -> None:
    outside = _made(tmp_path / "outside")
    root = tmp_path / "runs"
    root.mkdir()
    (root / outside.id).symlink_to(outside.path)
    before = sorted(path.name for path in outside.path.iterdir())
    for look in (*_LOOKS, ("rm", "last", "--yes"), ("rename", "last", "x")):
        result = inittui.run("runs", *look, "--runs-dir", root)
        assert result.code in (0, 2)
        assert "no run" in result.err or "0 runs" in result.err
    assert sorted(path.name for path in outside.path.iterdir()) == before


def test_removing_a_run_with_links_removes_the_links_alone(
    inittui: Launcher, tmp_path: Path
) -> None:
    run = _made(tmp_path / "runs")
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "thesis.tex").write_text("mine")
    (run.path / "folder").symlink_to(outside)
    (run.path / "file").symlink_to(outside / "thesis.tex")
    result = inittui.run("runs", "rm", "last", "--yes", "--runs-dir", tmp_path / "runs")
    assert result.code == 0
    assert not run.path.exists()
    assert (outside / "thesis.tex").read_text() == "mine"


@pytest.mark.parametrize(
    "name",
    ["events.jsonl", "writer.lock", "writer.json", "summary.json", "experiment.toml", "name.txt",
     "checkpoints", "worker.log"],
)  # fmt: skip
def test_resuming_writes_through_no_link(
    inittui: Launcher, interrupted: Interrupted, tmp_path: Path, name: str
) -> None:
    run = interrupted.copy(tmp_path / "runs")
    outside = tmp_path / "outside"
    inside = run.path / name
    if inside.exists():
        inside.replace(outside)
    else:
        outside.write_text("mine")
    inside.symlink_to(outside)
    before = _contents(outside)
    result = inittui.run("runs", "resume", "last", "-q", "--runs-dir", tmp_path / "runs")
    assert result.code in (0, 2, 4), result.err
    assert "Traceback" not in result.err
    assert _contents(outside) == before
    assert not [path for path in tmp_path.iterdir() if path.name not in ("runs", "outside")]


def _contents(path: Path) -> dict[str, bytes]:
    files = path.rglob("*") if path.is_dir() else [path]
    return {str(file.relative_to(path)): file.read_bytes() for file in files}


# Not getrusage: what a process had before it became this one counts there.
_READ = """
import sys, time
from pathlib import Path
from inittui.runs import RunDirectory, load_state
began = time.perf_counter()
state, damage = load_state(RunDirectory(Path(sys.argv[1])))
seconds = time.perf_counter() - began
assert not damage.messages(), damage.messages()
lines = Path("/proc/self/status").read_text().splitlines()
peak = 1024 * next(int(line.split()[1]) for line in lines if line.startswith("VmHWM"))
print(sum(trial.steps for trial in state.trials), seconds, peak)
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs Linux's /proc")
def test_a_log_of_millions_of_events_is_read_in_seconds(
    tmp_path: Path, long_form: bool, tell: Callable[[str, str], None]
) -> None:
    events = 5_000_000 if long_form else 200_000
    run = create_run(tmp_path, Experiment())
    start = (LOGS / "seeds.jsonl").read_bytes().split(b"\n", 1)[0]
    started = json.loads(start)
    trials = len(started["trials"])
    with run.log.open("wb") as log:
        log.write(start + b"\n")
        for number in range(events):
            first = number // trials
            log.write(encode(StepLosses(trial=number % trials, first=first, values=(2.3025,))))
    output = python(_READ, str(run.path)).stdout
    steps, seconds, peak = (float(word) for word in output.split())
    assert steps == events
    tell(
        f"reading a log of {events:,} events ({run.log.stat().st_size / 2**20:,.0f} MB)",
        f"{seconds:.1f} s, {peak / 2**20:,.0f} MB of memory",
    )
    # 15 s for 5 million on an idle machine; a short log has a share of it, and some for noise.
    assert seconds <= (15 if long_form else 3)
    assert peak <= 300 * 2**20
