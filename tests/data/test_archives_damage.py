"""What isn't right is named, by its path and what it holds, and nothing is fetched for it."""

from __future__ import annotations

import gzip
import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from inittui.data import archives, sets
from inittui.data.survey import survey
from inittui.errors import MachineError
from inittui.experiment import data_sets
from inittui.experiment.data_sets import DATA_SETS, SetDescription
from tests.support.repacking import Repack, pack_anew, pack_in_two_members, unpack, unpack_tar
from tests.support.tiny_sets import Publish, same


@pytest.mark.parametrize("place", ["given", "downloads"])
@pytest.mark.parametrize(
    ("name", "repack", "message"),
    [
        ("kmnist", unpack, "can't be checked: of train-images-idx3-ubyte.gz only the MD5 is"),
        ("kmnist", pack_anew, "is not as published: expected MD5 "),
        ("qmnist", pack_in_two_members, "is not as published: expected "),
        ("emnist-balanced", None, "can't be checked: of gzip.zip only the MD5 is known"),
    ],
)
def test_contents_without_a_known_digest_are_named_and_not_replaced(
    name: str,
    repack: Repack | None,
    message: str,
    place: str,
    tiny: Publish,
    tmp_path: Path,
    cache_dir: Path,
    monkeypatch: pytest.MonkeyPatch,
    offline: Callable[[], list[str]],
) -> None:
    base = tmp_path / "root" if place == "given" else cache_dir / "data"
    description, _ = tiny(name, base)
    if place == "given":
        monkeypatch.setenv("INITTUI_DATA_DIR", str(base))
    if repack is None:
        shutil.unpack_archive(base / description.folder / "gzip.zip", base / description.folder)
        (base / description.folder / "gzip.zip").unlink()
    else:
        repack(base / description.folder)
    without_sizes = replace(
        description, archives=tuple(replace(each, size=None) for each in description.archives)
    )
    monkeypatch.setattr(sets, "DATA_SETS", {**sets.DATA_SETS, name: without_sizes})
    with pytest.raises(MachineError) as caught:
        sets.read(name)
    assert message in str(caught.value)
    assert str(caught.value).startswith(str(base / description.folder))
    assert str(caught.value).endswith(f"; get it from {description.source}")
    assert survey(description).state == "damaged"
    assert offline() == []


def _change_a_pixel(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)


def _cut(path: Path) -> None:
    os.truncate(path, path.stat().st_size - 1)


@pytest.mark.parametrize("root", ["given", "downloads"])
@pytest.mark.parametrize("damage", [_change_a_pixel, _cut, Path.unlink])
def test_damage_to_unpacked_files_is_named_and_nothing_is_fetched(
    damage: Repack,
    root: str,
    tiny: Publish,
    tmp_path: Path,
    cache_dir: Path,
    monkeypatch: pytest.MonkeyPatch,
    offline: Callable[[], list[str]],
) -> None:
    base = tmp_path / "root" if root == "given" else cache_dir / "data"
    tiny("cifar10", base)
    if root == "given":
        monkeypatch.setenv("INITTUI_DATA_DIR", str(base))
    unpack_tar(base)
    batch = base / "cifar-10-batches-py" / "data_batch_3"
    damage(batch)
    expected = (
        "is missing" if not batch.exists() else "is damaged: expected MD5 [0-9a-f]{32}, found"
    )
    with pytest.raises(MachineError, match=f"^{batch} {expected}"):
        sets.read("cifar10")
    assert offline() == []


def test_another_set_in_a_set_s_place_is_told(
    given: Callable[[str], tuple[SetDescription, object, Path]],
) -> None:
    _, _, folder = given("mnist")
    place = folder.parents[1] / "FashionMNIST" / "raw"
    shutil.copytree(folder, place)
    with pytest.raises(
        MachineError, match=r"is damaged: expected 26,421,880 bytes, found .* mnist's"
    ):
        sets.read("fashion-mnist")


@pytest.mark.parametrize("layout", ["MNIST/raw", "."])
def test_files_of_another_set_are_not_taken_for_it(
    layout: str,
    tiny: Publish,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    offline: Callable[[], list[str]],
    capfd: pytest.CaptureFixture[str],
) -> None:
    """Three sets have files of the same names: their contents decide whose they are."""
    description, arrays = tiny("mnist", tmp_path)
    root = tmp_path / "root"
    (root / layout).parent.mkdir(parents=True, exist_ok=True)
    shutil.copytree(tmp_path / description.folder, root / layout, dirs_exist_ok=True)
    monkeypatch.setenv("INITTUI_DATA_DIR", str(root))
    assert same(sets.read("mnist"), arrays)
    assert capfd.readouterr().err == ""
    with pytest.raises(MachineError, match="can't download kmnist"):
        sets.read("kmnist")
    assert capfd.readouterr().err == (
        f"inittui: INITTUI_DATA_DIR={root} has no kmnist: kmnist has to be downloaded\n"
    )
    assert len(sets.read("fashion-mnist").train.images) == 60_000
    assert capfd.readouterr().err == (
        f"inittui: INITTUI_DATA_DIR={root} has no fashion-mnist: "
        "the fashion-mnist that came with inittui is used\n"
    )


