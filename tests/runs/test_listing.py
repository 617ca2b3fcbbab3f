"""The list of runs: right, quick, and never stopped by one that is broken."""

from __future__ import annotations

import os
import time
from pathlib import Path

import msgspec
import pytest

from inittui.errors import MachineError, UsageError
from inittui.events.records import RunEnded, StepLosses, decode, encode
from inittui.experiment.records import Experiment
from inittui.runs import (
    LogWriter,
    RunListing,
    create_run,
    find_run,
    list_runs,
    load_state,
    rename_run,
    summarize,
    verify_run,
)
from inittui.runs.listing import _FORMAT, _Summary, mark_log
from tests.support.runs import EXPERIMENT, accuracy, record, record_checked, recorded_events

SEVERAL_SEEDS = msgspec.structs.replace(EXPERIMENT, seeds=(0, 1))


def test_a_listing_tells_what_the_log_tells(tmp_path: Path) -> None:
    run = record(tmp_path, msgspec.structs.replace(EXPERIMENT, name="mine"), now=1e9 + 0.25)
    (listing,) = list_runs(tmp_path)
    state, _ = load_state(run)
    assert listing == RunListing(
        id=run.id,
        when=1e9 + 0.25,
        name="mine",
        schemes=EXPERIMENT.schemes,
        trials=3,
        best_accuracy=accuracy(2, 0),
        status="finished",
        steps=sum(trial.steps for trial in state.trials),
        planned_steps=3 * 40,
        model=EXPERIMENT.model.name,
        data=EXPERIMENT.data.name,
        epochs=2,
        seconds=state.ended.seconds,
        best="normal:std=0.05",
    )


def test_a_lost_run_took_what_its_log_tells(tmp_path: Path) -> None:
    events = recorded_events()
    directory = create_run(tmp_path, EXPERIMENT)
    with LogWriter(directory) as log:
        log.write_many(events[:-1])
        (going_on,) = list_runs(tmp_path)
        assert (going_on.status, going_on.seconds) == ("running", None)
    (listing,) = list_runs(tmp_path)
    state, _ = load_state(directory)
    assert listing.status == "lost"
    assert listing.seconds == sum(trial.seconds for trial in state.trials) > 0


def test_the_best_accuracy_is_the_best_schemes_mean(tmp_path: Path) -> None:
    record(tmp_path, SEVERAL_SEEDS)
    # Trials are numbered over the schemes under seed 0, then under seed 1. The last diverges
    # in its second epoch.
    expected = max(
        (accuracy(0, 1) + accuracy(3, 1)) / 2,
        (accuracy(1, 1) + accuracy(4, 1)) / 2,
        (accuracy(2, 1) + accuracy(5, 0)) / 2,
    )
    assert list_runs(tmp_path)[0].best_accuracy == pytest.approx(expected)


def test_runs_are_listed_the_newest_first(tmp_path: Path) -> None:
    made = [record(tmp_path, now=now) for now in (1e9, 3e9, 2e9)]
    assert [listing.id for listing in list_runs(tmp_path)] == [made[i].id for i in (1, 2, 0)]
    assert list_runs(tmp_path / "nowhere") == []
    (tmp_path / "file").write_text("")
    with pytest.raises(MachineError, match="can't read the runs in"):
        list_runs(tmp_path / "file")


def test_every_status(tmp_path: Path) -> None:
    run = create_run(tmp_path, EXPERIMENT)
    events = recorded_events(run.id)
    assert summarize(run).status == "lost"
    assert summarize(run).schemes == EXPERIMENT.schemes
    with LogWriter(run) as log:
        assert summarize(run).status == "running"
        log.write_many(events[:6])
        listing = summarize(run)
        assert (listing.status, listing.steps) == ("running", 20)
    assert summarize(run).status == "lost"
    with LogWriter(run) as log:
        log.write_many(events[6:-1])
        for status in ("interrupted", "failed", "nothing-finished", "finished"):
            log.write(RunEnded(status=status, seconds=1.0, wall_seconds=1.0))  # type: ignore[arg-type]
            assert summarize(run).status == status
    with run.log.open("ab") as file:
        file.write(b"garbage\n")
    assert summarize(run).status == "damaged"


