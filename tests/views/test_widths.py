"""A coordinate check as a person sees it."""

from __future__ import annotations

import math
import random

import pytest
from rich.cells import cell_len
from syrupy.assertion import SnapshotAssertion

from inittui.events.widths import WidthPoint
from inittui.events.wire_numbers import Number
from inittui.experiment.records import Experiment
from inittui.results.widths import Slope, slopes
from inittui.views.frame import Frame
from inittui.views.widths import conclusions, widths_report
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


def drawn(*noise: float, seed: int = 0) -> list[Slope]:
    """Return slopes of changes that don't go with the width, of a layer for each noise."""
    source = random.Random(seed)
    return slopes([
        WidthPoint("s", f"fc{place + 1}", width, number, step, 1.0, math.exp(source.gauss(0, each)))
        for place, each in enumerate(noise)
        for step in (1, 2)
        for width in WIDTHS
        for number in range(2)
    ])  # fmt: skip


def test_changes_are_said_to_stay_only_where_all_do() -> None:
    for seed in range(100):
        found = drawn(0.01, 0.8, seed=seed)
        said = " ".join(conclusions(found))
        assert ("Changes stay" in said) is all(each.verdict == "stays" for each in found)
        moving = {each.layer for each in found if each.verdict in ("grows", "shrinks")}
        unclear = {each.layer for each in found if each.verdict == "unclear"} - moving
        assert ("can't tell whether the change of" in said) is bool(unclear)
        assert all(layer in said for layer in moving | unclear)


def test_it_says_which_change_is_unclear_and_by_how_much() -> None:
    said = " ".join(conclusions(drawn(0.01, 2.0, seed=3)))
    assert "can't tell whether the change of fc2 stays: of fc2 after " in said
    assert "fc1" not in said
    assert " ± " in said


def test_a_change_in_a_step_that_the_table_leaves_out_counts_too() -> None:
    """The exit code and the document ask all steps."""
    found = [each for each in measured() if each.scheme == "standard" and each.step == 3]
    assert "grows with the width, of fc2 after 3 steps" in " ".join(conclusions(found))


def following(laws: dict[str, dict[int, float | None]]) -> str:
    """Return what is said of layers whose change is as width^exponent after each step; None: 0."""
    points = [
        WidthPoint(
            "s", layer, width, seed, step, 1.0,
            0.0 if law is None else width**law * math.exp(0.01 * seed),
        )
        for layer, of in laws.items()
        for step, law in of.items()
        for width in WIDTHS
        for seed in range(2)
    ]  # fmt: skip
    return " ".join(conclusions(slopes(points)))


def test_what_a_wider_network_needs_follows_from_the_last_step() -> None:
    said = following({"fc1": {1: -0.5, 2: 0.0, 3: 0.0}, "fc2": {1: 0.0, 2: 0.0, 3: 0.0}})
    assert said == (
        "On the way the change of fc1 shrinks with the width, of fc1 after 1 step as "
        "width^-0.50, but not clearly after all 3 steps: that asks for no other learning rate."
    )
    said = following({"fc1": {1: -0.9, 2: 0.0, 3: -0.5}, "fc2": {1: 0.0, 2: 0.0, 3: 0.0}})
    assert said == (
        "The change of fc1 shrinks with the width, of fc1 after 3 steps as width^-0.50: to move "
        "as far there in these steps, a wider network needs a larger learning rate."
    )
    said = following({"fc1": {1: -0.5, 2: 0.5}})
    assert "a smaller learning rate. On the way the change of fc1 shrinks" in said
    assert "larger" not in said


def test_layers_that_nothing_moves_are_not_said_to_be_unclear() -> None:
    said = following({"fc1": {1: None, 2: None}, "fc2": {1: 0.0, 2: 0.0}})
    assert said == (
        "fc1: outputs don't change in these steps, at no width. Changes stay: by these steps a "
        "wider network moves as far as a narrow one, under the same learning rate."
    )
    said = following({"fc1": {1: None, 2: None}})
    assert said == "fc1: outputs don't change in these steps, at no width."
    assert "fc1" not in following({"fc1": {1: None, 2: 0.0}})


