"""What each data set is and which files it comes in; readable without torch or numpy."""

from __future__ import annotations

import math
import string
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from types import MappingProxyType
from typing import Literal

from inittui.errors import unknown
from inittui.text import sanitize

Format = Literal["idx", "emnist", "cifar"]
"""Four gzipped IDX files; a zip of such with transposed images; a tar of pickled batches."""


@dataclass(frozen=True, slots=True)
class Content:
    """One file in an archive that is read."""

    name: str
    """Without its folder, and without the ending of a compressed file."""
    md5: str = ""
    """Of the file unpacked: tells the same contents packed in another way. Empty: not known."""


@dataclass(frozen=True, slots=True)
class Archive:
    """One file as its authors publish it."""

    name: str
    md5: str
    contents: tuple[Content, ...]
    size: int | None = None
    """Bytes, where known: tells a truncated file from a changed one."""


@dataclass(frozen=True, slots=True)
class SetDescription:
    """One data set: what a person reads about it, and what a loader must know."""

    name: str
    title: str
    classes: tuple[str, ...]
    shape: tuple[int, int, int]
    """Channels, height and width of every image."""
    train: int
    """Training images."""
    test: int
    """Test images."""
    source: str
    """Where it is described and can be had by hand."""
    licence: str
    mirrors: tuple[str, ...]
    """Addresses below which the archives are served; those of torchvision."""
    folder: PurePosixPath
    """Where torchvision keeps the archives, below its root."""
    archives: tuple[Archive, ...]
    """Their contents, in order: for IDX files train images, train labels, test images, test
    labels; for `cifar` the training batches, then the test batch."""
    download_bytes: int
    """About how much has to be downloaded."""
    format: Format = "idx"
    unpacked: str = ""
    """The folder that the archive is unpacked to."""

    @property
    def pixels(self) -> int:
        """Bytes of one decoded image."""
        return math.prod(self.shape)


_DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
_MNIST_FILES = (
    "train-images-idx3-ubyte.gz",
    "train-labels-idx1-ubyte.gz",
    "t10k-images-idx3-ubyte.gz",
    "t10k-labels-idx1-ubyte.gz",
)
_QMNIST_FILES = (
    "qmnist-train-images-idx3-ubyte.gz",
    "qmnist-train-labels-idx2-int.gz",
    "qmnist-test-images-idx3-ubyte.gz",
    "qmnist-test-labels-idx2-int.gz",
)


def _archives(
    names: tuple[str, ...],
    checksums: tuple[str, ...],
    unpacked: tuple[str, ...] = ("",) * 4,
    sizes: tuple[int | None, ...] = (None,) * 4,
) -> tuple[Archive, ...]:
    return tuple(
        Archive(name, md5, (Content(name.removesuffix(".gz"), content),), size)
        for name, md5, content, size in zip(names, checksums, unpacked, sizes, strict=True)
    )


