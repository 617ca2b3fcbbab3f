"""A flight recorder: who writes what to which memory while a model is built."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import torch
from msgspec.structs import replace
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode

from inittui.events.facts import Draw, WriterFacts
from inittui.inspection.init_calls import InitCalls
from inittui.inspection.lost_writes import LostWrites
from inittui.inspection.marks import mark
from inittui.inspection.memory import key_of, range_of, sizes, written_by
from inittui.inspection.writers import writer_of
from inittui.models.attributes import tensors_in

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

_MOST_WRITES = 12
"""Writes that are kept of one piece of memory: the first, and the last ones."""


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


class Flight(TorchDispatchMode):
    """Records every write to memory, and marks memory that is taken and not written."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._memories: dict[int, _Memory] = {}
        self._loading = 0
        self._calls = InitCalls()
        self._lost = LostWrites()

    @contextmanager
    def recording(self) -> Iterator[None]:
        """Record what this thread does in the block; nothing of it stays."""
        apply, load = nn.Module.apply, nn.Module.load_state_dict
        before = sys.getprofile()

        def applying(module: nn.Module, fn: Callable[[nn.Module], None]) -> Any:
            return self._calls.apply(apply, module, fn)

        def loading(module: nn.Module, *args: Any, **kwargs: Any) -> Any:
            self._loading += 1
            given = args[0] if args else kwargs.get("state_dict")
            try:
                return self._calls.load(lambda: load(module, *args, **kwargs), module, given)
            finally:
                self._loading -= 1
                self._note_assigned(module)

        nn.Module.apply = applying  # type: ignore[method-assign,assignment]
        nn.Module.load_state_dict = loading  # type: ignore[method-assign,assignment]
        try:
            with self:
                if before is None:
                    sys.setprofile(self._calls.profile)
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
        before = sizes(args) if name.startswith("resize") else {}
        result = func(*args, **kwargs)
        written = written_by(func, args, kwargs)
        given = [key for each in (*tensors_in(args), *tensors_in(kwargs))
                 if (key := key_of(each)) is not None]  # fmt: skip
        known = {key_of(each) for each in written} | {*given}
        made = [each for each in tensors_in(result) if key_of(each) not in known]
        if name in _EMPTY:
            self._note_empty(name, [*made, *written], before)
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
        return self._calls.idle

    def lost(self, model: nn.Module) -> tuple[WriterFacts, ...]:
        """Return the fills of what is computed anew at each pass, and so is none of a model's.

        None where a function is known that wrote nothing else.
        """
        is_told = any(each.words.get("wrote") == "elsewhere" for each in self.idle)
        return () if is_told else self._lost.of(model)

    def _note_empty(
        self, name: str, tensors: Sequence[torch.Tensor], before: dict[int, int]
    ) -> None:
        for each in tensors:
            key = key_of(each)
            if key is None:
                continue
            if key not in before:
                taken = self._facts(name, (), {}, "unwritten", 2)
                self._memories[key] = _Memory(had_empty=True, draw="unwritten", taken=taken)
                self._calls.forget(key)
                mark(each)
            elif each.untyped_storage().nbytes() > before[key]:
                self._memories.setdefault(key, _Memory()).had_empty = True
                mark(each, before[key])

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
            self._calls.forget(key)
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
            facts = self._facts(name, args, kwargs, draw)
            self._add(memory, each, facts)
            self._lost.note(each, facts)
            self._calls.note_write(key)

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
        frame = sys._getframe(depth)
        return writer_of(frame, name, args, kwargs, draw, is_loading=self._loading > 0)

    def _note_assigned(self, module: nn.Module) -> None:
        """Note tensors that took the place of the module's own, as loading with assign does."""
        for tensor in module.parameters():
            key = key_of(tensor)
            if key is not None and key not in self._memories:
                memory = self._memories[key] = _Memory(draw="copied")
                facts = WriterFacts(operation="load_state_dict", draw="copied", is_loading=True)
                self._add(memory, tensor, facts)


def _draw(name: str, is_random: bool) -> Draw:
    if is_random:
        return "random"
    if name in _CONSTANT:
        return "constant"
    return "copied" if name in _SETS or name in _SAME else "computed"
