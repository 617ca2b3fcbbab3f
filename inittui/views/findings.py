"""What stands out in the models of a run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from rich.text import Text

from inittui.events.records import ProbeMeasured
from inittui.results.findings import find
from inittui.results.rules.finding import Finding, Severity
from inittui.results.state import RunState
from inittui.results.trial_state import TrialState
from inittui.views.chart.layout import paragraph
from inittui.views.chart.palette import SeriesStyle, styles_for
from inittui.views.frame import Frame
from inittui.views.probe_selection import moment_of, subjects_of
from inittui.views.statuses import ended_as

_LOOKS: dict[Severity, str] = {"error": "bold red", "warning": "yellow", "note": "dim"}


def findings_summary(state: RunState, frame: Frame) -> list[Text]:
    """Say what stands out in a run that was also trained; nothing where nothing was measured."""
    if not any(trial.probes for trial in state.trials):
        return []
    lines = [findings_report(state, frame)]
    if state.started is not None and state.started.run:
        more = f"Layer by layer: inittui inspect --run {state.started.run}"
        lines += paragraph(frame.say(more), frame.columns, "dim")
    return [*lines, Text()]


def findings_report(
    state: RunState, frame: Frame, styles: Mapping[str, SeriesStyle] | None = None
) -> Text:
    """Say for each scheme, under its first seed, what stands out before and after training."""
    styles = styles or styles_for(state.schemes)
    found = {subject.trial.scheme: subject for subject in subjects_of(state)}
    lines = [Text("What stands out", "bold")]
    for scheme in state.schemes:
        subject = found.get(scheme)
        for event in subject.probes if subject else ():
            findings = find(event.probe, event.when)
            told = "" if findings else " nothing"
            lines += _name(scheme, styles[scheme], f"{moment_of(event)}:{told}", frame)
            for finding in findings:
                lines += _told(finding, frame)
        lines += _not_measured(state.of_scheme(scheme), styles[scheme], frame)
    return Text("\n").join(lines)


def cause(event: ProbeMeasured, frame: Frame) -> str:
    """Return in a line what is gravest in one probe, and how much more there is."""
    found = find(event.probe, event.when)
    if not found:
        return frame.say(f"nothing stands out {moment_of(event)}")
    more = f"; and {len(found) - 1} more (3)" if len(found) > 1 else ""
    return frame.say(f"{found[0].message} ({moment_of(event)}){more}")


def _not_measured(trials: list[TrialState], style: SeriesStyle, frame: Frame) -> Iterator[Text]:
    """Say why a scheme was not measured after training, where it came to no end."""
    trial = next((trial for trial in trials if trial.probes), trials[0])
    if trial.status in ("diverged", "failed", "interrupted") and not trial.probe("after"):
        reason = f": {trial.reason}" if trial.reason else ""
        text = f"not measured after training, which {ended_as(trial.status)}{reason}"
        yield from _name(trial.scheme, style, text, frame)


def _name(scheme: str, style: SeriesStyle, text: str, frame: Frame) -> list[Text]:
    line = Text.assemble((style.mark(frame.ascii_only), style.color), " ")
    line.append(f"{frame.say(scheme, 200)}, {frame.say(text)}")
    return folded(line, frame.columns)


def folded(line: Text, width: int) -> list[Text]:
    """Break a line that is too long anywhere: a scheme has no spaces to break it at."""
    parts = []
    while line.cell_len > width:
        parts.append(line[:width])
        line = line[width:]
    return [*parts, line]


def _told(finding: Finding, frame: Frame) -> Iterator[Text]:
    text = frame.say(f"{finding.severity}, {finding.kind}: {finding.message}")
    for number, line in enumerate(paragraph(text, max(frame.columns - 2, 8))):
        if number == 0:
            line.stylize(_LOOKS[finding.severity], 0, len(finding.severity))
        yield Text("  ").append_text(line)
