"""A phase diagram as a person sees it: theory's lines over the cells, and what is said of them."""

from __future__ import annotations

import math

import pytest
from msgspec.structs import replace
from rich.cells import cell_len
from syrupy.assertion import SnapshotAssertion

from inittui.experiment.phase import USUAL, phase_experiment
from inittui.experiment.sweeps import plan_trials
from inittui.results.state import RunState
from inittui.views.frame import Frame
from inittui.views.report import map_report
from inittui.views.sweep_maps import Map
from tests.support.rendering import render
from tests.support.runs import Made, made_run


def diagram(against: str = "depth", *, limit: float = 6.0) -> RunState:
    """Return a diagram of tanh whose accuracies fall off beyond ``limit`` / |ln(σ_w²/1.76)|."""
    model = replace(USUAL.model, activation="tanh", depth=None if against == "depth" else 20)
    made = phase_experiment(
        replace(USUAL, model=model), against,
        scales="1|1.5|1.75|2|3|4", values=None if against != "depth" else "2|10|20|30|60",
    )  # fmt: skip
    trials = []
    for plan in plan_trials(made):
        scale = float(plan.swept["variance_scaling:scale"])
        depth = float(plan.swept.get("model.depth", 20))
        reach = 2 * limit / abs(math.log(scale / 1.7609)) / depth
        accuracy = round(0.1 + 0.7 / (1 + reach**-3), 3)
        trials.append(Made(plan.scheme, accuracy, swept=plan.swept, family=plan.family))
    return made_run(trials, experiment=made)


def drawn(state: RunState, frame: Frame) -> str:
    return render(map_report(state, frame, Map()), frame.width)


@pytest.mark.parametrize("frame", [Frame(80), Frame(80, ascii_only=True)], ids=["80", "ascii"])
@pytest.mark.parametrize("against", ["depth", "bias", "lr"])
def test_diagram(against: str, frame: Frame, snapshot: SnapshotAssertion) -> None:
    text = drawn(diagram(against), frame)
    assert max(map(cell_len, text.splitlines())) <= 80
    assert text.isascii() or not frame.ascii_only
    assert text == snapshot


def test_lines_lie_where_the_limits_are() -> None:
    """6/|ln χ₁| of tanh at σ_b² = 0.05: 22 layers at σ_w² = 1, 32 at 3, 20 at 4."""
    lines = drawn(diagram(), Frame(80)).splitlines()
    place = next(number for number, line in enumerate(lines) if line.startswith("30 │"))
    assert lines[place - 1].split("│")[1][24:29] == "═════"  # between 30 and 60: σ_w² = 3
    assert lines[place + 1].split("│")[1].split() == ["═════", "═════"]  # 20 and 30: 1 and 4


def test_the_report_of_the_run_has_the_same_lines() -> None:
    from inittui.views.report import compare_report

    assert "6/|ln χ₁| layers" in render(compare_report(diagram(), Frame(80)), 80)


def test_what_is_said_follows_the_numbers() -> None:
    text = " ".join(drawn(diagram(), Frame(200)).split())
    assert "tanh's edge of chaos lies at σ_w² of about 1.76." in text
    assert "Highest accuracy at depth 60: 80.0 % at σ_w² = 1.75." in text
    worse = " ".join(drawn(diagram(limit=1.0), Frame(200)).split())
    assert "Theory has 30 of them right" not in worse


def test_the_best_of_networks_that_only_guess_is_none() -> None:
    text = " ".join(drawn(diagram(limit=1e-6), Frame(width=100)).split())
    assert "None can be told to do better than guessing at depth" in text
    assert "Best at" not in text
    assert "Rank correlation" not in text