def with_start(size: Number, change: Number) -> list[Slope]:
    points = [
        WidthPoint("normal:std=100", "fc1", width, seed, step, size, change if step else 0.0)
        for step in range(2)
        for width in WIDTHS
        for seed in range(2)
    ]
    return slopes(points)


def test_what_isn_t_finite_at_the_start_asks_for_other_start_values() -> None:
    assert list(conclusions(with_start("Infinity", "NaN"))) == [
        "fc1: not finite at the start; take smaller start values."
    ]
    assert list(conclusions(with_start(1.0, "NaN"))) == [
        "fc1: not finite; take a smaller learning rate."
    ]


def test_an_exponent_that_is_too_large_to_stay_reads_so() -> None:
    points = [
        WidthPoint("rule", "fc1", width, seed, step, 1.0, step * width**0.1504)
        for step in range(2)
        for width in WIDTHS
        for seed in range(2)
    ]
    found = slopes(points)
    assert "as width^0.1504: to move" in " ".join(conclusions(found))
    text = render(widths_report(Experiment(), found, Frame(100), steps=1), 100)
    assert "+0.1504 ± 0.00" in text


def test_a_verdict_can_be_read_from_slope_and_margin() -> None:
    """Where an interval hardly leaves out 0, or hardly reaches 0.4, two decimals hide it."""
    for low, high, verdict, said in (
        (0.001, 1.039, "grows", "+0.520 ± 0.519 grows"),
        (-0.001, 1.039, "unclear", "+0.52 ± 0.52 unclear"),
        (-0.201, 0.401, "unclear", "+0.100 ± 0.301 unclear"),
    ):
        slope = (low + high) / 2
        row = Slope("s", "fc1", 1, "change", {64: 1.0, 128: 1.0}, (64, 128), slope, low, high,
                    verdict)  # type: ignore[arg-type]  # fmt: skip
        text = render(widths_report(Experiment(), [row], Frame(100), steps=1), 100)
        assert said in " ".join(text.split())


def test_what_ends_not_finite_is_not_said_to_ask_for_no_other_learning_rate() -> None:
    points = [
        WidthPoint("s", "fc1", width, seed, step, 1.0,
                   "NaN" if step == 2 else step * float(width))
        for step in range(3)
        for width in WIDTHS
        for seed in range(2)
    ]  # fmt: skip
    assert list(conclusions(slopes(points))) == ["fc1: not finite; take a smaller learning rate."]


def test_the_upper_half_of_the_widths_is_told_of_where_there_is_one() -> None:
    assert "upper half" in render(widths_report(Experiment(), measured(), Frame(100), steps=5), 100)
    two = widths_report(Experiment(), measured((64, 128)), Frame(100), steps=5)
    assert "upper half" not in render(two, 100)


def test_what_a_start_that_is_not_finite_makes_of_other_layers_is_not_the_learning_rate_s() -> None:
    points = [
        WidthPoint("s", layer, width, seed, step, "NaN" if layer == "fc2" or step else 1.0,
                   "NaN" if step else 0.0)
        for layer in ("fc1", "fc2")
        for step in range(2)
        for width in WIDTHS
        for seed in range(2)
    ]  # fmt: skip
    assert list(conclusions(slopes(points))) == [
        "fc2: not finite at the start, and so fc1 after a step; take smaller start values."
    ]


def test_nothing_is_minus_zero() -> None:
    row = Slope("s", "fc1", 1, "change", {64: 1.0, 128: 1.0}, (64, 128), -0.001, -0.1, 0.1, "stays")
    text = render(widths_report(Experiment(), [row], Frame(100), steps=1), 100)
    assert "+0.00 ± 0.10" in text
