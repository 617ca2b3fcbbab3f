"""What `inittui check` prints: the report, documents for other tools, and the rules."""

from __future__ import annotations

import io
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import msgspec
import typer

from inittui.cli.console import console_for
from inittui.errors import unknown
from inittui.files import write_named
from inittui.text import sanitize

if TYPE_CHECKING:
    from rich.console import Console

    from inittui.documents.check import CheckDocument

Form = Literal["text", "json", "sarif", "github"]


def teach(code: str | None, *, as_json: bool, width: int | None) -> None:
    """Print the rules, or what one of them means."""
    from inittui.cli.output import frame_for, print_document
    from inittui.results.rules.catalogue import RULES as ALL

    if code is not None and code not in {rule.code for rule in ALL}:
        raise unknown("rule", sanitize(code, 40), [rule.code for rule in ALL])
    shown = [rule for rule in ALL if code in (None, rule.code)]
    if as_json:
        rules = {"schema": "inittui.rules/1", "rules": shown}
        print_document(msgspec.json.encode(rules).decode())
        return
    from inittui.views.check import rule_explained, rules_table

    console = console_for(sys.stdout, width)
    frame = frame_for(console.width)
    console.print(
        rules_table(shown, frame) if code is None else rule_explained(shown[0], frame),
        soft_wrap=True,
    )


def print_check(
    document: CheckDocument,
    factory: str,
    form: Form,
    output: Path | None,
    *,
    width: int | None,
    verbose: bool,
) -> None:
    if output is None and form == "text":
        _print_text(document, console_for(sys.stdout, width), verbose=verbose)
        return
    if output is None:
        typer.echo(_written(document, factory, form), nl=False)
        return
    if form != "text":
        text = _written(document, factory, form)
    else:
        file = io.StringIO()
        _print_text(document, console_for(file, width), verbose=verbose)
        text = file.getvalue()
    write_named(output, text.encode("utf-8"))


def _print_text(document: CheckDocument, console: Console, *, verbose: bool) -> None:
    from inittui.cli.output import frame_for
    from inittui.views.check import check_report

    report = check_report(document, frame_for(console.width), verbose=verbose)
    console.print(report, soft_wrap=True)


def _written(document: CheckDocument, factory: str, form: Form) -> str:
    from inittui.documents.annotations import github_annotations, sarif
    from inittui.documents.json_documents import plain_json

    folder = Path.cwd()
    if form == "github":
        return github_annotations(document.findings, folder, factory)
    if form == "sarif":
        return sarif(document.findings, document.versions["inittui"], folder, factory) + "\n"
    return plain_json(msgspec.json.encode(document).decode()) + "\n"
