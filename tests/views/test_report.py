"""The report of recorded and of hostile runs, at the widths that people have."""

from __future__ import annotations

import math
import re
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs
from rich.cells import cell_len
from syrupy.assertion import SnapshotAssertion

from inittui.events.records import RoundingCompared, RunStatus, TrialStatus
from inittui.experiment.records import Experiment
from inittui.results.state import RunState
from inittui.text import sanitize
from inittui.views.frame import Frame
from inittui.views.report import compare_report
from tests.support.rendering import render
from tests.support.runs import Made, made_run, run_state
from tests.support.torture import examples

RUNS = ("classic", "seeds", "diverged", "interrupted", "running", "empty")
WIDTHS = (60, 80, 120)
ESCAPE = re.compile(r"\x1b\[[\d;]*m")


def report(state: RunState, width: int = 80, *, color: bool = False, **frame: object) -> str:
    view = compare_report(state, Frame(width, **frame))  # type: ignore[arg-type]
    return render(view, width, color=color)


def widest(text: str) -> int:
    return max(map(cell_len, ESCAPE.sub("", text).splitlines()), default=0)


@pytest.mark.parametrize("color", [False, True], ids=["plain", "color"])
@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", RUNS)
def test_report(name: str, width: int, color: bool, snapshot: SnapshotAssertion) -> None:
    text = report(run_state(name), width, color=color)
    assert widest(text) <= width
    assert text == snapshot


@pytest.mark.parametrize("name", RUNS)
def test_report_in_ascii(name: str, snapshot: SnapshotAssertion) -> None:
    text = report(run_state(name), ascii_only=True)
    assert text.isascii()
    assert widest(text) <= 80
    assert text == snapshot


@pytest.mark.parametrize("name", RUNS)
def test_colour_adds_nothing_but_colour(name: str) -> None:
    plain, coloured = (report(run_state(name), color=color) for color in (False, True))
    assert ESCAPE.sub("", coloured) == plain


@pytest.mark.parametrize("marker", ["braille", "block", "ascii"])
def test_every_scheme_is_marked_alike_in_curve_legend_and_table(marker: str) -> None:
    text = report(run_state("classic"), marker=marker)
    for scheme in run_state("classic").schemes:
        (mark,) = set(re.findall(rf"(\S) {scheme}\b", text.split("Accuracies")[0]))
        canvas = [line.partition("│")[2] for line in text.splitlines() if "│" in line]
        if marker == "ascii":
            canvas = [line.partition("|")[2] for line in text.splitlines() if "|" in line]
        assert any(mark in line for line in canvas)


@pytest.mark.parametrize("width", [20, 33, 47, 101])
@pytest.mark.parametrize("name", ["seeds", "diverged", "empty"])
def test_nothing_is_wider_than_the_frame(name: str, width: int) -> None:
    assert widest(report(run_state(name), width)) <= width


def test_columns_without_room_are_named() -> None:
    assert "no room for: seconds" in report(run_state("classic"), 60)
    assert "no room" not in report(run_state("classic"), 80)


def test_the_same_state_gives_the_same_report() -> None:
    assert report(run_state("seeds")) == report(run_state("seeds"))


def test_a_log_axis_is_used_where_curves_span_two_decades() -> None:
    assert "log axis" in report(run_state("classic"))
    assert "log axis" not in report(run_state("seeds"))
    view = compare_report(run_state("classic"), Frame(80), first=10, log_y=False)
    linear = render(view, 80)
    assert "training loss, first 10 steps\n" in linear


def test_the_lowest_curves_are_looked_at_closer() -> None:
    text = report(run_state("classic"))
    closer = text.split("closer: the lowest curves")[1].split("scheme ")[0]
    assert "rule" in closer
    assert "normal" in closer
    assert "default" in closer
    assert "ones" not in closer
    assert "closer" not in report(run_state("seeds"))


