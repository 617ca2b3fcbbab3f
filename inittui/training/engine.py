"""The engine: trains an experiment's trials and tells what happens, as a stream of events."""

from __future__ import annotations

import os
import platform
import socket
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from importlib import metadata

import torch

from inittui.events import Event, Noted, RunEnded, RunStarted, RunStatus, TrialEnded
from inittui.experiment import Experiment
from inittui.training.device import device_title, exact
from inittui.training.materials import Materials, prepare
from inittui.training.memory import out_of_memory
from inittui.training.planning import halves, plan_stacks
from inittui.training.stack import Clock, Stack


def run_experiment(
    experiment: Experiment, *, should_stop: Callable[[], bool] = lambda: False, run: str = ""
) -> Iterator[Event]:
    """Train an experiment; yield every event of its run.

    Args:
        experiment: what to train.
        should_stop: asked before every step; True ends the run in order.
        run: the run's ID, as its first event says it.

    Raises:
        InittuiError: before the first event, where the experiment can't be run here.
    """
    return train(prepare(experiment), should_stop=should_stop, run=run)


def train(
    materials: Materials,
    *,
    should_stop: Callable[[], bool] = lambda: False,
    run: str = "",
    command: Sequence[str] = (),
    process_started: float | None = None,
) -> Iterator[Event]:
    """Train what was prepared; ``process_started`` (seconds since 1970) begins the wall time."""
    began = time.time() if process_started is None else process_started
    yield _run_started(materials, run, command)
    finished = 0
    seconds = 0.0
    interrupted = False
    plan = plan_stacks(materials)
    if plan.reason:
        message = f"the model can't be stacked and trains one by one: {plan.reason}"
        yield Noted(at=time.time(), message=message)
    groups = deque(plan.groups)
    with exact(materials.device):
        while groups and not interrupted:
            interrupted = should_stop()
            if interrupted:
                break
            group = groups.popleft()
            clock = Clock(materials.device)
            try:
                for event in Stack(materials, plan.kind, group, clock, should_stop).train():
                    if isinstance(event, TrialEnded):
                        finished += event.status == "finished"
                        interrupted = event.status == "interrupted"
                    yield event
            except (RuntimeError, MemoryError) as error:
                if not out_of_memory(error):
                    raise
                yield from _make_room(group, groups)
            seconds += clock.seconds
    status: RunStatus = "finished" if finished else "nothing-finished"
    if interrupted:
        status = "interrupted"
    wall = time.time() - began
    yield RunEnded(at=time.time(), status=status, seconds=seconds, wall_seconds=wall)


def _make_room(group: Sequence[int], groups: deque[tuple[int, ...]]) -> Iterator[Event]:
    """Put the halves of a stack that ran out of memory back in line; a single trial fails."""
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


def _run_started(materials: Materials, run: str, command: Sequence[str]) -> RunStarted:
    experiment = materials.experiment
    images = len(materials.splits[experiment.seeds[0]].train)
    return RunStarted(
        at=time.time(),
        run=run,
        experiment=experiment,
        trials=materials.trials,
        steps_per_epoch=-(-images // min(experiment.training.batch_size, images)),
        device=str(materials.device),
        device_name=device_title(materials.device),
        versions=versions(),
        host=socket.gethostname(),
        pid=os.getpid(),
        command=tuple(command),
    )


def versions() -> dict[str, str]:
    """Return the versions that a run's numbers depend on."""
    return {
        "inittui": metadata.version("inittui"),
        "python": platform.python_version(),
        "torch": str(torch.__version__),
        "platform": platform.platform(),
    }
