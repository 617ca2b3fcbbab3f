"""A run that trains in a process of its own: a map as well as a comparison."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from inittui.runs import RunDirectory, load_state, run_directories
from tests.support.commands import Command, command_of, inittui, refused, wait_until

MAP = ("phase", "--scales", "0.5|2", "--upwards", "1|2", "--activation", "relu",
       "--layer-width", "8", "--limit", "1500", "--validation", "500")  # fmt: skip


def test_a_map_trains_is_stopped_and_goes_on(tmp_path: Path) -> None:
    root = tmp_path / "runs"
    there = ("--runs-dir", str(root))
    started = inittui(*MAP, "--epochs", "100", "--detach", *there)
    assert (started.returncode, started.stderr) == (0, "")
    run = RunDirectory(root / started.stdout.strip())
    wait_until(lambda: any(trial.steps for trial in load_state(run)[0].trials))
    stopped = inittui("runs", "stop", run.id, *there)
    assert stopped.returncode == 0, stopped.stderr
    wait_until(lambda: load_state(run)[0].ended is not None and not run.holder_file.exists())
    assert load_state(run)[0].status == "interrupted"
    resumed = inittui("runs", "resume", run.id, "--quiet", *there)
    assert resumed.returncode == 0, resumed.stderr
    state, _ = load_state(run)
    assert (state.status, len(state.trials)) == ("finished", 4)
    assert "σ_w²" in inittui("runs", "show", run.id, *there).stdout


@pytest.fixture
def command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Command:
    monkeypatch.setenv("INITTUI_RUNS_DIR", str(tmp_path / "runs"))
    return command_of(monkeypatch, capsys)


def test_a_map_as_json_is_one_object(command: Command, tmp_path: Path) -> None:
    done = command(*MAP, "--detach", "--json", "--map-of", "loss")
    assert done.code == 0
    assert done.err == "inittui: --detach prints no report: --map-of is ignored\n"
    told = json.loads(done.out)
    run = RunDirectory(Path(told["path"]))
    assert told.keys() == {"id", "name", "path"}
    assert list(run_directories(tmp_path / "runs")) == [run]
    wait_until(lambda: load_state(run)[0].status == "finished")


def test_a_person_is_told_how_it_is_followed(
    command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    root = tmp_path / "runs"
    done = command(*MAP, "--detach", "--name", "a map", "--runs-dir", root)
    assert done.code == 0
    assert done.err.splitlines() == [
        f"inittui: follow it: inittui attach 'a map' --runs-dir {root}",
        f"inittui: stop it: inittui runs stop 'a map' --runs-dir {root}",
        f"inittui: show what it has: inittui runs show 'a map' --runs-dir {root}",
    ]
    run = RunDirectory(root / done.out.strip())
    wait_until(lambda: load_state(run)[0].status == "finished")


@pytest.mark.parametrize("words", [("compare", "rule"), MAP], ids=["compare", "phase"])
def test_what_isn_t_kept_can_t_train_elsewhere(words: tuple[str, ...]) -> None:
    assert "leave out --no-save" in refused(*words, "--detach", "--no-save")
