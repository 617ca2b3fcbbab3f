"""The shipped data: right, mapped, light; damage is named whatever the cache holds."""

from __future__ import annotations

import json
import math
import os
import shutil
import subprocess
import sys
import warnings
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import torch

from inittui.data import cache
from inittui.data.archives import find
from inittui.data.decoding import PartArrays
from inittui.data.sets import load, pixel_moments, read
from inittui.errors import ExitCode, MachineError, UsageError
from inittui.experiment.data_sets import DATA_SETS

DESCRIPTION = DATA_SETS["fashion-mnist"]
MEMORY_LIMIT = 150e6


@pytest.fixture(scope="module")
def warm_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache in which fashion-mnist is decoded, for tests that don't change it."""
    folder = tmp_path_factory.mktemp("warm")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("INITTUI_CACHE_DIR", str(folder))
        patch.delenv("INITTUI_DATA_DIR", raising=False)
        read("fashion-mnist")
    return folder


@pytest.fixture
def warm(warm_cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INITTUI_CACHE_DIR", str(warm_cache))


@pytest.fixture
def given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the shipped files in the torchvision root that INITTUI_DATA_DIR names."""
    place = find(DESCRIPTION)
    assert place is not None
    folder = tmp_path / "root" / DESCRIPTION.folder
    shutil.copytree(place.folder, folder)
    monkeypatch.setenv("INITTUI_DATA_DIR", str(tmp_path / "root"))
    return folder


def in_new_process(code: str, cache_dir: Path) -> dict[str, float]:
    environment = {**os.environ, "INITTUI_CACHE_DIR": str(cache_dir)}
    ran = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    assert ran.stderr == ""
    return json.loads(ran.stdout)


@pytest.mark.usefixtures("warm")
def test_is_fashion_mnist() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        data = load("fashion-mnist")
    assert data.name == "fashion-mnist"
    assert data.classes[7] == "Sneaker"
    for part, count in ((data.train, 60_000), (data.test, 10_000)):
        assert part.images.shape == (count, 1, 28, 28)
        assert part.images.dtype == torch.uint8
        assert part.images.is_contiguous()
        assert part.labels.dtype == torch.int64
        assert part.labels.bincount().tolist() == [count // 10] * 10
    pixels = data.train.images.double() / 255
    # The mean and deviation with which everyone normalises this set.
    assert pixels.mean().item() == pytest.approx(0.2860, abs=5e-5)
    assert pixels.std().item() == pytest.approx(0.3530, abs=5e-5)


@pytest.mark.usefixtures("warm")
def test_unknown_name_suggests_the_nearest() -> None:
    with pytest.raises(UsageError, match="did you mean 'fashion-mnist'"):
        load("fashion_mnist")


def test_torchvision_accepts_the_same_files_and_reads_the_same(given: Path, tmp_path: Path) -> None:
    from torchvision.datasets import FashionMNIST

    data = load("fashion-mnist")
    for part, is_train in ((data.train, True), (data.test, False)):
        theirs = FashionMNIST(tmp_path / "root", train=is_train, download=True)
        assert torch.equal(part.images[:, 0], theirs.data)
        assert torch.equal(part.labels, theirs.targets)
    assert given.is_dir()


def _truncate(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def _flip(path: Path) -> None:
    with path.open("r+b") as file:
        file.seek(path.stat().st_size // 2)
        byte = file.read(1)[0]
        file.seek(-1, os.SEEK_CUR)
        file.write(bytes([byte ^ 1]))


@pytest.mark.parametrize("cached", [False, True])
@pytest.mark.parametrize("number", range(4))
@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (_truncate, "is damaged: expected {size:,} bytes, found"),
        (_flip, "is damaged: expected MD5 {md5}, found"),
        (Path.unlink, "is missing"),
    ],
    ids=["truncated", "flipped", "missing"],
)
def test_damage_is_named(
    given: Path,
    warm_cache: Path,
    monkeypatch: pytest.MonkeyPatch,
    damage: object,
    message: str,
    number: int,
    cached: bool,
) -> None:
    if cached:
        monkeypatch.setenv("INITTUI_CACHE_DIR", str(warm_cache))
        read("fashion-mnist")  # so that the undamaged files are known to be right
    archive = DESCRIPTION.archives[number]
    assert callable(damage)
    damage(given / archive.name)
    with pytest.raises(MachineError) as caught:
        read("fashion-mnist")
    line = str(caught.value)
    assert line.startswith(
        f"{given / archive.name} {message.format(size=archive.size, md5=archive.md5)}"
    )
    assert DESCRIPTION.source in line
    assert "\n" not in line
    assert caught.value.exit_code is ExitCode.ENVIRONMENT
    if not cached:
        assert not cache.path_of(DESCRIPTION).exists()


def test_a_data_directory_without_the_set_is_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INITTUI_DATA_DIR", str(tmp_path))
    place = find(DESCRIPTION)
    assert place is not None
    assert place.kind == "shipped"


@pytest.mark.parametrize("start", ["first", "second"])
def test_loading_takes_little_memory_and_no_torchvision(
    start: str, tmp_path: Path, warm_cache: Path
) -> None:
    code = """if True:
        import json, sys, psutil, torch
        memory = psutil.Process().memory_info
        before = memory().rss
        from inittui.data.sets import load
        data = load("fashion-mnist")
        loaded = memory().rss - before
        total = int(data.train.images.sum(dtype=torch.int64))
        print(json.dumps({"loaded": loaded, "touched": memory().rss - before, "total": total,
                          "torchvision": "torchvision" in sys.modules}))
    """
    found = in_new_process(code, tmp_path / "cold" if start == "first" else warm_cache)
    assert not found["torchvision"]
    assert found["loaded"] < MEMORY_LIMIT
    assert found["touched"] < MEMORY_LIMIT
    assert found["total"] == int(read("fashion-mnist").train.images.sum(dtype=np.int64))


def test_arrays_are_read_without_torch(warm_cache: Path) -> None:
    code = """if True:
        import json, sys
        from inittui.data.sets import read
        shape = read("fashion-mnist").train.images.shape
        print(json.dumps({"torch": "torch" in sys.modules, "count": shape[0]}))
    """
    assert in_new_process(code, warm_cache) == {"torch": False, "count": 60_000}


@pytest.mark.parametrize("channels", [1, 3])
def test_pixel_moments_are_exact(channels: int) -> None:
    images = np.random.default_rng(3).integers(0, 256, (2_345, channels, 5, 4), np.uint8)
    means, deviations = pixel_moments(PartArrays(images, np.zeros(2_345, np.uint8)))
    for channel in range(channels):
        exact = [Fraction(int(level), 255) for level in images[:, channel].ravel()]
        mean = sum(exact) / len(exact)
        variance = sum((each - mean) ** 2 for each in exact) / len(exact)
        assert means[channel] == float(mean)
        assert deviations[channel] == pytest.approx(math.sqrt(variance), rel=1e-15)


def test_pixel_moments_of_one_level_have_no_deviation() -> None:
    images = np.full((7, 1, 3, 3), 37, np.uint8)
    assert pixel_moments(PartArrays(images, np.zeros(7, np.uint8))) == ([37 / 255], [0.0])
