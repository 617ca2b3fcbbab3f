"""Somebody's own code on another machine: written down where it is imported from, and removed."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import sys
import tempfile
import time
from pathlib import Path

from inittui.training.seats.messages import Code
from inittui.user_code import remember_place

_PREFIX = "inittui-code-"

_NEW_SECONDS = 60.0
"""Age of a folder that its owner may not have locked yet."""

_folders: list[tuple[Path, int]] = []
"""Those of this process, each with the descriptor that holds its lock."""


def write_down(code: Code) -> None:
    """Write sent code to a folder of this process, and let `find` and imports take it from there.

    A process that was killed couldn't remove its own: whoever comes after it does.
    """
    _remove_abandoned()
    folder = _new_folder()
    for name, content in code.files.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    if code.place.endswith(".py"):
        remember_place(code.place, str(folder / code.path))
    else:
        sys.path.append(str(folder))


def remove_own() -> None:
    """Remove what `write_down` wrote for this process."""
    for folder, descriptor in _folders:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(descriptor)
    _folders.clear()


def _new_folder() -> Path:
    folder = Path(tempfile.mkdtemp(prefix=_PREFIX))
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    # Process IDs don't tell whether an owner lives: containers share folders, not IDs. Without
    # locks nobody else can tell that it is abandoned either.
    with contextlib.suppress(OSError):
        fcntl.flock(descriptor, fcntl.LOCK_EX)
    _folders.append((folder, descriptor))
    return folder


def _remove_abandoned() -> None:
    for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        try:
            if time.time() - folder.stat().st_mtime > _NEW_SECONDS:
                _remove_unless_held(folder)
        except OSError:
            continue  # another user's, held, or just removed by somebody else


def _remove_unless_held(folder: Path) -> None:
    """Remove a folder; raises OSError where a living process holds it."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        shutil.rmtree(folder, ignore_errors=True)
    finally:
        os.close(descriptor)
