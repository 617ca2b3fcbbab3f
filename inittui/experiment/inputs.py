"""The grammar of a model's inputs: shapes, token ids, positive values; by place or by name."""

from __future__ import annotations

import keyword
import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from inittui.errors import UsageError
from inittui.text import sanitize

FORMS = "3x224x224 (image), 16x64 (time x features), 784, ids:128:50257 (token ids), pos:784 (≥ 0)"
"""What an input can look like, for messages."""

_LARGEST_VOCABULARY = 2**24
"""Ids below it are whole numbers in float32 too."""

_MOST_VALUES = 10**9


@dataclass(frozen=True, slots=True)
class Input:
    """One input of a model: what a batch [n, *shape] of it holds."""

    shape: tuple[int, ...]
    """Of one sample: () for ids that are one each."""
    ids: int = 0
    """Whole numbers from 0 up to, not including, this; 0: real numbers."""
    is_positive: bool = False
    """Whether there are no values below 0."""
    name: str = ""
    """Of the parameter of ``forward`` that takes it; empty: by its place."""

    def __str__(self) -> str:
        name = f"{self.name}=" if self.name else ""
        shape = plain_shape(self.shape)
        if self.ids:
            return f"{name}ids:{shape}:{self.ids}" if shape else f"{name}ids:{self.ids}"
        return f"{name}{'pos:' if self.is_positive else ''}{shape}"

    @property
    def size(self) -> int:
        """How many values a sample has."""
        return math.prod(self.shape)


def plain_shape(shape: Sequence[int]) -> str:
    """Return a shape as 3x224x224."""
    return "x".join(map(str, shape))


def parse_input(text: str) -> Input:
    """Read ``[NAME=]SHAPE``, ``[NAME=]pos:SHAPE`` or ``[NAME=]ids:[SHAPE:]VOCABULARY``.

    Raises:
        UsageError: it is none of these.
    """
    name, equals, form = text.strip().rpartition("=")
    name = name.strip()
    if equals and (not name.isidentifier() or keyword.iskeyword(name)):
        raise _refusal(text, f"'{sanitize(name, 40)}' can't be a parameter of forward")
    kind, *parts = form.strip().lower().split(":")
    if kind == "ids" and 1 <= len(parts) <= 2:
        shape = _shape(parts[0], text) if len(parts) == 2 else ()
        return Input(shape, ids=_vocabulary(parts[-1], text), name=name)
    if kind == "pos" and len(parts) == 1:
        return Input(_shape(parts[0], text), is_positive=True, name=name)
    if parts:
        raise _refusal(text)
    return Input(_shape(kind, text), name=name)


def parse_inputs(texts: Iterable[str]) -> tuple[Input, ...]:
    """Read all inputs of a model, in the order of a call: those with a name come last.

    Raises:
        UsageError: one can't be read, a name stands twice, or one without follows one with.
    """
    found: list[Input] = []
    for each in map(parse_input, texts):
        if each.name and each.name in (other.name for other in found):
            raise UsageError(f"input '{each.name}' is given twice")
        if not each.name and found and found[-1].name:
            raise UsageError(
                f"input '{each}' comes after one with a name: give it its name, too, or put it "
                "before"
            )
        found.append(each)
    return tuple(found)


def _shape(text: str, whole: str) -> tuple[int, ...]:
    parts = [part.strip() for part in text.split("x")]
    if not all(re.fullmatch(r"[0-9]{1,9}", part) for part in parts):
        raise _refusal(whole)
    shape = tuple(map(int, parts))
    if 0 in shape:
        raise _refusal(whole, "it has a size of 0")
    if math.prod(shape) > _MOST_VALUES:
        raise _refusal(whole, f"it has more than {_MOST_VALUES:,} values a sample")
    return shape


def _vocabulary(text: str, whole: str) -> int:
    if not re.fullmatch(r"[0-9]{1,9}", text.strip()):
        raise _refusal(whole)
    if not 1 <= (count := int(text)) <= _LARGEST_VOCABULARY:
        raise _refusal(whole, f"a vocabulary has from 1 to {_LARGEST_VOCABULARY:,} ids")
    return count


def _refusal(text: str, why: str = "") -> UsageError:
    shown = sanitize(text, 60)
    return UsageError(f"'{shown}' is no input: {why or f'the forms are {FORMS}'}")
