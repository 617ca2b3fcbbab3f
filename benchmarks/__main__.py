"""Run all benchmarks and write benchmarks/results.md."""

from __future__ import annotations

import argparse
import re
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from benchmarks import checking, kinds, limits, peers, scaling, sharing, startup, tui
from benchmarks.measure import (
    RESULTS,
    TORTURE_HEAD,
    VERDICT_HEAD,
    Timing,
    Verdict,
    hardware,
    interleave,
)
from inittui.training.memory import keep_freed_memory

PARTS = {
    "training": "## Training",
    "startup": "## Starting",
    "ui": "## The terminal UI",
    "check": "## The check",
    "scaling": "## Scaling",
    "sharing": "## Several processes",
}
"""Parts and the headings of their sections."""


FLOOR = "the floor: products and one fused Adam"
PRODUCTS = "the products alone"


def training(rounds: int) -> tuple[list[str], list[Verdict]]:
    """Measure one step of the seven classic trials against every peer, and against the machine."""
    variant = peers.protocol()
    contestants = {
        "inittui": peers.inittui_step(variant, "dense"),
        "inittui, general path": peers.inittui_step(variant, "general"),
        "inittui, reference path": peers.inittui_step(variant, "single"),
        "in-memory loop, default Adam": peers.in_memory_loop(variant, fused=False),
        "in-memory loop, fused Adam": peers.in_memory_loop(variant, fused=True),
        "the tutorial's loop": peers.tutorial_loop(variant),
        FLOOR: peers.floor(with_adam=True),
        PRODUCTS: peers.floor(with_adam=False),
        "peak": limits.peak(),
    }
    try:
        contestants["JAX, jit(vmap) with scan"] = peers.jax_scan(variant)
    except ImportError:
        print("jax is not installed: pip install 'inittui[bench]'", file=sys.stderr)
    timings = interleave(contestants, rounds)
    peak = timings.pop("peak")
    rate = limits.PEAK_OPERATIONS / peak.median
    at_peak = peers.operations() / rate
    ours, floor = timings["inittui"].median, timings[FLOOR].median
    lines = [
        f"The machine's peak, a product of 1,024 × 1,024 float32: {rate / 1e9:.0f} GFLOP/s "
        f"({peak.spread}); the step's products are {peers.operations() / 1e9:.2f} GFLOP, "
        f"{1e3 * at_peak:.2f} ms at that rate.",
        "",
        "| one step of seven trials | ms | spread | of the peak | of the floor | ÷ inittui |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    lines += [
        f"| {name} | {1e3 * t.median:.2f} | {t.spread} | {at_peak / t.median:.2f} | "
        f"{floor / t.median:.2f} | {t.median / ours:.2f} |"
        for name, t in timings.items()
    ]
    return lines, _verdicts(timings)


def _verdicts(timings: dict[str, Timing]) -> list[Verdict]:
    ours = timings["inittui"].median
    wanted = {"JAX, jit(vmap) with scan": 1.0, FLOOR: 0.85, PRODUCTS: 0.85}
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


def measured(part: str, rounds: int) -> list[str]:
    """Measure one part; return its section."""
    lines: list[str]
    if part == "training":
        keep_freed_memory()  # as the command does; the peers gain by it too
        table, verdicts = training(rounds)
        rows, more = kinds.measure(rounds)
        shares = ["| a step of | ms | spread | of the peak | of the products |", "| --- " * 5 + "|"]
        lines = [*table, "", *shares, *rows, "", VERDICT_HEAD, *_rows([*verdicts, *more])]
    elif part == "startup":
        with tempfile.TemporaryDirectory() as scratch:
            lines = [VERDICT_HEAD, *_rows(startup.measure(Path(scratch)))]
    elif part == "ui":
        lines = [VERDICT_HEAD, *_rows(tui.measure())]
    elif part == "check":
        lines = [VERDICT_HEAD, *_rows(checking.measure())]
    elif part == "scaling":
        sizes = [(1, 1), (7, 1), (7, 5), (7, 10)]
        perceptrons, planned = scaling.table("mlp", sizes, images=8_100)
        lenets, _ = scaling.table("lenet", [(1, 1), (3, 1), (9, 1)], images=1_100, rounds=1)
        verdict = scaling.verdict(planned)
        lines = [*perceptrons, "", *lenets, "", VERDICT_HEAD, verdict.row()]
    else:
        lines = sharing.measure()
    facts = "; ".join(hardware())
    return [PARTS[part], "", f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC; {facts}.", "", *lines, ""]


def _rows(verdicts: list[Verdict]) -> list[str]:
    return [verdict.row() for verdict in verdicts]


def sections(text: str) -> dict[str, str]:
    """Return the sections of a Markdown text by their headings; what is before them goes."""
    parts = re.split(r"^(?=## )", text, flags=re.MULTILINE)[1:]
    return {part.splitlines()[0]: part.strip() for part in parts}


def main() -> None:
    """Measure, print and save: what isn't measured keeps what was measured before."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--only", choices=PARTS, action="append")
    arguments = parser.parse_args()
    for part in arguments.only or PARTS:
        text = "\n".join(measured(part, arguments.rounds)).strip()
        print(text, flush=True)
        found = sections(RESULTS.read_text(encoding="utf-8")) | {PARTS[part]: text}
        kept = [found[head] for head in (*PARTS.values(), TORTURE_HEAD) if head in found]
        RESULTS.write_text("\n\n".join(["# Benchmarks", *kept]) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
