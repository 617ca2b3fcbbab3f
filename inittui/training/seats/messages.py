"""What a seat, the process that trains stacks on one device, and its driver tell each other.

Messages go through a pipe, each with its length before it. Nothing is pickled.
"""

from __future__ import annotations

import struct
from typing import IO, Literal, NamedTuple, Protocol

import msgspec

from inittui.errors import UsageError
from inittui.experiment.records import Experiment
from inittui.text import sanitize
from inittui.training.planning import Kind

Trouble = Literal["", "memory", "usage", "machine", "bug"]
"""Why a stack ended early: out of memory; a person's mistake or the machine's; a fault of ours."""


class _Message(msgspec.Struct, frozen=True, tag_field="message"):
    """What all messages share."""


class Code(msgspec.Struct, frozen=True):
    """Somebody's own code, for a machine that hasn't got it."""

    place: str
    """As the experiment names it: a file or a module."""
    path: str
    """Where it is among the files."""
    files: dict[str, bytes]


class Images(msgspec.Struct, frozen=True):
    """Training or test images as a message has them."""

    shape: tuple[int, int, int, int]
    """[n, channels, height, width]."""
    pixels: bytes
    labels: bytes
    """One byte each."""


class Data(_Message, frozen=True, tag="data"):
    """A data set for another machine, before its setup."""

    name: str
    train: Images
    test: Images


class Setup(_Message, frozen=True, tag="setup"):
    """What a seat prepares: its first message, but for data."""

    experiment: Experiment
    """With the seat's own device."""
    threads: int
    places: dict[str, str] = {}
    """Files of somebody's own code, by how the experiment names them: where they lie here."""
    shipped: tuple[Code, ...] = ()
    """The same for another machine."""
    versions: dict[str, str] = {}
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
    host: str


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


ToSeat = Data | Setup | Order | Stop
FromSeat = Ready | Told | Kept | Over


class Lost(NamedTuple):
    """The process is gone; nobody says this but who waits for it."""

    how: str


class Seat(Protocol):
    """A process that trains, as its driver has it; its answers come by a queue."""

    name: str

    def send(self, message: ToSeat) -> None:
        """Tell the process something; that it is gone comes as an answer."""

    def end(self) -> None:
        """End the process at once, and forget what it has still said."""


class Answer(NamedTuple):
    """What a seat said."""

    seat: Seat
    message: FromSeat | Lost


_LENGTH = struct.Struct("<Q")
_encoder = msgspec.msgpack.Encoder()
_to_seat: msgspec.msgpack.Decoder[ToSeat] = msgspec.msgpack.Decoder(ToSeat)
_from_seat: msgspec.msgpack.Decoder[FromSeat] = msgspec.msgpack.Decoder(FromSeat)


def as_bytes(message: ToSeat | FromSeat) -> bytes:
    """Return a message as a pipe has it.

    Raises:
        UsageError: a name in it has bytes that are no UTF-8, which a message can't hold.
    """
    try:
        content = _encoder.encode(message)
    except UnicodeEncodeError as error:
        raise UsageError(
            f"no other process can be told a name that is not UTF-8 text: "
            f"{sanitize(error.object, 200)}; leave out --devices"
        ) from None
    return _LENGTH.pack(len(content)) + content


def send(message: ToSeat | FromSeat, pipe: IO[bytes]) -> None:
    """Write a message whole.

    Raises:
        OSError: nobody reads any more.
    """
    pipe.write(as_bytes(message))
    pipe.flush()


def next_order(pipe: IO[bytes]) -> ToSeat | None:
    """Return the next message to a seat; None once its driver is gone."""
    content = content_of(pipe)
    return None if content is None else _to_seat.decode(content)


def answer_of(content: bytes) -> FromSeat:
    """Return the message of a seat."""
    return _from_seat.decode(content)


def content_of(pipe: IO[bytes]) -> bytes | None:
    """Return the next message as it is; None once its sender is gone, in the middle of one too."""
    head = pipe.read(_LENGTH.size)
    if len(head) < _LENGTH.size:
        return None
    (length,) = _LENGTH.unpack(head)
    content = pipe.read(length)
    return content if len(content) == length else None
