"""Strings that attack a terminal, a shell or a parser, and a check that they didn't get through."""

from __future__ import annotations

import random
import re
import unicodedata

import pyte

_WEAPONS = (
    "\x1b[2J\x1b[H", "\x1b]0;owned\x07", "\x1b]52;c;cm0gLXJm\x1b\\", "\x1b]8;;http://evil\x1b\\x",
    "\x1bP$q\x1b\\", "\x1b_G\x1b\\", "\x1b[?1049h", "\x1b[31m", "\x1b[6n", "\x1bc", "\x1b",
    "\x9b2J", "\x9d0;owned\x9c", "\x90", "\x85", "\x07", "\x08\x08\x08", "\r", "\n", "\r\n",
    "\x0b", "\x0c", "\x00", "\x7f", "\t", "\u2028", "\u2029", "\u202e", "\u202d", "\u2066",
    "\u2067", "\u2068", "\u2069", "\u200e", "\u200f", "\u061c", "\u200b", "\ufeff", "\U000e0001",
    "\ue000", "\u0301" * 50, "[bold red]", "[/]", "[link=http://evil]x[/link]", ":smile:",
    "{0}{x.__class__}%s%n", "$(touch owned)", "`touch owned`", "'; touch owned; '", "../../owned",
    "| cat", "<script>", "\\x1b[2J", "\\u001b[2J", "\N{PILE OF POO}", "ｗｉｄｅ",
    "x" * 300, "=cmd|' /C calc'!A0",
)  # fmt: skip

UNSEEN = {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}
"""Categories of characters that are nothing to see."""

_COLOUR = re.compile(r"\x1b\[[0-9;]*m")


def hostile_strings(count: int) -> list[str]:
    """Return each weapon, then mixtures of them; always the same ones."""
    chance = random.Random(6)
    strings = [*_WEAPONS, "\x1b[2J" * 2_000, "\u202e" * 10_000, "y" * 10_000]
    while len(strings) < count:
        strings.append("a".join(chance.choices(_WEAPONS, k=chance.randint(2, 8))))
    return chance.sample(strings, count) if count < len(strings) else strings


def assert_harmless(output: str) -> None:
    """Nothing but colours reaches the terminal that could do anything there."""
    plain = _COLOUR.sub("", output)
    found = {c for c in plain if c != "\n" and unicodedata.category(c) in UNSEEN}
    assert not found, f"{sorted(found)} in {output!r:.2000}"
    lines = plain.split("\n")
    screen = pyte.Screen(2 * max(map(len, lines)) + 1, len(lines) + 1)
    pyte.Stream(screen).feed(output.replace("\n", "\r\n"))
    assert (screen.title, screen.icon_name) == ("", "")
    assert (screen.cursor.y, screen.mode) == (len(lines) - 1, pyte.Screen(9, 9).mode)
