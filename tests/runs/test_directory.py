"""Run directories: unique IDs, umask, no room, nothing left behind."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from inittui.errors import MachineError, UsageError
from inittui.experiment.records import Experiment
from inittui.experiment.run_names import is_id
from inittui.experiment.toml import load_experiment
from inittui.runs import (
    LogWriter,
    RunBusyError,
    create_run,
    delete_run,
    list_runs,
    load_state,
    rename_run,
    run_directories,
    runs_root,
)
from tests.support.commands import python
from tests.support.runs import EXPERIMENT, record


def test_a_new_run_holds_its_experiment_and_an_id_of_its_time(tmp_path: Path) -> None:
    run = create_run(tmp_path / "a" / "b", EXPERIMENT, now=1_700_000_000.123)
    assert run.id.startswith("20231114-221320-123-")
    assert is_id(run.id)
    assert load_experiment(run.experiment_file) == EXPERIMENT
    assert run.log.parent == run.path
    assert not run.log.exists()


def test_ids_sort_by_time(tmp_path: Path) -> None:
    moments = [1e9, 1e9 + 0.001, 1e9 + 0.9, 1e9 + 60, 1e9 + 1e7]
    made = [create_run(tmp_path, EXPERIMENT, now=now) for now in moments]
    assert sorted(run.id for run in made) == [run.id for run in made]
    assert list(run_directories(tmp_path)) == made[::-1]


_MAKE_RUNS = """
import sys
from pathlib import Path
from inittui.experiment.records import Experiment
from inittui.runs import create_run
sys.stdin.read()  # all start at once, when the test closes the pipe
for _ in range(25):
    print(create_run(Path(sys.argv[1]), Experiment(), now=1e9).id)
"""


def test_many_processes_make_runs_in_one_directory_in_the_same_millisecond(tmp_path: Path) -> None:
    root = tmp_path / "runs"
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", _MAKE_RUNS, str(root)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(8)
    ]
    for process in processes:
        assert process.stdin is not None
        process.stdin.close()
    ids = []
    for process in processes:
        assert process.stdout is not None
        ids += process.stdout.read().split()
        assert process.wait() == 0
    assert len(set(ids)) == 8 * 25
    runs = list(run_directories(root))
    assert {run.id for run in runs} == set(ids)
    assert all(load_experiment(run.experiment_file) == Experiment() for run in runs)


@pytest.mark.parametrize(("umask", "file_mode", "directory_mode"), [
    (0o077, 0o600, 0o700), (0o002, 0o664, 0o775), (0o022, 0o644, 0o755),
])  # fmt: skip
def test_files_get_the_users_umask(
    tmp_path: Path, umask: int, file_mode: int, directory_mode: int
) -> None:
    before = os.umask(umask)
    try:
        run = record(tmp_path / "runs")
        with LogWriter(run):
            list_runs(tmp_path / "runs")
            files = {path.name: path.stat().st_mode & 0o777 for path in run.path.iterdir()}
    finally:
        os.umask(before)
    assert {"experiment.toml", "writer.json", "summary.json", "writer.lock"} < set(files)
    del files["events.jsonl"]  # written by the test itself
    assert set(files.values()) == {file_mode}
    assert run.path.stat().st_mode & 0o777 == directory_mode
    assert (tmp_path / "runs").stat().st_mode & 0o777 == directory_mode


def test_a_file_in_the_place_of_the_runs_directory_is_named(tmp_path: Path) -> None:
    place = tmp_path / "file"
    place.write_text("")
    for root in (place, place / "below"):
        with pytest.raises(MachineError, match=r"can't keep a run in .*file.*directory"):
            create_run(root, EXPERIMENT)
    assert list(tmp_path.iterdir()) == [place]


def test_a_directory_that_cannot_be_written_is_named() -> None:
    with pytest.raises(MachineError, match="can't keep a run in /proc/inittui"):
        create_run(Path("/proc/inittui/runs"), EXPERIMENT)


def test_a_full_disk_is_said_before_and_nothing_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    full = SimpleNamespace(f_bavail=100, f_frsize=4096, f_blocks=10_000)
    monkeypatch.setattr(os, "statvfs", lambda _: full)
    with pytest.raises(MachineError, match="0 MB are free, at least 8 MB are needed"):
        create_run(tmp_path / "new" / "runs", EXPERIMENT)
    full.f_bavail = 8 * 256 - 1
    with pytest.raises(MachineError, match="7 MB are free, at least 8 MB are needed"):
        create_run(tmp_path / "new" / "runs", EXPERIMENT)
    assert list(tmp_path.iterdir()) == []


def test_a_file_system_that_tells_no_size_is_taken_at_its_word(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    silent = SimpleNamespace(f_bavail=0, f_frsize=4096, f_blocks=0)
    monkeypatch.setattr(os, "statvfs", lambda _: silent)
    assert create_run(tmp_path, EXPERIMENT).experiment_file.exists()


_MAKE_RUN_WITHOUT_QUOTA = """
import resource, sys
from pathlib import Path
from inittui.errors import MachineError
from inittui.experiment.records import Experiment
from inittui.runs import create_run
resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))
try:
    create_run(Path(sys.argv[1]), Experiment())
