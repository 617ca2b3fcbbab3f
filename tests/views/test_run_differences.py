"""What is said of runs beside each other."""

from __future__ import annotations

import pytest

from inittui.views.frame import Frame
from inittui.views.run_differences import runs_difference
from tests.support.rendering import render
from tests.support.runs import Made, made_run

NO_SEEDS = "Differences have no intervals: fewer than three seeds have accuracies in both."
NO_SCHEME = "Nothing is paired: no scheme of the first run is in another."


@pytest.mark.parametrize(
    ("other", "seeds", "said"), [("rule", 2, NO_SEEDS), ("normal", 3, NO_SCHEME), ("rule", 3, "")]
)
def test_why_nothing_has_an_interval(other: str, seeds: int, said: str) -> None:
    states = [
        made_run([Made(scheme, 0.5 + seed / 100, seed) for seed in range(seeds)])
        for scheme in ("rule", other)
    ]
    text = render(runs_difference(["a", "b"], states, Frame(120)), 120)
    for each in (NO_SEEDS, NO_SCHEME):
        assert (each in text) is (each == said)


def test_seeds_without_accuracies_are_not_said_not_to_be_shared() -> None:
    first = made_run([Made("rule", 0.8, seed) for seed in range(3)])
    other = made_run([Made("rule", None, seed, is_cut_short=True) for seed in range(3)])
    assert NO_SEEDS in render(runs_difference(["a", "b"], [first, other], Frame(120)), 120)


def test_a_small_difference_is_no_zero() -> None:
    states = [
        made_run([Made("rule", accuracy, seed) for seed in range(3)], validated=100_000)
        for accuracy in (0.8, 0.80001)
    ]
    assert "+0.001 [" in render(runs_difference(["a", "b"], states, Frame(120)), 120)
