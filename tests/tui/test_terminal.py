"""The UI in real pseudo-terminals, with real training: small, but nothing in it is made up."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from benchmarks.terminals import UI, Terminal
from inittui.events.records import RunStarted
from inittui.experiment.records import DataConfig, Experiment, TrainingConfig
from inittui.runs import (
    LogWriter,
    RunDirectory,
    create_run,
    live_writer,
    load_state,
    run_directories,
)
from inittui.runs.launch import start_worker
from inittui.tui.terminal import drop_empty_no_color
from tests.support.commands import python, wait_until
from tests.support.runs import log_events

pytestmark = pytest.mark.pty

SMALL = Experiment(
    schemes=("zeros", "rule"),
    data=DataConfig(limit=600),
    training=TrainingConfig(epochs=2),
)
LONG = Experiment(
    schemes=("zeros", "rule"),
    data=DataConfig(limit=600),
    training=TrainingConfig(epochs=100_000),
)


@contextmanager
def ui(root: Path, *arguments: str, size: tuple[int, int] = (80, 24)) -> Iterator[Terminal]:
    command = [*UI, *arguments, "--runs-dir", str(root)]
    with Terminal(command, size=size) as terminal:
        yield terminal


@pytest.fixture
def root(tmp_path: Path) -> Iterator[Path]:
    """A runs directory whose workers don't outlive the test."""
    path = tmp_path / "runs"
    yield path
    for run in run_directories(path):
        holder = live_writer(run)
        if holder is not None and holder.pid > 0:
            os.kill(holder.pid, signal.SIGKILL)


def long_run(root: Path) -> RunDirectory:
    """Start a run that goes on until it is stopped; return when it has taken steps."""
    run = create_run(root, LONG)
    start_worker(run)
    wait_until(lambda: run.log.exists() and b'"losses"' in run.log.read_bytes())
    return run


def only(root: Path) -> RunDirectory:
    [run] = run_directories(root)
    return run


def status(run: RunDirectory) -> str:
    return load_state(run)[0].status


def test_choose_run_watch_and_leave(root: Path) -> None:
    with ui(root) as terminal:
        terminal.wait_for("Press r to train the 7")
        terminal.press("u", " ", "e", *["down"] * 8, *"600", "f5")
        terminal.wait_for("starting")
        terminal.wait_for("finished", 60)
        terminal.wait_for("training 100%", gone=True)  # a trial's end comes before the run's
        terminal.press("q")
        assert terminal.wait_for_end() == 0
    state = load_state(only(root))[0]
    assert (state.status, state.schemes) == ("finished", ["zeros"])


def test_both_charts_of_the_first_run_that_is_opened_are_drawn(root: Path) -> None:
    """Though there is room for the second only once the screen has been laid out."""
    started, *_ = events = log_events("story")
    assert isinstance(started, RunStarted)
    with LogWriter(create_run(root, started.experiment)) as log:
        log.write_many(events)
    with ui(root, size=(120, 40)) as terminal:
        terminal.wait_for("Press r to train the 7")
        terminal.press("4")
        terminal.wait_for("training loss")  # of the preview
        terminal.press("enter")
        terminal.wait_for("enter Highlight")
        terminal.wait_for("validation accuracy in %", 5)


def test_a_closed_terminal_lets_the_run_go_on(root: Path) -> None:
    with ui(root) as terminal:
        terminal.wait_for("Press r to train the 7")
        terminal.press("u", " ", "e", *["down"] * 8, *"600", "f5")
        terminal.wait_for("starting")
        terminal.close()
        wait_until(lambda: terminal.process.poll() is not None, 15)
    wait_until(only(root).log.exists)
    wait_until(lambda: load_state(only(root))[0].ended is not None)
    assert status(only(root)) == "finished"


DEAF = "import signal; signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGHUP})"


