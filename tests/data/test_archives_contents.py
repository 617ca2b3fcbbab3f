"""Files count by what they hold: other names, packings and folders; what isn't right is named."""

from __future__ import annotations

import gzip
import os
import shutil
import tarfile
from collections.abc import Callable
from dataclasses import replace
from hashlib import md5
from pathlib import Path

import pytest

from inittui.data import archives, cache, descriptions, sets
from inittui.data.descriptions import DATA_SETS, SetDescription
from inittui.data.survey import survey
from inittui.errors import MachineError
from tests.support.tiny_sets import Publish, same

Repack = Callable[[Path], None]


@pytest.fixture
def offline(monkeypatch: pytest.MonkeyPatch) -> Callable[[], list[str]]:
    """Let nothing be fetched, and tell what was tried."""
    tried: list[str] = []

    def refuse(request: object, **_: object) -> object:
        tried.append(str(request))
        raise OSError("no network in this test")

    monkeypatch.setattr("urllib.request.urlopen", refuse)
    return lambda: tried


@pytest.fixture
def given(
    tiny: Publish, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[[str], tuple[SetDescription, object, Path]]:
    """Publish a tiny set below the directory that INITTUI_DATA_DIR names."""

    def publish(name: str) -> tuple[SetDescription, object, Path]:
        description, arrays = tiny(name, tmp_path / "root")
        monkeypatch.setenv("INITTUI_DATA_DIR", str(tmp_path / "root"))
        return description, arrays, tmp_path / "root" / description.folder

    return publish


def _unpack(folder: Path) -> None:
    for path in folder.glob("*.gz"):
        path.with_suffix("").write_bytes(gzip.decompress(path.read_bytes()))
        path.unlink()


def _unpack_dotted(folder: Path) -> None:
    _unpack(folder)
    for path in folder.iterdir():
        path.rename(folder / path.name.replace("-idx", ".idx"))


def _unpack_each_to_a_folder(folder: Path) -> None:
    _unpack(folder)
    for path in list(folder.iterdir()):
        content = path.read_bytes()
        path.unlink()
        path.mkdir()
        (path / path.name).write_bytes(content)


def _pack_anew(folder: Path) -> None:
    for path in folder.glob("*.gz"):
        path.write_bytes(gzip.compress(gzip.decompress(path.read_bytes()), 9, mtime=1))


def _pack_in_two_members(folder: Path) -> None:
    """Gzip files may be joined; the content is the members' one after the other."""
    for path in folder.glob("*.gz"):
        content = gzip.decompress(path.read_bytes())
        path.write_bytes(gzip.compress(content[:9]) + gzip.compress(content[9:]))


def _unpack_some(folder: Path) -> None:
    path = next(folder.glob("train-labels*"))
    path.with_suffix("").write_bytes(gzip.decompress(path.read_bytes()))
    path.unlink()


def _keep_both(folder: Path) -> None:
    """As torchvision leaves it: the archives, and beside them what they hold."""
    for path in list(folder.glob("*.gz")):
        path.with_suffix("").write_bytes(gzip.decompress(path.read_bytes()))


@pytest.mark.parametrize("root", ["given", "downloads"])
@pytest.mark.parametrize(
    "repack",
    [
        _unpack, _unpack_dotted, _unpack_each_to_a_folder, _pack_anew, _pack_in_two_members,
        _unpack_some, _keep_both,
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


def _unpack_tar(folder: Path) -> None:
    path = folder / "cifar-10-python.tar.gz"
    with tarfile.open(path) as archive:
        archive.extractall(folder, filter="data")
    path.unlink()


def _tar_anew(folder: Path) -> None:
    _unpack_tar(folder)
    with tarfile.open(folder / "cifar-10-python.tar.gz", "w:gz") as archive:
        archive.add(folder / "cifar-10-batches-py", "elsewhere")
    shutil.rmtree(folder / "cifar-10-batches-py")


def _gunzip_tar(folder: Path) -> None:
    path = folder / "cifar-10-python.tar.gz"
    (folder / "cifar-10-python.tar").write_bytes(gzip.decompress(path.read_bytes()))
    path.unlink()


def _only_the_batches(folder: Path) -> None:
    _unpack_tar(folder)
    for path in (folder / "cifar-10-batches-py").iterdir():
        path.rename(folder / path.name)


@pytest.mark.parametrize("repack", [_unpack_tar, _tar_anew, _gunzip_tar, _only_the_batches])
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
        _only_the_batches(source)
    folder.mkdir(parents=True)
    for path in source.iterdir():
        if path.is_file():
            path.rename(folder / path.name)
    monkeypatch.setenv("INITTUI_DATA_DIR", str(tmp_path / "x" / root))
    assert same(sets.read(name), arrays)
    assert (offline(), capfd.readouterr()) == ([], ("", ""))


@pytest.mark.parametrize("place", ["given", "downloads"])
@pytest.mark.parametrize(
    ("name", "repack", "message"),
    [
        ("kmnist", _unpack, "can't be checked: of train-images-idx3-ubyte.gz only the MD5 is"),
        ("kmnist", _pack_anew, "is not as published: expected MD5 "),
        ("qmnist", _pack_in_two_members, "is not as published: expected "),
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
    _unpack_tar(base)
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
    _unpack(bare)
    images = bare / "train-images-idx3-ubyte"
    _change_a_pixel(images)
    monkeypatch.setenv("INITTUI_DATA_DIR", str(bare))
    with pytest.raises(MachineError, match=f"^{images} is damaged"):
        sets.read("mnist")
    assert offline() == []


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


def test_links_to_files_are_followed(
    given: Callable[[str], tuple[SetDescription, object, Path]], tmp_path: Path
) -> None:
    _, arrays, folder = given("mnist")
    for path in folder.iterdir():
        path.rename(tmp_path / path.name)
        path.symlink_to(tmp_path / path.name)
    assert same(sets.read("mnist"), arrays)


def test_what_is_right_for_one_set_isnt_so_for_another(
    tiny: Publish, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    description, _ = tiny("mnist", tmp_path)
    files = archives.files_in(description, tmp_path / description.folder)
    archives.check(description, files)
    other = replace(description, name="kmnist", archives=DATA_SETS["kmnist"].archives)
    monkeypatch.setattr(descriptions, "DATA_SETS", {**sets.DATA_SETS, "kmnist": other})
    with pytest.raises(MachineError):
        archives.check(other, files)


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
    _unpack(folder)
    assert same(sets.read("mnist"), arrays)
    assert cache.path_of(description).stat().st_mtime_ns == written


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
