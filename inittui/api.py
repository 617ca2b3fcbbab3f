"""The Python API: the same engine, log and state as the command line's."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import msgspec

from inittui.errors import UsageError
from inittui.experiment.records import Experiment
from inittui.initializers import own, parse_scheme
from inittui.results.state import RunState


def compare(
    schemes: str | Iterable[str] | None = None,
    *,
    seeds: int | Sequence[int] | None = None,
    experiment: Experiment | None = None,
    save: bool = False,
    runs_dir: str | Path | None = None,
) -> RunState:
    """Train one model per scheme and seed; return what was measured.

    Args:
        schemes: what to compare, one or more, in the command line's grammar; functions that they
            name (``module:function``) are imported. None: those of ``experiment``, else the
            classic ones.
        seeds: that many seeds from 0, or the seeds themselves. None: those of ``experiment``, else
            one.
        experiment: model, data and training; the protocol's where None.
        save: keep the run as the command line does.
        runs_dir: where runs are kept; None means the user's directory.

    Raises:
        InittuiError: something is wrong with the arguments or missing on this machine.
    """
    from inittui.recording.recorder import Recorder
    from inittui.runs import create_run, runs_root
    from inittui.training.prepared import prepare

    if isinstance(seeds, int):
        if seeds < 1:
            raise UsageError(f"seeds must be at least 1, not {seeds}")
        seeds = range(seeds)
    base = experiment or Experiment()
    if schemes is None:
        schemes = base.schemes
    parsed = [parse_scheme(text) for text in ([schemes] if isinstance(schemes, str) else schemes)]
    for scheme in parsed:
        for reference in own.references(scheme):
            own.load(reference)
    wanted = msgspec.structs.replace(
        base,
        schemes=tuple(map(str, parsed)),
        seeds=base.seeds if seeds is None else tuple(seeds),
    )
    prepared = prepare(wanted)
    root = runs_root(Path(runs_dir) if runs_dir is not None else None)
    run = create_run(root, wanted) if save else None
    recorder = Recorder(prepared, run)
    state = RunState()
    for event in recorder.events(should_stop=lambda: False):
        state.apply(event)
    if recorder.failure is not None:
        raise recorder.failure
    return state


def load_run(path: str | Path) -> RunState:
    """Return what a run's directory holds, as far as it can be read.

    Raises:
        UsageError: ``path`` holds no run.
    """
    from inittui.runs import RunDirectory, load_settled

    return load_settled(RunDirectory(Path(path)))[0]
