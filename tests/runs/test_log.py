"""The log: whole lines in, the same events out, whatever stands between them."""

from __future__ import annotations

import os
import resource
import tracemalloc
from pathlib import Path

import msgspec
import pytest

from inittui.errors import MachineError
from inittui.events.records import Noted, StepLosses, encode
from inittui.results.state import fold
from inittui.runs import (
    LogTail,
    LogWriteError,
    LogWriter,
    RunDirectory,
    create_run,
    list_runs,
    load_settled,
    load_state,
    read_log,
)
from inittui.runs.decoding import MAXIMUM_LINE, LogDecoder
from tests.support.runs import EXPERIMENT, NOTE, OTHER, record, recorded_events


def test_what_was_written_is_read(run: RunDirectory) -> None:
    events = recorded_events(run.id)
    with LogWriter(run) as log:
        log.write(events[0])
        log.write_many(events[1:10])
        log.sync()
        for event in events[10:]:
            log.write(event)
    reading = read_log(run.log)
    # NaN is not equal to itself, so the bytes are compared.
    assert list(map(encode, reading.events)) == list(map(encode, events))
    assert not reading.damage.messages()
    assert reading.damage.lines == len(events)
    state, damage = load_state(run)
    assert state.status == "finished"
    assert not damage.is_damaged


@pytest.mark.parametrize("cut", range(1, len(encode(OTHER))))
def test_a_torn_last_line_is_noted_and_no_damage(run: RunDirectory, cut: int) -> None:
    run.log.write_bytes(encode(NOTE) + encode(OTHER)[:-cut])
    reading = read_log(run.log)
    # With nothing but its newline missing, an event is whole.
    assert reading.events == ([NOTE, OTHER] if cut == 1 else [NOTE])
    assert reading.damage.torn == (0 if cut == 1 else 1)
    assert not reading.damage.is_damaged
    with LogWriter(run) as log:
        log.write(NOTE)
    again = read_log(run.log)
    assert again.events == [*reading.events, NOTE]
    assert again.damage.torn == reading.damage.torn
    assert not again.damage.is_damaged


@pytest.mark.parametrize("cut", [0, 1, 2, 40])
def test_zeros_at_the_end_as_a_power_cut_leaves_them_are_no_damage(
    run: RunDirectory, cut: int
) -> None:
    with LogWriter(run) as log:
        log.write_many([NOTE, OTHER])
    whole = run.log.read_bytes()
    run.log.write_bytes(whole[: len(whole) - cut] + b"\0" * 5_000)
    with LogWriter(run) as log:
        log.write(NOTE)
    reading = read_log(run.log)
    assert reading.events == ([NOTE, OTHER, NOTE] if cut < 2 else [NOTE, NOTE])
    assert not reading.damage.is_damaged, reading.damage.messages()
    assert reading.damage.added == 0


def test_every_event_cut_anywhere_is_recognised_as_torn() -> None:
    kinds = {type(event): event for event in recorded_events()}
    for event in kinds.values():
        line = encode(event)
        for end in range(1, len(line) - 1):
            decoder = LogDecoder()
            assert decoder.feed(line[:end]) + decoder.finish() == []
            assert (decoder.damage.torn, decoder.damage.skipped) == (1, 0), line[:end]


def test_a_writer_stopped_while_it_cancels_a_torn_line(run: RunDirectory) -> None:
    run.log.write_bytes(encode(NOTE) + encode(OTHER)[:9] + b"\x18")
    with LogWriter(run) as log:
        log.write(OTHER)
    reading = read_log(run.log)
    assert reading.events == [NOTE, OTHER]


@pytest.mark.parametrize(("garbage", "reason"), [
    (b"garbage", "not an event"),
    (b"\x00" * 5_000, "not an event"),
    (b"\xff\xfe", "not an event"),
    (b'{"event":"noted","message":"\xff"}', "not UTF-8"),
    (b'{"event":"noted","message":"\\ud800"}', "truncated"),
    (b'{"event":"noted","message":"cut', "truncated"),
    (b'{"event":"noted"}', "missing required field"),
    (b'{"event":"noted","message":7}', "Expected `str`"),
    (b"[1,2]", "Expected `object`"),
    (b"null", "Expected `object`"),
    (b'{"a":1}', "missing required field"),
    (b'{"event":1}', "Expected `str`"),
    (b'{"event":"noted","message":"a","x":' + b"[" * 50_000 + b"]" * 50_000 + b"}", "deeply"),
    (b'{"event":"losses","trial":0,"first":0,"values":[1e999]}', "out of range"),
], ids=lambda value: value[:12] if isinstance(value, str) else "")  # fmt: skip
def test_garbage_in_the_middle_is_skipped_and_named(
    run: RunDirectory, garbage: bytes, reason: str
) -> None:
    run.log.write_bytes(encode(NOTE) + garbage + b"\n" + encode(OTHER))
    reading = read_log(run.log)
    assert reading.events == [NOTE, OTHER]
    assert reading.damage.is_damaged
    (message,) = reading.damage.messages()
    assert message.startswith("line 2 was skipped")
    assert reason in message
    assert message.isprintable()


