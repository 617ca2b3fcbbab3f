"""A sweep of 45 trials on two cores: in one process, in two, and in two on a Ray cluster."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.measure import VERDICT_HEAD, Verdict
from benchmarks.startup import INITTUI

SWEEP = (
    "compare", "--quiet", "--model", "deep_mlp", "--sweep", "normal:std=1e-2..0.3:9",
    "--sweep", "model.depth=2|3|4|5|6", "--layer-width", "96", "--epochs", "2", "--limit", "8000",
)  # fmt: skip
TRIALS = 45
WANTED = 1.15
ONE_THREAD, TWO_THREADS = "one process, 1 thread", "one process, 2 threads"
"""Where others use the cores, too, two threads may take longer than one: each product waits for the
slower."""


@dataclass(frozen=True)
class Sharing:
    """Seconds of one command, by its log."""

    start: float
    """From the command to the first trial."""
    training: float
    """From there to the end of the last trial."""


def once(*options: str, threads: int = 2) -> Sharing:
    """Run the sweep on so many threads in all."""
    with tempfile.TemporaryDirectory() as runs:
        began = time.time()
        command = [INITTUI, *SWEEP, *options, "--runs-dir", runs]
        environment = {**os.environ, "OMP_NUM_THREADS": str(threads)}
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
        if done.returncode:
            raise RuntimeError(done.stderr)
        (log,) = Path(runs).glob("*/events.jsonl")
        events = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
    ended = [each["at"] for each in events if each["event"] == "trial_ended"]
    if len(ended) != TRIALS:
        raise RuntimeError(f"{len(ended)} trials instead of {TRIALS}")
    first = next(each["at"] for each in events if each["event"] == "trial_started")
    return Sharing(first - began, max(ended) - first)


@contextmanager
def cluster() -> Iterator[str]:
    """Start a Ray cluster of two cores; yield its address.

    Raises:
        ImportError: Ray isn't installed.
    """
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    import ray
    from ray.cluster_utils import Cluster

    options = {"num_cpus": 2, "include_dashboard": False}
    made = Cluster(initialize_head=True, head_node_args=options)
    try:
        yield str(made.address)
    finally:
        ray.shutdown()
        made.shutdown()


def measure(rounds: int = 3) -> list[str]:
    """Return a table and verdicts; each way in turn, the middle one of some rounds."""
    ways: dict[str, tuple[str, ...]] = {
        ONE_THREAD: ("--device", "cpu"),
        TWO_THREADS: ("--device", "cpu"),
        "`--devices cpu:2`": ("--devices", "cpu:2"),
    }
    try:
        with cluster() as address:
            ways["`--on ray`, cluster running"] = ("--devices", "cpu:2", "--on", f"ray:{address}")
            return _table(ways, rounds)
    except ImportError:
        print("ray is not installed: pip install 'inittui[ray]'", file=sys.stderr)
        return _table(ways, rounds)


def _table(ways: dict[str, tuple[str, ...]], rounds: int) -> list[str]:
    samples: dict[str, list[Sharing]] = {name: [] for name in ways}
    for turn in range(rounds):
        for name, options in ways.items():
            samples[name].append(once(*options, threads=1 if name == ONE_THREAD else 2))
            print(f"{name}: {samples[name][-1]}", file=sys.stderr, flush=True)
        print(f"round {turn + 1}/{rounds}", file=sys.stderr, flush=True)
    lines = [
        "| 45 trials | to the first trial, s | from there on, s | each time |",
        "| --- | --- | --- | --- |",
    ]
    middle = {}
    for name, kept in samples.items():
        in_order = sorted(kept, key=lambda each: each.training)
        middle[name] = in_order[len(in_order) // 2].training
        starts = sorted(each.start for each in kept)
        all_of_them = ", ".join(f"{each.training:.1f}" for each in in_order)
        lines.append(
            f"| {name} | {starts[len(starts) // 2]:.1f} | {middle[name]:.1f} | {all_of_them} |"
        )
    alone = min(middle.pop(ONE_THREAD), middle.pop(TWO_THREADS))
    verdicts = [
        Verdict(f"{name} ÷ one process at its best, once started", seconds / alone, WANTED, False,
                f"{seconds:.1f} ÷ {alone:.1f} s").row()
        for name, seconds in middle.items()
    ]  # fmt: skip
    return [*lines, "", VERDICT_HEAD, *verdicts]
