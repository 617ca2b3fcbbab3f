"""What a seat, the process that trains stacks on one device, and its driver tell each other.

Messages go through a pipe, each with its length before it. Nothing is pickled.
"""

from __future__ import annotations

import struct
from typing import IO, Literal

import msgspec

from inittui.experiment.records import Experiment
from inittui.training.planning import Kind

Trouble = Literal["", "memory", "usage", "machine", "bug"]
"""Why a stack ended early: out of memory; a person's mistake or the machine's; a fault of ours."""


class _Message(msgspec.Struct, frozen=True, tag_field="message"):
    """What all messages share."""


class Setup(_Message, frozen=True, tag="setup"):
    """The first message to a seat: what it prepares."""

    experiment: Experiment
    """With the seat's own device."""
    threads: int
    places: dict[str, str] = {}
    """Files of somebody's own code, by how the experiment names them: where they lie."""
    code: dict[str, str] = {}
    """Digests of that code."""
    data: str = ""
    """Fingerprint of the data."""
    checkpoint_seconds: float | None = None
    """How often a long epoch is saved; None saves nothing."""


class Order(_Message, frozen=True, tag="order"):
    """A stack to train."""

    attempt: int
    kind: Kind
    group: tuple[int, ...]
    """Numbers of its trials."""
    checkpoint: bytes = b""
    """Where it goes on from; empty for its beginning."""
    logged: dict[int, tuple[int, int]] | None = None
    """Steps and epochs of each trial that the log holds without a gap; None: all there were."""


class Stop(_Message, frozen=True, tag="stop"):
    """End the stack in order, at its next step."""


class Ready(_Message, frozen=True, tag="ready"):
    """A seat has prepared its experiment."""

    title: str
    """Of its device, as `device_title` has it."""


class Told(_Message, frozen=True, tag="told"):
    """An event, as the log has it."""

    event: bytes


class Kept(_Message, frozen=True, tag="kept"):
    """A checkpoint: what was told before it belongs into the log first."""

    checkpoint: bytes


class Over(_Message, frozen=True, tag="over"):
    """The stack, or the seat's preparation, has come to an end."""

    trouble: Trouble = ""
    reason: str = ""


ToSeat = Setup | Order | Stop
FromSeat = Ready | Told | Kept | Over

_LENGTH = struct.Struct("<Q")
_encoder = msgspec.msgpack.Encoder()
_to_seat: msgspec.msgpack.Decoder[ToSeat] = msgspec.msgpack.Decoder(ToSeat)
_from_seat: msgspec.msgpack.Decoder[FromSeat] = msgspec.msgpack.Decoder(FromSeat)


def send(message: ToSeat | FromSeat, pipe: IO[bytes]) -> None:
    """Write a message whole.

    Raises:
        OSError: nobody reads any more.
    """
    content = _encoder.encode(message)
    pipe.write(_LENGTH.pack(len(content)) + content)
    pipe.flush()


def next_order(pipe: IO[bytes]) -> ToSeat | None:
    """Return the next message to a seat; None once its driver is gone."""
    content = _content(pipe)
    return None if content is None else _to_seat.decode(content)


def next_answer(pipe: IO[bytes]) -> FromSeat | None:
    """Return the next message of a seat; None once it is gone, in the middle of one too."""
    content = _content(pipe)
    return None if content is None else _from_seat.decode(content)


def _content(pipe: IO[bytes]) -> bytes | None:
    head = pipe.read(_LENGTH.size)
    if len(head) < _LENGTH.size:
        return None
    (length,) = _LENGTH.unpack(head)
    content = pipe.read(length)
    return content if len(content) == length else None
