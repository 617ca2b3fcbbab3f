"""Runs killed with SIGKILL at any moment and resumed until done, against one never stopped."""

from __future__ import annotations

import json
import random
import subprocess
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from inittui.runs import RunDirectory, list_runs
from tests.support.commands import INITTUI, Result
from tests.support.commands import inittui as installed
from tests.support.processes import Launcher, Started, essence, the_run

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
    "convolutions": ("rule", "default", _DIVERGES, "--model", "lenet", "--layer-width", "32"),
    "a scheme for each layer": (
        "rule", "default", _DIVERGES, "--hidden", "64,32", "--layer", "fc1=he_normal/ones",
    ),
    "sweeps": (
        "rule", _DIVERGES, "--hidden", "32",
        "--sweep", "normal:std=0.01|1", "--sweep", "training.lr=0.001|0.01",
    ),
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

KILLED = 200
"""Runs that are killed in the long form."""

_NEW_PROCESS = 5
"""One of so many runs is started in a new process."""

_OTHER_THREADS = 9
"""One of so many runs is first resumed under another number of threads."""

_AT_A_CHECKPOINT = 4
"""One of so many runs is killed as soon as a checkpoint is seen to be written."""

MOMENTS = {
    "before the run was there": "nothing was begun, and a list shows none",
    "before the first step": "all resumed, bitwise equal to one never stopped",
    "while it trained": "all resumed, bitwise equal to one never stopped",
    "while a checkpoint was written": "all resumed, bitwise equal to one never stopped",
}
"""When a run is killed, and what came of those that were then."""

OPTIONS = ("-q", "--checkpoint-every", "0.2")

_MOST_KILLS = 3
"""Times that one run is killed: when it starts, and when it is resumed."""


KINDS = {
    "convolutions": "general",
    "general stack": "general",
    "side by side": "turns",
    "one by one": "single",
}
"""How trials train together; the others are dense stacks."""

SHORT = ("dense stack", "general stack", "side by side", "one by one", "several stacks, probes")
"""One of each kind, and what has most to be resumed; the long form has all settings."""


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
    """From the first moment on: what was there by then differs, what it comes to doesn't."""
    chance = random.Random(20260101)
    moments: Counter[str] = Counter()
    kinds: Counter[str] = Counter()
    kills = refused = attempts = 0
    names = tuple(SETTINGS) if long_form else SHORT
    while kinds.total() < (KILLED if long_form else len(names)):
        name = names[kinds.total() % len(names)]
        expected = whole(name)
        assert expected.kind == KINDS.get(name, "dense"), name
        root = tmp_path / f"{attempts}"
        attempts += 1
        assert attempts < 4 * KILLED, "hardly a run could be killed before it ended"
        is_new = long_form and attempts % _NEW_PROCESS == 0
        start: Callable[..., _Process] = _new_process if is_new else inittui.start
        wait = _wait_for_a_checkpoint if attempts % _AT_A_CHECKPOINT == 0 else _wait_at_random
        process = start("compare", *SETTINGS[name], *_QUICK, *OPTIONS, "--runs-dir", root)
        wait(root, chance, expected.seconds)
        moment = _kill(process, root)
        if moment == "over":
            continue
        moments[moment] += 1
        kills += 1
        if moment == "before the run was there":
            kinds[name] += long_form  # else all of the few runs might be such
            continue
        if moment != "before the first step" and attempts % _OTHER_THREADS == 0:
            _assert_other_threads_are_refused(the_run(root))
            refused += 1
        more, result = _resume_until_done(inittui, root, chance, expected.seconds)
        kills += more
        kinds[name] += 1
        run = the_run(root)
        assert essence(run) == expected.essence, f"{name}, {root}"
        if result.code != -9:
            assert result.code == 0, f"{name}: {result.err}"
            assert not run.checkpoints.exists()
            printed: list[dict[str, Any]] = json.loads(result.out)["trials"]
            assert [len(trial["loss"]) for trial in printed] == [
                len(trial["losses"]) // 8 for trial in expected.essence
            ]
    for moment, count in moments.items():
        tell(f"runs killed {moment}", f"{count}: {MOMENTS[moment]}")
    tell("kills in all, those of resumed runs included", str(kills))
    tell("kinds of runs killed", ", ".join(f"{name}: {n}" for name, n in kinds.items()))
    tell("resumed under another number of threads", f"{refused} of {refused} refused by name")


def _new_process(*arguments: str | Path) -> subprocess.Popen[bytes]:
    """Start as a person does, with all imports, where a launcher's processes have had theirs."""
    nowhere = subprocess.DEVNULL
    return subprocess.Popen(
        [INITTUI, *map(str, arguments)], stdin=nowhere, stdout=nowhere, stderr=nowhere
    )


_Process = Started | subprocess.Popen[bytes]


def _wait_at_random(_root: Path, chance: random.Random, seconds: float) -> None:
    time.sleep(chance.uniform(0.0, 1.0) * seconds)


def _wait_for_a_checkpoint(root: Path, chance: random.Random, seconds: float) -> None:
    """Wait until one has a part, but no longer than a whole run takes."""
    latest = time.monotonic() + seconds
    time.sleep(chance.uniform(0.0, 0.8) * seconds)
    while time.monotonic() < latest and not any(root.glob("*/checkpoints/.*")):
        time.sleep(0.0005)


def _kill(process: _Process, root: Path) -> str:
    """Kill a run; return when that was, "over" where it was too late."""
    process.kill()
    ended = process.wait()
    is_killed = (ended if isinstance(ended, int) else ended.code) == -9
    if not (root.is_dir() and any(root.iterdir())):
        return "before the run was there"
    assert all(each.trials for each in list_runs(root)) == the_run(root).experiment_file.exists()
    run = the_run(root)
    if not run.experiment_file.exists():  # killed right before it: nothing was begun, or measured
        assert not run.log.exists()
        return "before the run was there"
    if not is_killed or _is_over(run):
        return "over"
    if not (run.log.exists() and b'"losses"' in run.log.read_bytes()):
        return "before the first step"
    if any(run.checkpoints.glob(".*")):
        return "while a checkpoint was written"
    return "while it trained"


def _assert_other_threads_are_refused(run: RunDirectory) -> None:
    before = run.log.read_bytes()
    threads = json.loads(before.partition(b"\n")[0])["device_name"]
    other = "2" if threads == "1 thread" else "1"
    options = ("-q", "--trust", "--runs-dir", str(run.path.parent))
    done = installed("runs", "resume", "last", *options, OMP_NUM_THREADS=other)
    assert done.returncode == 2
    assert f"the device was cpu ({threads}), is cpu ({other} thread" in done.stderr
    assert run.log.read_bytes() == before


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
