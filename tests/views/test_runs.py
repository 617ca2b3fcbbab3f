"""The list of runs at the widths that people have."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from inittui.experiment.records import CLASSIC_SCHEMES
from inittui.runs import RunListing
from inittui.text import sanitize
from inittui.views.frame import Frame
from inittui.views.runs import runs_table
from tests.support.rendering import render
from tests.support.torture import examples

NOW = 1_700_000_000.0

LISTINGS = [
    RunListing(
        id="20231114-221300-000-aaaaaa",
        when=NOW - 20,
        name="wide layers",
        schemes=("rule", "he_normal"),
        trials=2,
        status="running",
        steps=480,
        planned_steps=1920,
    ),
    RunListing(
        id="20231114-191320-000-bbbbbb",
        when=NOW - 3 * 3600,
        schemes=CLASSIC_SCHEMES,
        trials=7,
        best_accuracy=0.86349,
        status="finished",
    ),
    RunListing(
        id="20231111-221320-000-cccccc",
        when=NOW - 3 * 86400,
        name="explode",
        schemes=("uniform:low=0,high=1", "ones"),
        trials=2,
        status="nothing-finished",
    ),
    RunListing(id="20221114-221320-000-dddddd", when=0.0, status="damaged"),
]

AT_60 = """\
run                         name          best  status
20231114-221300-000-aaaaaa  wide layers      -  running 25%
20231114-191320-000-bbbbbb               86.3%  finished
20231111-221320-000-cccccc  explode          -  all failed
20221114-221320-000-dddddd                   -  damaged
"""
AT_80 = """\
run                         when     name         schemes      best  status
20231114-221300-000-aaaaaa  20s ago  wide layers  rule he_n…      -  running 25%
20231114-191320-000-bbbbbb  3h ago                zeros one…  86.3%  finished
20231111-221320-000-cccccc  3d ago   explode      uniform:l…      -  all failed
20221114-221320-000-dddddd  ?                                     -  damaged
"""
AT_120 = """\
run                         when     name         schemes                                           best  status
20231114-221300-000-aaaaaa  20s ago  wide layers  rule he_normal                                       -  running 25%
20231114-191320-000-bbbbbb  3h ago                zeros ones uniform centered rule normal default  86.3%  finished
20231111-221320-000-cccccc  3d ago   explode      uniform:low=0,high=1 ones                            -  all failed
20221114-221320-000-dddddd  ?                                                                          -  damaged
"""  # noqa: E501


def _drawn(width: int, *, color: bool = False, **frame: bool) -> str:
    table = runs_table(LISTINGS, Frame(width=width, **frame), NOW)
    return "".join(f"{line.rstrip()}\n" for line in render(table, width, color=color).splitlines())


@pytest.mark.parametrize(("width", "expected"), [(60, AT_60), (80, AT_80), (120, AT_120)])
def test_the_table_at_a_width(width: int, expected: str) -> None:
    assert _drawn(width) == expected


def test_ascii_and_colour() -> None:
    plain = _drawn(80, ascii_only=True)
    assert plain.isascii()
    assert "zeros one~" in plain
    colored = _drawn(80, color=True)
    assert "\x1b[32mfinished\x1b[0m" in colored
    assert "\x1b[1;31mdamaged\x1b[0m" in colored


def test_a_table_without_names_leaves_the_room_to_the_schemes() -> None:
    table = runs_table(LISTINGS[1:2], Frame(width=100), NOW).plain
    assert "name" not in table
    assert " ".join(CLASSIC_SCHEMES)[:40] in table


@settings(max_examples=examples(80), deadline=None)
@given(
    name=st.text(max_size=60),
    schemes=st.lists(st.text(max_size=60), max_size=5),
    width=st.integers(42, 200),
)
def test_no_line_is_wider_than_the_frame(name: str, schemes: list[str], width: int) -> None:
    """42 columns hold what always stays: the ID and the status."""
    listing = RunListing(id=LISTINGS[0].id, when=NOW, name=name, schemes=tuple(schemes))
    table = runs_table([*LISTINGS, listing], Frame(width=width), NOW).plain
    lines = table.split("\n")
    assert len(lines) == len(LISTINGS) + 2
    assert max(map(cell_len, lines)) <= width
    assert all(sanitize(line) == line for line in lines)
