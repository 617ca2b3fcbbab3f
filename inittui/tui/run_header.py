"""One line on what is shown: a run's settings, or what several experiments differ in."""

from __future__ import annotations

from collections.abc import Sequence

from rich.text import Text

from inittui.experiment.records import Experiment
from inittui.experiment.settings import SETTINGS
from inittui.experiment.sweeps import swept_settings
from inittui.text import sanitize
from inittui.tui.open_run import OpenRun
from inittui.views.chart.layout import truncated
from inittui.views.frame import Frame

_APART = ("schemes", "name")
"""Settings that the table and the titles tell already."""


def header_of(runs: Sequence[OpenRun], frame: Frame, *, is_roomy: bool = False) -> Text:
    """Return name, model, data and training of a run; of several, line by line, what differs.

    Of a live run also its pace, and what its GPUs are used for: in a line of its own where the
    first is full and there is room.
    """
    if len(runs) == 1:
        said, used = _settings(runs[0]), _use(runs[0]) if runs[0].is_live else ""
        lines = [_line(runs[0].title, f"{said} · {used}" if used else said, frame)]
        if used and is_roomy and lines[0].cell_len > frame.columns:
            lines = [_line(runs[0].title, said, frame), Text(frame.say(used))]
        return Text("\n").join(_cut(each, frame) for each in lines)
    known = [(run, run.experiment) for run in runs]
    differ = differences([experiment for _, experiment in known if experiment is not None])
    lines = [
        _cut(_line(run.title, _values(experiment, differ) or "the same settings", frame), frame)
        for run, experiment in known
    ]
    shown = lines[:2]
    if len(lines) > 2:
        shown[-1] = truncated(
            Text.assemble(shown[-1], f"  and {len(lines) - 2} more runs"), frame.columns
        )
    return Text("\n").join(shown)


def differences(experiments: Sequence[Experiment]) -> list[str]:
    """Return the paths of the settings that are not the same in all."""
    return [
        setting.path
        for setting in SETTINGS
        if setting.path not in _APART and len({str(setting.of(x)) for x in experiments}) > 1
    ]


def _values(experiment: Experiment | None, paths: Sequence[str]) -> str:
    if experiment is None:
        return "its experiment can't be read"
    return ", ".join(
        f"{setting.label} {setting.write(setting.of(experiment)) or setting.default}"
        for setting in SETTINGS
        if setting.path in paths
    )


def _settings(run: OpenRun) -> str:
    experiment = run.experiment
    if experiment is None:
        return "its experiment can't be read"
    training, seeds = experiment.training, experiment.seeds
    started = run.state.started
    several = f"seeds {seeds[0]} to {seeds[-1]}" if len(seeds) > 1 else f"seed {seeds[0]}"
    if len(seeds) > 1 and list(seeds) != list(range(seeds[0], seeds[0] + len(seeds))):
        several = f"{len(seeds)} seeds"
    swept = swept_settings(experiment)
    epochs = f"{training.epochs} epoch{'s' if training.epochs > 1 else ''}"
    shown = {
        "training.epochs": ("epochs", epochs),
        "training.batch_size": ("batch", f"batch {training.batch_size}"),
        "training.optimizer": ("optimizer", training.optimizer),
        "training.lr": ("lr", f"{training.lr:g}"),
    }
    epochs, batch, optimizer, lr = (
        f"{name} swept" if path in swept else text for path, (name, text) in shown.items()
    )
    return " · ".join((
        experiment.model.name, experiment.data.name, epochs, batch,
        f"{optimizer} {lr}", several,
        started.device if started else training.device,
    ))  # fmt: skip


def _use(run: OpenRun) -> str:
    pace = run.steps_per_second
    told = [] if pace is None else [f"{float(f'{pace:.2g}'):,.0f} steps/s"]
    for place, used in run.state.devices.items():
        busy = "" if used.busy is None else f", busy {used.busy:.0%}"
        started = run.state.started
        name = place or (started.device if started else "")
        told.append(f"{sanitize(name, 40)} {_size(used.memory)} of {_size(used.total)}{busy}")
    return " · ".join(told)


def _size(count: int) -> str:
    return f"{count / 2**30:.1f} GiB"


def _line(title: str, said: str, frame: Frame) -> Text:
    return Text.assemble((frame.say(title, 40), "bold"), "  ", frame.say(sanitize(said, 300)))


def _cut(line: Text, frame: Frame) -> Text:
    return truncated(line, frame.columns, frame.ellipsis)
