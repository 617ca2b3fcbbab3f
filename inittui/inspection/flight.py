"""A flight recorder: who writes what to which memory while a model is built."""

from __future__ import annotations

import inspect
import math
import re
import sys
import sysconfig
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

import torch
from msgspec.structs import replace
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode

from inittui.events.facts import Draw, WriterFacts
from inittui.inspection.marks import mark
from inittui.models.tracing import tensors_in
from inittui.text import sanitize

_RANDOM = frozenset({
    "uniform_", "normal_", "random_", "bernoulli_", "exponential_", "cauchy_", "log_normal_",
    "geometric_", "randn", "rand", "randint", "normal", "bernoulli", "randperm", "multinomial",
    "randn_like", "rand_like", "randint_like", "poisson", "uniform", "normal_functional",
})  # fmt: skip
_CONSTANT = frozenset({
    "fill_", "zero_", "zeros", "ones", "full", "arange", "linspace", "logspace", "eye",
    "zeros_like", "ones_like", "full_like", "new_zeros", "new_ones", "new_full", "scalar_tensor",
    "lift_fresh",
})  # fmt: skip
_EMPTY = frozenset({
    "empty", "empty_like", "empty_strided", "new_empty", "new_empty_strided", "empty_permuted",
    "resize_", "resize_as_", "resize",
})  # fmt: skip
_SAME = frozenset({"clone", "_to_copy", "contiguous", "lift"})
"""Operators that give another tensor's values in memory of their own."""

_SETS = frozenset({"copy_", "set_"})

_MEANS_TO_INITIALIZE = re.compile(
    r"(init(ialize|ialise)?|reset)_?.*(weight|param)|weights?_init|params?_init"
    r"|^_?(re)?(init|initialize|initialise|initialization|xavier|kaiming|orthogonal|reset)_?$",
    re.I,
)
_INIT_CALLS = re.compile(
    r"^_?reset(_parameters)?$|^(normal|uniform|trunc_normal|(xavier|kaiming)_(normal|uniform)"
    r"|orthogonal|constant|ones|zeros?|fill|eye|dirac|sparse)_$"
)

_MOST_WRITES = 12
"""Writes that are kept of one piece of memory: the first, and the last ones."""

_MOST_IDLE = 20


@dataclass(slots=True)
class _Write:
    facts: WriterFacts
    start: int
    """Bytes from the beginning of the memory."""
    end: int
    count: int


@dataclass(slots=True)
class _Memory:
    """What happened to one piece of memory."""

    writes: list[_Write] = field(default_factory=list)
    is_random: bool = False
    had_empty: bool = False
    draw: Draw = "computed"
    taken: WriterFacts | None = None
    """Where memory without values was asked for."""


@dataclass(slots=True)
class _Called:
    """Calls of one function that means to initialize."""

    facts: WriterFacts
    wrote: bool = False
    is_apply: bool = False


