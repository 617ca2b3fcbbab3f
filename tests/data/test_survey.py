"""What `inittui data` finds on this machine."""

from __future__ import annotations

from pathlib import Path

import pytest

from inittui.data import cache, sets
from inittui.data.survey import survey
from inittui.experiment.data_sets import DATA_SETS
from tests.support.tiny_sets import Publish


def test_fashion_mnist_is_shipped() -> None:
    standing = survey(DATA_SETS["fashion-mnist"])
    assert standing.state == "shipped"
    assert standing.bytes == sum(each.size or 0 for each in DATA_SETS["fashion-mnist"].archives)
    assert standing.place is not None
    assert (standing.place / "train-images-idx3-ubyte.gz").is_file()


def test_the_life_of_a_download(tiny: Publish, cache_dir: Path) -> None:
    description, _ = tiny("mnist", cache_dir / "elsewhere")
    assert survey(description).state == "not here"
    description, _ = tiny("mnist", cache_dir / "data")
    folder = cache_dir / "data" / description.folder
    standing = survey(description)
    assert (standing.state, standing.place) == ("downloaded", folder)
    sets.read("mnist")
    standing = survey(description)
    assert (standing.state, standing.place) == ("cached", cache.path_of(description))
    cache.path_of(description).write_bytes(b"damaged")
    assert survey(description).state == "downloaded"
    (folder / description.archives[0].name).write_bytes(b"half a down")
    assert survey(description).state == "not here"


def test_damage_in_a_given_root_is_told(
    tiny: Publish, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    description, _ = tiny("qmnist", tmp_path)
    monkeypatch.setenv("INITTUI_DATA_DIR", str(tmp_path))
    assert survey(description).state == "downloaded"
    file = tmp_path / description.folder / description.archives[2].name
    file.write_bytes(b"x")
    standing = survey(description)
    assert standing.state == "damaged"
    assert standing.problem.startswith(f"{file} is damaged: expected")
