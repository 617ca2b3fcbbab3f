"""Signals at every moment, in real processes: what stays, what is said, and the exit code."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from benchmarks.terminals import UI, Terminal
from inittui.runs import RunDirectory, list_runs, load_state, run_directories
from tests.support.commands import INITTUI, Completed, inittui, python, wait_until

LONG = ("compare", "rule", "--limit", "600", "--hidden", "8", "--epochs", "100000", "--quiet")
SHORT = ("compare", "rule", "--limit", "600", "--hidden", "8", "--epochs", "1", "--quiet")
RESUME = "inittui: interrupted; 'inittui runs resume last' goes on with it\n"

CODES = {signal.SIGINT: 130, signal.SIGTERM: 143, signal.SIGHUP: 129}


Begin = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def begin() -> Iterator[Begin]:
    """Start commands, each in a session of its own, without a terminal; none outlives the test."""
    begun: list[subprocess.Popen[str]] = []

    def begin(*arguments: str, command: tuple[str, ...] = (INITTUI,)) -> subprocess.Popen[str]:
        begun.append(
            subprocess.Popen(
                [*command, *arguments], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                stderr=subprocess.PIPE, text=True, start_new_session=True,
            )
        )  # fmt: skip
        return begun[-1]

    yield begin
    for process in begun:
        if process.poll() is None:
            process.kill()
            process.communicate()


def end(process: subprocess.Popen[str], number: signal.Signals) -> Completed:
    process.send_signal(number)
    out, err = process.communicate(timeout=60)
    return Completed(process.args, process.returncode, out, err)


def listens(process: subprocess.Popen[str]) -> bool:
    """Whether a process catches SIGTERM, which Python by itself doesn't."""
    status = Path(f"/proc/{process.pid}/status").read_text()
    caught = re.search(r"SigCgt:\s*(\w+)", status)
    return caught is None or bool(int(caught[1], 16) >> (signal.SIGTERM - 1) & 1)


def only_run() -> RunDirectory | None:
    return next(run_directories(Path(os.environ["INITTUI_RUNS_DIR"])), None)


def has_begun() -> bool:
    run = only_run()
    return run is not None and run.log.exists()


def trains() -> bool:
    return has_begun() and b'"losses"' in only_run().log.read_bytes()  # type: ignore[union-attr]


LASTING = [
    (("compare", "rule", "-q"), 0.0),
    (("compare", "rule", "-q"), 0.05),
    (("inspect", "rule", "--when", "both"), 0.05),
    *[(("inspect", "rule", "--when", "both"), seconds) for seconds in (0.6, 0.7, 0.8, 0.9, 1.0)],
    (("lesson", "sigma", "--fast"), 0.3),
]
"""Commands that are in the midst of it after so many seconds, on any machine."""

BRIEF = [
    (("lessons",), 0.0),
    (("schema", "compare"), 0.0),
    (("model", "resnet18", "--input", "3x32x32"), 0.8),
    (("inits", "show", "rule"), 0.6),
    (("data", "show"), 0.2),
    (("runs", "list"), 0.05),
    (("--help",), 0.05),
    (("--help",), 0.15),
    (("--version",), 0.0),
    ((*SHORT, "--detach"), 1.0),
]
"""Commands that may be done by then."""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="asks Linux who listens")
@pytest.mark.parametrize(("command", "delay"), [*LASTING, *BRIEF])
def test_ctrl_c_in_any_command_is_no_traceback(
    begin: Begin, command: tuple[str, ...], delay: float
) -> None:
    """It ends what isn't done, and what is done was done: no death by signal at any moment."""
    process = begin(*command)
    wait_until(lambda: process.poll() is not None or listens(process))
    time.sleep(delay)
    done = end(process, signal.SIGINT)
    assert "Traceback" not in done.stderr
    assert "ignored" not in done.stderr
    if (command, delay) in LASTING:
        assert done.returncode == 130
    else:
        assert done.returncode == 130 or (done.returncode == 0 and done.stdout), done


AT_A_MOMENT = """
import atexit, os, sys

MOMENT, NUMBER = sys.argv[1:]

def kill(end=os.kill, process=os.getpid(), number=int(NUMBER)):
    end(process, number)

class Last:
    def __del__(self, kill=kill):
        kill()

if MOMENT == "exit":
    atexit.register(kill)  # before the command's own, so that it comes after these
if MOMENT == "teardown":
    sys.last_of_all = Last()
if MOMENT == "begin":
    import inittui.cli.interrupt as interrupt
    hear = interrupt.raise_on_signals
    interrupt.raise_on_signals = lambda: (kill(), hear())
from inittui.cli.entry import main
sys.argv = ["inittui", "--version"]
try:
    main()
finally:
    if MOMENT == "end":
        kill()
"""


