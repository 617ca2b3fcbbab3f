"""Rules on what changed: against a checkpoint, and since a lockfile was written."""

from __future__ import annotations

from collections.abc import Iterator

from inittui.events.checkpoints import CheckpointFacts
from inittui.events.lock import Lock
from inittui.events.wire_numbers import from_wire
from inittui.results.lockfile import added_and_gone, drifts
from inittui.results.rules.codes import of_rule
from inittui.results.rules.finding import Finding, listed
from inittui.text import sanitize


def checkpoint_findings(facts: CheckpointFacts) -> Iterator[Finding]:
    """Yield in which tensors a model and a checkpoint are not the same."""
    file = sanitize(facts.path, 100)
    if facts.differing:
        told = [
            (each.name, _shapes(each.shape, each.saved_shape) if each.distance is None
             else f"by {100 * from_wire(each.distance):.2g} %")
            for each in facts.differing
        ]  # fmt: skip
        yield of_rule(
            "I701",
            tuple(each.name for each in facts.differing),
            f"{len(told)} of {facts.compared} tensors are not as {file} has them: "
            f"{listed(told, 'tensor')}",
            evidence={
                each.name: from_wire(each.distance)
                for each in facts.differing
                if each.distance is not None
            },
            advice="load the checkpoint last: something wrote these afterwards, or never loaded "
            "them",
        )
    if facts.missing:
        yield of_rule(
            "I702", facts.missing,
            f"{file} lacks {listed([(name, '') for name in facts.missing], 'tensor')}",
            advice="they keep their start values: initialize them on purpose, or mend their names",
        )  # fmt: skip
    if facts.extra:
        yield of_rule(
            "I703", facts.extra,
            f"{file} has what the model lacks: "
            f"{listed([(name, '') for name in facts.extra], 'tensor')}",
            advice="load with strict=True, which names what was passed over",
        )  # fmt: skip


def _shapes(own: tuple[int, ...], saved: tuple[int, ...]) -> str:
    return f"{'x'.join(map(str, own))}, there {'x'.join(map(str, saved))}"


def drift_findings(locked: Lock, now: Lock, file: str, *, exact: bool = False) -> Iterator[Finding]:
    """Yield what drifted since a lockfile was written."""
    told = list(drifts(locked, now, exact=exact))
    shown = sanitize(file, 100)
    advice = "if that is meant, write it anew with --write-lock"
    if told:
        yield of_rule(
            "I801",
            tuple(name for name, _, _ in told),
            f"drifted since {shown} was written: "
            f"{listed([(name, what) for name, what, _ in told], 'tensor')}",
            evidence={name: from_wire(number) for name, _, number in told},
            advice=advice,
        )
    added, gone = added_and_gone(locked, now)
    if added or gone:
        parts = [
            f"{word} {listed([(name, '') for name in names], 'tensor')}"
            for word, names in (("new:", added), ("gone:", gone))
            if names
        ]
        yield of_rule("I802", (*added, *gone), f"{shown} has other names; {'; '.join(parts)}",
                      advice=advice)  # fmt: skip
