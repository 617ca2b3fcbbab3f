"""Two sweeps that multiply: which pairs there are, and what each cell comes to."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import jsonschema
import pytest

from inittui.documents.compare import compare_document
from inittui.documents.json_documents import schema
from inittui.results.sweep_results import swept_axes, swept_grids, swept_pairs
from tests.support.runs import SCALE, Made, made_run, scale_by_depth

ACCURACIES = {(1.0, 8): 0.3, (1.0, 2): 0.8, (2.0, 8): None, (2.0, 2): 0.6}


def test_depth_lies_upwards_whichever_sweep_comes_first() -> None:
    state = made_run(scale_by_depth(ACCURACIES))
    assert swept_pairs(state) == ((SCALE, "model.depth"),)
    trials = [Made("rule", swept={"model.depth": 2, "training.lr": 0.1})]
    assert swept_pairs(made_run(trials)) == (("training.lr", "model.depth"),)
    trials = [Made("rule", swept={"model.width": 2, "training.lr": 0.1})]
    assert swept_pairs(made_run(trials)) == (("model.width", "training.lr"),)


def test_cells_are_means_over_seeds_and_count_what_diverged() -> None:
    trials = scale_by_depth(ACCURACIES) + scale_by_depth({**ACCURACIES, (1.0, 2): 0.9}, seed=1)
    (grid,) = swept_grids(made_run(trials), SCALE, "model.depth")
    assert (grid.name, grid.x_values, grid.y_values) == ("", (1.0, 2.0), (2, 8))
    best, worst = grid.cells[1.0, 2], grid.cells[2.0, 8]
    assert best.accuracy is not None and best.loss is not None
    assert best.accuracy.mean == pytest.approx(0.85)
    assert best.loss.mean == pytest.approx((1.0 + 0.75) / 2)
    assert (best.trials, best.diverged, worst.accuracy, worst.diverged) == (2, 0, None, 2)


def test_sweeps_that_never_come_together_are_no_pair() -> None:
    trials = [
        Made("normal:std=1", 0.5, swept={"normal:std": 1.0}, family="normal:std=…"),
        Made("uniform:high=1", 0.5, swept={"uniform:high": 1.0}, family="uniform:high=…"),
    ]
    state = made_run(trials)
    assert swept_pairs(state) == ()
    assert swept_grids(state, "normal:std", "uniform:high") == ()


def test_a_third_sweep_makes_a_grid_of_each_of_its_values() -> None:
    trials = [
        trial
        for rate in (0.1, 0.01)
        for trial in scale_by_depth(ACCURACIES, **{"training.lr": rate})
    ]
    state = made_run(trials)
    assert len(swept_pairs(state)) == 3
    grids = swept_grids(state, SCALE, "model.depth")
    assert [grid.name for grid in grids] == ["lr=0.1", "lr=0.01"]
    first, second, *others = swept_grids(state, "training.lr", "model.depth")
    assert (first.name, second.name, others) == (f"{SCALE}=1", f"{SCALE}=2", [])


def test_the_document_has_every_cell() -> None:
    document = json.loads(compare_document(made_run(scale_by_depth(ACCURACIES)), None))
    jsonschema.validate(document, schema("compare"))
    (grid,) = document["grids"]
    assert (grid["x"], grid["y"]) == (SCALE, "model.depth")
    found = {(c["x"], c["y"]): c for c in grid["cells"]}
    assert found[2.0, 8]["val_accuracy"] is None
    assert found[2.0, 8]["diverged"] == 1
    assert math.isclose(found[1.0, 2]["val_accuracy"]["mean"], 0.8)


def test_what_diverged_counts_in_no_picture_as_it_counts_in_no_table() -> None:
    sound = scale_by_depth({(1.0, 2): 0.8, (2.0, 2): 0.6, (1.0, 8): 0.3, (2.0, 8): 0.2})
    gone = [
        replace(each, seed=1, accuracy=0.1, status="diverged", val_loss="Infinity")
        for each in sound
    ]
    state = made_run([*sound, *gone])
    (grid,) = swept_grids(state, SCALE, "model.depth")
    best = grid.cells[1.0, 2]
    assert best.accuracy is not None and best.loss is not None
    assert (best.accuracy.mean, best.accuracy.n, best.trials, best.diverged) == (0.8, 1, 2, 1)
    assert math.isfinite(best.loss.mean)
    axis = next(axis for axis in swept_axes(state) if axis.name == SCALE)
    for curve in axis.curves:
        for point in curve.points:
            assert point.accuracy == point.final
            assert point.accuracy is not None
            assert (point.low, point.high, point.diverged) == (point.accuracy.mean,) * 2 + (1,)
