"""Options that change nothing are named or refused; what is said of them is so."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from inittui.runs import RunDirectory, read_name
from tests.support.commands import Command, command_of
from tests.support.runs import record

SMALL = ("rule", "--limit", "500", "--hidden", "8")


@pytest.fixture
def inittui_(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    return command_of(monkeypatch, capsys)


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("--theme nope compare rule", "--theme before 'compare' changes nothing"),
        ("--no-mouse --runs-dir x runs list", "--no-mouse, --runs-dir before 'runs' changes"),
        ("runs --json show", "--json before 'show' changes nothing"),
        ("data --width 60 show", "--width before 'show' changes nothing"),
        ("inits --json show rule", "--json before 'show' changes nothing"),
        ("compare rule --detach --no-save", "--detach needs the run to be kept"),
        ("compare rule --detach --csv", "--detach prints no results: leave out --csv"),
        ("inspect rule --epochs 3 --lr 0.1", "--epochs, --lr would change nothing: without '--whe"),
        ("inspect --run last --epochs 3", "--run shows what was recorded; it can't be combined"),
    ],
)  # fmt: skip
def test_what_cannot_be_meant_is_refused(inittui_: Command, command: str, said: str) -> None:
    done = inittui_(*command.split())
    assert (done.code, done.out) == (2, "")
    assert said in done.err
    assert done.err.count("\n") == 1


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("runs show --json", ""),
        ("runs show --marker ascii", ""),
        ("runs show --json --linear-y -w 60", "--json draws nothing: --linear-y, --width are"),
        ("runs show --csv --first 3", "--csv draws nothing: --first is ignored"),
        ("runs list --json --width 60", "--json draws nothing: --width is ignored"),
        ("inits show rule --json --width 60", "--json draws nothing: --width is ignored"),
        ("lesson sigma --text --fast --seed 3", "--text runs nothing: --fast, --seed are ignored"),
        ("lesson sigma --text --json --width 60", "--json draws nothing: --width is ignored"),
    ],
)
def test_what_changes_nothing_is_named(inittui_: Command, command: str, said: str) -> None:
    record(Path("runs").absolute())
    done = inittui_(*command.split())
    assert done.code == 0
    assert done.err.count("\n") == (1 if said else 0)
    assert said in done.err


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_a_run_that_is_not_kept_has_no_use_for_what_is_kept_of_it(inittui_: Command) -> None:
    options = ("--no-save", "--name", "one", "--checkpoint-every", "1", "--trust", "-q")
    done = inittui_("compare", *SMALL, *options)
    assert done.code == 0
    assert done.err.splitlines() == [
        "inittui: --no-save keeps no run: --checkpoint-every is ignored",
        "inittui: --no-save keeps no run: --name is ignored",
        "inittui: there is no --config: --trust is ignored",
    ]
    assert "one" not in done.out.split()
    named = inittui_("compare", *SMALL, "--no-save", "--name", "one", "-q", "--json")
    assert named.err == ""
    assert json.loads(named.out)["run"]["name"] == "one"


def test_what_inspect_refuses_would_change_nothing(inittui_: Command, tmp_path: Path) -> None:
    """A file may have a training, too: what is measured before it doesn't depend on it."""
    file = tmp_path / "other.toml"
    file.write_text(
        "[training]\nepochs = 9\nlr = 0.5\nbatch_size = 7\noptimizer = 'sgd'\nstack = 'off'\n"
    )
    plain = json.loads(inittui_("inspect", *SMALL, "--json", "-q").out)
    other = json.loads(inittui_("inspect", *SMALL, "--json", "-q", "-c", file).out)
    assert other["experiment"]["training"]["batch_size"] == 7
    assert plain["probes"]
    assert plain["probes"] == other["probes"]


def test_a_detached_run_as_json_is_one_object(inittui_: Command, tmp_path: Path) -> None:
    done = inittui_("compare", *SMALL, "-e", "1", "--detach", "--json", "--width", "60")
    assert done.code == 0
    assert done.err == "inittui: --json draws nothing: --width is ignored\n"
    told = json.loads(done.out)
    assert told == {
        "id": told["id"],
        "name": read_name(RunDirectory(Path(told["path"]))),
        "path": str(tmp_path / "runs" / told["id"]),
    }
    assert (tmp_path / "runs" / told["id"] / "events.jsonl").exists()