_ALL = (
    SetDescription(
        name="fashion-mnist",
        title="Fashion-MNIST: ten kinds of clothing, from Zalando's catalogue",
        classes=(
            *("T-shirt/top", "Trouser", "Pullover", "Dress", "Coat"),
            *("Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"),
        ),
        shape=(1, 28, 28),
        train=60_000,
        test=10_000,
        source="https://github.com/zalandoresearch/fashion-mnist",
        licence="MIT",
        mirrors=("http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",),
        folder=PurePosixPath("FashionMNIST/raw"),
        archives=_archives(
            _MNIST_FILES,
            (
                "8d4fb7e6c68d591d4c3dfef9ec88bf0d",
                "25c81989df183df01b3e8a0aad5dffbe",
                "bef4ecab320f06d8554ea6380940ec79",
                "bb300cfdad3c16e7a12a480ee83cd310",
            ),
            (
                "f4a8712d7a061bf5bd6d2ca38dc4d50a",
                "9018921c3c673c538a1fc5bad174d6f9",
                "8181f5470baa50b63fa0f6fddb340f0a",
                "15d484375f8d13e6eb1aabb0c3f46965",
            ),
            (26_421_880, 29_515, 4_422_102, 5_148),
        ),
        download_bytes=30_900_000,
    ),
    SetDescription(
        name="mnist",
        title="MNIST: handwritten digits",
        classes=_DIGITS,
        shape=(1, 28, 28),
        train=60_000,
        test=10_000,
        source="https://ossci-datasets.s3.amazonaws.com/mnist/",
        licence="CC BY-SA 3.0",
        mirrors=(
            "https://ossci-datasets.s3.amazonaws.com/mnist/",
            "http://yann.lecun.com/exdb/mnist/",
        ),
        folder=PurePosixPath("MNIST/raw"),
        archives=_archives(
            _MNIST_FILES,
            (
                "f68b3c2dcbeaaa9fbdd348bbdeb94873",
                "d53e105ee54ea40749a09fcbcd1e9432",
                "9fb629c4189551a2d022fa330f9573f3",
                "ec29112dd5afa0611ce80d1b7f02629c",
            ),
            (
                "6bbc9ace898e44ae57da46a324031adb",
                "a25bea736e30d166cdddb491f175f624",
                "2646ac647ad5339dbf082846283269ea",
                "27ae3e4e09519cfbb04c329615203637",
            ),
        ),
        download_bytes=12_000_000,
    ),
    SetDescription(
        name="kmnist",
        title="Kuzushiji-MNIST: ten Japanese characters in cursive",
        classes=("o", "ki", "su", "tsu", "na", "ha", "ma", "ya", "re", "wo"),
        shape=(1, 28, 28),
        train=60_000,
        test=10_000,
        source="https://github.com/rois-codh/kmnist",
        licence="CC BY-SA 4.0",
        mirrors=("http://codh.rois.ac.jp/kmnist/dataset/kmnist/",),
        folder=PurePosixPath("KMNIST/raw"),
        archives=_archives(
            _MNIST_FILES,
            (
                "bdb82020997e1d708af4cf47b453dcf7",
                "e144d726b3acfaa3e44228e80efcd344",
                "5c965bf0a639b31b8f53240b1b52f4d7",
                "7320c461ea6c1c855c0b718fb2a4b134",
            ),
        ),
        download_bytes=21_000_000,
    ),
    SetDescription(
        name="qmnist",
        title="QMNIST: MNIST rebuilt from NIST's files, with 60,000 test digits",
        classes=_DIGITS,
        shape=(1, 28, 28),
        train=60_000,
        test=60_000,
        source="https://github.com/facebookresearch/qmnist",
        licence="BSD-style",
        mirrors=("https://raw.githubusercontent.com/facebookresearch/qmnist/master/",),
        folder=PurePosixPath("QMNIST/raw"),
        archives=_archives(
            _QMNIST_FILES,
            (
                "ed72d4157d28c017586c42bc6afe6370",
                "0058f8dd561b90ffdd0f734c6a30e5e4",
                "1394631089c404de565df7b7aeaf9412",
                "5b5b05890a5e13444e108efe57b788aa",
            ),
        ),
        download_bytes=20_000_000,
    ),
    SetDescription(
        name="emnist-balanced",
        title="EMNIST balanced: handwritten digits and letters, 47 classes",
        classes=(*string.digits, *string.ascii_uppercase, *"abdefghnqrt"),
        shape=(1, 28, 28),
        train=112_800,
        test=18_800,
        source="https://www.nist.gov/itl/products-and-services/emnist-dataset",
        licence="not stated",
        mirrors=("https://biometrics.nist.gov/cs_links/EMNIST/",),
        folder=PurePosixPath("EMNIST/raw"),
        archives=(
            Archive(
                "gzip.zip",
                "58c8d27c78d21e728a6bc7b3cc06412e",
                (
                    Content("emnist-balanced-train-images-idx3-ubyte"),
                    Content("emnist-balanced-train-labels-idx1-ubyte"),
                    Content("emnist-balanced-test-images-idx3-ubyte"),
                    Content("emnist-balanced-test-labels-idx1-ubyte"),
                ),
            ),
        ),
        unpacked="gzip",
        download_bytes=562_000_000,
        format="emnist",
    ),
    SetDescription(
        name="cifar10",
        title="CIFAR-10: small colour photographs of ten things",
        classes=(
            *("airplane", "automobile", "bird", "cat", "deer"),
            *("dog", "frog", "horse", "ship", "truck"),
        ),
        shape=(3, 32, 32),
        train=50_000,
        test=10_000,
        source="https://www.cs.toronto.edu/~kriz/cifar.html",
        licence="not stated",
        mirrors=("https://www.cs.toronto.edu/~kriz/",),
        folder=PurePosixPath(),
        archives=(
            Archive(
                "cifar-10-python.tar.gz",
                "c58f30108f718f92721af3b95e74349a",
                (
                    Content("data_batch_1", "c99cafc152244af753f735de768cd75f"),
                    Content("data_batch_2", "d4bba439e000b95fd0a9bffe97cbabec"),
                    Content("data_batch_3", "54ebc095f3ab1f0389bbae665268c751"),
                    Content("data_batch_4", "634d18415352ddfa80567beed471001a"),
                    Content("data_batch_5", "482c414d41f54cd18b22e5b47cb7c3cb"),
                    Content("test_batch", "40351d587109b95175f43aff81a1287e"),
                ),
            ),
        ),
        unpacked="cifar-10-batches-py",
        download_bytes=170_000_000,
        format="cifar",
    ),
)

DATA_SETS: Mapping[str, SetDescription] = MappingProxyType({each.name: each for each in _ALL})
"""Every data set by the name that `--data` takes."""


def describe(name: str) -> SetDescription:
    """Return a data set's description.

    Raises:
        UsageError: there is no such set; the nearest is suggested.
    """
    if name not in DATA_SETS:
        raise unknown("data set", sanitize(name, 80), DATA_SETS)
    return DATA_SETS[name]