def test_blank_lines_and_foreign_line_ends_are_no_damage(run: RunDirectory) -> None:
    run.log.write_bytes(b"\n" + encode(NOTE).replace(b"\n", b"\r\n") + b"  \n\n" + encode(OTHER))
    reading = read_log(run.log)
    assert reading.events == [NOTE, OTHER]
    assert not reading.damage.messages()


def test_a_lost_newline_loses_no_event(run: RunDirectory) -> None:
    for between in (b"", b" ", b"X", b"\x00\x00"):
        run.log.write_bytes(encode(NOTE)[:-1] + between + encode(OTHER) + encode(NOTE))
        reading = read_log(run.log)
        assert reading.events[-2:] == [OTHER, NOTE]
        assert reading.damage.is_damaged or reading.events == [NOTE, OTHER, NOTE]


def test_what_follows_a_torn_line_on_the_same_line_is_kept(run: RunDirectory) -> None:
    run.log.write_bytes(encode(NOTE) + encode(OTHER)[:20] + encode(OTHER))
    reading = read_log(run.log)
    assert reading.events == [NOTE, OTHER]
    assert reading.damage.skipped == 1


def test_many_damaged_lines_are_counted_not_kept(run: RunDirectory) -> None:
    run.log.write_bytes(b"garbage\n" * 100_000)
    damage = read_log(run.log).damage
    assert damage.skipped == damage.lines == 100_000
    assert damage.messages()[-1] == "99,997 more of 100,000 lines were skipped"
    assert len(damage.messages()) == 4
    run.log.write_bytes(b"garbage\n" * 4)
    assert read_log(run.log).damage.messages()[-1] == "1 more of 4 lines was skipped"


def test_a_line_of_a_quarter_gigabyte_is_never_held(run: RunDirectory) -> None:
    with run.log.open("wb") as file:
        file.write(encode(NOTE))
        file.seek(2**28, os.SEEK_CUR)  # a hole: zeros without disk space
        file.write(b"\n" + encode(OTHER))
    tracemalloc.start()
    try:
        reading = read_log(run.log)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert reading.events == [NOTE, OTHER]
    assert reading.damage.messages() == [f"line 2 was skipped: longer than {MAXIMUM_LINE:,} bytes"]
    assert reading.damage.lines == 3
    assert peak < 3 * MAXIMUM_LINE


def test_the_longest_lines_that_are_written_are_read(run: RunDirectory) -> None:
    event = StepLosses(trial=0, first=0, values=tuple(i / 7 for i in range(500_000)))
    assert MAXIMUM_LINE / 3 < len(encode(event)) < MAXIMUM_LINE
    run.log.write_bytes(encode(NOTE) + encode(event) + encode(OTHER))
    assert read_log(run.log).events == [NOTE, event, OTHER]
    with LogWriter(run) as log, pytest.raises(LogWriteError, match="bytes is too long"):
        log.write(Noted(message="x" * MAXIMUM_LINE))
    assert read_log(run.log).events == [NOTE, event, OTHER]


def test_a_newer_log_is_shown_as_far_as_it_is_understood(run: RunDirectory) -> None:
    start = msgspec.to_builtins(recorded_events(run.id)[0])
    start["schema"] = 7
    start["colour"] = "green"
    start["experiment"]["warmup"] = 3
    start["experiment"]["training"]["optimizer"] = "lion\x1b"
    start["experiment"]["training"]["momentum\n"] = {"a": [1]}
    lines = [
        msgspec.json.encode(start),
        b'{"event":"gradient","norm":1}',
        b'{"event":"trial_ended","trial":0,"status":"paused","step":1,"seconds":1}',
        *(encode(event).rstrip() for event in recorded_events(run.id)[1:]),
    ]
    run.log.write_bytes(b"\n".join(lines) + b"\n")
    state, damage = load_state(run)
    assert state.status == "finished"
    assert state.started is not None
    assert state.started.experiment == EXPERIMENT
    assert not damage.is_damaged
    assert damage.unknown == 2
    messages = damage.messages()
    assert messages[0] == "2 events of a newer inittui can't be shown by this version"
    assert messages[1].startswith("written by a newer inittui (log schema 7); settings that")
    left_out = ("warmup", "training.optimizer", "training.momentum")
    assert all(name in messages[1] for name in left_out)
    assert all(message.isprintable() for message in messages)


def test_an_older_log_is_read(run: RunDirectory) -> None:
    """A start with nothing but what the first version had to have."""
    start = {
        "event": "run_started", "run": run.id, "steps_per_epoch": 20, "device": "cpu",
        "experiment": {"schemes": ["rule"]}, "trials": [{"scheme": "rule", "seed": 0}],
    }  # fmt: skip
    run.log.write_bytes(msgspec.json.encode(start) + b"\n")
    state, damage = load_state(run)
    assert state.schemes == ["rule"]
    assert not damage.messages()


