"""`inittui runs` as a person and as a script use it."""

from __future__ import annotations

import json
import math
import shutil
import time
from pathlib import Path

import jsonschema
import pytest

from inittui import runs
from inittui.documents.json_documents import schema
from inittui.events.records import Event, Noted, RunEnded, encode
from inittui.experiment.records import Experiment, TrainingConfig
from inittui.runs import LogWriter, RunDirectory, create_run, read_log
from tests.support.commands import Command, python
from tests.support.runs import Made, made_events, record, record_checked


def _events(run: str, experiment: Experiment) -> list[Event]:
    """A finished run of 20 steps an epoch."""
    trials = [
        Made(
            scheme,
            0.5 + number / 10,
            losses=[2.3 * math.exp(-0.1 * number * step) for step in range(20)],
        )
        for number, scheme in enumerate(experiment.schemes)
    ]
    return made_events(trials, run=run, experiment=experiment, steps_per_epoch=20)


def _record(root: Path, *, name: str = "", keep: int | None = None) -> RunDirectory:
    """Make a run; ``keep`` leaves out all but its first events."""
    experiment = Experiment(schemes=("zeros", "rule"), name=name, training=TrainingConfig(epochs=1))
    run = create_run(root, experiment)
    with LogWriter(run) as log:
        log.write_many(_events(run.id, experiment)[:keep])
    return run


def test_an_empty_place_is_friendly(inittui: Command, root: Path) -> None:
    result = inittui("runs")
    assert (result.code, result.out) == (0, "")
    assert result.err == f"inittui: no runs in {root}; 'inittui compare' makes one\n"
    assert inittui("runs", "--json").out == '{"schema":"inittui.runs/1","runs":[]}\n'
    assert not root.exists()


def test_the_list(inittui: Command, root: Path) -> None:
    first = _record(root, name="one")
    time.sleep(0.002)
    second = _record(root, keep=4)
    result = inittui("runs")
    lines = result.out.splitlines()
    assert (result.code, result.err) == (0, "")
    assert lines[0].split() == ["run", "when", "name", "schemes", "best", "status"]
    assert lines[1].split()[0] == second.id
    assert lines[1].endswith("50.0%  lost")
    assert lines[2].split()[0] == first.id
    assert lines[2].endswith("60.0%  finished")
    assert max(map(len, lines)) <= 80
    assert "\x1b" not in result.out
    assert inittui("runs", "list").out.splitlines()[0] == lines[0]
    assert max(map(len, inittui("runs", "--width", 60).out.splitlines())) <= 60


def test_the_list_for_scripts(inittui: Command, root: Path) -> None:
    run = _record(root, name="na\x1b\x9bme \u202e☃")
    for arguments in (("runs", "--json"), ("runs", "list", "--json")):
        result = inittui(*arguments)
        document = json.loads(result.out)
        assert document["schema"] == "inittui.runs/1"
        (listing,) = document["runs"]
        assert listing == {
            "id": run.id,
            "when": pytest.approx(time.time(), abs=60),
            "name": "na\ufffd\ufffdme \ufffd☃",
            "schemes": ["zeros", "rule"],
            "trials": 2,
            "best_accuracy": 0.6,
            "best": "rule",
            "status": "finished",
            "steps": 40,
            "planned_steps": 40,
            "model": "mlp",
            "data": "fashion-mnist",
            "epochs": 1,
            "seconds": listing["seconds"],
            "is_partial": False,
        }
        assert result.out.isascii()


def test_where_the_runs_are_can_be_said_before_and_after_the_sub_command(
    inittui: Command, tmp_path: Path
) -> None:
    elsewhere = tmp_path / "elsewhere"
    run = _record(elsewhere)
    assert run.id in inittui("runs", "--runs-dir", elsewhere).out
    assert inittui("runs", "--runs-dir", elsewhere, "path").out == f"{run.path}\n"
    assert inittui("runs", "path", "last", "--runs-dir", elsewhere).out == f"{run.path}\n"
    assert inittui("runs", "path").code == 2


def test_the_path_of_a_run(inittui: Command, root: Path) -> None:
    run = _record(root, name="mine")
    for text in (run.id, run.id[:15], run.id[-6:], "mine", "last"):
        result = inittui("runs", "path", text)
        assert (result.code, result.out, result.err) == (0, f"{run.path}\n", "")


@pytest.mark.parametrize("command", ["path", "show", "rm", "verify"])
def test_an_unknown_run_is_one_line(inittui: Command, root: Path, command: str) -> None:
    run = _record(root, name="wide")
    result = inittui("runs", command, "wied")
    assert (result.code, result.out) == (2, "")
    assert result.err == "inittui: there is no run 'wied'; did you mean 'wide'?\n"
    hostile = inittui("runs", command, "../..\x1b[31m\n" + "x" * 10_000)
    assert hostile.code == 2
    assert len(hostile.err.splitlines()) == 1
    assert "\x1b" not in hostile.err
    assert run.log.exists()


