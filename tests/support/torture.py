"""What is tried in a short form and a long one; ``INITTUI_TORTURE=1`` runs the long ones."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Callable, Mapping

import pytest

from benchmarks.measure import RESULTS, TORTURE_HEAD

TORTURE = bool(os.environ.get("INITTUI_TORTURE"))
"""Whether the long forms are run, and told of in a table at the end."""


def examples(few: int) -> int:
    """Return how many examples of a property are tried: so many, or ten times as many."""
    return 10 * few if TORTURE else few


_ROW = re.compile(r"^\| (?!tried |---)(.+?) \| (.+) \|$", re.MULTILINE)

_rows: dict[str, str] = {}


def tell(tried: str, found: str) -> None:
    """Write a row of the table: what was tried, what came of it; the last one counts."""
    _rows[tried] = found


@pytest.fixture(scope="session", name="long_form")
def _long_form() -> bool:
    return TORTURE


@pytest.fixture(scope="session", name="tell")
def _tell() -> Callable[[str, str], None]:
    return tell


_cases: dict[str, Counter[str]] = {}
_kinds: dict[str, str] = {}
_PROPERTIES = "Properties, each with ten times as many examples"


def pytest_collection_finish(session: pytest.Session) -> None:
    """Note which row counts a test: its file's, by what the file says that it tries."""
    every_folder = session.config.option.markexpr == "hypothesis"
    for item in session.items:
        path = item.nodeid.partition("::")[0]
        doc = getattr(getattr(item, "module", None), "__doc__", None) or ""
        said = doc.partition("\n")[0].rstrip(".")
        _kinds[item.nodeid] = _PROPERTIES if every_folder else f"{said} (`{path}`)"


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Count a case where it was run, or where its set-up skipped it."""
    if (kind := _kinds.get(report.nodeid)) and (report.when == "call" or report.skipped):
        _cases.setdefault(kind, Counter())[report.outcome] += 1


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, exitstatus: pytest.ExitCode
) -> None:
    """Print the table; keep it beside the benchmarks where all was run and all went well."""
    if not TORTURE:
        return
    for kind, outcomes in _cases.items():
        tell(kind, ", ".join(f"{count:,} {outcome}" for outcome, count in sorted(outcomes.items())))
    width = max(map(len, _rows), default=0)
    terminalreporter.section("what was tried, and what came of it")
    for tried, found in _rows.items():
        terminalreporter.write_line(f"{tried:{width}}  {found}")
    if exitstatus == pytest.ExitCode.OK:
        keep(_rows)


def keep(rows: Mapping[str, str]) -> None:
    """Write rows into `benchmarks/results.md`; those of other tests stay."""
    before, _, table = RESULTS.read_text(encoding="utf-8").partition(TORTURE_HEAD)
    known = dict(_ROW.findall(table))
    lines = [f"| {tried} | {found} |" for tried, found in {**known, **rows}.items()]
    parts = [before.rstrip(), "", TORTURE_HEAD, "", "| tried | found |", "| --- | --- |", *lines]
    RESULTS.write_text("\n".join(parts) + "\n", encoding="utf-8")
