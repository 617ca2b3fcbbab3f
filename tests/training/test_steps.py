"""Steps that are recorded and replayed give what steps give: the stand-in of CUDA graphs is
`tests/support/capturing.py`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from inittui.experiment.records import (
    OPTIMIZERS,
    DataConfig,
    Experiment,
    InspectionConfig,
    ModelConfig,
    TrainingConfig,
)
from inittui.recording.resume import earlier_of
from inittui.results.state import RunState
from inittui.training import engine
from inittui.training.checkpoints import CheckpointStore
from inittui.training.graphs import SWITCH, Graphs, graphs_on
from inittui.training.learners.dense import DenseLearner
from inittui.training.planning import Kind, make_learner
from inittui.training.prepared import prepare
from inittui.training.steps import WARM_UP, Steps
from tests.support.capturing import Recorder
from tests.support.trials import run

WHOLE = 10
"""Batches of 1,050 images that are whole; one more isn't."""


def wanted(
    schemes: tuple[str, ...] = ("rule", "default", "zeros"),
    *,
    seeds: tuple[int, ...] = (0,),
    inspection: InspectionConfig | None = None,
    model: ModelConfig | None = None,
    **training: Any,
) -> Experiment:
    """Two epochs of ten whole batches and a smaller one."""
    return Experiment(
        schemes=schemes,
        seeds=seeds,
        model=model or ModelConfig(hidden=(24, 12)),
        data=DataConfig(limit=1_350, validation=300),
        training=TrainingConfig(**{"epochs": 2, "device": "cpu", **training}),
        inspection=inspection or InspectionConfig(),
    )


def numbers(state: RunState) -> list[object]:
    return [
        (
            trial.status,
            trial.losses.tobytes(),
            [(each.val_loss, each.val_accuracy, each.train_accuracy) for each in trial.epochs],
            [probe.probe for probe in trial.probes],
        )
        for trial in state.trials
    ]


@pytest.fixture
def recorded(monkeypatch: pytest.MonkeyPatch) -> Callable[[Experiment], tuple[RunState, Recorder]]:
    def run_recorded(experiment: Experiment) -> tuple[RunState, Recorder]:
        recorder = Recorder()
        with monkeypatch.context() as patched:
            patched.setattr(engine, "graphs_on", lambda _: Graphs(recorder))
            return run(experiment), recorder

    return run_recorded


Run = Callable[[Experiment], tuple[RunState, Recorder]]

