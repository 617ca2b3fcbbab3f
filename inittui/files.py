"""Files of a run directory, opened so that a hostile one can't lead elsewhere or hang."""

from __future__ import annotations

import errno
import os
import secrets
import stat
from pathlib import Path

from inittui.errors import MachineError

_BLOCKING_OR_ELSEWHERE = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)


def open_regular(path: Path, flags: int = os.O_RDONLY) -> int:
    """Open a regular file and return its descriptor; new files get the user's umask.

    A symbolic link is not followed, and a FIFO or device is neither waited for nor read.

    Raises:
        MachineError: the path is something else than a regular file.
        OSError: it can't be opened.
    """
    try:
        descriptor = os.open(path, flags | _BLOCKING_OR_ELSEWHERE | os.O_CLOEXEC, 0o666)
    except OSError:
        if path.is_symlink() or (path.exists() and not path.is_file()):
            raise _not_regular(path) from None
        raise
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise _not_regular(path)
    return descriptor


def _not_regular(path: Path) -> MachineError:
    return MachineError(f"{path}: not a regular file; links and devices in a run are not followed")


def read_small(path: Path, limit: int) -> bytes:
    """Return the content of a small regular file.

    Raises:
        MachineError: it is not a regular file, or larger than ``limit`` bytes.
        OSError: it can't be read.
    """
    with open(open_regular(path), "rb") as file:
        content = file.read(limit + 1)
    if len(content) > limit:
        raise MachineError(f"{path}: larger than {limit:,} bytes")
    return content


def sync_directory(path: Path) -> None:
    """Wait until the disk has a directory's names: a power cut can take back what was created or
    renamed in it, even where the disk has all of the file.

    Raises:
        OSError: the disk fails; that a file system can't do this for directories is no error.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except PermissionError:  # it can be written to and not read
        return
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.EOPNOTSUPP, errno.ENOSYS):
            raise
    finally:
        os.close(descriptor)


def write_whole(path: Path, content: bytes, *, durable: bool = True) -> None:
    """Write a file beside, then rename it: readers see the old content or the new, never half.

    Args:
        path: the file to replace or make.
        content: all that it shall hold.
        durable: whether to wait until the disk has it.

    Raises:
        OSError: it can't be written; nothing is left behind.
    """
    beside = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
    try:
        with open(descriptor, "wb") as file:  # noqa: PTH123 (opens a descriptor)
            file.write(content)
            file.flush()
            if durable:
                os.fsync(descriptor)
        beside.replace(path)
        if durable:
            sync_directory(path.parent)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise
