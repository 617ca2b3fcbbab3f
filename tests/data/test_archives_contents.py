"""Files count by what they hold: other names, packings and folders are seen through."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from hashlib import md5
from pathlib import Path

import pytest

from inittui.data import archives, cache, sets
from inittui.data.survey import survey
from inittui.experiment.data_sets import DATA_SETS, SetDescription
from tests.support.repacking import (
    Repack,
    gunzip_tar,
    keep_both,
    only_the_batches,
    pack_anew,
    pack_in_two_members,
    tar_anew,
    unpack,
    unpack_dotted,
    unpack_each_to_a_folder,
    unpack_some,
    unpack_tar,
)
from tests.support.tiny_sets import Publish, same


@pytest.mark.parametrize("root", ["given", "downloads"])
@pytest.mark.parametrize(
    "repack",
    [
        unpack, unpack_dotted, unpack_each_to_a_folder, pack_anew, pack_in_two_members,
        unpack_some, keep_both,
    ],
)  # fmt: skip
def test_idx_files_are_read_however_they_are_packed(
    repack: Repack,
    root: str,
    tiny: Publish,
    tmp_path: Path,
    cache_dir: Path,
    monkeypatch: pytest.MonkeyPatch,
    offline: Callable[[], list[str]],
    capfd: pytest.CaptureFixture[str],
) -> None:
    base = tmp_path / "root" if root == "given" else cache_dir / "data"
    description, arrays = tiny("mnist", base)
    if root == "given":
        monkeypatch.setenv("INITTUI_DATA_DIR", str(base))
    repack(base / description.folder)
    assert survey(description).state == "downloaded"
    assert same(sets.read("mnist"), arrays)
    assert survey(description).state == "cached"
    assert (offline(), capfd.readouterr()) == ([], ("", ""))


@pytest.mark.parametrize("repack", [unpack_tar, tar_anew, gunzip_tar, only_the_batches])
def test_cifar_is_read_however_it_is_packed(
    repack: Repack,
    given: Callable[[str], tuple[SetDescription, object, Path]],
    offline: Callable[[], list[str]],
    capfd: pytest.CaptureFixture[str],
) -> None:
    _, arrays, folder = given("cifar10")
    repack(folder)
    assert same(sets.read("cifar10"), arrays)
    assert (offline(), capfd.readouterr()) == ([], ("", ""))


@pytest.mark.parametrize(
    ("name", "layout", "root"),
    [
        ("mnist", "MNIST/raw", "MNIST/raw"),
        ("mnist", "MNIST/raw", "MNIST"),
        ("mnist", "data/MNIST/raw", "."),
        ("mnist", "MNIST", "."),
        ("mnist", "raw", "."),
        ("mnist", "digits", "."),
        ("mnist", "digits", "digits"),
        ("cifar10", "deeper", "."),
        ("cifar10", "cifar-10-batches-py", "cifar-10-batches-py"),
        ("cifar10", "deeper/cifar-10-batches-py", "."),
    ],
)
def test_a_directory_one_level_off_is_seen_through(
    name: str,
    layout: str,
    root: str,
    tiny: Publish,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    offline: Callable[[], list[str]],
    capfd: pytest.CaptureFixture[str],
) -> None:
    description, arrays = tiny(name, tmp_path / "source")
    source, folder = tmp_path / "source" / description.folder, tmp_path / "x" / layout
    if "batches" in layout:
        only_the_batches(source)
    folder.mkdir(parents=True)
    for path in source.iterdir():
        if path.is_file():
            path.rename(folder / path.name)
    monkeypatch.setenv("INITTUI_DATA_DIR", str(tmp_path / "x" / root))
    assert same(sets.read(name), arrays)
    assert (offline(), capfd.readouterr()) == ([], ("", ""))


def test_links_to_files_are_followed(
    given: Callable[[str], tuple[SetDescription, object, Path]], tmp_path: Path
) -> None:
    _, arrays, folder = given("mnist")
    for path in folder.iterdir():
        path.rename(tmp_path / path.name)
        path.symlink_to(tmp_path / path.name)
    assert same(sets.read("mnist"), arrays)


def test_the_shipped_contents_have_the_digests_that_are_written_here() -> None:
    description = DATA_SETS["fashion-mnist"]
    place = archives.find(description)
    assert place is not None
    for archive, (path,) in zip(description.archives, place.files, strict=True):
        (content,) = archive.contents
        assert md5(gzip.decompress(path.read_bytes())).hexdigest() == content.md5


def test_the_digests_of_cifars_batches_are_torchvisions() -> None:
    from torchvision.datasets import CIFAR10

    (archive,) = DATA_SETS["cifar10"].archives
    theirs = [*CIFAR10.train_list, *CIFAR10.test_list]
    assert [[content.name, content.md5] for content in archive.contents] == theirs


def test_unpacked_files_and_packed_ones_share_a_cache(
    given: Callable[[str], tuple[SetDescription, object, Path]], monkeypatch: pytest.MonkeyPatch
) -> None:
    description, arrays, folder = given("mnist")
    sets.read("mnist")
    written = cache.path_of(description).stat().st_mtime_ns
    unpack(folder)
    assert same(sets.read("mnist"), arrays)
    assert cache.path_of(description).stat().st_mtime_ns == written
