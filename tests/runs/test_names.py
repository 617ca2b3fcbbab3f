"""Names for runs that were given none."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

import inittui
from inittui.errors import UsageError
from inittui.experiment.records import Experiment
from inittui.experiment.run_names import check_run_name
from inittui.experiment.toml import to_toml
from inittui.runs import create_run, find_run, name_run, read_name, rename_run
from inittui.runs.names import ADJECTIVES, ANIMALS, new_name
from inittui.tui.fields import experiment_from
from inittui.tui.open_runs import OpenRuns
from inittui.tui.typed_command import read_command
from tests.support.commands import run as command


def test_names_are_two_plain_words() -> None:
    for words in (ADJECTIVES, ANIMALS):
        assert len(set(words)) == len(words) >= 100
        assert all(word.isascii() and word.isalpha() and word.islower() for word in words)
    check_run_name(new_name(()))


def test_a_name_that_is_taken_is_not_given_again() -> None:
    taken = {f"{adjective}-{animal}" for adjective in ADJECTIVES for animal in ANIMALS}
    free = "brisk-otter"
    assert new_name(taken) not in taken
    assert new_name(taken - {free}) not in taken - {free}


def test_each_run_is_found_by_its_name(tmp_path: Path) -> None:
    runs = [create_run(tmp_path, Experiment()) for _ in range(20)]
    for run in runs:
        name_run(run)
    names = [read_name(run) or "" for run in runs]
    assert len(set(names)) == 20
    assert [find_run(tmp_path, name) for name in names] == runs


@pytest.mark.parametrize("name", ["20261127", "20261127-2016", "20261127-201634-687-3d"])
def test_what_begins_an_id_is_no_name(name: str) -> None:
    with pytest.raises(UsageError, match="looks like the beginning of an ID"):
        check_run_name(name)
    check_run_name("20261127b")


def _typed(name: str, root: Path) -> object:
    return read_command(f"inittui compare rule --name='{name}'", Experiment(), root)


def _in_the_form(name: str, root: Path) -> None:
    outcome = experiment_from({"name": name}, Experiment(), ("rule",))
    if outcome.errors:
        raise UsageError(outcome.errors["name"])


WAYS: dict[str, Callable[[str, Path], object]] = {
    "option": lambda name, root: command(
        "compare", "rule", f"--name={name}", "--runs-dir", str(root)
    ),
    "option of a run that isn't kept": lambda name, _: command(
        "compare", "rule", f"--name={name}", "--no-save"
    ),
    "file": lambda name, root: command("compare", "-c", _file(root, name), "--no-save"),
    "paste": _typed,
    "form": _in_the_form,
    "rename": lambda name, root: rename_run(create_run(root, Experiment()), name),
    "Python": lambda name, root: inittui.compare("rule", name=name, save=False, runs_dir=root),
    "Python, an experiment": lambda name, root: inittui.compare(
        experiment=Experiment(name=name), save=False, runs_dir=root
    ),
    "the UI's run": lambda name, root: OpenRuns(root).start(Experiment(name=name)),
}


def _file(root: Path, name: str) -> str:
    file = root / "wanted.toml"
    file.write_text(to_toml(Experiment(name=name)))
    return str(file)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", ["last", "first", "-x", "--help", " ", "20261127-2016"])
def test_every_way_of_naming_asks_the_same(tmp_path: Path, way: str, name: str) -> None:
    if way == "form" and not name.strip():
        pytest.skip("a field that is left empty is no name")
    with pytest.raises(UsageError):
        WAYS[way](name, tmp_path)


@pytest.mark.parametrize("way", ["option", "paste", "rename"])
def test_no_name_is_none(tmp_path: Path, way: str) -> None:
    with pytest.raises(UsageError, match="1 to 200 characters"):
        WAYS[way]("", tmp_path)
