"""The source of somebody's own code, so that a run knows whether it is still the same."""

from __future__ import annotations

import ast
import hashlib
import importlib.util
from collections.abc import Iterator
from pathlib import Path

from inittui.user_code import place_of

_MOST_FILES = 200


def code_digests(references: list[str]) -> dict[str, tuple[str, str]]:
    """Return file and digest of the code that each reference names, ``module:name``.

    The digest is of the file, and of the files beside it that it imports, by their source; nothing
    is run but the packages that a module lies in. What has no file is left out.
    """
    found = {}
    for reference in references:
        path = _file_of(reference.rpartition(":")[0])
        if path is not None:
            found[reference] = str(path), _digest(path)
    return found


def sources(place: str) -> tuple[str, dict[str, bytes]] | None:
    """Return what another machine needs to import a file or module: its path, and files by path.

    Paths are relative to the folder that it is imported from. None where it has no file.
    """
    path = _file_of(place)
    if path is None:
        return None
    top = _top(path)
    wanted = _with_imports(path)
    packages = {folder / "__init__.py" for each in wanted for folder in each.parents}
    wanted |= {each for each in packages if each.is_relative_to(top) and each.is_file()}
    files = {str(each.relative_to(top)): each.read_bytes() for each in sorted(wanted)}
    return str(path.relative_to(top)), files


def _file_of(place: str) -> Path | None:
    if place.endswith(".py"):
        path = place_of(place).resolve()
        return path if path.is_file() else None
    try:
        spec = importlib.util.find_spec(place)
    except (ImportError, ValueError):
        return None
    origin = None if spec is None else spec.origin
    return Path(origin).resolve() if origin and Path(origin).is_file() else None


def _digest(path: Path) -> str:
    digest = hashlib.blake2b(digest_size=8)
    for each in sorted(_with_imports(path)):
        content = each.read_bytes()
        digest.update(f"{each.relative_to(_top(path))}\0{len(content)}\0".encode() + content)
    return digest.hexdigest()


def _top(path: Path) -> Path:
    """Return the folder that a file's outermost package lies in."""
    folder = path.parent
    while (folder / "__init__.py").is_file():
        folder = folder.parent
    return folder


def _with_imports(path: Path) -> set[Path]:
    """Return a file and those of its folder, or package, that it imports, and that those do."""
    top = _top(path)
    found: set[Path] = set()
    waiting = [path]
    while waiting and len(found) < _MOST_FILES:
        current = waiting.pop()
        if current in found:
            continue
        found.add(current)
        for base, name in _imports(current):
            for folder in (base,) if base is not None else (current.parent, top):
                waiting += _files(folder, name, top)
    return found


def _imports(path: Path) -> Iterator[tuple[Path | None, list[str]]]:
    """Yield what a file imports: a folder, None for an absolute name, and the name's parts."""
    try:
        tree = ast.parse(path.read_bytes())
    except (SyntaxError, ValueError):
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield None, alias.name.split(".")
        elif isinstance(node, ast.ImportFrom):
            base = None
            if node.level:
                base = path.parent
                for _ in range(node.level - 1):
                    base = base.parent
            module = node.module.split(".") if node.module else []
            yield base, module
            for alias in node.names:
                yield base, [*module, alias.name]
        elif isinstance(node, ast.Call) and (name := _imported_by_call(node)):
            yield None, name.split(".")


def _imported_by_call(call: ast.Call) -> str:
    """Return the absolute name that a call imports as a text: import_module("blocks")."""
    named = call.func.attr if isinstance(call.func, ast.Attribute) else ast.unparse(call.func)
    if named not in ("import_module", "__import__") or not call.args:
        return ""
    first = call.args[0]
    is_text = isinstance(first, ast.Constant) and isinstance(first.value, str)
    return str(ast.literal_eval(first)) if is_text else ""


def _files(folder: Path, name: list[str], top: Path) -> Iterator[Path]:
    if not folder.is_relative_to(top):
        return
    for length in range(1, len(name) + 1):
        place = folder.joinpath(*name[:length])
        for path in (place.with_name(f"{place.name}.py"), place / "__init__.py"):
            if path.is_file():
                yield path.resolve()
