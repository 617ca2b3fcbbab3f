"""The engine: trains an experiment's trials and tells what happens, as a stream of events."""

from __future__ import annotations

import gc
import os
import socket
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import torch

from inittui.errors import MachineError
from inittui.events.records import (
    Event,
    Noted,
    RunEnded,
    RunResumed,
    RunStarted,
    RunStatus,
    StacksPlanned,
    TrialEnded,
)
from inittui.experiment.records import Experiment
from inittui.initializers.code_digest import code_digests
from inittui.initializers.named_code import named_code
from inittui.text import sanitize
from inittui.training.checkpoints import CheckpointStore
from inittui.training.graphs import Graphs, graphs_on
from inittui.training.hardware import arithmetic, describe_inexact, exact, versions, where_trained
from inittui.training.memory import out_of_memory
from inittui.training.planning import Kind, StackPlan, halves, plan_stacks
from inittui.training.prepared import Prepared, prepare
from inittui.training.probing import measure_starts
from inittui.training.rounding import RoundingWatch
from inittui.training.stack import Stack
from inittui.user_code import blamed, each_printing_aside


def run_experiment(
    experiment: Experiment, *, should_stop: Callable[[], bool] = lambda: False, run: str = ""
) -> Iterator[Event]:
    """Train an experiment, as `train` does; yield every event of its run.

    Raises:
        InittuiError: before the first event, where the experiment can't be run here.
    """
    return train(prepare(experiment), should_stop=should_stop, run=run)


@dataclass(frozen=True)
class Earlier:
    """What an interrupted run had come to."""

    kind: Kind
    groups: tuple[tuple[int, ...], ...]
    """The stacks as they were planned then: other stacks would round otherwise."""
    ended: Mapping[int, float]
    """Seconds of the trials that had finished or diverged; they are not repeated."""
    finished: int
    """How many of them had finished."""
    differences: tuple[str, ...] = ()
    """What is no longer as it was then."""
    logged: Mapping[int, tuple[int, int]] = field(default_factory=dict)
    """Steps and epochs of each trial that the log holds without a gap."""


@each_printing_aside
def train(
    prepared: Prepared,
    *,
    should_stop: Callable[[], bool] = lambda: False,
    run: str = "",
    command: Sequence[str] = (),
    process_started: float | None = None,
    checkpoints: CheckpointStore | None = None,
    earlier: Earlier | None = None,
    plan: StackPlan | None = None,
) -> Iterator[Event]:
    """Train what was prepared.

    Args:
        prepared: what `prepare` gave.
        should_stop: asked before every step; True ends the run in order.
        run: the run's ID, as its first event says it.
        command: what the person typed.
        process_started: where the wall time begins, in seconds since 1970.
        checkpoints: where stacks are saved, and taken up again.
        earlier: goes on with an interrupted run, in its stacks.
        plan: which trials train together; None is what `plan_stacks` says.
    """
    before = 0.0 if process_started is None else max(time.time() - process_started, 0.0)
    began = time.monotonic()  # the clock may be set while it trains
    here = _Here(prepared, command)
    if checkpoints and not earlier:
        checkpoints.clear()  # of a run whose log was lost: nothing in it is known any more
    yield here.resumed(earlier) if earlier else here.started(run)
    if earlier:
        plan = StackPlan(earlier.kind, earlier.groups)
    plan = plan or plan_stacks(prepared)
    for message in _remarks(prepared, plan, has_checkpoints=checkpoints is not None):
        yield Noted(at=time.time(), message=message)
    seconds = dict(earlier.ended) if earlier else {}
    finished = earlier.finished if earlier else 0
    interrupted = False
    groups = deque(group for group in plan.groups if not seconds.keys() >= set(group))
    yield _planned(plan.kind, groups)
    rounding = RoundingWatch(prepared)
    logged = earlier.logged if earlier else {}
    if prepared.places:
        from inittui.training.seats.sharing import Sharing

        make_room = partial(_make_room, plan.kind)
        shared = Sharing(prepared, plan.kind, make_room, checkpoints=checkpoints, logged=logged)
        trained = shared.train(groups, should_stop)
    else:
        trained = _one_by_one(prepared, plan.kind, groups, should_stop, checkpoints, logged)
    with exact(prepared.data.device) as inexact:
        for event in trained:
            if isinstance(event, TrialEnded):
                seconds[event.trial] = event.seconds
                finished += event.status == "finished"
                interrupted |= event.status == "interrupted"
            rounding.see(event)
            yield event
        interrupted |= bool(groups)
        if not interrupted:
            yield from rounding.compare()
    if inexact:
        yield Noted(at=time.time(), message=describe_inexact(inexact))
    if checkpoints and not interrupted:
        checkpoints.clear()
    status: RunStatus = "finished" if finished else "nothing-finished"
    yield RunEnded(
        at=time.time(),
        status="interrupted" if interrupted else status,
        seconds=sum(seconds.values()),
        wall_seconds=before + time.monotonic() - began,
    )