CASES = {
    **{optimizer: wanted(optimizer=optimizer) for optimizer in OPTIMIZERS},
    "two seeds": wanted(seeds=(0, 1), stack=6),
    "batch norm": wanted(model=ModelConfig(hidden=(24, 12), batch_norm=True)),
    "no dropout": wanted(model=ModelConfig(hidden=(24, 12), dropout=0.0, activation="gelu")),
    "float64": wanted(dtype="float64"),
    "rates by layer": wanted(("mup:base=8", "mup:base=12")),
    "measured and validated within": wanted(
        eval_every=3, inspection=InspectionConfig(before=True, after=True, every=4, images=64)
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_the_same_numbers_bitwise(case: str, recorded: Run) -> None:
    state, recorder = recorded(CASES[case])
    assert state.status == "finished"
    assert (recorder.warmed, recorder.captured) == (WARM_UP, 1)
    assert recorder.replayed == 2 * WHOLE - WARM_UP
    assert not state.notes
    assert numbers(state) == numbers(run(CASES[case]))


def test_a_trial_that_diverges_leaves_the_others_as_without(recorded: Run) -> None:
    experiment = wanted(("rule", "normal:std=1e30", "default"))
    state, recorder = recorded(experiment)
    assert [trial.status for trial in state.trials] == ["finished", "diverged", "finished"]
    assert recorder.captured == 2  # smaller tensors are recorded anew
    assert numbers(state) == numbers(run(experiment))


def test_a_resumed_run_goes_on_as_without(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, recorded: Run
) -> None:
    experiment = wanted()
    whole, _ = recorded(experiment)
    recorders: list[Recorder] = []

    def graphs(_: object) -> Graphs:
        recorders.append(Recorder())
        return Graphs(recorders[-1])

    monkeypatch.setattr(engine, "graphs_on", graphs)
    state, asked = RunState(), 0

    def should_stop() -> bool:
        nonlocal asked
        asked += 1
        return asked > 8

    store = CheckpointStore(tmp_path / "checkpoints")
    for event in engine.train(prepare(experiment), checkpoints=store, should_stop=should_stop):
        state.apply(event)
    assert state.status == "interrupted"
    for event in engine.train(prepare(experiment), checkpoints=store, earlier=earlier_of(state)):
        state.apply(event)
    assert all(recorder.replayed > 0 for recorder in recorders)
    assert numbers(state) == numbers(whole)


class Waits(DenseLearner):
    """Looks at a number in the middle of a step, which no graph can hold."""

    def step(self, batch: Any) -> torch.Tensor:
        losses = super().step(batch)
        assert float(losses.sum()) >= 0
        return losses


def test_what_cannot_be_recorded_goes_on_and_says_so_once(
    monkeypatch: pytest.MonkeyPatch, recorded: Run
) -> None:
    monkeypatch.setattr("inittui.training.planning.DenseLearner", Waits)
    experiment = wanted(stack=1)
    state, recorder = recorded(experiment)
    assert (recorder.warmed, recorder.captured) == (WARM_UP, 0)
    (note,) = state.notes
    assert "steps can't be recorded as a CUDA graph" in note
    assert "_local_scalar_dense" in note
    assert numbers(state) == numbers(run(experiment))


def test_kinds_that_are_not_recorded_train_as_ever(recorded: Run) -> None:
    experiment = wanted(("rule",), stack="off", epochs=1)
    state, recorder = recorded(experiment)
    assert (recorder.warmed, recorder.captured) == (0, 0)
    assert numbers(state) == numbers(run(experiment))


class Counts(DenseLearner):
    """Keeps a number in Python that changes from step to step."""

    taken = 0

    def step(self, batch: Any) -> torch.Tensor:
        self.taken += 1
        return super().step(batch).mul(self.taken)


def test_a_number_of_python_is_found(monkeypatch: pytest.MonkeyPatch, recorded: Run) -> None:
    """What the tests above rest on."""
    monkeypatch.setattr("inittui.training.planning.DenseLearner", Counts)
    experiment = wanted(epochs=1)
    state, _ = recorded(experiment)
    assert numbers(state) != numbers(run(experiment))


def test_memory_that_is_gone_is_found() -> None:
    """Likewise."""
    kept = {"values": torch.ones(3)}
    graph = Recorder().capture(lambda: kept["values"] * 2)
    assert torch.isnan(graph.result).all()  # nothing was done yet
    graph.replay()
    assert graph.result.tolist() == [2.0] * 3
    kept["values"].fill_(5)
    graph.replay()
    assert graph.result.tolist() == [10.0] * 3
    kept["values"] = torch.ones(3)
    with pytest.raises(AssertionError, match="nobody holds"):
        graph.replay()


@pytest.mark.parametrize(
    "work",
    [
        lambda: torch.ones(3) * float(torch.ones(1)),
        lambda: torch.ones(3).nonzero(),
        lambda: torch.ones(3)[torch.ones(3) > 0],
        lambda: torch.tensor([1.0, 2.0]),
        lambda: torch.rand(3),
    ],
)
def test_what_a_capture_refuses_is_refused(work: Callable[[], torch.Tensor]) -> None:
    with pytest.raises(RuntimeError, match="not permitted when stream is capturing"):
        Recorder().capture(work)


@pytest.mark.cuda
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_a_graph_gives_bitwise_what_kernels_give(
    optimizer: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    experiment = wanted(
        ("rule", "normal:std=1e30", "default"), optimizer=optimizer, device="cuda:0"
    )
    replayed = run(experiment)
    assert not replayed.notes
    monkeypatch.setenv(SWITCH, "0")
    assert numbers(replayed) == numbers(run(experiment))


@pytest.mark.cuda
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
@pytest.mark.parametrize("kind", ["dense", "general"])
def test_steps_wait_for_nothing(kind: Kind) -> None:
    prepared = prepare(wanted(device="cuda:0"))
    (variant,) = prepared.variants
    feed = variant.feed([0])
    learner = make_learner(variant, kind, prepared.trials)
    steps = Steps(learner, feed, graphs_on(torch.device("cuda:0")))
    steps.take(0, 0)
    torch.cuda.set_sync_debug_mode("error")
    try:
        for step in range(1, WARM_UP):
            steps.take(0, step)
    finally:
        torch.cuda.set_sync_debug_mode("default")
    for step in range(WARM_UP, WHOLE):  # recording waits
        steps.take(0, step)
    torch.cuda.set_sync_debug_mode("error")
    try:
        steps.take(0, WHOLE - 1)
    finally:
        torch.cuda.set_sync_debug_mode("default")
