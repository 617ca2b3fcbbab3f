"""Text from outside (logs, files, command lines) made safe for a terminal."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping, Sequence

MAXIMUM_LENGTH = 2_000
"""Characters shown of any one text from outside."""

LARGEST = 1e100
"""A number of this size or more counts as infinite wherever it is shown."""

_UNSAFE_CATEGORIES = {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}


def _safe(character: str) -> str:
    return (
        "\N{REPLACEMENT CHARACTER}"
        if unicodedata.category(character) in _UNSAFE_CATEGORIES
        else character
    )


def sanitize(text: str, limit: int = MAXIMUM_LENGTH) -> str:
    """Return ``text`` on one line, without control, formatting or direction characters.

    White space of any kind becomes a plain space; what a terminal could act on becomes U+FFFD;
    anything past ``limit`` characters is cut with an ellipsis.
    """
    cut = text[: limit + 1]
    if not cut.isascii() or not cut.isprintable():
        cut = "".join(" " if c.isspace() else _safe(c) for c in cut)
    return cut if len(cut) <= limit else cut[: limit - 1] + "…"


def number_of(count: int, one: str, several: str = "") -> str:
    """Return a count with what is counted: 1 image, 2,000 images; ``several`` if it has no s."""
    return f"1 {one}" if count == 1 else f"{count:,} {several or f'{one}s'}"


def joined(names: Iterable[str], most: int | None = None) -> str:
    """Return "a", "a and b", "a, b and c"; of more than ``most`` "a, b, c, d and 9 more"."""
    known = list(names)
    if most is not None and len(known) > most:
        known = [*known[: most - 1], f"{len(known) - most + 1} more"]
    return known[0] if len(known) == 1 else f"{', '.join(known[:-1])} and {known[-1]}"


def first_ones(names: Sequence[str], most: int) -> str:
    """Return "a, b, c" of names; of more than ``most`` how many more there are."""
    more = len(names) - most
    shown = ", ".join(names[:most])
    return f"{shown} and {more} more" if more > 0 else shown


_MOST_PLACES = 4
"""Digits before the point that a number is written with: 1200 is read sooner than 1.2e3."""


def short(value: float, digits: int = 3) -> str:
    """Return a number with so many significant digits, without idle characters: 6.55e4, 1200."""
    mantissa, e, exponent = f"{value + 0.0:.{digits}g}".partition("e")  # never -0
    if e and 0 < int(exponent) < _MOST_PLACES:
        return f"{float(f'{mantissa}e{exponent}'):.0f}"
    return f"{mantissa}e{int(exponent)}" if e else mantissa


def apart(one: float, other: float, digits: int = 3) -> tuple[str, str]:
    """Return two numbers as `short` does, with more digits where different ones would read alike:
    a sentence says which of them is larger.
    """
    for more in range(digits, _ALL_DIGITS):
        first, second = short(one, more), short(other, more)
        if first != second:
            return first, second
    return short(one, digits), short(other, digits)


_ALL_DIGITS = 18
"""Two floats that differ do so in the first 17."""


def in_percent(share: float, decimals: int = 2) -> str:
    """Return a share as people read it, 86.31; with more decimals where it would be rounded to all
    or to nothing and isn't: 99.996, 0.0004.
    """
    value = 100 * share + 0.0
    for more in range(decimals, _MOST_DECIMALS):
        text = f"{value:.{more}f}"
        if float(text) not in (0, 100) or float(text) == value:
            return text
    return f"{value:.{decimals}f}"


_MOST_DECIMALS = 8
"""Beyond them a mean of ones may be off by rounding."""


_ROUNDING = 1e-12
"""What is left of differences of equal shares: far below what one image of any set counts."""


def in_points(difference: float, sign: str = "") -> str:
    """Return a difference of shares in points, 1.25; one that two decimals would round to 0 in two
    digits: 0.0025. ``sign`` "+" puts a sign before positive ones too.
    """
    value = 100 * difference if abs(difference) > _ROUNDING else 0.0
    text = f"{value:{sign}.2f}"
    return text if float(text) or not value else f"{sign * (value > 0)}{short(value, 2)}"


_SPELLED = str.maketrans({
    "±": "+/-", "×": "x", "−": "-", "–": "-", "—": "-", "…": "...", "≤": "<=", "≥": ">=",
    "≈": "~", "✕": "x", "·": "*", "’": "'", "“": '"', "”": '"', "→": "->", "√": "sqrt ",
    "²": "2", "₁": "1", "½": "1/2", "μ": "u", "σ": "s", "χ": "chi", "ξ": "xi", "÷": "/",
    "³": "3", "ω": "omega", "⅓": "1/3", "∞": "inf", "∫": "integral ", "ü": "u",
    "█": "#", "⠒": "*", "•": "*",
})  # fmt: skip

_ONE_FOR_ONE = str.maketrans(
    "±×−–—…≤≥≈✕·’“”→²³₁σωχξü÷█•─│┌┐└┘├┤┬┴┼", '~x---~<>~x.\'"">231swcxu/#*-|+++++++++'
)


_ASCII = ("C", "POSIX")
_COERCED = ("C.UTF-8", "C.utf8", "UTF-8")


def asks_for_ascii(environment: Mapping[str, str]) -> bool:
    """Whether somebody has named a locale of ASCII, also where Python's UTF-8 mode ignores it.

    Where LANG names one, Python itself sets LC_CTYPE to one of UTF-8 (PEP 538). No locale at all
    is nobody's wish.
    """
    language = environment.get("LANG", "")
    meant = environment.get("LC_ALL") or environment.get("LC_CTYPE") or language
    return meant in _ASCII or (language in _ASCII and meant in _COERCED)


def in_ascii(text: str, *, keep_width: bool = False) -> str:
    """Return the text in ASCII; with ``keep_width`` in as many characters as it has.

    A dot between spaces separates, any other one multiplies.
    """
    table = _ONE_FOR_ONE if keep_width else _SPELLED
    return text.replace(" · ", " | ").translate(table).encode("ascii", "replace").decode()
