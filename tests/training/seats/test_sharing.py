"""Stacks in several processes: the same numbers, whoever trains them and whatever befalls them."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import psutil
import pytest
import torch

from inittui.errors import MachineError, UsageError
from inittui.events.records import EpochEnded, Event, StepLosses, TrialEnded
from inittui.experiment.records import DataConfig, Experiment, ModelConfig, TrainingConfig
from inittui.initializers import own
from inittui.recording.resume import earlier_of
from inittui.results.state import RunState
from inittui.training.checkpoints import CheckpointStore
from inittui.training.engine import train
from inittui.training.prepared import prepare
from tests.support.torture import TORTURE

OWN = """
import os, sys, torch
from torch import nn

def halves(tensor):
    return tensor.copy_(torch.linspace(-0.5, 0.5, tensor.numel()).reshape(tensor.shape))

class Dies(nn.Module):
    '''Ends its process in a training's 20th step, but not the process that writes.'''
    taken = 0
    def __init__(self):
        super().__init__()
        self.out = nn.Linear(784, 10)
    def forward(self, x):
        if "inittui.training.seats.work" in sys.orig_argv and len(x) == 100:
            Dies.taken += 1
            if Dies.taken > 20:
                os._exit(7)
        return self.out(x.flatten(1))

class Fails(Dies):
    def forward(self, x):
        if "inittui.training.seats.work" in sys.orig_argv and len(x) == 100:
            raise ValueError("no more")
        return self.out(x.flatten(1))
