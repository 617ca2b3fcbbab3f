"""Files opened so that a hostile one can't lead elsewhere or hang, and written whole or not."""

from __future__ import annotations

import contextlib
import errno
import glob
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from inittui.errors import MachineError, UsageError
from inittui.text import sanitize

_ELSEWHERE = getattr(os, "O_NOFOLLOW", 0)
_BLOCKING = getattr(os, "O_NONBLOCK", 0)


def open_regular(path: Path, flags: int = os.O_RDONLY, *, follow: bool = False) -> int:
    """Open a regular file and return its descriptor; new files get the user's umask.

    A FIFO or device is neither waited for nor read, and a symbolic link only followed if asked.

    Raises:
        MachineError: the path is something else than a regular file.
        OSError: it can't be opened.
    """
    try:
        elsewhere = 0 if follow else _ELSEWHERE
        descriptor = os.open(path, flags | elsewhere | _BLOCKING | os.O_CLOEXEC, 0o666)
    except OSError:
        if (path.is_symlink() and not follow) or (path.exists() and not path.is_file()):
            raise _not_regular(path, follow) from None
        raise
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise _not_regular(path, follow)
    return descriptor


def _not_regular(path: Path, follow: bool) -> MachineError:
    what = "devices" if follow else "links and devices in a run"
    return MachineError(
        f"{path}: not a regular file; {what} are not {'read' if follow else 'followed'}"
    )


def at_home(path: Path) -> Path:
    """Return a path that a person named, with ``~`` or ``~USER`` at its begin as the directory.

    Raises:
        UsageError: there is no such user, or it isn't known where the home is.
    """
    try:
        return path.expanduser()
    except RuntimeError:
        shown = sanitize(path.parts[0], 80)
        raise UsageError(f"{shown}: there is no such home directory") from None


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


@contextlib.contextmanager
def whole_file(path: Path, *, durable: bool = True) -> Iterator[BinaryIO]:
    """Yield a new file that takes its place at the end: readers see the old one or it, never half.

    Args:
        path: the file to replace or make.
        durable: whether to wait until the disk has it.

    Raises:
        OSError: it can't be written; nothing is left behind, nor is where the caller raises.
    """
    beside = path.with_name(f".{path.name}.{os.urandom(4).hex()}")
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
    try:
        with open(descriptor, "wb") as file:  # noqa: PTH123 (opens a descriptor)
            yield file
            file.flush()
            if durable:
                os.fsync(descriptor)
        beside.replace(path)
        if durable:
            sync_directory(path.parent)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise


def write_whole(path: Path, content: bytes, *, durable: bool = True) -> None:
    """Write all that a file shall hold, as `whole_file` does."""
    with whole_file(path, durable=durable) as file:
        file.write(content)


def is_replaceable(path: Path) -> bool:
    """Whether something is there that writing a file would replace; a device or FIFO takes it."""
    try:
        return stat.S_ISREG(path.stat().st_mode) or path.is_dir()
    except OSError:
        return os.path.lexists(path)


def write_named(path: Path, content: bytes) -> None:
    """Write to what a person named: a file as `whole_file` does, a device or FIFO as it is.

    To replace is to rename over it: root's ``/dev/null`` would be an ordinary file from then on.
    A link stays one, and the file it leads to is written: ``/dev/stdout`` is a link.

    Raises:
        OSError: it can't be written.
    """
    if path.exists() and not is_replaceable(path):
        path.write_bytes(content)
    else:
        write_whole(path.resolve() if path.is_symlink() else path, content)


def remove_unfinished(path: Path) -> None:
    """Remove what processes that were killed left of `whole_file`; no other may be writing it."""
    for left in path.parent.glob(f".{glob.escape(path.name)}.{'[0-9a-f]' * 8}"):
        left.unlink(missing_ok=True)
