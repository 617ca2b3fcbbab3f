"""Archives that don't come with inittui, fetched from the mirrors that their authors name."""

from __future__ import annotations

import contextlib
import http.client
import os
import re
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

from filelock import FileLock, Timeout

from inittui.data.archives import Files, Place, download_root, files_in, md5, missing
from inittui.errors import MachineError
from inittui.experiment.data_sets import Archive, SetDescription
from inittui.files import remove_unfinished, whole_file
from inittui.text import sanitize

SILENCE_SECONDS = 20.0
"""A server that says nothing for this long is taken for unreachable."""

_CHUNK = 2**20


def fetch(description: SetDescription, place: Place | None) -> Files:
    """Return a set's files among the downloads, downloading archives that are missing or damaged.

    Raises:
        MachineError: one line that says how to place the files by hand; or files lie there in
            another form than they would be downloaded in, and aren't right.
    """
    folder = download_root() / description.folder if place is None else place.folder
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with _turn(description, download_root() / f".{description.name}.lock"):
            _download(description, folder, missing(description, folder))
    except (OSError, http.client.HTTPException) as error:
        raise MachineError(_by_hand(description, folder, error)) from None
    return files_in(description, folder)


@contextlib.contextmanager
def _turn(description: SetDescription, path: Path) -> Iterator[None]:
    """Wait until no other process downloads the same set."""
    lock = FileLock(path)
    try:
        lock.acquire(timeout=1)
    except Timeout:
        say(f"waiting for another process that downloads {description.name}")
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


def _download(description: SetDescription, folder: Path, wanted: list[Archive]) -> None:
    """Download archives, each from the first mirror that has it."""
    said = False
    for archive in wanted:
        for last, mirror in enumerate(description.mirrors, 1 - len(description.mirrors)):
            request = urllib.request.Request(mirror + archive.name)
            request.add_header("User-Agent", "inittui")
            try:
                with urllib.request.urlopen(request, timeout=SILENCE_SECONDS) as response:
                    if not said:
                        size = f"{description.download_bytes / 1e6:.0f} MB"
                        say(f"downloading {description.name} ({size}) to {folder}")
                        said = True
                    _save(response, archive, folder / archive.name)
                break
            except (OSError, http.client.HTTPException):
                if last == 0:
                    raise


def _save(response: http.client.HTTPResponse, archive: Archive, path: Path) -> None:
    """Write what a server sends, with progress on a terminal; keep nothing but the right file."""
    remove_unfinished(path)
    shows_progress = sys.stderr.isatty() and os.environ.get("TERM") != "dumb"
    digest = md5()
    done, total = 0, response.length or 0
    try:
        with whole_file(path) as file:
            while chunk := response.read(_CHUNK):
                file.write(chunk)
                digest.update(chunk)
                done += len(chunk)
                if shows_progress:
                    of = f" of {total / 1e6:.0f}" if total else ""
                    sys.stderr.write(f"\r{archive.name}: {done / 1e6:.0f}{of} MB")
                    sys.stderr.flush()
            if digest.hexdigest() != archive.md5:
                raise OSError(f"its server sent {done:,} bytes of another MD5")
    finally:
        if shows_progress:
            sys.stderr.write("\r" + " " * (len(archive.name) + 20) + "\r")


def _by_hand(description: SetDescription, folder: Path, error: Exception) -> str:
    names = " and ".join(archive.name for archive in description.archives[-2:])
    names = ", ".join([*(archive.name for archive in description.archives[:-2]), names])
    lines = str(error).strip().splitlines() or [type(error).__name__]
    reason = re.sub(r"^<urlopen error (.*)>$", r"\1", lines[-1])
    return (
        f"can't download {description.name} ({sanitize(reason, 100)}); "
        f"to place it by hand, put {names} from {description.source} in {folder}"
    )


def say(message: str) -> None:
    sys.stderr.write(f"inittui: {sanitize(message)}\n")
    sys.stderr.flush()
