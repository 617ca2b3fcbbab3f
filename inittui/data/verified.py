"""A memory of files whose contents were found right, so that the next start needn't read them.

A file counts as unchanged while its path, inode, size and the times of its last change are the
same. Contents aren't read again then: hashing the shipped files takes 60 ms at every start, and
what this misses is a disk that silently changes bytes.
"""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Iterable
from pathlib import Path

from inittui.data.places import cache_dir


def _marker(files: Iterable[Path]) -> Path:
    """Return the path of the empty file that stands for these files as they are now."""
    digest = hashlib.blake2b(digest_size=16)
    for file in files:
        stat = file.stat()
        facts = (file.resolve(), stat.st_ino, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns)
        digest.update(repr(facts).encode())
    return cache_dir() / "verified" / digest.hexdigest()


def is_verified(files: Iterable[Path]) -> bool:
    """Whether these files, unchanged since, were passed to `remember`."""
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
