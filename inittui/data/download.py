"""Archives that don't come with inittui, fetched with torchvision's downloader and mirrors."""

from __future__ import annotations

import contextlib
import http.client
import io
import re
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

from filelock import FileLock, Timeout

from inittui.data import archives
from inittui.data.descriptions import Archive, SetDescription
from inittui.data.places import archive_paths, download_root
from inittui.errors import MachineError
from inittui.text import sanitize

SILENCE_SECONDS = 20.0
"""A server that says nothing for this long is taken for unreachable."""


def fetch(description: SetDescription) -> Path:
    """Return the folder with the set's archives, downloading what is missing or damaged.

    Raises:
        MachineError: one line that says how to place the files by hand.
    """
    folder = download_root() / description.folder
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with _turn(description, download_root() / f".{description.name}.lock"):
            if not archives.is_whole(description, folder):
                _download(description, folder)
    except (OSError, RuntimeError, http.client.HTTPException) as error:
        raise MachineError(_by_hand(description, folder, error)) from None
    return folder


@contextlib.contextmanager
def _turn(description: SetDescription, path: Path) -> Iterator[None]:
    """Wait until no other process downloads the same set."""
    lock = FileLock(path)
    try:
        lock.acquire(timeout=1)
    except Timeout:
        _say(f"waiting for another process that downloads {description.name}")
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


def _download(description: SetDescription, folder: Path) -> None:
    from torchvision.datasets.utils import check_integrity, download_url

    missing = [
        archive
        for archive, path in zip(
            description.archives, archive_paths(description, folder), strict=True
        )
        if not check_integrity(path, archive.md5)
    ]
    _say(f"downloading {description.name} ({description.download_bytes / 1e6:.0f} MB) to {folder}")
    for archive in missing:
        errors: list[Exception] = []
        for url in _mirrors(description, archive):
            try:
                with _quiet_downloader():
                    download_url(url, folder, archive.name, archive.md5)
            except (OSError, RuntimeError, http.client.HTTPException) as error:
                errors.append(error)
            else:
                break
        else:
            raise errors[-1]


def _mirrors(description: SetDescription, archive: Archive) -> list[str]:
    """Return the addresses of one archive that torchvision knows."""
    from torchvision import datasets

    known = getattr(datasets, description.torchvision)
    if description.format != "idx":
        return [known.url]
    if isinstance(known.resources, dict):
        published = [url for part in known.resources.values() for url, _ in part]
        return [url for url in published if url.rsplit("/", 1)[-1] == archive.name]
    return [mirror + archive.name for mirror in known.mirrors]


@contextlib.contextmanager
def _quiet_downloader() -> Iterator[None]:
    """Keep progress off stdout, and off a stderr that is no terminal; never wait for ever."""
    progress = sys.stderr if sys.stderr.isatty() else io.StringIO()
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(SILENCE_SECONDS)
    try:
        with contextlib.redirect_stdout(progress), contextlib.redirect_stderr(progress):
            yield
    finally:
        socket.setdefaulttimeout(before)


def _by_hand(description: SetDescription, folder: Path, error: Exception) -> str:
    names = " and ".join(archive.name for archive in description.archives[-2:])
    names = ", ".join([*(archive.name for archive in description.archives[:-2]), names])
    lines = str(error).strip().splitlines() or [type(error).__name__]
    reason = re.sub(r"^<urlopen error (.*)>$", r"\1", lines[-1])
    return (
        f"can't download {description.name} ({sanitize(reason, 100)}); "
        f"to place it by hand, put {names} from {description.source} in {folder}"
    )


def _say(message: str) -> None:
    sys.stderr.write(f"inittui: {sanitize(message)}\n")
    sys.stderr.flush()
