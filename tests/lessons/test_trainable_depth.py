"""Whether the deepest networks that train lie at the edge, of maps whose cells are known."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from msgspec.structs import replace

from inittui.experiment.phase import USUAL, phase_experiment
from inittui.experiment.sweeps import plan_trials
from inittui.lessons.answers import answer, answer_all
from inittui.lessons.questions import CANT_TELL, Answer, TrainableDepth
from inittui.results.state import RunState
from tests.support.runs import Made, made_run

DEPTHS = (5, 15, 30)
QUESTION = TrainableDepth(published="at the edge", reference="x")


def trained(deepest: Mapping[float, int], activation: str = "tanh") -> RunState:
    """Return a map over σ_w² in which networks train up to these depths."""
    base = replace(USUAL, model=replace(USUAL.model, activation=activation))
    made = phase_experiment(
        base, scales="|".join(map(str, deepest)), values="|".join(map(str, DEPTHS))
    )
    trials = [
        Made(plan.scheme, 0.8 if plan.swept["model.depth"] <= deepest[scale] else 0.1,
             swept=plan.swept, family=plan.family)
        for plan in plan_trials(made)
        if isinstance(scale := plan.swept["variance_scaling:scale"], float)
    ]  # fmt: skip
    return made_run(trials, experiment=made)


def asked(deepest: Mapping[float, int], activation: str = "tanh") -> Answer:
    return answer(QUESTION, trained(deepest, activation))


def test_the_deepest_at_the_edge() -> None:
    found = asked({1.0: 15, 1.75: 30, 4.0: 15})
    assert found.text == (
        "A network counts as trained from 45.0 % on, half way from guessing to the best. Depth to "
        "which all are:\n"
        "σ_w² = 1: 15 (theory about 22); σ_w² = 1.75: 30, the greatest (theory about 2600); "
        "σ_w² = 4: 15 (theory about 20).\n"
        "The deepest are trained at σ_w² = 1.75; theory's edge of chaos is 1.76, and 1.75 next to "
        "it: at the edge (published: at the edge).\n"
        "Rank correlation of trained depth and theory's over 3 variances: 0.87."
    )
    assert found.verdicts == {"deepest": "at the edge"}
    assert found.holds is True


@pytest.mark.parametrize(
    ("deepest", "verdict", "ranks"),
    [
        ({1.0: 30, 1.75: 15, 4.0: 15}, "away from it", "0"),
        ({1.0: 15, 1.75: 5, 4.0: 30}, "away from it", "-1"),
        ({1.0: 30, 1.75: 30, 4.0: 30}, CANT_TELL, "can't be told"),
        ({2.5: 15, 3.0: 15, 4.0: 5}, CANT_TELL, "0.87"),
    ],
)
def test_the_opposite_is_said_where_it_was_measured(
    deepest: Mapping[float, int], verdict: str, ranks: str
) -> None:
    found = asked(deepest)
    assert found.verdicts == {"deepest": verdict}
    assert f"variances: {ranks}." in found.text
    assert found.holds is (False if verdict == "away from it" else None)


def test_a_gap_ends_the_trained_depths() -> None:
    assert "σ_w² = 1: none" in asked({1.0: 0, 1.75: 30, 4.0: 5}).text


def test_a_run_that_is_no_such_map() -> None:
    found = answer(QUESTION, made_run([Made("rule", 0.5)]))
    assert found.text == "Nothing was trained over variance and depth."
    assert found.verdicts == {}


def test_nothing_is_judged_of_what_did_not_end() -> None:
    state = trained({1.0: 15, 1.75: 30, 4.0: 15})
    ended = answer_all([QUESTION], state)
    assert [each.says for each in ended] == ["trainable-depth"]
    first = state.trials[0]
    first.status = "running"
    assert answer_all([QUESTION], state)[1].holds is None


def test_where_nothing_learns_no_depth_is_called_trained() -> None:
    state = trained({1.0: 0, 1.75: 0, 4.0: 0})
    found = answer(QUESTION, state)
    assert found.text == f"None can be told to do better than guessing: {CANT_TELL}."
    assert found.verdicts == {"deepest": CANT_TELL}
    assert found.holds is None


def test_what_diverged_is_not_trained_whatever_its_accuracy_was() -> None:
    state = trained({1.0: 15, 1.75: 30, 4.0: 15})
    for trial in state.trials:
        if trial.plan is not None and trial.plan.swept["variance_scaling:scale"] == 1.75:
            trial.status = "diverged"
    assert "σ_w² = 1.75: none" in answer(QUESTION, state).text
