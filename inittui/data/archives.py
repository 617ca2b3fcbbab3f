"""A data set's archives: where they lie, and whether they hold what was published.

Names differ with the program that unpacked a file, and so do the bytes of what was packed anew.
What counts is the content: an archive is right as published, or where all that it holds is.
"""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import io
import itertools
import os
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Literal

import platformdirs

from inittui.errors import MachineError
from inittui.experiment import data_sets
from inittui.experiment.data_sets import Archive, SetDescription
from inittui.files import at_home, open_regular

DATA_DIR_VARIABLE = "INITTUI_DATA_DIR"
"""Names a directory whose files are used before all others."""
CACHE_DIR_VARIABLE = "INITTUI_CACHE_DIR"
"""Replaces the user's cache directory."""

_MOST_FOLDERS = 100
"""Folders of a given directory that are looked into."""
_MOST_BYTES = 2**28
"""Read of one file, packed or not: the largest that is meant has 89 MB."""
_GZIP = b"\x1f\x8b"

Kind = Literal["given", "shipped", "downloads"]
Files = tuple[tuple[Path, ...], ...]
"""For each archive of a set, in the description's order: itself, or all its contents unpacked."""


@dataclass(frozen=True, slots=True)
class Place:
    """A folder that holds something of a data set."""

    kind: Kind
    folder: Path
    files: Files


def cache_dir() -> Path:
    """Return the directory for decoded and downloaded data; it need not exist."""
    given = os.environ.get(CACHE_DIR_VARIABLE)
    return at_home(Path(given)) if given else platformdirs.user_cache_path("inittui")


def download_root() -> Path:
    """Return the torchvision root for downloads, and for files put there by hand."""
    return cache_dir() / "data"


def given_root() -> Path | None:
    """Return the directory that the user names, if any; it need not exist."""
    given = os.environ.get(DATA_DIR_VARIABLE)
    return at_home(Path(given)) if given else None


def _roots() -> list[tuple[Kind, Path]]:
    package = Path(__file__).parents[1]
    given = given_root()
    roots: list[tuple[Kind, Path]] = [
        ("shipped", package / "shipped"),
        ("shipped", package.parent / "data"),
        ("downloads", download_root()),
    ]
    return [("given", given), *roots] if given else roots


def find(description: SetDescription) -> Place | None:
    """Return the first place with anything of the set, whole or not."""
    return next(filter(None, (_look(description, *each) for each in _roots())), None)


def _look(description: SetDescription, kind: Kind, root: Path) -> Place | None:
    """Return the place below one root; of files that may be another set's, the contents decide."""
    suspect: Place | None = None
    names = {archive.name for archive in description.archives}
    alike = [
        each
        for each in data_sets.DATA_SETS.values()
        if each.name != description.name and names & {archive.name for archive in each.archives}
    ]
    for folder in _folders(description, kind, root):
        place = Place(kind, folder, files_in(description, folder))
        if not any(map(_is_there, _paths(place.files))):
            continue
        is_named = kind != "given" or not alike or description.folder.parts[0] in folder.parts[-2:]
        if is_named or holds(description, place.files):
            return place
        if not any(holds(each, files_in(each, folder)) for each in alike):
            suspect = suspect or place
    return suspect


def _folders(description: SetDescription, kind: Kind, root: Path) -> Iterator[Path]:
    """Yield where files may lie: as torchvision keeps them; else nearer, or one folder deeper."""
    folder, unpacked = description.folder, description.unpacked
    yield root / folder
    if kind == "shipped":
        return
    yield root / folder / unpacked
    if kind == "downloads":
        return
    nearer = (folder.parts[:1], folder.parts[1:], (unpacked,), ())
    tails = list(dict.fromkeys((folder, folder / unpacked, *(PurePosixPath(*n) for n in nearer))))
    yield from (root / tail for tail in tails[1:])
    with contextlib.suppress(OSError), os.scandir(root) as entries:
        below = (entry.name for entry in entries if entry.is_dir())
        deeper = sorted(itertools.islice(below, _MOST_FOLDERS))
        yield from (root / name / tail for name in deeper for tail in tails)


def files_in(description: SetDescription, folder: Path) -> Files:
    """Return what a folder has of each archive; where it has nothing, the archive's own path."""
    return tuple(_files_of(archive, folder) for archive in description.archives)


def _files_of(archive: Archive, folder: Path) -> tuple[Path, ...]:
    for names in ([archive.name], [content.name for content in archive.contents]):
        paths = tuple(_spelled(folder, name) for name in names)
        if any(map(_is_there, paths)):
            return paths
    return (folder / archive.name,)


