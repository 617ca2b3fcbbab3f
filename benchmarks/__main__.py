"""Run all benchmarks and write benchmarks/results.md."""

from __future__ import annotations

import argparse
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from benchmarks import kinds, peers, scaling, startup, tui
from benchmarks.measure import (
    RESULTS,
    TORTURE_HEAD,
    VERDICT_HEAD,
    Timing,
    Verdict,
    hardware,
    interleave,
)
from inittui.training.hardware import keep_freed_memory

PARTS = ("training", "startup", "ui", "scaling")


def training(rounds: int) -> tuple[list[str], list[Verdict]]:
    """Measure one step of the seven classic trials against every peer."""
    variant = peers.protocol()
    contestants = {
        "inittui": peers.inittui_step(variant, "dense"),
        "inittui, general path": peers.inittui_step(variant, "general"),
        "inittui, reference path": peers.inittui_step(variant, "single"),
        "in-memory loop, default Adam": peers.in_memory_loop(variant, fused=False),
        "in-memory loop, fused Adam": peers.in_memory_loop(variant, fused=True),
        "the tutorial's loop": peers.tutorial_loop(variant),
        "the floor": peers.floor(),
    }
    try:
        contestants["JAX, jit(vmap) with scan"] = peers.jax_scan(variant)
    except ImportError:
        print("jax is not installed: pip install 'inittui[bench]'", file=sys.stderr)
    timings = interleave(contestants, rounds)
    lines = ["| one step of seven trials | ms | spread |", "| --- | --- | --- |"]
    lines += [f"| {name} | {1e3 * t.median:.2f} | {t.spread} |" for name, t in timings.items()]
    return lines, _verdicts(timings)


def _verdicts(timings: dict[str, Timing]) -> list[Verdict]:
    ours = timings["inittui"].median
    wanted = {
        "the tutorial's loop": 12.0,
        "in-memory loop, default Adam": 3.4,
        "in-memory loop, fused Adam": 2.7,
        "JAX, jit(vmap) with scan": 1.2,
        "the floor": 0.78,
    }
    found = [
        Verdict(
            f"{name} ÷ inittui", timings[name].median / ours, ratio, True, "medians, interleaved"
        )
        for name, ratio in wanted.items()
        if name in timings
    ]
    fused = timings["in-memory loop, fused Adam"].median
    reference = timings["inittui, reference path"].median
    plain = timings["in-memory loop, default Adam"].median
    return [
        *found,
        Verdict("reference path ÷ in-memory loop, default Adam", reference / plain, 1.15, False,
                f"÷ the same with fused Adam: {reference / fused:.2f}"),
    ]  # fmt: skip


def main() -> None:
    """Measure, print and save."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--only", choices=PARTS)
    arguments = parser.parse_args()
    parts = [arguments.only] if arguments.only else PARTS
    lines = ["# Benchmarks", "", f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC", ""]
    lines += [f"- {fact}" for fact in hardware()] + [""]
    if "training" in parts:
        keep_freed_memory()  # as the command does; the peers gain by it too
        table, verdicts = training(arguments.rounds)
        verdicts += kinds.measure(arguments.rounds)
        lines += ["## Training", "", *table, "", VERDICT_HEAD, *(v.row() for v in verdicts), ""]
    if "startup" in parts:
        with tempfile.TemporaryDirectory() as scratch:
            verdicts = startup.measure(Path(scratch))
        lines += ["## Starting", "", VERDICT_HEAD, *(v.row() for v in verdicts), ""]
    if "ui" in parts:
        verdicts = tui.measure()
        lines += ["## The terminal UI", "", VERDICT_HEAD, *(v.row() for v in verdicts), ""]
    if "scaling" in parts:
        lines += ["## Scaling", ""]
        sizes = [(1, 1), (7, 1), (7, 5), (7, 10)]
        lines += [*scaling.table("mlp", sizes, images=8_100), ""]
        lines += [*scaling.table("lenet", [(1, 1), (3, 1), (9, 1)], images=1_100, rounds=1), ""]
    text = "\n".join(lines)
    print(text)
    if not arguments.only:
        _, head, table = RESULTS.read_text(encoding="utf-8").partition(TORTURE_HEAD)
        RESULTS.write_text(f"{text.rstrip()}\n\n{head}{table}", encoding="utf-8")


if __name__ == "__main__":
    main()
