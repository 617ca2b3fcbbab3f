"""The facts that happen in a run: one event, one line of JSON in its log.

Fields are only ever added, with defaults, so that an old log stays readable; a change that an
older reader would misunderstand raises `SCHEMA_VERSION`.
"""

from __future__ import annotations

import functools
from typing import Literal

import msgspec

from inittui.events.probes import Probe, When
from inittui.events.wire_numbers import Number
from inittui.events.wire_text import encode_json
from inittui.experiment.records import Experiment
from inittui.experiment.trials import TrialPlan

SCHEMA_VERSION = 1

TrialStatus = Literal["waiting", "running", "finished", "diverged", "failed", "interrupted"]
RunStatus = Literal["running", "finished", "nothing-finished", "interrupted", "failed"]


class Fact(msgspec.Struct, frozen=True, kw_only=True, tag_field="event"):
    """What all events share."""

    at: float = 0.0
    """When, in seconds since 1970 (UTC)."""


class RunStarted(Fact, frozen=True, kw_only=True, tag="run_started"):
    """The experiment is about to train; everything that is fixed for the run."""

    run: str
    experiment: Experiment
    trials: tuple[TrialPlan, ...]
    steps_per_epoch: int
    device: str
    """The device's name in PyTorch, such as cpu or cuda:0."""
    device_name: str = ""
    classes: int = 0
    """Classes of the data; 0 where an older log doesn't say."""
    validated: int = 0
    """Images that each accuracy is over; 0 where an older log doesn't say."""
    chance: float = 0.0
    """Share of the most frequent class among all training images: the accuracy of a constant
    guess; 0 where an older log doesn't say."""
    data: str = ""
    """Fingerprint of the data; "" where an older log doesn't say."""
    versions: dict[str, str] = {}
    """Versions of inittui, python, torch, …"""
    code: dict[str, tuple[str, str]] = {}
    """Of somebody's own model and initializers, by name: the file's absolute path, and a digest of
    its source and of what it imports from beside it."""
    host: str = ""
    pid: int = 0
    command: tuple[str, ...] = ()
    schema: int = SCHEMA_VERSION


class StacksPlanned(Fact, frozen=True, kw_only=True, tag="stacks_planned"):
    """How the trials are divided into stacks; a later one replaces it."""

    kind: Literal["dense", "general", "turns", "single"]
    groups: tuple[tuple[int, ...], ...]
    """Numbers of the trials of each stack, in the order of training."""


class RunResumed(Fact, frozen=True, kw_only=True, tag="run_resumed"):
    """A run that had stopped goes on, from its checkpoints."""

    differences: tuple[str, ...] = ()
    """What is no longer as it was: the run goes on because somebody insisted."""
    device: str
    device_name: str = ""
    versions: dict[str, str] = {}
    host: str = ""
    pid: int = 0
    command: tuple[str, ...] = ()


class StartValues(msgspec.Struct, frozen=True, array_like=True):
    """Who wrote the start values of one parameter of a model."""

    parameter: str
    initializer: str | None
    """As a scheme writes it: "built" is the model's own code; or "own default" for a module's own
    reset, or "frozen" for what doesn't train and stays; None where no initializer did."""
    digest: str
    """Of shape and values: equal for two tensors that are bitwise equal."""
    values: int = 0
    """How many; 0 where an older log doesn't say."""
    note: str = ""
    """What is to be known of them: what a layer makes of them, or what they go by."""


class TrialStarted(Fact, frozen=True, kw_only=True, tag="trial_started"):
    """A trial takes its first step, or its next one after a resume."""

    trial: int
    step: int = 0
    """Steps that it had taken before."""
    start: tuple[StartValues, ...] = ()
    """All parameters in the model's order; () where the trial goes on from a checkpoint."""
    place: str = ""
    """Which of several processes trains it; "" where there is one."""


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
    train_accuracy: float | None = None
    """Share of the epoch's training images that was classified right as each batch came: before
    its update, dropout on. None where an older log doesn't say."""


class ProbeMeasured(Fact, frozen=True, kw_only=True, tag="probe_measured"):
    """A trial's layers were measured over the fixed batch."""

    trial: int
    when: When
    step: int
    """Steps taken so far."""
    probe: Probe
    seconds: float | None = None
    """What it took, which the trial's own time leaves out; None where an older log doesn't say."""


class ValuesDrawn(Fact, frozen=True, kw_only=True, tag="values_drawn"):
    """Values that one initializer gave a layer of no model, counted: a histogram of a lesson."""

    initializer: str
    """As a scheme writes it."""
    shape: tuple[int, ...]
    seed: int
    mean: float
    std: float
    min: float
    max: float
    edges: tuple[float, ...]
    """One more than the counts."""
    counts: tuple[int, ...]
    atom_shares: tuple[float, ...] = ()
    """Measured share of each of the values that the distribution gives often."""
    within: tuple[float, ...] = ()
    """Share of the values within 1, 2 and 3 of the distribution's standard deviations of its mean;
    () where the distribution isn't known, or an older log doesn't say."""
    outside: int = 0
    """Values that the distribution can't give."""


class Validated(Fact, frozen=True, kw_only=True, tag="validated"):
    """A trial was validated within an epoch."""

    trial: int
    step: int
    """Steps taken so far."""
    val_loss: Number
    val_accuracy: float


class RoundingCompared(Fact, frozen=True, kw_only=True, tag="rounding_compared"):
    """A trial's first steps were taken once more in the other precision, from the same start."""

    trial: int
    steps: int
    difference: Number
    """The largest difference of a step's loss, relative to the larger of the two."""


class DeviceUsed(Fact, frozen=True, kw_only=True, tag="device_used"):
    """What a GPU was used for meanwhile, by all its processes."""

    memory: int
    """Bytes that are taken."""
    total: int
    """Bytes that there are."""
    busy: float | None = None
    """Share of the last moment in which it computed; None where the driver can't be asked."""
    place: str = ""
    """Which of several processes trains there; "" where there is one."""


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
    about: str = ""
    """What it is about, where a later note about the same takes its place."""


class RunEnded(Fact, frozen=True, kw_only=True, tag="run_ended"):
    """The last line of a run that ended in order."""

    status: RunStatus
    seconds: float
    """Training and validation, without start-up."""
    wall_seconds: float
    """From process start to here."""
    reason: str = ""


Event = (
    RunStarted
    | RunResumed
    | StacksPlanned
    | TrialStarted
    | StepLosses
    | EpochEnded
    | ProbeMeasured
    | ValuesDrawn
    | Validated
    | RoundingCompared
    | DeviceUsed
    | TrialEnded
    | Noted
    | RunEnded
)


@functools.cache
def decoder() -> msgspec.json.Decoder[Event]:
    """Return what reads events; made when it is needed, which takes some milliseconds."""
    return msgspec.json.Decoder(Event)


def encode(event: Event) -> bytes:
    """Return the event as one line of JSON with its newline."""
    return encode_json(event) + b"\n"


def decode(line: bytes) -> Event:
    """Read one line.

    Raises:
        msgspec.MsgspecError: the line is not an event this version understands.
    """
    return decoder().decode(line)
