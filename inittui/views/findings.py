"""What stands out in the models of a run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from rich.cells import chop_cells
from rich.text import Text

from inittui.events.records import ProbeMeasured
from inittui.results.findings import find
from inittui.results.probe_cost import probe_cost
from inittui.results.rules.finding import Finding, Severity
from inittui.results.state import RunState
from inittui.results.trial_state import TrialState
from inittui.views.chart.layout import first_lines, paragraph
from inittui.views.chart.palette import SeriesStyle, styles_for
from inittui.views.frame import Frame
from inittui.views.probe_selection import moment_of, newest_of, subjects_of
from inittui.views.statuses import ended_as, said_in

_LOOKS: dict[Severity, str] = {"error": "bold red", "warning": "yellow", "note": "dim"}
_AFTER_MARK = 2


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
        lines += _not_measured(state, scheme, styles[scheme], frame)
    lines += _cost(state, frame)
    return Text("\n").join(lines)


def _cost(state: RunState, frame: Frame) -> list[Text]:
    """Say what measuring cost beside the training, and what makes it less where that is much."""
    found = probe_cost(state.trials)
    if found is None:
        return []
    took, training = f"{found.seconds:.1f} s", f"{found.training:,.1f} s"
    less = "; measured less often it is less" if found.is_high else ""
    said = f"Measuring took {took}, {found.share:.1%} of the {training} of training{less}."
    return paragraph(frame.say(said.replace("%", " %")), frame.columns, "dim")


def cause(name: str, event: ProbeMeasured, frame: Frame, key: str) -> Text:
    """Return in two lines what is gravest in one probe, and how much more ``key`` shows.

    Where there is no room for all of it, when that was and the key come last all the same.
    """
    found = find(event.probe, event.when)
    if not found:
        return _in_two_lines(f"{name}: nothing stands out", moment_of(event), frame)
    more = f"; and {len(found) - 1} more ({key})" if len(found) > 1 else ""
    return _in_two_lines(f"{name}: {found[0].message}", f"({moment_of(event)}){more}", frame)


def _in_two_lines(said: str, end: str, frame: Frame) -> Text:
    words, cut = frame.say(said).split(), ""
    while len(lines := paragraph(f"{' '.join(words)}{cut} {frame.say(end)}", frame.columns)) > 2:
        if len(words) <= 1:
            break
        words, cut = words[:-1], f" {frame.ellipsis}"
    return Text("\n").join(first_lines(lines, 2, frame.columns, frame.ellipsis))


def _not_measured(state: RunState, scheme: str, style: SeriesStyle, frame: Frame) -> Iterator[Text]:
    """Say why a scheme was not measured after training, where that was meant to be."""
    if state.started is None or not state.started.experiment.inspection.after:
        return
    trials = state.of_scheme(scheme)
    trial = next((trial for trial in trials if trial.probes), trials[0])
    if trial.status not in ("diverged", "failed", "interrupted") or _measured_at_end(trial):
        return
    reason = f": {trial.reason}" if trial.reason else ""
    ended = ended_as(said_in(state, trial.status))
    yield from _name(scheme, style, f"not measured after training, which {ended}{reason}", frame)


def _measured_at_end(trial: TrialState) -> bool:
    newest = newest_of(trial)
    return newest is not None and (newest.when == "after" or newest.step >= trial.steps)


def _name(scheme: str, style: SeriesStyle, text: str, frame: Frame) -> list[Text]:
    line = Text.assemble((style.mark(frame.ascii_only), style.color), " ")
    line.append(f"{frame.say(scheme, 200)}, {frame.say(text)}")
    return folded(line, frame.columns)


def folded(line: Text, width: int) -> list[Text]:
    """Break a line that is too long at a space, or anywhere: a long scheme has none.

    The space behind the mark that it begins with is none to break at.
    """
    parts = []
    while line.cell_len > width:
        most = len(chop_cells(line.plain, width)[0])
        space = line.plain.rfind(" ", _AFTER_MARK, most + 1)
        end = most if space < 0 else space
        parts.append(line[:end])
        line = line[end + (space >= 0) :]
    return [*parts, line]


def _told(finding: Finding, frame: Frame) -> Iterator[Text]:
    text = frame.say(f"{finding.severity}, {finding.kind}: {finding.message}")
    for number, line in enumerate(paragraph(text, max(frame.columns - 2, 8))):
        if number == 0:
            line.stylize(_LOOKS[finding.severity], 0, len(finding.severity))
        yield Text("  ").append_text(line)
