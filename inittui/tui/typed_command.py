"""The experiment that a command line describes, read without running the command."""

from __future__ import annotations

import argparse
import re
import shlex
from pathlib import Path
from typing import Any, NoReturn

from inittui.errors import UsageError, nearest
from inittui.experiment.known_names import check_names
from inittui.experiment.records import Experiment
from inittui.experiment.setting_texts import NO, YES
from inittui.experiment.settings import SETTINGS
from inittui.runs import runs_root
from inittui.runs.asked import check_schemes, experiment_file, experiment_of
from inittui.text import sanitize

_BEGINNING = re.compile(
    r"""\s*
    (?:\([^()\n]{1,80}\)\s+)?                       # (venv)
    (?:
      (?: [^\s$#>%]{0,80}                            # user@host:~
        | [^\s$#>%]{1,80}@[^\s$#>%]{1,80}\ [^\s$#>%]{1,80}\ ?   # user@host ~
        | \[[^\]\n]{1,80}\]                         # [user@host ~]
      ) [$\#>%❯]\s+
    )?
    (?:\S{0,300}/)? (?:inittui | python[\d.]{0,8}\s+-m\s+inittui)
    \s+compare(?!\S)
    """,
    re.VERBOSE,
)
"""A prompt, the program by its name or its path, and its command."""

_PIECE = re.compile(
    r"""(?P<quoted>\\.|'[^']*'|"(?:\\.|[^"\\])*")
    | (?P<comment>(?<!\S)\#[^\n]*)
    | (?P<operator>[;&|<>])
    | (?P<other>.)
    """,
    re.VERBOSE | re.DOTALL,
)
"""What a shell tells apart before it splits a line into words."""

_NO_VALUE = re.compile(r"(?:--[^=]+=|-\w=?)--$")
"""An option whose value is the mark that ends options: argparse takes it out."""

_CONFIG = ("--config", "-c")
_SHOWN = 40
_TYPED = [each for each in SETTINGS if "compare" in each.commands and each.options]


def is_command(text: str) -> bool:
    """Tell whether a text begins as a comparison's command line does, prompt or not."""
    return _BEGINNING.match(text) is not None


def read_command(text: str, base: Experiment, root: Path | None = None) -> Experiment:
    """Return the experiment of an ``inittui compare`` line, which may go on over several lines.

    ``base`` is what it changes; ``root`` is where the runs are that it may name. Options that say
    how a report looks are none of an experiment's: they are refused, so that nobody believes they
    were heeded.

    Raises:
        UsageError: it isn't such a line, or what it says is wrong: an option, a value, a scheme.
        MachineError: ``root`` can't be read.
    """
    typed, rest = _parser().parse_known_intermixed_args(_joined(_words(text)))
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
    file = experiment_file(typed.file, root or runs_root())
    if file is not None and file.exists() and not file.is_file():
        raise UsageError(f"{sanitize(str(file), 200)}: not a file")  # a pipe may never end
    experiment = experiment_of(given, file, usual=base)
    check_names(experiment)
    check_schemes(experiment)
    return experiment


def _words(text: str) -> list[str]:
    """Return the words after the command; a terminal pastes the ends of lines as CR.

    Raises:
        UsageError: there is no command, or more than one.
    """
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\\\n", " ")
    beginning = _BEGINNING.match(text)
    if beginning is None:
        raise UsageError("this is no command line that begins with 'inittui compare'")
    text = text[beginning.end() :]
    if any(is_command(line) for line in text.split("\n")[1:]):
        raise UsageError("one command at a time is taken, and these are several")
    kept: list[str] = []
    for piece in _PIECE.finditer(text):
        if piece.lastgroup == "operator":
            raise UsageError(
                f"'{piece[0]}' is for a shell, and one command at a time is taken; put it in "
                "quotation marks where it belongs to a value"
            )
        kept.append("" if piece.lastgroup == "comment" else piece[0])
    try:
        return shlex.split("".join(kept))
    except ValueError:
        raise UsageError("a quotation mark is missing in the command line") from None


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
        if _NO_VALUE.match(joined[-1]):
            raise UsageError(f"{sanitize(word, _SHOWN)}: its value is missing")
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
