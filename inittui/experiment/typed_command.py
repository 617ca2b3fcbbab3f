"""The experiment that a command line describes, read without running the command."""

from __future__ import annotations

import argparse
import shlex
from pathlib import Path
from typing import Any, NoReturn

from inittui.errors import UsageError, nearest
from inittui.experiment.records import Experiment
from inittui.experiment.setting_texts import NO, YES
from inittui.experiment.settings import SETTINGS, with_options, with_usual_schemes
from inittui.experiment.toml import load_experiment
from inittui.text import sanitize

_COMMAND = ("inittui", "compare")
_PROMPTS = ("$", "#", ">", "%")
_CONFIG = ("--config", "-c")
_SHOWN = 40
_TYPED = [each for each in SETTINGS if "compare" in each.commands and each.options]


def is_command(text: str) -> bool:
    """Tell whether a text begins as a comparison's command line does, prompt or not."""
    return tuple(_without_prompt(text.split()[:4])[:2]) == _COMMAND


def read_command(text: str, base: Experiment) -> Experiment:
    """Return the experiment of an ``inittui compare`` line, which may go on over several lines.

    ``base`` is what it changes. Options that say how a report looks are none of an experiment's:
    they are refused, so that nobody believes they were heeded.

    Raises:
        UsageError: it isn't such a line, or an option or its value is wrong.
    """
    try:
        words = _without_prompt(shlex.split(text.replace("\\\n", " ")))
    except ValueError:
        raise UsageError("a quotation mark is missing in the command line") from None
    if tuple(words[:2]) != _COMMAND:
        raise UsageError("this is no command line that begins with 'inittui compare'")
    typed, rest = _parser().parse_known_args(_joined(words[2:]))
    if rest:
        option = sanitize(rest[0], _SHOWN)
        options = "/".join(each for setting in _TYPED for each in setting.options)
        near = nearest(option, options.split("/"))
        raise UsageError(f"'{option}' is no setting of an experiment: leave it out{near}")
    given: dict[str, Any] = {
        setting.path: setting.read_typed(value)
        for setting in _TYPED
        if (value := getattr(typed, setting.path)) is not None
    }
    if typed.contestants:
        given["schemes"] = tuple(typed.contestants)
    if typed.file is None:
        return with_options(base, with_usual_schemes(given))
    return with_options(load_experiment(Path(typed.file)), given, from_file=True)


def _without_prompt(words: list[str]) -> list[str]:
    return words[1:] if words[:1] and words[0] in _PROMPTS else words


def _joined(words: list[str]) -> list[str]:
    """Return the words with each option and its value in one, for values may begin with a dash."""
    names = {
        option: setting.options[0]
        for setting in _TYPED
        if setting.metavar
        for option in setting.options
    } | dict.fromkeys(_CONFIG, _CONFIG[0])
    rest = iter(words)
    joined: list[str] = []
    for word in rest:
        value = next(rest, None) if word in names else None
        joined.append(word if value is None else f"{names[word]}={value}")
    return joined


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        option = message.removeprefix("argument ").split(":")[0].split("/")[0]
        raise UsageError(f"{sanitize(option, _SHOWN)}: its value is missing")


def _parser() -> _Parser:
    """Return a parser of the settings' options, which gives them their paths as names."""
    parser = _Parser(prog="inittui compare", add_help=False, allow_abbrev=False)
    parser.add_argument("contestants", nargs="*")
    parser.add_argument(*_CONFIG, dest="file")
    for setting in _TYPED:
        if setting.metavar:
            action = "append" if setting.is_list else "store"
            parser.add_argument(*setting.options, dest=setting.path, action=action)
            continue
        for option in setting.options:
            for name, value in zip(option.split("/"), (YES, NO), strict=False):
                parser.add_argument(name, dest=setting.path, action="store_const", const=value)
    return parser
