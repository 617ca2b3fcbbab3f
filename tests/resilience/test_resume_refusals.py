"""A run that would not go on as it began is not resumed, unless somebody insists."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from inittui.events.records import RunEnded
from inittui.experiment.records import DataConfig, Experiment, ModelConfig, TrainingConfig
from inittui.recording.recorder import Recorder
from inittui.recording.resume import differences, open_resumption
from inittui.runs import (
    LogWriter,
    RunBusyError,
    RunDirectory,
    create_run,
    load_state,
    read_name,
)
from inittui.runs.chain import BEGIN, add_checksum
from inittui.runs.launch import start_worker
from inittui.training.prepared import prepare
from tests.support.beating import beating
from tests.support.processes import Interrupted, Launcher, essence, the_run


def _edit_toml(old: str, new: str) -> Callable[[RunDirectory], None]:
    def edit(run: RunDirectory) -> None:
        text = run.experiment_file.read_text()
        assert old in text
        run.experiment_file.write_text(text.replace(old, new))

    return edit


def _edit_start(**changes: object) -> Callable[[RunDirectory], None]:
    """Change what the log's first line says, as if another machine had written it."""

    def edit(run: RunDirectory) -> None:
        start, *rest = map(json.loads, run.log.read_bytes().splitlines())
        for key, value in changes.items():
            start[key] = start[key] | value if isinstance(value, dict) else value
        run.log.write_bytes(b"")
        last = BEGIN
        for event in (start, *rest):
            del event["crc"]
            line, last = add_checksum(json.dumps(event).encode() + b"\n", last)
            with run.log.open("ab") as log:
                log.write(line)

    return edit


