"""From archives to arrays: the ways in which these data sets are packed, with every claim checked.

IDX (http://yann.lecun.com/exdb/mnist/, "THE IDX FILE FORMAT"): two zero bytes, a type code, the
number of dimensions, each dimension as a big-endian 32-bit number, then the values.
"""

from __future__ import annotations

import codecs
import gzip
import io
import math
import pickle
import struct
import tarfile
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from inittui.data.archives import archive_paths
from inittui.data.descriptions import SetDescription
from inittui.errors import MachineError


@dataclass(frozen=True, slots=True)
class PartArrays:
    """Training or test images."""

    images: NDArray[np.uint8]
    """[n, channels, height, width]."""
    labels: NDArray[np.uint8]
    """[n], each below the number of classes."""


@dataclass(frozen=True, slots=True)
class SetArrays:
    """Both parts of a data set."""

    train: PartArrays
    test: PartArrays


def decode(description: SetDescription, folder: Path) -> SetArrays:
    """Decode a set's archives, whose MD5s the caller has checked.

    Raises:
        MachineError: names the file whose contents are not what the description says.
    """
    readers = {"idx": _idx, "emnist": _emnist, "cifar": _cifar}
    arrays = readers[description.format](description, archive_paths(description, folder))
    for part in (arrays.train, arrays.test):
        highest = int(part.labels.max())
        if highest >= len(description.classes):
            raise MachineError(
                f"{folder} is damaged: expected labels from 0 to {len(description.classes) - 1}, "
                f"found {highest}"
            )
    return arrays


def _idx(description: SetDescription, paths: list[Path]) -> SetArrays:
    files = [(str(path), path.read_bytes()) for path in paths]
    return SetArrays(
        _idx_part(description, description.train, files[0], files[1]),
        _idx_part(description, description.test, files[2], files[3]),
    )


def _idx_part(
    description: SetDescription, count: int, images: tuple[str, bytes], labels: tuple[str, bytes]
) -> PartArrays:
    (where_images, packed_images), (where_labels, packed_labels) = images, labels
    _, height, width = description.shape
    pixels = decode_idx(packed_images, where_images, (count, height, width))
    if "idx2-int" in where_labels:
        # QMNIST tells eight facts about every digit; the class is the first.
        facts = decode_idx(packed_labels, where_labels, (count, 8), ">i4")
        classes = np.clip(facts[:, 0], 0, 255).astype(np.uint8)
    else:
        classes = decode_idx(packed_labels, where_labels, (count,))
    return PartArrays(pixels.reshape(count, *description.shape), classes)


def _emnist(description: SetDescription, paths: list[Path]) -> SetArrays:
    def part(archive: zipfile.ZipFile, name: str, count: int) -> PartArrays:
        members = [
            f"gzip/{description.name}-{name}-{kind}-ubyte.gz"
            for kind in ("images-idx3", "labels-idx1")
        ]
        images, labels = ((f"{paths[0]}: {m}", archive.read(m)) for m in members)
        stored = _idx_part(description, count, images, labels)
        # EMNIST was written by Matlab, column by column: height and width are exchanged.
        return PartArrays(stored.images.swapaxes(2, 3), stored.labels)

    try:
        with zipfile.ZipFile(paths[0]) as archive:
            return SetArrays(
                part(archive, "train", description.train), part(archive, "test", description.test)
            )
    except (zipfile.BadZipFile, KeyError) as error:
        raise MachineError(f"{paths[0]} is damaged: {error}") from None


_DTYPES: dict[int, np.dtype[Any]] = {0x08: np.dtype("u1"), 0x0C: np.dtype(">i4")}


