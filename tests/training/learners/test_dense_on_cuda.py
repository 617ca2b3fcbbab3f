"""A step on a GPU that isn't there: PyTorch's fake tensors have a device and shapes, no numbers.

Whatever would wait for a number of the GPU's, or mix its memory with the host's, raises.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch
from torch import nn
from torch._subclasses.fake_tensor import DataDependentOutputException, FakeTensorMode

from inittui.data.splits import Split
from inittui.experiment.records import OPTIMIZERS, Optimizer, TrainingConfig
from inittui.training.batches import Batches
from inittui.training.dropout import mask_dropout, plan_masks
from inittui.training.learners.dense import DenseLearner, dense_layers

CUDA = torch.device("cuda:0")


class OnHost(torch.Generator):
    """Takes the place of a GPU's generator, which needs a driver."""

    def __new__(cls, device: torch.device | None = None) -> OnHost:
        made = super().__new__(cls)
        made.asked_for = device
        return made

    asked_for: torch.device | None


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    mode = FakeTensorMode()
    monkeypatch.setattr(torch, "Generator", OnHost)
    with mode:
        yield


def perceptron() -> nn.Sequential:
    model = nn.Sequential(
        nn.Flatten(), nn.Linear(12, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Dropout(0.2),
        nn.Linear(8, 6), nn.Tanh(), nn.Dropout(0.2), nn.Linear(6, 10),
    )  # fmt: skip
    mask_dropout(model)
    return model


MASKS = plan_masks(perceptron(), torch.rand(2, 1, 3, 4))
LAYERS = dense_layers(perceptron())


def feed_of(seeds: tuple[int, ...]) -> Batches:
    images = torch.empty(100, 1, 3, 4, dtype=torch.uint8, device=CUDA)
    labels = torch.zeros(100, dtype=torch.int64, device=CUDA)
    splits = [Split(torch.arange(85), torch.arange(85, 100)) for _ in seeds]
    return Batches(
        images, labels, splits, seeds, batch_size=20, masks=MASKS, dtype=torch.float32,
        mean=0.3, std=0.4,
    )  # fmt: skip


def learner_of(
    seeds: tuple[int, ...], optimizer: Optimizer, rates: tuple[dict[str, float], ...] = ()
) -> DenseLearner:
    assert LAYERS is not None
    with torch.device(CUDA):
        models = [perceptron() for _ in range(3)]
    rows = [0, 0, len(seeds) - 1]
    like = torch.zeros((), device=CUDA)
    return DenseLearner(
        LAYERS, models, rows, len(seeds), TrainingConfig(optimizer=optimizer), like, rates
    )


@pytest.mark.parametrize("optimizer", [name for name in OPTIMIZERS if name != "sgd"])
@pytest.mark.parametrize("seeds", [(0,), (0, 1)])
@pytest.mark.usefixtures("fake")
def test_a_step_stays_on_the_device_and_waits_for_nothing(
    seeds: tuple[int, ...], optimizer: Optimizer
) -> None:
    # Of PyTorch's fused SGD there is no fake form.
    feed, learner = feed_of(seeds), learner_of(seeds, optimizer)
    for epoch, step in ((0, 0), (0, feed.steps_per_epoch - 1), (1, 0)):  # a smaller batch, too
        batch = feed.batch(epoch, step)
        assert {each.device for each in (batch.images, batch.labels, *batch.masks)} == {CUDA}
        losses = learner.step(batch)
        assert (losses.shape, losses.device) == ((3,), CUDA)
    for batch in feed.validation():
        assert learner.logits(batch.images).device == CUDA
    learner.keep([0, 2])
    assert learner.step(feed.batch(1, 1)).shape == (2,)
    assert {tensor.device for tensor in learner.state().values()} == {CUDA}


@pytest.mark.usefixtures("fake")
def test_learning_rates_by_layer_stay_on_the_device_too() -> None:
    rates = ({"1.weight": 0.5}, {}, {"8.bias": 2.0})
    feed, learner = feed_of((0,)), learner_of((0,), "adam", rates)
    assert learner.step(feed.batch(0, 0)).device == CUDA


@pytest.mark.usefixtures("fake")
def test_the_mask_s_generator_is_on_the_device() -> None:
    generator = feed_of((0,))._masks._generator
    assert isinstance(generator, OnHost)
    assert generator.asked_for == CUDA


@pytest.mark.usefixtures("fake")
def test_what_waits_is_found() -> None:
    """What the tests above rest on."""
    losses = learner_of((0,), "adam").step(feed_of((0,)).batch(0, 0))
    with pytest.raises(DataDependentOutputException):
        losses.tolist()
    with pytest.raises(RuntimeError, match="device"):
        losses + torch.ones(3)
