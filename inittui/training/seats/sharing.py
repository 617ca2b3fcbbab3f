"""The driver of several seats: who trains which stack, and what becomes of a lost one's.

Only the driver's process writes: an event before the checkpoint that rests on it.
"""

from __future__ import annotations

import math
import queue
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from msgspec.structs import replace

from inittui.data import sets
from inittui.errors import MachineError, UsageError
from inittui.events.records import (
    DeviceUsed,
    EpochEnded,
    Event,
    Noted,
    StepLosses,
    TrialEnded,
    TrialStarted,
    decode,
)
from inittui.experiment.devices import LOCAL
from inittui.initializers.code_digest import code_digests, sources
from inittui.initializers.named_code import named_code
from inittui.training.checkpoints import CheckpointStore, most_bytes
from inittui.training.hardware import Place, versions
from inittui.training.planning import Kind
from inittui.training.prepared import Prepared
from inittui.training.seats.data import packed
from inittui.training.seats.messages import (
    Answer,
    Code,
    Kept,
    Lost,
    Order,
    Over,
    Ready,
    Seat,
    Setup,
    Stop,
    Told,
)
from inittui.training.seats.process import SeatProcess

MOST_ATTEMPTS = 3
"""Processes that may be lost over one stack before its trials fail, or at one place without work
before it is given up: on a node that dies, a cluster may still begin some."""

_WAIT_SECONDS = 0.1
_END_SECONDS = 10.0
"""What seats have for their last step and checkpoint, once they were asked to stop."""

_NO_SEAT_SECONDS = 600.0
"""After which a run ends, interrupted, where a cluster has no place for any process."""

_UNREAD = 64
"""Messages of all seats that wait to be read; then the seats wait."""

_Group = tuple[int, ...]
MakeRoom = Callable[[_Group, deque[_Group]], Iterator[Event]]
"""Puts the halves of a stack that ran out of memory back in line."""


@dataclass
class _Work:
    """What a seat is busy with."""

    group: _Group
    is_interrupted: bool = False


