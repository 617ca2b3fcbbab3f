"""Calls of functions that mean to initialize, and which of them wrote nothing."""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from types import CodeType, FrameType
from typing import Any

import torch
from msgspec.structs import replace
from torch import nn

from inittui.events.facts import WriterFacts
from inittui.inspection.memory import key_of
from inittui.inspection.writers import is_own
from inittui.text import sanitize

_MEANS_TO_INITIALIZE = re.compile(
    r"(init(ialize|ialise)?|reset)_?.*(weight|param)|weights?_init|params?_init"
    r"|^_?(re)?(init|initialize|initialise|initialization|xavier|kaiming|orthogonal|reset)_?$",
    re.I,
)
_INIT_CALLS = re.compile(
    r"^_?reset(_parameters)?$|^(normal|uniform|trunc_normal|(xavier|kaiming)_(normal|uniform)"
    r"|orthogonal|constant|ones|zeros?|fill|eye|dirac|sparse)_$"
)

_MOST_IDLE = 20


@dataclass(slots=True)
class _Called:
    """Calls of one function that means to initialize."""

    facts: WriterFacts
    wrote: bool = False
    elsewhere: bool = False
    """Whether it wrote to tensors of nobody's: copies, or values that are computed anew."""


@dataclass(frozen=True, slots=True)
class _Open:
    """A call that is under way."""

    frame: FrameType
    written: int
    modules: Sequence[nn.Module]
    """What it was given, where that is modules and plain values alone."""
    held: set[tuple[int, int]]


class InitCalls:
    """Watches such calls, and is told of the writes to memory."""

    def __init__(self) -> None:
        self._written = 0
        self._recent: dict[int, int] = {}
        """When each memory was written last, by the count of writes."""
        self._called: dict[object, _Called] = {}
        self._depth = 0
        self._open: _Open | None = None

    @property
    def idle(self) -> tuple[WriterFacts, ...]:
        """Functions that mean to initialize, and wrote nothing in any call."""
        idle = [x for x in self._called.values() if not x.wrote][:_MOST_IDLE]
        wrote = {"wrote": "elsewhere"}
        return tuple(
            replace(x.facts, words=x.facts.words | wrote) if x.elsewhere else x.facts for x in idle
        )

    def note_write(self, key: int) -> None:
        """Note that a memory was written."""
        self._written += 1
        self._recent[key] = self._written

    def forget(self, key: int) -> None:
        """Forget a memory's past where another begins at its address."""
        self._recent.pop(key, None)

    def apply(self, apply: Any, module: nn.Module, fn: Callable[[nn.Module], None]) -> Any:
        """Apply ``fn`` by torch's ``apply``; it was asked for two frames further out."""
        caller = sys._getframe(2)
        code = _code_of(fn)
        is_asked = self._depth == 0 and code is not None and is_own(caller.f_code.co_filename)
        if not is_asked or not _means_to_initialize(fn, code) or _is_bare(module):
            return apply(module, fn)
        before, tensors = self._written, _identities(module)
        self._depth += 1
        try:
            return apply(module, fn)
        finally:
            self._depth -= 1
            now = _identities(module)
            wrote = now != tensors or self._wrote_since(before, {key for _, key in now})
            said, elsewhere = f"apply({_name_of(fn)})", self._written > before
            self._note((code, "apply"), said, caller, wrote, elsewhere, kind="apply")

    def load(self, load: Callable[[], Any], module: nn.Module, given: Any) -> Any:
        """Load ``given`` by ``load``; it was asked for two frames further out."""
        caller = sys._getframe(2)
        before, tensors = self._written, _identities(module)
        try:
            return load()
        finally:
            has_values = isinstance(given, Mapping) and any(
                isinstance(x, torch.Tensor) and x.numel() for x in given.values()
            )
            if has_values and not _is_bare(module) and is_own(caller.f_code.co_filename):
                now = _identities(module)
                # A batch norm writes its own count where the checkpoint has none.
                large = {key_of(x) for x in module.state_dict().values() if x.numel() > 1}
                wrote = now != tensors or self._wrote_since(before, large)
                wrote = wrote or not module.state_dict().keys().isdisjoint(given)
                key = (caller.f_code, caller.f_lineno, "load")
                self._note(key, "load_state_dict()", caller, wrote, kind="load")

    def _note(
        self,
        key: object,
        said: str,
        caller: FrameType,
        wrote: bool,
        elsewhere: bool = False,
        *,
        kind: str = "function",
    ) -> None:
        called = self._called.get(key)
        if called is None:
            facts = WriterFacts(
                operation=sanitize(said, 100),
                where=f"{caller.f_code.co_filename}:{caller.f_lineno}",
                by=sanitize(caller.f_code.co_name, 80),
                is_own=True,
                words={"call": kind},
            )
            called = self._called[key] = _Called(facts)
        called.wrote = called.wrote or wrote
        called.elsewhere = called.elsewhere or elsewhere

    def profile(self, frame: FrameType, event: str, given_back: object) -> None:
        """Take a call or a return into account, as `sys.setprofile` tells of it."""
        if event == "call":
            code = frame.f_code
            if self._depth == 0 and _is_initializer(code):
                self._depth += 1
                modules = _modules_given(frame)
                self._open = _Open(frame, self._written, modules, _held(modules))
        elif event == "return" and self._open is not None and self._open.frame is frame:
            opened, self._open = self._open, None
            self._depth -= 1
            owner = frame.f_locals.get("self")
            is_bare = isinstance(owner, nn.Module) and _is_bare(owner)
            wrote = self._has_written(opened, given_back) or is_bare
            elsewhere = self._written > opened.written
            self._note(frame.f_code, f"{frame.f_code.co_name}()", frame, wrote, elsewhere)

    def _has_written(self, opened: _Open, given_back: object) -> bool:
        """Whether a call wrote to what it was given, or to anything where that can't be told."""
        if self._written == opened.written:
            return False
        if given_back is not None or not opened.modules:
            return True
        now = _held(opened.modules)
        keys = {key for _, key in now}
        return now != opened.held or self._wrote_since(opened.written, keys)

    def _wrote_since(self, before: int, keys: Iterable[int | None]) -> bool:
        return any(key is not None and self._recent.get(key, 0) > before for key in keys)


