"""From archives to arrays: the ways in which these data sets are packed, with every claim checked.

IDX (http://yann.lecun.com/exdb/mnist/, "THE IDX FILE FORMAT"): two zero bytes, a type code, the
number of dimensions, each dimension as a big-endian 32-bit number, then the values.
"""

from __future__ import annotations

import codecs
import io
import math
import pickle
import struct
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from inittui.data.archives import Files, contents, gunzip
from inittui.errors import MachineError
from inittui.experiment.data_sets import SetDescription


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


def decode(description: SetDescription, files: Files) -> SetArrays:
    """Decode a set's files, which the caller has checked.

    Raises:
        MachineError: names the file whose contents are not what the description says.
    """
    reader = _cifar if description.format == "cifar" else _idx
    arrays = reader(
        description,
        (
            content
            for archive, paths in zip(description.archives, files, strict=True)
            for content in contents(archive, paths)
        ),
    )
    for part in (arrays.train, arrays.test):
        highest = int(part.labels.max())
        if highest >= len(description.classes):
            raise MachineError(
                f"{files[0][0].parent} is damaged: expected labels from 0 to "
                f"{len(description.classes) - 1}, found {highest}"
            )
    return arrays


_Contents = Iterable[tuple[str, str, bytes]]
"""Name, place for errors, and bytes."""


def _idx(description: SetDescription, found: _Contents) -> SetArrays:
    names = [content.name for archive in description.archives for content in archive.contents]
    counts = (description.train, description.train, description.test, description.test)
    expected = dict(zip(names, counts, strict=True))
    arrays: dict[str, NDArray[np.uint8]] = {}
    for name, where, packed in found:
        count, (_, height, width) = expected[name], description.shape
        if "idx3" in name:
            pixels = decode_idx(packed, where, (count, height, width))
            images = pixels.reshape(count, *description.shape)
            # EMNIST was written by Matlab, column by column: height and width are exchanged.
            arrays[name] = images.swapaxes(2, 3) if description.format == "emnist" else images
        elif "idx2-int" in name:
            # QMNIST tells eight facts about every digit; the class is the first.
            facts = decode_idx(packed, where, (count, 8), ">i4")
            arrays[name] = np.clip(facts[:, 0], 0, 255).astype(np.uint8)
        else:
            arrays[name] = decode_idx(packed, where, (count,))
    images, labels, test_images, test_labels = (arrays[name] for name in names)
    return SetArrays(PartArrays(images, labels), PartArrays(test_images, test_labels))


_DTYPES: dict[int, np.dtype[Any]] = {0x08: np.dtype("u1"), 0x0C: np.dtype(">i4")}


def decode_idx(
    packed: bytes, where: str, shape: tuple[int, ...], dtype: str = "u1"
) -> NDArray[Any]:
    """Return the array in an IDX file, gzipped or not; read-only.

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
        # One byte more than there may be: no file can fill the memory, and the end is reached,
        # where gzip compares its checksum.
        raw = gunzip(packed, total + 1)
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


def _cifar(description: SetDescription, found: _Contents) -> SetArrays:
    batches: dict[str, PartArrays] = {}
    for name, where, content in found:
        try:
            batches[name] = _cifar_batch(description, content)
        except (EOFError, KeyError, ValueError, TypeError, pickle.PickleError) as error:
            raise MachineError(f"{where} is damaged: {error}") from None
    *train, test = (batches[content.name] for content in description.archives[0].contents)
    images = np.concatenate([batch.images for batch in train])
    arrays = SetArrays(PartArrays(images, np.concatenate([each.labels for each in train])), test)
    counts = (len(images), len(test.images))
    if counts != (description.train, description.test):
        raise MachineError(
            f"{description.name} is damaged: expected {description.train:,} and "
            f"{description.test:,} images, found {counts[0]:,} and {counts[1]:,}"
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
