"""Learning rates per layer under μP: every way to take a step against the tables, written out."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from msgspec.structs import replace
from torch import nn

from inittui.experiment.records import Experiment, ModelConfig
from inittui.training.learners.optimizers import OptimizerStep, Piece
from inittui.training.planning import Kind, make_learner
from inittui.training.prepared import Prepared, prepare
from tests.support.trials import experiment, run, worst_relative

BASE, WIDTH, STEPS = 8, 32, 6
GROWN = WIDTH / BASE
KINDS: tuple[Kind, ...] = ("dense", "general", "turns", "single")

TABLE_3 = {
    "adam": {"fc1.weight": 1.0, "fc2.weight": 1 / GROWN, "fc3.weight": 1 / GROWN,
             "fc1.bias": 1.0, "fc2.bias": 1.0, "fc3.bias": 1.0},
    "sgd": {"fc1.weight": GROWN, "fc2.weight": 1.0, "fc3.weight": 1 / GROWN,
            "fc1.bias": GROWN, "fc2.bias": GROWN, "fc3.bias": 1.0},
}  # fmt: skip
"""Yang et al. (2021): input weights and biases, hidden weights, output weights; each is 1 at the
base width. The last bias has as many entries as there are classes, at any width."""

TABLE_8 = {
    "adam": {**TABLE_3["adam"], "fc3.weight": 1.0},
    "sgd": {**TABLE_3["sgd"], "fc3.weight": GROWN},
}
"""The same with a multiplier 1/fan_in behind the output layer, and larger weights in it."""


def wanted(optimizer: str, schemes: tuple[str, ...] = (f"mup:base={BASE}",)) -> Experiment:
    model = ModelConfig("deep_mlp", activation="tanh", depth=2, width=WIDTH)
    return experiment(
        schemes, images=500, model=model, optimizer=optimizer, dtype="float64", batch_size=20,
        lr=0.05 if optimizer == "sgd" else 0.002,
    )  # fmt: skip


class Multiplied(nn.Module):
    """The perceptron with its output layer's weights divided by how much the width has grown."""

    def __init__(self, layers: nn.Module, multiplier: float) -> None:
        super().__init__()
        self.layers, self.multiplier = layers, multiplier

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        fc3 = self.layers.fc3
        hidden = self.layers[:-1](images)
        return F.linear(hidden, self.multiplier * fc3.weight, fc3.bias)


def plain_losses(
    prepared: Prepared, table: dict[str, float], model: nn.Module, of: nn.Module
) -> list[float]:
    """Train ``model`` by PyTorch's optimizers, one group a parameter of ``of``."""
    training = prepared.asked_for.training
    kind = {"adam": torch.optim.Adam, "sgd": torch.optim.SGD}[training.optimizer]
    groups = [
        {"params": [parameter], "lr": table[name] * training.lr}
        for name, parameter in of.named_parameters()
    ]
    optimizer = kind(groups)
    feed = prepared.variants[0].feed([0])
    found = []
    for step in range(STEPS):
        batch = feed.batch(0, step)
        loss = F.cross_entropy(model(batch.images[0]), batch.labels[0])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        found.append(float(loss.detach()))
    return found


def stepped(prepared: Prepared, kind: Kind) -> list[list[float]]:
    learner = make_learner(prepared.variants[0], kind, prepared.trials)
    feed = prepared.variants[0].feed([0])
    found = [learner.step(feed.batch(0, step)) for step in range(STEPS)]
    learner.settle()
    return torch.stack(found).T.tolist()


@pytest.mark.parametrize("optimizer", ["adam", "sgd"])
@pytest.mark.parametrize("kind", KINDS)
def test_every_learner_takes_the_steps_of_table_3(kind: Kind, optimizer: str) -> None:
    prepared = prepare(wanted(optimizer))
    model, _ = prepared.variants[0].model(prepared.trials[0])
    (mine,) = stepped(prepared, kind)
    assert mine == pytest.approx(plain_losses(prepared, TABLE_3[optimizer], model, model), rel=1e-9)


@pytest.mark.parametrize(("optimizer", "close"), [("adam", 1e-3), ("sgd", 1e-9)])
def test_table_8_comes_to_the_same(optimizer: str, close: float) -> None:
    """Adam's ε makes the small difference: it is added to gradients that are smaller there."""
    prepared = prepare(wanted(optimizer))
    model, _ = prepared.variants[0].model(prepared.trials[0])
    with torch.no_grad():
        model.fc3.weight *= GROWN
    theirs = plain_losses(prepared, TABLE_8[optimizer], Multiplied(model, 1 / GROWN), model)
    assert stepped(prepared, "single")[0] == pytest.approx(theirs, rel=close)


def test_at_the_base_width_it_is_the_standard_parametrization() -> None:
    schemes = (f"mup:base={WIDTH}", "standard", "kaiming_normal")
    mup, standard, kaiming = stepped(prepare(wanted("adam", schemes)), "dense")
    assert mup == standard == kaiming


@pytest.mark.parametrize("optimizer", ["adam", "sgd"])
def test_in_one_stack_each_trial_keeps_its_own_rates(optimizer: str) -> None:
    together = wanted(optimizer, ("standard", f"mup:base={BASE}", "rule", "mup:base=16"))
    one_by_one = replace(together, training=replace(together.training, stack="off"))
    assert worst_relative(run(together), run(one_by_one)) < 1e-9


def test_who_stays_keeps_its_rates() -> None:
    schemes = ("normal:std=1e30", f"mup:base={BASE}", "standard")
    model = ModelConfig("deep_mlp", activation="relu", depth=2, width=WIDTH)
    wild, calm = (
        run(experiment(of, images=500, model=model, batch_size=20)) for of in (schemes, schemes[1:])
    )
    assert [trial.status for trial in wild.trials] == ["diverged", "finished", "finished"]
    assert worst_relative(calm, wild) < 1e-5


@pytest.mark.parametrize("name", ["adam", "adamw", "sgd", "rmsprop"])
def test_spans_of_a_flat_tensor_take_their_own_steps(name: str) -> None:
    drawn = torch.Generator().manual_seed(0)
    start, gradient = (torch.randn(6, generator=drawn, dtype=torch.float64) for _ in range(2))
    flat = start.clone()
    pieces = [Piece(0, 2.0, slice(0, 2)), Piece(0, 0.5, slice(2, 5)), Piece(0, 2.0, slice(5, 6))]
    step = OptimizerStep(name, 0.01, [flat], [gradient], pieces)  # type: ignore[arg-type]

    def alone(rate: float, span: slice) -> torch.Tensor:
        part = start[span].clone()
        plain = OptimizerStep(name, rate, [part], [gradient[span]])  # type: ignore[arg-type]
        for _ in range(4):
            plain.step()
        return part

    for _ in range(4):
        step.step()
    expected = [alone(0.02, slice(0, 2)), alone(0.005, slice(2, 5)), alone(0.02, slice(5, 6))]
    torch.testing.assert_close(flat, torch.cat(expected), rtol=1e-12, atol=0)
    assert step.counts[0] == 4
