"""A person's own code, named ``package.module:name`` or ``path/to/file.py:name``.

Importing it runs it. So `find` is called only for what a person named on the command line or in
Python, or trusted by a flag; and processes that are started look for no module where they are.
"""

from __future__ import annotations

import contextlib
import functools
import importlib
import importlib.util
import os
import random
import sys
import sysconfig
import traceback
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, Literal, ParamSpec, TypeVar

from inittui.errors import UsageError, nearest
from inittui.text import sanitize

if TYPE_CHECKING:
    import torch

Params = ParamSpec("Params")
Item = TypeVar("Item")

_OURS = Path(__file__).parent

_GIVEN = "given"
"""In place of a module's name: of objects that Python code hands over."""

_objects: dict[str, Callable[..., Any]] = {}
"""What this process was handed over, by the references that were made for them."""

_PATHS = "PYTHONPATH"

_LONGEST = 400
"""Characters shown of an error's message, so that where it was raised stays in sight."""


def find(reference: str, what: str = "function") -> Callable[..., Any]:
    """Import a function or class; this runs its module's code.

    Args:
        reference: ``package.module:name`` or ``path/to/file.py:name``.
        what: what the person named, for errors.

    Raises:
        UsageError: no such file, module or name, or its code fails (file and line are named).
    """
    if reference in _objects:
        return _objects[reference]
    place, _, name = reference.rpartition(":")
    if place == _GIVEN:
        raise UsageError(f"'{sanitize(name, 60)}' was given as an object in Python: it isn't here")
    with theirs(reference):
        try:
            module = _import_file(place) if place.endswith(".py") else _import_module(place)
        except ImportError as error:
            if place in _places and place.startswith(error.name or "-"):
                raise UsageError(
                    f"there is no module {sanitize(place, 200)}; it was {_places[place]} when the "
                    "run began"
                ) from error
            if "relative import" not in str(error) or not place.endswith(".py"):
                raise
            raise UsageError(_is_in_a_package(Path(place), name)) from error
    found: Callable[..., Any] | None = getattr(module, name, None)
    if not callable(found):
        own = [key for key, value in vars(module).items() if callable(value)]
        shown = f"'{sanitize(name, 60)}'"
        problem = f"no {what} {shown}" if found is None else f"{shown}, but it is no {what}"
        raise UsageError(f"{sanitize(place, 200)} has {problem}{nearest(name, own)}")
    return found


def reference_to(function: Callable[..., Any], name: str = "") -> str:
    """Return a reference by which `find` gives back a function or class, in this process.

    It is one by which others find it too, where it is what its module has under its name.
    """
    module = getattr(function, "__module__", None) or ""
    own_name = getattr(function, "__qualname__", "")
    known = sys.modules.get(module) if module != "__main__" else None
    if known is not None and getattr(known, own_name, None) is function:
        return f"{module}:{own_name}"
    last = (name or own_name or type(function).__name__).rpartition(".")[2]
    reference = f"{_GIVEN}:{last if last.isidentifier() else 'model'}"
    _objects[reference] = function
    return reference


@contextlib.contextmanager
def theirs(reference: str, given: str = "") -> Iterator[None]:
    """Show an error of somebody's own code as theirs, in one line with its file and line.

    What the code prints goes to stderr: stdout carries our result. ``given`` says what the code
    was called with, where that may be the reason. A script that reads its arguments has none.
    An error of our own code, that theirs has called, stays ours.
    """
    try:
        with printing_aside(), _arguments(reference.rpartition(":")[0]):
            yield
    except UsageError:
        raise
    except (Exception, SystemExit) as error:
        if _innermost(error) == "ours":
            raise
        said = sanitize(str(error).strip(), _LONGEST) or "no message"
        text = f"{reference}: {type(error).__name__}: {said}{_where(error)}"
        raise UsageError(sanitize(f"{text}; {given}" if given else text)) from error


@contextlib.contextmanager
def blamed(reference: str, passes: Callable[[BaseException], bool]) -> Iterator[None]:
    """Show an error that was raised in somebody's own code as `theirs` does; others stay ours.

    ``passes`` tells the errors that somebody else takes care of.
    """
    try:
        yield
    except UsageError:
        raise
    except (Exception, SystemExit) as error:
        if passes(error) or _innermost(error) != "theirs":
            raise
        with theirs(reference):
            raise


