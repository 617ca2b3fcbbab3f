"""Answers to lessons' questions, from runs whose numbers are known."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

import pytest

from inittui.events.records import ValuesDrawn
from inittui.experiment.records import Experiment, TrainingConfig
from inittui.lessons import read_lesson
from inittui.lessons.answers import answer, answer_all, answer_part, with_hint
from inittui.lessons.drawn_values import Drawn, answer_moments
from inittui.lessons.questions import (
    CANT_TELL,
    Accuracy,
    AtChance,
    BestRange,
    Difference,
    Layers,
    Learns,
    Loss,
    Moments,
    SameStart,
    Written,
)
from inittui.results.state import RunState, fold
from tests.support.runs import STD, Made, made_run, std_sweep

NOTHING = RunState()


def classic() -> RunState:
    return made_run(
        [Made("zeros", 0.0984, losses=(2.3026, 2.303)), Made("rule", 0.8542, losses=(2.31, 0.4))]
    )


def test_accuracies_beside_published_ones() -> None:
    said = answer(Accuracy(published={"zeros": 9.475}), classic())
    assert said.text == ("Validation accuracy: zeros 9.84 % (published 9.475 %), rule 85.42 %.")
    assert said.measured == {"zeros": (pytest.approx(9.84),), "rule": (pytest.approx(85.42),)}
    assert said.holds is None


def test_accuracies_over_seeds_have_their_spread() -> None:
    state = made_run([Made("rule", 0.80, 0), Made("rule", 0.84, 1)], on="test")
    assert answer(Accuracy(), state).text == "Test accuracy: rule 82.00 ± 2.83 %."


def test_chance_is_a_verdict() -> None:
    both = answer(AtChance(), classic())
    assert both.text == (
        "zeros (9.84 %) stays at chance (guessing gives 10 %); "
        "rule (85.42 %) does better than guessing (10 %)."
    )
    assert both.holds is False
    assert answer(AtChance(schemes=("zeros",)), classic()).holds is True


def test_chance_beside_what_a_source_found() -> None:
    published = AtChance(published={"zeros": "at chance", "rule": "learns"})
    said = answer(published, classic())
    assert said.text.endswith("published: zeros stays at chance and rule learns, as here.")
    assert said.holds is True
    other = answer(AtChance(published={"zeros": "learns", "rule": "learns"}), classic())
    assert other.text.endswith("zeros learns and rule learns, which is not so here for zeros.")
    assert other.holds is False


@pytest.mark.parametrize(
    ("of", "value"), [("start", 2.31), ("first-100", (2.31 + 0.4) / 2), ("last", 0.4)]
)
def test_losses(of: str, value: float) -> None:
    said = answer(Loss(of=of, schemes=("rule",), remark="One run."), classic())  # type: ignore[arg-type]
    assert said.measured["rule"] == (pytest.approx(value),)
    assert said.text.endswith("One run.")


def test_losses_that_are_no_numbers_are_told() -> None:
    state = made_run([Made("ones", 0.1, losses=(1.0, math.inf))])
    assert "inf" in answer(Loss(of="last"), state).text


def pairs(differences: list[float]) -> RunState:
    return made_run(
        [
            Made(scheme, 0.5 + (differences[seed] if scheme == "normal" else 0), seed)
            for seed in range(len(differences))
            for scheme in ("rule", "normal")
        ],
        validated=100_000,
    )


DIFFERENCE = Difference(of="accuracy", between=("normal", "rule"))


def test_a_clear_difference() -> None:
    said = answer(DIFFERENCE, pairs([0.010, 0.012, 0.011]))
    # Student's t with 2 degrees of freedom, 4.303, times 0.1/√3, is 0.248.
    assert said.text == (
        "normal less rule, accuracy: +1.1 points, 95 % interval +0.852 to +1.35 over 3 seeds: "
        "they can be told apart."
    )
    assert said.holds is True


def test_a_difference_that_may_be_chance() -> None:
    said = answer(DIFFERENCE, pairs([0.01, -0.01, 0.02]))
    assert said.text.endswith("they can't be told apart.")
    assert said.holds is False


@pytest.mark.parametrize("seeds", [1, 2])
def test_too_few_seeds_tell_nothing(seeds: int) -> None:
    said = answer(DIFFERENCE, pairs([0.01] * seeds))
    assert "can't tell" in said.text
    assert said.holds is None


def start(bias: str) -> tuple[tuple[str, str | None, str], ...]:
    return (("fc1.weight", "rule", "w"), ("fc1.bias", "zeros", bias))


def test_the_same_start_but_for_the_biases() -> None:
    state = made_run(
        [Made(s, 0.5, seed, start=start(s)) for seed in (0, 1) for s in ("rule", "default")]
    )
    said = answer(SameStart(between=("default", "rule")), state)
    assert said.text == (
        "At the start of default and rule under each of 2 seeds: bitwise equal are fc1.weight; "
        "fc1.bias differs; so the two differ in the biases alone."
    )
    assert said.holds is True
    assert "not on record" in answer(SameStart(between=("default", "rule")), classic()).text


def test_the_same_start_of_one_seed_is_not_enough() -> None:
    trials = [Made(s, 0.5, 0, start=start("b")) for s in ("rule", "default")]
    trials += [Made(s, 0.5, 1, start=start(s)) for s in ("rule", "default")]
    said = answer(SameStart(between=("default", "rule")), made_run(trials))
    assert "bitwise equal are fc1.weight; fc1.bias differs" in said.text


def test_best_range_and_what_is_outside() -> None:
    state = std_sweep({0.01: [0.88], 0.1: [0.875], 1.0: [0.3]}, rule=0.9)
    said = answer(BestRange(), state)
    assert said.text == (
        "The highest accuracy, 88.00 %, is at std of trunc_normal 0.01; from 0.01 to 0.1 it is "
        "within 1 point of that; one seed can't rank what lies close together.\n"
        "Outside of it: std of trunc_normal 1 30.00 %.\n"
        "rule: 90.00 %."
    )


def test_which_values_learn() -> None:
    said = answer(Learns(), std_sweep({0.01: [0.1], 0.1: [0.8], 1.0: [0.3]}))
    assert said.text == "trunc_normal:std=…: 2 of 3 values of std of trunc_normal learn: 0.1, 1."


def interrupted_sweep(*finished: float) -> RunState:
    values = {0.01: 0.1, 0.1: 0.8, 1.0: None}
    return made_run(
        [
            Made(f"{STD}={value}", accuracy, swept={STD: value}, family=f"{STD}=…",
                 losses=(2.0, 1.0) if accuracy else (), is_cut_short=value not in finished)
            for value, accuracy in values.items()
        ]
    )  # fmt: skip


def test_what_was_not_trained_is_not_counted_as_what_does_not_learn() -> None:
    state = interrupted_sweep(0.01, 0.1)
    unfinished, learns = answer_all([Learns()], state)
    assert unfinished.text == (
        "2 of 3 trials were trained to the end: the accuracies and losses below are of what was "
        "measured until then."
    )
    assert learns.text == (
        "trunc_normal:std=…: 1 of the 2 values of std of trunc_normal that were trained to the "
        "end learns: 0.1 (left out: 1)."
    )
    assert learns.measured == {"trunc_normal:std=…": (10.0, 80.0, None)}


def test_nothing_is_said_of_a_sweep_of_which_nothing_was_trained() -> None:
    said = answer_all([Learns(), BestRange()], interrupted_sweep())
    assert [one.text for one in said[1:]] == [
        "trunc_normal:std=…: so far no value of std of trunc_normal was trained to the end.",
        "So far no value of std of trunc_normal was trained to the end.",
    ]
    assert said[1].measured == {"trunc_normal:std=…": (None, None, None)}


def test_a_run_that_ended_is_answered_without_a_word_on_that() -> None:
    questions = [Accuracy(), AtChance(schemes=("zeros",))]
    assert answer_all(questions, classic()) == tuple(answer(q, classic()) for q in questions)


def test_an_interrupted_run_gives_no_verdict() -> None:
    trials = [Made("zeros", 0.0984, is_cut_short=True), Made("rule", None, losses=())]
    state = made_run(trials)
    said = answer_all([AtChance(), Accuracy(), Loss(of="last")], state)
    assert [one.says for one in said] == ["unfinished", "at-chance", "accuracy", "loss"]
    assert answer(AtChance(), state).holds is True
    assert said[1].holds is None
    assert said[2].text == "Validation accuracy: zeros 9.84 %."
    assert said[3].text == "Loss of the last batch: zeros 1."


def test_what_was_never_measured_is_said() -> None:
    state = made_run([Made("rule", None, losses=(), is_cut_short=True)])
    assert answer(Accuracy(), state).text == "Validation accuracy: not measured."
    assert answer(Loss(of="last"), state).text == "Loss of the last batch: not measured."
    assert answer(Written(), state).text == "Start values are not on record."
    assert answer(Written(), state).holds is False


def test_written_and_not_written() -> None:
    full = made_run([Made("rule", 0.5, start=start("b"))])
    assert answer(Written(), full).text == (
        "2 of 2 parameters were written, by 2 different initializers."
    )
    assert answer(Written(), full).holds is True
    lacking = made_run([Made("rule", 0.5, start=(*start("b"), ("norm.weight", None, "x")))])
    said = answer(Written(), lacking)
    assert "nobody wrote norm.weight" in said.text
    assert said.holds is False


def test_what_was_not_measured_is_said() -> None:
    assert "not measured" in answer(Layers(of="pre_activations.variance"), classic()).text
    for question in (Accuracy(), AtChance(), BestRange(), Learns(), Written(), Moments()):
        assert answer(question, NOTHING).text
    assert "not known" in answer(DIFFERENCE, NOTHING).text


def test_moments_of_drawn_values() -> None:
    near = Drawn(count=900, mean=0.05, std=1.02, expected_mean=0.0, expected_std=1.0)
    said = answer_moments(near)
    assert said.text == (
        "900 values: mean 0.05 (expected 0, within ±0.1 99.7 % of the times), standard deviation "
        "1.02 (expected 1)."
    )
    assert said.holds is True
    far = Drawn(count=900, mean=0.11, std=1.0, expected_mean=0.0, expected_std=1.0)
    assert answer_moments(far).holds is False


@pytest.mark.parametrize(
    ("initializer", "text"),
    [
        ("normal:std=1", "4 values: mean 0.5 (expected 0, within ±1.5"),
        ("mine:init", "What to expect of mine:init is not known."),
    ],
)
def test_moments_of_a_lesson_s_histogram(initializer: str, text: str) -> None:
    drawn = ValuesDrawn(
        initializer=initializer, shape=(4, 1), seed=0, mean=0.5, std=1.0, min=-1.0, max=1.0,
        edges=(-1.0, 0.0, 1.0), counts=(1, 3),
    )  # fmt: skip
    assert answer(Moments(), fold([drawn])).text.startswith(text)


def test_what_a_small_size_does_not_tell_apart_a_larger_one_may() -> None:
    said = answer(DIFFERENCE, pairs([0.01, -0.01, 0.02]), is_small=True)
    assert said.text.endswith("this size can't tell.")
    assert said.holds is None
    clear = answer(DIFFERENCE, pairs([0.010, 0.012, 0.011]), is_small=True)
    assert clear.holds is True and set(clear.verdicts.values()) == {"higher"}


def test_guessing_with_a_loss_that_comes_down_is_not_judged_by_a_small_size() -> None:
    falling = [100.0 / step for step in range(1, 9)]
    for losses, verdict in ((falling, CANT_TELL), ([2.303] * 8, "at chance")):
        state = made_run([Made("uniform", 0.1, losses=losses)], steps_per_epoch=8)
        said = answer(AtChance(), state, is_small=True)
        assert said.verdicts == {"uniform": verdict}
        assert (said.holds is None) is (verdict == CANT_TELL)
        assert answer(AtChance(), state).verdicts == {"uniform": "at chance"}


def test_what_only_the_seeds_cannot_tell_does_not_stay_at_chance() -> None:
    ends = enumerate((0.21, 0.3, 0.28))
    made = [Made("s", accuracy, seed, val_loss=8.0) for seed, accuracy in ends]
    said = answer(AtChance(), made_run(made, validated=120))
    assert said.text == "s (26.33 %) can't be told from guessing (10 %) by so few seeds."


def test_the_size_is_said_with_every_answer() -> None:
    (part,) = read_lesson("default").parts
    small = answer_part(part, classic(), "small")
    assert {each.measured_at for each in small} == {"small size: 1 seed, 4 steps of 100 images"}
    hinted = with_hint(answer_part(part, pairs([0.01]), "small"), lambda: "--full takes 9 min.")
    for each in hinted:
        assert each.text.endswith("--full takes 9 min.") is (CANT_TELL in each.text)


def test_differences_that_are_asked_together_are_judged_together() -> None:
    noise = [0.003, -0.003, 0.001, -0.001, 0.0]

    def trials(scheme: str, above: float, part: int) -> list[Made]:
        return [
            Made(scheme, 0.5 + above + part * noise[seed], seed, losses=(1.0, 1.0))
            for seed in range(5)
        ]

    state = made_run([*trials("a", 0.0, 0), *trials("b", 0.0032, 1), *trials("c", 0.1, 1)])
    questions = [
        Difference(of="accuracy", between=("b", "a")),  # p = 0.03 by itself
        Difference(of="accuracy", between=("c", "a")),
        Difference(of="first-100-loss", between=("b", "a")),
        Difference(of="first-100-loss", between=("c", "a")),
    ]
    assert answer(questions[0], state).holds is True
    first, second, *_ = answer_all(questions, state)
    assert first.holds is False
    assert "Holm's interval for 4 differences" in first.text
    assert second.holds is True
    low, high = first.text.split(" differences ")[1].split(" over")[0].split(" to ")
    assert float(low) < 0 < float(high)


def test_accuracies_and_their_difference_are_of_the_same_seeds() -> None:
    """What diverged counts in neither."""
    made = [Made(name, at, seed) for name, at in (("a", 0.8), ("b", 0.79)) for seed in range(4)]
    made[3] = replace(made[3], accuracy=0.1, status="diverged")
    state = made_run(made)
    assert answer(Accuracy(), state).text.startswith("Validation accuracy: a 80.00 ± 0.00 %, b 79")
    found = answer(Difference(of="accuracy", between=("a", "b")), state).text
    assert found.startswith("a less b, accuracy: +1 points, 95 % interval")
    assert "over 3 seeds: " in found


def test_the_first_batches_are_as_many_as_there_are() -> None:
    experiment = Experiment(seeds=(0, 1, 2), training=TrainingConfig(epochs=1))
    for steps, said in ((40, "mean loss of the first 40 batches"), (1, "loss of the first batch")):
        made = [Made(n, 0.5, seed, losses=[2.0] * steps) for n in "ab" for seed in range(3)]
        state = made_run(made, steps_per_epoch=steps, experiment=experiment)
        text = answer(Loss(of="first-100"), state).text
        assert text == f"{said[0].upper()}{said[1:]}: a 2, b 2."
        text = answer(Difference(of="first-100-loss", between=("a", "b")), state).text
        assert text.startswith(f"a less b, {said}: +0")


@pytest.mark.parametrize("published", ["learns", "at chance"])
@pytest.mark.parametrize(
    ("accuracies", "images"), [((0.1,), 5), ((0.13,), 1_000), ((0.21, 0.3, 0.28), 120)]
)
def test_what_can_t_be_told_neither_meets_a_source_nor_contradicts_it(
    published: Literal["learns", "at chance"], accuracies: Sequence[float], images: int
) -> None:
    made = [
        Made("a", accuracy, seed, losses=[2.3] * 16, val_loss=8.0 if seed else 2.3)
        for seed, accuracy in enumerate(accuracies)
    ]
    state = made_run(made, steps_per_epoch=16, validated=images)
    said = answer(AtChance(published={"a": published}), state)
    assert said.holds is None
    assert "published" not in said.text


def test_one_parameter_is_written_by_one_initializer() -> None:
    state = made_run([Made("a", 0.5, start=[("fc1.weight", "rule", "x")])])
    assert answer(Written(), state).text == "1 of 1 parameter was written, by one initializer."


def test_the_best_of_what_only_guesses_is_none() -> None:
    found = answer(BestRange(), std_sweep({0.1: [0.1], 0.2: [0.09]}))
    assert found.text.startswith("At no std of trunc_normal does it learn;")
    assert "Outside" not in found.text
    assert found.verdicts == {}


def test_a_list_that_is_cut_says_how_many_are_left_out() -> None:
    state = std_sweep({n / 100: [0.8 - n / 100] for n in range(1, 21)})
    assert "0.12 and 8 more." in answer(Learns(), state).text
    assert answer(BestRange(), state).text.endswith("66.00 % and 6 more.")