def _code_of(fn: Any) -> CodeType | None:
    fn = getattr(fn, "func", fn)  # of functools.partial
    fn = getattr(fn, "__func__", fn)
    found = getattr(fn, "__code__", None)
    if found is None:
        found = getattr(vars(type(fn)).get("__call__"), "__code__", None)
    return found if isinstance(found, CodeType) else None


def _name_of(fn: Any) -> str:
    fn = getattr(fn, "func", fn)
    return str(getattr(fn, "__name__", type(fn).__name__))


def _means_to_initialize(fn: Any, code: CodeType | None) -> bool:
    if _MEANS_TO_INITIALIZE.search(_name_of(fn)):
        return True
    return code is not None and any(_INIT_CALLS.search(each) for each in code.co_names)


@lru_cache(maxsize=65_536)
def _sounds_like_one(name: str) -> bool:
    return bool(_MEANS_TO_INITIALIZE.search(name))


def _is_initializer(code: CodeType) -> bool:
    if not _sounds_like_one(code.co_name) or not is_own(code.co_filename):
        return False
    return any(_INIT_CALLS.search(each) for each in code.co_names)


def _modules_given(frame: FrameType) -> list[nn.Module]:
    """Return the modules that a call was given; none where it was given anything else to fill."""
    code = frame.f_code
    count = code.co_argcount + code.co_kwonlyargcount
    has_more = bool(code.co_flags & (inspect.CO_VARARGS | inspect.CO_VARKEYWORDS))
    has_more |= bool({*code.co_freevars} - {"__class__"})
    given = [frame.f_locals.get(name) for name in code.co_varnames[:count]]
    plain = (nn.Module, int, float, str, type, type(None))
    if has_more or not all(isinstance(each, plain) for each in given):
        return []
    return [each for each in given if isinstance(each, nn.Module)]


def _held(modules: Iterable[nn.Module]) -> set[tuple[int, int]]:
    """Return what names the tensors that modules hold, also those that aren't registered."""
    found: set[tuple[int, int]] = set()
    for each in modules:
        found |= _identities(each)
        for module in each.modules():
            plain = (x for x in vars(module).values() if isinstance(x, torch.Tensor))
            found |= {(id(x), key_of(x) or 0) for x in plain}
    return found


def _is_bare(module: nn.Module) -> bool:
    return next(module.parameters(), None) is None


def _identities(module: nn.Module) -> set[tuple[int, int]]:
    return {(id(each), key_of(each) or 0) for each in [*module.parameters(), *module.buffers()]}