def _spelled(folder: Path, name: str) -> Path:
    """Return a file's path, whichever way the program that unpacked it spells the name."""
    stem = name.removesuffix(".gz")
    dotted = stem.replace("-idx", ".idx")
    for each in dict.fromkeys((name, stem, f"{stem}.gz", dotted, f"{dotted}.gz")):
        for path in (folder / each, folder / each / each):
            if _is_there(path):
                return path
    return folder / name


def _is_there(path: Path) -> bool:
    """Whether there is anything but a folder: a broken link or a FIFO is named, not passed over."""
    try:
        return not stat.S_ISDIR(path.stat().st_mode)
    except OSError:
        return os.path.lexists(path)


def _paths(files: Files) -> list[Path]:
    return [path for paths in files for path in paths]


def holds(description: SetDescription, files: Files) -> bool:
    """Whether all of a set is there and right."""
    try:
        check(description, files)
    except MachineError:
        return False
    return True


def check(description: SetDescription, files: Files) -> None:
    """Compare archives with what was published, unless all are known to be right.

    Raises:
        MachineError: names the first file that is missing or damaged, with what was expected.
    """
    paths = _paths(files)
    if is_verified(paths, description.name):
        return
    for archive, found in zip(description.archives, files, strict=True):
        try:
            _prove(archive, found)
        except MachineError as error:
            raise _with_source(error, description) from None
    remember(paths, description.name)


def _with_source(error: MachineError, description: SetDescription) -> MachineError:
    return MachineError(f"{error}; get it from {description.source}")


def missing(description: SetDescription, folder: Path) -> list[Archive]:
    """Return the archives that have to be downloaded to a folder, be it for the second time.

    Raises:
        MachineError: what lies there isn't right, and is more than half a download.
    """
    files = files_in(description, folder)
    if holds(description, files):
        return []
    wrong: list[Archive] = []
    for archive, paths in zip(description.archives, files, strict=True):
        try:
            _prove(archive, paths)
        except MachineError as error:
            path = folder / archive.name
            is_half = path.is_file() and not _unpacks(archive, paths)
            if paths != (path,) or (_is_there(path) and not is_half):
                raise _with_source(error, description) from None
            wrong.append(archive)
    return wrong


def _prove(archive: Archive, paths: tuple[Path, ...]) -> None:
    """Compare one archive, or what it holds, with what was published.

    Raises:
        MachineError: names the first file that is missing or damaged, with what was expected.
    """
    is_packed = paths[0].name == archive.name
    fault = _fault(archive, paths[0]) if is_packed else ""
    if is_packed and not fault:
        return
    if not all(content.md5 for content in archive.contents):
        if not fault:
            fault = f"can't be checked: of {archive.name} only the MD5 is known"
        else:
            unpacks = _unpacks(archive, paths)
            fault = f"{'is not as published' if unpacks else 'is damaged'}: {fault}"
        raise MachineError(f"{paths[0]} {fault}")
    difference = _difference(archive, paths)
    if difference:
        raise MachineError(f"{paths[0]} is damaged: {fault}" if fault else difference)


def _difference(archive: Archive, paths: tuple[Path, ...]) -> str:
    """Return which content is not as published, or nothing."""
    wanted = {content.name: content.md5 for content in archive.contents}
    try:
        for name, where, content in contents(archive, paths):
            found = md5(gunzip(content, _MOST_BYTES)).hexdigest()
            if found != wanted[name]:
                expected = f"expected MD5 {wanted[name]}, found {found}"
                return f"{where} is damaged: {expected}{_whose(found)}"
    except MachineError as error:
        return str(error)
    except (OSError, EOFError, zlib.error) as error:
        return f"{paths[0]} is damaged: {error}"
    return ""


def _fault(archive: Archive, path: Path) -> str:
    """Return how a file differs from the published archive, or nothing."""
    with _opened(path) as file:
        size = os.fstat(file.fileno()).st_size
        found = hashlib.file_digest(file, md5).hexdigest()
    if found == archive.md5:
        return ""
    if archive.size not in {None, size}:
        return f"expected {archive.size:,} bytes, found {size:,}{_whose(found)}"
    return f"expected MD5 {archive.md5}, found {found}{_whose(found)}"


def _unpacks(archive: Archive, paths: tuple[Path, ...]) -> bool:
    """Whether an archive is whole, whatever it holds: no download that was interrupted."""
    try:
        for name, _, content in contents(archive, paths):
            if name + ".gz" == archive.name and not content.startswith(_GZIP):
                return False
            gunzip(content, _MOST_BYTES)
    except (MachineError, OSError, EOFError, zlib.error):
        return False
    return True