def test_unknown_contents_in_a_folder_without_a_name_are_named(
    tiny: Publish,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    offline: Callable[[], list[str]],
) -> None:
    description, _ = tiny("mnist", tmp_path)
    folder = tmp_path / description.folder
    bare = folder.rename(tmp_path / "bare")
    unpack(bare)
    images = bare / "train-images-idx3-ubyte"
    _change_a_pixel(images)
    monkeypatch.setenv("INITTUI_DATA_DIR", str(bare))
    with pytest.raises(MachineError, match=f"^{images} is damaged"):
        sets.read("mnist")
    assert offline() == []


def _fifo(path: Path) -> None:
    os.mkfifo(path)


def _endless(path: Path) -> None:
    path.symlink_to("/dev/zero")


def _nowhere(path: Path) -> None:
    path.symlink_to(path.parent / "nowhere")


@pytest.mark.timeout(20)
@pytest.mark.parametrize("root", ["given", "downloads"])
@pytest.mark.parametrize(
    ("replace_by", "message"),
    [(_fifo, "not a regular file"), (_endless, "not a regular file"), (_nowhere, "is missing")],
)
@pytest.mark.parametrize("name", ["mnist", "cifar10"])
def test_what_is_no_file_is_refused_and_not_waited_for(
    name: str,
    replace_by: Repack,
    message: str,
    root: str,
    tiny: Publish,
    tmp_path: Path,
    cache_dir: Path,
    monkeypatch: pytest.MonkeyPatch,
    offline: Callable[[], list[str]],
) -> None:
    base = tmp_path / "root" if root == "given" else cache_dir / "data"
    description, _ = tiny(name, base)
    if root == "given":
        monkeypatch.setenv("INITTUI_DATA_DIR", str(base))
    path = base / description.folder / description.archives[-1].name
    path.unlink()
    replace_by(path)
    with pytest.raises(MachineError) as caught:
        sets.read(name)
    assert str(caught.value).startswith(str(path))
    assert message in str(caught.value)
    assert offline() == []


def test_what_is_right_for_one_set_isnt_so_for_another(
    tiny: Publish, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    description, _ = tiny("mnist", tmp_path)
    files = archives.files_in(description, tmp_path / description.folder)
    archives.check(description, files)
    other = replace(description, name="kmnist", archives=DATA_SETS["kmnist"].archives)
    monkeypatch.setattr(data_sets, "DATA_SETS", {**sets.DATA_SETS, "kmnist": other})
    with pytest.raises(MachineError):
        archives.check(other, files)


def test_another_sets_whole_file_among_the_downloads_is_named_and_kept(
    tiny: Publish, cache_dir: Path, offline: Callable[[], list[str]]
) -> None:
    description, _ = tiny("mnist", cache_dir / "data")
    path = cache_dir / "data" / description.folder / description.archives[0].name
    content = gzip.compress(b"not half a download but something else")
    path.write_bytes(content)
    with pytest.raises(MachineError, match=f"^{path} is damaged: expected"):
        sets.read("mnist")
    assert (path.read_bytes(), offline()) == (content, [])


def test_a_folder_that_another_set_is_named_after_lies_above(
    tiny: Publish, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, offline: object
) -> None:
    """A project's folder may be called MNIST and hold other sets than that."""
    root = tmp_path / "MNIST"
    place = archives.find(DATA_SETS["fashion-mnist"])
    assert place is not None
    shutil.copytree(place.folder, root / "FashionMNIST" / "raw")
    monkeypatch.setenv("INITTUI_DATA_DIR", str(root))
    with pytest.raises(MachineError, match="can't download mnist"):
        sets.read("mnist")


@pytest.mark.parametrize("kind", ["missing", "file", "empty"])
def test_the_shipped_set_is_never_used_in_silence(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    root = tmp_path / "root"
    if kind == "file":
        root.touch()
    elif kind == "empty":
        root.mkdir()
    monkeypatch.setenv("INITTUI_DATA_DIR", str(root))
    sets.read("fashion-mnist")
    what = "has no fashion-mnist" if kind == "empty" else "is no directory"
    assert capfd.readouterr().err == (
        f"inittui: INITTUI_DATA_DIR={root} {what}: "
        "the fashion-mnist that came with inittui is used\n"
    )
