"""A trial that blows up is recorded, ends, and touches nobody."""

from __future__ import annotations

import math

import pytest
import torch

from inittui.experiment.records import ModelConfig
from inittui.training.stack import CHECK_STEPS
from tests.support.trials import experiment, losses, run

EXPLODING = ModelConfig(hidden=(64,) * 4, activation="identity", dropout=0.0)
BLOWS_UP = "constant:value=1e12"


@pytest.mark.parametrize("stack", ["off", "auto"])
def test_diverged_trial_ends_and_the_others_go_on(stack: str) -> None:
    wanted = experiment(["rule", BLOWS_UP, "normal"], model=EXPLODING, images=15_000, stack=stack)
    state = run(wanted)
    rule, blown, normal = state.trials
    assert [t.status for t in state.trials] == ["finished", "diverged", "finished"]
    assert state.status == "finished"
    assert not math.isfinite(blown.losses[-1])
    assert all(map(math.isfinite, blown.losses[:-1]))
    assert blown.epochs == []
    assert "NaN" in blown.reason or "Infinity" in blown.reason
    assert rule.steps == normal.steps == 120


def test_neighbours_of_a_diverged_trial_are_untouched() -> None:
    shape = {"model": EXPLODING, "images": 15_000}
    among = losses(run(experiment(["rule", BLOWS_UP, "normal"], **shape)))
    without = losses(run(experiment(["rule", "normal"], **shape)))
    assert len(among["rule", 0]) > CHECK_STEPS
    for scheme in ("rule", "normal"):
        torch.testing.assert_close(among[scheme, 0], without[scheme, 0], rtol=1e-4, atol=0)


def test_a_diverged_trial_is_no_longer_paid_for() -> None:
    from inittui.training.planning import make_learner
    from inittui.training.prepared import prepare

    prepared = prepare(experiment(["rule", BLOWS_UP, "normal"], images=1_000))
    variant = prepared.variants[0]
    for kind in ("dense", "general"):
        learner = make_learner(variant, kind, prepared.trials)
        feed = variant.feed([0])
        learner.step(feed.batch(0, 0))
        learner.keep([0, 2])
        assert len(learner.step(feed.batch(0, 1))) == 2
        assert len(learner.logits(feed.batch(0, 2).images)) == 2


def test_dropping_one_keeps_the_moments_of_the_others() -> None:
    from inittui.training.planning import make_learner
    from inittui.training.prepared import prepare

    prepared = prepare(experiment(["rule", "ones", "normal"], images=1_000, dtype="float64"))
    variant = prepared.variants[0]
    for kind in ("dense", "general"):
        whole = make_learner(variant, kind, prepared.trials)
        thinned = make_learner(variant, kind, prepared.trials)
        feed = variant.feed([0])
        for step in range(3):
            whole.step(feed.batch(0, step))
            thinned.step(feed.batch(0, step))
        thinned.keep([0, 2])
        for step in range(3, 6):
            batch = feed.batch(0, step)
            expected = whole.step(batch)[[0, 2]]
            torch.testing.assert_close(thinned.step(batch), expected, rtol=1e-12, atol=0)


def test_nothing_finished() -> None:
    state = run(experiment([BLOWS_UP], model=EXPLODING, images=1_000))
    assert state.status == "nothing-finished"
    assert state.trials[0].val_accuracy is None
