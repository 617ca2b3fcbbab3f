"""The report of a comparison: what was run, curves, table, what was seen."""

from __future__ import annotations

from collections import Counter

from rich.console import Group, RenderableType
from rich.text import Text

from inittui.events.records import RunStarted
from inittui.results.phase import phase_of
from inittui.results.state import RunState
from inittui.results.summary import summarize
from inittui.text import sanitize
from inittui.views.chart.layout import paragraph
from inittui.views.conclusions import sentence
from inittui.views.curves import (
    accuracy_curves,
    closer_look,
    loss_curves,
    training_accuracy_curves,
)
from inittui.views.experiment_words import model_words, seeds_words, training_words
from inittui.views.explanations import explanations
from inittui.views.findings import findings_summary
from inittui.views.frame import Frame
from inittui.views.phase import NO_LINES
from inittui.views.probe_selection import pixels
from inittui.views.start_values import written_tables
from inittui.views.sweep import sweep_charts
from inittui.views.sweep_maps import Map, sweep_maps
from inittui.views.tables import run_tables


def compare_report(
    state: RunState,
    frame: Frame,
    *,
    first: int | None = 100,
    log_y: bool | None = None,
    wanted: Map | None = None,
) -> RenderableType:
    """Return the whole report; it depends on these arguments alone.

    ``first`` steps are plotted, None means all; ``log_y`` None lets the curves decide;
    ``wanted`` says which map of two sweeps is drawn.
    """
    summaries = summarize(state)
    parts: list[RenderableType] = [*_header(state, frame), Text()]
    if any(trial.losses for trial in state.trials):
        parts += [loss_curves(state, frame, first=first, log_y=log_y), Text()]
        closer = closer_look(state, frame, first=first)
        parts += [closer, Text()] if closer else []
    if any(trial.validations for trial in state.trials):
        parts += [accuracy_curves(state, frame), Text()]
        trained = training_accuracy_curves(state, frame)
        parts += [trained, Text()] if trained else []
    parts += sweep_maps(state, frame, wanted)
    parts += sweep_charts(state, frame)
    if summaries:
        parts += run_tables(state, summaries, frame)
        words = explanations(state, summaries)
        parts += [*paragraph(frame.say(words), frame.columns, "dim"), Text()] if words else []
    parts += written_tables(state, frame)
    parts += findings_summary(state, frame)
    parts += paragraph(sentence(state, summaries, frame), frame.columns)
    for note in state.notes:
        parts += paragraph(frame.say(f"Note: {note}"), frame.columns)
    return Group(*parts)


def map_report(state: RunState, frame: Frame, wanted: Map) -> RenderableType:
    """Return what was run, and the map of its two sweeps alone."""
    parts = [*_header(state, frame), Text(), *sweep_maps(state, frame, wanted)]
    if phase_of(state) is None:
        parts += paragraph(frame.say(NO_LINES), frame.columns)
    for note in state.notes:
        parts += paragraph(frame.say(f"Note: {note}"), frame.columns)
    return Group(*parts)


def compare_summary(state: RunState, frame: Frame) -> RenderableType:
    """Return the answers first and alone: what was seen, then the table; no picture."""
    summaries = summarize(state)
    parts: list[RenderableType] = [*_header(state, frame), Text()]
    parts += [*paragraph(sentence(state, summaries, frame), frame.columns), Text()]
    if summaries:
        parts += run_tables(state, summaries, frame)[:1]
    for note in state.notes:
        parts += paragraph(frame.say(f"Note: {note}"), frame.columns)
    return Group(*parts)


def _header(state: RunState, frame: Frame) -> list[Text]:
    started = state.started
    if started is None:
        return paragraph("a run that has not begun", frame.columns, "bold")
    lines = paragraph(frame.say(_experiment_line(started)), frame.columns, "bold")
    lines += paragraph(frame.say(_run_line(state, started)), frame.columns, "dim")
    if said := _places(state):
        lines += paragraph(frame.say(said), frame.columns, "dim")
    return lines


def _places(state: RunState) -> str:
    """Return where the trials were trained; empty where that was in one process."""
    counts = Counter(trial.place for trial in state.trials if trial.place)
    return " · ".join(f"{count} trial{'s' if count > 1 else ''} on {sanitize(place, 60)}"
                      for place, count in sorted(counts.items()))  # fmt: skip


def _experiment_line(started: RunStarted) -> str:
    experiment = started.experiment
    images = ", accuracy on its test images" if experiment.data.evaluate_on == "test" else ""
    training = ", ".join(training_words(experiment, started.steps_per_epoch))
    data = f"{experiment.data.name}{pixels(experiment)}{images}"
    return f"{model_words(experiment)} on {data}, {training}"


def _run_line(state: RunState, started: RunStarted) -> str:
    device = f"{started.device} ({started.device_name})" if started.device_name else started.device
    run = f"run {started.run}" if started.run else "not kept"
    took = f", {state.ended.seconds:.1f} s of training" if state.ended else ""
    return " · ".join(filter(None, (seeds_words(started.experiment.seeds), device, run + took)))
