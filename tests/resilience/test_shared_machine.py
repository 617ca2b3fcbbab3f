"""Many runs at once in one directory, other people's groups, and nothing written elsewhere."""

from __future__ import annotations

import contextlib
import json
import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from inittui.errors import UsageError
from inittui.experiment.records import DataConfig, Experiment
from inittui.recording.recorder import Recorder
from inittui.recording.resume import open_resumption
from inittui.runs import RunBusyError, create_run, list_runs, run_directories, verify_run
from inittui.runs.launch import start_worker
from inittui.runs.lock import live_writer
from tests.support.commands import python, wait_until
from tests.support.processes import Launcher, Started

_TINY = ("compare", "zeros", "rule", "--hidden", "8", "--limit", "400", "--epochs", "1", "-q")


def test_runs_started_at_once_in_one_directory_are_all_intact(
    inittui: Launcher, tmp_path: Path, long_form: bool, tell: Callable[[str, str], None]
) -> None:
    at_once, each = (8, 25) if long_form else (4, 3)
    root = tmp_path / "runs"
    running: list[Started] = []
    for _ in range(at_once * each):
        if len(running) == at_once:
            _assert_done(running.pop(0))
        running.append(inittui.start(*_TINY, "--runs-dir", root))
    listed = inittui.run("runs", "list", "--runs-dir", root)  # while some are being written
    assert listed.code == 0
    assert "damaged" not in listed.out
    for process in running:
        _assert_done(process)
    runs = list(run_directories(root))
    assert len(runs) == at_once * each
    for run in runs:
        verdict = verify_run(run)
        assert (verdict.problems, verdict.remarks) == ((), ())
        assert not [path for path in run.path.iterdir() if path.name.startswith(".")]
    assert {listing.status for listing in list_runs(root)} == {"finished"}
    tell(
        f"{at_once} processes at once, {each} runs each",
        f"{len(runs)} of {at_once * each} runs intact",
    )


def _assert_done(process: Started) -> None:
    result = process.wait()
    assert result.code == 0, result.err
    assert result.err == ""


def test_only_one_of_two_who_resume_the_same_run_writes_it(
    inittui: Launcher, tmp_path: Path
) -> None:
    root = tmp_path / "runs"
    options = ("--hidden", "64", "--limit", "6000", "--epochs", "4")
    first = inittui.start("compare", "rule", "default", *options, "-q", "--runs-dir", root)
    while not list(root.glob("*/events.jsonl")):
        pass
    first.kill()
    assert first.wait().code == -9
    both = [inittui.start("runs", "resume", "last", "-q", "--runs-dir", root) for _ in range(2)]
    results = [process.wait() for process in both]
    (run,) = run_directories(root)
    assert verify_run(run).problems == ()
    assert 0 in {result.code for result in results}
    for result in results:
        if result.code:
            assert result.code == 2
            assert "is being written by pid" in result.err or "meanwhile" in result.err
    assert {listing.status for listing in list_runs(root)} == {"finished"}


def test_a_detached_run_is_taken_before_anything_is_loaded(tmp_path: Path) -> None:
    """Else somebody could begin it while its process imports torch."""
    run = create_run(tmp_path, Experiment(schemes=("rule",), data=DataConfig(limit=600)))
    worker = start_worker(run)
    try:
        wait_until(lambda: live_writer(run) is not None)
        assert not run.log.exists() or run.log.stat().st_size == 0, "it trains already"
        with pytest.raises(RunBusyError):
            open_resumption(run)
    finally:
        worker.kill()
        worker.wait()


def test_a_detached_run_is_taken_before_torch_is_imported(tmp_path: Path) -> None:
    """That takes seconds, in which the run would be nobody's: shown as lost, and removable."""
    run = create_run(tmp_path, Experiment(schemes=("rule",), data=DataConfig(limit=600)))
    code = "import sys; sys.modules['torch'] = None; from inittui.recording import worker; "
    done = python(f"{code} sys.argv = ['', {str(run.path)!r}]; worker.main()", check=False)
    assert "torch" in done.stderr
    assert run.lock.exists()


