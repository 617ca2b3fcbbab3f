"""What modules keep as plain attributes is seen, kept in checkpoints, or said not to be."""

from __future__ import annotations

import copy
import inspect
import math
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from inittui.experiment.records import ModelConfig
from inittui.models.attributes import (
    attributes_of,
    changed,
    changed_attributes,
    set_attributes,
    snapshot,
)
from inittui.models.check import Left, check_classifier
from inittui.models.observe import settles
from inittui.recording.resume import earlier_of
from inittui.results.state import RunState, fold
from inittui.training.checkpoints import Checkpoint, CheckpointStore, decoded, encoded
from inittui.training.engine import inspect_starts, train
from inittui.training.prepared import prepare
from tests.support.trials import experiment, run

IMAGES = torch.rand(4, 1, 28, 28)
MINE = ModelConfig(name="mine")


class Counting(nn.Module):
    """Counts its own steps, in Python and as a buffer."""

    def __init__(self) -> None:
        super().__init__()
        self.inner = nn.Sequential(nn.Flatten(), nn.Linear(784, 10))
        self.inner.register_buffer("seen", torch.zeros(()))
        self.inner.steps = 0
        self.mean = torch.zeros(())
        self.name = "counting"
        self.best = float("nan")

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if self.training:
            self.inner.steps += 1
            self.mean = 0.9 * self.mean + x.mean()  # a tensor, but no buffer
            self.last_shape = x.shape[0]  # the same every time
            self.inner.seen += 1
        return self.inner(x) / (1 + self.inner.steps)


class FirstBatch(nn.Module):
    """Takes mean and scale from its first batch, and follows them from then on."""

    def __init__(self) -> None:
        super().__init__()
        self.inner = nn.Linear(784, 10)
        self.mean = None
        self.is_set = False

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = x.flatten(1)
        if not self.is_set:
            self.mean, self.is_set = x.mean(0).detach(), True
        elif self.training:
            self.mean = (0.9 * self.mean + 0.1 * x.mean(0)).detach()
        return self.inner(x - self.mean)


class History(nn.Module):
    """Keeps a list of what it saw, which no checkpoint has."""

    def __init__(self) -> None:
        super().__init__()
        self.inner = nn.Linear(784, 10)
        self.seen: list[float] = []

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        self.seen.append(float(x.mean()))
        return self.inner(x.flatten(1)) * (1 + sum(self.seen))


