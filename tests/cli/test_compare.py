"""`inittui compare` as a person or a script runs it: real data, and real processes where the
process itself counts; what is only printed is the same in this one, which has torch loaded."""

from __future__ import annotations

import csv
import io
import json
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from tests.support.commands import (
    INITTUI,
    Command,
    Completed,
    command_of,
    inittui,
    wait_until,
)

QUICK = ("--limit", "1000", "--epochs", "1")


@pytest.fixture
def runs(tmp_path: Path) -> str:
    return str(tmp_path / "runs")


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    return command_of(monkeypatch, capsys)


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> tuple[Completed, str]:
    """One comparison, whose output several tests look at."""
    runs = str(tmp_path_factory.mktemp("done") / "runs")
    return inittui("compare", "zeros", "ones", "rule", *QUICK, "--runs-dir", runs), runs


def test_report_goes_to_stdout_and_progress_to_stderr(
    done: tuple[Completed, str],
) -> None:
    finished, _ = done
    assert finished.returncode == 0
    assert "training loss, all steps" in finished.stdout
    assert "can't rank" in finished.stdout or "reaches" in finished.stdout
    assert "\x1b" not in finished.stdout + finished.stderr
    assert "\r" not in finished.stdout + finished.stderr
    assert max(map(len, finished.stdout.splitlines())) <= 80
    lines = finished.stderr.splitlines()
    assert len(lines) == 3
    assert all(line.startswith("inittui: ") and "epoch 1/1" in line for line in lines)


def test_show_repeats_the_report_byte_for_byte(
    done: tuple[Completed, str],
) -> None:
    finished, runs = done
    again = inittui("runs", "show", "last", "--runs-dir", runs)
    assert again.stdout == finished.stdout
    (run,) = (path for path in Path(runs).iterdir() if path.is_dir())
    assert {"experiment.toml", "events.jsonl"} <= {path.name for path in run.iterdir()}


def test_the_saved_experiment_repeats_the_run_bitwise(
    done: tuple[Completed, str], runs: str
) -> None:
    _, before = done
    (run,) = (path for path in Path(before).iterdir() if path.is_dir())
    config = ("--config", str(run / "experiment.toml"))
    again = inittui("compare", *config, "--json", "--quiet", "--runs-dir", runs)
    shown = inittui("runs", "show", "last", "--json", "--runs-dir", before)
    first, second = json.loads(shown.stdout), json.loads(again.stdout)
    assert [trial["loss"] for trial in first["trials"]] == [t["loss"] for t in second["trials"]]


def test_json_has_the_facts_and_follows_its_schema(command: Command, runs: str) -> None:
    finished = command(
        "compare", "zeros", "rule", "--seeds", "3", *QUICK, "--json", "-q", "--runs-dir", runs
    )
    document = json.loads(finished.out)
    assert finished.err == ""
    schema = json.loads(command("schema", "compare").out)
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(document, schema)
    assert document["schema"] == "inittui.compare/1"
    assert len(document["trials"]) == 6
    for trial in document["trials"]:
        assert len(trial["loss"]) == 8
        assert trial["val_accuracy"] == trial["epochs"][-1]["val_accuracy"]
        assert trial["first_loss"] == pytest.approx(sum(trial["loss"]) / 8)
        assert trial["status"] == "finished"
    for one in document["summary"]:
        assert one["val_accuracy"]["n"] == 3
    assert [one["rank"] for one in document["summary"]] == [1, 2]
    run = document["run"]
    assert 0 < run["seconds"] <= run["wall_seconds"]
    assert Path(run["path"]).is_dir()
    assert run["device"] == "cpu"


def strict(text: str) -> Any:
    """Read JSON as its standard has it: no NaN, no Infinity."""

    def refuse(name: str) -> None:
        raise AssertionError(f"{name} is not JSON")

    return json.loads(text, parse_constant=refuse)


