"""What lessons say of sweeps, and what a small size doesn't say."""

from __future__ import annotations

import msgspec

from inittui.events.records import Validated
from inittui.experiment.records import Experiment, TrainingConfig
from inittui.lessons.answers import answer
from inittui.lessons.questions import CANT_TELL, AtChance, BestRange, Epochs, Learns, Onset
from inittui.results.state import RunState
from tests.support.runs import STD, Made, made_run, std_sweep

FAMILY = "trunc_normal:std=…"


def verdict(found: dict[str, str], value: str) -> str:
    return found[f"{FAMILY}: {value}"]


def test_a_small_size_does_not_say_that_what_guesses_never_learns() -> None:
    state = std_sweep({0.01: [0.1, 0.1, 0.1], 0.1: [0.8, 0.8, 0.8], 1.0: [0.3, 0.3, 0.3]})
    full, small = (answer(Learns(), state, is_small=is_small) for is_small in (False, True))
    assert full.text.endswith("2 of 3 values of std of trunc_normal learn: 0.1, 1.")
    assert small.text.endswith(f"learn: 0.1, 1; whether 0.01 will, {CANT_TELL}.")
    assert (full.verdicts[f"{FAMILY}: 0.01"], small.verdicts[f"{FAMILY}: 0.01"]) == (
        "at chance", CANT_TELL,
    )  # fmt: skip


def test_a_small_size_calls_nothing_lower_that_has_not_come_to_its_end() -> None:
    accuracies = {0.01: [0.1, 0.7, 0.7], 0.1: [0.8, 0.8, 0.8], 1.0: [0.3, 0.3, 0.3]}
    state = std_sweep(accuracies)
    full, small = (answer(BestRange(), state, is_small=s) for s in (False, True))
    assert full.verdicts == {
        f"{FAMILY}: 0.01": "lower", f"{FAMILY}: 0.1": "best", f"{FAMILY}: 1": "lower",
    }  # fmt: skip
    assert small.verdicts == {**full.verdicts, f"{FAMILY}: 0.01": CANT_TELL}
    assert "Outside of it: std of trunc_normal 1 30.00" in small.text
    assert "Not at an end yet: std of trunc_normal 0.01 50.00" in small.text


def rising(last: float) -> RunState:
    values = {0.1: [0.7, 0.8, 0.8, 0.8], 1.0: [0.3, 0.4, 0.5, last]}
    return made_run(
        [
            Made(f"{STD}={value}", accuracy, swept={STD: value}, family=FAMILY, losses=[1.0] * 8)
            for value, accuracy in values.items()
        ]
    )


def test_what_still_gets_better_is_not_at_its_end() -> None:
    for last, expected in ((0.6, CANT_TELL), (0.505, "lower")):
        found = answer(BestRange(), rising(last), is_small=True)
        assert found.verdicts[f"{FAMILY}: 1"] == expected
        assert answer(BestRange(), rising(last)).verdicts[f"{FAMILY}: 1"] == "lower"


def test_right_more_often_than_guessing_with_an_exploding_loss() -> None:
    trials = [
        Made(f"{STD}={value}", 0.5, swept={STD: value}, family=FAMILY, val_loss=loss)
        for value, loss in ((0.1, 1.0), (1.0, 1e4))
    ]
    found = answer(Learns(), made_run(trials))
    assert found.verdicts == {f"{FAMILY}: 0.1": "learns", f"{FAMILY}: 1": "loss explodes"}
    assert "but with a loss far above guessing's: 1 (50.0 %)." in found.text


def test_a_value_that_learns_under_some_seeds_is_said_to_do_so_under_these() -> None:
    ends = {0.01: ((0.6, 1.2), (0.1, 2.302), (0.1, 2.302)), 0.1: ((0.8, 0.5),) * 3}
    trials = [
        Made(f"{STD}={value}", accuracy, seed, {STD: value}, FAMILY, val_loss=loss)
        for value, of in ends.items()
        for seed, (accuracy, loss) in enumerate(of)
    ]
    state = made_run(trials)
    learn = answer(Learns(), state).text
    assert learn.endswith(
        "2 of 2 values of std of trunc_normal learn: 0.01 (under 1 of 3 seeds), 0.1."
    )
    assert answer(Onset(), state).text == (
        "Clearly better than guessing: after 2 steps std=0.01 (under 1 of 3 seeds), std=0.1."
    )
    assert answer(AtChance(), state).text.startswith(
        f"{STD}=0.01 (26.67 %, of 3 seeds 2 not to be told from guessing) and {STD}=0.1 (80.00 %) "
    )


