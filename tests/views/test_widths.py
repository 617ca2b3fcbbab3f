"""A coordinate check as a person sees it."""

from __future__ import annotations

import pytest
from rich.cells import cell_len
from syrupy.assertion import SnapshotAssertion

from inittui.events.widths import WidthPoint
from inittui.experiment.records import Experiment
from inittui.results.widths import Slope, slopes
from inittui.views.frame import Frame
from inittui.views.widths import widths_report
from tests.support.rendering import render

WIDTHS = (64, 128, 256, 512, 1024, 2048)


def measured(widths: tuple[int, ...] = WIDTHS) -> list[Slope]:
    laws = {"standard": {"fc1": (0.0, 0.0), "fc2": (0.0, 1.0)},
            "mup": {"fc1": (0.0, 0.0), "fc2": (-0.5, 0.0)},
            "normal:std=0.01": {"fc1": (0.0, -0.5), "fc2": (0.5, 400.0)}}  # fmt: skip
    points = [
        WidthPoint(
            scheme, layer, width, seed, step, (0.8 + seed / 100) * (width / 64) ** start,
            0.0 if not step else "Infinity" if law > 9 else 0.1 * step * (width / 64) ** law,
        )
        for scheme, layers in laws.items()
        for step in range(6)
        for layer, (start, law) in layers.items()
        for width in widths
        for seed in range(2)
    ]  # fmt: skip
    return slopes(points)


@pytest.mark.parametrize(
    "frame", [Frame(80), Frame(80, ascii_only=True), Frame(60)], ids=["80", "ascii", "60"]
)
def test_report(frame: Frame, snapshot: SnapshotAssertion) -> None:
    text = render(widths_report(Experiment(), measured(), frame, steps=5), frame.width)
    assert max(map(cell_len, text.splitlines())) <= frame.width
    assert text.isascii() or not frame.ascii_only
    assert text == snapshot


def test_inner_widths_are_left_out_first_and_said_so() -> None:
    many = tuple(range(100, 2_000, 100))
    lines = render(widths_report(Experiment(), measured(many), Frame(80), steps=5), 80)
    assert "no room for: " in lines
    heads = next(line for line in lines.splitlines() if line.startswith("layer"))
    assert " 100 " in heads and " 1900 " in heads


def test_a_verdict_is_told_by_a_word_beside_its_colour() -> None:
    coloured = render(widths_report(Experiment(), measured(), Frame(80), steps=5), 80, color=True)
    assert "\x1b[32mstays" in coloured
    assert "\x1b[1;31mgrows" in coloured
