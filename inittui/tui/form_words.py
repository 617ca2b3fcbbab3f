"""Advice in the words of the form: what the command line calls an option is a setting here."""

from __future__ import annotations

import re

from inittui.experiment.settings import SETTINGS

_LABELS = {
    name: setting.label
    for setting in SETTINGS
    if setting.in_form
    for option in setting.options
    for name in option.split("/")
    if name.startswith("--")
}

_OPTION = r"(?P<option>--[a-z][a-z-]*)"
_ADVICE = re.compile(
    rf"""(?P<command>'inittui\ [^']*')
    | \b(?P<verb>use|leave\ out)\ {_OPTION}(?:\ (?P<value>[\w.:]+))?
    | (?<![\w-]){_OPTION.replace("option", "other")}
    """,
    re.VERBOSE,
)
"""A command, which is typed outside; what to set, or not to; an option that is spoken of."""


def in_form_words(text: str) -> str:
    """Return a text with settings named as in the form; options that are none stay what they are.

    Messages are written where the command line is the only one that shows them, too: by what
    checks an experiment, by the process that trains, by the report.
    """
    return _ADVICE.sub(_told, text)


def _told(found: re.Match[str]) -> str:
    label = _LABELS.get(found["option"] or found["other"] or "")
    if label is None:
        return found[0]
    value = f" {found['value']}" if found["value"] else ""
    match found["verb"]:
        case "use" if value:
            return f"set '{label}' to{value}"
        case "leave out":
            return f"leave '{label}' empty{value}"
        case verb:
            return f"{verb} '{label}'{value}" if verb else f"'{label}'"
