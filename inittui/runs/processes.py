"""Processes of this machine, named so that no other one is ever taken for them."""

from __future__ import annotations

import os
from contextlib import suppress
from functools import cache
from pathlib import Path

PROCESSES = Path("/proc")
"""Where Linux tells of processes and the files that they have open."""

_STATE, _START = 0, 19
"""Places in /proc/PID/stat after the name, which may hold blanks and brackets."""


@cache
def machine() -> str:
    """Return what tells this machine from others of its name, and from itself before a reboot.

    It is the boot's ID and the namespace of process IDs: containers may share name and boot.
    "" where the system doesn't tell.
    """
    with suppress(OSError):
        boot = (PROCESSES / "sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        return f"{boot} {(PROCESSES / 'self/ns/pid').readlink()}"
    return ""


def start_of(process: int) -> int | None:
    """Return when a process started, in the kernel's ticks since the boot.

    None where it doesn't live, or the system doesn't tell. One that has ended and that its parent
    hasn't asked for doesn't live.
    """
    try:
        text = (PROCESSES / str(process) / "stat").read_text(encoding="ascii", errors="replace")
        fields = text.rpartition(")")[2].split()
        return None if fields[_STATE] in "ZX" else int(fields[_START])
    except (OSError, ValueError, IndexError):
        return None


def lives(process: int, started: int | None) -> bool:
    """Whether a process of this machine lives; ``started`` tells it from another one of its ID."""
    if PROCESSES.is_dir():
        found = start_of(process)
        return found is not None and started in (None, found)
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        return True
    return True