def _one_by_one(
    prepared: Prepared,
    kind: Kind,
    groups: deque[tuple[int, ...]],
    should_stop: Callable[[], bool],
    checkpoints: CheckpointStore | None,
    logged: Mapping[int, tuple[int, int]],
) -> Iterator[Event]:
    """Train one stack after the other in this process, until none is left or one is stopped."""
    is_stopped = False
    graphs = graphs_on(prepared.data.device)
    while groups and not (is_stopped or should_stop()):
        group = groups.popleft()
        is_out_of_memory = False
        try:
            for event in _one_stack(
                prepared, kind, group, should_stop, checkpoints, logged, graphs
            ):
                yield event
                is_stopped |= isinstance(event, TrialEnded) and event.status == "interrupted"
        except (RuntimeError, MemoryError) as error:
            if not out_of_memory(error):
                raise
            is_out_of_memory = True
        if is_out_of_memory:  # not within the handler: the error's traceback holds the stack
            yield from _make_room(kind, group, groups)


def _one_stack(
    prepared: Prepared,
    kind: Kind,
    group: tuple[int, ...],
    should_stop: Callable[[], bool],
    checkpoints: CheckpointStore | None,
    logged: Mapping[int, tuple[int, int]],
    graphs: Graphs,
) -> Iterator[Event]:
    """Train one stack, which is gone when its last event was taken: plans count on its memory."""
    variant = prepared.variant_of(group[0])
    with blamed(variant.experiment.model.name, out_of_memory):
        yield from Stack(variant, kind, group, should_stop, checkpoints, logged, graphs).train()


def _remarks(
    prepared: Prepared, plan: StackPlan | None = None, *, has_checkpoints: bool = False
) -> Iterator[str]:
    """Yield what a person should know before anything is done."""
    if plan is not None and plan.reason:
        yield f"the model can't be stacked and trains one by one: {plan.reason}"
    if prepared.data.drawn:
        names = sanitize(" and ".join(map(str, prepared.data.drawn)), 200)
        yield f"the data have no input {names}: it is drawn, the same for all trials"
    made = dict.fromkeys(name for each in prepared.variants for name in each.left.made)
    if made:
        names = sanitize(", ".join(made), 200)
        yield f"the model makes {names} in its first pass: no optimizer has it, it isn't trained"
    unkept = dict.fromkeys(name for each in prepared.variants for name in each.left.unkept)
    if has_checkpoints and unkept:
        names = sanitize(", ".join(unkept), 200)
        yield f"the model changes {names} in training; a resumed run would begin with it anew"


@each_printing_aside
def inspect_starts(prepared: Prepared, *, command: Sequence[str] = ()) -> Iterator[Event]:
    """Measure inside of every trial before it would be trained; train nothing.

    Raises:
        MachineError: the batch doesn't fit the memory.
    """
    began = time.monotonic()
    yield _Here(prepared, command).started(run="")
    for message in _remarks(prepared):
        yield Noted(at=time.time(), message=message)
    try:
        with exact(prepared.data.device):
            yield from measure_starts(prepared)
    except (RuntimeError, MemoryError) as error:
        if not out_of_memory(error):
            raise
        images = prepared.asked_for.inspection.images
        raise MachineError(f"{images:,} images at once don't fit the memory; take fewer") from None
    took = time.monotonic() - began
    yield RunEnded(at=time.time(), status="finished", seconds=0.0, wall_seconds=took)


def _planned(kind: Kind, groups: Iterable[tuple[int, ...]]) -> StacksPlanned:
    return StacksPlanned(at=time.time(), kind=kind, groups=tuple(groups))


def _make_room(kind: Kind, group: Sequence[int], groups: deque[tuple[int, ...]]) -> Iterator[Event]:
    """Put the halves of a stack that ran out of memory back in line; a single trial fails."""
    gc.collect()  # for what holds itself in a circle
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
    if len(group) == 1:
        reason = "out of memory"
        yield TrialEnded(
            at=time.time(), trial=group[0], status="failed", step=0, seconds=0.0, reason=reason
        )
        return
    message = f"{len(group)} trials at once ran out of memory; going on with half as many"
    yield Noted(at=time.time(), message=message)
    groups.extendleft(reversed(halves(group)))
    yield _planned(kind, groups)


class _Here:
    """What a log says of the place where it was trained."""

    def __init__(self, prepared: Prepared, command: Sequence[str]) -> None:
        self._prepared = prepared
        device, title = where_trained(prepared.asked_for.training)
        self._facts: dict[str, Any] = {
            "device": device,
            "device_name": title,
            "versions": versions() | arithmetic(prepared.asked_for.training),
            "host": socket.gethostname(),
            "pid": os.getpid(),
            "command": tuple(command),
        }

    def started(self, run: str) -> RunStarted:
        experiment, data = self._prepared.asked_for, self._prepared.data
        images = len(data.splits[experiment.seeds[0]].train)
        return RunStarted(
            at=time.time(),
            run=run,
            experiment=experiment,
            trials=self._prepared.trials,
            classes=data.classes,
            validated=len(data.splits[experiment.seeds[0]].validation),
            chance=data.chance,
            data=data.fingerprint,
            code=code_digests(named_code(experiment)),
            steps_per_epoch=-(-images // min(experiment.training.batch_size, images)),
            **self._facts,
        )

    def resumed(self, earlier: Earlier) -> RunResumed:
        return RunResumed(at=time.time(), differences=earlier.differences, **self._facts)
