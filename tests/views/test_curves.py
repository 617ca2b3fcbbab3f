"""The closer look: an axis for the lowest curves, whatever one of them began with."""

from __future__ import annotations

import pytest

from inittui.views.curves import closer_look
from inittui.views.frame import Frame
from tests.support.rendering import render
from tests.support.runs import Made, made_run

STEPS = range(100)
CALM = [Made(f"calm{n}", 0.5, losses=[2.4 - 0.01 * (1 + n / 9) * x for x in STEPS]) for n in (1, 2)]
FALLEN = Made("fallen", 0.1, losses=[2.3 + 1e18 * 0.3**x for x in STEPS])
FAR = Made("far", 0.1, losses=[1e5] * len(STEPS))


@pytest.mark.parametrize("ascii_only", [False, True])
def test_what_fell_from_far_above_squeezes_no_other(ascii_only: bool) -> None:
    state = made_run([*CALM, FALLEN, FAR], steps_per_epoch=len(STEPS))
    look = closer_look(state, Frame(100, ascii_only))
    assert look is not None
    text = render(look, 100)
    assert "log axis" not in text
    assert "e1" not in text, "no tick is far above"
    sign = "^" if ascii_only else "↑"
    assert f"{sign} higher than the axis: fallen" in text
    chart = text.split("higher")[0]
    assert chart.count(sign) == 2, "where it comes from above, and before the words"


def test_nothing_is_marked_where_all_is_on_the_axis() -> None:
    state = made_run([*CALM, FAR], steps_per_epoch=len(STEPS))
    look = closer_look(state, Frame(100))
    assert look is not None
    assert "↑" not in render(look, 100)