@pytest.mark.parametrize(
    ("moment", "number"),
    [
        ("begin", signal.SIGINT),
        ("begin", signal.SIGHUP),
        ("end", signal.SIGTERM),
        ("exit", signal.SIGINT),
        ("teardown", signal.SIGINT),
    ],
)
def test_a_signal_before_the_first_and_after_the_last_step_is_no_death(
    moment: str, number: signal.Signals
) -> None:
    """Before anybody hears, after the command is done, and when Python is half gone."""
    done = python(AT_A_MOMENT, moment, str(int(number)), check=False)
    assert done.stderr == ""
    if moment == "begin":
        assert (done.returncode, done.stdout) == (CODES[number], "")
    else:
        assert done.returncode == 0
        assert done.stdout.startswith("inittui ")


LOADING = """
import os, sys, time
from pathlib import Path
from inittui.cli.interrupt import end_at_once, raise_on_signals

# As torch is while it calls Python from C++: what is raised there would go no further.
BODY = ["import os, time", "try:", " os.kill(os.getpid(), 2)", " time.sleep(0.1)",
        " loaded = True", "except BaseException:", " os.abort()"]
Path("torch_like.py").write_text(chr(10).join(BODY))
sys.path.insert(0, "")
raise_on_signals()
try:
    import torch_like
    time.sleep(10)
except KeyboardInterrupt:
    print(sys.modules["torch_like"].loaded)
    end_at_once()
"""


