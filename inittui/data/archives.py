"""Whether a data set's archives are byte for byte what their authors published."""

from __future__ import annotations

import hashlib
from pathlib import Path

from inittui.data import verified
from inittui.data.descriptions import Archive, SetDescription
from inittui.data.places import archive_paths
from inittui.errors import MachineError


def check(description: SetDescription, folder: Path) -> None:
    """Compare every archive with its published MD5, unless all are known to be right.

    Raises:
        MachineError: names the first file that is missing or damaged, with what was expected.
    """
    paths = archive_paths(description, folder)
    if verified.is_verified(paths):
        return
    for archive, path in zip(description.archives, paths, strict=True):
        fault = _fault(archive, path)
        if fault:
            raise MachineError(f"{path} {fault}; get it from {description.source}")
    verified.remember(paths)


def is_whole(description: SetDescription, folder: Path) -> bool:
    """Whether every archive is there and right."""
    try:
        check(description, folder)
    except MachineError:
        return False
    return True


def _fault(archive: Archive, path: Path) -> str:
    """Return what is wrong with one file, or nothing."""
    try:
        size = path.stat().st_size
        if archive.size not in {None, size}:
            return f"is damaged: expected {archive.size:,} bytes, found {size:,}"
        with path.open("rb") as file:
            # MD5 is what was published; `usedforsecurity` lets it work where FIPS forbids it.
            found = hashlib.file_digest(
                file, lambda: hashlib.md5(usedforsecurity=False)
            ).hexdigest()
    except FileNotFoundError:
        return "is missing"
    except OSError as error:
        return f"can't be read: {error.strerror or error}"
    return "" if found == archive.md5 else f"is damaged: expected MD5 {archive.md5}, found {found}"
