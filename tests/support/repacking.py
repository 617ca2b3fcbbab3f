"""Other ways in which the files of a tiny set may lie in its folder."""

from __future__ import annotations

import gzip
import shutil
import tarfile
from collections.abc import Callable
from pathlib import Path

Repack = Callable[[Path], None]


def unpack(folder: Path) -> None:
    for path in folder.glob("*.gz"):
        path.with_suffix("").write_bytes(gzip.decompress(path.read_bytes()))
        path.unlink()


def unpack_dotted(folder: Path) -> None:
    unpack(folder)
    for path in folder.iterdir():
        path.rename(folder / path.name.replace("-idx", ".idx"))


def unpack_each_to_a_folder(folder: Path) -> None:
    unpack(folder)
    for path in list(folder.iterdir()):
        content = path.read_bytes()
        path.unlink()
        path.mkdir()
        (path / path.name).write_bytes(content)


def pack_anew(folder: Path) -> None:
    for path in folder.glob("*.gz"):
        path.write_bytes(gzip.compress(gzip.decompress(path.read_bytes()), 9, mtime=1))


def pack_in_two_members(folder: Path) -> None:
    """Gzip files may be joined; the content is the members' one after the other."""
    for path in folder.glob("*.gz"):
        content = gzip.decompress(path.read_bytes())
        path.write_bytes(gzip.compress(content[:9]) + gzip.compress(content[9:]))


def unpack_some(folder: Path) -> None:
    path = next(folder.glob("train-labels*"))
    path.with_suffix("").write_bytes(gzip.decompress(path.read_bytes()))
    path.unlink()


def keep_both(folder: Path) -> None:
    """As torchvision leaves it: the archives, and beside them what they hold."""
    for path in list(folder.glob("*.gz")):
        path.with_suffix("").write_bytes(gzip.decompress(path.read_bytes()))


def unpack_tar(folder: Path) -> None:
    path = folder / "cifar-10-python.tar.gz"
    with tarfile.open(path) as archive:
        archive.extractall(folder, filter="data")
    path.unlink()


def tar_anew(folder: Path) -> None:
    unpack_tar(folder)
    with tarfile.open(folder / "cifar-10-python.tar.gz", "w:gz") as archive:
        archive.add(folder / "cifar-10-batches-py", "elsewhere")
    shutil.rmtree(folder / "cifar-10-batches-py")


def gunzip_tar(folder: Path) -> None:
    path = folder / "cifar-10-python.tar.gz"
    (folder / "cifar-10-python.tar").write_bytes(gzip.decompress(path.read_bytes()))
    path.unlink()


def only_the_batches(folder: Path) -> None:
    unpack_tar(folder)
    for path in (folder / "cifar-10-batches-py").iterdir():
        path.rename(folder / path.name)
