"""From the bytes of a log to its events, whatever has happened to them in between."""

from __future__ import annotations

import re
from typing import Any, get_args

import msgspec

from inittui.events.records import SCHEMA_VERSION, Event, RunStarted, decoder
from inittui.experiment.records import Experiment
from inittui.runs.chain import BEGIN, checksums_of, is_sound
from inittui.runs.damage import Damage
from inittui.text import sanitize

MAXIMUM_LINE = 16 * 2**20
"""Bytes in a line; a longer one is garbage. The start of a run of 100,000 trials has about 10 MB,
and what such a line can decode to has some 100 MB."""

CANCEL = b"\x18"
"""ASCII's CANCEL: a writer that finds a line torn ends it so. JSON never contains it."""

_LEFT_OUT_NAMED = 5
"""Settings of a newer inittui that are named in the note; the rest is counted."""

_UNREADABLE = (msgspec.MsgspecError, ValueError, RecursionError)
_KNOWN = {kind.__struct_config__.tag for kind in get_args(Event)}

_OPENING = b'{"event":"'
"""How every event starts. Inside of a JSON string the quotes would be escaped."""

_START = re.compile(rb"(?=" + re.escape(_OPENING) + rb")")


class _Tag(msgspec.Struct):
    event: str


class LogDecoder:
    """Takes a log piece by piece; gives its events and keeps account of what is wrong with it."""

    def __init__(self, damage: Damage | None = None, *, from_start: bool = True) -> None:
        self.damage = Damage() if damage is None else damage
        self._rest: list[bytes] = []
        self._length = 0
        self._dropping = False
        self._run: str | None = None
        self._foreign: str | None = None
        self._schema = SCHEMA_VERSION
        self._last: bytes | None = BEGIN if from_start else None
        """The checksum that the next line names; None where that can't be known."""

    def feed(self, chunk: bytes) -> list[Event]:
        """Take what was read next; return the events of the lines that are whole now."""
        if self._dropping:
            end = chunk.find(b"\n") + 1
            if not end:
                return []
            self._dropping = False
            chunk = chunk[end:]
        end = chunk.rfind(b"\n") + 1
        events = self._decode(self._take() + chunk[:end]) if end else []
        self._keep(chunk[end:])
        return events

    def _keep(self, start: bytes) -> None:
        """Keep the start of a line for when its end is read, unless it gets too long."""
        self._rest.append(start)
        self._length += len(start)
        if self._length > MAXIMUM_LINE:
            self._take()
            self._dropping = True
            self.damage.lines += 1
            self._skip(f"longer than {MAXIMUM_LINE:,} bytes")

    def _take(self) -> bytes:
        """Return and forget what was kept."""
        rest = b"".join(self._rest)
        self._rest.clear()
        self._length = 0
        return rest

    def finish(self) -> list[Event]:
        """Return the event of a last line that has everything but its newline."""
        line = self._take()
        return self._decode(line + CANCEL + b"\n") if line.strip() else []

    def _decode(self, block: bytes) -> list[Event]:
        """Decode whole lines, all at once where nothing is wrong with them."""
        try:
            events = decoder().decode_lines(block)
        except _UNREADABLE:
            return self._one_by_one(block)
        starts = [event for event in events if type(event) is RunStarted]
        if self._foreign is not None or not all(map(self._is_own, starts)):
            return self._one_by_one(block)
        lines = block.split(b"\n")[:-1]
        if not self._is_chained(lines):
            return self._one_by_one(block)
        self.damage.lines += len(lines)
        return events

    def _is_chained(self, lines: list[bytes]) -> bool:
        """Whether nothing is wrong with the checksums of lines; if so they count as read."""
        last = self._last
        unchecked = added = 0
        for line in lines:
            found = checksums_of(line)
            if found is None:
                unchecked += bool(line.strip())
                added += bool(line.strip()) and last not in (None, BEGIN)
                continue
            before, own = found
            if last not in (None, before) or not is_sound(line):
                return False
            last = own
        self._last = last
        self.damage.unchecked += unchecked
        self.damage.added += added
        return True

    def _one_by_one(self, block: bytes) -> list[Event]:
        events: list[Event] = []
        for line in block.split(b"\n")[:-1]:
            self.damage.lines += 1
            for event in self._line(line):
                if isinstance(event, RunStarted):
                    self._foreign = None if self._is_own(event) else event.run
                if self._foreign is None:
                    events.append(event)
                else:
                    self._skip(f"it belongs to another run, {self._foreign}")
        return events

    def _is_own(self, event: RunStarted) -> bool:
        """Whether the log still tells of the run that it began with, perhaps resumed.

        Where two logs were joined, the other's events would be taken for this run's.
        """
        if self._run is None:
            self._run = event.run
            self._schema = event.schema
        return event.run == self._run

    def _line(self, line: bytes) -> list[Event]:
        """Decode one line; more than one event where the newline between two was lost."""
        text = line.removesuffix(CANCEL)
        if text != line:  # a power cut can leave zeros where the disk hadn't the end yet
            text = text.rstrip(b"\0")
        try:
            events = decoder().decode_lines(text)
        except _UNREADABLE as error:
            reason = _reason(error)
        else:
            return events if self._follows(text) else []
        tag = _tag(text)
        if tag is not None:
            return self._newer(text, tag, reason) if self._follows(text) else []
        events = [event for piece in _START.split(text) for event in _intact(piece)]
        if text != line and not events and text[: len(_OPENING)] == _OPENING[: len(text)]:
            self.damage.torn += 1
        else:
            self._last = None  # what it was is not known
            self._skip(reason)
        return events

    def _follows(self, text: bytes) -> bool:
        """Whether a line is as it was written; note where lines are missing before it."""
        found = checksums_of(text)
        if found is None:
            self.damage.unchecked += bool(text.strip())
            self.damage.added += bool(text.strip()) and self._last not in (None, BEGIN)
            return True
        before, own = found
        if not is_sound(text):
            self._last = None
            self._skip("it was changed: its checksum doesn't fit")
            return False
        if self._last not in (None, before):
            self.damage.find_gap()
        self._last = own
        return True

    def _newer(self, line: bytes, tag: str, reason: str) -> list[Event]:
        """Read an event that isn't as this version knows it: perhaps a newer one wrote it."""
        if tag == "run_started":
            try:
                event, left_out = _read_newer_start(line)
            except _UNREADABLE:
                self._skip(reason)
                return []
            if left_out:
                self.damage.leave_out(left_out)
            return [event]
        if tag not in _KNOWN or self._schema > SCHEMA_VERSION:
            self.damage.unknown += 1
        else:
            self._skip(reason)
        return []

    def _skip(self, reason: str) -> None:
        self.damage.skip(self.damage.lines, reason)