@contextlib.contextmanager
def printing_aside() -> Iterator[None]:
    """Let what somebody's code prints go to stderr: stdout carries our result."""
    with contextlib.redirect_stdout(sys.stderr):
        yield


def each_printing_aside(
    function: Callable[Params, Iterator[Item]],
) -> Callable[Params, Iterator[Item]]:
    """Let it go there for as long as a generator works, not while who asks does."""

    @functools.wraps(function)
    def items(*args: Params.args, **kwargs: Params.kwargs) -> Iterator[Item]:
        source = function(*args, **kwargs)
        try:
            while True:
                with printing_aside():
                    try:
                        item = next(source)
                    except StopIteration:
                        return
                yield item
        finally:
            if isinstance(source, Generator):
                source.close()

    return items


def is_raised_here(error: BaseException) -> bool:
    """Whether a line of our own raised an error, not somebody else's code that it called."""
    frames = traceback.extract_tb(error.__traceback__)
    return bool(frames) and _OURS in Path(frames[-1].filename).parents


@contextlib.contextmanager
def _arguments(place: str) -> Iterator[None]:
    before = sys.argv
    sys.argv = [place]
    try:
        yield
    finally:
        sys.argv = before


def _innermost(error: BaseException) -> Literal["theirs", "ours", "unknown"]:
    """Return whose code an error came from, where it came through somebody's own.

    What Python or a package raises is their fault who called it. An operator of torch's that
    theirs has called comes by way of our modes, which pass it on.
    """
    last: Literal["theirs", "ours", "unknown"] = "unknown"
    is_in_theirs = False
    for frame in traceback.extract_tb(error.__traceback__):
        path = Path(frame.filename)
        if _OURS in path.parents:
            is_passed_on = frame.name == "__torch_function__" and any(
                call in (frame.line or "") for call in ("func(*args", "super().__torch_function__(")
            )
            last = last if is_passed_on else "ours"
        elif frame.filename.startswith("<eval_with_key>") or not _is_installed(path):
            # The former is code that torch.fx has made.
            last, is_in_theirs = "theirs", True
    return last if is_in_theirs else "unknown"


def _where(error: BaseException) -> str:
    """Return the innermost line of somebody's own code; without one, of a package's but torch's."""
    if isinstance(error, SyntaxError):
        return f" ({error.filename}, line {error.lineno})"
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if _is_shown(frame)]
    own = [frame for frame in frames if not _is_installed(Path(frame.filename))]
    for frame in reversed(own or frames):
        return f" ({frame.filename}, line {frame.lineno})"
    return ""


def _is_shown(frame: traceback.FrameSummary) -> bool:
    path = Path(frame.filename)
    is_foreign = not frame.filename.startswith("<frozen") and "importlib" not in path.parts
    return is_foreign and _OURS not in path.parents and not _is_torch(path)


def _is_installed(path: Path) -> bool:
    """Whether a file is Python's or a package's, or none at all."""
    names = ("stdlib", "platstdlib", "purelib", "platlib")
    installed = {Path(sysconfig.get_path(name)) for name in names}
    return not path.is_file() or bool(installed & {*path.parents})


def _is_torch(path: Path) -> bool:
    return any(
        above.name in ("torch", "torchvision") and above.parent.name.endswith("-packages")
        for above in path.parents
    )


def _import_module(name: str) -> ModuleType:
    # Unlike `python -m`, an installed command doesn't look where it is started.
    _look_in(Path.cwd())
    if name in sys.modules:
        return sys.modules[name]
    with _running_alone():
        return importlib.import_module(name)


@contextlib.contextmanager
def _running_alone() -> Iterator[None]:
    """Let a module run: what it draws, seeds or switches off is nobody else's."""
    import torch

    is_differentiating = torch.is_grad_enabled()
    try:
        with seeded(0):
            yield
    finally:
        torch.set_grad_enabled(is_differentiating)


_places: dict[str, Path] = {}
"""Where a run found the files and modules that it names, by how it names them."""


def remember_place(place: str, path: str) -> None:
    """Take a file that is named by ``place`` from ``path``, wherever this process was started.

    A module is looked for in the folder that it was found in, after all others.
    """
    _places[place] = Path(path)
    if place.endswith(".py"):
        return
    depth = len(place.split(".")) - (Path(path).name != "__init__.py")
    if len(Path(path).parents) > depth:
        _look_in(Path(path).parents[depth])


def place_of(place: str) -> Path:
    """Return the path of a file that somebody named; of one that has changed the folder, too."""
    path = _places.get(place, Path(place))
    return path if path.is_file() else _found.get(place, path)


