"""A data set's archives: where they lie, whether they are as published, and how they are had."""

from __future__ import annotations

import contextlib
import hashlib
import http.client
import os
import re
import sys
import urllib.error
import urllib.request
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import platformdirs
from filelock import FileLock, Timeout

from inittui.data.descriptions import Archive, SetDescription
from inittui.errors import MachineError
from inittui.files import remove_unfinished, whole_file
from inittui.text import sanitize

DATA_DIR_VARIABLE = "INITTUI_DATA_DIR"
"""Names a torchvision root whose files are used before all others."""
CACHE_DIR_VARIABLE = "INITTUI_CACHE_DIR"
"""Replaces the user's cache directory."""

SILENCE_SECONDS = 20.0
"""A server that says nothing for this long is taken for unreachable."""

_CHUNK = 2**20

Kind = Literal["given", "shipped", "downloads"]


@dataclass(frozen=True, slots=True)
class Place:
    """A folder that holds at least one of a data set's archives."""

    kind: Kind
    folder: Path


def cache_dir() -> Path:
    """Return the directory for decoded and downloaded data; it need not exist."""
    given = os.environ.get(CACHE_DIR_VARIABLE)
    return Path(given).expanduser() if given else platformdirs.user_cache_path("inittui")


def download_root() -> Path:
    """Return the torchvision root for downloads, and for files put there by hand."""
    return cache_dir() / "data"


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
        if any(path.is_file() for path in archive_paths(description, folder)):
            return Place(kind, folder)
    return None


def archive_paths(description: SetDescription, folder: Path) -> list[Path]:
    """Return the paths of the set's archives in a folder, in the description's order."""
    return [folder / archive.name for archive in description.archives]


def check(description: SetDescription, folder: Path) -> None:
    """Compare every archive with its published MD5, unless all are known to be right.

    Raises:
        MachineError: names the first file that is missing or damaged, with what was expected.
    """
    paths = archive_paths(description, folder)
    if is_verified(paths):
        return
    for archive, path in zip(description.archives, paths, strict=True):
        fault = _fault(archive, path)
        if fault:
            raise MachineError(f"{path} {fault}; get it from {description.source}")
    remember(paths)


def _fault(archive: Archive, path: Path) -> str:
    """Return what is wrong with one file, or nothing."""
    try:
        size = path.stat().st_size
        if archive.size not in {None, size}:
            return f"is damaged: expected {archive.size:,} bytes, found {size:,}"
        with path.open("rb") as file:
            found = hashlib.file_digest(file, _md5).hexdigest()
    except FileNotFoundError:
        return "is missing"
    except OSError as error:
        return f"can't be read: {error.strerror or error}"
    return "" if found == archive.md5 else f"is damaged: expected MD5 {archive.md5}, found {found}"


def _md5() -> hashlib._Hash:
    # MD5 is what was published; `usedforsecurity` lets it work where FIPS forbids it.
    return hashlib.md5(usedforsecurity=False)


def is_verified(files: Iterable[Path]) -> bool:
    """Whether these files, unchanged since, were passed to `remember`.

    A file counts as unchanged while its path, inode, size and the times of its last change are
    the same. Contents aren't read again then: hashing the shipped files takes 60 ms at every
    start, and what this misses is a disk that silently changes bytes.
    """
    try:
        return _marker(files).exists()
    except OSError:
        return False


def remember(files: Iterable[Path]) -> None:
    """Note that these files are right; where that can't be kept, they are read again next time."""
    with contextlib.suppress(OSError):
        marker = _marker(files)
        marker.parent.mkdir(parents=True, exist_ok=True)
        marker.touch()


def _marker(files: Iterable[Path]) -> Path:
    """Return the path of the empty file that stands for these files as they are now."""
    digest = hashlib.blake2b(digest_size=16)
    for file in files:
        stat = file.stat()
        facts = (file.resolve(), stat.st_ino, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns)
        digest.update(repr(facts).encode())
    return cache_dir() / "verified" / digest.hexdigest()


def fetch(description: SetDescription) -> Path:
    """Return the folder with the set's archives, downloading what is missing or damaged.

    Raises:
        MachineError: one line that says how to place the files by hand.
    """
    folder = download_root() / description.folder
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with _turn(description, download_root() / f".{description.name}.lock"):
            paths = archive_paths(description, folder)
            if not is_verified(paths):
                _download(description, folder)
                remember(paths)
    except (OSError, http.client.HTTPException) as error:
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
    """Download each archive that isn't right from the first mirror that has it."""
    said = False
    for archive in description.archives:
        if not _fault(archive, folder / archive.name):
            continue
        for last, mirror in enumerate(description.mirrors, 1 - len(description.mirrors)):
            request = urllib.request.Request(mirror + archive.name)
            request.add_header("User-Agent", "inittui")
            try:
                with urllib.request.urlopen(request, timeout=SILENCE_SECONDS) as response:
                    if not said:
                        size = f"{description.download_bytes / 1e6:.0f} MB"
                        _say(f"downloading {description.name} ({size}) to {folder}")
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
    digest = _md5()
    done = 0
    with whole_file(path) as file:
        while chunk := response.read(_CHUNK):
            file.write(chunk)
            digest.update(chunk)
            done += len(chunk)
            if shows_progress:
                sys.stderr.write(
                    f"\r{done / 1e6:.0f} of {(response.length or 0) + done / 1e6:.0f} MB"
                )
        if shows_progress:
            sys.stderr.write("\r" + " " * 30 + "\r")
        if digest.hexdigest() != archive.md5:
            raise OSError(f"its server sent {done:,} bytes of another MD5")


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
