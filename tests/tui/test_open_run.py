"""Open runs: read, watched, and told of when their process has died."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from inittui.events.records import RunEnded, RunResumed
from inittui.experiment.records import Experiment
from inittui.results.summary import summarize
from inittui.runs import LogWriter, RunDirectory, create_run, list_runs
from inittui.tui.chart_options import ChartOptions, contestants
from inittui.tui.leaderboard import standings
from inittui.tui.open_run import LOOK_SECONDS, STARTING_SECONDS, OpenRun, Phase, last_lines
from inittui.tui.open_runs import OpenRuns
from inittui.views.conclusions import sentence
from inittui.views.frame import Frame
from tests.support.runs import log_events
from tests.support.tui_shelf import REASON, Shelf

EVENTS = log_events("classic")


def opened(run: RunDirectory, look_seconds: float = LOOK_SECONDS) -> OpenRun:
    found = OpenRun(run, look_seconds=look_seconds)
    found.open()
    return found


def left_before_its_end(root: Path) -> RunDirectory:
    directory = create_run(root, Experiment())
    with LogWriter(directory) as log:
        log.write_many(EVENTS[:100])
        log.write(RunEnded(at=5.0, status="interrupted", seconds=1.0, wall_seconds=1.0))
    return directory


def test_a_run_that_has_ended_is_read_once(shelf: Shelf) -> None:
    run = opened(shelf.put("classic"))
    assert (run.phase, run.state.status, run.trouble) == (Phase.ENDED, "finished", ())
    assert run.poll() is False


def test_a_live_run_grows_while_it_is_polled(tmp_path: Path) -> None:
    directory = create_run(tmp_path, Experiment())
    run = opened(directory)
    assert run.phase is Phase.STARTING
    assert run.schemes == list(Experiment().schemes)
    with LogWriter(directory) as log:
        log.write_many(EVENTS[:100])
        assert run.poll() is True
        assert run.phase is Phase.LIVE
        steps = run.state.trials[0].steps
        assert run.poll() is False
        log.write_many(EVENTS[100:])
        assert run.poll() is True
        assert run.phase is Phase.ENDED
        assert run.state.trials[0].steps > steps


def test_a_writer_that_vanishes_leaves_a_dead_run(tmp_path: Path) -> None:
    directory = create_run(tmp_path, Experiment())
    run = opened(directory, look_seconds=0.0)
    with LogWriter(directory) as log:
        log.write_many(EVENTS[:100])
        assert run.poll()
    assert run.poll()
    assert run.phase is Phase.DEAD
    assert run.trouble == ("its process ended without finishing",)
    assert run.state.trials[0].steps > 0


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", "killed by SIGKILL"),
        ("print('no room'); raise SystemExit(3)", "ended with exit code 3"),
    ],
)
def test_our_own_worker_s_end_is_explained(tmp_path: Path, code: str, expected: str) -> None:
    directory = create_run(tmp_path, Experiment())
    with directory.worker_log.open("wb") as log:
        worker = subprocess.Popen([sys.executable, "-c", code], stdout=log, stderr=log)
    run = OpenRun(directory, worker=worker)
    run.open()
    worker.wait()
    assert run.poll()
    assert run.phase is Phase.DEAD
    assert expected in run.trouble[0]
    assert ("no room" in run.trouble) == ("no room" in code)


def test_a_stop_before_the_first_step_is_no_accident(tmp_path: Path) -> None:
    open_runs = OpenRuns(tmp_path)
    directory = create_run(tmp_path, Experiment())
    code = "import time; print('up', flush=True); time.sleep(60)"
    worker = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)
    assert worker.stdout is not None
    worker.stdout.readline()
    run = OpenRun(directory, worker=worker)
    run.open()
    open_runs.shown.append(run)
    open_runs.stop(run)
    assert worker.wait() == -signal.SIGTERM
    assert open_runs.poll() == [run]
    assert run.trouble[0] == "it was stopped before the first step"


def test_a_run_that_goes_on_is_live_until_its_new_end(tmp_path: Path) -> None:
    directory = left_before_its_end(tmp_path)
    run = opened(directory)
    assert run.can_resume
    sleeper = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    try:
        run.restart(sleeper)
        run.poll()
        assert run.phase is Phase.STARTING
        with LogWriter(directory) as log:
            log.write(RunResumed(at=6.0, device="cpu"))
            log.write_many(EVENTS[100:120])
            assert run.poll()
            assert (run.phase, run.state.status) == (Phase.LIVE, "running")
            log.write(RunEnded(at=7.0, status="finished", seconds=2.0, wall_seconds=2.0))
        assert run.poll()
        assert (run.phase, run.can_resume) == (Phase.ENDED, False)
    finally:
        sleeper.kill()
        sleeper.wait()


def test_a_failed_run_says_why(shelf: Shelf) -> None:
    run = opened(shelf.put("failed"))
    assert run.phase is Phase.ENDED
    assert run.trouble[0] == REASON


def test_the_last_lines_of_a_worker_are_safe(shelf: Shelf) -> None:
    run = shelf.put("killed")
    assert last_lines(run) == (
        "loading \N{REPLACEMENT CHARACTER}[31mdata\N{REPLACEMENT CHARACTER}",
    )
    run.worker_log.write_text("\n".join(str(n) for n in range(100_000)))
    assert last_lines(run, 2) == ("99998", "99999")
    run.worker_log.unlink()
    assert last_lines(run) == ()


def test_shown_runs_are_replaced_or_laid_over_each_other(shelf: Shelf) -> None:
    open_runs = OpenRuns(shelf.root)
    one, other = shelf.put("classic"), shelf.put("seeds")
    open_runs.show(one)
    open_runs.show(other, add=True)
    assert [run.directory for run in open_runs.shown] == [one, other]
    assert len(open_runs.contestants()) == 11
    open_runs.show(one)
    assert [run.directory for run in open_runs.shown] == [one]
    live = open_runs.show(shelf.put("running"))
    assert open_runs.show(live.directory) is live, "what is watched goes on being watched"


def test_live_runs_are_found(shelf: Shelf) -> None:
    shelf.put("classic", "killed")
    live = shelf.put("running")
    assert OpenRuns(shelf.root).find_live() == [live]


def test_a_run_that_somebody_else_continues_is_watched(tmp_path: Path) -> None:
    directory = left_before_its_end(tmp_path)
    run = opened(directory)
    assert not run.poll()
    with LogWriter(directory) as log:
        log.write(RunResumed(at=9.0, device="cpu"))
        run._looked = 0.0
        assert run.poll()
        assert run.is_live
        assert run.began[0] == 9.0
        assert 0 < run.began[1] < 1
        log.write(RunEnded(at=10.0, status="finished", seconds=1.0, wall_seconds=1.0))
    assert run.poll()
    assert run.phase is Phase.ENDED


def test_a_directory_that_goes_away_is_told_of(tmp_path: Path) -> None:
    directory = create_run(tmp_path, Experiment())
    with LogWriter(directory) as log:
        log.write_many(EVENTS[:100])
        run = opened(directory)
        (tmp_path / directory.id).rename(tmp_path / "elsewhere")
        run._looked = time.monotonic() + 60  # nobody is asked yet whether the writer lives
        run.poll()
        assert run.trouble == ("its directory has gone, and what it measures with it",)


@pytest.mark.parametrize("ahead", [-2 * STARTING_SECONDS, 2 * STARTING_SECONDS])
def test_a_run_of_another_time_is_not_starting(tmp_path: Path, ahead: float) -> None:
    directory = create_run(tmp_path, Experiment())
    made = time.time() + ahead
    os.utime(directory.experiment_file, (made, made))
    run = opened(directory, look_seconds=0.0)
    run.poll()
    assert run.phase is Phase.DEAD


def test_a_new_name_is_the_title(tmp_path: Path) -> None:
    directory = create_run(tmp_path, Experiment(name="old"))
    with LogWriter(directory) as log:
        log.write_many(EVENTS)
    open_runs = OpenRuns(tmp_path)
    run = open_runs.show(directory)
    open_runs.rename(run.id, "new")
    assert run.title == "new"


def test_the_end_of_a_watched_run_leaves_all_its_steps_in_view(tmp_path: Path) -> None:
    runs = OpenRuns(tmp_path)
    directory = create_run(tmp_path, Experiment())
    with LogWriter(directory) as log:
        log.write_many(EVENTS[:-1])
        runs.show(directory)
        assert runs.options.steps == "auto"
        log.write(RunEnded(at=5.0, status="interrupted", seconds=1.0, wall_seconds=1.0))
        assert len(runs.poll()) == 1
    assert runs.options.steps == "all"


def test_the_steps_so_far_are_in_view_again_when_a_watched_run_goes_on(tmp_path: Path) -> None:
    runs = OpenRuns(tmp_path)
    directory = left_before_its_end(tmp_path)
    run = runs.show(directory)
    for steps, expected in (("all", "auto"), ("first", "first")):
        runs.set_options(replace(runs.options, steps=steps))
        with LogWriter(directory) as log:
            log.write(RunResumed(at=9.0, device="cpu"))
            run._looked = 0.0
            runs.poll()
            assert run.is_live
            assert runs.options.steps == expected
            log.write(RunEnded(at=10.0, status="interrupted", seconds=1.0, wall_seconds=1.0))
        runs.poll()


def test_a_run_left_without_an_end_has_one_word_everywhere(shelf: Shelf) -> None:
    run = shelf.put("killed")
    (listing,) = list_runs(shelf.root)
    found = opened(run)
    assert (found.status, listing.status) == ("lost", "lost")
    assert summarize(found.state)
    said = sentence(found.state, summarize(found.state), Frame())
    assert "were lost" in said
    assert "interrupted" not in said
    board = standings(contestants([found]), ChartOptions(), 100)
    assert all("lost" in str(line) for line in board[1:])