def _whose(digest: str) -> str:
    """Tell which set a file or its content belongs to, if that is known."""
    for each in data_sets.DATA_SETS.values():
        for archive in each.archives:
            if digest in {archive.md5, *(content.md5 for content in archive.contents)}:
                return f", which is {each.name}'s"
    return ""


def contents(archive: Archive, paths: tuple[Path, ...]) -> Iterator[tuple[str, str, bytes]]:
    """Yield the name, the place for errors, and the bytes of all that an archive holds for us.

    Raises:
        MachineError: a file is missing, can't be read or is damaged.
    """
    names = {content.name for content in archive.contents}
    if len(paths) == len(names):
        for content, path in zip(archive.contents, paths, strict=True):
            with _opened(path) as file:
                yield content.name, str(path), file.read(_MOST_BYTES)
        return
    try:
        with _opened(paths[0]) as file:
            for member, inner in _members(file, names):
                name = PurePosixPath(member).name.removesuffix(".gz")
                names.discard(name)
                yield name, f"{paths[0]}: {member}", inner
    except (EOFError, RuntimeError, zlib.error, tarfile.TarError, zipfile.BadZipFile) as error:
        raise MachineError(f"{paths[0]} is damaged: {error}") from None
    if names:
        raise MachineError(f"{paths[0]} is damaged: it has no {min(names)}")


def _members(file: io.BufferedReader, names: Collection[str]) -> Iterator[tuple[str, bytes]]:
    """Yield members of a zip or tar file by their names; ``names`` are without folder or .gz."""

    def is_wanted(member: str) -> bool:
        return PurePosixPath(member).name.removesuffix(".gz") in names

    if zipfile.is_zipfile(file):
        with zipfile.ZipFile(file) as packed:
            for info in filter(lambda each: is_wanted(each.filename), packed.infolist()):
                with packed.open(info) as inner:
                    yield info.filename, inner.read(_MOST_BYTES)
        return
    file.seek(0)
    mode: Literal["r:gz", "r:"] = "r:gz" if file.read(2) == _GZIP else "r:"
    file.seek(0)
    with tarfile.open(fileobj=file, mode=mode) as archive:
        for member in archive:
            content = archive.extractfile(member) if is_wanted(member.name) else None
            if content is not None:
                yield member.name, content.read(_MOST_BYTES)


def gunzip(content: bytes, most: int) -> bytes:
    """Unpack at most ``most`` bytes of what is gzipped; anything else is returned as it is.

    Raises:
        OSError, EOFError, zlib.error: it is damaged, which gzip tells only where the end is
            among the bytes that are asked for.
    """
    if not content.startswith(_GZIP):
        return content
    with gzip.GzipFile(fileobj=io.BytesIO(content)) as file:
        return file.read(most)


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[io.BufferedReader]:
    try:
        with open(open_regular(path, follow=True), "rb") as file:  # noqa: PTH123 (a descriptor)
            yield file
    except FileNotFoundError:
        raise MachineError(f"{path} is missing") from None
    except OSError as error:
        raise MachineError(f"{path} can't be read: {error.strerror or error}") from None


def md5(content: bytes = b"") -> hashlib._Hash:
    """Return the digest that was published, also where FIPS forbids it."""
    return hashlib.md5(content, usedforsecurity=False)


def is_verified(files: Iterable[Path], what: str = "") -> bool:
    """Whether these files, unchanged since, were passed to `remember` as what they are taken for.

    A file counts as unchanged while its path, inode, size and the times of its last change are
    the same. Contents aren't read again then: hashing the shipped files takes 60 ms at every
    start, and what this misses is a disk that silently changes bytes.
    """
    try:
        return _marker(files, what).exists()
    except OSError:
        return False


def remember(files: Iterable[Path], what: str = "") -> None:
    """Note that these files are right; where that can't be kept, they are read again next time."""
    with contextlib.suppress(OSError):
        marker = _marker(files, what)
        marker.parent.mkdir(parents=True, exist_ok=True)
        marker.touch()


def _marker(files: Iterable[Path], what: str) -> Path:
    """Return the path of the empty file that stands for these files as they are now."""
    digest = hashlib.blake2b(what.encode(), digest_size=16)
    for file in files:
        now = file.stat()
        facts = (file.resolve(), now.st_ino, now.st_size, now.st_mtime_ns, now.st_ctime_ns)
        digest.update(repr(facts).encode())
    return cache_dir() / "verified" / digest.hexdigest()
