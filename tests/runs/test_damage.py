"""Damaged logs: every one opens, shows what is intact, and says what is wrong."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from inittui.events.records import encode
from inittui.results.state import RunState
from inittui.runs import (
    LogTail,
    LogWriter,
    RunDirectory,
    create_run,
    list_runs,
    load_state,
    read_log,
    verify_run,
)
from tests.support.runs import EXPERIMENT, record, recorded_events
from tests.support.torture import examples, tell

EVENTS = recorded_events()
LINES = [encode(event) for event in EVENTS]
LOG = b"".join(LINES)
MANY = settings(
    max_examples=examples(100),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)

_opened = itertools.count(1)


@dataclass(frozen=True)
class Damaged:
    """A log, and the lines of the original that are in it unharmed, each on a line of its own."""

    log: bytes
    unharmed: frozenset[bytes]


def _damaged(log: bytes) -> Damaged:
    return Damaged(log, frozenset(LINES) & frozenset(log.splitlines(keepends=True)))


places = st.integers(0, len(LOG))


@st.composite
def cut(draw: st.DrawFn) -> Damaged:
    return _damaged(LOG[: draw(places)])


@st.composite
def flipped(draw: st.DrawFn) -> Damaged:
    log = bytearray(LOG)
    for place in draw(st.lists(st.integers(0, len(LOG) - 1), min_size=1, max_size=8)):
        log[place] ^= draw(st.integers(1, 255))
    return _damaged(bytes(log))


@st.composite
def spliced(draw: st.DrawFn) -> Damaged:
    """A part is taken out, or something else stands in its place."""
    begin, end = sorted((draw(places), draw(places)))
    other = draw(
        st.one_of(st.binary(max_size=300), st.just(LOG[: draw(places)]), st.just(b"\0" * 999))
    )
    return _damaged(LOG[:begin] + other + LOG[end:])


@st.composite
def doubled(draw: st.DrawFn) -> Damaged:
    begin, end = sorted((draw(places), draw(places)))
    return _damaged(LOG[:end] + LOG[begin:])


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> RunDirectory:
    return create_run(tmp_path_factory.mktemp("runs"), EXPERIMENT)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> RunState:
    return load_state(record(tmp_path_factory.mktemp("whole")))[0]


@MANY
@given(damaged=st.one_of(cut(), flipped(), spliced(), doubled()))
def test_every_damaged_log_opens_and_shows_what_is_intact(
    run: RunDirectory, damaged: Damaged
) -> None:
    run.log.write_bytes(damaged.log)
    reading = read_log(run.log)
    # A flipped byte in the first line's run ID makes all the rest another run's.
    kept = {encode(event) for event in reading.events}
    foreign = any("another run" in line.reason for line in reading.damage.examples)
    assert damaged.unharmed <= kept or foreign
    messages = reading.damage.messages()
    assert all(message.isprintable() for message in messages)
    if kept != set(LINES) and not kept - set(LINES) and len(damaged.log.splitlines()) == len(LINES):
        assert messages  # something was lost in place, and it is said

    state, _ = load_state(run)
    assert sum(trial.steps for trial in state.trials) < 3_000_000
    verdict = verify_run(run)
    assert all(line.isprintable() for line in (*verdict.problems, *verdict.remarks))
    (listing,) = list_runs(run.path.parent)
    assert listing.id == run.id
    tell(
        "logs cut, flipped, spliced and doubled",
        f"{next(_opened):,} opened, shown as far as they are intact, and judged; none raised",
    )


@st.composite
def rearranged(draw: st.DrawFn) -> bytes:
    """Lines that are lost, repeated and out of order; then a torn one."""
    order = draw(st.lists(st.integers(0, len(LINES) - 1), max_size=2 * len(LINES)))
    torn = LINES[draw(st.integers(0, len(LINES) - 1))]
    lines = [LINES[0], *(LINES[number] for number in order)]
    return b"".join([*lines, torn[: draw(st.integers(0, len(torn) - 1))]])


@MANY
@given(log=rearranged())
def test_lines_come_to_what_is_true_in_any_order(
    run: RunDirectory, whole: RunState, log: bytes
) -> None:
    """Whatever lines are left, or doubled: every loss shown is the true one, in its place."""
    run.log.write_bytes(log)
    state, _ = load_state(run)
    for shown, true in zip(state.trials, whole.trials, strict=True):
        assert shown.steps <= true.steps
        for loss, expected in zip(shown.losses, true.losses, strict=False):
            assert math.isnan(loss) or loss == expected
        assert {e.epoch for e in shown.epochs} <= {e.epoch for e in true.epochs}


@MANY
@given(damaged=st.one_of(cut(), flipped(), spliced()), chunks=st.lists(st.integers(1, 700)))
def test_a_tail_gets_the_same_as_who_reads_it_all(
    run: RunDirectory, damaged: Damaged, chunks: list[int]
) -> None:
    log = damaged.log[: damaged.log.rfind(b"\n") + 1]
    run.log.write_bytes(log)
    at_once = read_log(run.log)
    run.log.write_bytes(b"")
    tail = LogTail(run.log)
    events = []
    with run.log.open("ab", buffering=0) as file:
        begin = 0
        for size in [*chunks, len(log)]:
            file.write(log[begin : begin + size])
            begin += size
            events += tail.poll()
    assert list(map(encode, events)) == list(map(encode, at_once.events))
    assert tail.damage.skipped == at_once.damage.skipped
    assert tail.damage.lines == at_once.damage.lines


@MANY
@given(damaged=st.one_of(cut(), flipped(), spliced()))
def test_a_damaged_log_can_be_written_on(run: RunDirectory, damaged: Damaged) -> None:
    run.log.write_bytes(damaged.log)
    before = read_log(run.log).events
    with LogWriter(run) as log:
        log.write(EVENTS[0])
    after = read_log(run.log)
    expected = [*map(encode, before), LINES[0]]
    assert list(map(encode, after.events)) in (expected, expected[:-1])
    assert run.log.read_bytes().startswith(damaged.log)


@settings(max_examples=examples(100), deadline=None)
@given(garbage=st.binary(max_size=2_000))
def test_garbage_of_any_kind_never_raises(
    tmp_path_factory: pytest.TempPathFactory, garbage: bytes
) -> None:
    directory = tmp_path_factory.mktemp("garbage")
    path = Path(directory) / "events.jsonl"
    path.write_bytes(garbage)
    for message in read_log(path).damage.messages():
        assert message.isprintable()


def test_a_directory_that_cannot_be_looked_into_is_not_called_whole(tmp_path: Path) -> None:
    run = RunDirectory(tmp_path / ("a" * 300))  # as one without permission, which root always has
    assert verify_run(run).problems == ("the log can't be read: File name too long",)
    assert verify_run(RunDirectory(tmp_path / "a")).problems == ()