def decode_idx(
    packed: bytes, where: str, shape: tuple[int, ...], dtype: str = "u1"
) -> NDArray[Any]:
    """Return the array in a gzipped IDX file, read-only.

    Args:
        packed: the whole file.
        where: the file's name for errors.
        shape: the dimensions that the file must declare and fill exactly.
        dtype: ``u1``, or ``>i4`` for QMNIST's labels.

    Raises:
        MachineError: names the file, what was expected and what was found.
    """
    wanted = np.dtype(dtype)
    start = 4 + 4 * len(shape)
    total = start + math.prod(shape) * wanted.itemsize
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(packed)) as file:
            # One byte more than there may be: no file can fill the memory, and the end is
            # reached, where gzip compares its checksum.
            raw = file.read(total + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise _damaged(where, "a whole gzip file", str(error)) from None
    declared = _header(raw)
    if declared != (wanted, shape):
        raise _damaged(where, _describe((wanted, shape)), _describe(declared))
    if len(raw) != total:
        found = f"{len(raw):,}" if len(raw) < total else "more"
        raise _damaged(where, f"{total:,} bytes when unpacked", found)
    return np.frombuffer(raw, wanted, offset=start).reshape(shape)


def _header(raw: bytes) -> tuple[np.dtype[Any], tuple[int, ...]] | None:
    if len(raw) < 4 or raw[:2] != b"\0\0" or raw[2] not in _DTYPES:
        return None
    dimensions = raw[3]
    if len(raw) < 4 + 4 * dimensions:
        return None
    return _DTYPES[raw[2]], struct.unpack_from(f">{dimensions}I", raw, 4)


def _describe(declared: tuple[np.dtype[Any], tuple[int, ...]] | None) -> str:
    if declared is None:
        return "no IDX header"
    dtype, shape = declared
    return f"{'x'.join(map(str, shape)) or 'no'} values of {8 * dtype.itemsize} bits"


def _damaged(where: str, expected: str, found: str) -> MachineError:
    return MachineError(f"{where} is damaged: expected {expected}, found {found}")


_TRAIN_BATCHES = tuple(f"data_batch_{number}" for number in range(1, 6))


def _cifar(description: SetDescription, paths: list[Path]) -> SetArrays:
    wanted = {f"cifar-10-batches-py/{name}": name for name in (*_TRAIN_BATCHES, "test_batch")}
    batches: dict[str, PartArrays] = {}
    try:
        with tarfile.open(paths[0], "r:gz") as archive:
            for member in archive:
                content = archive.extractfile(member) if member.name in wanted else None
                if content is not None:
                    batches[wanted[member.name]] = _cifar_batch(description, content.read())
        train = [batches[name] for name in _TRAIN_BATCHES]
        arrays = SetArrays(
            PartArrays(
                np.concatenate([batch.images for batch in train]),
                np.concatenate([batch.labels for batch in train]),
            ),
            batches["test_batch"],
        )
    except (tarfile.TarError, EOFError, OSError, KeyError, ValueError, pickle.PickleError) as error:
        raise MachineError(f"{paths[0]} is damaged: {error}") from None
    found = (len(arrays.train.images), len(arrays.test.images))
    if found != (description.train, description.test):
        raise MachineError(
            f"{paths[0]} is damaged: expected {description.train:,} and {description.test:,} "
            f"images, found {found[0]:,} and {found[1]:,}"
        )
    return arrays


_RECONSTRUCT = np.empty(0).__reduce__()[0]
_NEEDED = {
    ("numpy.core.multiarray", "_reconstruct"): _RECONSTRUCT,
    ("numpy._core.multiarray", "_reconstruct"): _RECONSTRUCT,
    ("numpy", "ndarray"): np.ndarray,
    ("numpy", "dtype"): np.dtype,
    ("_codecs", "encode"): codecs.encode,
}
"""What the pickle of an array calls, by its names under numpy 1 and 2."""


class _ArrayUnpickler(pickle.Unpickler):
    """Rebuilds numpy arrays and plain values; a pickle that asks for anything else is refused."""

    def find_class(self, module: str, name: str) -> Any:
        """Allow what `_NEEDED` holds, and import nothing."""
        if (module, name) not in _NEEDED:
            raise pickle.UnpicklingError(f"it asks for {module}.{name}")
        return _NEEDED[module, name]


def _cifar_batch(description: SetDescription, content: bytes) -> PartArrays:
    # Python 2 wrote these files: its byte strings are to be read as Latin-1.
    batch = cast(dict[str, Any], _ArrayUnpickler(io.BytesIO(content), encoding="latin1").load())
    images: NDArray[np.uint8] = np.asarray(batch["data"], dtype=np.uint8)
    labels: NDArray[np.uint8] = np.asarray(batch["labels"], dtype=np.uint8)
    if len(images) != len(labels):
        raise ValueError(f"{len(images)} images but {len(labels)} labels")
    return PartArrays(images.reshape(-1, *description.shape), labels)
