"""One's own initializers: functions of a module or a file, or registered from Python.

Importing a module runs its code. So `load` is called only for what a person named on the command
line or in Python; a scheme read from a file or a log can only use what was loaded before.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Collection
from typing import TYPE_CHECKING, Any, TypeVar

from inittui.errors import UsageError
from inittui.experiment.scheme import Call, Scheme
from inittui.initializers.catalogue import is_known
from inittui.initializers.layer import format_shape
from inittui.text import sanitize
from inittui.user_code import find, seeded, theirs

if TYPE_CHECKING:
    import torch

Function = Callable[..., Any]
F = TypeVar("F", bound=Function)

_loaded: dict[str, Function] = {}
"""The functions that the person allowed to run, by reference or by the name they were given."""

_formulas: dict[str, str] = {}
"""What the registered ones say of themselves, by name."""


def initializer(name: str, *, formula: str = "") -> Callable[[F], F]:
    """Register a function under a name, so that schemes can use it in this process.

        @inittui.initializer("half_rule", formula="U(-1/(2√fan_in), 1/(2√fan_in))")
        def half_rule(tensor): ...

    It is called as `values` says and may have parameters: ``half_rule:scale=2``. Registering a
    name again replaces what it had.

    Raises:
        UsageError: the name can't stand in a scheme, or inittui has an initializer of that name.
    """
    if not re.fullmatch(r"[A-Za-z_][\w-]*", name):
        raise UsageError(f"'{sanitize(name, 60)}' can't be a name: letters, digits and _ are")
    if is_known(name):
        raise UsageError(f"there is an initializer '{name}' already; choose another name")

    def register(function: F) -> F:
        _loaded[name] = function
        _formulas[name] = formula
        return function

    return register


def is_registered(name: str) -> bool:
    """Whether `initializer` was given this name."""
    return name in _formulas


def is_own(call: Call) -> bool:
    """Whether a call is to somebody's function, not to an initializer of the catalogue."""
    return call.is_reference or is_registered(call.name)


def formula(name: str) -> str:
    """Return what a function was registered with, by its name or reference; "" if nothing."""
    function = _loaded.get(name)
    return next((text for key, text in _formulas.items() if _loaded[key] is function), "")


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
    _loaded[reference] = find(reference)


def values(call: Call, shape: tuple[int, ...], seed: int, parameter: str) -> torch.Tensor:
    """Return the float32 values that a loaded function gives for one parameter, by its name.

    The function is called as ``f(tensor)``, filling a float32 tensor in place or returning
    another, or as ``f(shape)`` or ``f(shape, dtype)``, returning values; by its signature. The
    global generators of torch, numpy and Python are seeded for it and then put back.

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
    place = f"{parameter} ({format_shape(shape)})"
    with theirs(call.name, f"it was to fill {place}"), seeded(seed):
        if _takes_shape(function, given):
            dtype = torch.float32
            result = function(shape, *_dtype_by_place(function, given, dtype), **given)
        else:
            if missing := _missing(function, given):
                raise UsageError(
                    f"{sanitize(call.name, 200)} needs {' and '.join(missing)} beside the tensor: "
                    f"write {sanitize(call.name, 200)}:{missing[0]}=…"
                )
            result = function(tensor, **given)
            result = tensor if result is None else result
    return _checked(result, shape, sanitize(call.name, 200), sanitize(place, 200))


def _takes_shape(function: Function, given: Collection[str]) -> bool:
    """Whether a function wants (shape, dtype) rather than a tensor, beside what it is given."""
    try:
        parameters = list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):
        return False
    positional = [p for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    if positional and _is_tensor(positional[0]):
        return False
    required = [p for p in positional if p.default is p.empty and p.name not in given]
    return (
        len(required) >= 2
        or (bool(positional) and positional[0].name in ("shape", "size"))
        or (len(positional) >= 2 and positional[1].name == "dtype")
    )


def _is_tensor(parameter: inspect.Parameter) -> bool:
    """Whether a parameter is called or said to be a tensor."""
    names = ("tensor", "t", "weight", "weights", "w", "param", "parameter", "p", "x")
    return parameter.name in names or "Tensor" in str(parameter.annotation)


def _missing(function: Function, given: Collection[str]) -> list[str]:
    """Return the arguments that a function needs beside its first and hasn't been given."""
    try:
        parameters = [*inspect.signature(function).parameters.values()][1:]
    except (TypeError, ValueError):
        return []
    return [
        each.name
        for each in parameters
        if each.default is each.empty
        and each.kind not in (each.VAR_POSITIONAL, each.VAR_KEYWORD)
        and each.name not in given
    ]


def _dtype_by_place(
    function: Function, given: dict[str, Any], dtype: torch.dtype
) -> tuple[torch.dtype, ...]:
    """Return what follows the shape in a call; a dtype that is taken by name goes to ``given``."""
    others = [*inspect.signature(function).parameters.values()][1:]
    second = others[0] if others else None
    if second is not None and second.kind in (second.POSITIONAL_ONLY, second.POSITIONAL_OR_KEYWORD):
        is_needed = second.default is second.empty and second.name not in given
        if is_needed or second.name == "dtype":
            return () if second.name in given else (dtype,)
    if any(each.name == "dtype" for each in others):
        given.setdefault("dtype", dtype)
    return ()


def _checked(given: object, shape: tuple[int, ...], name: str, place: str) -> torch.Tensor:
    import torch

    try:
        result = torch.as_tensor(given)
    except (TypeError, ValueError, RuntimeError):
        what = "nothing" if given is None else f"a {type(given).__name__} that holds no array"
        raise UsageError(
            f"{name} gave {what} for {place}; a tensor or an array is needed"
        ) from None
    if tuple(result.shape) != shape:
        raise UsageError(f"{name} gave values of shape {format_shape(result.shape)} for {place}")
    if not result.is_floating_point():
        raise UsageError(f"{name} gave values of {result.dtype} for {place}; floats are needed")
    result = result.detach().to("cpu", torch.float32)
    broken = int((~result.isfinite()).sum())
    if broken:
        is_all = broken == result.numel()
        hint = "; it is called with the tensor that it is to fill, not with a module"
        raise UsageError(
            f"{name} left {broken:,} of {result.numel():,} values NaN, infinite or unset in {place}"
            + (hint if is_all else "")
        )
    return result