def test_a_lost_terminal_ends_the_ui_even_where_no_signal_comes(root: Path) -> None:
    python, option, code = UI
    command = [python, option, f"{DEAF}; {code}", "--runs-dir", str(root)]
    with Terminal(command) as terminal:
        terminal.wait_for("Press r to train the 7")
        terminal.close()
        wait_until(lambda: terminal.process.poll() is not None, 15)


def test_two_uis_show_one_live_run_and_either_stops_it(root: Path) -> None:
    run = long_run(root)
    with ui(root) as first, ui(root) as second:
        for terminal in (first, second):
            terminal.wait_for("s Stop")
            terminal.wait_for("training 0%")
        first.press("s")
        for terminal in (first, second):
            terminal.wait_for("interrupted")
    assert status(run) == "interrupted"


def test_a_killed_worker_is_told_of_and_its_losses_stay(root: Path) -> None:
    run = long_run(root)
    run.worker_log.write_text("a last word\n")
    with ui(root) as terminal:
        terminal.wait_for("training 0%")
        holder = live_writer(run)
        assert holder is not None
        os.kill(holder.pid, signal.SIGKILL)
        terminal.wait_for("lost: its process ended without finishing")
        terminal.wait_for("a last word")
        terminal.wait_for("What was measured until then is kept.")
        assert "interrupted" not in terminal.text, "two words for one state"
        before = load_state(run)[0].trials[0].steps
        assert before > 0
        terminal.wait_for("c Continue")
        terminal.press("c")
        terminal.wait_for("training 0%", 60)
        wait_until(lambda: load_state(run)[0].trials[0].steps > before)


def test_leaving_asks_about_a_live_run_and_it_goes_on(root: Path) -> None:
    run = long_run(root)
    with ui(root) as terminal:
        terminal.wait_for("s Stop")
        terminal.press("q")
        terminal.wait_for("still training")
        terminal.press("g")
        assert terminal.wait_for_end() == 0
    assert live_writer(run) is not None
    with ui(root) as terminal:
        terminal.wait_for("s Stop")
        terminal.press("q")
        terminal.wait_for("still training")
        terminal.press("s")
        assert terminal.wait_for_end() == 0
    wait_until(lambda: live_writer(run) is None)
    assert status(run) == "interrupted"


def test_a_storm_of_sizes_while_a_run_is_live(root: Path) -> None:
    long_run(root)
    with ui(root) as terminal:
        terminal.wait_for("s Stop")
        for number in range(60):
            terminal.resize(30 + 37 * number % 140, 8 + 23 * number % 50)
            terminal.watch(0.03)
        terminal.resize(50, 15)
        terminal.wait_for("inittui needs 60 columns and 18 lines")
        terminal.resize(80, 24)
        terminal.wait_for("s Stop")
        assert terminal.process.poll() is None


@pytest.mark.parametrize(
    "environment",
    [
        {"TERM": "screen-256color"},
        {"TERM": "tmux-256color"},
        {"TERM": "linux"},
        {"TERM": "xterm", "NO_COLOR": "1"},
        {"TERM": "xterm-256color", "LC_ALL": "C"},
    ],
    ids=lambda environment: "-".join(environment.values()),
)
def test_every_terminal_gets_a_screen(root: Path, environment: dict[str, str]) -> None:
    with Terminal([*UI, "--runs-dir", str(root)], environment=environment) as terminal:
        terminal.wait_for("Press r to train the 7")
        terminal.press("2")
        terminal.wait_for("No run is open.")
        terminal.press("q")
        assert terminal.wait_for_end() == 0


