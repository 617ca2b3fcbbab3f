"""What stands out in the models of a run."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from rich.cells import chop_cells
from rich.text import Text

from inittui.events.records import ProbeMeasured
from inittui.results.findings import find
from inittui.results.probe_cost import probe_cost
from inittui.results.rules.finding import Finding, Severity, order
from inittui.results.state import RunState
from inittui.results.trial_state import TrialState
from inittui.text import in_percent, short
from inittui.views.chart.layout import first_lines, paragraph
from inittui.views.chart.palette import SeriesStyle, styles_for
from inittui.views.frame import Frame
from inittui.views.probe_selection import moment_of, moments_of, newest_of
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
    """Say for each scheme what stands out before and after training.

    Under its first seed that was measured; of the others, what these have besides.
    """
    styles = styles or styles_for(state.schemes)
    lines = [Text("What stands out", "bold")]
    for scheme in state.schemes:
        measured = [trial for trial in state.of_scheme(scheme) if trial.probes]
        for seen in _by_moment(measured):
            for place, (seed, event, findings) in enumerate(seen):
                if place and not findings:
                    continue
                told = "" if findings else " nothing"
                of_seed = f", seed {seed}" if len(measured) > 1 else ""
                said = f"{moment_of(event)}{of_seed}:{told}"
                lines += _name(scheme, styles[scheme], said, frame)
                for finding in findings:
                    lines += _told(finding, frame)
        lines += _not_measured(state, scheme, styles[scheme], frame)
    lines += _cost(state, frame)
    return Text("\n").join(lines)


_Seen = list[tuple[int, ProbeMeasured, tuple[Finding, ...]]]
"""Seeds, their probes, and the findings in each that no seed before it has."""


def _by_moment(trials: Sequence[TrialState]) -> Iterator[_Seen]:
    """Yield what was seen before the training, then what was seen at last."""
    probed = [(trial.seed, event) for trial in trials for event in moments_of(trial)]
    for is_before in (True, False):
        at = [each for each in probed if (each[1].when == "before") is is_before]
        if at:
            yield _by_seed(at)


def _by_seed(probed: Iterable[tuple[int, ProbeMeasured]]) -> _Seen:
    known: set[tuple[str, str]] = set()
    seen: _Seen = []
    for seed, event in probed:
        found = find(event.probe, event.when)
        new = tuple(each for each in found if (each.kind, each.severity) not in known)
        known |= {(each.kind, each.severity) for each in found}
        seen.append((seed, event, new))
    return seen


def _cost(state: RunState, frame: Frame) -> list[Text]:
    """Say what measuring cost beside the training, and what makes it less where that is much."""
    found = probe_cost(state.trials)
    if found is None:
        return []
    took, training = (f"{_seconds(each)} s" for each in (found.seconds, found.training))
    less = "; measured less often it is less" if found.is_high else ""
    share = in_percent(found.share, 1)
    said = f"Measuring took {took}, {share} % of the {training} of training{less}."
    return paragraph(frame.say(said), frame.columns, "dim")


def _seconds(value: float) -> str:
    """Return seconds in tenths; less than one in three digits, as a share stands beside it."""
    return f"{value:,.1f}" if value >= 1 else short(value)


def cause(name: str, trials: Sequence[TrialState], frame: Frame, key: str) -> Text:
    """Return in two lines what is gravest in the newest probes, and how much more ``key`` shows.

    Where there is no room for all of it, when that was and the key come last all the same.
    Nothing where nothing was measured.
    """
    seen = _by_seed((trial.seed, trial.probes[-1]) for trial in trials if trial.probes)
    found = [(finding, seed, event) for seed, event, each in seen for finding in each]
    if not seen:
        return Text()
    if not found:
        return _in_two_lines(f"{name}: nothing stands out", moment_of(seen[0][1]), frame)
    gravest, seed, event = min(found, key=lambda each: order(each[0]))
    when = moment_of(event) + (f", seed {seed}" if len(seen) > 1 else "")
    more = f"; and {len(found) - 1} more ({key})" if len(found) > 1 else ""
    return _in_two_lines(f"{name}: {gravest.message}", f"({when}){more}", frame)


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
