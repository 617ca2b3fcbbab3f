"""What the Python API takes, and what it gives back."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

import inittui


def small(**more: object) -> inittui.Experiment:
    return inittui.Experiment(
        data=inittui.DataConfig(limit=100),
        training=inittui.TrainingConfig(epochs=1, device="cpu"),
        **more,  # type: ignore[arg-type]
    )


def test_one_scheme_is_a_text() -> None:
    state = inittui.compare("rule", experiment=small())
    assert [(trial.scheme, trial.seed) for trial in state.trials] == [("rule", 0)]


def test_an_experiment_keeps_its_schemes_and_seeds_unless_they_are_given() -> None:
    mine = small(schemes=("zeros",), seeds=(4, 5))
    kept = inittui.compare(experiment=mine)
    assert [(trial.scheme, trial.seed) for trial in kept.trials] == [("zeros", 4), ("zeros", 5)]
    other = inittui.compare(["ones"], seeds=[7], experiment=mine)
    assert [(trial.scheme, trial.seed) for trial in other.trials] == [("ones", 7)]


def test_errors_can_be_caught_by_name() -> None:
    with pytest.raises(inittui.InittuiError, match="seeds must be at least 1"):
        inittui.compare("rule", seeds=0)
    assert issubclass(inittui.UsageError, inittui.InittuiError)
    assert issubclass(inittui.MachineError, inittui.InittuiError)


class Net(nn.Module):
    def __init__(self, width: int = 8) -> None:
        super().__init__()
        self.a, self.b = nn.Linear(784, width), nn.Linear(width, 10)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.b(self.a(x.flatten(1)).relu())


SMALL: dict[str, Any] = {"limit": 100, "epochs": 1, "device": "cpu"}


def test_settings_are_given_by_name() -> None:
    state = inittui.compare("rule", model="lenet", width=4, batch_size=20, lr=0.1, **SMALL)
    assert state.started is not None
    asked = state.started.experiment
    assert (asked.model.name, asked.model.width) == ("lenet", 4)
    assert (asked.training.batch_size, asked.training.lr, asked.data.limit) == (20, 0.1, 100)
    kept = inittui.compare(experiment=small(schemes=("ones",), seeds=(7,)), batch_size=50)
    assert [(trial.scheme, trial.seed) for trial in kept.trials] == [("ones", 7)]
    with pytest.raises(inittui.UsageError, match="no setting 'batchsize'; did you mean 'batch_si"):
        inittui.compare("rule", batchsize=3)


def test_a_model_is_a_class_what_makes_it_or_the_module_itself() -> None:
    by_class = inittui.compare(model=Net, **SMALL)
    assert by_class.trials[0].scheme == "built"
    assert len(by_class.trials) == 8
    made = inittui.compare("built", model=lambda: Net(8), seeds=2, **SMALL)
    starts = [[each.digest for each in trial.start] for trial in made.trials]
    assert starts[0] == [each.digest for each in by_class.trials[0].start] != starts[1]
    given = Net(5)
    before = {name: value.clone() for name, value in given.state_dict().items()}
    kept = inittui.compare(["built", "zeros"], model=given, seeds=2, **SMALL)
    first, _, second, _ = kept.trials
    assert [each.digest for each in first.start] == [each.digest for each in second.start]
    assert all(torch.equal(value, given.state_dict()[name]) for name, value in before.items())
    said = "built starts with equal values of all parameters under every seed."
    assert said in " ".join(kept.report().split())
    assert "equal values" not in made.report()
    with pytest.raises(inittui.UsageError, match="or what makes one, not a int"):
        inittui.compare("built", model=3, **SMALL)  # type: ignore[arg-type]


def test_built_is_bitwise_what_the_class_makes_under_the_seed() -> None:
    state = inittui.inspect(Net, "784", seed=11)
    torch.manual_seed(11)
    expected = Net()
    [trial] = state.trials
    digests = {each.parameter: each.digest for each in trial.start}
    again = inittui.inspect(expected, "784", seed=3).trials[0].start
    assert digests == {each.parameter: each.digest for each in again}


def test_seeds_begin_where_the_first_is_given() -> None:
    state = inittui.compare("zeros", seeds=2, seed=5, **SMALL)
    assert [trial.seed for trial in state.trials] == [5, 6]
    for wrong in ("3", 2.5, ["a"]):
        with pytest.raises(inittui.UsageError, match="seeds are a whole number, or several"):
            inittui.compare("zeros", seeds=wrong, **SMALL)  # type: ignore[arg-type]
    with pytest.raises(inittui.UsageError, match="a scheme is a text"):
        inittui.compare([torch.nn.init.zeros_], **SMALL)  # type: ignore[list-item]


def test_a_run_is_shown_as_text_page_and_table(tmp_path: Path) -> None:
    state = inittui.compare(["zeros", "rule"], seeds=2, save=True, runs_dir=tmp_path, **SMALL)
    assert "rule reaches" in state.report()
    assert max(map(len, state.report(width=60).splitlines())) <= 60
    page = state._repr_html_()
    assert page.startswith("<pre") and "rule" in page and "<script" not in page
    table = state.to_frame()
    assert table["scheme"].tolist() == ["zeros", "rule", "zeros", "rule"]
    assert table["val_accuracy"].tolist() == [trial.val_accuracy for trial in state.trials]
    [run] = tmp_path.iterdir()
    loaded = inittui.load_run(run)
    assert loaded.to_frame().equals(table) and loaded.report() != ""


def test_without_pandas_a_line_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(inittui.MachineError, match="needs pandas: pip install pandas"):
        inittui.compare("zeros", **SMALL).to_frame()


def test_a_model_is_inspected_on_tensors() -> None:
    inputs, targets = torch.randn(6, 784), torch.arange(6)
    model = Net()
    [trial] = inittui.inspect(model, inputs, targets).trials
    expected = torch.nn.functional.cross_entropy(model(inputs), targets)
    [event] = trial.probes
    assert event.probe.images == 6
    assert event.probe.loss == pytest.approx(float(expected), rel=1e-5)
    several = inittui.inspect(Two, [torch.randn(4, 3), torch.tensor([0, 4, 1, 2])], output="y")
    named = inittui.inspect(Two, {"label": torch.arange(5), "x": torch.randn(5, 3)}, output="y")
    assert [state.trials[0].probes[0].probe.images for state in (several, named)] == [4, 5]
    assert "What stands out" in named.report()


class Two(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.embed, self.head = nn.Embedding(5, 3), nn.Linear(3, 4)

    def forward(self, x: torch.Tensor, label: torch.Tensor) -> dict[str, torch.Tensor]:
        return {"y": self.head(x + self.embed(label))}


@pytest.mark.parametrize(
    ("inputs", "targets", "said"),
    [
        (torch.randn(4, 783), None, "mat1 and mat2 shapes cannot be multiplied (2x783 and 784x8)"),
        (torch.randn(4, 784), torch.randn(4), "targets must be a tensor of whole numbers"),
        (torch.randn(4, 784), torch.arange(3), "there are 3 targets for 4 inputs"),
        (torch.randn(4, 784), torch.arange(7, 11), "go from 7 to 10, the model's classes to 9"),
        (torch.randn(0, 784), None, "as many samples each, and some: not [0]"),
        ([torch.randn(4, 784), torch.randn(3, 2)], None, "not [4, 3]"),
        ([], None, "inputs must be tensors"),
        (torch.zeros(4, 784, dtype=torch.complex64), None, "an input is complex"),
        ("78x", None, "'78x' is no input"),
    ],
)
def test_what_does_not_fit_is_said(inputs: Any, targets: torch.Tensor | None, said: str) -> None:
    with pytest.raises(inittui.UsageError) as caught:
        inittui.inspect(Net(), inputs, targets)
    assert said in str(caught.value)


class Graph(torch.nn.Module):
    """Has a sparse adjacency in a buffer."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("links", torch.eye(6).to_sparse())
        self.inner, self.last = torch.nn.Linear(3, 8), torch.nn.Linear(8, 4)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        hidden = torch.relu(self.inner(x))
        return self.last(torch.stack([torch.sparse.mm(self.links, each) for each in hidden]))


def test_a_model_with_sparse_buffers_is_inspected() -> None:
    (trial,) = inittui.inspect(Graph(), torch.randn(8, 6, 3)).trials
    assert [layer.name for layer in trial.probes[0].probe.layers] == ["inner", "last"]


def test_one_number_for_each_input_is_no_classes() -> None:
    model = torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.ReLU(), torch.nn.Linear(8, 1))
    with pytest.raises(inittui.UsageError, match="one number for each input"):
        inittui.inspect(model, torch.randn(6, 4))


def test_a_model_that_was_an_object_is_not_found_elsewhere() -> None:
    with pytest.raises(inittui.UsageError, match="'Gone' was given as an object in Python"):
        inittui.compare("built", model="given:Gone", **SMALL)


@pytest.mark.parametrize("where", [{"devices": "cpu:2"}, {"on": "ray"}])
def test_a_model_as_an_object_stays_in_its_process(where: dict[str, str]) -> None:
    model = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(784, 10))
    with pytest.raises(inittui.UsageError, match=r"name it as FILE\.py:NAME"):
        inittui.compare("rule", model=model, limit=600, epochs=1, **where)
