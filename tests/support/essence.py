"""What two runs have in common if one was killed and resumed and the other never stopped."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from inittui.results.state import RunState, TrialState
from inittui.runs import RunDirectory, load_state


def the_run(root: Path) -> RunDirectory:
    """Return the only run in a directory."""
    (path,) = (path for path in root.iterdir() if path.is_dir())
    return RunDirectory(path)


def essence(run: RunDirectory) -> list[dict[str, Any]]:
    """Return everything that a run measured, bit by bit, without clocks."""
    state, damage = load_state(run)
    assert not damage.is_damaged, damage.messages()
    _assert_nothing_doubled(state)
    return [_trial(trial) for trial in state.trials]


def _trial(trial: TrialState) -> dict[str, Any]:
    return {
        "scheme": trial.scheme,
        "seed": trial.seed,
        "status": trial.status,
        "reason": trial.reason,
        "losses": trial.losses.tobytes(),
        "start": trial.start,
        "epochs": [msgspec.structs.replace(e, at=0.0, seconds=0.0) for e in trial.epochs],
        "validations": [msgspec.structs.replace(v, at=0.0) for v in trial.validations],
        "probes": [
            msgspec.to_builtins(msgspec.structs.replace(p, at=0.0), str_keys=True)
            for p in trial.probes
        ],
    }


def _assert_nothing_doubled(state: RunState) -> None:
    for trial in state.trials:
        assert trial.steps <= state.total_steps
        epochs = [event.epoch for event in trial.epochs]
        assert epochs == list(range(1, len(epochs) + 1))
        moments = [(event.when, event.step) for event in trial.probes]
        assert len(moments) == len(set(moments))
        steps = [event.step for event in trial.validations]
        assert len(steps) == len(set(steps))
