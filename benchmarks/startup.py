"""Starting: help, listing runs, the first step, the whole command, memory after loading."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.measure import Timing, Verdict, interleave

PYTHON = sys.executable
INITTUI = str(Path(PYTHON).with_name("inittui"))


def timed(command: list[str], environment: dict[str, str] | None = None) -> Callable[[], float]:
    """Return a peer that runs a command and measures it from outside."""

    def run() -> float:
        began = time.perf_counter()
        subprocess.run(
            command, check=True, capture_output=True, env={**os.environ, **(environment or {})}
        )
        return time.perf_counter() - began

    return run


def first_step(directory: Path) -> Callable[[], float]:
    """Return a peer that measures from the start of the process to its first step."""

    def run() -> float:
        shutil.rmtree(directory, ignore_errors=True)
        began = time.time()
        command = [INITTUI, "compare", "--quiet", "--limit", "1000", "--epochs", "1"]
        subprocess.run([*command, "--runs-dir", str(directory)], check=True, capture_output=True)
        (log,) = directory.glob("*/events.jsonl")
        for line in log.read_text(encoding="utf-8").splitlines():
            event = json.loads(line)
            if event["event"] == "trial_started":
                return float(event["at"]) - began
        raise AssertionError("no trial started")

    return run


def many_runs(directory: Path, count: int) -> None:
    """Fill a directory with copies of one real run, under IDs of their own."""
    environment = {**os.environ, "INITTUI_RUNS_DIR": str(directory)}
    subprocess.run([INITTUI, "compare", "--quiet", "-n", "48000"], check=True,
                   capture_output=True, env=environment)  # fmt: skip
    (source,) = directory.iterdir()
    for number in range(count - 1):
        moment = f"{number // 3600:02d}{number // 60 % 60:02d}{number % 60:02d}"
        shutil.copytree(source, directory / f"20250101-{moment}-000-{number:06x}")


def measure(scratch: Path) -> list[Verdict]:
    """Measure everything about starting."""
    runs = scratch / "many"
    runs.mkdir()
    many_runs(runs, 1_000)
    listing = timed([INITTUI, "runs"], {"INITTUI_RUNS_DIR": str(runs)})
    cold = listing()
    timings = interleave(
        {
            "typer, rich": timed([PYTHON, "-c", "import typer, rich"]),
            "help": timed([INITTUI, "--help"]),
            "torch": timed([PYTHON, "-c", "import torch"]),
            "first step": first_step(scratch / "first"),
            "runs": listing,
        },
        rounds=5,
    )
    return [
        _ratio("`inittui --help` ÷ `import typer, rich`", timings, "help", "typer, rich", 2.5),
        _ratio("start to first step ÷ `import torch`", timings, "first step", "torch", 1.4),
        Verdict(
            "`inittui runs` over 1,000 runs, seconds", timings["runs"].median, 1.0, False,
            f"the first time {cold:.2f} s; spread {timings['runs'].spread}",
        ),
        _memory(),
        _whole_command(scratch),
    ]  # fmt: skip


def _ratio(what: str, timings: dict[str, Timing], ours: str, theirs: str, wanted: float) -> Verdict:
    mine, peer = timings[ours], timings[theirs]
    detail = f"{mine.median:.2f} s ({mine.spread}) ÷ {peer.median:.2f} s ({peer.spread})"
    return Verdict(what, mine.median / peer.median, wanted, False, detail)


RESIDENT = """
import re
def resident():
    text = open("/proc/self/status").read()
    return int(re.search(r"VmRSS:\\s+(\\d+)", text).group(1)) / 1024
import torch
before = resident()
from inittui.data.sets import load
images = load("fashion-mnist")
images.train.images.sum(), images.test.images.sum()
print(resident() - before)
"""


def _memory() -> Verdict:
    grown = [
        float(
            subprocess.run(
                [PYTHON, "-c", RESIDENT], check=True, capture_output=True, text=True
            ).stdout
        )
        for _ in range(3)
    ]
    return Verdict("MB above `import torch` after loading and reading all data", sorted(grown)[1],
                   150, False, "resident set")  # fmt: skip


def _whole_command(scratch: Path) -> Verdict:
    ratios, walls = [], []
    for _ in range(3):
        began = time.perf_counter()
        done = subprocess.run(
            [INITTUI, "compare", "--json", "--quiet", "--runs-dir", str(scratch / "whole")],
            check=True, capture_output=True, text=True,
        )  # fmt: skip
        walls.append(time.perf_counter() - began)
        ratios.append(walls[-1] / json.loads(done.stdout)["run"]["seconds"])
    detail = f"{sorted(walls)[1]:.1f} s from outside, all seven, two epochs"
    return Verdict(
        "whole `inittui compare` ÷ its training alone", sorted(ratios)[1], 1.4, False, detail
    )