"""


@pytest.fixture(autouse=True)
def two_threads() -> Iterator[None]:
    """So that each of two processes has one, on any machine."""
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def code(tmp_path: Path) -> Path:
    file = tmp_path / "theirs.py"
    file.write_text(OWN)
    own.load(f"{file}:halves")
    return file


def wanted(*schemes: str, **training: Any) -> Experiment:
    config = TrainingConfig(**{"epochs": 2, "stack": 2, **training})
    return Experiment(
        schemes=schemes, model=ModelConfig(hidden=(16,)), data=DataConfig(limit=1_500),
        training=config,
    )  # fmt: skip


def shared(experiment: Experiment, devices: str = "cpu:2") -> Experiment:
    training = msgspec.structs.replace(experiment.training, devices=devices)
    return msgspec.structs.replace(experiment, training=training)


def followed(events: Iterator[Event], see: Callable[[Event], None] = lambda _: None) -> RunState:
    state = RunState()
    for event in events:
        state.apply(event)
        see(event)
    return state


def alone(experiment: Experiment) -> RunState:
    torch.set_num_threads(1)
    state = followed(train(prepare(experiment)))
    torch.set_num_threads(2)
    return state


def numbers(state: RunState) -> list[object]:
    return [
        (
            trial.status,
            trial.losses.tobytes(),
            [each.digest for each in trial.start],
            [(each.val_loss, each.val_accuracy, each.train_accuracy) for each in trial.epochs],
        )
        for trial in state.trials
    ]


def test_two_processes_give_bitwise_what_one_gives(code: Path) -> None:
    experiment = msgspec.structs.replace(
        wanted("rule", "normal", f"{code}:halves"), sweeps=("model.hidden=8|16,4",)
    )
    here, there = alone(experiment), followed(train(prepare(shared(experiment))))
    assert numbers(here) == numbers(there)
    assert there.status == "finished"
    # One may have done it all before the other was ready.
    assert {trial.place for trial in there.trials} <= {"cpu 1", "cpu 2"}
    assert {trial.place for trial in here.trials} == {""}
    assert there.started is not None and there.started.device_name == "1 thread"


def _seats() -> list[psutil.Process]:
    found = []
    for each in psutil.Process().children():
        with contextlib.suppress(psutil.ZombieProcess, psutil.NoSuchProcess):
            if "inittui.training.seats.work" in each.cmdline():
                found.append(each)
    return found


def test_a_killed_process_costs_nothing_but_time(tmp_path: Path) -> None:
    experiment = wanted("rule", "normal", "default", "zeros", eval_every=3)
    killed: list[int] = []

    def kill(event: Event) -> None:
        if isinstance(event, EpochEnded) and not killed:
            # All: one of them has work, and one may be done with all before another begins.
            for seat in _seats():
                killed.append(seat.pid)
                seat.kill()

    store = CheckpointStore(tmp_path / "checkpoints")
    events = train(prepare(shared(experiment)), checkpoints=store)
    state = followed(events, kill)
    assert numbers(state) == numbers(alone(experiment))
    assert killed and any("was lost (SIGKILL)" in note for note in state.notes)
    assert not _seats()
    assert not (tmp_path / "checkpoints").exists()


def test_a_process_killed_before_it_is_ready_begins_again() -> None:
    experiment = wanted("rule", "normal", "default", "zeros")
    killed: list[int] = []

    def kill() -> bool:
        if not killed:
            killed.append(_seats()[0].pid)
            os.kill(killed[0], signal.SIGKILL)
        return False

    state = followed(train(prepare(shared(experiment)), should_stop=kill))
    assert numbers(state) == numbers(alone(experiment))
    assert any("without work; it begins again" in note for note in state.notes)


def test_where_every_process_is_killed_the_run_ends_with_one_line() -> None:
    def kill() -> bool:
        for each in _seats():
            each.kill()
        return False

    events = train(prepare(shared(wanted("rule", "normal", "default"))), should_stop=kill)
    with pytest.raises(MachineError, match=r"no process that trains is left: cpu \d, SIGKILL"):
        followed(events)
    assert not _seats()


def test_a_stopped_run_goes_on_where_its_processes_stood(tmp_path: Path) -> None:
    experiment = wanted("rule", "normal", "default", "zeros")
    steps: list[int] = []
    store = CheckpointStore(tmp_path / "checkpoints")

    def see(event: Event) -> None:
        if isinstance(event, StepLosses):
            steps.append(len(event.values))

    stopped = followed(
        train(prepare(shared(experiment)), should_stop=lambda: bool(steps), checkpoints=store), see
    )
    assert stopped.status == "interrupted"
    assert all(trial.status == "interrupted" for trial in stopped.trials)
    again = train(prepare(shared(experiment)), checkpoints=store, earlier=earlier_of(stopped))
    for event in again:
        stopped.apply(event)
    assert numbers(stopped) == numbers(alone(experiment))


def test_a_person_s_error_is_told_as_it_is_in_one_process(code: Path) -> None:
    experiment = msgspec.structs.replace(
        wanted("rule"), model=ModelConfig(name=f"{code}:Fails")
    )  # fmt: skip
    with pytest.raises(UsageError, match=r"ValueError: no more .*theirs\.py, line \d+"):
        followed(train(prepare(shared(experiment))))
    assert not _seats()


def test_what_is_lost_for_good_has_come_as_far_as_it_had(code: Path) -> None:
    experiment = msgspec.structs.replace(wanted("rule"), model=ModelConfig(name=f"{code}:Dies"))
    ends: list[TrialEnded] = []

    def see(event: Event) -> None:
        ends.extend([event] if isinstance(event, TrialEnded) else [])

    state = followed(train(prepare(shared(experiment))), see)
    [trial], [end] = state.trials, ends
    assert (trial.status, end.step) == ("failed", trial.steps)
    assert end.step >= 12 and end.seconds > 0
    assert len(trial.epochs) == 1
    assert "3 times in all" in trial.reason
    lost = [note for note in state.notes if "was lost" in note]
    assert len(lost) == 2 and "2 times in all" in lost[1]


@pytest.mark.skipif(not TORTURE, reason="starts seven processes: make torture")
def test_what_ends_its_process_three_times_fails_and_the_others_go_on(code: Path) -> None:
    experiment = msgspec.structs.replace(
        wanted("rule"), sweeps=(f"model.name={code}:Dies|mlp",), model=ModelConfig()
    )
    state = followed(train(prepare(shared(experiment))))
    assert [trial.status for trial in state.trials] == ["failed", "finished"]
    assert "exit code 7" in state.trials[0].reason and "3 times" in state.trials[0].reason
