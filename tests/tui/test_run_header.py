"""The line over the curves: of one run its settings, of several what they differ in."""

from __future__ import annotations

from msgspec.structs import replace

from inittui.experiment.records import Experiment, TrainingConfig
from inittui.tui.open_runs import OpenRuns
from inittui.tui.run_header import differences, header_of
from inittui.views.frame import Frame
from tests.support.tui_shelf import Shelf


def test_a_run_is_told_in_one_line(shelf: Shelf) -> None:
    runs = OpenRuns(shelf.root)
    runs.show(shelf.put("seeds"))
    said = str(header_of(runs.shown, Frame(100)))
    for part in ("5eed50", "mlp", "fashion-mnist", "2 epochs", "batch 100", "adam 0.001",
                 "seeds 0 to 2", "cpu"):  # fmt: skip
        assert part in said
    assert header_of(runs.shown, Frame(30)).cell_len <= 30


def test_of_several_only_what_differs_is_told(shelf: Shelf) -> None:
    runs = OpenRuns(shelf.root)
    runs.show(shelf.put("classic"))
    runs.show(shelf.put("seeds"), add=True)
    first, second = str(header_of(runs.shown, Frame(100))).split("\n")
    assert (first, second) == ("c1a551  seeds 1", "5eed50  seeds 3")
    runs.show(shelf.put("diverged"), add=True)
    assert str(header_of(runs.shown, Frame(100))).endswith("and 1 more runs")


def test_differences_are_those_of_settings() -> None:
    one = Experiment()
    other = replace(one, name="x", schemes=("rule",), training=TrainingConfig(lr=0.1, epochs=2))
    assert differences([one, other]) == ["training.lr"]
    assert differences([one, replace(one, name="y")]) == []
