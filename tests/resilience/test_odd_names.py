"""Directories whose names aren't UTF-8 text, homes that don't exist, and inputs that are closed."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from inittui.errors import UsageError
from inittui.experiment.records import DataConfig, Experiment, ModelConfig, TrainingConfig
from inittui.recording.recorder import Recorder
from inittui.runs import create_run
from inittui.training.prepared import prepare
from tests.support.commands import INITTUI, inittui
from tests.support.runs import record

SMALL = ("compare", "rule", "--limit", "300", "--epochs", "1", "-q")
HOMELESS = "~nobody-of-this-name/there"


def test_a_run_is_kept_and_told_of_where_a_name_is_no_utf_8(tmp_path: Path) -> None:
    root = str(tmp_path / os.fsdecode(b"caf\xe9"))
    compared = inittui(*SMALL, "--json", "--runs-dir", root)
    assert (compared.returncode, compared.stderr) == (0, "")
    told = json.loads(compared.stdout)["run"]
    assert told["path"] == str(tmp_path / "caf?" / told["id"])
    shown = inittui("runs", "show", "last", "--json", "--runs-dir", root)
    assert json.loads(shown.stdout) == json.loads(compared.stdout)
    verified = inittui("runs", "verify", "last", "--runs-dir", root)
    assert (verified.returncode, verified.stdout.split()[1]) == (0, "intact")


def test_a_setting_that_no_file_can_hold_is_named_and_leaves_no_run(tmp_path: Path) -> None:
    model = ModelConfig(name=os.fsdecode(b"caf\xe9.py:build"))
    with pytest.raises(UsageError, match=r'not UTF-8 text: name = "caf�\.py:build"'):
        create_run(tmp_path / "runs", Experiment(model=model))
    assert not (tmp_path / "runs").exists()


@pytest.fixture
def cafe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A current directory whose name is no UTF-8 text, with a model in it."""
    folder = tmp_path / os.fsdecode(b"caf\xe9")
    folder.mkdir()
    monkeypatch.chdir(folder)
    (folder / "own.py").write_text(
        "from torch import nn\ndef build():\n"
        "    return nn.Sequential(nn.Flatten(), nn.Linear(784, 10))\n"
    )
    return folder


def test_a_run_of_ones_own_model_goes_on_where_a_name_is_no_utf_8(
    cafe: Path, tmp_path: Path
) -> None:
    wanted = Experiment(("rule",), model=ModelConfig("own.py:build"), data=DataConfig(limit=200),
                        training=TrainingConfig(epochs=3, device="cpu"))  # fmt: skip
    run, asked = create_run(tmp_path / "runs", wanted), iter(range(9))
    for _ in Recorder(prepare(wanted), run).events(should_stop=lambda: next(asked) > 2):
        pass
    again = ("runs", "resume", "last", "-q", "--trust", "--json", "--runs-dir", run.path.parent)
    (cafe / "own.py").rename(cafe / "another.py")
    missing = inittui(*map(str, again))
    assert (missing.returncode, missing.stdout) == (2, "")
    assert "there is no file own.py; it was" in missing.stderr
    of_another = f"open({str(tmp_path / 'was run')!r}, 'w')\n"
    (cafe / "own.py").write_text(of_another + (cafe / "another.py").read_text())
    assert inittui(*map(str, again)).returncode == 2
    assert not (tmp_path / "was run").exists()  # another file of the name is none of the run's
    (cafe / "another.py").replace(cafe / "own.py")
    resumed = inittui(*map(str, again))
    assert (resumed.returncode, resumed.stderr) == (0, "")
    assert json.loads(resumed.stdout)["run"]["status"] == "finished"


@pytest.mark.parametrize(("place", "code"), [("", 0), ("absolute", 2)])
def test_several_processes_train_or_refuse_where_a_name_is_no_utf_8(
    cafe: Path, place: str, code: int
) -> None:
    model = str(cafe / "own.py") if place else "own.py"
    words = (*SMALL, "default", "--model", f"{model}:build", "--devices", "cpu:2", "--no-save")
    done = subprocess.run(
        [INITTUI, *words], capture_output=True, text=True, timeout=90, check=False,
    )  # fmt: skip
    assert done.returncode == code, done.stderr
    assert ("leave out --devices" in done.stderr) == (code == 2)
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("words", "variable"),
    [
        (("runs", "--runs-dir", HOMELESS), ""),
        (("runs", "export", "last", "--output", HOMELESS), ""),
        (("runs",), "INITTUI_RUNS_DIR"),
        (("data",), "INITTUI_DATA_DIR"),
        (("data",), "INITTUI_CACHE_DIR"),
        (("settings",), "INITTUI_CONFIG_DIR"),
    ],
)
def test_a_home_that_isn_t_there_is_one_line(
    tmp_path: Path, words: tuple[str, ...], variable: str
) -> None:
    record(tmp_path)
    done = inittui(*words, **{"INITTUI_RUNS_DIR": str(tmp_path)} | {variable or "_": HOMELESS})
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "inittui: ~nobody-of-this-name: there is no such home directory\n"


def test_nobody_can_be_asked_where_the_input_is_closed(tmp_path: Path) -> None:
    root = tmp_path / "runs"
    run = create_run(root, Experiment())
    done = subprocess.run(
        f"exec {INITTUI} runs rm last --runs-dir {root} <&-",
        shell=True, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "inittui: removing 1 run needs --yes where nobody can be asked\n"
    assert run.path.is_dir()


@pytest.mark.parametrize("how", [(), ("--detach",)])
def test_from_a_directory_that_was_removed_nothing_is_begun(
    tmp_path: Path, how: tuple[str, ...]
) -> None:
    gone, root = tmp_path / "gone", tmp_path / "runs"
    gone.mkdir()
    words = [INITTUI, *SMALL, *how, "--runs-dir", str(root)]
    done = subprocess.run(
        ["sh", "-c", f'cd {gone} && rmdir {gone} && exec "$@"', "sh", *words],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (4, "")
    assert done.stderr == (
        "inittui: the current directory can't be used (No such file or directory); "
        "go to another one\n"
    )
    assert not root.exists()