def test_every_seventieth_trial_is_in_the_table() -> None:
    schemes = [f"normal:std={i / 100:g}" for i in range(1, 71)]
    text = report(made_up([(scheme, [2.0, 1.0], [0.5], "finished") for scheme in schemes]))
    assert all(re.search(rf" {re.escape(scheme)} ", text) for scheme in schemes)
    assert widest(text) <= 80


def made_up(
    trials: list[tuple[str, list[float], list[float], TrialStatus]],
    *,
    seeds: int = 1,
    ended: RunStatus | None = "finished",
    note: str = "",
    reason: str = "",
) -> RunState:
    """Return a run whose trials have these names, losses, accuracies and ends."""
    schemes = tuple(dict.fromkeys(name for name, *_ in trials))
    made = [
        Made(name, of, seed, losses=losses, status=status, val_loss="NaN", reason=reason)
        for seed in range(seeds)
        for name, losses, of, status in trials
    ]
    return made_run(
        made, steps_per_epoch=10, ended=ended, note=note, reason=reason, run=reason or "r",
        experiment=Experiment(schemes=schemes, seeds=tuple(range(seeds)), name=note),
        device=note or "cpu", device_name=note,
    )  # fmt: skip


@settings(max_examples=examples(60))
@given(
    trials=st.lists(
        st.tuples(
            st.text(min_size=1, max_size=60),
            st.lists(st.floats(), max_size=30),
            st.lists(st.floats(0, 1), max_size=3),
            st.sampled_from(get_args(TrialStatus)),
        ),
        max_size=8,
        unique_by=lambda trial: trial[0],
    ),
    seeds=st.integers(1, 4),
    ended=st.sampled_from([None, *(status for status in get_args(RunStatus))]),
    note=st.text(max_size=80),
    reason=st.text(max_size=80),
    width=st.integers(20, 130),
    ascii_only=st.booleans(),
)
def test_no_run_breaks_the_report(
    trials: list[tuple[str, list[float], list[float], TrialStatus]],
    seeds: int,
    ended: RunStatus | None,
    note: str,
    reason: str,
    width: int,
    ascii_only: bool,
) -> None:
    state = made_up(trials, seeds=seeds, ended=ended, note=note, reason=reason)
    text = report(state, width, ascii_only=ascii_only)
    assert widest(text) <= width
    assert all(sanitize(line, len(line) + 1) == line for line in text.splitlines())
    if ascii_only:
        assert text.isascii()


def test_escape_codes_in_names_do_nothing() -> None:
    name = "rule\x1b[31m\x1b]0;title\x07\u202e"
    text = report(made_up([(name, [2.0, 1.0], [0.5], "finished")], note="\x1b[2J", reason="\x07"))
    assert "\x1b" not in text
    assert "\x07" not in text
    assert "\u202e" not in text
    assert "rule" in text


SENTENCES = {
    "classic": ["one seed can't rank", "stay at chance (about 10 %)"],
    "seeds": [
        "normal, default and rule can't be told apart as groups (at most 80.90 %, 3 seeds), though "
        "default is behind normal by 2.21 points (95 % interval 0.02 to 4.39)",
        "it takes about 4 for rule (2.72 points)",
        "zeros stays at chance",
    ],
    "diverged": ["rule and normal:std=1e+30 diverged", "ones stays at chance"],
    "interrupted": ["after epoch 1 of 2", "can't be told apart", "were interrupted"],
    "running": ["Nothing has been validated yet."],
    "empty": ["a run that has not begun"],
}


@pytest.mark.parametrize("name", SENTENCES)
def test_what_is_said(name: str) -> None:
    text = " ".join(report(run_state(name)).split())
    for part in SENTENCES[name]:
        assert part in text


def test_chaos_is_told_of_what_was_measured_not_of_a_name() -> None:
    state = run_state("classic")
    assert "chaotic" not in report(state)
    ones, rule = (state.of_scheme(scheme)[0] for scheme in ("ones", "rule"))
    state.apply(RoundingCompared(trial=ones.index, steps=10, difference=0.36))
    state.apply(RoundingCompared(trial=rule.index, steps=10, difference=7e-8))
    text = " ".join(report(state).split())
    assert "The path of ones is chaotic: in another precision the first losses differ" in text
    assert "by up to 36 %" in text


