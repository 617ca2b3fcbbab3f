"""A disk that is full, read-only or gone: training goes on, it is told, nothing half is kept."""

from __future__ import annotations

import contextlib
import math
import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from inittui.runs import RunDirectory, load_state, verify_run
from inittui.training.checkpoints import CheckpointStore
from tests.support.commands import Result, wait_until
from tests.support.processes import Launcher, essence, the_run

_COMPARE = (
    "compare", "rule", "default", "constant:value=1e30", "--hidden", "32",
    "--limit", "2600", "--batch-size", "20", "--epochs", "3", "--checkpoint-every", "0.1",
)  # fmt: skip

_LONG = (*_COMPARE[:-3], "12", "--checkpoint-every", "0.1")
"""Long enough for something to happen to its directory meanwhile."""


class Whole:
    """The run on a disk with room."""

    def __init__(self, inittui: Launcher, root: Path) -> None:
        result = inittui.run(*_COMPARE, "--runs-dir", root)
        assert result.code == 0, result.err
        run = the_run(root)
        self.report = result.out
        self.essence = essence(run)
        self.log_bytes = run.log.stat().st_size


@pytest.fixture(scope="module")
def whole(inittui: Launcher, tmp_path_factory: pytest.TempPathFactory) -> Whole:
    return Whole(inittui, tmp_path_factory.mktemp("whole"))


def _assert_told(result: Result, reason: str) -> None:
    """One line says so at once; the report is printed; the exit code says it again."""
    assert result.code == 4, result.err
    assert "Traceback" not in result.err
    told = [line for line in result.err.splitlines() if "the log can't be written" in line]
    assert len(told) == 1, result.err
    assert reason in told[0]
    assert "training goes on" in told[0]
    assert _curves(result.out)


def _assert_nothing_half(run: RunDirectory) -> None:
    assert verify_run(run).problems == ()
    left = {path.name for path in run.path.rglob("*") if path.name.startswith(".")}
    assert not left, "a file that was written beside was left"


def _curves(text: str) -> list[str]:
    """Return the part of a report that is the same for two equal runs: no ID, no seconds."""
    lines = text.splitlines()
    first = next(i for i, line in enumerate(lines) if line.startswith("training loss"))
    table = next(i for i, line in enumerate(lines) if line.startswith("scheme "))
    return lines[first : table - 1]


