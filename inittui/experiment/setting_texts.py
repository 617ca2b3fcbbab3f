"""How the text of a setting is read and written, on the command line and in forms alike.

Readers raise `UsageError` without the setting's name: an option's or a field's is put before it.
"""

from __future__ import annotations

import keyword
import math
import re
import shlex
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from typing import Any

from inittui.errors import UsageError, unknown
from inittui.experiment.inputs import parse_inputs
from inittui.experiment.records import MOST_SEEDS
from inittui.experiment.scheme import format_number, parse_syntax
from inittui.text import sanitize

YES, NO = "yes", "no"
_YES = (YES, "y", "on", "true", "1")
_NO = (NO, "n", "off", "false", "0")

ModelArgument = str | int | float | bool


def _refusal(text: str, what: str) -> UsageError:
    return UsageError(f"'{sanitize(text, 60)}' {what}")


def written(value: Any) -> str:
    """Return the text of a value; empty where it is unset."""
    match value:
        case None:
            return ""
        case bool():
            return YES if value else NO
        case tuple():
            return ",".join(map(written, value)) or "none"
        case float():
            return format_number(value)
        case _:
            return str(value)


def word(text: str) -> str:
    return text


def whole(text: str) -> int:
    plain = text.strip()
    if re.fullmatch(r"[+-]?[0-9]{1,3}([,_][0-9]{3})+", plain):  # 1,2 may mean 1 and 2
        plain = plain.replace(",", "").replace("_", "")
    if not re.fullmatch(r"[+-]?[0-9]{1,19}", plain):
        raise _refusal(text, "is not a whole number")
    return int(plain)


def count_of_seeds(text: str) -> int:
    count = whole(text)
    if not 1 <= count <= MOST_SEEDS:
        raise UsageError(f"must be from 1 to {MOST_SEEDS:,}, not {count}")
    return count


def steps_or_epoch(text: str) -> int | str:
    return text if text == "epoch" else whole(text)


def decimal(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise _refusal(text, "is not a number") from None


def pair(text: str) -> tuple[float, float]:
    """Read two numbers: 0.2861,0.353."""
    try:
        first, second = map(float, text.split(","))
    except ValueError:
        raise _refusal(text, "is not of the form 0.2861,0.353") from None
    return first, second


def sizes(text: str) -> tuple[int, ...]:
    """Read whole numbers between commas, or "none"."""
    if text == "none":
        return ()
    parts = [part.strip() for part in text.split(",")]
    if not all(part.isascii() and part.isdigit() for part in parts):
        raise _refusal(text, "is not of the form 256,128")
    if any(len(part) > 9 for part in parts):
        raise _refusal(text, "is too large")
    return tuple(map(int, parts))


def inputs(text: str) -> tuple[str, ...] | None:
    """Read the inputs of a model, as their shortest texts; "none" unsets them."""
    return None if text == "none" else tuple(map(str, parse_inputs(words(text))))


def one_of(kind: str, choices: Sequence[str]) -> Callable[[str], str]:
    def read(text: str) -> str:
        found = text.lower()
        if found not in choices:
            raise unknown(kind, sanitize(text, 30), choices)
        return found

    return read


def yes_or_no(text: str) -> bool:
    if text.lower() not in (*_YES, *_NO):
        raise _refusal(text, "is neither yes nor no")
    return text.lower() in _YES


def stack(text: str) -> str | int:
    if text in ("auto", "off"):
        return text
    with suppress(UsageError):
        if (most := whole(text)) >= 1:
            return most
    raise _refusal(text, "is neither auto, off nor a whole number from 1")


_MOMENTS = {NO: (False, False), YES: (True, True), "before": (True, False), "after": (False, True)}
MOMENTS = tuple(_MOMENTS)


def moments(text: str) -> tuple[bool, bool]:
    """Read whether layers are measured before and after the training."""
    return _MOMENTS[one_of("moment", MOMENTS)(text)]


def moments_written(value: tuple[bool, bool]) -> str:
    return next(word for word, when in _MOMENTS.items() if when == value)


def words(text: str) -> tuple[str, ...]:
    """Read words between spaces; one that has a space or quotes is quoted as in a shell."""
    try:
        return tuple(shlex.split(text))
    except ValueError:
        raise _refusal(text, "has an opening quote without its closing one") from None


def words_written(many: Iterable[str]) -> str:
    """Return words as one text, which `words` reads."""
    plain = re.compile(r"[^\s'\"\\]+")
    return " ".join(each if plain.fullmatch(each) else shlex.quote(each) for each in many)


def layers(text: str) -> dict[str, str]:
    """Read PATTERN=SCHEME words; of one pattern the last counts, in its place."""
    rules: dict[str, str] = {}
    for each in words(text):
        pattern, equals, scheme = each.partition("=")
        if not (pattern and equals and scheme):
            raise _refusal(each, "is not of the form 'fc*=he_uniform/ones'")
        rules.pop(pattern, None)
        rules[pattern] = str(parse_syntax(scheme))
    return rules


def layers_written(rules: dict[str, str]) -> str:
    return words_written(f"{pattern}={scheme}" for pattern, scheme in rules.items())


def inputs_written(given: Iterable[str] | None) -> str:
    return words_written(given or ())


def arguments(text: str) -> dict[str, ModelArgument]:
    """Read KEY=VALUE words: whole numbers, numbers, true and false; anything else is a text."""
    found: dict[str, ModelArgument] = {}
    for each in words(text):
        key, equals, value = each.partition("=")
        if not equals or not key.isidentifier() or keyword.iskeyword(key):
            raise _refusal(each, "is not of the form depth=3")
        if key in found:
            raise _refusal(key, "is given twice")
        found[key] = _argument(value)
    return found


def arguments_written(given: dict[str, ModelArgument]) -> str:
    return words_written(f"{key}={_argument_written(value)}" for key, value in given.items())


def _argument_written(value: ModelArgument) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _argument(text: str) -> ModelArgument:
    if text.lower() in ("true", "false"):
        return text.lower() == "true"
    if re.fullmatch(r"[+-]?[0-9]{1,18}", text):
        return int(text)
    if re.fullmatch(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,3})?", text):
        number = float(text)
        return number if math.isfinite(number) else text
    return text
