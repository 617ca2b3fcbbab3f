"""What a check came to: its findings, less those that are allowed, and whether they fail it."""

from __future__ import annotations

import fnmatch
from collections.abc import Mapping, Sequence
from typing import get_args

import msgspec

from inittui.errors import FindingsError, unknown
from inittui.events.facts import Facts
from inittui.experiment.check_settings import CheckSettings, FailOn
from inittui.results.rules.codes import of_rule
from inittui.results.rules.finding import Finding, Severity
from inittui.text import sanitize

_LISTED = 10


class CheckResult(msgspec.Struct, frozen=True):
    """The findings of a model, the gravest first, and the facts that they rest on."""

    findings: tuple[Finding, ...]
    facts: Facts

    def raise_for(self, level: FailOn = "warning") -> None:
        """Raise where something at least as grave as ``level`` was found.

        Raises:
            FindingsError: it lists them.
            UsageError: there is no such level.
        """
        if level not in get_args(FailOn):
            raise unknown("level", str(level), get_args(FailOn))
        grave = failing(self.findings, level)
        if not grave:
            return
        told = [told_in_one_line(finding) for finding in grave[:_LISTED]]
        more = [f"and {len(grave) - _LISTED} more"] if len(grave) > _LISTED else []
        raise FindingsError("\n".join([f"{counted(grave)}:", *told, *more]))


def failing(findings: Sequence[Finding], level: FailOn) -> tuple[Finding, ...]:
    """Return the findings that are at least as grave as a level; none for "never"."""
    if level == "never":
        return ()
    levels = get_args(Severity)
    return tuple(x for x in findings if levels.index(x.severity) <= levels.index(level))


def told_in_one_line(finding: Finding) -> str:
    """Return a finding with its place and its advice on one line."""
    where = f" ({finding.where})" if finding.where else ""
    advice = f" → {finding.advice}" if finding.advice else ""
    return f"{finding.severity} {finding.code} {finding.name}: {finding.message}{where}{advice}"


def counted(findings: Sequence[Finding]) -> str:
    """Return "2 errors, 1 warning"; what there is none of is left out."""
    parts = []
    for severity in get_args(Severity):
        count = sum(finding.severity == severity for finding in findings)
        if count:
            parts.append(f"{count} {severity}{'s' if count > 1 else ''}")
    return ", ".join(parts)


def allowed(
    findings: Sequence[Finding], allowances: Mapping[str, Sequence[str]]
) -> tuple[tuple[Finding, ...], tuple[str, ...]]:
    """Return the findings that no allowance covers, and the allowances that matched nothing.

    An allowance is a code, or the beginning of one, with patterns of layers or parameters. A
    finding is left out where each of its layers is allowed; one without layers by ``*`` only.
    """
    used: set[tuple[str, str]] = set()
    kept = []
    for finding in findings:
        patterns = [
            (code, pattern)
            for code, each in allowances.items()
            if finding.code.startswith(code)
            for pattern in each
        ]
        names = finding.layers or ("",)
        hits = {
            name: [key for key in patterns if fnmatch.fnmatchcase(name, key[1])] for name in names
        }
        used.update(key for keys in hits.values() for key in keys)
        if not all(hits.values()):
            kept.append(finding)
    unused = [
        f"{code}={pattern}"
        for code, each in allowances.items()
        for pattern in each
        if (code, pattern) not in used
    ]
    return tuple(kept), tuple(unused)


def chosen_of(findings: Sequence[Finding], settings: CheckSettings) -> list[Finding]:
    """Return the findings of the rules that are selected and not ignored."""
    return [
        each
        for each in findings
        if (not settings.select or each.code.startswith(settings.select))
        and not each.code.startswith(settings.ignore or ("-",))
    ]


def unused_allowances(texts: Sequence[str]) -> tuple[Finding, ...]:
    """Return what tells of allowances that matched nothing."""
    if not texts:
        return ()
    listed = ", ".join(f"'{sanitize(text, 100)}'" for text in texts)
    return (
        of_rule(
            "I901",
            (),
            f"{'an allowance' if len(texts) == 1 else 'allowances'} matched nothing: {listed}",
            advice="take it out, or mend its pattern",
        ),
    )