def test_a_diverged_trial_survives_json_and_log(command: Command, runs: str) -> None:
    finished = command(
        "compare", "rule", "constant:value=1e30", *QUICK, "--json", "-q", "--runs-dir", runs
    )
    assert finished.code == 0
    document = strict(finished.out)
    jsonschema.validate(document, json.loads(command("schema").out))
    rule, blown = document["trials"]
    assert rule["status"] == "finished"
    assert blown["status"] == "diverged"
    assert blown["loss"][-1] in ("NaN", "Infinity")
    shown = command("runs", "show", "last", "--json", "--runs-dir", runs)
    assert strict(shown.out)["trials"] == document["trials"]


def test_nothing_finished_is_exit_3(command: Command, runs: str) -> None:
    finished = command("compare", "constant:value=1e30", *QUICK, "--runs-dir", runs)
    assert finished.code == 3
    assert "diverged" in finished.out


def test_csv_has_one_row_per_trial_and_epoch(command: Command, runs: str) -> None:
    finished = command(
        "compare", "zeros", "rule", "-n", "1000", "-e", "2", "--csv", "-q", "--runs-dir", runs
    )
    rows = list(csv.DictReader(io.StringIO(finished.out)))
    assert [(row["scheme"], row["epoch"]) for row in rows] == [
        ("zeros", "1"), ("zeros", "2"), ("rule", "1"), ("rule", "2"),
    ]  # fmt: skip
    assert all(0 <= float(row["val_accuracy"]) <= 1 for row in rows)


def test_no_save_keeps_nothing(command: Command, runs: str) -> None:
    finished = command("compare", "zeros", *QUICK, "--no-save", "-q", "--runs-dir", runs)
    assert finished.code == 0
    assert not Path(runs).exists()
    assert "not kept" in finished.out


def test_options_override_the_file(command: Command, tmp_path: Path) -> None:
    file = tmp_path / "e.toml"
    file.write_text('schemes = ["zeros"]\n[data]\nlimit = 500\n[training]\nepochs = 3\nlr = 0.01\n')
    document = json.loads(
        command("compare", "rule", "-c", str(file), "-e", "1", "--json", "-q", "--no-save").out
    )
    experiment = document["experiment"]
    assert experiment["schemes"] == ["rule"]
    assert experiment["training"]["epochs"] == 1
    assert experiment["training"]["lr"] == 0.01
    assert experiment["data"]["limit"] == 500


def started(runs: str, *arguments: str, sign: bytes = b'"losses"') -> subprocess.Popen[str]:
    """Start a long comparison and wait until it trains, which a ``sign`` in its log tells."""
    process = subprocess.Popen(
        [INITTUI, "compare", "zeros", "rule", "--runs-dir", runs, "-e", "50", *arguments],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip
    for _ in range(600):
        logs = list(Path(runs).glob("*/events.jsonl"))
        if logs and sign in logs[0].read_bytes():
            return process
        time.sleep(0.1)
    process.kill()
    raise AssertionError(process.communicate())


def test_ctrl_c_once_ends_in_order(runs: str) -> None:
    process = started(runs)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "interrupted" in out
    assert "training loss" in out
    assert "Traceback" not in err
    assert "interrupted" in inittui("runs", "--runs-dir", runs).stdout


def test_ctrl_c_twice_ends_at_once(runs: str) -> None:
    process = started(runs)
    process.send_signal(signal.SIGINT)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Traceback" not in err


SLOW = """
import time
from torch import nn

class Slow(nn.Sequential):
    def forward(self, x):
        if self.training and len(x) > 2:  # not when it is tried
            time.sleep(30)
        return super().forward(x)

def slow():
    return Slow(nn.Flatten(), nn.Linear(784, 600), nn.ReLU(), nn.Linear(600, 10))
"""


def test_ctrl_c_twice_does_not_wait_for_the_steps_that_are_begun(runs: str, tmp_path: Path) -> None:
    own = tmp_path / "own.py"
    own.write_text(SLOW)
    process = started(runs, "--model", f"{own}:slow", sign=b'"trial_started"')
    process.send_signal(signal.SIGINT)
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)
    began = time.monotonic()
    process.communicate(timeout=60)
    assert time.monotonic() - began < 10
    assert process.returncode == 130


