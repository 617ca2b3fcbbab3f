"""Where a data set's files lie."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import platformdirs

from inittui.data.descriptions import SetDescription

DATA_DIR_VARIABLE = "INITTUI_DATA_DIR"
"""Names a torchvision root whose files are used before all others."""
CACHE_DIR_VARIABLE = "INITTUI_CACHE_DIR"
"""Replaces the user's cache directory."""

Kind = Literal["given", "shipped", "downloads"]


def cache_dir() -> Path:
    """Return the directory for decoded and downloaded data; it need not exist."""
    given = os.environ.get(CACHE_DIR_VARIABLE)
    return Path(given).expanduser() if given else platformdirs.user_cache_path("inittui")


def download_root() -> Path:
    """Return the torchvision root for downloads, and for files put there by hand."""
    return cache_dir() / "data"


@dataclass(frozen=True, slots=True)
class Place:
    """A folder that holds at least one of a data set's archives."""

    kind: Kind
    folder: Path


def _roots() -> list[tuple[Kind, Path]]:
    package = Path(__file__).parents[1]
    given = os.environ.get(DATA_DIR_VARIABLE)
    roots: list[tuple[Kind, Path]] = [
        ("shipped", package / "shipped"),
        ("shipped", package.parent / "data"),
        ("downloads", download_root()),
    ]
    return [("given", Path(given).expanduser()), *roots] if given else roots


def find(description: SetDescription) -> Place | None:
    """Return the first place with any of the set's archives, whole or not."""
    for kind, root in _roots():
        folder = root / description.folder
        if any((folder / archive.name).is_file() for archive in description.archives):
            return Place(kind, folder)
    return None


def archive_paths(description: SetDescription, folder: Path) -> list[Path]:
    """Return the paths of the set's archives in a folder, in the description's order."""
    return [folder / archive.name for archive in description.archives]
