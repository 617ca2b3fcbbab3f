"""What a check found, as text: what, where, advice; and the rules that it goes by."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.text import Text

from inittui.documents.check import CheckDocument, Coverage, Origin, Preview
from inittui.events.laws import Law
from inittui.events.wire_numbers import Number
from inittui.results.check_result import counted
from inittui.results.rules.catalogue import Rule
from inittui.results.rules.finding import Finding, Severity
from inittui.text import number_of, short
from inittui.views.chart.layout import end_of, paragraph
from inittui.views.columns import Column, fit, heading, row_line
from inittui.views.frame import Frame

LOOKS: dict[Severity, str] = {"error": "bold red", "warning": "yellow", "note": "dim"}

_NOTHING = "Nothing found."
_NOTHING_OF_VALUES = "Nothing found, without a pass through the model."


def check_report(document: CheckDocument, frame: Frame, *, verbose: bool = False) -> Text:
    """Say what was checked, what was found, and how much that is, which comes last."""
    lines = [*_checked(document, frame), Text()]
    if document.provenance:
        lines += [*_provenance(document.provenance, frame), Text()]
    for finding in document.findings:
        lines += [*_told(finding, frame, verbose=verbose), Text()]
    if document.fix is not None:
        lines += [*_preview(document, document.fix, frame), Text()]
    if verbose and document.measured:
        lines += [*_measured(document, frame), Text()]
    for note in document.notes:
        lines += paragraph(frame.say(note), frame.columns, "dim")
    lines += paragraph(_count(document), frame.columns, "bold")
    return Text("\n").join(lines)


def _checked(document: CheckDocument, frame: Frame) -> Iterator[Text]:
    given = f", input {' '.join(document.input)}" if document.input else ""
    how = f" ({document.input_from})" if document.input_from else ""
    yield from paragraph(frame.say(f"{document.model}{given}{how}"), frame.columns, "bold")
    yield from paragraph(frame.say(_covered(document.coverage)), frame.columns)


def _covered(coverage: Coverage) -> str:
    size = (
        f"{number_of(coverage.parameters, 'value')} in {number_of(coverage.tensors, 'parameter')}"
    )
    if coverage.meta:
        all_or_some = "all" if coverage.meta == coverage.tensors else f"{coverage.meta:,}"
        return (
            f"{size}, {all_or_some} of them on the meta device, which keeps shapes and no values: "
            "no pass through the model"
        )
    if not coverage.forward:
        why = f", as the model couldn't run: {coverage.reason}" if coverage.reason else ""
        return f"{size}; only their values are judged, no pass through the model{why}"
    built = "" if coverage.recorded else "; how it was built was not recorded"
    unseen = coverage.matrices - coverage.traced
    of = (
        f", {unseen:,} of {number_of(coverage.matrices, 'matrix', 'matrices')} in none of them"
        if unseen > 0
        else ""
    )
    products = number_of(coverage.uses, "product")
    return f"{size}, {products} in a forward pass{of}{built}"


def _count(document: CheckDocument) -> str:
    if document.findings:
        return f"{counted(document.findings)}."
    return _NOTHING if document.coverage.forward else _NOTHING_OF_VALUES


def _told(finding: Finding, frame: Frame, *, verbose: bool) -> Iterator[Text]:
    head = f"{finding.severity} {finding.code} {finding.name}"
    yield Text(frame.say(head), LOOKS[finding.severity])
    body = frame.say(_sentence(finding.message))
    yield from _indented(body, frame)
    if finding.where:
        yield from _indented(frame.say(f"at {finding.where}"), frame)
    if verbose and finding.evidence:
        numbers = ", ".join(f"{name} {_short(value)}" for name, value in finding.evidence.items())
        limit = finding.limit
        told = (
            "" if limit is None else f"; limit {limit if isinstance(limit, str) else short(limit)}"
        )
        yield from _indented(frame.say(f"{numbers}{told}"), frame, "dim")
    if finding.advice:
        yield from _indented(frame.say(f"→ {_sentence(finding.advice)}"), frame)


def _sentence(text: str) -> str:
    return text if text.endswith((".", "!", "?", ":")) else f"{text}."


def _indented(text: str, frame: Frame, style: str = "") -> Iterator[Text]:
    for line in paragraph(text, max(frame.columns - 2, 8), style):
        yield Text("  ").append_text(line)


def _provenance(origins: Sequence[Origin], frame: Frame) -> Iterator[Text]:
    for origin in origins:
        shape = "x".join(map(str, origin.shape)) or "a number"
        yield from paragraph(frame.say(f"{origin.parameter}  {shape}"), frame.columns, "bold")
        if origin.writer:
            place = f" at {origin.where}" if origin.where else ""
            yield from _indented(frame.say(f"written by {origin.writer}{place}"), frame)
        law = Law(origin.word, origin.family, origin.law, origin.mean, origin.std)
        like = "drawn as by" if law.names else "like"
        yield from _indented(frame.say(f"looks {like} {law.text}"), frame)


def _preview(document: CheckDocument, fix: Preview, frame: Frame) -> Iterator[Text]:
    """Show what would be drawn, and what was found before and after."""
    yield Text("Proposed, and measured on a copy", "bold")
    rows = [(name, *stds) for name, stds in fix.stds.items()]
    columns: list[Column[tuple[str, Number, float]]] = [
        Column("parameter", lambda row: frame.say(row[0], 300), least=12, cut=end_of),
        Column("std now", lambda row: _short(row[1]), right=True),
        Column("proposed", lambda row: _short(row[2]), right=True),
    ]
    shown = fit(columns, rows, frame.columns)
    ellipsis = frame.say("…")[:1]
    yield heading(shown, ellipsis)
    yield from (row_line(shown, row, ellipsis) for row in rows)
    others = [
        f"{count} {what}"
        for count, what in (
            (len(fix.ones), "set to 1"),
            (len(fix.zeros), "set to 0"),
            (len(fix.kept), "kept"),
        )
        if count
    ]
    if others:
        yield from paragraph(frame.say(f"Other parameters: {', '.join(others)}."), frame.columns)
    for name, before in document.measured.items():
        after = fix.measured.get(name)
        if after is not None and name != "samples":
            told = f"{name.replace('_', ' ')}: {_short(before)}, then {_short(after)}"
            yield from _indented(frame.say(told), frame)
    left = ", ".join(f"{each.code} {each.name}" for each in fix.findings) or "nothing"
    yield from paragraph(frame.say(f"Found with these values: {left}."), frame.columns)
    if fix.by_code:
        codes = ", ".join(f"{each.code} {each.name}" for each in fix.by_code)
        told = f"Values can't mend how the model is built: {codes}; the code has to change."
        yield from paragraph(frame.say(told), frame.columns)
    for remark in fix.remarks:
        yield from paragraph(frame.say(f"{remark}."), frame.columns)


def _short(value: Number) -> str:
    return value if isinstance(value, str) else short(value)


def _measured(document: CheckDocument, frame: Frame) -> Iterator[Text]:
    numbers = ", ".join(f"{name} {_short(value)}" for name, value in document.measured.items())
    versions = ", ".join(f"{name} {version}" for name, version in document.versions.items())
    yield from paragraph(frame.say(f"Measured: {numbers}"), frame.columns, "dim")
    yield from paragraph(frame.say(versions), frame.columns, "dim")


def rules_table(rules: Sequence[Rule], frame: Frame) -> Text:
    """List the rules, one a line."""
    columns: list[Column[Rule]] = [
        Column("code", lambda rule: rule.code),
        Column("severity", lambda rule: rule.severity, 1),
        Column("name", lambda rule: frame.say(rule.name)),
        Column("what", lambda rule: frame.say(rule.text.split(". ")[0]), least=20),
    ]
    shown = fit(columns, rules, frame.columns)
    ellipsis = frame.say("…")[:1]
    lines = [heading(shown, ellipsis), *(row_line(shown, rule, ellipsis) for rule in rules)]
    lines[0].stylize("bold")
    return Text("\n").join(lines)


def rule_explained(rule: Rule, frame: Frame) -> Text:
    """Teach a rule: what it means, from where on it is told, whence it comes, an example."""
    lines = [Text(frame.say(f"{rule.code} {rule.name} ({rule.severity})"), "bold"), Text()]
    for part in rule.text.split("\n\n"):
        lines += [*paragraph(frame.say(part), frame.columns), Text()]
    if rule.thresholds:
        told = ", ".join(f"{name} {short(value)}" for name, value in rule.thresholds.items())
        lines += [*paragraph(frame.say(f"Limits: {told}"), frame.columns), Text()]
    if rule.source:
        lines += [*paragraph(frame.say(f"Source: {rule.source}"), frame.columns), Text()]
    if rule.example:
        lines += [
            Text("Example:"),
            *(Text(f"    {frame.say(x)}") for x in rule.example.split("\n")),
        ]
    return Text("\n").join(lines)
