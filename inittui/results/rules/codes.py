"""Findings with the codes and names of their rules, and with what tells them again."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

import msgspec

from inittui.results.rules.catalogue import RULES
from inittui.results.rules.finding import Finding, Severity, evidence_of
from inittui.text import sanitize

_BY_CODE = {rule.code: rule for rule in RULES}

_CODES: dict[str, str] = {
    "not-finite": "I001", "symmetric": "I201", "no-gradient": "I407", "cut": "I604",
    "silent": "I401", "blind": "I401", "not-in-parameters": "I606", "clones": "I202",
    "repeated-units": "I202", "aligned-units": "I204", "squashed-logits": "I605",
    "exploding": "I402", "vanishing": "I402", "dead": "I404", "saturated": "I405",
    "confident": "I408", "same-logits": "I607", "zero-start": "I608", "unused": "I604",
}  # fmt: skip
"""By the kind of a finding on a probe."""


def coded(finding: Finding, code: str = "") -> Finding:
    """Return a finding on a probe with the code and name of its rule."""
    rule = _BY_CODE[code or _CODES[finding.kind]]
    return msgspec.structs.replace(
        finding,
        code=rule.code,
        name=rule.name,
        fingerprint=fingerprint(rule.code, finding.layers),
    )


def of_rule(
    code: str,
    layers: Sequence[str],
    message: str,
    *,
    severity: Severity | None = None,
    evidence: Mapping[str, float] | None = None,
    limit: float | None = None,
    where: str = "",
    advice: str = "",
) -> Finding:
    """Return a finding by a rule; as grave as the rule unless ``severity`` says otherwise."""
    rule = _BY_CODE[code]
    names = tuple(sanitize(name, 200) for name in layers)
    return Finding(
        kind=rule.name,
        layers=names,
        message=message,
        severity=severity or rule.severity,
        evidence=evidence_of(evidence or {}),
        limit=limit,
        code=code,
        name=rule.name,
        where=where,
        advice=advice,
        fingerprint=fingerprint(code, names),
    )


def fingerprint(code: str, layers: Sequence[str]) -> str:
    """Return what tells a finding again, wherever its lines move to."""
    return hashlib.blake2b("|".join([code, *layers]).encode(), digest_size=8).hexdigest()
