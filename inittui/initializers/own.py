"""One's own initializers: functions of a module or a file, named ``module:function``.

Importing them runs their code. So `load` is called only for what a person named on the command
line or in Python; a scheme read from a file or a log can only use what was loaded before.
"""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import inspect
import random
import sys
import traceback
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from inittui.errors import UsageError, nearest
from inittui.initializers.layer import format_shape
from inittui.scheme import Call, Scheme
from inittui.text import sanitize

if TYPE_CHECKING:
    import torch

Function = Callable[..., Any]

_loaded: dict[str, Function] = {}
"""The functions that the person allowed to run, by reference."""


def references(scheme: Scheme) -> tuple[str, ...]:
    """Return the functions that a scheme names, each once."""
    pairs = [(scheme.weights, scheme.bias), *((r.weights, r.bias) for r in scheme.layers)]
    calls = (call for pair in pairs for call in pair if call is not None)
    return tuple(dict.fromkeys(call.name for call in calls if call.is_reference))


def load(reference: str) -> None:
    """Import a function, so that schemes can use it; this runs its module's code.

    Raises:
        UsageError: no such file, module or function, or its code fails (file and line are named).
    """
    if reference in _loaded:
        return
    place, _, name = reference.rpartition(":")
    with _theirs(reference):
        module = _import_file(place) if place.endswith(".py") else _import_module(place)
    function = getattr(module, name, None)
    if not callable(function):
        what = "has no function" if function is None else "has something else named"
        hint = nearest(name, [key for key, value in vars(module).items() if callable(value)])
        raise UsageError(f"{sanitize(place, 200)} {what} '{sanitize(name, 60)}'{hint}")
    _loaded[reference] = function


def values(call: Call, shape: tuple[int, ...], seed: int) -> torch.Tensor:
    """Return the float32 values that a loaded function gives for one parameter.

    The function is called as ``f(tensor)``, filling a float32 tensor in place or returning
    another, or as ``f(shape, dtype)``, returning values; by its signature. torch's, numpy's and
    Python's global generators are seeded for it and then put back.

    Raises:
        UsageError: not loaded, or it fails, or gives another shape, no floats, NaN or infinity.
    """
    import torch

    function = _loaded.get(call.name)
    if function is None:
        raise UsageError(
            f"'{sanitize(call.name, 200)}' is code; it runs only if it is named on the command line"
        )
    given = dict(call.parameters)
    tensor = torch.full(shape, torch.nan, dtype=torch.float32)
    with _theirs(call.name), _seeded(seed):
        if _takes_shape(function, given):
            result = function(shape, torch.float32, **given)
        else:
            result = function(tensor, **given)
            result = tensor if result is None else result
        result = torch.as_tensor(result)
    return _checked(result, shape, call.name)


def _takes_shape(function: Function, given: Collection[str]) -> bool:
    """Whether a function wants (shape, dtype) rather than a tensor, beside what it is given."""
    try:
        parameters = list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):
        return False
    positional = [p for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    required = [p for p in positional if p.default is p.empty and p.name not in given]
    return (
        len(required) >= 2
        or (bool(positional) and positional[0].name in ("shape", "size"))
        or (len(positional) >= 2 and positional[1].name == "dtype")
    )


def _checked(result: torch.Tensor, shape: tuple[int, ...], reference: str) -> torch.Tensor:
    import torch

    name = sanitize(reference, 200)
    if tuple(result.shape) != shape:
        raise UsageError(
            f"{name} gave values of shape {format_shape(result.shape)} for {format_shape(shape)}"
        )
    if not result.is_floating_point():
        raise UsageError(f"{name} gave values of {result.dtype}; floats are needed")
    result = result.detach().to("cpu", torch.float32)
    broken = int((~result.isfinite()).sum())
    if broken:
        raise UsageError(
            f"{name} left {broken:,} of {result.numel():,} values NaN, infinite or unset"
        )
    return result


def _import_module(name: str) -> ModuleType:
    # Unlike `python -m`, an installed command doesn't look where it is started.
    _look_in(Path.cwd())
    return importlib.import_module(name)


def _import_file(place: str) -> ModuleType:
    path = Path(place)
    if not path.is_file():
        raise UsageError(f"there is no file {sanitize(place, 200)}")
    _look_in(path.parent)
    spec = importlib.util.spec_from_file_location(f"inittui_own_{path.stem}", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    # Dataclasses look their module up here.
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def _look_in(folder: Path) -> None:
    """Let the code import what lies in a folder, last, so that it hides nothing installed."""
    if (place := str(folder.resolve())) not in sys.path:
        sys.path.append(place)


@contextlib.contextmanager
def _seeded(seed: int) -> Iterator[None]:
    """Seed the generators that a function may draw from, and put them back afterwards."""
    import numpy as np
    import torch

    python_state, numpy_state = random.getstate(), np.random.get_state()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        random.seed(seed)
        np.random.seed(seed % 2**32)
        try:
            yield
        finally:
            random.setstate(python_state)
            np.random.set_state(numpy_state)


@contextlib.contextmanager
def _theirs(reference: str) -> Iterator[None]:
    """Show an error of somebody's own code as theirs, with its file and line."""
    try:
        yield
    except UsageError:
        raise
    except (Exception, SystemExit) as error:
        frames = traceback.extract_tb(error.__traceback__)
        if isinstance(error, SyntaxError):
            where = f" ({error.filename}, line {error.lineno})"
        elif len(frames) > 1 and "importlib" not in frames[-1].filename:
            where = f" ({frames[-1].filename}, line {frames[-1].lineno})"
        else:
            where = ""
        message = f"{type(error).__name__}: {error}"
        raise UsageError(sanitize(f"{reference}: {message}{where}", 500)) from error
