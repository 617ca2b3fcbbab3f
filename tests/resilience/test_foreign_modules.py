"""What lies in the current directory is not imported, however a process is started."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

import inittui
from inittui.experiment.records import Experiment
from inittui.experiment.toml import load_experiment
from inittui.lessons import read_lesson
from inittui.results.state import RunState
from inittui.runs import RunDirectory, create_run, load_state
from inittui.runs.launch import start_worker
from inittui.training.engine import train
from inittui.training.prepared import prepare
from inittui.tui.check_process import CheckProcess
from inittui.tui.lesson_process import RunningLesson
from inittui.tui.open_runs import OpenRuns
from tests.support.commands import INITTUI, wait_until
from tests.support.torture import TORTURE

NAMES = ("inittui", "json", "numpy", "random", "sitecustomize", "torch", "typing", "usercustomize")
"""Modules that inittui, Python or torch import when they start."""

SMALL = "[model]\nhidden = [8]\n[data]\nlimit = 500\n[training]\nepochs = 1\n"
OWN = """
import random, numpy, pathlib, torch

def halves(tensor):
    assert all("site-packages" in m.__file__ for m in (numpy, torch)), (numpy, torch)
    pathlib.Path("own-ran").touch()
    torch.nn.init.constant_(tensor, 0.5)
"""

IN_RAY = """
import os
from pathlib import Path
import msgspec
from inittui.experiment.toml import load_experiment
from inittui.results.state import RunState
from inittui.training.engine import train
from inittui.training.prepared import prepare
os.environ["PYTHONPATH"] = os.pathsep.join(["", os.environ.get("PYTHONPATH", ""), "."])
wanted = load_experiment(Path("small.toml"))
training = msgspec.structs.replace(wanted.training, devices="cpu:2", on="ray")
state = RunState()
for event in train(prepare(msgspec.structs.replace(wanted, training=training))):
    state.apply(event)
print(state.status)
"""


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stand in a directory whose modules tell when they are run."""
    folder = tmp_path / "here"
    folder.mkdir()
    for name in NAMES:
        told = folder / f"ran-{name}"
        (folder / f"{name}.py").write_text(f"open({str(told)!r}, 'w').close()\nraise SystemExit(9)")
    (folder / "halves.py").write_text(OWN)
    (folder / "small.toml").write_text('schemes = ["rule"]\n' + SMALL)
    monkeypatch.chdir(folder)
    return folder


def ran(folder: Path) -> list[str]:
    return [path.name for path in folder.glob("ran-*")]


def started(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, timeout=240, check=False)


def ended(run: RunDirectory) -> bool:
    return load_state(run)[0].status == "finished" if run.log.exists() else False


def test_the_markers_would_tell(here: Path) -> None:
    assert started(sys.executable, "-c", "import numpy").returncode == 9
    assert ran(here) == ["ran-numpy"]


def test_the_command(here: Path) -> None:
    done = started(INITTUI, "compare", "-c", "small.toml", "-q", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    assert not ran(here)


def test_a_detached_run_and_a_function_of_one_s_own(here: Path, tmp_path: Path) -> None:
    done = started(INITTUI, "compare", "halves:halves", "-c", "small.toml", "--detach")
    assert done.returncode == 0, done.stderr
    wait_until(lambda: ended(RunDirectory(tmp_path / "runs" / done.stdout.strip())))
    assert (here / "own-ran").exists()
    assert not ran(here)


def test_what_the_ui_starts(here: Path, tmp_path: Path) -> None:
    open_runs = OpenRuns(tmp_path / "runs")
    run = open_runs.start(load_experiment(Path("small.toml")))
    lesson = RunningLesson(read_lesson("uniform-distribution"), "small")
    while run.is_live or lesson.is_live:
        run.poll()
        lesson.advance(open_runs)
    assert run.worker is not None
    assert run.worker.wait() == 0, run.directory.worker_log.read_text()
    assert lesson.runs
    assert all(each.state.status == "finished" for each in lesson.runs)
    lesson.close()
    assert not ran(here)


@pytest.fixture
def told_to_look_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have parts in PYTHONPATH that mean wherever one is; an empty one is often an accident."""
    parts = ("", ".", os.environ.get("PYTHONPATH", "/nowhere"), "./", "")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(parts))


@pytest.mark.usefixtures("told_to_look_here")
def test_a_run_and_a_lesson_s_values_of_the_ui(here: Path, tmp_path: Path) -> None:
    run = create_run(tmp_path / "runs", load_experiment(Path("small.toml")))
    for options in ({"draw": 10}, {"starts": True}, {}):
        run.log.unlink(missing_ok=True)
        assert start_worker(run, **options).wait() == 0, run.worker_log.read_text()  # type: ignore[arg-type]
    assert not ran(here)


@pytest.mark.usefixtures("told_to_look_here")
def test_a_check_of_the_ui(here: Path) -> None:
    check = CheckProcess(load_experiment(Path("small.toml")))
    wait_until(lambda: check.poll() or check.is_over)
    check.close()
    assert (check.failure, check.document is None) == ("", False)
    assert not ran(here)


@pytest.mark.usefixtures("told_to_look_here")
def test_processes_that_share_a_run(here: Path) -> None:
    experiment = load_experiment(Path("small.toml"))
    training = msgspec.structs.replace(experiment.training, devices="cpu:2")
    state = RunState()
    for event in train(prepare(msgspec.structs.replace(experiment, training=training))):
        state.apply(event)
    assert state.status == "finished"
    assert not ran(here)


@pytest.mark.skipif(not TORTURE, reason="starts a Ray cluster of its own: make torture")
def test_processes_that_ray_starts_for_a_run(here: Path) -> None:
    pytest.importorskip("ray", reason="needs ray: pip install 'inittui[ray]'")
    done = started(sys.executable, "-P", "-c", IN_RAY)
    assert (done.returncode, done.stdout) == (0, "finished\n"), done.stderr
    assert not ran(here)


@pytest.mark.parametrize("name", ["inittui.recording.worker", "inittui.worker"])
def test_a_worker_that_a_person_starts(here: Path, tmp_path: Path, name: str) -> None:
    """`python -m` looks here first: for inittui itself, which nobody can help, and no further."""
    (here / "inittui.py").unlink()
    (here / "typing.py").unlink()
    run = create_run(tmp_path / "runs", load_experiment(Path("small.toml")))
    # It steps back from other processes, of which there may be many.
    done = started(sys.executable, "-m", name, str(run.path))
    assert done.returncode == 0, done.stderr
    assert ended(run)
    assert not ran(here)


def test_children_of_the_worker_look_elsewhere_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun: dict[str, str] = {}
    monkeypatch.setattr(subprocess, "Popen", lambda *_, env, **__: begun.update(env))
    start_worker(create_run(tmp_path / "runs", Experiment()))
    assert begun["PYTHONSAFEPATH"] == "1"


def test_processes_are_started_in_one_place() -> None:
    """Where a second one is added, it has to be tried here."""
    starting = {"subprocess", "multiprocessing", "concurrent.futures.process", "pty"}
    package = Path(inittui.__file__).parent
    found = {
        path.relative_to(package).as_posix()
        for path in package.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if (isinstance(node, ast.Import) and starting & {each.name for each in node.names})
        or (isinstance(node, ast.ImportFrom) and node.module in starting)
    }
    types_only = {"cli/detached.py", "tui/open_run.py", "tui/open_runs.py"}
    python = {
        "runs/launch.py",
        "training/cluster.py",
        "training/seats/process.py",
        "tui/check_process.py",
    }
    another_program = {"cli/settings.py"}  # the person's editor
    assert found == python | types_only | another_program
