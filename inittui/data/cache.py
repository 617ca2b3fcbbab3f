"""Decoded data sets kept on disk, so that the next start maps a file instead of decoding.

A file is a header of `_HEADER_BYTES` (magic with the format's version, the key that stands for
the sources, a CRC-32 of all that follows) and then the bytes of the training images, training
labels, test images and test labels.
"""

from __future__ import annotations

import contextlib
import glob
import hashlib
import os
import socket
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from filelock import FileLock
from numpy.typing import NDArray

from inittui.data import verified
from inittui.data.arrays import PartArrays, SetArrays
from inittui.data.descriptions import SetDescription
from inittui.data.places import cache_dir

_MAGIC = b"inittui decoded data 1\n"
_HEADER_BYTES = 4096
"""One page, so that the arrays start on a page's boundary."""

LOCK_SECONDS = 60.0
"""Decoding takes a second; who waits this long does without the cache."""


def path_of(description: SetDescription) -> Path:
    """Return the path of the decoded set; another version of the sources has another path."""
    return cache_dir() / "decoded" / f"{description.name}-{_key(description)[:12]}.bin"


def read(description: SetDescription) -> SetArrays | None:
    """Map a decoded set copy-on-write; None where it is absent or anything about it is wrong.

    The header and the size are checked at every start. The CRC-32 of the contents is computed
    only when the file isn't the unchanged one whose CRC was right before: that would read all
    of it, which is what mapping is there to avoid.
    """
    path = path_of(description)
    try:
        with path.open("rb") as file:
            header = file.read(_HEADER_BYTES)
            if os.fstat(file.fileno()).st_size != _HEADER_BYTES + _content_bytes(description):
                return None
            content: NDArray[np.uint8] = np.memmap(file, np.uint8, "c", offset=_HEADER_BYTES)
    except OSError:
        return None
    prefix = _prefix(description)
    if not header.startswith(prefix):
        return None
    if not verified.is_verified([path]):
        if header != _header(description, zlib.crc32(content.data)):
            return None
        verified.remember([path])
    return _carve(description, np.asarray(content))


def write(description: SetDescription, arrays: SetArrays) -> bool:
    """Keep a decoded set; False where that is impossible. Hold `locked` meanwhile."""
    path = path_of(description)
    contents = [
        np.ascontiguousarray(array)
        for part in (arrays.train, arrays.test)
        for array in (part.images, part.labels)
    ]
    checksum = 0
    for content in contents:
        checksum = zlib.crc32(content.data, checksum)
    # The host is in the name because locks on some shared file systems reach one host only.
    stem = f"{path.name}.{socket.gethostname()}"
    temporary = path.with_name(f"{stem}.{os.getpid()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        for left_by_a_killed_process in path.parent.glob(f"{glob.escape(stem)}.*.tmp"):
            left_by_a_killed_process.unlink(missing_ok=True)
        with temporary.open("wb") as file:
            file.write(_header(description, checksum))
            for content in contents:
                file.write(content.data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
        return False
    return True


@contextlib.contextmanager
def locked(description: SetDescription) -> Iterator[bool]:
    """Let one process at a time decode a set; yields False where no lock can be had."""
    lock = FileLock(cache_dir() / f"{description.name}.lock", timeout=LOCK_SECONDS)
    try:
        cache_dir().mkdir(parents=True, exist_ok=True)
        lock.acquire()
    except (OSError, NotImplementedError):
        yield False
        return
    try:
        yield True
    finally:
        lock.release()


def _key(description: SetDescription) -> str:
    facts = (
        description.name,
        description.shape,
        description.train,
        description.test,
        *(archive.md5 for archive in description.archives),
    )
    return hashlib.blake2b(repr(facts).encode(), digest_size=16).hexdigest()


def _prefix(description: SetDescription) -> bytes:
    return _MAGIC + _key(description).encode() + b"\n"


def _header(description: SetDescription, checksum: int) -> bytes:
    return (_prefix(description) + f"{checksum:08x}\n".encode()).ljust(_HEADER_BYTES, b"\0")


def _content_bytes(description: SetDescription) -> int:
    return (description.train + description.test) * (description.pixels + 1)


def _carve(description: SetDescription, content: NDArray[np.uint8]) -> SetArrays:
    """Cut the mapped bytes into arrays, without copying."""
    parts: list[PartArrays] = []
    for count in (description.train, description.test):
        pixels = count * description.pixels
        images, labels, content = np.split(content, [pixels, pixels + count])
        parts.append(PartArrays(images.reshape(count, *description.shape), labels))
    return SetArrays(*parts)