class LateHead(nn.Module):
    """Makes its head when it sees the first inputs, after the optimizer was made."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Linear(784, 8)
        self.head = None

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        found = self.body(x.flatten(1)).relu()
        if self.head is None:
            self.head = nn.Linear(found.shape[1], 10)
        return self.head(found)


class Shows(nn.Module):
    """Keeps what it gave last for whoever wants to draw it; nothing depends on it."""

    def __init__(self) -> None:
        super().__init__()
        self.inner = nn.Linear(784, 10)
        self.shown = None

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        self.shown = self.inner(x.flatten(1))
        return self.shown


class Odd(nn.Module):
    """Keeps tensors of another type every time, and sparse ones."""

    def __init__(self) -> None:
        super().__init__()
        self.inner = nn.Linear(784, 10)
        self.last = torch.zeros(())

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        self.last = self.last.long() if self.last.is_floating_point() else self.last.float()
        self.sparse = x.flatten(1).to_sparse()
        return self.inner(x.flatten(1))


@pytest.mark.parametrize(
    ("model", "left"),
    [
        (Counting, Left((), ())),
        (FirstBatch, Left((), ())),
        (History, Left(("seen",), ())),
        (LateHead, Left((), ("head",))),
        (Odd, Left(("sparse",), ())),
    ],
)
def test_what_passes_leave_is_found(model: type[nn.Module], left: Left) -> None:
    assert check_classifier(model(), IMAGES, 10, MINE) == left


@pytest.mark.parametrize(("model", "does"), [(FirstBatch, True), (LateHead, True), (Shows, False)])
def test_what_the_first_pass_alone_sets_is_told_from_what_every_pass_sets(
    model: type[nn.Module], does: bool
) -> None:
    made = model()
    assert settles(made, IMAGES) is does
    assert not changed(snapshot(model()), snapshot(made))


@pytest.mark.parametrize("model", [Counting, FirstBatch])
def test_a_resumed_run_goes_on_with_them(model: type[nn.Module], tmp_path: Path) -> None:
    file = tmp_path / "own.py"
    file.write_text(f"import torch\nfrom torch import nn\n{inspect.getsource(model)}")
    wanted = experiment(
        ["rule", "normal:std=0.05"], images=400, epochs=3, batch_size=20,
        model=ModelConfig(name=f"{file}:{model.__name__}"),
    )  # fmt: skip
    whole = run(wanted)
    asked, state = count(), RunState()
    store = CheckpointStore(tmp_path / "checkpoints")
    steps = train(prepare(wanted), checkpoints=store, should_stop=lambda: next(asked) >= 25)
    for event in steps:
        state.apply(event)
    assert state.status == "interrupted"
    for event in train(prepare(wanted), checkpoints=store, earlier=earlier_of(state)):
        state.apply(event)
    assert not any("begin with it anew" in note for note in state.notes)
    for one, other in zip(whole.trials, state.trials, strict=True):
        assert one.losses == other.losses
        assert [e.val_loss for e in one.epochs] == [e.val_loss for e in other.epochs]


@pytest.mark.parametrize(
    ("model", "said"),
    [
        (History, "the model changes seen in training; a resumed run would begin with it anew"),
        (LateHead, "the model makes head in its first pass: no optimizer has it, it isn't trained"),
    ],
)
def test_what_is_lost_is_said(model: type[nn.Module], said: str, tmp_path: Path) -> None:
    file = tmp_path / "own.py"
    file.write_text(f"import torch\nfrom torch import nn\n{inspect.getsource(model)}")
    wanted = experiment(["rule"], images=200, model=ModelConfig(name=f"{file}:{model.__name__}"))
    store = CheckpointStore(tmp_path / "checkpoints")
    assert fold(train(prepare(wanted), checkpoints=store)).notes.count(said) == 1
    # Without checkpoints nothing is resumed; what isn't trained, isn't.
    assert (said in fold(train(prepare(wanted))).notes) is (model is LateHead)


def test_they_come_through_a_checkpoint_as_they_are() -> None:
    model = nn.Sequential(nn.Linear(2, 3), nn.Linear(3, 2))
    usual = attributes_of(model)
    kept: dict[str, Any] = {
        "0.flag": True, "0.none": None, "0.count": 2**80, "0.nan": math.nan, "1.least": -5e-324,
        "1.endless": math.inf, "1.text": "ü\n", "1.mean": torch.tensor([1.5, -0.0]),
        "top": torch.arange(4),
    }  # fmt: skip
    set_attributes(model, kept)
    found = changed_attributes(model, usual)
    assert not changed(kept, found) and not changed(found, kept)
    other = {"0.flag": False}
    checkpoint = Checkpoint(
        (3, 4), 1, 0, (0.5, 0.5), torch.empty(2, 0).double(), {}, (found, other)
    )
    read = decoded(encoded(checkpoint), (3, 4))
    assert read is not None
    assert all(type(read.attributes[0][name]) is type(value) for name, value in found.items())
    for one, another in zip(read.attributes, (found, other), strict=True):
        assert not changed(one, another) and not changed(another, one)


def test_a_model_without_any_has_none_in_its_checkpoint() -> None:
    checkpoint = Checkpoint((0,), 0, 0, (0.0,), torch.empty(1, 0).double(), {}, ({},))
    read = decoded(encoded(checkpoint), (0,))
    assert read is not None and read.attributes == ()


def test_what_belongs_to_no_module_or_is_no_name_is_left() -> None:
    model = nn.Linear(2, 2)
    before = {*vars(model)}
    set_attributes(model, {"gone.flag": True, "training": False, "_parameters": "x", "a-b": 1})
    assert {*vars(model)} == before and model.training and len([*model.parameters()]) == 2


def test_contents_of_collections_are_compared() -> None:
    model = nn.Linear(2, 2)
    model.kept = {"a": [torch.zeros(2), 1], "b": {3, 4}, "c": np.zeros(3), "d": (object(),)}  # type: ignore[assignment]
    before = snapshot(model)
    assert not changed(before, snapshot(copy.copy(model)))
    for change in (
        lambda kept: kept["a"].append(2),
        lambda kept: kept["a"][0].add_(1),
        lambda kept: kept["b"].add(5),
        lambda kept: kept["c"].__setitem__(0, 1.0),
        lambda kept: kept.update(e=1),
    ):
        before = snapshot(model)
        change(model.kept)
        assert changed(before, snapshot(model)) == ["kept"]


def test_what_one_trials_pass_leaves_is_no_others(tmp_path: Path) -> None:
    file = tmp_path / "own.py"
    file.write_text(f"import torch\nfrom torch import nn\n{inspect.getsource(FirstBatch)}")

    def measured(*schemes: str) -> object:
        model = ModelConfig(name=f"{file}:FirstBatch")
        state = fold(inspect_starts(prepare(experiment([*schemes], images=200, model=model))))
        return state.trials[-1].probes[0].probe

    assert measured("normal:std=5", "normal:std=0.001") == measured("normal:std=0.001")