def test_verifying(inittui: Command, root: Path) -> None:
    whole = _record(root, name="whole")
    result = inittui("runs", "verify")
    assert (result.code, result.out) == (0, "")
    assert result.err == "inittui: 1 run checked, none damaged\n"
    assert inittui("runs", "verify", "whole").out == f"{whole.id}  intact\n"
    bare = _record(root, name="bare")
    bare.log.write_bytes(b"".join(map(encode, read_log(bare.log).events)))
    result = inittui("runs", "verify")
    assert result.code == 0
    assert result.out.startswith(f"{bare.id}  intact as far as can be seen\n  its log has no check")
    assert "2 runs checked, none damaged as far as can be seen: 1 without checksums" in result.err
    shutil.rmtree(bare.path)
    broken = _record(root, name="broken")
    broken.log.write_bytes(broken.log.read_bytes().replace(b'"losses"', b'"lo\x1bses"', 1))
    result = inittui("runs", "verify")
    assert result.code == 4
    assert result.out.startswith(f"{broken.id}  damaged\n  line 3 was skipped: not an event")
    assert "\x1b" not in result.out
    assert result.err == "inittui: 1 of 2 runs damaged; what is intact is still shown\n"
    assert json.loads(inittui("runs", "--json").out)["runs"][0]["status"] == "damaged"