def test_a_broken_run_doesn_t_stop_the_list(tmp_path: Path) -> None:
    whole = record(tmp_path)
    for number, content in enumerate([b"", b"\0" * 100, b"[" * 99_999, b'{"event":"noted"}\n']):
        create_run(tmp_path, EXPERIMENT, now=number + 1).log.write_bytes(content)
    create_run(tmp_path, EXPERIMENT).experiment_file.write_bytes(b"\xff[[[")
    empty = create_run(tmp_path, EXPERIMENT)
    empty.experiment_file.unlink()
    impossible = tmp_path / "99999999-999999-999-abcdef"
    impossible.mkdir()
    (impossible / "experiment.toml").symlink_to("/etc/passwd")
    os.mkfifo(impossible / "summary.json")
    os.mkfifo(impossible / "name.txt")
    (impossible / "events.jsonl").write_bytes(whole.log.read_bytes())
    listings = {listing.id: listing for listing in list_runs(tmp_path)}
    assert len(listings) == 8
    assert listings[whole.id].status == "finished"
    assert listings[empty.id] == RunListing(id=empty.id, when=listings[empty.id].when)
    assert (listings[impossible.name].status, listings[impossible.name].when) == ("finished", 0.0)
    for run in tmp_path.iterdir():
        verify_run(type(whole)(run))


def test_what_was_kept_of_a_log_is_used_until_the_log_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = record(tmp_path)
    before = summarize(run)
    kept = run.summary_file.read_bytes()

    def refuse(*_: object) -> None:
        raise AssertionError("the log was read")

    with monkeypatch.context() as patch:
        patch.setattr("inittui.runs.listing.load_state", refuse)
        patch.setattr("inittui.runs.listing.read_ends", refuse)
        assert summarize(run) == before
        os.utime(run.log, (5, 5))
        with pytest.raises(AssertionError, match="the log was read"):
            summarize(run)

    assert summarize(run) == before
    assert run.summary_file.read_bytes() != kept

    with run.log.open("ab") as file:
        file.write(encode(RunEnded(status="interrupted", seconds=1.0, wall_seconds=1.0)))
    assert summarize(run).status == "interrupted"


def test_a_forged_summary_is_made_anew(tmp_path: Path) -> None:
    run = record(tmp_path)
    before = summarize(run)
    kept = run.summary_file.read_bytes()
    for old, new in (
        (b'"finished"', b'"failed"'),
        (b'"best_accuracy":0.7', b'"best_accuracy":1'),
        (b'"steps":', b'"steps":1'),
        (b'"checksum":', b'"checksum":1'),
    ):
        assert old in kept
        run.summary_file.write_bytes(kept.replace(old, new))
        assert summarize(run) == before
        assert run.summary_file.read_bytes() == kept


def test_a_summary_of_another_log_of_the_same_size_and_age_is_stale(tmp_path: Path) -> None:
    run = record(tmp_path)
    assert summarize(run).status == "finished"
    found = run.log.stat()
    log = run.log.read_bytes()
    head, tail = log.rsplit(b'"status":"finished",', 1)
    run.log.write_bytes(head + b'"status":"failed"  ,' + tail)
    os.utime(run.log, ns=(found.st_atime_ns, found.st_mtime_ns))
    assert run.log.stat().st_size == found.st_size
    assert summarize(run).status == "failed"


def test_a_summary_that_was_forged_with_care_is_found_by_who_reads_the_log(tmp_path: Path) -> None:
    run = record(tmp_path)
    before = summarize(run)
    lie = msgspec.structs.replace(before, best_accuracy=1.0)
    run.summary_file.write_bytes(
        msgspec.json.encode(_Summary(_FORMAT, mark_log(run), lie).sealed())
    )
    assert summarize(run) == lie
    (problem,) = verify_run(run).problems
    assert problem == f"{run.summary_file}: it said other than the log; it was made anew"
    assert summarize(run) == before
    assert verify_run(run).problems == ()