class Flight(TorchDispatchMode):
    """Records every write to memory, and marks memory that is taken and not written."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._memories: dict[int, _Memory] = {}
        self._loading = 0
        self._written = 0
        self._recent: dict[int, int] = {}
        """When each memory was written last, by the count of writes."""
        self._called: dict[object, _Called] = {}
        self._depth = 0
        self._open: _Open | None = None

    @contextmanager
    def recording(self) -> Iterator[None]:
        """Record what this thread does in the block; nothing of it stays."""
        apply, load = nn.Module.apply, nn.Module.load_state_dict
        before = sys.getprofile()

        def applying(module: nn.Module, fn: Callable[[nn.Module], None]) -> Any:
            return self._apply(apply, module, fn)

        def loading(module: nn.Module, *args: Any, **kwargs: Any) -> Any:
            self._loading += 1
            try:
                return load(module, *args, **kwargs)
            finally:
                self._loading -= 1
                self._note_assigned(module)

        nn.Module.apply = applying  # type: ignore[method-assign,assignment]
        nn.Module.load_state_dict = loading  # type: ignore[method-assign,assignment]
        try:
            with self:
                if before is None:
                    sys.setprofile(self._profile)
                yield
        finally:
            if before is None:
                sys.setprofile(None)
            nn.Module.apply = apply  # type: ignore[method-assign]
            nn.Module.load_state_dict = load  # type: ignore[method-assign]

    def __torch_dispatch__(
        self,
        func: Any,
        types: Sequence[type],
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        """Record what an operator writes and makes."""
        kwargs = kwargs or {}
        name = func._schema.name.partition("::")[2]
        sizes = _sizes(args) if name.startswith("resize") else {}
        result = func(*args, **kwargs)
        written = written_by(func, args, kwargs)
        given = [key for each in (*tensors_in(args), *tensors_in(kwargs))
                 if (key := key_of(each)) is not None]  # fmt: skip
        known = {key_of(each) for each in written} | {*given}
        made = [each for each in tensors_in(result) if key_of(each) not in known]
        if name in _EMPTY:
            self._note_empty(name, [*made, *written], sizes)
        elif written or made:
            self._note(name, args, kwargs, written, made, given)
        return result

    def history(self, tensor: torch.Tensor) -> tuple[WriterFacts, ...]:
        """Return the writes to a tensor's memory, as far as they touch it."""
        memory = self._memories.get(key_of(tensor) or 0)
        if memory is None:
            return ()
        if not memory.writes:
            return () if memory.taken is None else (memory.taken,)
        start, end = range_of(tensor)
        return tuple(
            replace(
                each.facts,
                is_whole=each.start <= start
                and each.end >= end
                and each.count >= tensor.numel() > 0,
            )
            for each in memory.writes
            if each.start < end and each.end > start
        )

    def had_empty(self, tensor: torch.Tensor) -> bool:
        """Whether a tensor's memory, or what it was computed from, was taken without values."""
        memory = self._memories.get(key_of(tensor) or 0)
        return memory is not None and memory.had_empty

    def is_random(self, tensor: torch.Tensor) -> bool:
        """Whether something in a tensor's history was drawn by chance."""
        memory = self._memories.get(key_of(tensor) or 0)
        return memory is not None and memory.is_random

    @property
    def idle(self) -> tuple[WriterFacts, ...]:
        """Functions that mean to initialize, and wrote nothing in any call."""
        return tuple(x.facts for x in self._called.values() if not x.wrote)[:_MOST_IDLE]

    def _note_empty(
        self, name: str, tensors: Sequence[torch.Tensor], sizes: dict[int, int]
    ) -> None:
        for each in tensors:
            key = key_of(each)
            if key is None:
                continue
            if key not in sizes:
                taken = self._facts(name, (), {}, "unwritten", 2)
                self._memories[key] = _Memory(had_empty=True, draw="unwritten", taken=taken)
                self._keep(each)
                mark(each)
            elif each.untyped_storage().nbytes() > sizes[key]:
                self._memories.setdefault(key, _Memory()).had_empty = True
                mark(each, sizes[key])

    def _note(
        self,
        name: str,
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        written: Sequence[torch.Tensor],
        made: Sequence[torch.Tensor],
        given: Sequence[int],
    ) -> None:
        targets = {key_of(each) for each in written}
        sources = [self._memories[k] for k in given if k in self._memories and k not in targets]
        is_random = name in _RANDOM or any(each.is_random for each in sources)
        had_empty = any(each.had_empty for each in sources)
        for each in made:
            key = key_of(each)
            if key is None:
                continue
            source = sources[0] if name in _SAME and sources else None
            memory = _Memory(is_random=is_random, had_empty=had_empty)
            memory.draw = source.draw if source else _draw(name, is_random)
            if source is not None:
                start, end = range_of(each)
                memory.writes = [
                    _Write(w.facts, start, end, each.numel()) if w.facts.is_whole else w
                    for w in source.writes
                ]
            self._memories[key] = memory
            self._keep(each)
            if source is None and each.numel() > 1:
                self._add(memory, each, self._facts(name, args, kwargs, memory.draw))
        for each in written:
            key = key_of(each)
            if key is None:
                continue
            memory = self._memories.setdefault(key, _Memory())
            draw = _draw(name, is_random)
            if name in _SETS:
                draw = sources[0].draw if sources else "copied"
                draw = "random" if is_random else draw
            is_whole = each.numel() * each.element_size() >= each.untyped_storage().nbytes()
            keeps = name not in _RANDOM | _CONSTANT | _SETS or not is_whole
            memory.is_random = is_random or (keeps and memory.is_random)
            memory.had_empty = had_empty or (keeps and memory.had_empty)
            memory.draw = "random" if memory.is_random else draw
            self._add(memory, each, self._facts(name, args, kwargs, draw))
            self._written += 1
            self._recent[key] = self._written

    def _add(self, memory: _Memory, tensor: torch.Tensor, facts: WriterFacts) -> None:
        start, end = range_of(tensor)
        last = memory.writes[-1] if memory.writes else None
        # The steps of one initializer are one write: normal_, then mul_ and clamp_.
        same = (
            last is not None
            and facts.where
            and (last.facts.operation, last.facts.where) == (facts.operation, facts.where)
            and (last.start, last.end) == (start, end)
        )
        write = _Write(facts, start, end, tensor.numel())
        if same and last is not None:
            is_step = facts.draw == "computed" and last.facts.draw != "computed"
            last.facts = replace(facts, draw=last.facts.draw) if is_step else facts
            return
        memory.writes.append(write)
        if len(memory.writes) > _MOST_WRITES:
            del memory.writes[1]

    def _facts(
        self,
        name: str,
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        draw: Draw,
        depth: int = 3,
    ) -> WriterFacts:
        seen = _stack(sys._getframe(depth))
        operation, numbers = name, _numbers_of(name, args, kwargs)
        words: dict[str, str] = {}
        if seen.init is not None:
            operation, numbers, words = _init_call(seen.init)
        told = [f"{key}={value}" for key, value in words.items()]
        told += [f"{k}={v:.6g}" for k, v in numbers.items() if not k.startswith("fan_")]
        place = seen.place
        return WriterFacts(
            operation=operation,
            arguments=sanitize(", ".join(told), 200),
            where="" if place is None else f"{place.f_code.co_filename}:{place.f_lineno}",
            by="" if place is None else sanitize(place.f_code.co_name, 80),
            is_own=place is not None and _is_own(place.f_code.co_filename),
            is_direct=not seen.is_constructed,
            draw=draw,
            is_loading=self._loading > 0,
            numbers=numbers,
            words=words,
        )

    def _keep(self, tensor: torch.Tensor) -> None:
        """Forget a memory's past where another begins at its address."""
        key = key_of(tensor)
        if key is not None:
            self._recent.pop(key, None)

    def _note_assigned(self, module: nn.Module) -> None:
        """Note tensors that took the place of the module's own, as loading with assign does."""
        for tensor in module.parameters():
            key = key_of(tensor)
            if key is not None and key not in self._memories:
                memory = self._memories[key] = _Memory(draw="copied")
                facts = WriterFacts(operation="load_state_dict", draw="copied", is_loading=True)
                self._add(memory, tensor, facts)

    def _apply(self, apply: Any, module: nn.Module, fn: Callable[[nn.Module], None]) -> Any:
        caller = sys._getframe(2)
        code = _code_of(fn)
        is_asked = self._depth == 0 and code is not None and _is_own(caller.f_code.co_filename)
        if not is_asked or not _means_to_initialize(fn, code) or _is_bare(module):
            return apply(module, fn)
        before, tensors = self._written, _identities(module)
        self._depth += 1
        try:
            return apply(module, fn)
        finally:
            self._depth -= 1
            now = _identities(module)
            wrote = now != tensors or any(self._recent.get(key, 0) > before for _, key in now)
            self._note_call((code, "apply"), f"apply({_name_of(fn)})", caller, wrote, is_apply=True)

    def _note_call(
        self, key: object, said: str, caller: FrameType, wrote: bool, *, is_apply: bool = False
    ) -> None:
        called = self._called.get(key)
        if called is None:
            facts = WriterFacts(
                operation=sanitize(said, 100),
                where=f"{caller.f_code.co_filename}:{caller.f_lineno}",
                by=sanitize(caller.f_code.co_name, 80),
                is_own=True,
                words={"call": "apply" if is_apply else "function"},
            )
            called = self._called[key] = _Called(facts, is_apply=is_apply)
        called.wrote = called.wrote or wrote

    def _profile(self, frame: FrameType, event: str, given_back: object) -> None:
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
            self._note_call(frame.f_code, f"{frame.f_code.co_name}()", frame, wrote)

    def _has_written(self, opened: _Open, given_back: object) -> bool:
        """Whether a call wrote to what it was given, or to anything where that can't be told."""
        if self._written == opened.written:
            return False
        if given_back is not None or not opened.modules:
            return True
        now = _held(opened.modules)
        return now != opened.held or any(
            self._recent.get(key, 0) > opened.written for _, key in now
        )


