"""From archives to arrays: the three ways in which these data sets are packed."""

from __future__ import annotations

import codecs
import io
import pickle
import tarfile
import zipfile
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from inittui.data import idx
from inittui.data.arrays import PartArrays, SetArrays
from inittui.data.descriptions import SetDescription
from inittui.data.places import archive_paths
from inittui.errors import MachineError


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
    pixels = idx.decode(packed_images, where_images, (count, height, width))
    if "idx2-int" in where_labels:
        # QMNIST tells eight facts about every digit; the class is the first.
        facts = idx.decode(packed_labels, where_labels, (count, 8), ">i4")
        classes = np.clip(facts[:, 0], 0, 255).astype(np.uint8)
    else:
        classes = idx.decode(packed_labels, where_labels, (count,))
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
