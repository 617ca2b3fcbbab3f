"""Training accuracy is that of the batches as they came, in every way of training."""

from __future__ import annotations

from typing import Any

import pytest
import torch
import torch.nn.functional as F

from inittui.events.records import EpochEnded
from inittui.experiment.records import ModelConfig
from inittui.results.curves import curve_of
from inittui.results.state import fold
from inittui.training.engine import train
from inittui.training.prepared import prepare
from tests.support.trials import experiment

IMAGES = 600


def by_a_plain_loop(wanted: Any) -> list[float]:
    """Return the accuracy of each epoch's batches, before each update, dropout on."""
    (variant,) = prepare(wanted).variants
    (plan,) = variant.trials.values()
    model, dropout = variant.model(plan)
    feed = variant.feed([plan.seed])
    optimizer = torch.optim.Adam(model.parameters(), lr=wanted.training.lr)
    found = []
    for epoch in range(wanted.training.epochs):
        right = 0
        for step in range(feed.steps_per_epoch):
            batch = feed.batch(epoch, step)
            model.train()
            for layer, mask in zip(dropout, batch.masks, strict=True):
                layer.mask = mask[0]
            logits = model(batch.images[0])
            right += int((logits.argmax(-1) == batch.labels[0]).sum())
            optimizer.zero_grad()
            F.cross_entropy(logits, batch.labels[0]).backward()
            optimizer.step()
        found.append(right / (IMAGES * 0.8))
    return found


@pytest.mark.parametrize("stack", ["auto", "off"])
@pytest.mark.parametrize("model", ["mlp", "lenet"])
def test_it_is_that_of_a_plain_loop(model: str, stack: str) -> None:
    """Rounding may turn the class of an image or two of 480."""
    wanted = experiment(
        ["rule"], images=IMAGES, epochs=2, stack=stack, model=ModelConfig(name=model)
    )
    ended = [event for event in train(prepare(wanted)) if isinstance(event, EpochEnded)]
    found = [event.train_accuracy for event in ended]
    assert found == pytest.approx(by_a_plain_loop(wanted), abs=2.5 / 480)


def test_every_trial_of_a_stack_has_its_own_and_what_diverged_leaves_the_others_theirs() -> None:
    wanted = experiment(["zeros", "normal:std=1e30", "rule"], images=IMAGES, epochs=2)
    alone = experiment(["rule"], images=IMAGES, epochs=2)
    state, other = (fold(train(prepare(each))) for each in (wanted, alone))
    (rule,), (same,) = state.of_scheme("rule"), other.of_scheme("rule")
    found = [epoch.train_accuracy for epoch in rule.epochs]
    assert found == pytest.approx([e.train_accuracy for e in same.epochs], abs=2.5 / 480)
    assert curve_of([rule], "train_accuracy").mean.tolist() == found