@dataclass(frozen=True, slots=True)
class _Open:
    """A call that is under way."""

    frame: FrameType
    written: int
    modules: Sequence[nn.Module]
    """What it was given, where that is modules and plain values alone."""
    held: set[tuple[int, int]]


@dataclass(frozen=True, slots=True)
class _Stack:
    init: FrameType | None
    place: FrameType | None
    is_constructed: bool


_TORCH = str(Path(torch.__file__).parent) + "/"
_OURS = str(Path(__file__).parent.parent) + "/"
_INIT = f"{_TORCH}nn/init.py"
_MODULES = f"{_TORCH}nn/modules/"


def _stack(frame: FrameType | None) -> _Stack:
    """Return the function of torch.nn.init that runs, and the first frame outside of torch."""
    init, is_constructed = None, False
    while frame is not None:
        file = frame.f_code.co_filename
        if file == _INIT:
            if not frame.f_code.co_name.startswith("_"):
                init = frame
        elif file.startswith(_MODULES):
            is_constructed = is_constructed or frame.f_code.co_name != "load_state_dict"
        elif not file.startswith((_TORCH, _OURS, "<")):
            return _Stack(init, frame, is_constructed)
        frame = frame.f_back
    return _Stack(init, None, is_constructed)


def _init_call(frame: FrameType) -> tuple[str, dict[str, float], dict[str, str]]:
    code = frame.f_code
    given = {name: frame.f_locals.get(name) for name in code.co_varnames[: code.co_argcount]}
    numbers = {
        name: float(value)
        for name, value in given.items()
        if isinstance(value, int | float) and not isinstance(value, bool)
    }
    words = {name: value for name, value in given.items() if isinstance(value, str)}
    tensor = given.get("tensor")
    if isinstance(tensor, torch.Tensor) and tensor.ndim >= 2:
        positions = math.prod(tensor.shape[2:])
        numbers["fan_in"] = float(tensor.shape[1] * positions)
        numbers["fan_out"] = float(tensor.shape[0] * positions)
    return code.co_name, numbers, words


