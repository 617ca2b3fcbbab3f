"""The tests and the guides are laid out as ARCHITECTURE.md and CONTRIBUTING.md say."""

from __future__ import annotations

import ast
import re
import tomllib
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parent
ROOT = TESTS.parent
PACKAGE = ROOT / "inittui"
GUIDES = {name: (ROOT / name).read_text("utf-8") for name in ("ARCHITECTURE.md", "CONTRIBUTING.md")}

ACROSS = "resilience"
"""Tests of what goes across the folders of the package; so do those beside this file."""

MOST_LOOSE_MODULES = 8


def imported(path: Path) -> set[str]:
    """Return the modules that a file may import, by their whole names."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            found.update(f"{node.module}.{alias.name}" for alias in node.names)
    return found


def shown(paths: list[Path]) -> list[str]:
    return [str(path.relative_to(ROOT)) for path in paths]


def test_no_test_is_imported() -> None:
    importing = [
        path
        for path in TESTS.rglob("*.py")
        if any(re.match(r"tests\.(.*\.)?(test_|conftest)", name) for name in imported(path))
    ]
    assert shown(importing) == []


def is_of_a_module(test: Path) -> bool:
    """Whether a test is named after a module or package of the folder that it mirrors."""
    folder = PACKAGE / test.parent.relative_to(TESTS)
    name = test.stem.removeprefix("test_")
    parts = name.split("_")
    modules = ("_".join(parts[:count]) for count in range(1, len(parts) + 1))
    return any((folder / f"{m}.py").exists() or (folder / m).is_dir() for m in modules)


def test_the_tests_mirror_the_package() -> None:
    tests = [path for path in TESTS.rglob("test_*.py") if path.parent != TESTS]
    inside = [path for path in tests if path.parent.name != ACROSS]
    assert len(inside) > 60
    assert shown([path for path in inside if not is_of_a_module(path)]) == []


def test_what_is_no_test_is_a_conftest_or_support() -> None:
    others = [path for path in TESTS.rglob("*.py") if not path.name.startswith("test_")]
    loose = [p for p in others if p.name != "conftest.py" and p.parent != TESTS / "support"]
    assert shown(loose) == []


def test_every_folder_of_the_package_is_in_the_architecture() -> None:
    folders = {path.parent.relative_to(PACKAGE) for path in PACKAGE.rglob("*.py")} - {Path()}
    text = GUIDES["ARCHITECTURE.md"]
    assert [f for f in sorted(map(str, folders)) if f"`{f}/`" not in text] == []


def test_few_modules_lie_loose_in_the_package() -> None:
    loose = sorted(path.name for path in PACKAGE.glob("*.py"))
    assert len(loose) <= MOST_LOOSE_MODULES, loose
    text = GUIDES["ARCHITECTURE.md"]
    assert [name for name in loose if f"`{name}`" not in text] == []


@pytest.mark.parametrize("guide", GUIDES)
def test_every_path_of_a_guide_exists(guide: str) -> None:
    words = re.findall(r"`([\w.-]+(?:/[\w.-]*)+|[\w-]+\.(?:py|toml|md))`", GUIDES[guide])
    assert len(words) > 10
    missing = [word for word in words if not ((ROOT / word).exists() or (PACKAGE / word).exists())]
    assert missing == []


def test_every_import_rule_is_in_the_architecture() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    names = [contract["name"] for contract in project["tool"]["importlinter"]["contracts"]]
    text = " ".join(GUIDES["ARCHITECTURE.md"].split())
    assert [name for name in names if name not in text] == []


def test_every_target_of_make_is_in_the_guide() -> None:
    targets = re.findall(r"^(\w+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
    assert [t for t in targets if f"make {t}" not in GUIDES["CONTRIBUTING.md"]] == []
