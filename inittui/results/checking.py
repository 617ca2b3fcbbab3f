"""What the facts of a model mean: all rules, settled so that a cause hides its consequences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from inittui.events.facts import Facts
from inittui.results.rules.construction import construction
from inittui.results.rules.contents import contents, garbage
from inittui.results.rules.copies import copies
from inittui.results.rules.effects import effects
from inittui.results.rules.finding import Finding, by_code
from inittui.results.rules.limits import Limits
from inittui.results.rules.parts import parts
from inittui.results.rules.scales import scales

_GARBAGE = ("I001", "I002", "I602")
_OF_PASS = "I4"
_ASKED_FOR = ("I603",)
"""Rules that many sound models break: judged only where their whole code is selected."""


def judge(
    facts: Facts,
    *,
    limits: Mapping[str, float] | None = None,
    select: Sequence[str] = (),
    ignore: Sequence[str] = (),
) -> tuple[Finding, ...]:
    """Return what stands out, the gravest first; nothing where nothing does.

    ``select`` and ``ignore`` are codes or their beginnings; some rules have to be selected by
    their whole code.

    Raises:
        UsageError: there is no such limit.
    """
    known = Limits(limits)
    seen = [*effects(facts, known)]
    found = [
        *contents(facts, known),
        *construction(facts, known),
        *copies(facts, known),
        *scales(facts, known, has_effect=any(map(_is_of_scale, _settled(seen, frozenset())))),
        *seen,
        *parts(facts, known),
    ]
    return tuple(
        sorted(
            (
                finding
                for finding in _settled(found, garbage(facts))
                if _is_selected(finding.code, select)
                and not (ignore and finding.code.startswith(tuple(ignore)))
            ),
            key=by_code,
        )
    )


def _is_of_scale(effect: Finding) -> bool:
    """Whether an effect may come from the scale of weights, as none of zeros does."""
    return effect.severity != "note" and effect.code not in ("I406", "I407", "I410")


def _is_selected(code: str, select: Sequence[str]) -> bool:
    if code in _ASKED_FOR:
        return code in select
    return not select or code.startswith(tuple(select))


def _settled(found: Sequence[Finding], bad: frozenset[str]) -> list[Finding]:
    """Leave out what follows from something else that was found.

    Of values that mean nothing no more is told, nor of a pass with them. What never gets a
    gradient, or stays symmetric, explains a constant output.
    """
    if any(each.code in _GARBAGE and each.severity == "error" for each in found):
        return [
            each
            for each in found
            if each.code in (*_GARBAGE, *_ASKED_FOR)
            or not (each.code.startswith(_OF_PASS) or bad.intersection(each.layers))
        ]
    codes = {each.code for each in found if each.severity == "error"}
    is_stuck = "I407" in codes or any(each.code == "I201" for each in found)
    hidden = {"I406", "I608"} if is_stuck else set[str]()
    hidden |= {"I401", "I402", "I403"} if codes & {"I407"} else set[str]()
    if "I406" in {each.code for each in found} - hidden:
        hidden |= {"I401", "I402", "I403"}
    never = {x for each in found if each.code == "I407" for x in each.layers}
    found = [x for x in found if not (x.code == "I201" and never.issuperset(x.layers))]
    if "I401" in {each.code for each in found}:
        hidden.add("I402" if "I401" in codes else "")
    return [each for each in found if each.code not in hidden]
