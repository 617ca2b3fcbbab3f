"""The facts that happen in a run: one event, one line of JSON in its log.

Fields are only ever added, with defaults, so that an old log stays readable; a change that an
older reader would misunderstand raises `SCHEMA_VERSION`.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from inittui.experiment import Experiment
from inittui.numbers import Number

SCHEMA_VERSION = 1

TrialStatus = Literal["waiting", "running", "finished", "diverged", "failed", "interrupted"]
RunStatus = Literal["running", "finished", "nothing-finished", "interrupted", "failed"]


class Fact(msgspec.Struct, frozen=True, kw_only=True, tag_field="event"):
    """What all events share."""

    at: float = 0.0
    """When, in seconds since 1970 (UTC)."""


class TrialPlan(msgspec.Struct, frozen=True):
    """One trial of the run: its number is its place in `RunStarted.trials`."""

    scheme: str
    seed: int


class RunStarted(Fact, frozen=True, kw_only=True, tag="run_started"):
    """The experiment is about to train; everything that is fixed for the run."""

    run: str
    experiment: Experiment
    trials: tuple[TrialPlan, ...]
    steps_per_epoch: int
    device: str
    """The device's name in PyTorch, such as cpu or cuda:0."""
    device_name: str = ""
    versions: dict[str, str] = {}
    """Versions of inittui, python, torch, …"""
    host: str = ""
    pid: int = 0
    command: tuple[str, ...] = ()
    schema: int = SCHEMA_VERSION


class TrialStarted(Fact, frozen=True, kw_only=True, tag="trial_started"):
    """A trial takes its first step."""

    trial: int


class StepLosses(Fact, frozen=True, kw_only=True, tag="losses"):
    """Losses of consecutive steps: each that batch's mean loss before its update."""

    trial: int
    first: int
    """The 0-based step of the first value."""
    values: tuple[Number, ...]


class EpochEnded(Fact, frozen=True, kw_only=True, tag="epoch_ended"):
    """A trial's epoch is over and was validated."""

    trial: int
    epoch: int
    """1-based."""
    step: int
    """Steps taken so far."""
    train_loss: Number
    """Mean of the epoch's step losses."""
    val_loss: Number
    val_accuracy: float
    """Share of the whole validation part that is classified right, dropout off."""
    seconds: float
    """The trial's training and validation time so far."""


class TrialEnded(Fact, frozen=True, kw_only=True, tag="trial_ended"):
    """A trial takes no further step."""

    trial: int
    status: TrialStatus
    step: int
    seconds: float
    reason: str = ""


class Noted(Fact, frozen=True, kw_only=True, tag="noted"):
    """Something the person should know, in one line."""

    message: str


class RunEnded(Fact, frozen=True, kw_only=True, tag="run_ended"):
    """The last line of a run that ended in order."""

    status: RunStatus
    seconds: float
    """Training and validation, without start-up."""
    wall_seconds: float
    """From process start to here."""
    reason: str = ""


Event = RunStarted | TrialStarted | StepLosses | EpochEnded | TrialEnded | Noted | RunEnded

_encoder = msgspec.json.Encoder()
_decoder: msgspec.json.Decoder[Event] = msgspec.json.Decoder(Event)


def encode(event: Event) -> bytes:
    """Return the event as one line of JSON with its newline."""
    return _encoder.encode(event) + b"\n"


def decode(line: bytes) -> Event:
    """Read one line.

    Raises:
        msgspec.MsgspecError: the line is not an event this version understands.
    """
    return _decoder.decode(line)
