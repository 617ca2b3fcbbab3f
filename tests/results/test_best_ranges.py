"""Which value of a sweep is best, in words."""

from __future__ import annotations

import pytest

from inittui.events.records import TrialStatus
from inittui.results.best_ranges import best_ranges
from inittui.results.state import RunState
from inittui.results.summary import summarize, told_apart
from inittui.results.sweep_results import swept_axes
from tests.support.runs import STD, Made, made_run, std_sweep


@pytest.mark.parametrize(
    ("accuracies", "said"),
    [
        ({0.01: [0.88], 0.1: [0.879], 1.0: [0.3]},
         "The highest accuracy, 88.00 %, is at std of trunc_normal 0.01; from 0.01 to 0.1 it is "
         "within 1 point of that; one seed can't rank what lies close together."),
        ({0.01: [0.88, 0.89], 1.0: [0.3, 0.29]},
         "The highest mean accuracy, 88.50 %, is at std of trunc_normal 0.01; 2 seeds can't rank "
         "what lies close together."),
        ({0.01: [0.88, 0.881, 0.882], 0.1: [0.88, 0.879, 0.882], 1.0: [0.3, 0.299, 0.303]},
         "The highest mean accuracy, 88.10 %, is at std of trunc_normal 0.01; from 0.01 to 0.1 it "
         "is within 1 point of that; 0.1 can't be told from 0.01."),
        ({0.01: [0.88, 0.882, 0.884], 1.0: [0.3, 0.299, 0.303]},
         "The best std of trunc_normal is 0.01, with 88.20 %."),
        ({0.01: [0.88]}, "Std of trunc_normal 0.01 reaches 88.00 %."),
        ({0.01: [0.11], 1.0: [0.1]},
         "At no std of trunc_normal does it learn; the accuracy is at most 11.00 %, guessing "
         "gives 10 %."),
    ],
)  # fmt: skip
def test_the_best_range_in_words(accuracies: dict[float, list[float]], said: str) -> None:
    state = std_sweep(accuracies)
    assert best_ranges(swept_axes(state)[0], told_apart(state)) == [said]


def cut_short(*finished: float) -> RunState:
    """A sweep of three values whose others were interrupted after the first epoch."""
    accuracies = {0.01: 0.3, 0.1: 0.6, 1.0: 0.11}
    return made_run(
        [
            Made(f"{STD}={value}", accuracy, swept={STD: value}, family=f"{STD}=…",
                 is_cut_short=value not in finished)
            for value, accuracy in accuracies.items()
        ]
    )  # fmt: skip


@pytest.mark.parametrize(
    ("finished", "best", "said"),
    [
        ((0.01, 1.0), 0.01,
         "Of 2 of 3 values trained to the end, the highest accuracy, 30.00 %, is at std of "
         "trunc_normal 0.01; one seed can't rank what lies close together."),
        ((1.0,), 1.0,
         "Of 1 of 3 values trained to the end, at no std of trunc_normal does it learn; the "
         "accuracy is at most 11.00 %, guessing gives 10 %."),
        ((), None, "So far no value of std of trunc_normal was trained to the end."),
    ],
)  # fmt: skip
def test_only_values_that_were_trained_to_the_end_are_judged(
    finished: tuple[float, ...], best: float | None, said: str
) -> None:
    state = cut_short(*finished)
    (axis,) = swept_axes(state)
    (curve,) = axis.curves
    assert (curve.best.value if curve.best else None) == best
    assert [p.accuracy.mean for p in curve.points if p.accuracy] == [0.3, 0.6, 0.11]
    assert best_ranges(axis, told_apart(state)) == [said]


def test_many_curves_get_one_sentence() -> None:
    trials = [
        Made(f"constant:value={bias}", 0.2 + bias / 10, swept={"model.depth": depth})
        for bias in range(6)
        for depth in (1, 2)
    ]
    state = made_run(trials)
    assert len(best_ranges(swept_axes(state)[0], told_apart(state))) == 1


def with_diverged(*diverged: tuple[float, int]) -> RunState:
    """A sweep under three seeds of which some diverge after the first epoch, at 80 or 90 %."""
    accuracies = {0.01: 0.5, 0.1: 0.8, 1.0: 0.9}
    return made_run(
        [
            Made(
                f"{STD}={value}", [accuracy + seed / 500] * (1 if (value, seed) in diverged else 2),
                seed, {STD: value}, f"{STD}=…", losses=[1.0] * 4,
                status="diverged" if (value, seed) in diverged else "finished",
            )
            for value, accuracy in accuracies.items()
            for seed in range(3)
        ]
    )  # fmt: skip


