"""Findings as other tools read them: SARIF 2.1.0, and the annotations of GitHub's workflows."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Sequence
from pathlib import Path, PurePath
from typing import Any

from inittui.results.rules.catalogue import RULES, Rule
from inittui.results.rules.finding import Finding, Severity
from inittui.text import sanitize

SARIF_SCHEMA = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)
FINGERPRINT = "inittuiFinding/v1"
"""The key of a finding's identity, which holds no line numbers."""

_ANNOTATIONS: dict[Severity, str] = {"error": "error", "warning": "warning", "note": "notice"}

Place = tuple[str, int]
"""A file, relative to where the command was run with forward slashes, and a line from 1."""


def place_below(where: str, folder: Path) -> Place | None:
    """Return a finding's ``file:line`` where the file lies below a folder; else None."""
    file, _, line = where.rpartition(":")
    if not file or not line.isdecimal():
        return None
    # Not resolved: a link inside of the folder is where a reader looks.
    path = PurePath(os.path.normpath(folder / file))
    try:
        return path.relative_to(folder).as_posix(), max(int(line), 1)
    except ValueError:
        return None


def sarif(findings: Sequence[Finding], version: str, folder: Path, factory: str = "") -> str:
    """Return a SARIF log of one run.

    ``factory`` is the ``file:line`` that stands where a finding's own place is not below the
    ``folder``; version is inittui's.
    """
    found = sorted({finding.code for finding in findings})
    rules = [rule for rule in RULES if rule.code in found] if found else []
    places = [rule.code for rule in rules]
    driver = {"name": "inittui", "version": version, "rules": [_rule(rule) for rule in rules]}
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "results": [_result(each, places.index(each.code), folder, factory) for each in findings],
    }
    log = {"$schema": SARIF_SCHEMA, "version": "2.1.0", "runs": [run]}
    return json.dumps(log, indent=2)


def _rule(rule: Rule) -> dict[str, Any]:
    return {
        "id": rule.code,
        "name": rule.name,
        "shortDescription": {"text": rule.name},
        "fullDescription": {"text": rule.text},
        "help": {"text": f"{rule.text} Source: {rule.source}"},
        "defaultConfiguration": {"level": rule.severity},
    }


def _result(finding: Finding, index: int, folder: Path, factory: str) -> dict[str, Any]:
    return {
        "ruleId": finding.code,
        "ruleIndex": index,
        "level": finding.severity,
        "message": {"text": _said(finding)},
        "locations": [_location(finding, folder, factory)],
        "partialFingerprints": {FINGERPRINT: finding.fingerprint},
    }


def _location(finding: Finding, folder: Path, factory: str) -> dict[str, Any]:
    members = [{"fullyQualifiedName": name, "kind": "member"} for name in finding.layers]
    location: dict[str, Any] = {"logicalLocations": members} if members else {}
    place = place_below(finding.where, folder) or place_below(factory, folder)
    if place is not None:
        location["physicalLocation"] = {
            "artifactLocation": {"uri": _uri(place[0]), "uriBaseId": "%SRCROOT%"},
            "region": {"startLine": place[1]},
        }
    return location


def _uri(path: str) -> str:
    from urllib.parse import quote

    return quote(path)


def _said(finding: Finding) -> str:
    return f"{finding.message}. {finding.advice}" if finding.advice else finding.message


def github_annotations(findings: Iterable[Finding], folder: Path, factory: str = "") -> str:
    """Return a workflow command for each finding, one a line."""
    lines = []
    for finding in findings:
        place = place_below(finding.where, folder) or place_below(factory, folder)
        title = f"{finding.code} {finding.name}"
        about = {"file": place[0], "line": str(place[1])} if place else {}
        properties = ",".join(
            f"{key}={_property(value)}" for key, value in {**about, "title": title}.items()
        )
        command = _ANNOTATIONS[finding.severity]
        lines.append(f"::{command} {properties}::{_data(_said(finding))}\n")
    return "".join(lines)


def _data(text: str) -> str:
    """Escape a command's message; what a terminal could act on is gone before."""
    return sanitize(text).replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
