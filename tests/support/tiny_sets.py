"""Data sets of a few images in the published formats, and a server that publishes them."""

from __future__ import annotations

import dataclasses
import gzip
import hashlib
import io
import pickle
import struct
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from inittui.data.decoding import PartArrays, SetArrays
from inittui.experiment.data_sets import DATA_SETS, Archive, Content, SetDescription

TRAIN, TEST = 7, 4
CIFAR_BATCH = 3

Published = tuple[SetDescription, SetArrays]
Publish = Callable[[str, Path], Published]


def pack_idx(values: NDArray[np.generic]) -> bytes:
    """Write gzipped IDX as the format's page says, independently of the decoder."""
    code = {"uint8": 0x08, "int32": 0x0C}[values.dtype.newbyteorder("=").name]
    header = bytes([0, 0, code, values.ndim]) + b"".join(struct.pack(">I", n) for n in values.shape)
    return gzip.compress(header + values.astype(values.dtype.newbyteorder(">")).tobytes(), 1)


def random_set(description: SetDescription, seed: int = 0) -> SetArrays:
    """Return random images and labels with the description's counts and shape."""
    random = np.random.default_rng(seed)

    def part(count: int) -> PartArrays:
        return PartArrays(
            random.integers(0, 256, (count, *description.shape), np.uint8),
            random.integers(0, len(description.classes), count, np.uint8),
        )

    return SetArrays(part(description.train), part(description.test))


def publish(name: str, root: Path) -> Published:
    """Write a tiny version of a set in its real format below a torchvision root."""
    real = DATA_SETS[name]
    train = 5 * CIFAR_BATCH if real.format == "cifar" else TRAIN
    tiny = dataclasses.replace(real, train=train, test=TEST)
    arrays = random_set(tiny)
    writers = {"idx": _idx_files, "emnist": _emnist_files, "cifar": _cifar_files}
    files = writers[real.format](tiny, arrays)
    folder = root / tiny.folder
    folder.mkdir(parents=True, exist_ok=True)
    for archive, content in zip(tiny.archives, files, strict=True):
        (folder / archive.name).write_bytes(content)
    known = [content.md5 for archive in tiny.archives for content in archive.contents]
    unpacked = _unpacked(tiny, files)
    archives = tuple(
        Archive(
            archive.name,
            hashlib.md5(content).hexdigest(),
            tuple(
                Content(
                    each.name, hashlib.md5(unpacked[each.name]).hexdigest() if all(known) else ""
                )
                for each in archive.contents
            ),
            len(content),
        )
        for archive, content in zip(tiny.archives, files, strict=True)
    )
    return dataclasses.replace(tiny, archives=archives), arrays


def _unpacked(tiny: SetDescription, files: list[bytes]) -> dict[str, bytes]:
    """Return the contents of archives by name; of EMNIST's none, where no digest is known."""
    if tiny.format == "idx":
        names = [archive.contents[0].name for archive in tiny.archives]
        return dict(zip(names, map(gzip.decompress, files), strict=True))
    found: dict[str, bytes] = {}
    if tiny.format == "cifar":
        with tarfile.open(fileobj=io.BytesIO(files[0])) as archive:
            for member in archive:
                content = archive.extractfile(member)
                assert content is not None
                found[member.name.rsplit("/", 1)[1]] = content.read()
    return found


def _idx_files(tiny: SetDescription, arrays: SetArrays) -> list[bytes]:
    files: list[bytes] = []
    for part in (arrays.train, arrays.test):
        labels: NDArray[np.generic] = part.labels
        if tiny.name == "qmnist":
            labels = np.zeros((len(part.labels), 8), np.int32)
            labels[:, 0] = part.labels
            labels[:, 1:] = 70_000  # writer, source and the like, which must not be read
        files += [pack_idx(part.images[:, 0]), pack_idx(labels)]
    return files


def _emnist_files(_: SetDescription, arrays: SetArrays) -> list[bytes]:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("gzip/emnist-letters-train-images-idx3-ubyte.gz", b"another split")
        for name, part in (("train", arrays.train), ("test", arrays.test)):
            columns_first = part.images[:, 0].transpose(0, 2, 1)
            archive.writestr(
                f"gzip/emnist-balanced-{name}-images-idx3-ubyte.gz", pack_idx(columns_first)
            )
            archive.writestr(
                f"gzip/emnist-balanced-{name}-labels-idx1-ubyte.gz", pack_idx(part.labels)
            )
    return [packed.getvalue()]


def _cifar_files(_: SetDescription, arrays: SetArrays) -> list[bytes]:
    batches = [("test_batch", arrays.test.images, arrays.test.labels)]
    for number in range(5):
        chosen = slice(number * CIFAR_BATCH, (number + 1) * CIFAR_BATCH)
        batch = (f"data_batch_{number + 1}", arrays.train.images[chosen])
        batches.append((*batch, arrays.train.labels[chosen]))
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        for name, images, labels in batches:
            batch = {"data": images.reshape(len(images), -1), "labels": labels.tolist()}
            add_member(archive, name, pickle.dumps(batch, protocol=2))
    return [packed.getvalue()]


def add_member(archive: tarfile.TarFile, name: str, content: bytes) -> None:
    """Add a batch to a CIFAR archive."""
    member = tarfile.TarInfo(f"cifar-10-batches-py/{name}")
    member.size = len(content)
    archive.addfile(member, io.BytesIO(content))


def same(first: SetArrays, second: SetArrays) -> bool:
    """Whether two sets hold the same images and labels."""
    return all(
        np.array_equal(one, other)
        for a, b in ((first.train, second.train), (first.test, second.test))
        for one, other in ((a.images, b.images), (a.labels, b.labels))
    )
