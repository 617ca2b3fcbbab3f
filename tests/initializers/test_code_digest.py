"""Whether somebody's own code is still what a run began with."""

from __future__ import annotations

from pathlib import Path

import pytest

from inittui.errors import UsageError
from inittui.initializers.code_digest import code_digests
from inittui.user_code import find, remember_place


def digest(path: Path) -> str:
    return code_digests([f"{path}:build"])[f"{path}:build"][1]


@pytest.fixture
def model(tmp_path: Path) -> Path:
    (tmp_path / "blocks.py").write_text("from shapes import WIDTH\n")
    (tmp_path / "shapes.py").write_text("WIDTH = 3\n")
    (tmp_path / "unused.py").write_text("A = 1\n")
    path = tmp_path / "net.py"
    path.write_text("import blocks\nimport json\n\ndef build(): ...\n")
    return path


@pytest.mark.parametrize("changed", ["net.py", "blocks.py", "shapes.py"])
def test_a_change_of_what_is_imported_is_a_change(model: Path, changed: str) -> None:
    before = digest(model)
    assert before == digest(model)
    path = model.parent / changed
    path.write_text(path.read_text() + "# more\n")
    assert digest(model) != before


@pytest.mark.parametrize(
    "code",
    [
        "import importlib\nblocks = importlib.import_module('blocks')\n",
        "from importlib import import_module\ndef build():\n    import_module('blocks').x()\n",
        "blocks = __import__('blocks')\n",
    ],
)
def test_an_import_by_a_call_is_one(model: Path, code: str) -> None:
    model.write_text(code)
    before = digest(model)
    shapes = model.parent / "shapes.py"
    shapes.write_text("WIDTH = 4\n")
    assert digest(model) != before


@pytest.mark.parametrize("code", ["f(import_module)\n", "import_module(name)\n", "__import__()\n"])
def test_a_call_without_a_name_imports_nothing_known(model: Path, code: str) -> None:
    model.write_text(code)
    before = digest(model)
    (model.parent / "shapes.py").write_text("WIDTH = 4\n")
    assert digest(model) == before


def test_a_change_beside_it_is_none(model: Path) -> None:
    before = digest(model)
    (model.parent / "unused.py").write_text("A = 2\n")
    assert digest(model) == before


def test_a_package_counts_as_a_whole_of_what_it_imports(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "zoo_of_nets"
    (package / "deep").mkdir(parents=True)
    for folder in (package, package / "deep"):
        (folder / "__init__.py").touch()
    (package / "sizes.py").write_text("N = 1\n")
    (package / "deep" / "net.py").write_text("from ..sizes import N\n\ndef build(): ...\n")
    monkeypatch.syspath_prepend(tmp_path)
    name = "zoo_of_nets.deep.net:build"
    path, before = code_digests([name])[name]
    assert path == str(package / "deep" / "net.py")
    (package / "sizes.py").write_text("N = 2\n")
    assert code_digests([name])[name][1] != before


def test_a_file_is_found_where_the_run_had_it_and_said_when_it_moved(
    model: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    remember_place("kept_net.py", str(model.rename(tmp_path / "kept_net.py")))
    assert callable(find("kept_net.py:build"))
    (tmp_path / "kept_net.py").unlink()
    with pytest.raises(UsageError, match=r"no file kept_net.py; it was .*kept_net.py when the run"):
        find("kept_net.py:build")
