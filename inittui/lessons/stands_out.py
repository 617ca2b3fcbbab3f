"""What stands out in a lesson's models, by the rules of `inittui check`."""

from __future__ import annotations

from inittui.lessons.layer_values import named
from inittui.lessons.questions import Answer, StandsOut
from inittui.results.findings import find
from inittui.results.rules.finding import Finding
from inittui.results.state import RunState


def answer_stands_out(question: StandsOut, state: RunState) -> Answer:
    """Return the findings of each contestant's first seed, the gravest first."""
    lines, verdicts, seeds = [], {}, set()
    for scheme in question.asks_of(state.schemes):
        for trial in state.of_scheme(scheme):
            if (event := trial.probe(question.when)) is not None:
                break
        else:
            continue
        seeds.add(trial.seed)
        found = find(event.probe, question.when)
        told = [_told(finding) for finding in found] or ["nothing."]
        lines += [f"{named(state, scheme)}{told[0]}", *told[1:]]
        verdicts[scheme] = found[0].kind if found else "nothing"
    if not lines:
        return Answer("stands-out", "What stands out: not measured.")
    several = len({trial.seed for trial in state.trials}) > 1
    under = f" under seed {seeds.pop()}" if several and len(seeds) == 1 else ""
    return Answer("stands-out", "\n".join([f"What stands out{under}:", *lines]), verdicts=verdicts)


def _told(finding: Finding) -> str:
    return f"{finding.severity} {finding.code} {finding.name}: {finding.message}."
