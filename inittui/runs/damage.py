"""What a log has lost, or what this version doesn't understand of it."""

from __future__ import annotations

from dataclasses import dataclass, field

from inittui.text import number_of, sanitize

_NAMED = 3
"""Skipped lines that are described one by one; the rest is counted."""


@dataclass(frozen=True, slots=True)
class SkippedLine:
    """A line that can't be understood."""

    number: int
    """1-based."""
    reason: str


@dataclass(slots=True)
class Damage:
    """What was found while a log was read; it grows as the reading goes on."""

    lines: int = 0
    """Lines read so far."""
    skipped: int = 0
    """Lines that were whole once and can't be understood: something is lost."""
    examples: list[SkippedLine] = field(default_factory=list)
    """The first of them."""
    gaps: int = 0
    """Places where the checksums say that lines are missing, repeated or moved."""
    first_gap: int = 0
    """The line after the first of them."""
    unchecked: int = 0
    """Lines without a checksum among or before others that have one."""
    added: int = 0
    """Those among them that come after one that has: no inittui that writes any leaves one out."""
    torn: int = 0
    """Lines that their writer was stopped in, or is in; they don't count until they are whole."""
    unknown: int = 0
    """Events of a newer inittui."""
    newer: list[str] = field(default_factory=list)
    """What was left out of a newer inittui's settings."""
    repairs: list[str] = field(default_factory=list)
    """What was taken from elsewhere."""

    def skip(self, number: int, reason: str) -> None:
        """Count a line that can't be understood."""
        self.skipped += 1
        if len(self.examples) < _NAMED:
            self.examples.append(SkippedLine(number, sanitize(reason, 200)))

    def find_gap(self) -> None:
        """Count a place where lines are missing before the line that is read now."""
        self.gaps += 1
        self.first_gap = self.first_gap or self.lines

    def leave_out(self, message: str) -> None:
        """Tell of settings that aren't understood, once."""
        if message not in self.newer and len(self.newer) < _NAMED:
            self.newer.append(message)

    @property
    def is_damaged(self) -> bool:
        """Whether something that was in the log is lost."""
        return self.skipped > 0 or self.gaps > 0

    def messages(self) -> list[str]:
        """Return one line for the person on everything that was found; none if all is well."""
        found = [f"line {line.number} was skipped: {line.reason}" for line in self.examples]
        more = self.skipped - len(self.examples)
        if more:
            were = "was" if more == 1 else "were"
            found.append(f"{more:,} more of {number_of(self.lines, 'line')} {were} skipped")
        if self.gaps:
            others = f", and in {number_of(self.gaps - 1, 'more place')}" if self.gaps > 1 else ""
            found.append(f"lines are missing or moved before line {self.first_gap:,}{others}")
        found += self.repairs
        if self.torn:
            lines = f"{number_of(self.torn, 'line')} {'is' if self.torn == 1 else 'are'}"
            found.append(f"{lines} cut off, as where a writing process was stopped")
        if self.unknown:
            events = number_of(self.unknown, "event")
            found.append(f"{events} of a newer inittui can't be shown by this version")
        return found + self.newer
