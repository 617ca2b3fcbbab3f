"""Data for models of several inputs, of ids and of sequences: what is data, and what is drawn."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from inittui.errors import MachineError, UsageError
from inittui.events.records import Noted
from inittui.experiment.records import DataConfig, Experiment, InspectionConfig, ModelConfig
from inittui.results.state import fold
from inittui.training.engine import inspect_starts, train
from inittui.training.loading import load_data
from inittui.training.prepared import prepare, prepare_on_noise
from tests.support.trials import experiment, run, worst_relative

CODE = """
import torch
from torch import nn

class Conditioned(nn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.e, self.b = nn.Linear(784, 12), nn.Embedding(10, 12), nn.Linear(12, 10)

    def forward(self, image, label):
        assert label.dtype == torch.int64
        return {"image": image, "logits": self.b((self.a(image.flatten(1)) + self.e(label)).tanh())}

class Pixels(nn.Module):
    def __init__(self, input_shape):
        super().__init__()
        assert input_shape == (784,)
        self.embed, self.head = nn.Embedding(256, 4), nn.Linear(4, 10)

    def forward(self, ids):
        return self.head(self.embed(ids).tanh().mean(1))

class Language(nn.Module):
    def __init__(self, vocabulary=11):
        super().__init__()
        self.embed, self.rnn = nn.Embedding(vocabulary, 8), nn.GRU(8, 8, batch_first=True)
        self.head = nn.Linear(8, vocabulary)

    def forward(self, ids):
        return self.head(self.rnn(self.embed(ids))[0])

class Named(nn.Module):
    def __init__(self, kind="tuple"):
        super().__init__()
        self.kind, self.head = kind, nn.Linear(784, 10)

    def forward(self, x):
        logits = self.head(x.flatten(1))
        return (logits, x) if self.kind == "tuple" else {"out": {"y": logits}}
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "kinds.py"
    path.write_text(CODE)
    return path


def wanted(name: str, *inputs: str, output: str | None = None) -> Experiment:
    model = ModelConfig(name=name, input=inputs or None, output=output)
    return experiment(["built", "normal:std=0.1"], images=120, batch_size=20, model=model)


def test_images_are_one_input_and_the_other_is_drawn(file: Path) -> None:
    asked = wanted(f"{file}:Conditioned", "image=1x28x28", "label=ids:10", output="logits")
    prepared = prepare(asked)
    events = list(train(prepared))
    notes = [each.message for each in events if isinstance(each, Noted)]
    assert any("no input label=ids:10: it is drawn" in note for note in notes)
    plain = prepare(experiment(["built"], images=120)).data
    rows = prepared.data.images
    assert torch.equal(rows[:, :784], plain.images.flatten(1) / 255)
    assert rows[:, 784].unique().tolist() == list(range(10))
    alone = experiment(["built", "normal:std=0.1"], images=120, batch_size=20, stack="off",
                       model=asked.model)  # fmt: skip
    assert worst_relative(fold(events), run(alone)) < 1e-4


def test_pixels_can_be_ids(file: Path) -> None:
    prepared = prepare(wanted(f"{file}:Pixels", "ids:784:256"))
    assert prepared.data.drawn == ()
    assert all(trial.status == "finished" for trial in run(prepared).trials)


@pytest.mark.parametrize("inputs", [("ids:784:255",), ("ids:783:256",), ("16x64", "ids:10")])
def test_inputs_that_no_image_fits_are_refused(file: Path, inputs: tuple[str, ...]) -> None:
    with pytest.raises(UsageError, match="fashion-mnist has inputs of 1x28x28; none of"):
        prepare(wanted(f"{file}:Pixels", *inputs))


@pytest.mark.parametrize(("kind", "output"), [("tuple", "0"), ("dict", "out.y")])
def test_a_named_part_trains(file: Path, kind: str, output: str) -> None:
    model = ModelConfig(name=f"{file}:Named", arguments={"kind": kind}, output=output)
    state = run(experiment(["built"], images=120, model=model))
    assert state.trials[0].status == "finished"


@pytest.mark.parametrize(
    ("output", "said"),
    [(None, "name their part by --output; its parts are 0, 1"), ("2", "without '2'; its parts")],
)
def test_without_a_name_the_parts_are_told(file: Path, output: str | None, said: str) -> None:
    with pytest.raises(UsageError) as caught:
        prepare(wanted(f"{file}:Named", output=output))
    assert said in str(caught.value)


def test_a_part_of_a_tensor_would_change_nothing(file: Path) -> None:
    with pytest.raises(UsageError, match="has no parts: --output logits would change nothing"):
        prepare(wanted(f"{file}:Pixels", "ids:784:256", output="logits"))


def test_our_models_take_pixels_only() -> None:
    with pytest.raises(UsageError, match="mlp takes one input of pixels"):
        prepare(wanted("mlp", "ids:784:256"))
    with pytest.raises(UsageError, match="takes no --output"):
        prepare(wanted("mlp", output="0"))


def test_sequences_are_inspected_at_every_position(file: Path) -> None:
    model = ModelConfig(name=f"{file}:Language", input=("ids:6:11",))
    asked = Experiment(schemes=("built",), model=model, inspection=InspectionConfig(images=40))
    prepared = prepare_on_noise(asked)
    assert prepared.data.labels.shape == (40, 6)
    [trial] = fold(inspect_starts(prepared)).trials
    [event] = trial.probes
    assert event.probe.classes == 11
    assert event.probe.loss == pytest.approx(2.4, abs=0.4)


def test_noise_is_not_normalized(file: Path) -> None:
    model, data = ModelConfig(name=f"{file}:Named", input=("784",)), DataConfig(mean=0.5)
    with pytest.raises(UsageError, match="drawn inputs have mean 0 and variance 1"):
        prepare_on_noise(Experiment(schemes=("built",), model=model, data=data))


def test_data_larger_than_the_device_are_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(tensor: torch.Tensor, *_: object, **__: object) -> torch.Tensor:
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 44.00 MiB")

    monkeypatch.setattr(torch.Tensor, "to", full)
    with pytest.raises(MachineError, match=r"the data take 47\.0 MB, more than cpu has free"):
        load_data(experiment())

    def broken(tensor: torch.Tensor, *_: object, **__: object) -> torch.Tensor:
        raise RuntimeError("CUDA error: invalid device ordinal")

    monkeypatch.setattr(torch.Tensor, "to", broken)
    with pytest.raises(RuntimeError, match="invalid device"):
        load_data(experiment())