def test_a_new_name_makes_no_summary_false(tmp_path: Path) -> None:
    run = record(tmp_path)
    summarize(run)
    rename_run(run, "best")
    assert verify_run(run).problems == ()
    assert summarize(run).name == "best"


def test_a_log_that_is_too_long_for_a_list_is_read_at_both_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = record(tmp_path)
    whole = summarize(run)
    run.summary_file.unlink()
    monkeypatch.setattr("inittui.runs.listing.MOST_READ", 4000)
    assert run.log.stat().st_size > 4000
    listing = summarize(run)
    assert listing == msgspec.structs.replace(
        whole, best_accuracy=None, best="", steps=0, planned_steps=0, is_partial=True
    )
    assert summarize(run, whole=True) == whole
    assert summarize(run) == whole
    run.summary_file.unlink()
    summarize(run)
    assert verify_run(run).problems == ()
    assert summarize(run) == whole


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[" * 99_999,
        b"\xff",
        b" " * 2**21,
        b'{"format":1}',
        b'{"format":99}',
        b'{"format":1,"size":1,"modified":1,"listing":{"id":"x","when":0,"steps":-1}}',
    ],
    ids=["empty", "cut", "deep", "binary", "huge", "other fields", "newer", "impossible number"],
)
def test_a_damaged_summary_is_made_anew(tmp_path: Path, content: bytes) -> None:
    run = record(tmp_path)
    before = summarize(run)
    run.summary_file.write_bytes(content)
    assert summarize(run) == before
    assert msgspec.json.decode(run.summary_file.read_bytes())["listing"]["id"] == run.id


def test_a_copied_run_is_not_taken_for_the_original(tmp_path: Path) -> None:
    run = record_checked(tmp_path, now=1e9)
    before = summarize(run)
    copy = create_run(tmp_path, EXPERIMENT, now=2e9)
    for path in (run.log, run.summary_file):
        (copy.path / path.name).write_bytes(path.read_bytes())
        os.utime(copy.path / path.name, ns=(0, path.stat().st_mtime_ns))
    assert summarize(copy) == msgspec.structs.replace(before, id=copy.id, when=2e9)
    assert verify_run(copy).remarks == (f"the log is that of run {run.id}",)


def test_a_directory_that_can_t_be_written_is_listed_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = record(tmp_path)
    before = sorted(run.path.iterdir())

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("inittui.runs.listing.write_whole", refuse)
    assert summarize(run).status == "finished"
    assert sorted(run.path.iterdir()) == before


def test_hostile_names_are_listed_safely(tmp_path: Path) -> None:
    hostile = Experiment(
        name="\x1b[2J\u202e" + "n" * 10_000, schemes=("rule\x1b]0;x\x07", "y" * 10_000) * 200
    )
    record(tmp_path, hostile)
    (listing,) = list_runs(tmp_path)
    assert listing.name.isprintable()
    assert len(listing.name) <= 200
    assert len(listing.schemes) <= 100
    assert all(scheme.isprintable() and len(scheme) <= 200 for scheme in listing.schemes)


def test_a_thousand_runs_are_listed_in_well_under_a_second(tmp_path: Path) -> None:
    run = record(tmp_path / "one")
    log = run.log.read_bytes()
    for number in range(1000):
        path = tmp_path / "runs" / f"20260101-000000-{number:03d}-abcdef"
        path.mkdir(parents=True)
        (path / "events.jsonl").write_bytes(log)
    assert len(list_runs(tmp_path / "runs")) == 1000
    begin = time.process_time()
    assert len(list_runs(tmp_path / "runs")) == 1000
    assert time.process_time() - begin < 0.8  # 0.1 measured


