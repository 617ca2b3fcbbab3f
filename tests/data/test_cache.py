"""The decoded cache: mapped when right, rebuilt when wrong, done without when impossible."""

from __future__ import annotations

import os
import pickle
import random
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from inittui.data import archives, cache, decoding, sets
from inittui.data.decoding import SetArrays
from inittui.experiment.data_sets import DATA_SETS, SetDescription
from tests.support.tiny_sets import Publish, random_set, same


@pytest.fixture
def kept(tiny: Publish, tmp_path: Path) -> tuple[SetDescription, SetArrays, Path]:
    """A tiny set in the cache, and the file that holds it."""
    description, arrays = tiny("mnist", tmp_path)
    assert cache.write(description, arrays)
    return description, arrays, cache.path_of(description)


def test_what_was_written_is_mapped_and_not_copied(
    kept: tuple[SetDescription, SetArrays, Path],
) -> None:
    description, arrays, path = kept
    mapped = cache.read(description)
    assert mapped is not None
    assert same(mapped, arrays)
    assert mapped.train.images.base is not None
    assert not mapped.train.images.flags.owndata
    before = path.read_bytes()
    mapped.train.images[:] = 0  # copy-on-write: whoever writes, writes to memory of their own
    assert path.read_bytes() == before


def test_absent_is_none(tiny: Publish, tmp_path: Path) -> None:
    description, _ = tiny("mnist", tmp_path)
    assert cache.read(description) is None


def test_other_sources_are_another_file(kept: tuple[SetDescription, SetArrays, Path]) -> None:
    description, _, path = kept
    assert cache.path_of(DATA_SETS["mnist"]) != path
    assert cache.read(DATA_SETS["kmnist"]) is None
    assert description.archives != DATA_SETS["mnist"].archives


def _cut(path: Path) -> None:
    os.truncate(path, path.stat().st_size - 1)


def _lengthen(path: Path) -> None:
    with path.open("ab") as file:
        file.write(b"\0")


def _flip(path: Path, position: int) -> None:
    content = bytearray(path.read_bytes())
    content[position] ^= 1
    path.write_bytes(content)


@pytest.mark.parametrize("already_seen", [False, True])
@pytest.mark.parametrize(
    "damage",
    [
        _cut,
        _lengthen,
        lambda path: path.write_bytes(b""),
        lambda path: _flip(path, 0),
        lambda path: _flip(path, 60),  # in the header
        lambda path: _flip(path, 4096),  # the first pixel
        lambda path: _flip(path, -1),  # the last label
    ],
    ids=["cut", "longer", "empty", "magic", "shape", "pixel", "label"],
)
def test_any_damage_is_noticed_and_rebuilt(
    tiny: Publish, cache_dir: Path, damage: object, already_seen: bool
) -> None:
    description, arrays = tiny("mnist", cache_dir / "data")
    assert same(sets.read("mnist"), arrays)
    path = cache.path_of(description)
    if not already_seen:
        for marker in (cache_dir / "verified").iterdir():
            marker.unlink()
    assert callable(damage)
    damage(path)
    assert cache.read(description) is None
    assert same(sets.read("mnist"), arrays)
    assert cache.read(description) is not None


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_an_unreadable_file_is_rebuilt(tiny: Publish, cache_dir: Path) -> None:
    description, arrays = tiny("mnist", cache_dir / "data")
    sets.read("mnist")
    cache.path_of(description).chmod(0)
    assert same(sets.read("mnist"), arrays)
    assert cache.read(description) is not None


def test_a_directory_in_the_files_place_means_memory(tiny: Publish, cache_dir: Path) -> None:
    description, arrays = tiny("mnist", cache_dir / "data")
    (cache.path_of(description) / "in the way").mkdir(parents=True)
    assert same(sets.read("mnist"), arrays)
    assert sets.load("mnist").train.images.shape == (description.train, 1, 28, 28)


