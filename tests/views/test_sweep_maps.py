"""Which maps of a run are drawn."""

from __future__ import annotations

import pytest
from rich.console import Group

from inittui.errors import UsageError
from inittui.results.state import RunState
from inittui.views.frame import Frame
from inittui.views.sweep_maps import Map, chosen_map, sweep_maps
from tests.support.rendering import render
from tests.support.runs import SCALE, Made, made_run, scale_by_depth


def trained() -> RunState:
    return made_run(scale_by_depth({(1.0, 2): 0.5, (2.0, 2): 0.6, (1.0, 8): 0.4, (2.0, 8): 0.1}))


def test_which_map() -> None:
    state = trained()
    assert chosen_map(state, None, "loss") == Map(None, "loss")
    turned = chosen_map(state, f"model.depth,{SCALE}", "accuracy")
    assert turned.pair == ("model.depth", SCALE)
    with pytest.raises(UsageError, match="choose one of: variance_scaling:scale"):
        chosen_map(state, "a,b", "accuracy")
    with pytest.raises(UsageError, match="no metric 'acuracy'; did you mean 'accuracy'"):
        chosen_map(state, None, "acuracy")
    with pytest.raises(UsageError, match="no two sweeps that multiply"):
        chosen_map(made_run([Made("rule", 0.5)]), "a,b", "accuracy")


def test_only_so_many_maps_are_drawn() -> None:
    trials = [
        trial
        for rate in range(1, 9)
        for trial in scale_by_depth({(1.0, 2): 0.5, (2.0, 2): 0.6}, **{"training.lr": rate})
    ]
    maps = sweep_maps(made_run(trials), Frame(80), Map((SCALE, "model.depth")))
    text = render(Group(*maps), 80)
    assert text.count("validation accuracy in %; across") == 6
    assert "+2 more such maps" in text