@pytest.mark.parametrize("term", ["dumb", "unknown"])
@pytest.mark.parametrize(
    ("arguments", "instead"),
    [
        ((), "'inittui compare'"),
        (("--no-mouse",), "'inittui compare'"),
        (("attach", "last"), "'inittui runs show last'"),
    ],
    ids=["bare", "option", "attach"],
)
def test_a_terminal_that_places_no_text_is_told_of_in_a_line(
    root: Path, term: str, arguments: tuple[str, ...], instead: str
) -> None:
    """Escapes would be rubbish there."""
    environment = {"TERM": term, "INITTUI_RUNS_DIR": str(root)}
    with Terminal([*UI, *arguments], size=(240, 24), environment=environment) as terminal:
        assert terminal.wait_for_end() == 2
        assert terminal.written < 240, "a line, and nothing before it"
        line = terminal.text.strip()
    assert line.startswith(f"inittui: this terminal can't show a screen, as TERM is '{term}'")
    assert "set it to what the terminal is, such as xterm-256color" in line
    assert instead in line


@pytest.mark.parametrize("term", ["someones-own-terminal", "", None])
def test_a_name_of_a_terminal_that_this_machine_does_not_know_will_do(
    root: Path, term: str | None
) -> None:
    """As that of one's own terminal mostly is over SSH; or none, as where a script opens one."""
    python, option, code = UI
    unset = "import os; os.environ.pop('TERM'); " if term is None else ""
    environment = {"TERM": term or "", "INITTUI_RUNS_DIR": str(root)}
    with Terminal([python, option, unset + code], environment=environment) as terminal:
        terminal.wait_for("Press r to train the 7")


def test_a_no_color_that_is_empty_asks_for_nothing(root: Path) -> None:
    environment = {"TERM": "linux", "NO_COLOR": ""}
    with Terminal([*UI, "--runs-dir", str(root)], environment=environment) as terminal:
        terminal.wait_for("Press r to train the 7")
        cells = [cell for line in terminal.screen.buffer.values() for cell in line.values()]
        seen = [cell for cell in cells if cell.data.strip()]
        assert len(seen) > 300
        assert not any(cell.fg == cell.bg and cell.fg != "default" for cell in seen)
        assert any(cell.fg != "default" for cell in seen)
    given = {"NO_COLOR": "1"}
    drop_empty_no_color(given)
    assert given == {"NO_COLOR": "1"}


def test_the_palette_of_an_ascii_terminal_is_ascii(root: Path) -> None:
    environment = {"TERM": "xterm-256color", "LC_ALL": "C"}
    with Terminal([*UI, "--runs-dir", str(root)], environment=environment) as terminal:
        terminal.wait_for("Press r to train the 7")
        terminal.press("\x10")  # ctrl+p
        terminal.wait_for("Search for commands...")
        terminal.wait_for("App: Curves")
        assert "??" not in terminal.text


def test_a_command_is_pasted_as_terminals_do(root: Path) -> None:
    with ui(root) as terminal:
        terminal.wait_for("Press r to train the 7")
        terminal.press("\x1b[200~$ inittui compare rule \\\r  ones -e 1\r\x1b[201~")
        terminal.wait_for("Press r to train the 2")
        terminal.press("\x1b[200~inittui compare “rule” ones\x1b[201~")
        terminal.wait_for("the name of an initializer, found '“'")
        terminal.press("down", "q")
        assert terminal.wait_for_end() == 0


def test_without_a_terminal_there_is_help_on_stderr() -> None:
    done = subprocess.run(
        list(UI), capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert "COMMAND [ARGS]" in done.stderr


def test_the_ui_never_loads_torch() -> None:
    code = (
        "import sys, inittui.tui.app, inittui.tui.start\n"
        "from inittui.tui.keymap import all_bindings\n"
        "list(all_bindings())\n"
        "import inittui.tui.fields, inittui.views.export\n"
        "import inittui.views.report, inittui.views.inspection\n"
        "from inittui.results.outlook import outlook\n"
        "outlook('xavier_normal', inittui.Experiment().model, {})\n"
        "heavy = ('torch', 'torchvision', 'inittui.recording.worker')\n"
        "print(*(m for m in heavy if m in sys.modules))"
    )
    done = python(code)
    assert done.stdout.strip() == ""
