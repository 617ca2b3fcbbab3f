"""Stacks are split to fit: by the estimate first, by what happens if that was wrong."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import Any

import pytest
import torch

from inittui.experiment.trials import TrialPlan
from inittui.training import engine, planning, stack
from inittui.training.memory import free_memory, out_of_memory, trial_bytes
from inittui.training.planning import halves, plan_stacks
from inittui.training.prepared import prepare
from tests.support.commands import python
from tests.support.trials import experiment, losses, run


def test_a_small_limit_splits_the_stack() -> None:
    wanted = experiment(["zeros", "ones", "rule", "normal", "default"], images=1_000)
    prepared = prepare(wanted)
    assert plan_stacks(prepared).groups == ((0, 1, 2, 3, 4),)
    template, example = prepared.variants[0].template, prepared.data.example
    each = trial_bytes(template, example, 250, "adam", torch.float32)
    inputs = 250 * 784 * 4
    plan = plan_stacks(prepared, memory=2 * (each + inputs) + 1)
    assert plan.groups == ((0,), (1, 2), (3, 4))
    split = run(prepared, plan=plan)
    assert plan_stacks(prepared, memory=0).groups == ((0,), (1,), (2,), (3,), (4,))
    for key, values in losses(run(wanted)).items():
        # `ones` amplifies rounding without bound; the others must not notice.
        if key[0] != "ones":
            torch.testing.assert_close(losses(split)[key], values, rtol=1e-5, atol=0)


@pytest.mark.parametrize("schemes", [1, 2, 3, 7, 12])
@pytest.mark.parametrize("seeds", [1, 2, 5])
@pytest.mark.parametrize("size", ["auto", 1, 4, 100])
def test_every_trial_is_in_one_stack(schemes: int, seeds: int, size: str | int) -> None:
    names = [f"constant:value={number + 1}" for number in range(schemes)]
    prepared = prepare(experiment(names, seeds=range(seeds), images=300, stack=size))
    groups = plan_stacks(prepared).groups
    assert [number for group in groups for number in group] == list(range(schemes * seeds))
    if isinstance(size, int):
        assert max(map(len, groups)) <= size


def test_halves() -> None:
    assert halves((1, 2, 3, 4, 5)) == [(1, 2, 3), (4, 5)]
    assert halves((1, 2)) == [(1,), (2,)]


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        torch.OutOfMemoryError("CUDA out of memory"),
        RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 1 bytes"),
        torch.AcceleratorError("CUDA error: out of memory"),
        RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"),
        RuntimeError("cuDNN error: CUDNN_STATUS_ALLOC_FAILED"),
    ],
)
def test_on_running_out_half_as_many_go_on(
    monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    real: Callable[..., Any] = planning.make_learner

    def limited(variant: Any, kind: Any, trials: list[TrialPlan], *more: Any) -> Any:
        if len(trials) > 2:
            raise error
        return real(variant, kind, trials, *more)

    monkeypatch.setattr(stack, "make_learner", limited)
    state = run(experiment(["zeros", "rule", "normal", "default", "centered"], images=1_000))
    assert [trial.status for trial in state.trials] == ["finished"] * 5
    assert any("out of memory" in text for text in state.notes)


@pytest.mark.parametrize("is_too_large", [False, True])
def test_no_stack_lives_beside_the_next(
    monkeypatch: pytest.MonkeyPatch, is_too_large: bool
) -> None:
    """Neither one that is over nor one that ran out of memory: plans fill what there is."""
    built: list[weakref.ref[stack.Stack]] = []
    alive: list[int] = []

    class Watched(stack.Stack):
        def __init__(self, variant: Any, kind: Any, numbers: Any, *more: Any) -> None:
            alive.append(sum(each() is not None for each in built))
            built.append(weakref.ref(self))
            super().__init__(variant, kind, numbers, *more)
            if is_too_large and len(numbers) > 1:
                raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(engine, "Stack", Watched)
    wanted = experiment(["zeros", "rule", "normal", "default"], images=300, stack=2)
    state = run(wanted)
    assert state.status == "finished"
    assert alive == [0] * (6 if is_too_large else 2)


def test_a_trial_too_large_alone_fails_with_its_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_: object) -> object:
        raise MemoryError

    monkeypatch.setattr(stack, "make_learner", never)
    state = run(experiment(["rule", "normal"], images=1_000))
    assert [trial.status for trial in state.trials] == ["failed", "failed"]
    assert state.trials[0].reason == "out of memory"
    assert state.status == "nothing-finished"


def test_other_errors_are_not_taken_for_it() -> None:
    assert not out_of_memory(RuntimeError("mat1 and mat2 shapes cannot be multiplied"))


def test_free_memory_of_this_machine() -> None:
    assert 2**20 < free_memory(torch.device("cpu")) < 2**50


PEAK = """
import re, sys
from inittui.experiment.records import *
from inittui.training import planning
from inittui.training.engine import train
from inittui.training.prepared import prepare
count = int(sys.argv[1])
names = tuple(f"normal:std=0.{n + 10}" for n in range(count))
wanted = Experiment(schemes=names, data=DataConfig(limit=1_000),
                    model=ModelConfig(hidden=(1024, 1024), batch_norm=True),
                    training=TrainingConfig(epochs=1, stack=count, device="cpu"))
prepared = prepare(wanted)
plan = planning.StackPlan(sys.argv[2], planning.plan_stacks(prepared).groups)
for _ in train(prepared, plan=plan):
    pass
# Not getrusage: its peak begins with that of the process which started this one.
print(int(re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1]) * 1024)
"""


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["dense", "general", "turns"])
def test_estimate_against_measured_peak(kind: str) -> None:
    def peak(count: int) -> int:
        return int(python(PEAK, str(count), kind).stdout)

    few, many = 2, 14
    measured = (peak(many) - peak(few)) / (many - few)
    from inittui.experiment.records import ModelConfig

    model = ModelConfig(hidden=(1024, 1024), batch_norm=True)
    prepared = prepare(experiment(["rule"], images=1_000, model=model))
    template, example = prepared.variants[0].template, prepared.data.example
    each = trial_bytes(template, example, 250, "adam", torch.float32)
    # The estimate must not be below what is taken (no crash), nor absurdly above (no waste).
    assert 0.9 * measured < each < 2.5 * measured
