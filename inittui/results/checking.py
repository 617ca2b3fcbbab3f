"""What the facts of a model mean: all rules, settled so that a cause hides its consequences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from inittui.events.facts import Facts
from inittui.results.rules.contents import contents
from inittui.results.rules.finding import Finding, by_code
from inittui.results.rules.limits import Limits


def judge(
    facts: Facts,
    *,
    limits: Mapping[str, float] | None = None,
    select: Sequence[str] = (),
    ignore: Sequence[str] = (),
) -> tuple[Finding, ...]:
    """Return what stands out, the gravest first; nothing where nothing does.

    ``select`` and ``ignore`` are codes or their beginnings.

    Raises:
        UsageError: there is no such limit.
    """
    known = Limits(limits)
    found = [*contents(facts, known)]
    return tuple(
        sorted(
            (
                finding
                for finding in found
                if (not select or finding.code.startswith(tuple(select)))
                and not (ignore and finding.code.startswith(tuple(ignore)))
            ),
            key=by_code,
        )
    )