class Sharing:
    """Trains the stacks of a run in several processes."""

    def __init__(
        self,
        prepared: Prepared,
        kind: Kind,
        make_room: MakeRoom,
        *,
        checkpoints: CheckpointStore | None,
        logged: Mapping[int, tuple[int, int]] | None,
    ) -> None:
        self._prepared, self._kind, self._make_room = prepared, kind, make_room
        self._checkpoints, self._logged = checkpoints, logged
        self._inbox: queue.Queue[Answer] = queue.Queue(_UNREAD)
        self._places: dict[Seat, Place] = {}
        """Of the processes that live."""
        self._ready: dict[Seat, _Work | None] = {}
        """What those do that have prepared the run."""
        self._attempts: dict[_Group, int] = {}
        self._lost_idle: Counter[str] = Counter()
        """Processes lost while they had no work, by their place."""
        self._ended: set[int] = set()
        self._reached: dict[int, tuple[int, float]] = {}
        """The steps that a trial has taken, and its seconds, as far as they were told."""
        self._setup = Setup(
            experiment=prepared.asked_for,
            threads=1,
            places={},
            code={},
            versions={name: versions()[name] for name in ("inittui", "torch")},
            data=prepared.data.fingerprint,
            checkpoint_seconds=checkpoints.every if checkpoints else None,
        )
        self._where = prepared.asked_for.training.on
        shipped: dict[str, Code] = {}
        for reference, (path, digest) in code_digests(named_code(prepared.asked_for)).items():
            self._setup.code[reference] = digest
            place = reference.rpartition(":")[0]
            if self._where != LOCAL and (found := sources(place)):
                shipped[place] = Code(place, *found)
            # One that no message can hold is looked for from the same folder, as here.
            elif place.endswith(".py") and path == path.encode(errors="ignore").decode():
                self._setup.places[place] = path
        self._setup = replace(self._setup, shipped=tuple(shipped.values()))
        name = prepared.asked_for.data.name
        self._data = None if self._where == LOCAL or sets.is_shipped(name) else packed(name)

    def train(self, groups: deque[_Group], should_stop: Callable[[], bool]) -> Iterator[Event]:
        """Train stacks until none is left, in the order of ``groups`` as seats come free.

        Raises:
            UsageError: the person's code fails.
            MachineError: no process could be started.
        """
        began, until = time.monotonic(), math.inf
        heard = began
        try:
            for place in self._prepared.places[: len(groups)]:
                self._start(place)
            count = len(self._places)
            while groups or any(self._ready.values()):
                if until == math.inf and should_stop():
                    until = time.monotonic() + _END_SECONDS
                    for seat in self._ready:
                        seat.send(Stop())
                is_busy = any(self._ready.values())
                if until < math.inf and not (is_busy and time.monotonic() < until):
                    # What didn't end in order is as good as waiting.
                    groups.extend(work.group for work in self._ready.values() if work)
                    return
                if until == math.inf:
                    self._hand_out(groups)
                try:
                    answer = self._inbox.get(timeout=_WAIT_SECONDS)
                except queue.Empty:
                    if not self._ready and time.monotonic() - heard > _NO_SEAT_SECONDS:
                        return  # interrupted: there may be one again when it is resumed
                    continue
                heard = time.monotonic()
                if answer.seat in self._places:
                    yield from self._answered(answer, groups)
                if count and len(self._ready) == count:
                    yield _noted(f"{_processes(count)} began in {time.monotonic() - began:.1f} s")
                    count = 0
        finally:
            for seat in self._places:
                seat.end()

    def _start(self, place: Place) -> None:
        seat: Seat
        if self._where == LOCAL:
            seat = SeatProcess(place.name, place.threads, self._inbox)
        else:
            from inittui.training.seats.on_ray import RaySeat

            seat = RaySeat(
                place.name, place.threads, self._inbox,
                where=self._where, is_gpu=place.device != "cpu",
            )  # fmt: skip
        self._places[seat] = place
        asked_for = self._prepared.asked_for
        training = replace(asked_for.training, device=place.device, devices=None, on=LOCAL)
        experiment = replace(asked_for, training=training)
        if self._data is not None:
            seat.send(self._data)
        seat.send(replace(self._setup, experiment=experiment, threads=place.threads))

    def _hand_out(self, groups: deque[_Group]) -> None:
        for seat, work in self._ready.items():
            if work is None and groups:
                group = groups.popleft()
                self._ready[seat] = _Work(group)
                seat.send(self._order(group))

    def _order(self, group: _Group) -> Order:
        attempt = self._attempts.setdefault(group, 1)
        content = b""
        if self._checkpoints is not None:
            variant = self._prepared.variant_of(group[0])
            steps = variant.feed([variant.trials[group[0]].seed]).steps_per_epoch
            content = self._checkpoints.content(
                group, most_bytes(variant.template, len(group), steps)
            )
        # What this process has written is in the log; only an earlier one may have lost a part.
        logged = dict(self._logged) if self._logged and attempt == 1 else None
        return Order(attempt, self._kind, group, content, logged)

    def _answered(self, answer: Answer, groups: deque[_Group]) -> Iterator[Event]:
        seat, message = answer
        work = self._ready.get(seat)
        match message:
            case Ready():
                self._ready[seat] = None
                if self._where != LOCAL:
                    seat.name = f"{message.host} {seat.name}"
            case Told() if work is not None:
                yield self._told(seat, decode(message.event), work)
            case Kept() if work is not None and self._checkpoints is not None:
                store, group, content = self._checkpoints, work.group, message.checkpoint
                for text in store.trying(lambda: store.put(group, content)):
                    yield Noted(at=time.time(), message=text, about="checkpoint")
            case Over():
                _raise(seat, message)
                if work is not None:
                    self._ready[seat] = None
                    yield from self._over(message, work, groups)
            case Lost():
                yield from self._lost(seat, message, groups)
            case _:
                pass

    def _told(self, seat: Seat, event: Event, work: _Work) -> Event:
        if isinstance(event, TrialStarted | DeviceUsed):
            return replace(event, place=seat.name)
        if isinstance(event, StepLosses | EpochEnded):
            self._reach(event)
        if isinstance(event, TrialEnded):
            if event.status == "interrupted":
                work.is_interrupted = True
            else:
                self._ended.add(event.trial)
        return event

    def _reach(self, event: StepLosses | EpochEnded) -> None:
        steps, seconds = self._reached.get(event.trial, (0, 0.0))
        if isinstance(event, EpochEnded):
            seconds = max(seconds, event.seconds)
        else:
            steps = max(steps, event.first + len(event.values))
        self._reached[event.trial] = steps, seconds

    def _over(self, message: Over, work: _Work, groups: deque[_Group]) -> Iterator[Event]:
        if message.trouble == "memory":
            yield from self._make_room(work.group, groups)
        elif self._checkpoints is not None and not work.is_interrupted:
            self._checkpoints.remove(work.group)

    def _lost(self, seat: Seat, lost: Lost, groups: deque[_Group]) -> Iterator[Event]:
        """Let another process, or a new one, begin the stack again from its checkpoint."""
        place = self._places.pop(seat)
        seat.end()
        work = self._ready.pop(seat, None)
        if work is None:
            self._lost_idle[place.name] += 1
            if self._lost_idle[place.name] < MOST_ATTEMPTS:
                self._start(place)
                yield _noted(f"{seat.name} is lost ({lost.how}) without work; it begins again")
                return
            if not self._places:
                raise MachineError(f"no process that trains is left: {seat.name}, {lost.how}")
            yield _noted(f"{seat.name} is lost ({lost.how}); the others go on")
            return
        self._start(place)
        attempt = self._attempts[work.group]
        self._attempts[work.group] += 1
        what = f"the process on {seat.name} was lost ({lost.how})"
        if attempt < MOST_ATTEMPTS:
            groups.appendleft(work.group)
            times = f", {attempt} times in all" if attempt > 1 else ""
            yield _noted(f"{what}{times}; its trials begin again from where they were last kept")
            return
        for trial in work.group:
            if trial not in self._ended:
                step, seconds = self._reached.get(trial, (0, 0.0))
                yield TrialEnded(
                    at=time.time(), trial=trial, status="failed", step=step, seconds=seconds,
                    reason=f"{what}, {MOST_ATTEMPTS} times in all",
                )  # fmt: skip


def _noted(message: str) -> Noted:
    return Noted(at=time.time(), message=message)


def _processes(count: int) -> str:
    return "1 process that trains" if count == 1 else f"{count} processes that train"


def _raise(seat: Seat, over: Over) -> None:
    if over.trouble == "usage":
        raise UsageError(over.reason)
    if over.trouble == "machine":
        raise MachineError(f"{seat.name}: {over.reason}")
    if over.trouble == "bug":
        raise RuntimeError(f"in the process on {seat.name}:\n{over.reason}")
