"""Record the logs beside this file anew: `python -m tests.support.record_logs`.

What differs from machine to machine (host, process, command, clock) is replaced; losses and
seconds stay as they were measured.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec

from inittui.events.records import Event, RunStarted, encode
from inittui.experiment.records import (
    DataConfig,
    Experiment,
    InspectionConfig,
    ModelConfig,
    TrainingConfig,
)
from inittui.training.engine import run_experiment

LOGS = Path(__file__).with_name("logs")

MOST_BYTES = 100_000

_BEGAN = 1_700_000_000.0
"""When every recorded run says it began."""

_SHORT = DataConfig(limit=6500)
"""52 steps an epoch: two epochs are a little more than the first 100 steps."""

EXPERIMENTS = {
    "classic": Experiment(data=_SHORT),
    "seeds": Experiment(
        schemes=("zeros", "rule", "normal", "default"), seeds=(0, 1, 2), data=_SHORT
    ),
    "diverged": Experiment(
        schemes=("rule", "ones", "normal:std=1e30"),
        data=DataConfig(limit=2500),
        training=TrainingConfig(epochs=1, optimizer="sgd", lr=1e5),
    ),
    "inspected": Experiment(
        schemes=("zeros", "ones", "default"),
        model=ModelConfig(hidden=(24, 12)),
        data=DataConfig(limit=2500),
        training=TrainingConfig(epochs=1),
        inspection=InspectionConfig(before=True, after=True, images=256),
    ),
    "story": Experiment(
        schemes=("zeros", "rule"),
        model=ModelConfig(hidden=(64, 32)),
        data=_SHORT,
        training=TrainingConfig(epochs=3),
        inspection=InspectionConfig(before=True, after=True, every="epoch", images=64),
    ),
    "interrupted": Experiment(schemes=("rule", "normal"), seeds=(0, 1, 2), data=_SHORT),
}


def stop_after(calls: int) -> Callable[[], bool]:
    """Return a question that is answered with yes from the given time on."""
    asked = iter(range(calls))
    return lambda: next(asked, None) is None


def recorded(name: str, experiment: Experiment) -> Iterator[Event]:
    """Run an experiment; yield its events as any machine could have written them."""
    stop = stop_after(70) if name == "interrupted" else (lambda: False)
    offset = 0.0
    for event in run_experiment(experiment, should_stop=stop, run=f"20231114-221320-{name}"):
        changed = event
        if isinstance(changed, RunStarted):
            offset = event.at - _BEGAN
            changed = msgspec.structs.replace(
                changed, host="host", pid=1, command=("inittui", "compare"), device_name="CPU"
            )
        yield msgspec.structs.replace(changed, at=round(event.at - offset, 3))


def main() -> None:
    LOGS.mkdir(exist_ok=True)
    for name in sys.argv[1:] or EXPERIMENTS:
        data = b"".join(map(encode, recorded(name, EXPERIMENTS[name])))
        print(f"{name}: {len(data):,} bytes")
        if len(data) > MOST_BYTES:
            raise SystemExit(f"{name} is larger than {MOST_BYTES:,} bytes")
        (LOGS / f"{name}.jsonl").write_bytes(data)


if __name__ == "__main__":
    main()
