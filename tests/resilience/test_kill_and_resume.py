"""Runs killed with SIGKILL at random moments and resumed until done, against one never stopped."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from inittui.runs import RunDirectory
from tests.support.commands import Result
from tests.support.processes import Launcher, essence, the_run

_QUICK = ("--limit", "2600", "--batch-size", "20", "--epochs", "2")
"""104 steps an epoch: diverged trials are dropped in the middle of one, at its 100th step."""

_DIVERGES = "constant:value=1e30"

_OWN = Path(__file__).parents[1] / "support/own_models.py"

SETTINGS: dict[str, tuple[str, ...]] = {
    "dense stack": (
        "zeros", "ones", "rule", "default", _DIVERGES, "--seeds", "2", "--hidden", "64,32",
    ),
    "batch norm": ("rule", "default", _DIVERGES, "--batch-norm", "--hidden", "32"),
    "general stack": ("rule", "default", _DIVERGES, "--model", f"{_OWN}:convolution"),
    "side by side": ("rule", "default", _DIVERGES, "--model", f"{_OWN}:Residual"),
    "one by one": ("zeros", "rule", _DIVERGES, "--stack", "off", "--hidden", "64"),
    "several stacks, probes": (
        "zeros", "rule", "normal", "--seeds", "2", "--stack", "4",
        "--eval-every", "45", "--inspect-every", "80", "--hidden", "64",
    ),
    "sgd in float64": (
        "rule", "default", "--hidden", "64",
        "--optimizer", "sgd", "--lr", "0.1", "--dtype", "float64",
    ),
}  # fmt: skip

_MOST_KILLS = 3
"""Times that one run is killed: when it starts, and when it is resumed."""


KINDS = {"general stack": "general", "side by side": "turns", "one by one": "single"}
"""How trials train together; the others are dense stacks."""


class Whole:
    """A run that was never stopped: what it measured, and how long it took."""

    def __init__(self, inittui: Launcher, root: Path, settings: tuple[str, ...]) -> None:
        began = time.monotonic()
        result = inittui.run("compare", *settings, *_QUICK, "-q", "--runs-dir", root)
        self.seconds = time.monotonic() - began
        assert result.code == 0, result.err
        self.essence = essence(the_run(root))
        self.kind = planned_kind(the_run(root))


def planned_kind(run: RunDirectory) -> str:
    lines = map(json.loads, run.log.read_text().splitlines())
    return str(next(line["kind"] for line in lines if line["event"] == "stacks_planned"))


@pytest.fixture(scope="module")
def whole(inittui: Launcher, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Whole]:
    known: dict[str, Whole] = {}

    def of(name: str) -> Whole:
        if name not in known:
            known[name] = Whole(inittui, tmp_path_factory.mktemp("whole"), SETTINGS[name])
        return known[name]

    return of


def test_killed_runs_end_as_if_they_had_never_stopped(
    inittui: Launcher,
    whole: Callable[[str], Whole],
    tmp_path: Path,
    long_form: bool,
    tell: Callable[[str, str], None],
) -> None:
    chance = random.Random(20260101)
    wanted = 100 if long_form else len(SETTINGS)
    kills = runs = attempts = 0
    while runs < wanted:
        name = list(SETTINGS)[runs % len(SETTINGS)]
        expected = whole(name)
        assert expected.kind == KINDS.get(name, "dense")
        root = tmp_path / f"{attempts}"
        attempts += 1
        assert attempts < 4 * wanted, "hardly a run could be killed before it ended"
        killed = _start_and_kill(inittui, root, SETTINGS[name], chance, expected.seconds)
        if not killed:
            continue
        more, result = _resume_until_done(inittui, root, chance, expected.seconds)
        kills += 1 + more
        runs += 1
        run = the_run(root)
        assert essence(run) == expected.essence, f"{name}, {root}"
        if result.code != -9:
            assert result.code == 0, f"{name}: {result.err}"
            assert not run.checkpoints.exists()
            printed: list[dict[str, Any]] = json.loads(result.out)["trials"]
            assert [len(trial["loss"]) for trial in printed] == [
                len(trial["losses"]) // 8 for trial in expected.essence
            ]
    tell(
        "runs killed at random moments, resumed until done",
        f"{runs} of {runs} bitwise equal to one never stopped, after {kills} kills",
    )


def _start_and_kill(
    inittui: Launcher, root: Path, settings: tuple[str, ...], chance: random.Random, seconds: float
) -> bool:
    """Return whether a run was killed that had its experiment and no end yet."""
    options = ("-q", "--checkpoint-every", "0.2", "--runs-dir", root)
    process = inittui.start("compare", *settings, *_QUICK, *options)
    time.sleep(chance.uniform(0.1, 1.0) * seconds)
    process.kill()
    if process.wait().code != -9 or not (root.is_dir() and any(root.iterdir())):
        return False
    run = the_run(root)
    if not run.experiment_file.exists():  # killed right before it: nothing was begun, or measured
        assert not run.log.exists()
        return False
    return not _is_over(run)


def _is_over(run: RunDirectory) -> bool:
    """Whether the last line says so: a process may be killed between that and its exit."""
    return run.log.exists() and b'"run_ended"' in run.log.read_bytes()


def _resume_until_done(
    inittui: Launcher, root: Path, chance: random.Random, seconds: float
) -> tuple[int, Result]:
    """Resume a run, killing it now and then; check after each kill that nothing was taken back."""
    run = the_run(root)
    kills = 0
    while True:
        before = run.log.read_bytes() if run.log.exists() else b""
        options = ("--json", "-q", "--checkpoint-every", "0.2", "--trust", "--runs-dir", root)
        process = inittui.start("runs", "resume", "last", *options)
        if kills + 1 < _MOST_KILLS and chance.random() < 0.5:
            time.sleep(chance.uniform(0.1, 1.0) * seconds)
            process.kill()
        result = process.wait()
        after = run.log.read_bytes() if run.log.exists() else b""
        assert after.startswith(before), "what had been written was changed"
        kills += result.code == -9
        if result.code != -9 or _is_over(run):
            return kills, result