def test_a_loss_that_overflows_in_one_precision_alone_differs_without_bound() -> None:
    state = run_state("classic")
    state.apply(RoundingCompared(at=9.0, trial=1, steps=10, difference="Infinity"))
    text = " ".join(report(state).split())
    assert "in another precision the first losses differ without bound, so figures" in text
    assert "inf %" not in text


def repeated(*trials: tuple[str, list[float], list[float]]) -> RunState:
    """Return a finished run in which each scheme has this accuracy and loss under each seed."""
    made = [
        Made(name, [accuracy] * 2, seed, losses=[loss] * 20)
        for name, accuracies, losses in trials
        for seed, (accuracy, loss) in enumerate(zip(accuracies, losses, strict=True))
    ]
    return made_run(made, steps_per_epoch=10, validated=100_000)


def said(state: RunState) -> str:
    return " ".join(report(state, 120).rsplit("\n\n", 1)[1].split())


def test_equal_accuracies_are_told_apart_by_the_early_loss() -> None:
    state = repeated(
        ("rule", [0.860, 0.865, 0.855], [1.00, 1.01, 0.99]),
        ("normal", [0.862, 0.861, 0.858], [0.92, 0.94, 0.91]),
        ("zeros", [0.1, 0.1, 0.1], [2.3, 2.3, 2.3]),
    )
    text = said(state)
    assert "By accuracy normal and rule can't be told apart" in text
    assert "By the mean loss of the first 20 steps normal is lowest, rule lies 0.0767 above" in text
    assert "is best" not in text


def test_what_no_number_tells_apart_is_not_ranked() -> None:
    state = repeated(
        ("rule", [0.860, 0.865, 0.855], [1.00, 1.01, 0.99]),
        ("default", [0.862, 0.861, 0.858], [1.01, 0.99, 1.00]),
    )
    text = said(state)
    assert "can't be told apart" in text
    assert "doesn't tell default and rule apart either" in text
    assert "best" not in text
    assert "lowest" not in text


def test_a_clear_difference_is_given_with_its_interval() -> None:
    text = said(
        repeated(("a", [0.86, 0.87, 0.85], [1.0] * 3), ("b", [0.80, 0.812, 0.788], [1.0] * 3))
    )
    # differences -6, -5.8, -6.2 points: mean 6, t(0.975, 2) = 4.303, 4.303 · 0.2/√3 = 0.497
    assert (
        "a is best with 86.00 %. b is behind a by 6.00 points (95 % interval 5.50 to 6.50)." in text
    )


def test_one_scheme_alone_is_not_compared() -> None:
    text = said(repeated(("rule", [0.86], [1.0])))
    assert text == "rule reaches 86.00 %."


def test_one_nan_among_seeds_leaves_the_mean_to_the_others() -> None:
    state = repeated(("rule", [0.8, 0.8], [1.0, 1.0]), ("ones", [0.1, 0.1], [3.0, 3.0]))
    state.trials[1].losses[10:] = state.trials[1].losses[:0]
    state.trials[1].losses.append(math.nan)
    text = report(state)
    assert "NaN" not in text.split("scheme")[0]


def test_where_trials_were_trained_is_told_where_it_was_in_several_places() -> None:
    state = run_state("classic")
    assert "trials on" not in report(state)
    for place, trial in zip(("cuda:0", "cuda:1", "cuda:1"), state.trials, strict=False):
        trial.place = place
    assert "1 trial on cuda:0 · 2 trials on cuda:1" in report(state)
    state.trials[0].place = "evil\x1b[2J"
    assert "\x1b" not in report(state)


def test_a_device_that_a_damaged_log_doesn_t_name_is_left_out() -> None:
    state = run_state("classic")
    assert state.started is not None
    state.started = structs.replace(state.started, device="", device_name="", run="r")
    assert "\nseed 0 · run r, " in report(state)
