"""Who wrote what, as the report tells it."""

from __future__ import annotations

import pytest
from rich.console import Group
from syrupy.assertion import SnapshotAssertion

from inittui.experiment.records import Experiment, ModelConfig
from inittui.results.state import RunState
from inittui.views.frame import Frame
from inittui.views.start_values import written_tables
from tests.support.rendering import render
from tests.support.runs import Made, made_run

REST = (("norm.weight", "built", "n", 64), ("pos", None, "p", 100), ("body.weight", "frozen", "b",
        50_000))  # fmt: skip


def start(by: str, head: str = "", note: str = "") -> tuple[tuple[object, ...], ...]:
    head = head or by
    return ("stem.weight", by, f"s{by}", 640, note), ("head.weight", head, f"h{head}", 320), *REST


def told(model: str = "net.py:Net", width: int = 80, *, ascii_only: bool = False) -> str:
    state = made_run(
        [
            Made("built", 0.5, start=start("built")),
            Made("he_normal", 0.5, start=start("he_normal", note="SpectralNorm divides")),
            Made("zeros@head=ones", 0.5, start=start("zeros", "ones")),
            Made("ones@norm=ones", 0.5, start=start("built")),
        ],
        experiment=Experiment(model=ModelConfig(name=model)),
    )
    return drawn(state, width, ascii_only=ascii_only)


def drawn(state: RunState, width: int = 80, *, ascii_only: bool = False) -> str:
    frame = Frame(width, ascii_only=ascii_only)
    return render(Group(*written_tables(state, frame)), width)


@pytest.mark.parametrize("width", [40, 80])
def test_shares_of_each_scheme(width: int, snapshot: SnapshotAssertion) -> None:
    assert told(width=width) == snapshot


def test_in_ascii() -> None:
    text = told(ascii_only=True)
    assert text.isascii() and "1.9% (2)" in text


def test_of_our_models_it_is_told_where_the_schemes_left_something() -> None:
    assert "who wrote the start values" in told("mlp")
    whole = made_run([Made("rule", 0.5, start=[("fc1.weight", "rule", "a", 9)])])
    assert drawn(whole) == ""


@pytest.mark.parametrize(
    ("values", "shown"),
    [(0, "0%"), (1, "<0.1%"), (40_000, "40.0%"), (99_999, ">99.9%"), (100_000, "100.0%")],
)
def test_little_is_not_nothing_and_much_is_not_all(values: int, shown: str) -> None:
    made = [("a", "rule", "1", values), ("b", "built", "2", 100_000 - values)]
    assert f"{shown} (1)" in drawn(made_run([Made("rule", 0.5, start=made)]))