def test_a_run_that_is_removed_while_all_are_verified_is_not_damaged(
    inittui: Command, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    removed, kept = sorted((_record(root), _record(root)), key=lambda run: run.id)
    verify = runs.verify_run

    def remove_and_verify(run: RunDirectory) -> runs.Verdict:
        shutil.rmtree(removed.path, ignore_errors=True)
        return verify(run)

    monkeypatch.setattr(runs, "verify_run", remove_and_verify)
    result = inittui("runs", "verify")
    before = removed.id
    gone = f"inittui: run {before} was removed before all of it was read\n"
    assert (result.code, result.out) == (0, "")
    assert result.err == f"{gone}inittui: 1 run checked, none damaged\n"
    removed = kept
    result = inittui("runs", "verify", "last")
    assert (result.code, result.out) == (2, "")
    assert result.err == gone.replace(before, kept.id)


_REPORT_FORMS = (
    (), ("--width", 60), ("--width", 120, "--log-y"), ("--first", "all", "--linear-y"),
    ("--marker", "block"), ("--json",), ("--csv",),
)  # fmt: skip


def test_a_run_is_shown_as_compare_printed_it(inittui: Command, root: Path) -> None:
    for form in _REPORT_FORMS:
        arguments = ("compare", "zeros", "rule", "--limit", 1000, "--epochs", 1, "--quiet", *form)
        printed = inittui(*arguments)
        assert printed.code == 0
        shown = inittui("runs", "show", "last", *form)
        assert (shown.code, shown.err) == (0, "")
        assert shown.out == printed.out, form
    assert len(json.loads(inittui("runs", "--json").out)["runs"]) == len(_REPORT_FORMS)


def test_a_run_under_way_and_one_that_was_left_are_shown_as_such(
    inittui: Command, root: Path
) -> None:
    run = _record(root, keep=3)
    with LogWriter(run):
        running = inittui("runs", "show")
        assert running.code == 0
        assert "is still running; this is what it has so far" in running.err
        assert json.loads(inittui("runs", "show", "--json").out)["run"]["status"] == "running"
    left = inittui("runs", "show")
    assert left.code == 0
    assert left.err == f"inittui: run {run.id}: its process ended without finishing\n"
    document = json.loads(inittui("runs", "show", "--json").out)
    assert document["run"]["status"] == "interrupted"
    assert [trial["status"] for trial in document["trials"]] == ["interrupted", "interrupted"]
    assert len(document["trials"][0]["loss"]) == 20


def test_what_is_intact_of_a_damaged_run_is_shown(inittui: Command, root: Path) -> None:
    run = _record(root)
    whole = json.loads(inittui("runs", "show", "--json").out)
    run.log.write_bytes(run.log.read_bytes().replace(b'"losses"', b'"\x1b[2J"', 1))
    result = inittui("runs", "show", "--json")
    assert result.code == 0
    assert "line 3 was skipped" in result.err
    assert "\x1b" not in result.err
    shown = json.loads(result.out)
    assert shown["trials"][1] == whole["trials"][1]
    assert shown["trials"][0]["loss"] == []
    assert inittui("runs", "show").code == 0


def test_a_run_without_a_trial_has_nothing_to_show(inittui: Command, root: Path) -> None:
    run = _record(root, keep=0)
    result = inittui("runs", "show")
    assert (result.code, result.out) == (4, "")
    assert "has nothing to show: no trial was recorded" in result.err
    end = RunEnded(status="failed", seconds=0.0, wall_seconds=0.0, reason="no such\x1b device")
    with LogWriter(run) as log:
        log.write(end)
    result = inittui("runs", "show")
    assert result.code == 4
    assert "has nothing to show: no such\ufffd device" in result.err
    result = inittui("runs", "export")
    assert (result.code, result.out) == (4, "")
    assert "has nothing to export: no such\ufffd device" in result.err
    run.log.unlink()
    assert "has no log" in inittui("runs", "show").err


def test_what_a_hostile_log_says_is_shown_without_control_codes(
    inittui: Command, root: Path
) -> None:
    hostile = "\x1b]0;x\x07\x1b[2J\x9b31m\u202e" + "z" * 10_000
    experiment = Experiment(
        schemes=("rule", hostile), name=hostile, training=TrainingConfig(epochs=1)
    )
    run = create_run(root, experiment)
    events = _events(run.id, experiment)
    with LogWriter(run) as log:
        log.write_many([*events[:-1], Noted(at=1.0, message=hostile), events[-1]])
    for form in _REPORT_FORMS:
        result = inittui("runs", "show", *form)
        assert result.code == 0
        assert not set(result.out + result.err) & set("\x1b\x07\x9b\u202e\r"), form


def test_bad_usage_is_one_line(inittui: Command, root: Path) -> None:
    _record(root)
    for arguments in (
        ("runs", "--width", 3),
        ("runs", "show", "--width", 100_000),
        ("runs", "show", "--json", "--csv"),
        ("runs", "show", "--first", "0"),
        ("runs", "show", "--first", "some"),
        ("runs", "show", "--marker", "brail"),
    ):
        result = inittui(*arguments)
        assert (result.code, result.out) == (2, ""), arguments
        assert len(result.err.splitlines()) == 1


def test_a_place_that_is_no_directory(inittui: Command, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    result = inittui("runs", "--runs-dir", tmp_path / "file")
    assert (result.code, result.out) == (4, "")
    assert result.err == f"inittui: can't read the runs in {tmp_path / 'file'}: Not a directory\n"


def test_the_list_needs_no_torch(root: Path) -> None:
    _record(root)
    code = (
        "import sys; from inittui.cli.main import main; sys.argv = ['inittui', 'runs']\n"
        "try: main()\n"
        "finally: print('torch' in sys.modules, 'filelock' in sys.modules, file=sys.stderr)"
    )
    done = python(code)
    assert done.stderr == "False False\n"
    assert "finished" in done.stdout


def test_several_runs_are_shown_together(inittui: Command, root: Path) -> None:
    first, second = record(root), record(root)
    assert inittui("runs", "rename", first.id, "one").code == 0
    drawn = inittui("runs", "show", "one", second.id, "--overlay")
    assert drawn.code == 0
    assert f"one/{_scheme(drawn.out)}" in drawn.out
    told = inittui("runs", "diff", "one", second.id)
    assert told.code == 0
    assert "The versions are the same." in told.out
    document = json.loads(inittui("runs", "diff", "one", second.id, "--json").out)
    jsonschema.validate(document, schema("runs.diff"))
    assert document["names"] == [first.id, second.id]
    assert inittui("runs", "diff", "one").code == 2
    assert inittui("runs", "show", "one", second.id).code == 2


def _scheme(text: str) -> str:
    return text.partition("one/")[2].split()[0]


def test_a_list_is_chosen_from_sorted_and_cut(inittui: Command, root: Path) -> None:
    runs = [record(root) for _ in range(3)]
    document = json.loads(inittui("runs", "-n", "2", "--json").out)
    jsonschema.validate(document, schema("runs"))
    # Of two in one millisecond chance decides which is the later.
    latest = sorted((run.id for run in runs), reverse=True)
    assert [run["id"] for run in document["runs"]] == latest[:2]
    assert inittui("runs", "list", "--csv").out.count("\n") == 4
    none = inittui("runs", "--model", "nope")
    assert (none.code, none.out) == (0, "")
    assert "none of the 3 runs" in none.err


def test_an_experiment_is_repeated_by_its_run(inittui: Command, root: Path) -> None:
    run = record(root)
    command = inittui("runs", "repeat", run.id)
    assert command.code == 0
    assert command.out.startswith("inittui compare ")
    refused = inittui("compare", "--config", "nothing")
    assert (refused.code, refused.err.count("\n")) == (2, 1)
    assert "there is no run 'nothing'" in refused.err


def test_what_a_damaged_run_has_lost_is_told_where_it_is_over(inittui: Command, root: Path) -> None:
    run = record_checked(root)
    lines = run.log.read_bytes().splitlines(keepends=True)
    run.log.write_bytes(b"".join([lines[0], lines[-1]]))
    result = inittui("runs", "resume", run.id)
    assert "is over" in result.err
    assert "lines are missing or moved before line 2" in result.err