def test_events_of_another_run_are_not_taken_for_this_ones(tmp_path: Path) -> None:
    run, other = record(tmp_path), record(tmp_path)
    whole = load_state(run)[0]
    lines = run.log.read_bytes().splitlines(keepends=True)
    foreign = other.log.read_bytes().replace(b'"values":[2.', b'"values":[9.')
    run.log.write_bytes(b"".join(lines[:9]) + foreign)
    state, damage = load_state(run)
    assert state.trials[0].losses == whole.trials[0].losses[: len(state.trials[0].losses)]
    assert damage.skipped == len(foreign.splitlines())
    assert f"it belongs to another run, {other.id}" in damage.messages()[0]


def test_a_run_that_was_resumed_goes_on_under_its_own_id(run: RunDirectory) -> None:
    events = recorded_events(run.id)
    with LogWriter(run) as log:
        log.write_many(events[:12])
    with LogWriter(run) as log:
        log.write_many([events[0], *events[6:]])
    state, damage = load_state(run)
    assert not damage.messages()
    assert _facts(state) == _facts(fold(events))


def _facts(state: object) -> str:
    trials = state.trials  # type: ignore[attr-defined]
    return repr([(t.scheme, t.status, t.losses.tolist(), t.epochs, t.seconds) for t in trials])


def test_a_log_said_twice_is_one_run(run: RunDirectory) -> None:
    events = recorded_events(run.id)
    twice = [copy for event in events for copy in (event, event)]
    for doubled in (twice, events + events, events[:15] + events[5:]):
        assert _facts(fold(doubled)) == _facts(fold(events))


def test_a_lost_start_is_taken_from_the_experiment(tmp_path: Path) -> None:
    run = record(tmp_path)
    whole = load_state(run)[0]
    lines = run.log.read_bytes().splitlines(keepends=True)
    run.log.write_bytes(b"".join([lines[0].replace(b'"trials"', b'"tri\x00ls"'), *lines[1:]]))
    state, damage = load_state(run)
    assert _facts(state) == _facts(whole)
    assert state.total_steps == whole.total_steps
    assert damage.messages()[-1].endswith("its trials are those of experiment.toml")
    run.experiment_file.write_text("schemes = 3")
    state, damage = load_state(run)
    assert state.trials == []
    assert "experiment.toml can't be read" in damage.messages()[-1]
    assert list_runs(tmp_path)[0].status == "damaged"


@pytest.mark.parametrize("kind", ["link out", "link within", "dangling", "fifo", "directory"])
def test_a_log_that_is_no_file_is_refused(tmp_path: Path, kind: str) -> None:
    run = create_run(tmp_path / "runs", EXPERIMENT)
    secret = tmp_path / "secret"
    secret.write_bytes(encode(NOTE))
    if kind == "link out":
        run.log.symlink_to(secret)
    elif kind == "link within":
        run.log.symlink_to("experiment.toml")
    elif kind == "dangling":
        run.log.symlink_to(tmp_path / "nothing")
    elif kind == "fifo":
        os.mkfifo(run.log)
    else:
        run.log.mkdir()
    for attempt in (lambda: read_log(run.log), lambda: load_state(run), LogTail(run.log).poll):
        with pytest.raises(MachineError, match=r"events\.jsonl: not a regular file"):
            attempt()
    with pytest.raises(MachineError), LogWriter(run) as log:
        log.write(NOTE)
    assert secret.read_bytes() == encode(NOTE)
    assert not (tmp_path / "nothing").exists()
    assert list_runs(tmp_path / "runs")[0].status == "damaged"


def test_a_missing_log_is_said(run: RunDirectory) -> None:
    with pytest.raises(MachineError, match="has no log"):
        load_state(run)


def test_a_run_left_without_an_end_is_settled_as_interrupted(run: RunDirectory) -> None:
    events = recorded_events(run.id)
    with LogWriter(run) as log:
        log.write_many(events[:12])
        assert load_settled(run)[0].status == "running"
    state, _ = load_settled(run)
    assert state.status == "interrupted"
    assert state.ended is not None
    assert state.ended.reason == "its process ended without finishing"
    assert {trial.status for trial in state.trials[1:]} == {"interrupted"}


def test_reading_a_long_log_takes_no_memory_for_its_length(run: RunDirectory) -> None:
    line = encode(StepLosses(trial=10**6, first=0, values=(0.5,) * 20))
    with run.log.open("wb") as file:
        for _ in range(50):
            file.write(line * 1000)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    tracemalloc.start()
    try:
        state, _ = load_state(run)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert state.version >= 50_000
    assert peak < 10 * 2**20
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100_000
