"""Strings that attack a terminal, a shell or a parser; runs full of them; a check of output."""

from __future__ import annotations

import json
import random
import re
import time
import unicodedata
from pathlib import Path
from typing import Any

import pyte

from inittui.experiment.records import Experiment
from inittui.runs import RunDirectory, create_run
from tests.support.runs import LOGS

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


def poisoned(root: Path, text: str) -> RunDirectory:
    """Make a run in which every text that a log can hold is a hostile one."""
    run = create_run(root, Experiment(name=text.encode("utf-8", "replace").decode()))
    lines = [json.loads(line) for line in (LOGS / "seeds.jsonl").read_bytes().splitlines()]
    lines = [_poison(line, text) for line in lines]
    lines.insert(3, {"event": "noted", "at": 1.0, "message": text})
    lines.insert(4, {"event": text, "at": 1.0})
    lines[-1]["reason"] = text
    run.log.write_text("\n".join(map(json.dumps, lines)) + f"\n{{{text!r}: garbage\n", "utf-8")
    run.worker_log.write_bytes(text.encode("utf-8", "surrogatepass"))
    run.name_file.write_bytes(text.encode("utf-8", "surrogatepass"))
    run.holder_file.write_text(json.dumps({"host": text, "pid": 1, "since": time.time()}))
    return run


_KEPT = {"event", "run", "status", "digest", "when", "kind", "evaluate_on"}
"""Keys whose values are one of few words: another one makes the line a damaged one."""


def _poison(value: Any, text: str, key: str = "") -> Any:
    if isinstance(value, dict):
        return {
            (text if key in ("versions", "swept") else k): _poison(v, text, k)
            for k, v in value.items()
        }
    if isinstance(value, list):
        return [_poison(each, text, key) for each in value]
    is_number = value in ("NaN", "Infinity", "-Infinity")
    if not isinstance(value, str) or key in _KEPT or is_number:
        return value
    return f"{value} {text}" if key == "scheme" else text