def test_torch_is_loaded_before_ctrl_c_is_heard(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.chdir(tmp_path)
    done = python(LOADING, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (130, "True\n", "")


ENDING = """
import atexit, os, sys, tempfile, threading, time

class Last:
    def __del__(self):
        os.write(2, b"taken apart ")

def beside():
    while "torch" not in sys.modules:
        time.sleep(0.01)
    atexit.register(os.write, 2, b"asked to end ")
    scratch.append(tempfile.TemporaryDirectory())
    os.write(2, scratch[0].name.encode() + b" ")
    while threading.main_thread().is_alive():
        time.sleep(0.01)
    time.sleep(0.1)
    os.write(2, b"thread ended ")

scratch, last = [], Last()
threading.Thread(target=beside).start()
sys.argv = ["inittui", *sys.argv[1:]]
from inittui.cli.entry import main
main()
"""


@pytest.mark.parametrize(("model", "code"), [("mlp", 0), ("broken.py:build", 2)])
def test_torch_is_not_taken_apart_at_the_end(
    model: str, code: int, tmp_path: Path, monkeypatch: Any
) -> None:
    """A third of a second of every command; threads end and files are removed all the same."""
    monkeypatch.chdir(tmp_path)
    Path("broken.py").write_text("import torch\ndef build():\n    return 1 / 0\n")
    done = python(ENDING, "model", model, check=False)
    assert done.returncode == code
    assert ("fc1" in done.stdout) == (code == 0)
    told, _, ended = done.stderr.partition("thread ended ")
    assert ended == "asked to end "
    assert not Path(told.split()[0]).exists()


@pytest.mark.parametrize(
    ("number", "moment"),
    [
        (signal.SIGINT, has_begun),
        (signal.SIGTERM, trains),
        (signal.SIGHUP, has_begun),
        (signal.SIGHUP, trains),
    ],
)
def test_a_stopped_run_ends_in_order(
    begin: Begin, number: signal.Signals, moment: Callable[[], bool]
) -> None:
    """Before torch is there as well as in the midst of training."""
    process = begin(*LONG)
    wait_until(moment)
    done = end(process, number)
    assert done.returncode == CODES[number]
    assert done.stderr.endswith(RESUME)
    assert "Traceback" not in done.stderr
    [listing] = list_runs(Path(os.environ["INITTUI_RUNS_DIR"]))
    assert listing.status == "interrupted"
    if moment is trains:
        told = done.stderr.splitlines()[-2]
        assert told.startswith("inittui: stopping, a checkpoint is written first")
        assert "interrupted" in done.stdout
        assert list(only_run().checkpoints.iterdir())  # type: ignore[union-attr]


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_a_run_that_ended_before_it_trained_is_the_last_and_resumes(
    begin: Begin, number: signal.Signals
) -> None:
    assert inittui(*SHORT).returncode == 0
    older = only_run()
    process = begin(*SHORT, "--name", "the stopped one")
    wait_until(lambda: only_run() != older and has_begun())
    end(process, number)
    resumed = inittui("runs", "resume", "last", "--json", "-q")
    assert (resumed.returncode, resumed.stderr) == (0, "")
    document = json.loads(resumed.stdout)
    assert (document["run"]["name"], document["run"]["status"]) == ("the stopped one", "finished")
    assert load_state(only_run())[0].status == "finished"  # type: ignore[arg-type]


@pytest.mark.parametrize("way", ["--quiet", "--detach"])
@pytest.mark.parametrize(
    "impossible",
    [("--device", "cuda:99"), ("--model", "nowhere:model")],
)
def test_an_impossible_run_leaves_nothing_behind(
    impossible: tuple[str, ...], way: str, tmp_path: Path
) -> None:
    root = tmp_path / "made" / "for it"
    done = inittui("compare", "rule", *impossible, way, "--runs-dir", str(root))
    assert done.returncode in (2, 4)
    assert done.stderr.count("\n") == 1
    assert not root.parent.exists()


def test_the_way_to_go_on_works_as_it_is_said(begin: Begin, tmp_path: Path) -> None:
    """With the directory and the trust that it needs, and by ID where another run is younger."""
    own = tmp_path / "own.py"
    own.write_text("def half(tensor):\n    tensor.fill_(0.5)\n")
    root = tmp_path / "other runs"
    process = begin(*LONG, f"{own}:half", "--runs-dir", str(root))
    wait_until(lambda: bool(list(root.glob("*/events.jsonl"))))
    [log] = root.glob("*/events.jsonl")
    (root / "99991231-235959-999-ffffff").mkdir()
    done = end(process, signal.SIGINT)
    said = done.stderr.splitlines()[-1].removeprefix("inittui: interrupted; '")
    assert said.startswith(f"inittui runs resume {log.parent.name} --trust --runs-dir ")
    command = f"{said.partition(chr(39) + ' goes')[0]} -q"
    resuming = begin("-c", f"exec {INITTUI.removesuffix('inittui')}{command}", command=("sh",))
    wait_until(lambda: b'"losses"' in log.read_bytes())
    assert end(resuming, signal.SIGTERM).returncode == 143


def test_nohup_keeps_a_run_going(begin: Begin) -> None:
    process = begin(*SHORT, command=("nohup", INITTUI))
    wait_until(has_begun)
    done = end(process, signal.SIGHUP)
    assert done.returncode == 0, done.stderr


@pytest.mark.pty
def test_a_closed_terminal_ends_a_foreground_run_in_order() -> None:
    command = [argument for argument in LONG if argument != "--quiet"]
    with Terminal([*UI, *command]) as terminal:
        wait_until(trains)
        terminal.close()
        assert terminal.process.wait(60) == 129
    run = only_run()
    assert run is not None
    assert load_state(run)[0].status == "interrupted"
    assert list(run.checkpoints.iterdir())


@pytest.mark.pty
def test_the_ui_gives_the_terminal_back_when_it_is_terminated() -> None:
    with Terminal(UI) as terminal:
        terminal.wait_for("Press r to train")
        terminal.process.terminate()
        written = b""
        while piece := terminal.read(5):
            written += piece
        assert terminal.process.wait(30) == 143
    assert b"\x1b[?1049l" in written, "the other screen is left"
    assert b"\x1b[?25h" in written, "the cursor is shown"
    assert b"Traceback" not in written


IN_A_CALLBACK = """
import os, signal, time, weakref
from inittui.cli.interrupt import raise_on_signals, stop_code

class Thing: pass

raise_on_signals()
thing = Thing()
watch = weakref.ref(thing, lambda _: os.kill(os.getpid(), signal.SIGTERM))
del thing
try:
    time.sleep(10)
except KeyboardInterrupt:
    raise SystemExit(stop_code())
"""


def test_a_signal_that_meets_a_callback_is_not_lost() -> None:
    """Python drops what a weak reference's callback raises, and imports have many of them."""
    done = python(IN_A_CALLBACK, check=False)
    assert (done.returncode, done.stderr) == (143, "")


def test_a_second_signal_ends_at_once_but_a_second_hang_up_is_the_shell_s() -> None:
    code = """
import os, signal
from inittui.cli.interrupt import orderly_stop
with orderly_stop() as should_stop:
    os.kill(os.getpid(), signal.SIGHUP)
    os.kill(os.getpid(), signal.SIGHUP)
    assert should_stop()
    print("goes on", flush=True)
    os.kill(os.getpid(), signal.SIGINT)
    print("never", flush=True)
"""
    done = python(code, check=False)
    assert (done.returncode, done.stdout) == (129, "goes on\n")


def test_what_listens_to_signals_is_quickly_loaded() -> None:
    """Until then, Ctrl-C is a traceback of Python's own."""
    code = "import sys; import inittui.cli.interrupt; print(*sys.modules)"
    loaded = set(python(code).stdout.split())
    assert not loaded & {"typing", "typer", "rich", "msgspec", "inittui.errors", "threading"}