def test_a_value_under_which_all_seeds_diverge_is_not_the_best() -> None:
    state = with_diverged((1.0, 0), (1.0, 1), (1.0, 2))
    (axis,) = swept_axes(state)
    assert best_ranges(axis, told_apart(state)) == [
        "The best std of trunc_normal is 0.1, with 80.20 %."
    ]
    assert axis.curves[0].points[2].is_sound is False


def test_seeds_that_diverge_are_counted_beside_the_accuracy_of_the_others() -> None:
    state = with_diverged((1.0, 1), (1.0, 2))
    assert best_ranges(swept_axes(state)[0], told_apart(state)) == [
        "The highest accuracy, 90.00 %, is at std of trunc_normal 1, where 2 of 3 seeds diverged; "
        "one seed can't rank what lies close together."
    ]


def test_best_is_said_only_where_the_table_tells_all_others_apart() -> None:
    """Four values beside three references: Holm's correction is over all of the run's pairs."""
    for spread in (0.0005, 0.002, 0.005, 0.02):
        seeds = (0.0, spread, -spread)
        accuracies = {
            value: [0.7 + place / 50 + (1 + place) * off for off in seeds]
            for place, value in enumerate((0.01, 0.1, 0.3, 1.0))
        }
        state = std_sweep(accuracies)
        best, *others = summarize(state)
        told = [each.accuracy_difference for each in others]
        assert best.scheme.endswith("std=1.0")
        (said,) = best_ranges(swept_axes(state)[0], told_apart(state))
        is_told = all(each is not None and each.is_clear for each in told)
        assert said.startswith("The best std") is is_told
        assert ("can't be told from 1" in said) is not is_told


def test_values_that_seeds_alone_cannot_tell_are_not_said_not_to_learn() -> None:
    made = [
        Made(f"{STD}={value}", accuracy, seed, {STD: value}, f"{STD}=…", val_loss=8.0)
        for value, of in ((0.1, (0.21, 0.3, 0.28)), (1.0, (0.1, 0.1, 0.1)))
        for seed, accuracy in enumerate(of)
    ]
    state = made_run(made, validated=120)
    (said,) = best_ranges(swept_axes(state)[0], told_apart(state))
    assert "does it learn" not in said
    assert "differ from guessing by more than untrained networks may" in said


def test_equal_values_are_named_together() -> None:
    state = std_sweep({0.1: [0.8], 0.2: [0.8], 0.3: [0.5]})
    assert best_ranges(swept_axes(state)[0], told_apart(state))[0].startswith(
        "The highest accuracy, 80.00 %, is at std of trunc_normal 0.1 and 0.2; from 0.1 to 0.2"
    )


def test_who_has_too_few_seeds_is_the_one_that_can_t_be_ranked() -> None:
    state = std_sweep({0.1: [0.8, 0.81, 0.82], 0.2: [0.7]})
    (text,) = best_ranges(swept_axes(state)[0], told_apart(state))
    assert text.endswith("; one seed can't rank what lies close together.")


def test_a_value_that_is_nearly_always_right_is_not_said_to_be_always() -> None:
    (text,) = best_ranges(swept_axes(state := std_sweep({0.1: [0.99996]}))[0], told_apart(state))
    assert text == "Std of trunc_normal 0.1 reaches 99.996 %."


@pytest.mark.parametrize(
    ("statuses", "said"),
    [
        (("diverged",), "where it diverged."),
        (("diverged",) * 3, "where all 3 seeds diverged."),
        (("diverged", "finished", "interrupted"), "where 1 of 3 seeds diverged."),
    ],
)
def test_the_seeds_that_diverged_are_counted_among_all(
    statuses: tuple[TrialStatus, ...], said: str
) -> None:
    made = [
        Made(f"{STD}=0.1", 0.8, seed, {STD: 0.1}, f"{STD}=…", status=status)
        for seed, status in enumerate(statuses)
    ]
    (text,) = best_ranges(swept_axes(state := made_run(made))[0], told_apart(state))
    assert text.endswith(said)
