"""Runs as files for others: documents, pictures and pages."""

from __future__ import annotations

import html
import io
import re
from collections.abc import Callable
from pathlib import Path

from rich._export_format import CONSOLE_SVG_FORMAT
from rich.console import Console

from inittui.documents.compare import compare_document
from inittui.documents.json_documents import plain_json
from inittui.documents.parquet import compare_parquet
from inittui.documents.table import compare_csv
from inittui.errors import MachineError, UsageError, unknown
from inittui.files import is_replaceable, write_named
from inittui.results.state import RunState
from inittui.runs import RunDirectory
from inittui.views.export_formats import FORMATS
from inittui.views.frame import Frame
from inittui.views.report import compare_report

WIDTH = 100
"""Columns of an exported report."""

_SVG = re.sub(r"@font-face \{\{.*?\}\}\s*", "", CONSOLE_SVG_FORMAT, flags=re.DOTALL)
"""Rich's drawing without the fonts that it would fetch from elsewhere."""

_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width">
<title>@TITLE@</title>
<style>
{stylesheet}
body {{ color: {foreground}; background-color: {background}; margin: 2em; }}
pre {{ font-family: Menlo, "DejaVu Sans Mono", Consolas, "Courier New", monospace; }}
</style>
</head>
<body>
<pre><code>{code}</code></pre>
<script type="application/json" id="inittui-run">@DATA@</script>
</body>
</html>
"""


def export_run(
    run: RunDirectory,
    state: RunState,
    form: str,
    output: Path,
    *,
    overwrite: bool = False,
    width: int = WIDTH,
) -> Path:
    """Write a run as a file, whole or not at all; a folder of event files for TensorBoard.

    ``output`` is the file to make, or a folder to make it in. Returns what was made.

    Raises:
        UsageError: there is no such format, something is there already, or Parquet's package isn't.
        MachineError: it can't be written, or TensorBoard's package is missing.
    """
    if form not in FORMATS:
        raise unknown("format", form, FORMATS)
    ending = f".{form}" if form in _MAKERS else "-tensorboard"
    path = output / f"inittui-{run.id}{ending}" if output.is_dir() else output
    if is_replaceable(path) and not overwrite:
        raise UsageError(f"{path} is there already; --force replaces it")
    try:
        if form in _MAKERS:
            write_named(path, export_bytes(run, state, form, width=width))
        else:
            from inittui.views.tensorboard import write_event_files

            write_event_files(state, path)
    except OSError as error:
        raise MachineError(f"can't write {path}: {error.strerror or error}") from None
    return path


def export_bytes(run: RunDirectory, state: RunState, form: str, *, width: int = WIDTH) -> bytes:
    """Return what `export_run` writes into a file.

    Raises:
        UsageError: the format is no single file, or the package for it is missing.
    """
    if form not in _MAKERS:
        raise unknown("format that is one file", form, _MAKERS)
    made = _MAKERS[form](run, state, width)
    return made.encode() if isinstance(made, str) else made


def _svg(run: RunDirectory, state: RunState, width: int) -> str:
    # The name of the drawing's elements would else be a hash that has nothing to do with the run.
    console = _report(state, width)
    return console.export_svg(title=_title(run), code_format=_SVG, unique_id="inittui")


def _html(run: RunDirectory, state: RunState, width: int) -> str:
    page = _report(state, width).export_html(code_format=_PAGE)
    head, tail = page.split("@TITLE@", 1)
    body, end = tail.rsplit("@DATA@", 1)
    # The end tag of the script may stand in a name; "<" is the same to JSON as its escape.
    data = plain_json(compare_document(state, run.path)).replace("<", "\\u003c")
    return f"{head}{html.escape(_title(run))}{body}{data}{end}"


def _title(run: RunDirectory) -> str:
    return f"inittui {run.id}"


def _report(state: RunState, width: int) -> Console:
    console = Console(
        file=io.StringIO(), width=width, record=True, force_terminal=True,
        color_system="truecolor", legacy_windows=False, highlight=False, markup=False, emoji=False,
    )  # fmt: skip
    console.print(compare_report(state, Frame(width=width)), soft_wrap=True)
    return console


_MAKERS: dict[str, Callable[[RunDirectory, RunState, int], str | bytes]] = {
    "json": lambda run, state, _: plain_json(compare_document(state, run.path)) + "\n",
    "csv": lambda _run, state, _: compare_csv(state),
    "svg": _svg,
    "html": _html,
    "parquet": lambda _run, state, _: compare_parquet(state),
}