_found: dict[str, Path] = {}
"""The absolute paths of files that were imported, by how they were named."""

_imported: dict[Path, tuple[tuple[int, int], ModuleType]] = {}
"""Their modules, with the file's time and size: a file runs once, as a module does."""


def _import_file(place: str) -> ModuleType:
    path = place_of(place)
    if not path.is_file():
        where = "" if str(path) == place else f"; it was {path} when the run began"
        raise UsageError(sanitize(f"there is no file {sanitize(place, 200)}{where}"))
    status, absolute = path.stat(), path.resolve()
    version = status.st_mtime_ns, status.st_size
    if absolute in _imported and _imported[absolute][0] == version:
        return _imported[absolute][1]
    _look_in(path.parent)
    spec = importlib.util.spec_from_file_location(f"inittui_own_{path.stem}", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    # Dataclasses look their module up here.
    sys.modules[spec.name] = module
    with _running_alone():
        spec.loader.exec_module(module)
    _found[place], _imported[absolute] = absolute, (version, module)
    return module


def _is_in_a_package(path: Path, name: str) -> str:
    """Say how to name what lies in a file that imports from its package."""
    path = path.resolve()
    parts, folder = [path.stem], path.parent
    while not parts[1:] or (folder / "__init__.py").is_file():
        parts.insert(0, folder.name)
        folder = folder.parent
    return sanitize(
        f"{path.name} has relative imports, which work within a package only: name it "
        f"PACKAGE.MODULE:NAME, here {'.'.join(parts)}:{name}, from the folder {folder}",
        600,
    )


def child_environment(**more: str) -> dict[str, str]:
    """Return this process's environment for a child that runs Python, and ``more``.

    With it neither the child nor its own children look for modules in the current directory: a
    `numpy.py` there is nobody's to run.
    """
    return os.environ | python_path() | {"PYTHONSAFEPATH": "1"} | more


def python_path() -> dict[str, str]:
    """Return ``PYTHONPATH``, where it is set, without the parts that mean the current directory.

    An empty part means it to Python; `PYTHONPATH=$PYTHONPATH:/a/folder` leaves one behind where
    nothing was set. Whoever names the directory by its absolute path means just that one.
    """
    if _PATHS not in os.environ:
        return {}
    parts = os.environ[_PATHS].split(os.pathsep)
    return {_PATHS: os.pathsep.join(part for part in parts if not _is_current(part))}


def _is_current(part: str) -> bool:
    return os.path.normpath(part) == os.curdir  # of "" it is that too


def _look_in(folder: Path) -> None:
    """Let the code import what lies in a folder, last, so that it hides nothing installed."""
    if (place := str(folder.resolve())) not in sys.path:
        sys.path.append(place)


@contextlib.contextmanager
def seeded(seed: int, device: torch.device | None = None) -> Iterator[None]:
    """Seed the generators that somebody's code may draw from, and put them back afterwards.

    They are Python's, numpy's and torch's global ones, that of a CUDA ``device`` too.
    """
    import numpy as np

    python_state, numpy_state = random.getstate(), np.random.get_state()
    with torch_seeded(seed, device):
        random.seed(seed)
        np.random.seed(seed % 2**32)
        try:
            yield
        finally:
            random.setstate(python_state)
            np.random.set_state(numpy_state)


def random_state() -> tuple[object, ...]:
    """Return the state of Python's and numpy's global generators; it changes when one is drawn."""
    import numpy as np

    _, key, *rest = np.random.get_state(legacy=True)
    return random.getstate(), np.asarray(key).tobytes(), *rest


@contextlib.contextmanager
def torch_seeded(seed: int, device: torch.device | None = None) -> Iterator[None]:
    """Seed torch's global generators, that of a CUDA ``device`` too; put them back afterwards.

    `torch.manual_seed` would note its caller's whole stack for each kind of device that isn't in
    use, and keep it: too slow for every step, and ever more memory.
    """
    import torch

    generators = [torch.default_generator]
    if device is not None and device.type == "cuda":
        index = torch.cuda.current_device() if device.index is None else device.index
        generators.append(torch.cuda.default_generators[index])
    states = [generator.get_state() for generator in generators]
    for generator in generators:
        generator.manual_seed(seed)
    try:
        yield
    finally:
        for generator, state in zip(generators, states, strict=True):
            generator.set_state(state)
