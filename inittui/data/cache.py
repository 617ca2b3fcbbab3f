"""Decoded data sets kept on disk, so that the next start maps a file instead of decoding.

A file is one .npy array of bytes: the training images, training labels, test images and test
labels, one after the other.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from filelock import FileLock
from numpy.typing import NDArray

from inittui.data import archives
from inittui.data.decoding import PartArrays, SetArrays
from inittui.errors import MachineError
from inittui.experiment.data_sets import SetDescription
from inittui.files import open_regular, remove_unfinished, whole_file

LOCK_SECONDS = 60.0
"""Decoding takes a second; who waits this long does without the cache."""


def path_of(description: SetDescription) -> Path:
    """Return the path of the decoded set; another version of the sources has another path."""
    facts = (
        description.name,
        description.shape,
        description.train,
        description.test,
        *(archive.md5 for archive in description.archives),
    )
    key = hashlib.blake2b(repr(facts).encode(), digest_size=6).hexdigest()
    return archives.cache_dir() / "decoded" / f"{description.name}-{key}.npy"


def read(description: SetDescription) -> SetArrays | None:
    """Map a decoded set copy-on-write; None where it is absent or not as it was written.

    What was changed since is told by the file's inode, size and times, before it is opened: its
    contents aren't read, which is what mapping is there to avoid.
    """
    path = path_of(description)
    if not archives.is_verified([path]):
        return None
    header, size = _header(description)
    try:
        with open(open_regular(path), "rb") as file:  # noqa: PTH123 (opens a descriptor)
            if file.read(len(header)) != header or os.fstat(file.fileno()).st_size != size:
                return None
            content: NDArray[np.uint8] = np.memmap(file, np.uint8, "c", offset=len(header))
    except (OSError, MachineError):
        return None
    return _carve(description, np.asarray(content))


def write(description: SetDescription, arrays: SetArrays) -> bool:
    """Keep a decoded set; False where that is impossible. Hold `locked` meanwhile."""
    path = path_of(description)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        remove_unfinished(path)
        with whole_file(path) as file:
            file.write(_header(description)[0])
            for part in (arrays.train, arrays.test):
                for array in (part.images, part.labels):
                    file.write(np.ascontiguousarray(array).data)
    except OSError:
        return False
    archives.remember([path])
    return True


def _header(description: SetDescription) -> tuple[bytes, int]:
    """Return how the file begins, and its size.

    What a file claims is compared, not read: np.load's parser answers a damaged header with any
    of seven kinds of error.
    """
    size = (description.train + description.test) * (description.pixels + 1)
    facts = {"descr": "|u1", "fortran_order": False, "shape": (size,)}
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(header, facts)
    return header.getvalue(), len(header.getvalue()) + size


@contextlib.contextmanager
def locked(description: SetDescription) -> Iterator[bool]:
    """Let one process at a time decode a set; yields False where no lock can be had."""
    lock = FileLock(archives.cache_dir() / f"{description.name}.lock", timeout=LOCK_SECONDS)
    try:
        archives.cache_dir().mkdir(parents=True, exist_ok=True)
        lock.acquire()
    except (OSError, NotImplementedError):
        yield False
        return
    try:
        yield True
    finally:
        lock.release()


def _carve(description: SetDescription, content: NDArray[np.uint8]) -> SetArrays:
    """Cut the mapped bytes into arrays, without copying."""
    parts: list[PartArrays] = []
    for count in (description.train, description.test):
        pixels = count * description.pixels
        images, labels, content = np.split(content, [pixels, pixels + count])
        parts.append(PartArrays(images.reshape(count, *description.shape), labels))
    return SetArrays(*parts)
