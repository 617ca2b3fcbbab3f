"""Recorded runs for tests: what the engine really wrote, small."""

from __future__ import annotations

from pathlib import Path

from inittui.events.records import decode
from inittui.results.state import RunState, fold

LOGS = Path(__file__).with_name("logs")

RUNNING_LINES = 160
"""Lines of the classic run that its unfinished twin has."""


def run_state(name: str) -> RunState:
    """Return a recorded run: classic, seeds, diverged, inspected, interrupted, running or empty."""
    if name == "empty":
        return RunState()
    file = "classic" if name == "running" else name
    lines = (LOGS / f"{file}.jsonl").read_bytes().splitlines()
    return fold(map(decode, lines[:RUNNING_LINES] if name == "running" else lines))
