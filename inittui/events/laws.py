"""What a tensor's values look like: the law they may have been drawn by."""

from __future__ import annotations

from typing import Literal

import msgspec

from inittui.text import short

Word = Literal["sure", "likely", "could be", "can't tell"]
"""One name fits and others would be told apart; several fit; too few values to tell others apart;
none fits."""

Family = Literal["constant", "uniform", "normal", "cut normal", "orthogonal", "fixed", "other"]
"""Of the distribution: "cut normal" is cut at ±2 of its own σ, "fixed" has 0 and 1 at set places,
"other" is none of them or too few values."""


class Law(msgspec.Struct, frozen=True):
    """A law that values look like, with how sure that is."""

    word: Word
    family: Family
    names: tuple[str, ...] = ()
    """As schemes write them: xavier_uniform, kaiming_normal:mode=fan_out; all that fit."""
    mean: float = 0.0
    std: float = 0.0

    @property
    def text(self) -> str:
        """How it is said: xavier_uniform, sure; normal, mean 0, std 0.0337: can't tell."""
        if self.names:
            return f"{' or '.join(self.names)}, {self.word}"
        numbers = f"mean {short(self.mean)}, std {short(self.std)}"
        kind = "" if self.family == "other" else f"{self.family}, "
        return f"{kind}{numbers}: {self.word}"
