"""What a command line asks for is checked as far as torch isn't needed."""

from __future__ import annotations

from pathlib import Path

import pytest

from inittui.errors import UsageError
from inittui.experiment.records import DataConfig, Experiment
from inittui.runs import create_run
from inittui.runs.asked import check_schemes, experiment_file, experiment_of


def test_a_file_goes_before_a_run_of_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    root = tmp_path / "runs"
    run = create_run(root, Experiment(name="mine"))
    assert experiment_file(None, root) is None
    for text in ("last", "mine", run.id):
        assert experiment_file(text, root) == run.experiment_file
    Path("mine").touch()
    assert experiment_file("mine", root) == Path("mine")


def test_what_is_given_stands_beside_what_is_usual_and_schemes_are_spelled_as_known() -> None:
    usual = Experiment(data=DataConfig(limit=7))
    found = experiment_of({"schemes": ("xavier-normal", "zeros/zeros")}, None, usual=usual)
    assert found == Experiment(schemes=("xavier_normal", "zeros"), data=DataConfig(limit=7))


@pytest.mark.parametrize("name", ["a\0b.toml", "\0", "x" * 5_000])
def test_what_can_be_no_file_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        experiment_of({}, experiment_file(name, tmp_path))


def test_sweeps_and_layer_rules_are_checked_too() -> None:
    with pytest.raises(UsageError, match="did you mean 'std'"):
        check_schemes(Experiment(schemes=(), sweeps=("normal:sd=1|2",)))
    with pytest.raises(UsageError, match="did you mean 'rule'"):
        check_schemes(Experiment(layers={"fc*": "rul"}))
