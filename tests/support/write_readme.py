"""Write the README's table of settings down again: `python -m tests.support.write_readme`."""

from __future__ import annotations

import re
from pathlib import Path

from inittui.experiment.settings import SETTINGS, Setting

README = Path(__file__).resolve().parents[2] / "README.md"
PART = re.compile(r"(?<=<!-- settings -->\n).*?(?=\n<!-- /settings -->)", re.DOTALL)


def settings_markdown() -> str:
    """Return a table of all settings that have an option."""
    rows = [_row(setting) for setting in SETTINGS if setting.options]
    return "\n".join(
        ["| in a file | option | what it is | default |", "| --- | --- | --- | --- |", *rows]
    )


def _row(setting: Setting) -> str:
    paths = dict.fromkeys(setting.fields or (setting.path,))
    command = "" if "compare" in setting.commands else "inittui inspect "
    option = f"`{command}{setting.options[0]}`"
    cells = [", ".join(f"`{path}`" for path in paths), option, setting.help, setting.default]
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


def main() -> None:
    """Write the table into the README."""
    text = README.read_text(encoding="utf-8")
    README.write_text(PART.sub(lambda _: settings_markdown(), text), encoding="utf-8")


if __name__ == "__main__":
    main()
