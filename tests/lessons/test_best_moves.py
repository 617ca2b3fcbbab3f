"""How the best learning rate moves with the width, of losses whose best is known."""

from __future__ import annotations

import math

import pytest

from inittui.events.wire_numbers import to_wire
from inittui.lessons.best_moves import answer_best_moves
from inittui.lessons.questions import CANT_TELL, Answer, BestMoves
from inittui.results.state import RunState
from tests.support.runs import Made, made_run

QUESTION = BestMoves(of="training.lr", along="model.width")
RATES = (3e-4, 1e-3, 3e-3, 0.01, 0.03)
WIDTHS = (32, 128, 512)


def trained(
    exponents: dict[str, float],
    spread: float = 0.0,
    at: float = 0.004,
    diverge_from: float = 1.0,
    *,
    seeds: int = 3,
) -> RunState:
    """Return a run whose log loss is a parabola about ``at`` × (width/32)^exponent."""
    trials = []
    for scheme, exponent in exponents.items():
        for seed in range(seeds):
            for width in WIDTHS:
                best = at * (width / 32) ** (exponent + spread * (seed - 1))
                for rate in RATES:
                    loss = math.exp(0.3 * math.log(rate / best) ** 2)
                    swept = {"training.lr": rate, "model.width": width}
                    wild = rate >= diverge_from
                    trials.append(
                        Made(scheme, None if wild else 0.5, seed, swept,
                             losses=(2.0, math.nan if wild else loss),
                             status="diverged" if wild else "finished",
                             val_loss=to_wire(math.nan if wild else loss), train_loss=loss)
                    )  # fmt: skip
    return made_run(trials)


def answered(state: RunState) -> Answer:
    return answer_best_moves(QUESTION, state)


def test_a_best_rate_that_moves_and_one_that_stays() -> None:
    found = answered(trained({"standard": -0.5, "mup": 0.0}, spread=0.02))
    assert found.verdicts == {"standard": "moves", "mup": "stays"}
    assert found.measured["standard"] == pytest.approx([0.004, 0.002, 0.001], rel=1e-3)
    assert found.measured["mup"] == pytest.approx([0.004] * 3, rel=1e-3)
    first, second = found.text.splitlines()
    assert first == (
        "standard: the lr of the lowest training loss is 0.004 at 32, 0.002 at 128, 0.001 at 512: "
        "width^-0.50 ± 0.05; it moves."
    )
    assert second.endswith("width^0.00 ± 0.05; it stays.")


def test_seeds_that_disagree_tell_nothing() -> None:
    found = answered(trained({"standard": -0.4}, spread=0.3, at=0.003))
    assert found.verdicts == {"standard": CANT_TELL}


def test_what_may_as_well_move_is_not_said_to_stay() -> None:
    """0 ± 0.3 is none of the exponents that move, -½ and beyond; 0 ± 0.5 may be."""
    for spread, verdict in ((0.12, "stays"), (0.21, CANT_TELL)):
        assert answered(trained({"mup": 0.0}, spread)).verdicts == {"mup": verdict}


def test_one_seed_has_no_interval_and_tells_nothing() -> None:
    found = answered(trained({"mup": 0.0, "standard": -0.5}, seeds=1))
    assert found.verdicts == {"mup": CANT_TELL, "standard": CANT_TELL}
    assert "width^0.00 under one seed; this size can't tell." in found.text
    assert "inf" not in found.text


def test_a_best_at_the_end_of_the_sweep_tells_nothing() -> None:
    found = answered(trained({"standard": -0.9}, at=0.003))
    assert found.verdicts == {"standard": CANT_TELL}
    assert "a better one may lie beyond the swept ones" in found.text


def test_beyond_what_diverged_nothing_better_lies() -> None:
    found = answered(trained({"standard": 0.0}, at=0.01, diverge_from=0.03))
    assert found.verdicts == {"standard": "stays"}
    assert found.measured["standard"] == pytest.approx([0.01] * 3)


def test_nothing_swept_is_said() -> None:
    assert answered(made_run([Made("rule", 0.5)])).text.startswith("Nothing was trained")


def test_the_source_s_finding_stands_beside_and_is_judged() -> None:
    state = trained({"standard": -0.5, "mup": 0.0}, spread=0.02)
    question = BestMoves(of="training.lr", along="model.width",
                         published={"standard": "moves", "mup": "stays"})  # fmt: skip
    found = answer_best_moves(question, state)
    assert found.text.count("(published: it moves)") == 1
    assert found.holds is True
    assert answer_best_moves(question, trained({"standard": 0.0})).holds is False
    assert answer_best_moves(question, trained({"standard": -0.4}, 0.3, 0.003)).holds is None