def test_an_impossible_cache_directory_means_memory(
    tiny: Publish, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, arrays = tiny("mnist", tmp_path / "given")
    (tmp_path / "file").touch()
    monkeypatch.setenv("INITTUI_CACHE_DIR", str(tmp_path / "file" / "cache"))
    monkeypatch.setenv("INITTUI_DATA_DIR", str(tmp_path / "given"))
    assert same(sets.read("mnist"), arrays)
    np.testing.assert_array_equal(sets.load("mnist").train.images.numpy(), arrays.train.images)


def test_a_full_disk_leaves_nothing_behind(
    tiny: Publish, tmp_path: Path, cache_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    description, arrays = tiny("mnist", tmp_path)
    monkeypatch.setattr(os, "fsync", full)
    assert not cache.write(description, arrays)
    assert list((cache_dir / "decoded").iterdir()) == []


def test_what_a_killed_process_left_is_removed(tiny: Publish, tmp_path: Path) -> None:
    description, arrays = tiny("mnist", tmp_path)
    assert cache.write(description, arrays)
    path = cache.path_of(description)
    (path.parent / f".{path.name}.0123abcd").touch()
    assert cache.write(description, arrays)
    assert list(path.parent.iterdir()) == [path]


def test_the_umask_decides_who_may_read(tiny: Publish, tmp_path: Path) -> None:
    description, arrays = tiny("mnist", tmp_path)
    before = os.umask(0o027)
    try:
        assert cache.write(description, arrays)
    finally:
        os.umask(before)
    assert stat.S_IMODE(cache.path_of(description).stat().st_mode) == 0o640


def test_emnists_exchanged_axes_are_kept_right(tiny: Publish, tmp_path: Path) -> None:
    description, _ = tiny("emnist-balanced", tmp_path)
    arrays = random_set(description, seed=1)
    assert cache.write(description, arrays)
    kept = cache.read(description)
    assert kept is not None
    assert same(kept, arrays)


def test_the_second_read_decodes_nothing(
    tiny: Publish, cache_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, arrays = tiny("kmnist", cache_dir / "data")
    sets.read("kmnist")

    def refuse(*_: object) -> SetArrays:
        raise AssertionError("decoded again")

    monkeypatch.setattr(decoding, "decode", refuse)
    assert same(sets.read("kmnist"), arrays)


def test_the_decoded_form_serves_when_the_archives_are_gone(tiny: Publish, cache_dir: Path) -> None:
    description, arrays = tiny("kmnist", cache_dir / "data")
    sets.read("kmnist")
    for archive in description.archives:
        (cache_dir / "data" / description.folder / archive.name).unlink()
    assert same(sets.read("kmnist"), arrays)


def test_first_starts_at_once_all_get_the_data(cache_dir: Path) -> None:
    """Ten processes find an empty cache; whoever decodes, each reads the whole set."""
    code = (
        "from inittui.data.sets import read; import zlib\n"
        "s = read('fashion-mnist'); print(zlib.crc32(s.train.images.data), s.test.labels.sum())"
    )
    command = [sys.executable, "-c", code]
    running = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(10)]
    answers = {process.communicate(timeout=120)[0] for process in running}
    assert [process.returncode for process in running] == [0] * 10
    assert len(answers) == 1
    assert [path.suffix for path in (cache_dir / "decoded").iterdir()] == [".npy"]


def test_a_changed_file_is_no_longer_verified(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("right")
    assert not archives.is_verified([file])
    archives.remember([file])
    assert archives.is_verified([file])
    os.utime(file, ns=(0, 0))
    assert not archives.is_verified([file])
    file.unlink()
    assert not archives.is_verified([file])


@pytest.mark.timeout(20)
@pytest.mark.parametrize("is_known", [False, True])
@pytest.mark.parametrize(
    "obstacle",
    [
        os.mkfifo,
        lambda path: path.symlink_to("/dev/zero"),
        lambda path: path.symlink_to("/dev/full"),
        lambda path: path.symlink_to(path),
        lambda path: path.write_bytes(pickle.dumps({"an": "object"})),
        lambda path: np.savez(path.open("wb"), np.zeros(9)),
        lambda path: np.save(path, np.zeros(9)),
        lambda path: np.save(path, np.array([None, "x"]), allow_pickle=True),
    ],
    ids=["fifo", "endless", "full", "loop", "pickle", "npz", "other array", "objects"],
)
def test_what_lies_in_the_files_place_is_replaced_and_never_waited_for(
    tiny: Publish, cache_dir: Path, obstacle: Callable[[Path], object], is_known: bool
) -> None:
    description, arrays = tiny("mnist", cache_dir / "data")
    path = cache.path_of(description)
    path.parent.mkdir(parents=True)
    obstacle(path)
    if is_known:  # whoever can write here can also say that it is right
        archives.remember([path])
    assert cache.read(description) is None
    assert same(sets.read("mnist"), arrays)
    assert cache.read(description) is not None
    assert path.is_file()
    assert not path.is_symlink()


def test_no_header_can_do_more_than_be_refused(
    kept: tuple[SetDescription, SetArrays, Path],
) -> None:
    description, arrays, path = kept
    right = path.read_bytes()
    start = len(right) - (description.train + description.test) * (description.pixels + 1)
    chance = random.Random(1)
    weapons = [b"9" * 30, b"'O'", b"((((", b"'", b"#", b"\\", b"\n", b"\0", b"-1", b"{", b"\xff"]
    for _ in range(500):
        damaged = bytearray(right)
        position, weapon = chance.randrange(start), chance.choice(weapons)
        damaged[position : position + len(weapon)] = weapon
        path.write_bytes(damaged)
        archives.remember([path])
        read = cache.read(description)
        assert read is None or damaged == right
    path.write_bytes(right)
    archives.remember([path])
    assert same(cache.read(description) or arrays, arrays)


def test_the_file_is_one_that_numpy_reads(kept: tuple[SetDescription, SetArrays, Path]) -> None:
    _, arrays, path = kept
    loaded = np.load(path, mmap_mode="r")
    assert loaded.dtype == np.uint8
    assert bytes(loaded[:100]) == arrays.train.images.tobytes()[:100]
