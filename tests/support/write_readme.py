"""Write the tables of README and docs down again: `python -m tests.support.write_readme`."""

from __future__ import annotations

import re
from pathlib import Path

from inittui.experiment.settings import SETTINGS, Setting
from inittui.results.rules.catalogue import RULES, Rule
from inittui.text import short

README = Path(__file__).resolve().parents[2] / "README.md"
GUIDE = README.parent / "docs" / "check.md"
RULES_PART = re.compile(r"(?<=<!-- rules -->\n).*?(?=<!-- /rules -->)", re.DOTALL)
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


def rules_markdown() -> str:
    """Return a table of all rules, with the first sentence of what they mean."""
    rows = [
        f"| `{rule.code}` | {rule.name} | {rule.severity} | {_escaped(_first(rule.text))} |"
        for rule in RULES
    ]
    head = ["| code | name | severity | what it finds |", "| --- | --- | --- | --- |"]
    return "\n".join([*head, *rows]) + "\n"


def _first(text: str) -> str:
    return re.split(r"(?<=[.:]) ", text, maxsplit=1)[0].rstrip(":.") + "."


def _escaped(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;")


def rules_guide() -> str:
    """Return a section for each rule."""
    return "\n" + "\n".join(map(_section, RULES)) + "\n"


def _section(rule: Rule) -> str:
    limits = ", ".join(f"`{rule.code}.{name}` {short(v)}" for name, v in rule.thresholds.items())
    parts = [
        f"### {rule.code} {rule.name} ({rule.severity})",
        _escaped(rule.text),
        *([f"```python\n{rule.example}\n```"] if rule.example else []),
        *([f"Limits: {limits}."] if limits else []),
        *([f"Source: {_escaped(rule.source)}."] if rule.source else []),
    ]
    return "\n\n".join(parts) + "\n"


def main() -> None:
    """Write the tables into the README, and the rules into their guide."""
    text = PART.sub(lambda _: settings_markdown(), README.read_text(encoding="utf-8"))
    text = RULES_PART.sub(lambda _: rules_markdown(), text)
    README.write_text(text, encoding="utf-8")
    guide = GUIDE.read_text(encoding="utf-8")
    GUIDE.write_text(RULES_PART.sub(lambda _: rules_guide(), guide), encoding="utf-8")


if __name__ == "__main__":
    main()
