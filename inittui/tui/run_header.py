"""One line on what is shown: a run's settings, or what several experiments differ in."""

from __future__ import annotations

from collections.abc import Sequence

from rich.text import Text

from inittui.experiment.records import Experiment
from inittui.experiment.settings import SETTINGS
from inittui.text import sanitize
from inittui.tui.open_run import OpenRun
from inittui.views.chart.layout import shortened, truncated
from inittui.views.experiment_words import model_words, seeds_words, training_words
from inittui.views.frame import Frame

_APART = ("schemes", "name")
"""Settings that the table and the titles tell already."""

_MOST_RUNS, _MOST_RUNS_ROOMY = 2, 4
"""Of how many runs laid over each other a line is shown: in few lines, and where there is room."""

_LONGEST_NAME = 40
_LEFT_OUT = ("device", "batch", "seeds", "epochs", "data", "model")
"""What goes first of a run's settings where there is no room for all: half a number is another one.
"""


def header_of(runs: Sequence[OpenRun], frame: Frame, *, is_roomy: bool = False) -> Text:
    """Return name, model, data and training of a run; of several, line by line, what differs.

    Of a live run also its pace, and what its GPUs are used for: in a line of its own where the
    first is full and there is room; where there is none, the pace in place of the settings' end.
    """
    if len(runs) == 1:
        return _header_of_one(runs[0], frame, is_roomy=is_roomy)
    known = [(run, run.experiment) for run in runs]
    differ = differences([experiment for _, experiment in known if experiment is not None])
    lines = [
        _line(run.title, _values(experiment, differ) or "the same settings", frame)
        for run, experiment in known
    ]
    most = _MOST_RUNS_ROOMY if is_roomy else _MOST_RUNS
    more = len(lines) - most
    end = f"  and {more} more run{'s' if more > 1 else ''}" if more > 0 else ""
    shown = [_cut(line, frame) for line in lines[:most]]
    if end:
        room = frame.columns - len(end)
        shown[-1] = truncated(lines[most - 1], room, frame.ellipsis) + Text(end)
    return Text("\n").join(shown)


def _header_of_one(run: OpenRun, frame: Frame, *, is_roomy: bool) -> Text:
    settings, pace = _settings(run), _pace(run) if run.is_live else ""
    told = [pace] * bool(pace) + _use(run) if run.is_live else []
    whole = _joined(run, [*settings.values(), *told], frame)
    if whole.cell_len <= frame.columns:
        return whole
    if told and is_roomy:
        used = Text(frame.say(" · ".join(told)))
        return Text("\n").join([_fitting(run, settings, "", frame), _cut(used, frame)])
    return _fitting(run, settings, pace, frame)


def _fitting(run: OpenRun, settings: dict[str, str], pace: str, frame: Frame) -> Text:
    """Return the settings that there is room for, and the pace behind them."""
    left, end = dict(settings), [pace] * bool(pace)
    name = frame.columns // 4
    line = _joined(run, [*left.values(), *end], frame, name)
    for part in _LEFT_OUT:
        if line.cell_len > frame.columns and left.pop(part, ""):
            line = _joined(run, [*left.values(), frame.ellipsis, *end], frame, name)
    if line.cell_len <= frame.columns:
        return line
    known = _joined(run, list(left.values()), frame, name)
    last = frame.say(f" · {pace}") if pace else ""
    return truncated(known, frame.columns - len(last), frame.ellipsis) + Text(last)


def _joined(run: OpenRun, parts: Sequence[str], frame: Frame, name: int = _LONGEST_NAME) -> Text:
    title = shortened(frame.say(run.title), name, frame.ellipsis)
    return Text.assemble((title, "bold"), "  ", frame.say(sanitize(" · ".join(parts), 300)))


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
    told = {
        setting.label: setting.write(setting.of(experiment)) or setting.default
        for setting in SETTINGS
        if setting.path in paths
    }
    # Of several words a value would read on from its label: "inspect each not in between".
    return ", ".join(
        f"{label}{':' if ' ' in value else ''} {value}" for label, value in told.items()
    )


def _settings(run: OpenRun) -> dict[str, str]:
    experiment, started = run.experiment, run.state.started
    if experiment is None:
        return {"": "its experiment can't be read"}
    epochs, batch, optimizer = training_words(experiment)
    return {
        "model": model_words(experiment),
        "data": experiment.data.name,
        "epochs": epochs,
        "batch": batch,
        "optimizer": optimizer,
        "seeds": seeds_words(experiment.seeds),
        "device": started.device if started else experiment.training.device,
    }


def _pace(run: OpenRun) -> str:
    """Return it in two digits; nothing before the first step, when models are measured."""
    pace = float(f"{run.steps_per_second or 0.0:.2g}")
    shown = f"{pace:,.0f}" if pace >= 10 else f"{pace:g}"
    return f"{shown} steps/s" if pace else ""


def _use(run: OpenRun) -> list[str]:
    told = []
    for place, used in run.state.devices.items():
        busy = "" if used.busy is None else f", busy {used.busy:.0%}"
        started = run.state.started
        name = place or (started.device if started else "")
        told.append(f"{sanitize(name, 40)} {_size(used.memory)} of {_size(used.total)}{busy}")
    return told


def _size(count: int) -> str:
    return f"{count / 2**30:.1f} GiB"


def _line(title: str, said: str, frame: Frame) -> Text:
    return Text.assemble((frame.say(title, 40), "bold"), "  ", frame.say(sanitize(said, 300)))


def _cut(line: Text, frame: Frame) -> Text:
    return truncated(line, frame.columns, frame.ellipsis)
