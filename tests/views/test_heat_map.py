"""The map of two sweeps as a person sees it."""

from __future__ import annotations

import re

import pytest
from rich.cells import cell_len
from rich.console import Group
from syrupy.assertion import SnapshotAssertion

from inittui.results.state import RunState
from inittui.results.sweep_results import swept_grids
from inittui.views.frame import Frame
from inittui.views.heat_map import Border, heat_map
from inittui.views.sweep_maps import Map, sweep_maps
from tests.support.rendering import render
from tests.support.runs import SCALE, Made, made_run, scale_by_depth

ACCURACIES: dict[tuple[float, int], float | None] = {
    (scale, depth): None if scale == 4 and depth == 32 else max(0.1, 0.85 - abs(scale - 1.7) * d)
    for scale in (0.5, 1.0, 1.7, 4.0)
    for depth, d in ((2, 0.02), (8, 0.2), (32, 0.6))
}


def trained() -> RunState:
    return made_run(scale_by_depth(ACCURACIES))


def drawn(state: RunState, frame: Frame, wanted: Map | None = None, **options: bool) -> str:
    return render(Group(*sweep_maps(state, frame, wanted)), frame.width, **options)


@pytest.mark.parametrize(
    "frame",
    [Frame(80), Frame(80, ascii_only=True), Frame(80, marker="ascii"), Frame(24)],
    ids=["80", "ascii", "letters", "narrow"],
)
def test_map(frame: Frame, snapshot: SnapshotAssertion) -> None:
    text = drawn(trained(), frame)
    assert max(map(cell_len, text.splitlines())) <= frame.width
    assert text.isascii() or not frame.ascii_only
    assert text == snapshot


def test_losses_are_dark_where_they_are_low(snapshot: SnapshotAssertion) -> None:
    text = drawn(trained(), Frame(80), Map((SCALE, "model.depth"), "loss"))
    assert text == snapshot


def test_colour_adds_nothing_that_isn_t_there_without() -> None:
    plain = drawn(trained(), Frame(80))
    coloured = render(Group(*sweep_maps(trained(), Frame(80))), 80, color=True)
    assert "\x1b[38;2;" in coloured
    shades = [character for character in coloured if character in "░▒▓█"]
    assert shades == [character for character in plain if character in "░▒▓█"]


def test_cells_wider_than_digits_where_values_need_it() -> None:
    trials = [
        Made("rule", 0.5, swept={"model.activation": name, "training.lr": rate})
        for rate in (0.000316, 0.00316, 0.0316)
        for name in ("relu", "leaky_relu")
    ]
    text = drawn(made_run(trials), Frame(80))
    assert "0.0032 │" in text
    assert "relu    leaky_relu" in text


def test_accuracies_close_together_are_told_to_a_tenth() -> None:
    text = drawn(made_run(scale_by_depth({(1.0, 2): 0.861, (2.0, 2): 0.864})), Frame(80))
    assert "86.1" in text
    assert "86.4" in text


def test_nothing_is_shaded_where_nothing_learns() -> None:
    text = drawn(made_run(scale_by_depth({(1.0, 2): 0.10, (2.0, 2): 0.11})), Frame(80))
    assert not set(text) & set("░▒▓█")


@pytest.mark.parametrize("lowest", [2.302, 2.29, 2.26, 2.2, 0.5])
def test_losses_of_one_shade_have_digits_of_their_own(lowest: float) -> None:
    trials = [
        Made("rule", 0.1, swept={"model.depth": depth, "training.lr": rate}, val_loss=loss)
        for depth, rate, loss in ((2, 0.1, 2.3), (2, 0.2, lowest), (4, 0.1, 2.3), (4, 0.2, 2.301))
    ]
    text = drawn(made_run(trials), Frame(80), Map(("training.lr", "model.depth"), "loss"))
    legend = re.findall(r"[░▒▓█] to ([0-9.]+)", text)
    assert len(set(legend)) == len(legend) == (4 if lowest < 2.25 else 0)
    assert any(shade in text for shade in "░▒▓█") is bool(legend)


def test_a_seed_that_diverged_is_marked_beside_the_mean_of_the_others() -> None:
    accuracies = {(1.0, 2): 0.8, (2.0, 2): 0.7}
    trials = scale_by_depth(accuracies)
    trials += scale_by_depth({**accuracies, (1.0, 2): None}, seed=1)
    assert "80✕" in drawn(made_run(trials), Frame(80))


def test_borders_lie_between_the_cells(snapshot: SnapshotAssertion) -> None:
    state = trained()
    (grid,) = swept_grids(state, SCALE, "model.depth")
    borders = [
        Border("as deep as that", tops={0.5: 4.0, 1.0: 9.0, 1.7: 100.0, 4.0: 1.0}),
        Border("a side", sides={2: [1.2], 8: [1.2], 32: [99.0]}),
    ]
    text = render(Group(*heat_map(state, grid, Frame(80), borders=borders)), 80)
    assert text == snapshot


@pytest.mark.parametrize("width", [20, 33, 80])
def test_names_of_any_kind_keep_the_width(width: int) -> None:
    trials = [
        Made("rule", 0.5, swept={"model.name": name, "model.activation": other})
        for name in ("\x1b[31mred", "日本語の名前です", "file.py:a_long_name_of_a_model")
        for other in ("日本語の名前です", "a\nb")
    ]
    text = drawn(made_run(trials), Frame(width))
    assert "\x1b" not in text
    assert max(map(cell_len, text.splitlines())) <= width