def test_a_run_is_taken_before_it_is_prepared_to_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = create_run(tmp_path, Experiment(schemes=("rule",)))
    seen: list[object] = []

    def prepare(_experiment: Experiment) -> None:
        seen.append(live_writer(run))
        raise UsageError("not today")

    monkeypatch.setattr("inittui.training.prepared.prepare", prepare)
    with pytest.raises(UsageError, match="not today"):
        Recorder.of_resumption(open_resumption(run))
    assert seen != [None]
    assert live_writer(run) is None


@pytest.mark.parametrize("umask", [0o002, 0o027, 0o077])
def test_files_get_the_user_s_umask(inittui: Launcher, tmp_path: Path, umask: int) -> None:
    root, cache = tmp_path / "runs", tmp_path / "cache"
    options = ("--checkpoint-every", "0", "--epochs", "2", "--runs-dir", root)
    process = inittui.start(*_TINY, *options, umask=umask, INITTUI_CACHE_DIR=str(cache))
    seen: dict[str, int] = {}
    while not list(root.glob("*/summary.json")):
        for folder, folders, files in os.walk(root):  # what vanishes meanwhile is passed over
            for name in (*folders, *files):
                with contextlib.suppress(FileNotFoundError):
                    seen[name] = Path(folder, name).stat().st_mode
    assert process.wait().code == 0
    for path in (root, *root.rglob("*"), cache, *cache.rglob("*")):
        seen[str(path)] = path.stat().st_mode
    for name, mode in seen.items():
        full = 0o777 if stat.S_ISDIR(mode) else 0o666
        assert stat.S_IMODE(mode) == full & ~umask, name


def test_nothing_is_written_outside_of_the_runs_and_the_cache(
    inittui: Launcher, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    places = {name: home / name for name in ("work", "tmp", "config", "state", "data", "cache")}
    for place in places.values():
        place.mkdir(parents=True)
    environment = {
        "HOME": str(home),
        "TMPDIR": str(places["tmp"]),
        "INITTUI_CONFIG_DIR": "",
        "INITTUI_CACHE_DIR": "",
        "INITTUI_RUNS_DIR": "",
        **{f"XDG_{name.upper()}_HOME": str(places[name]) for name in ("config", "state", "data")},
        "XDG_CACHE_HOME": str(places["cache"]),
    }
    for arguments in (
        (*_TINY, "--batch-norm"),
        ("runs", "list"),
        ("runs", "show"),
        ("runs", "verify"),
    ):
        result = inittui.run(*arguments, cwd=places["work"], **environment)
        assert result.code == 0, result.err
    written = {path.relative_to(home) for path in home.rglob("*") if path.is_file()}
    outside = [
        path
        for path in written
        if path.parts[:3] != ("data", "inittui", "runs") and path.parts[:2] != ("cache", "inittui")
    ]
    assert not outside
    assert any(path.name == "events.jsonl" for path in written)


def test_first_starts_at_once_share_one_sound_cache(inittui: Launcher, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    options = ("--json", "--runs-dir", tmp_path / "runs")
    processes = [inittui.start(*_TINY, *options, INITTUI_CACHE_DIR=str(cache)) for _ in range(4)]
    results = [process.wait() for process in processes]
    assert {result.code for result in results} == {0}
    losses = {json.dumps([t["loss"] for t in json.loads(r.out)["trials"]]) for r in results}
    assert len(losses) == 1
    (decoded,) = (cache / "decoded").iterdir()
    assert not list(cache.rglob("*.tmp"))
    before = decoded.stat().st_mtime_ns
    again = inittui.run(*_TINY, *options, INITTUI_CACHE_DIR=str(cache))
    assert json.dumps([t["loss"] for t in json.loads(again.out)["trials"]]) in losses
    assert decoded.stat().st_mtime_ns == before, "the cache was made again"