def test_what_diverged_is_said_to_have_diverged_at_any_size() -> None:
    """Not that this size can't tell whether it will learn, nor that it did at first."""
    trials = [
        Made(f"{STD}={value}", accuracy, swept={STD: value}, family=FAMILY, status=status)
        for value, accuracy, status in (
            (0.1, 0.8, "finished"), (1.0, 0.7, "diverged"), (3.0, None, "diverged"),
        )
    ]  # fmt: skip
    state = made_run(trials)
    for is_small in (False, True):
        found = answer(Learns(), state, is_small=is_small)
        assert found.text.endswith(
            "1 of 3 values of std of trunc_normal learns: 0.1; 1, 3 diverged."
        )
        assert verdict(dict(found.verdicts), "3") == "diverged"
        best = answer(BestRange(), state, is_small=is_small)
        assert "1 70.00 % (diverged)" in best.text


def test_counts_under_each_value_of_one_sweep() -> None:
    trials = [
        Made(f"normal:std={std} bn={norm}", accuracy, swept={"normal:std": std, "model.bn": norm},
             family="normal:std=…")
        for std, norm, accuracy in (
            (0.1, False, 0.1), (1.0, False, 0.8), (0.1, True, 0.8), (1.0, True, 0.9),
        )
    ]  # fmt: skip
    state = made_run(trials)
    assert (
        answer(Learns(by="model.bn"), state).text
        == "bn false: 1 of 2 learn; bn true: 2 of 2 learn."
    )
    small = answer(Learns(by="model.bn"), state, is_small=True)
    assert small.text == f"bn false: 1 of 2 learn, of 1 {CANT_TELL}; bn true: 2 of 2 learn."
    assert small.measured == {"bn false": (1.0, 2.0), "bn true": (2.0, 2.0)}


def validated(accuracies: dict[str, list[float]]) -> RunState:
    trials = [Made(scheme, each[-1], losses=[1.0] * 8) for scheme, each in accuracies.items()]
    state = made_run(trials, steps_per_epoch=8)
    for number, each in enumerate(accuracies.values()):
        for place, accuracy in enumerate(each[:-1], 1):
            event = Validated(trial=number, step=2 * place, val_loss=1.0, val_accuracy=accuracy)
            state.apply(msgspec.structs.replace(event, at=3.0))
    return state


def test_when_each_begins_to_learn() -> None:
    state = validated(
        {
            "early": [0.4, 0.5, 0.6, 0.7],
            "late": [0.1, 0.1, 0.3, 0.4],
            "back": [0.4, 0.1, 0.1, 0.5],
            "never": [0.1, 0.09, 0.11, 0.1],
        }
    )
    found = answer(Onset(), state)
    assert found.measured == {"early": (2.0,), "late": (6.0,), "back": (8.0,), "never": (None,)}
    assert found.text == (
        "Clearly better than guessing: after 2 steps early; after 6 steps late; after 8 steps "
        "back; not in 16 steps never."
    )


def test_accuracy_over_the_epochs() -> None:
    state = made_run([Made("rule", [0.1, 0.2, 0.4], seed) for seed in (0, 1)])
    found = answer(Epochs(), state)
    assert found.text == "Validation accuracy after epochs 1, 2 and 3: rule 10.0, 20.0, 40.0 %."
    assert answer(Epochs(), RunState()).text == "Nothing was validated."
    assert "not on record" in answer(Onset(), RunState()).text


def test_contestants_of_fewer_epochs_have_these_named() -> None:
    """Whichever of them comes last."""
    trials = [Made("long", [0.1, 0.2, 0.3, 0.4]), Made("gone", [0.1], status="diverged")]
    for made in (trials, trials[::-1]):
        text = answer(Epochs(), made_run(made)).text
        assert "after epochs 1, 2 and 4: long 10.0, 20.0, 40.0 %" in text
        assert "after epoch 1: gone 10.0 %" in text


def test_when_nothing_was_clear_is_said_of_the_steps_that_were_validated() -> None:
    trials = [
        Made("cut", [0.1], losses=[1.0] * 3, is_cut_short=True),
        Made("gone", None, status="diverged"),
        Made("one", [0.5], losses=[1.0]),
    ]
    experiment = Experiment(training=TrainingConfig(epochs=5))
    text = answer(Onset(), made_run(trials[:2], steps_per_epoch=2, experiment=experiment)).text
    assert text == "Clearly better than guessing: not in 2 steps cut; never validated gone."
    text = answer(Onset(), made_run(trials[2:], steps_per_epoch=1)).text
    assert text == "Clearly better than guessing: after 1 step one."