CHANGES: dict[str, tuple[Callable[[RunDirectory], None], str]] = {
    "batch size": (_edit_toml("batch_size = 20", "batch_size = 25"), "experiment.toml was changed"),
    "schemes": (_edit_toml('"default"', '"zeros"'), "the trials are others"),
    "torch": (_edit_start(versions={"torch": "1.0"}), "torch was 1.0, is "),
    "inittui": (_edit_start(versions={"inittui": "0.0.1"}), "inittui was 0.0.1, is "),
    "arithmetic": (_edit_start(versions={"arithmetic": "SOME"}), "arithmetic was SOME, is "),
    "data": (_edit_start(data="0123456789abcdef"), "the data are others"),
    "device": (_edit_start(device="cuda:0", device_name="H100"), "was cuda:0 (H100), is cpu"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_what_is_no_longer_as_it_was_is_named_and_refused(
    inittui: Launcher, interrupted: Interrupted, tmp_path: Path, change: str
) -> None:
    run = interrupted.copy(tmp_path / "runs")
    edit, message = CHANGES[change]
    edit(run)
    before = run.log.read_bytes()
    result = inittui.run("runs", "resume", "last", "-q", "--runs-dir", tmp_path / "runs")
    assert result.code == 2
    assert message in result.err
    assert ("--force" in result.err) == (change != "schemes")
    assert result.err.count("\n") == 1
    assert result.out == ""
    assert run.log.read_bytes() == before


def test_what_a_log_doesn_t_know_of_the_device_is_no_difference(
    interrupted: Interrupted, tmp_path: Path
) -> None:
    """An older log names no hardware, and one that has lost its start no device."""
    run = interrupted.copy(tmp_path / "runs")
    prepared = prepare(open_resumption(run).experiment)
    for changes in ({"device_name": ""}, {"device": "", "device_name": ""}):
        _edit_start(**changes)(run)
        assert differences(open_resumption(run), prepared) == []
    _edit_start(device="cuda:0")(run)
    (said,) = differences(open_resumption(run), prepared)
    assert said.startswith("the device was cuda:0, is cpu (")


def test_a_run_that_was_renamed_is_the_same_run(
    inittui: Launcher, interrupted: Interrupted, tmp_path: Path
) -> None:
    run = interrupted.copy(tmp_path / "runs")
    before = read_name(run)
    named = inittui.run("runs", "rename", "last", "mine", "--runs-dir", run.path.parent)
    assert (named.code, named.out) == (0, "")
    assert named.err == f"inittui: run {run.id} is now called 'mine'; it was '{before}'\n"
    _edit_toml('name = ""', 'name = "written into the file"')(run)
    resumed = inittui.run("runs", "resume", "mine", "-q", "--runs-dir", run.path.parent)
    assert resumed.code == 0, resumed.err
    assert "went on although" not in " ".join(resumed.out.split())
    assert essence(run) == interrupted.essence
    assert inittui.run("runs", "verify", "mine", "--runs-dir", run.path.parent).code == 0


def test_a_run_that_somebody_else_has_gone_on_with_is_left_to_them(
    interrupted: Interrupted, tmp_path: Path
) -> None:
    run = interrupted.copy(tmp_path / "runs")
    mine = open_resumption(run)
    with LogWriter(run) as log:
        log.write(RunEnded(status="finished", seconds=1.0, wall_seconds=1.0))
    before = run.log.read_bytes()
    with pytest.raises(RunBusyError, match="was written by another process meanwhile") as raised:
        next(iter(Recorder.of_resumption(mine).events(should_stop=lambda: True)))
    assert raised.value.exit_code == 2
    assert run.log.read_bytes() == before


def test_who_insists_gets_a_whole_run_that_says_what_was_different(
    inittui: Launcher, interrupted: Interrupted, tmp_path: Path
) -> None:
    run = interrupted.copy(tmp_path / "runs")
    CHANGES["torch"][0](run)
    options = ("--force", "-q", "--runs-dir", tmp_path / "runs")
    result = inittui.run("runs", "resume", "last", *options)
    assert result.code == 0, result.err
    state, damage = load_state(run)
    assert state.status == "finished"
    assert not damage.messages()
    assert all(trial.steps == state.total_steps for trial in state.trials)
    resumed = [json.loads(x) for x in run.log.read_bytes().splitlines() if b'"run_resumed"' in x]
    assert "torch was 1.0" in resumed[0]["differences"][0]

    before = run.log.read_bytes()
    again = inittui.run("runs", "resume", "last", "-q", "--runs-dir", tmp_path / "runs")
    assert (again.code, again.out) == (0, result.out)
    assert "is over" in again.err
    assert "already done" in again.err
    assert again.err.count("\n") == 1
    assert start_worker(run, resume=True).wait(60) == 0
    assert run.log.read_bytes() == before


def test_other_trials_are_another_run_whoever_insists(
    inittui: Launcher, interrupted: Interrupted, tmp_path: Path
) -> None:
    run = interrupted.copy(tmp_path / "runs")
    _edit_toml('"default"', '"zeros"')(run)
    before = run.log.read_bytes()
    result = inittui.run("runs", "resume", "last", "-q", "--force", "--runs-dir", run.path.parent)
    assert (result.code, result.out) == (2, "")
    assert "what is in experiment.toml now is another run" in result.err
    assert run.log.read_bytes() == before


def test_a_setting_that_was_changed_is_told_of_in_the_report(
    inittui: Launcher, interrupted: Interrupted, tmp_path: Path
) -> None:
    run = interrupted.copy(tmp_path / "runs")
    _edit_toml("lr = 0.001", "lr = 0.002")(run)
    result = inittui.run("runs", "resume", "last", "-q", "--force", "--runs-dir", run.path.parent)
    assert result.code == 0, result.err
    words = " ".join(result.out.split())
    assert (
        "it went on although experiment.toml was changed: training.lr was 0.001, is 0.002" in words
    )


def _cut(lines: int) -> Callable[[bytes], bytes]:
    return lambda log: b"".join(log.splitlines(keepends=True)[:lines])


def _without_a_line(log: bytes) -> bytes:
    lines = log.splitlines(keepends=True)
    losses = next(i for i, line in enumerate(lines) if b'"losses"' in line)
    return b"".join([*lines[:losses], b"garbage\n", *lines[losses + 1 :]])


@pytest.mark.parametrize("damage", [_cut(0), _cut(5), _without_a_line], ids=["all", "most", "one"])
def test_what_a_damaged_log_lacks_is_trained_again(
    inittui: Launcher, interrupted: Interrupted, tmp_path: Path, damage: Callable[[bytes], bytes]
) -> None:
    run = interrupted.copy(tmp_path / "runs")
    run.log.write_bytes(damage(run.log.read_bytes()))
    result = inittui.run("runs", "resume", "last", "-q", "--runs-dir", run.path.parent)
    assert result.code == 0, result.err
    state = load_state(run)[0]
    whole = [each["losses"] for each in interrupted.essence]
    assert [trial.losses.tobytes() for trial in state.trials] == whole
    assert all(len(trial.epochs) == 6 for trial in state.trials)


def test_a_run_of_another_host_goes_on_for_who_insists(
    inittui: Launcher, interrupted: Interrupted, tmp_path: Path
) -> None:
    run = interrupted.copy(tmp_path / "runs")
    with beating(run):
        refused = inittui.run("runs", "resume", "last", "-q", "--runs-dir", run.path.parent)
        assert (refused.code, refused.out) == (2, "")
        assert "looking for up to 30 s whether pid 1 on host elsewhere still" in refused.err
        assert "written to a moment ago by pid 1 on host elsewhere" in refused.err
        removed = inittui.run("runs", "rm", "last", "--yes", "--runs-dir", run.path.parent)
        assert removed.code == 2
        assert "is being written by pid 1 on host elsewhere" in removed.err
    run.beat_file.unlink()
    forced = inittui.run("runs", "resume", "last", "-q", "--force", "--runs-dir", run.path.parent)
    assert forced.code == 0, forced.err
    assert essence(run) == interrupted.essence


def test_a_run_without_its_experiment_is_refused_in_one_line(
    inittui: Launcher, interrupted: Interrupted, tmp_path: Path
) -> None:
    run = interrupted.copy(tmp_path / "runs")
    run.experiment_file.unlink()
    result = inittui.run("runs", "resume", "last", "-q", "--runs-dir", tmp_path / "runs")
    assert result.code in (2, 4)
    assert "experiment.toml" in result.err
    assert result.err.count("\n") == 1


def test_a_run_that_was_killed_before_its_first_event_begins_from_the_beginning(
    inittui: Launcher, interrupted: Interrupted, tmp_path: Path
) -> None:
    for content in (None, b"", b'{"event":"run_sta'):
        run = interrupted.copy(tmp_path / f"{content!r:.3}")
        run.log.unlink()
        if content is not None:
            run.log.write_bytes(content)
        _edit_toml("epochs = 6", "epochs = 1")(run)
        result = inittui.run("runs", "resume", "last", "-q", "--runs-dir", run.path.parent)
        assert result.code == 0, result.err
        assert load_state(run)[0].status == "finished"


_CODE = """
from pathlib import Path
Path(__file__).with_name("was-run").write_text("yes")
def half(tensor):
    tensor.uniform_(-0.02, 0.02)
"""


def test_a_run_that_names_code_is_resumed_only_by_who_trusts_it(
    inittui: Launcher, tmp_path: Path
) -> None:
    code = tmp_path / "mine.py"
    code.write_text(_CODE)
    seen = tmp_path / "was-run"
    options = (
        "--limit",
        "2600",
        "--epochs",
        "9",
        "--hidden",
        "64",
        "--runs-dir",
        tmp_path / "runs",
    )
    process = inittui.start("compare", f"{code}:half", *options, "-q", "--seeds", "3")
    while not list(tmp_path.glob("runs/*/events.jsonl")):
        time.sleep(0.01)
    process.kill()
    assert process.wait().code == -9
    seen.unlink()

    again = ("runs", "resume", "last", "-q", "--runs-dir", tmp_path / "runs")
    for looking in (("runs", "show"), ("runs", "list"), ("runs", "verify"), again):
        result = inittui.run(*looking, "--runs-dir", tmp_path / "runs")
        assert "Traceback" not in result.err
        assert not seen.exists()
    assert result.code == 2
    assert "names code" in result.err
    assert "--trust" in result.err
    worker = start_worker(the_run(tmp_path / "runs"), resume=True)
    assert worker.wait(60) == 2
    assert not seen.exists()
    trusted = inittui.run(*again, "--trust")
    assert trusted.code == 0, trusted.err
    assert load_state(the_run(tmp_path / "runs"))[0].status == "finished"


@pytest.mark.parametrize("change", ["changed", "moved"])
def test_code_that_is_another_is_told_and_refused(
    inittui: Launcher, tmp_path: Path, change: str
) -> None:
    code, helper = tmp_path / "net.py", tmp_path / "parts.py"
    helper.write_text("WIDTH = 8\n")
    code.write_text(
        "from torch import nn\nfrom parts import WIDTH\ndef build():\n"
        "    return nn.Sequential(nn.Flatten(), nn.Linear(784, WIDTH), nn.Linear(WIDTH, 10))\n"
    )
    runs = tmp_path / "runs"
    wanted = Experiment(("built",), model=ModelConfig(f"{code}:build"), data=DataConfig(limit=200),
                        training=TrainingConfig(epochs=3, device="cpu"))  # fmt: skip
    run, asked = create_run(runs, wanted), iter(range(9))
    for _ in Recorder(prepare(wanted), run).events(should_stop=lambda: next(asked) > 2):
        pass
    again = ("runs", "resume", "last", "-q", "--trust", "--runs-dir", runs)
    if change == "moved":
        code.rename(tmp_path / "other.py")
        result = inittui.run(*again)
        assert (result.code, result.out) == (2, "")
        assert f"there is no file {code}" in result.err
        return
    helper.write_text("WIDTH = 8  # wide enough\n")
    result = inittui.run(*again)
    assert (result.code, result.out) == (2, "")
    assert (
        f"the code of {code}:build was changed, or what it imports from beside it; 'inittui runs"
        in (result.err)
    )
    result = inittui.run(*again, "--force")
    assert result.code == 0
    assert "was changed, or what it imports" in " ".join(result.out.split())
