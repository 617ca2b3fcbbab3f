"""Interleaved timing: A B C A B C …, the first round thrown away, medians and spread."""

from __future__ import annotations

import os
import platform
import statistics
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

RESULTS = Path(__file__).with_name("results.md")

TORTURE_HEAD = "## Kills, full disks and hostile input"
"""The last part of the results, which `make torture` writes and `make bench` leaves."""


@dataclass(frozen=True)
class Timing:
    """Seconds of one thing, measured several times."""

    samples: tuple[float, ...]

    @property
    def median(self) -> float:
        return statistics.median(self.samples)

    @property
    def spread(self) -> str:
        """The smallest and the largest sample relative to the median."""
        low, high = min(self.samples) / self.median, max(self.samples) / self.median
        return f"{100 * (low - 1):+.0f} % {100 * (high - 1):+.0f} %"


def interleave(peers: Mapping[str, Callable[[], float]], rounds: int) -> dict[str, Timing]:
    """Call each peer once a round; a peer returns the seconds it measured itself."""
    samples: dict[str, list[float]] = {name: [] for name in peers}
    for turn in range(rounds + 1):
        for name, peer in peers.items():
            seconds = peer()
            if turn:
                samples[name].append(seconds)
        print(f"round {turn}/{rounds}", file=sys.stderr, flush=True)
    return {name: Timing(tuple(values)) for name, values in samples.items()}


@dataclass(frozen=True)
class Verdict:
    """A measured ratio beside the one that is wanted."""

    what: str
    ratio: float
    wanted: float
    at_least: bool
    detail: str = ""

    @property
    def reached(self) -> bool:
        return self.ratio >= self.wanted if self.at_least else self.ratio <= self.wanted

    def row(self) -> str:
        sign = "≥" if self.at_least else "≤"
        mark = "yes" if self.reached else "**no**"
        return (
            f"| {self.what} | {self.ratio:.2f} | {sign} {self.wanted:g} | {mark} | {self.detail} |"
        )


VERDICT_HEAD = "| what | measured | wanted | reached | how |\n| --- | --- | --- | --- | --- |"


def hardware() -> list[str]:
    """Describe the machine and the versions, one fact a line."""
    import torch

    threads = torch.get_num_threads()
    lines = [
        f"{os.cpu_count()} CPU cores, {_processor()}; PyTorch on {threads} of them",
        platform.platform(),
    ]
    if torch.cuda.is_available():
        lines.append(torch.cuda.get_device_name(0))
    names = ("inittui", "torch", "torchvision", "numpy", "jax", "typer", "rich", "textual")
    found = []
    for name in names:
        try:
            found.append(f"{name} {metadata.version(name)}")
        except metadata.PackageNotFoundError:
            found.append(f"{name} not installed")
    return [*lines, f"Python {platform.python_version()}, {', '.join(found)}"]


def _processor() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or "unknown processor"