def test_a_run_is_found_by_what_a_person_types(tmp_path: Path) -> None:
    first = record(tmp_path, now=1e9)
    second = record(tmp_path, now=1e9 + 1)
    rename_run(second, "my best")
    for text in (first.id, first.id[:15], first.id[9:15], first.id[-6:], first.id[-4:]):
        assert find_run(tmp_path, text) == first
    assert find_run(tmp_path, "last") == second
    assert find_run(tmp_path, "my best") == second


def test_a_name_decides_where_an_id_can_t(tmp_path: Path) -> None:
    first = record(tmp_path, now=1e9)
    record(tmp_path, now=1e9 + 1)
    rename_run(first, "2001")
    assert find_run(tmp_path, "2001") == first


def test_a_name_goes_before_the_end_of_an_id(tmp_path: Path) -> None:
    first = record(tmp_path, now=1e9)
    second = record(tmp_path, now=1e9 + 1)
    rename_run(first, second.id[-6:])
    assert find_run(tmp_path, second.id[-6:]) == first
    with pytest.raises(UsageError, match="there is no run"):
        find_run(tmp_path, second.id[-3:])


def test_what_names_no_run_or_several_is_said(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"there are no runs in .*inittui compare"):
        find_run(tmp_path, "last")
    runs = [record(tmp_path, now=1e9 + i) for i in range(5)]
    with pytest.raises(UsageError, match=f"could be {runs[4].id}, .* and 2 more"):
        find_run(tmp_path, "2001")
    typo = runs[0].id[:-1] + "Z"
    with pytest.raises(UsageError, match="did you mean '2001"):
        find_run(tmp_path, typo)
    for run in runs[:2]:
        rename_run(run, "twin")
    with pytest.raises(UsageError, match="'twin' could be"):
        find_run(tmp_path, "twin")
    for hostile in ("", "..", "../x", "/etc", ".", f"{runs[0].id}/", "x" * 10_000, "\x1b[31m\n"):
        with pytest.raises(UsageError, match="there is no run") as caught:
            find_run(tmp_path, hostile)
        assert str(caught.value).isprintable()
        assert len(str(caught.value)) < 300


def test_a_whole_run_is_intact(tmp_path: Path) -> None:
    verdict = verify_run(record_checked(tmp_path, SEVERAL_SEEDS))
    assert (verdict.problems, verdict.remarks) == ((), ())


def test_what_is_lost_or_contradicts_itself_is_named(tmp_path: Path) -> None:
    run = record(tmp_path)
    lines = run.log.read_bytes().splitlines(keepends=True)
    run.log.write_bytes(b"".join([*lines[:4], *lines[5:]]))
    assert verify_run(run).problems == ("zeros, seed 0: 5 losses are missing",)
    losses = decode(lines[4])
    assert isinstance(losses, StepLosses)
    shorter = msgspec.structs.replace(losses, values=losses.values[:-1])
    run.log.write_bytes(b"".join([*lines[:4], encode(shorter), *lines[5:]]))
    assert verify_run(run).problems[-1] == "zeros, seed 0: 1 loss is missing"

    run.log.write_bytes(b"".join(lines))
    other = msgspec.structs.replace(EXPERIMENT, seeds=(7,))
    run.experiment_file.write_text(
        create_run(tmp_path / "other", other).experiment_file.read_text()
    )
    (problem,) = verify_run(run).problems
    assert problem.endswith("not the experiment that the log was written for")
    run.experiment_file.unlink()
    (problem,) = verify_run(run).problems
    assert "No such file" in problem

    empty = create_run(tmp_path, EXPERIMENT)
    assert verify_run(empty).remarks == ("it has no log: nothing of it was recorded",)
    empty.log.write_bytes(b"")
    assert verify_run(empty).remarks == ("its log is empty: nothing of it was recorded",)
    assert verify_run(empty).problems == ()
    with LogWriter(empty) as log:
        log.write(recorded_events(empty.id)[0])
        assert "being written by pid" in verify_run(empty).remarks[0]
    assert verify_run(empty).remarks == ("its process ended without finishing",)