def test_a_closed_pipe_is_no_error(runs: str) -> None:
    command = f"{INITTUI} compare zeros -n 500 -e 1 -q --runs-dir {runs} --json | head -c 10"
    finished = subprocess.run(
        ["bash", "-o", "pipefail", "-c", command], capture_output=True, text=True, check=False
    )
    assert "Traceback" not in finished.stderr


def test_detached_run_prints_its_id_and_goes_on(runs: str) -> None:
    finished = inittui("compare", "rule", *QUICK, "--detach", "--runs-dir", runs)
    assert finished.returncode == 0
    run = Path(runs) / finished.stdout.strip()
    assert run.is_dir()
    wait_until(lambda: b'"run_ended"' in (run / "events.jsonl").read_bytes())
    shown = inittui("runs", "show", "last", "--json", "--runs-dir", runs)
    assert json.loads(shown.stdout)["run"]["status"] == "finished"


def test_a_detached_run_that_can_not_start_says_why(runs: str) -> None:
    finished = inittui("compare", "rule", "--device", "cuda:99", "--detach", "--runs-dir", runs)
    assert finished.returncode == 4
    assert "CUDA" in finished.stderr
    assert not list(Path(runs).glob("2*"))


def test_stopping_a_detached_run(runs: str) -> None:
    options = ("-e", "100", "--detach", "--runs-dir", runs)
    run = inittui("compare", "rule", *options).stdout.strip()
    assert inittui("runs", "stop", run, "--runs-dir", runs).returncode == 0
    log = Path(runs) / run / "events.jsonl"
    wait_until(lambda: b'"run_ended"' in log.read_bytes())
    assert b'"interrupted"' in log.read_bytes()
    time.sleep(0.5)
    again = inittui("runs", "stop", run, "--runs-dir", runs)
    assert again.returncode == 2
    assert "isn't running" in again.stderr


@pytest.mark.parametrize(
    "environment",
    [{"NO_COLOR": "1"}, {"TERM": "dumb"}, {"COLUMNS": "200"}, {"COLUMNS": "30"}],
)
def test_output_without_a_terminal_is_stable(
    environment: dict[str, str], done: tuple[Completed, str]
) -> None:
    finished, runs = done
    shown = inittui("runs", "show", "last", "--runs-dir", runs, **environment)
    assert shown.stdout == finished.stdout


def test_force_color_colours(done: tuple[Completed, str]) -> None:
    _, runs = done
    coloured = inittui("runs", "show", "last", "--runs-dir", runs, FORCE_COLOR="1")
    assert "\x1b[" in coloured.stdout
    both = inittui("runs", "show", "last", "--runs-dir", runs, FORCE_COLOR="1", NO_COLOR="1")
    assert "\x1b[3" not in both.stdout


def test_an_ascii_locale_gets_ascii(done: tuple[Completed, str]) -> None:
    _, runs = done
    shown = inittui("runs", "show", "last", "--runs-dir", runs, PYTHONIOENCODING="ascii")
    assert shown.returncode == 0
    assert shown.stdout.isascii()
    assert "rule" in shown.stdout


def test_ones_own_model_begins_with_how_it_was_built(runs: str, tmp_path: Path) -> None:
    file = tmp_path / "own.py"
    file.write_text(
        "from torch import nn\n"
        "def net(): return nn.Sequential(nn.Flatten(), nn.Linear(784, 4), nn.Linear(4, 10))\n"
    )
    made = inittui("compare", "--model", f"{file}:net", "--limit", "100", "--epochs", "1", "--json",
                   "--runs-dir", runs)  # fmt: skip
    found = json.loads(made.stdout)
    names = [each["scheme"] for each in found["trials"]]
    assert names == ["built", "zeros", "ones", "uniform", "centered", "rule", "normal", "default"]
    written = {each["scheme"]: each["written"] for each in found["summary"]}
    assert written["built"] == [{"by": "built", "tensors": 4, "values": 3190, "share": 1.0}]
    assert written["zeros"] == [{"by": "scheme", "tensors": 4, "values": 3190, "share": 1.0}]
