"""Models that take their steps in turn: the same science as any other way."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from inittui.experiment.records import OPTIMIZERS, ModelConfig
from inittui.results.state import RunState
from inittui.training.checkpoints import Checkpoint, CheckpointStore, matches
from inittui.training.learners.parallel import ParallelLearner, layout_for
from inittui.training.planning import StackPlan, make_learner, plan_stacks
from inittui.training.prepared import Prepared, prepare
from tests.support.trials import experiment, losses, with_model, worst_relative
from tests.support.trials import run as run_planned


class Small(nn.Module):
    """Convolutions, one of them depthwise, normalisation with buffers, dropout, an idle layer."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(1, 4, 3, stride=2, padding=1)
        self.norm = nn.BatchNorm2d(4)
        self.drop = nn.Dropout(0.3)
        self.conv2 = nn.Conv2d(4, 8, 3, groups=4)
        self.out = nn.Linear(8, 10)
        self.idle = nn.Linear(3, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = F.max_pool2d(F.relu(self.norm(self.conv1(x))), 2)
        return self.out(self.conv2(self.drop(x)).mean((2, 3)))


def side_by_side(prepared: Prepared) -> StackPlan:
    """Plan as if every model kept a core busy."""
    return plan_stacks(prepared, busy_bytes=0)


def run(prepared: Prepared) -> RunState:
    return run_planned(prepared, plan=side_by_side(prepared))


def prepared_small(
    schemes: tuple[str, ...] = ("rule", "default", "kaiming_normal"), **settings: object
) -> Prepared:
    return with_model(experiment(schemes, **{"images": 600, **settings}), Small())


@pytest.mark.parametrize("name", OPTIMIZERS)
@pytest.mark.parametrize("seeds", [(0,), (0, 1)])
def test_equals_reference(name: str, seeds: tuple[int, ...]) -> None:
    wanted = {"seeds": seeds, "dtype": "float64", "optimizer": name}
    assert side_by_side(prepared_small(**wanted)).kind == "turns"
    turns, plain = run(prepared_small(**wanted)), run(prepared_small(stack="off", **wanted))
    assert worst_relative(turns, plain) < 1e-9
    for one, other in zip(turns.trials, plain.trials, strict=True):
        # The running statistics of batch normalisation show here.
        assert one.val_loss == pytest.approx(other.val_loss, rel=1e-9)


def test_float32_equals_reference_for_50_steps() -> None:
    wanted = {"images": 1_250, "batch_size": 20}
    turns, plain = run(prepared_small(**wanted)), run(prepared_small(stack="off", **wanted))
    assert turns.trials[0].steps == 50
    assert worst_relative(turns, plain) < 1e-5


def test_a_trial_does_not_depend_on_the_others() -> None:
    together = losses(run(prepared_small()))
    assert torch.equal(together["rule", 0], losses(run(prepared_small()))["rule", 0])
    # Alone it has all threads, and a sum that is split otherwise is rounded otherwise.
    alone = losses(run(prepared_small(("rule",))))["rule", 0]
    torch.testing.assert_close(alone, together["rule", 0], rtol=1e-5, atol=0)


def test_a_trial_that_diverges_leaves_the_others_alone() -> None:
    def plain(*schemes: str) -> Prepared:
        layers = [nn.Conv2d(1, 4, 3, stride=2), nn.ReLU(), nn.Flatten(), nn.Linear(4 * 169, 10)]
        return with_model(experiment(schemes, images=600), nn.Sequential(*layers))

    wild, calm = run(plain("normal:std=1e30", "rule", "default")), run(plain("rule", "default"))
    assert [trial.status for trial in wild.trials] == ["diverged", "finished", "finished"]
    for key, values in losses(calm).items():
        assert torch.equal(values, losses(wild)[key])


def test_what_is_saved_brings_a_trial_back(tmp_path: Path) -> None:
    prepared = prepared_small()
    made, plans = prepared.variants[0], prepared.trials[:2]

    def steps(learner: object, first: int, last: int) -> torch.Tensor:
        assert isinstance(learner, ParallelLearner)
        feed = made.feed([0])
        found = [learner.step(feed.batch(0, step)) for step in range(first, last)]
        learner.settle()
        return torch.stack(found)

    learner = make_learner(made, "turns", plans)
    steps(learner, 0, 2)
    store = CheckpointStore(tmp_path)
    saved = Checkpoint((0, 1), 0, 2, (0.0, 0.0), torch.zeros(2, 2).double(), learner.state())
    store.save((0, 1), saved)
    expected = steps(learner, 2, 4)

    again = make_learner(made, "turns", plans)
    loaded = store.load((0, 1), 2**30)
    assert loaded is not None
    assert matches(loaded.state, again.state())
    with torch.no_grad():
        for name, tensor in again.state().items():
            tensor.copy_(loaded.state[name])
    assert torch.equal(steps(again, 2, 4), expected)


def test_values_are_those_of_the_trial() -> None:
    prepared = prepared_small()
    made = prepared.variants[0]
    learner = make_learner(made, "turns", prepared.trials)
    model, _ = made.model(made.trials[1])
    values = learner.values_of(1)
    for name, tensor in {**dict(model.named_parameters()), **dict(model.named_buffers())}.items():
        assert torch.equal(values[name], tensor)
    learner.step(made.feed([0]).batch(0, 0))
    assert not any(name.endswith("mask") for name in learner.values_of(1))


def test_turns_repeat_bitwise() -> None:
    wanted = {"seeds": (0, 1), "schemes": ("rule", "default")}
    first, second = run(prepared_small(**wanted)), run(prepared_small(**wanted))
    for key, values in losses(first).items():
        assert torch.equal(values, losses(second)[key])


def test_only_models_that_compute_much() -> None:
    assert plan_stacks(prepared_small()).kind == "general"
    lenet = prepare(experiment(["rule"], images=100, model=ModelConfig(name="lenet")))
    assert plan_stacks(lenet).kind == "turns"
    assert plan_stacks(with_model(experiment(["rule"], images=100), Residual(64))).kind == "general"
    assert plan_stacks(with_model(experiment(["rule"], images=100), Residual(512))).kind == "turns"


class Residual(nn.Module):
    """A perceptron whose parameters make up most of its work."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.fc1 = nn.Linear(784, width)
        self.out = nn.Linear(width, 10)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.fc1(x.flatten(1))
        return self.out(x + x.relu())


class Viewing(nn.Module):
    """The usual tutorial's: its view wants images that lie in memory in the usual way."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(1, 10, 5)
        self.out = nn.Linear(10 * 144, 10)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = F.relu(F.max_pool2d(self.conv(x), 2))
        return self.out(x.view(x.size(0), -1))


class Colour(nn.Module):
    """A perceptron whose view can't be had of images with the channels last."""

    def __init__(self) -> None:
        super().__init__()
        self.out = nn.Linear(3 * 16, 10)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.out(x.view(x.size(0), -1)).relu()


def test_models_that_want_the_usual_layout_get_it() -> None:
    wanted = {"schemes": ("rule", "default"), "dtype": "float64", "images": 600}
    made = with_model(experiment(**wanted), Viewing())
    assert side_by_side(made).kind == "turns"
    plain = run(with_model(experiment(**wanted, stack="off"), Viewing()))
    assert worst_relative(run(made), plain) < 1e-9
    grey, colour = torch.rand(2, 1, 28, 28), torch.rand(2, 3, 4, 4)
    assert layout_for(Viewing(), grey) is torch.contiguous_format
    assert layout_for(Colour(), colour) is torch.contiguous_format
    assert layout_for(Small(), grey) is torch.channels_last
    assert layout_for(nn.Flatten(), torch.rand(2, 784)) is torch.contiguous_format


class Moody(nn.Module):
    """Draws from Python's generator, which all trials would share."""

    def __init__(self) -> None:
        super().__init__()
        self.fc1 = nn.Linear(784, 20)
        self.out = nn.Linear(20, 10)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.fc1(x.flatten(1)) * (random.random() if self.training else 1.0)
        return self.out(x + x.relu())


def test_models_that_draw_numbers_of_python_s_train_alone_and_repeat() -> None:
    wanted = experiment(("rule", "default"), images=600)
    plan = side_by_side(with_model(wanted, Moody()))
    assert (plan.kind, "random numbers" in plan.reason) == ("single", True)
    before = random.getstate()
    first = run(with_model(wanted, Moody()))
    random.seed(7)
    second = run(with_model(wanted, Moody()))
    random.setstate(before)
    for key, values in losses(first).items():
        assert torch.equal(values, losses(second)[key])
