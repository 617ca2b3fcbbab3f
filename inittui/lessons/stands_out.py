"""What stands out in a lesson's models, by the rules of `inittui check`."""

from __future__ import annotations

from inittui.lessons.layer_values import named
from inittui.lessons.questions import Answer, StandsOut
from inittui.results.findings import find
from inittui.results.rules.finding import Finding
from inittui.results.state import RunState


def answer_stands_out(question: StandsOut, state: RunState) -> Answer:
    """Return the findings of each contestant's first seed, the gravest first."""
    lines, verdicts = [], {}
    seeds: dict[int, None] = {}
    for scheme in question.asks_of(state.schemes):
        trials = state.of_scheme(scheme)
        trial = next((each for each in trials if each.probe(question.when) is not None), None)
        event = trial.probe(question.when) if trial is not None else None
        if trial is None or event is None:
            continue
        seeds[trial.seed] = None
        found = find(event.probe, question.when)
        told = [_told(finding) for finding in found] or ["nothing."]
        lines += [f"{named(state, scheme)}{told[0]}", *told[1:]]
        verdicts[scheme] = found[0].kind if found else "nothing"
    if not lines:
        return Answer("stands-out", "What stands out: not measured.")
    under = (
        f" under seed {next(iter(seeds))}"
        if len(seeds) == 1 < len({trial.seed for trial in state.trials})
        else ""
    )
    return Answer("stands-out", "\n".join([f"What stands out{under}:", *lines]), verdicts=verdicts)


def _told(finding: Finding) -> str:
    return f"{finding.severity} {finding.code} {finding.name}: {finding.message}."
