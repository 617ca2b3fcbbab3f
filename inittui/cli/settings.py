"""`inittui settings`: what was set once and for all, and where each value comes from."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import typer

from inittui.cli.console import console_for, print_path
from inittui.cli.ignored import refuse_before_subcommand
from inittui.cli.output import frame_for
from inittui.cli.shared_options import AsJson, Width
from inittui.errors import MachineError, UsageError

if TYPE_CHECKING:
    from inittui.experiment.settings import Setting

app = typer.Typer(help="Show the settings, and where each value comes from.", add_completion=False)

_TEMPLATE = """\
# theme = "inittui-dark"
# runs_dir = "~/runs"

[compare]
# What 'inittui compare' takes where nothing else is said: options by their names.
# model = "lenet"
# data = "fashion-mnist"
# seeds = 3
"""


@app.callback(invoke_without_command=True)
def settings(context: typer.Context, as_json: AsJson = False, width: Width = None) -> None:
    """Show the settings, and where each value comes from.

    The table [compare] of the file has what 'inittui compare' takes where nothing else is said.
    """
    refuse_before_subcommand(context)
    if context.invoked_subcommand is not None:
        return
    rows = _rows()
    if as_json:
        from inittui.documents.reference import SettingsDocument, reference_document

        found = [dict(zip(("name", "value", "source"), row, strict=True)) for row in rows]
        typer.echo(reference_document(SettingsDocument, {"settings": found}))
        return
    from rich.text import Text

    from inittui.views.columns import Column, fit, heading, row_line

    console = console_for(sys.stdout, width)
    frame = frame_for(console.width)
    columns: list[Column[tuple[str, str, str]]] = [
        Column("setting", lambda row: row[0]),
        Column("value", lambda row: frame.say(row[1]), least=8),
        Column("from", lambda row: frame.say(row[2]), least=8),
    ]
    shown = fit(columns, rows, frame.columns)
    lines = [heading(shown, "~"), *(row_line(shown, row, "~") for row in rows)]
    console.print(Text("\n").join(lines), soft_wrap=True)


@app.command()
def path() -> None:
    """Print the name of the settings' file, be it there or not."""
    from inittui.tui.settings import settings_file

    print_path(settings_file())


@app.command()
def edit() -> None:
    """Open the settings' file in $VISUAL or $EDITOR; check it afterwards."""
    from inittui.tui.settings import load_settings, settings_file

    editor = os.environ.get("VISUAL") or os.environ.get("EDITOR")
    if not editor:
        raise UsageError("set $VISUAL or $EDITOR; 'inittui settings path' prints the file's name")
    file = settings_file()
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        if not file.exists():
            file.write_text(_TEMPLATE, encoding="utf-8")
        done = subprocess.run([*shlex.split(editor), str(file)], check=False)
    except (OSError, ValueError) as error:
        raise MachineError(f"can't edit {file} with '{editor}': {error}") from None
    if done.returncode:
        raise MachineError(f"'{editor}' ended with code {done.returncode}")
    loaded = load_settings(file)
    if loaded.problem:
        raise UsageError(loaded.problem)
    compare_defaults()


def compare_defaults() -> dict[str, Any]:
    """Return what [compare] of the settings says, read, by the settings' paths.

    Raises:
        UsageError: it names what isn't there, or a value can't be read.
    """
    from inittui.errors import nearest
    from inittui.text import sanitize
    from inittui.tui.settings import load_settings, settings_file

    file = settings_file()
    known = _options()
    found: dict[str, Any] = {}
    for key, value in load_settings(file).settings.compare.items():
        shown = sanitize(key, 40)
        if key not in known:
            raise UsageError(f"{file}: [compare] has no '{shown}'{nearest(key, known)}")
        setting = known[key]
        try:
            found[setting.path] = setting.read(_text(value, setting))
        except UsageError as error:
            raise UsageError(f"{file}: [compare] {shown}: {error}") from None
    return found


def _options() -> dict[str, Setting]:
    """Return the settings of 'compare', by the names of their options."""
    from inittui.experiment.settings import SETTINGS

    found = {"schemes": next(each for each in SETTINGS if each.path == "schemes")}
    for setting in SETTINGS:
        if "compare" in setting.commands and setting.options:
            found[setting.options[0].partition("/")[0].removeprefix("--")] = setting
    return found


def _text(value: Any, setting: Setting) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        words = [str(each) for each in value]
        return shlex.join(words) if setting.is_list else ",".join(words)
    return str(value)


def _rows() -> list[tuple[str, str, str]]:
    """Return name, value and source of each setting."""
    from inittui.runs import runs_root
    from inittui.runs.directory import RUNS_VARIABLE
    from inittui.tui.settings import Settings, load_settings, settings_file

    file = settings_file()
    loaded = load_settings(file)
    if loaded.problem:
        raise UsageError(loaded.problem)
    rows = []
    for name in Settings.__struct_fields__:
        value = getattr(loaded.settings, name)
        if name in ("compare", "keymap"):
            continue
        source = str(file) if name in loaded.named else "default"
        if name == "runs_dir":
            variable = os.environ.get(RUNS_VARIABLE)
            source = RUNS_VARIABLE if variable else source
            value = variable or value or str(runs_root())
        rows.append((name, "-" if value is None else str(value), source))
    rows += [(f"keymap.{k}", v, str(file)) for k, v in loaded.settings.keymap.items()]
    given = compare_defaults()
    for name, setting in _options().items():
        is_given = setting.path in given
        value = setting.write(given[setting.path]) if is_given else setting.default
        rows.append((f"compare.{name}", value, str(file) if is_given else "default"))
    return rows