def test_a_limit_on_file_sizes_at_any_point_of_a_run(
    inittui: Launcher,
    whole: Whole,
    tmp_path: Path,
    long_form: bool,
    tell: Callable[[str, str], None],
) -> None:
    # experiment.toml has about 500 bytes and is written before the training begins.
    points = 20 if long_form else 4
    # How often losses are written depends on the machine's load: the last limit leaves a margin.
    last = whole.log_bytes * 4 // 5
    limits = [800 + (last - 800) * i // (points - 1) for i in range(points)]
    resumed = 0
    for limit in limits:
        root = tmp_path / str(limit)
        result = inittui.run(*_COMPARE, "--runs-dir", root, file_bytes=limit)
        _assert_told(result, "File too large")
        assert _curves(result.out) == _curves(whole.report)
        run = the_run(root)
        assert run.log.stat().st_size <= limit
        _assert_nothing_half(run)
        if long_form or limit == limits[-2]:
            again = inittui.run("runs", "resume", "last", "-q", "--runs-dir", root)
            assert again.code == 0, again.err
            assert essence(run) == whole.essence
            resumed += 1
    tell(
        "disk full (limit on file size)",
        f"{points} of {points} told, report printed, exit 4, log intact; "
        f"{resumed} of {resumed} resumed with room: bitwise equal",
    )


def test_a_disk_that_gets_room_again_gets_all_that_was_measured(
    inittui: Launcher, tmp_path: Path, tell: Callable[[str, str], None]
) -> None:
    with _tmpfs(tmp_path / "small", "size=12m") as place:
        longer = (*_COMPARE[:-3], "120", "--checkpoint-every", "0.1")
        process = inittui.start(*longer, "--runs-dir", place / "runs")
        run = _wait_for_log(place / "runs")
        ballast = _fill(place)
        full = run.log.stat().st_size
        time.sleep(1.5)
        ballast.unlink()
        result = process.wait()
        assert result.code == 0, result.err
        assert "the log can't be written: No space left on device" in result.err
        assert "what it measures is kept in memory until there is room" in result.err
        assert run.log.stat().st_size > full
        _assert_nothing_half(run)
        state, damage = load_state(run)
        assert not damage.messages()
        assert state.status == "finished"
        (note,) = [note for note in state.notes if "the log" in note]
        assert "what was measured meanwhile is in it now" in note
        assert not any("checkpoint" in note for note in state.notes), state.notes
        for trial in state.trials[:2]:
            assert trial.steps == state.total_steps
            assert not any(map(math.isnan, trial.losses))
        shown = inittui.run("runs", "show", "last", "--runs-dir", place / "runs")
        assert _curves(shown.out) == _curves(result.out)
    tell("disk full for a time", "exit 0, log whole, no stale note")


def test_no_room_for_the_experiment_leaves_nothing(inittui: Launcher, tmp_path: Path) -> None:
    root = tmp_path / "runs"
    result = inittui.run(*_COMPARE, "--runs-dir", root, file_bytes=100)
    assert result.code == 4
    assert result.err.count("\n") == 1
    assert "can't keep a run" in result.err
    assert not root.exists()


@contextlib.contextmanager
def _tmpfs(place: Path, options: str) -> Iterator[Path]:
    """Mount a small file system, where this is allowed."""
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", options, "none", str(place)]
    if os.getuid() or not shutil.which("mount") or subprocess.run(mount, check=False).returncode:
        pytest.skip("mounting a small file system is not allowed here")
    try:
        yield place
    finally:
        subprocess.run(["umount", str(place)], check=True)


def _wait_for_log(root: Path, least: int = 1) -> RunDirectory:
    """Return the run in a directory as soon as its log has so many bytes."""
    for _ in range(6000):
        for log in root.glob("*/events.jsonl"):
            if log.stat().st_size >= least:
                return RunDirectory(log.parent)
        time.sleep(0.01)
    raise AssertionError("the run has not begun")


def _fill(place: Path) -> Path:
    """Leave no byte free."""
    ballast = place / "ballast"
    with ballast.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        size = 2**20
        while size:
            try:
                file.write(b"x" * size)
            except OSError:
                size //= 2
    return ballast


def test_a_disk_that_gets_full_while_it_is_written_to(inittui: Launcher, tmp_path: Path) -> None:
    with _tmpfs(tmp_path / "small", "size=12m") as place:
        process = inittui.start(*_LONG[:-2], "--runs-dir", place / "runs")
        run = _wait_for_log(place / "runs")
        ballast = _fill(place)
        result = process.wait()
        _assert_told(result, "No space left on device")
        _assert_nothing_half(run)
        ballast.unlink()
        again = inittui.run("runs", "resume", "last", "-q", "--runs-dir", place / "runs")
        assert again.code == 0, again.err
        assert _curves(again.out) == _curves(result.out)
        listed = inittui.run("runs", "list", "--runs-dir", place / "runs")
        assert "finished" in listed.out


def test_what_was_measured_takes_the_room_of_a_checkpoint_in_the_end(
    inittui: Launcher, tmp_path: Path
) -> None:
    with _tmpfs(tmp_path / "small", "size=12m") as place:
        longer = (*_COMPARE[:-3], "30", "--checkpoint-every", "0.1")
        process = inittui.start(*longer, "--runs-dir", place / "runs")
        run = _wait_for_log(place / "runs")
        wait_until(lambda: any(run.checkpoints.glob("stack-*")))
        _fill(place)
        result = process.wait()
        assert result.code in (0, 4), result.err  # 4 where a later checkpoint wasn't written
        assert "what was measured meanwhile is in it now" in result.err
        assert "the log can't be written: No space left on device" in result.err
        state, damage = load_state(run)
        assert not damage.messages()
        assert state.status == "finished"
        assert all(trial.steps == state.total_steps for trial in state.trials[:2])
        _assert_nothing_half(run)
        assert not run.checkpoints.exists()


def test_a_checkpoint_leaves_room_for_the_log(tmp_path: Path) -> None:
    with _tmpfs(tmp_path / "small", "size=4m") as place:
        store = CheckpointStore(place / "checkpoints")
        store.put([0], b"x" * 2**20)
        with pytest.raises(OSError, match="No space left"):
            store.put([0], b"y" * (3 * 2**20 - 2**16))  # which would fit, just
        assert store.content([0], 2**30) == b"x" * 2**20
        assert shutil.disk_usage(place).free > 2**20
        assert len(list((place / "checkpoints").iterdir())) == 1


def test_a_read_only_disk_is_told_before_anything_is_trained(
    inittui: Launcher, tmp_path: Path
) -> None:
    with _tmpfs(tmp_path / "small", "size=12m,ro") as place:
        result = inittui.run(*_COMPARE, "--runs-dir", place / "runs")
    assert result.code == 4
    assert result.err.count("\n") == 1
    assert "Read-only file system" in result.err
    assert "--no-save" in result.err


def test_a_directory_that_vanishes_while_it_is_written_to(
    inittui: Launcher, tmp_path: Path
) -> None:
    process = inittui.start(*_LONG, "--runs-dir", tmp_path / "runs")
    run = _wait_for_log(tmp_path / "runs")
    shutil.rmtree(tmp_path / "runs")
    _assert_told(process.wait(), "it was removed")
    assert not run.path.exists(), "a directory that somebody removed was made anew"