except MachineError as error:
    print(error)
"""


def test_an_experiment_that_cannot_be_written_whole_leaves_nothing(tmp_path: Path) -> None:
    done = python(_MAKE_RUN_WITHOUT_QUOTA, str(tmp_path / "runs"))
    assert "can't keep a run in" in done.stdout
    assert "File too large" in done.stdout
    assert list(tmp_path.iterdir()) == []


def test_a_failure_keeps_what_others_have_made_meanwhile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def somebody_else_was_here(_: object) -> SimpleNamespace:
        (tmp_path / "runs" / "theirs").mkdir()
        return SimpleNamespace(f_bavail=0, f_frsize=4096, f_blocks=10)

    monkeypatch.setattr(os, "statvfs", somebody_else_was_here)
    with pytest.raises(MachineError):
        create_run(tmp_path / "runs", EXPERIMENT)
    assert (tmp_path / "runs" / "theirs").is_dir()


def test_where_runs_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INITTUI_RUNS_DIR", str(tmp_path / "variable"))
    assert runs_root(tmp_path / "option") == tmp_path / "option"
    assert runs_root() == tmp_path / "variable"
    monkeypatch.setenv("INITTUI_RUNS_DIR", "")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("HOME", str(tmp_path))
    assert runs_root().name == "runs"
    assert runs_root().is_relative_to(tmp_path)
    assert runs_root(Path("here")) == Path.cwd() / "here"


def test_what_has_no_id_for_its_name_is_no_run(tmp_path: Path) -> None:
    run = record(tmp_path)
    elsewhere = record(tmp_path / "elsewhere")
    (tmp_path / "notes").mkdir()
    (tmp_path / ".hidden").mkdir()
    (tmp_path / run.id.replace(run.id[-6:], "abcdef")).write_text("a file")
    (tmp_path / elsewhere.id).symlink_to(elsewhere.path)
    assert list(run_directories(tmp_path)) == [run]
    assert list(run_directories(tmp_path / "missing")) == []


def test_removing_a_run_leaves_what_its_links_lead_to(tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    precious.mkdir()
    (precious / "file").write_text("mine")
    run = record(tmp_path / "runs")
    (run.path / "link").symlink_to(precious)
    delete_run(run)
    assert not run.path.exists()
    assert (precious / "file").read_text() == "mine"


def test_a_run_that_is_being_written_is_not_removed(tmp_path: Path) -> None:
    run = create_run(tmp_path, EXPERIMENT)
    with LogWriter(run), pytest.raises(RunBusyError, match=f"being written by pid {os.getpid()}"):
        delete_run(run)
    assert run.path.exists()
    delete_run(run)
    with pytest.raises(MachineError, match="can't remove"):
        delete_run(run)


def test_a_new_name_shows_everywhere_and_leaves_the_log_alone(tmp_path: Path) -> None:
    run = record(tmp_path)
    before = run.log.read_bytes()
    run.name_file.write_text("my\x1b[31m best")  # as no rename would write it
    state, _ = load_state(run)
    assert state.started is not None
    assert state.started.experiment.name == list_runs(tmp_path)[0].name == "my\ufffd[31m best"
    assert run.log.read_bytes() == before
    for name in ("", "x" * 201):
        with pytest.raises(UsageError, match="1 to 200 characters"):
            rename_run(run, name)