def _tag(line: bytes) -> str | None:
    """Return what kind of event a line of JSON says it is."""
    try:
        return msgspec.json.decode(line, type=_Tag).event
    except _UNREADABLE:
        return None


def _intact(piece: bytes) -> list[Event]:
    """Return the event that a piece starts with, whatever follows it."""
    text = piece[: piece.rfind(b"}") + 1]
    if checksums_of(text) is not None and not is_sound(text):
        return []
    try:
        return [decoder().decode(text)]
    except _UNREADABLE:
        return []


def _reason(error: Exception) -> str:
    if isinstance(error, RecursionError):
        return "nested too deeply"
    if isinstance(error, UnicodeDecodeError):
        return "not UTF-8 text"
    return f"not an event: {error}"


def _read_newer_start(line: bytes) -> tuple[RunStarted, str]:
    """Read a run's start without the settings that this version doesn't know.

    Returns:
        The event, and one line for the person on what was left out; "" for nothing.

    Raises:
        msgspec.MsgspecError, ValueError, RecursionError: it can't be understood even so.
    """
    document = msgspec.json.decode(line, type=dict[str, Any])
    left_out: list[str] = []
    document["experiment"] = _understood(document.get("experiment"), Experiment, "", left_out)
    event = msgspec.convert(document, RunStarted)
    if not left_out:
        return event, ""
    named = ", ".join(left_out[:_LEFT_OUT_NAMED])
    more = f" and {len(left_out) - _LEFT_OUT_NAMED} more" if len(left_out) > _LEFT_OUT_NAMED else ""
    newer = event.schema > SCHEMA_VERSION
    by = f"written by a newer inittui (log schema {event.schema}); " if newer else ""
    return event, f"{by}settings that aren't understood and left out: {named}{more}"


def _understood(
    value: object, kind: type[msgspec.Struct], where: str, left_out: list[str]
) -> dict[str, Any]:
    """Return the fields of ``kind`` that ``value`` has, those that fit; name the others."""
    if not isinstance(value, dict):
        raise msgspec.ValidationError(f"expected an object for {kind.__name__}")
    fields = {field.name: field.type for field in msgspec.structs.fields(kind)}
    result: dict[str, Any] = {}
    for key, item in value.items():
        expected = fields.get(key)
        if isinstance(expected, type) and issubclass(expected, msgspec.Struct):
            result[key] = _understood(item, expected, f"{where}{key}.", left_out)
        elif expected is not None and _fits(item, expected):
            result[key] = item
        else:
            left_out.append(sanitize(f"{where}{key}", 60))
    return result


def _fits(value: object, kind: Any) -> bool:
    try:
        msgspec.convert(value, kind)
    except msgspec.ValidationError:
        return False
    return True