def _numbers_of(name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, float]:
    wanted = {
        "normal_": (("mean", 0.0), ("std", 1.0)),
        "uniform_": (("a", 0.0), ("b", 1.0)),
        "fill_": (("val", math.nan),),
    }.get(name, ())
    names = {"a": "from", "b": "to", "val": "value"}
    found = {}
    for place, (key, default) in enumerate(wanted, 1):
        value = args[place] if len(args) > place else kwargs.get(names.get(key, key), default)
        if isinstance(value, int | float) and math.isfinite(value):
            found[key] = float(value)
    return found


def _draw(name: str, is_random: bool) -> Draw:
    if is_random:
        return "random"
    if name in _CONSTANT:
        return "constant"
    return "copied" if name in _SETS or name in _SAME else "computed"


def written_by(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> list[torch.Tensor]:
    """Return the tensors that a call of an operator writes to."""
    found: list[torch.Tensor] = []
    for place, argument in enumerate(func._schema.arguments):
        if argument.alias_info is not None and argument.alias_info.is_write:
            value = args[place] if place < len(args) else kwargs.get(argument.name)
            found += tensors_in(value)
    return found


def _sizes(args: tuple[Any, ...]) -> dict[int, int]:
    return {
        key: each.untyped_storage().nbytes()
        for each in tensors_in(args)
        if (key := key_of(each)) is not None
    }


def key_of(tensor: torch.Tensor) -> int | None:
    """Return what names a tensor's memory; None where it has none."""
    if tensor.is_meta or tensor.layout is not torch.strided:
        return None
    try:
        return int(tensor.untyped_storage()._cdata)
    except (RuntimeError, NotImplementedError):  # a subclass without memory of its own
        return None


def range_of(tensor: torch.Tensor) -> tuple[int, int]:
    """Return the bytes of its memory that a tensor lies in."""
    size = tensor.element_size()
    start = int(tensor.storage_offset()) * size
    reach = sum(
        (int(n) - 1) * int(s) for n, s in zip(tensor.shape, tensor.stride(), strict=True) if n
    )
    return start, start + (reach + 1) * size if tensor.numel() else start


@lru_cache(maxsize=4_096)
def _is_own(file: str) -> bool:
    """Whether a file is somebody's own, not an installed package's nor ours."""
    if file.startswith(("<", _OURS)):
        return False
    parts = Path(file).parts
    if "site-packages" in parts or "dist-packages" in parts:
        return False
    standard = {sysconfig.get_path("stdlib"), sysconfig.get_path("platstdlib")}
    return not any(file.startswith(f"{each}/") for each in standard)


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
    if not _sounds_like_one(code.co_name) or not _is_own(code.co_filename):
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
