"""Checksums in a log: what was changed, lost or moved is found; old logs stay readable."""

from __future__ import annotations

import os
import time
from pathlib import Path

import msgspec
import pytest

from inittui.events.records import Noted, StepLosses, decode, encode
from inittui.runs import LogWriter, RunDirectory, create_run, read_log, verify_run
from inittui.runs.chain import BEGIN, add_checksum
from tests.support.runs import EXPERIMENT, recorded_events


@pytest.fixture
def run(tmp_path: Path) -> RunDirectory:
    made = create_run(tmp_path / "runs", EXPERIMENT)
    with LogWriter(made) as log:
        log.write_many(recorded_events(made.id))
    return made


def _lines(run: RunDirectory) -> list[bytes]:
    return run.log.read_bytes().splitlines(keepends=True)


def test_an_older_reader_understands_every_line(run: RunDirectory) -> None:
    assert list(map(decode, _lines(run))) == recorded_events(run.id)


def test_every_changed_digit_is_found_and_not_shown(run: RunDirectory) -> None:
    assert verify_run(run).problems == ()
    log = run.log.read_bytes()
    places = [i for i, byte in enumerate(log) if byte in b"0123456789"]
    assert len(places) > 1000
    whole = recorded_events(run.id)
    for place in places[:: len(places) // 150]:
        digit = b"1" if log[place : place + 1] != b"1" else b"2"
        run.log.write_bytes(log[:place] + digit + log[place + 1 :])
        reading = read_log(run.log)
        assert reading.damage.is_damaged, log[place - 20 : place + 5]
        assert [event for event in reading.events if event not in whole] == []
    run.log.write_bytes(log.replace(b'"val_accuracy":0.7', b'"val_accuracy":0.9', 1))
    assert "its checksum doesn't fit" in verify_run(run).problems[0]


def test_lines_that_are_missing_repeated_or_moved_are_found(run: RunDirectory) -> None:
    lines = _lines(run)
    # An accuracy and the end of a trial: no loss is missing.
    ended = next(i for i, line in enumerate(lines) if b"trial_ended" in line)
    for name, changed in {
        "one": [*lines[:ended], *lines[ended + 1 :]],
        "two": [*lines[: ended - 1], *lines[ended + 1 :]],
        "first": lines[1:],
        "again": [*lines[: ended + 1], *lines[ended:]],
        "moved": [*lines[: ended - 1], lines[ended], lines[ended - 1], *lines[ended + 1 :]],
    }.items():
        run.log.write_bytes(b"".join(changed))
        problems = " ".join(verify_run(run).problems)
        assert "lines are missing or moved before line" in problems, name
    run.log.write_bytes(b"".join(lines))
    assert verify_run(run).problems == ()


def test_a_checksum_that_was_taken_off_is_missed(run: RunDirectory) -> None:
    lines = _lines(run)
    bare = encode(decode(lines[5]))
    run.log.write_bytes(b"".join([*lines[:5], bare, *lines[6:]]))
    verdict = verify_run(run)
    assert verdict.problems == ("lines are missing or moved before line 7",)


@pytest.mark.parametrize("place", [6, None])
def test_a_line_that_was_added_without_a_checksum_is_told(
    run: RunDirectory, place: int | None
) -> None:
    lines = _lines(run)
    added = encode(decode(lines[5]))
    at = len(lines) if place is None else place
    run.log.write_bytes(b"".join([*lines[:at], added, *lines[at:]]))
    problems = verify_run(run).problems
    assert "1 line was added without a checksum, after others that have one" in problems


def test_a_log_without_any_checksum_is_not_called_as_sound_as_others(run: RunDirectory) -> None:
    run.log.write_bytes(b"".join(encode(decode(line)) for line in _lines(run)))
    verdict = verify_run(run)
    assert verdict.problems == ()  # as an older version wrote it
    assert verdict.is_unchecked
    [remark] = verdict.remarks
    assert "has no checksums (an older inittui wrote it, or they were removed)" in remark
    assert "changed numbers can't be seen" in remark


def test_an_old_log_is_gone_on_with(tmp_path: Path) -> None:
    run = create_run(tmp_path, EXPERIMENT)
    events = recorded_events(run.id)
    run.log.write_bytes(b"".join(map(encode, events[:10])))
    assert verify_run(run).problems == ()
    for part in (events[10:20], events[20:]):
        with LogWriter(run) as log:
            log.write_many(part)
    verdict = verify_run(run)
    assert verdict.problems == ()
    assert "10 of " in verdict.remarks[0]
    assert "carry no checksum" in verdict.remarks[0]
    assert read_log(run.log).events == events


@pytest.mark.parametrize("torn", [b'{"event":"noted","mess', b'{"event":"noted","message":"x', b""])
def test_the_chain_goes_on_over_a_torn_line(run: RunDirectory, torn: bytes) -> None:
    with run.log.open("ab") as file:
        file.write(torn)
    for number in range(3):
        with LogWriter(run) as log:
            log.write(Noted(at=1.0, message=str(number)))
    reading = read_log(run.log)
    assert not reading.damage.is_damaged, reading.damage.messages()
    assert len(reading.events) == len(recorded_events()) + 3


def test_a_last_line_without_its_newline_is_a_link(run: RunDirectory) -> None:
    os.truncate(run.log, run.log.stat().st_size - 1)
    with LogWriter(run) as log:
        log.write(Noted(at=1.0, message="more"))
    reading = read_log(run.log)
    assert not reading.damage.messages()
    assert len(reading.events) == len(recorded_events()) + 1


def test_a_line_longer_than_what_is_read_at_once_is_a_link(run: RunDirectory) -> None:
    for message in ("x" * 200_000, "y"):
        with LogWriter(run) as log:
            log.write(Noted(at=1.0, message=message))
    with LogWriter(run) as log:
        log.write(Noted(at=1.0, message="z"))
    assert not read_log(run.log).damage.messages()


def test_a_checksum_costs_little_beside_its_event() -> None:
    event = StepLosses(
        at=time.time(), trial=3, first=100, values=tuple(1 / (i + 1) for i in range(50))
    )
    line = encode(event)

    def seconds(of: object) -> float:
        best = float("inf")
        for _ in range(5):
            began = time.process_time()
            for _ in range(2000):
                of()  # type: ignore[operator]
            best = min(best, time.process_time() - began)
        return best / 2000

    assert seconds(lambda: add_checksum(line, BEGIN)) < 20e-6  # 2 µs measured, a write is some 5
    assert msgspec.json.decode(add_checksum(line, BEGIN)[0])["values"] == list(event.values)
