"""What the Python API takes for schemes and seeds."""

from __future__ import annotations

import pytest

import inittui


def small(**more: object) -> inittui.Experiment:
    return inittui.Experiment(
        data=inittui.DataConfig(limit=100),
        training=inittui.TrainingConfig(epochs=1, device="cpu"),
        **more,  # type: ignore[arg-type]
    )


def test_one_scheme_is_a_text() -> None:
    state = inittui.compare("rule", experiment=small())
    assert [(trial.scheme, trial.seed) for trial in state.trials] == [("rule", 0)]


def test_an_experiment_keeps_its_schemes_and_seeds_unless_they_are_given() -> None:
    mine = small(schemes=("zeros",), seeds=(4, 5))
    kept = inittui.compare(experiment=mine)
    assert [(trial.scheme, trial.seed) for trial in kept.trials] == [("zeros", 4), ("zeros", 5)]
    other = inittui.compare(["ones"], seeds=[7], experiment=mine)
    assert [(trial.scheme, trial.seed) for trial in other.trials] == [("ones", 7)]


def test_errors_can_be_caught_by_name() -> None:
    with pytest.raises(inittui.InittuiError, match="seeds must be at least 1"):
        inittui.compare("rule", seeds=0)
    assert issubclass(inittui.UsageError, inittui.InittuiError)
    assert issubclass(inittui.MachineError, inittui.InittuiError)
