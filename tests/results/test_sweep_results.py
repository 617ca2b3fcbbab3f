"""What sweeps say: curves, the best range, and the JSON document."""

from __future__ import annotations

import json

import jsonschema
import pytest

from inittui.documents.compare import compare_document
from inittui.documents.json_documents import schema
from inittui.results.best_ranges import best_ranges
from inittui.results.summary import told_apart
from inittui.results.sweep_results import swept_axes
from tests.support.runs import STD, Made, made_run, std_sweep


def test_points_are_means_over_seeds_by_value() -> None:
    (axis,) = swept_axes(std_sweep({1.0: [0.4, 0.5], 0.01: [0.8, 0.9]}, rule=0.85))
    assert axis.name == STD
    assert axis.values == (0.01, 1.0)
    (curve,) = axis.curves
    assert curve.name == "trunc_normal:std=…"
    first = curve.points[0]
    assert first.accuracy is not None
    assert (first.accuracy.mean, first.low, first.high) == (pytest.approx(0.85), 0.8, 0.9)
    assert [(name, measured.mean) for name, measured in axis.references] == [("rule", 0.85)]


def test_nothing_swept_has_no_axes() -> None:
    assert swept_axes(made_run([Made("rule", 0.8)])) == ()


@pytest.mark.parametrize(
    ("accuracies", "best", "near"),
    [
        # The neighbour across the gap is as good, but no range leads there.
        ({1e-4: [0.88], 1e-3: [0.5], 0.01: [0.86], 0.1: [0.881], 1.0: [0.3]}, 0.1, [0.1]),
        ({1e-4: [0.2], 1e-3: [0.872], 0.01: [0.88], 0.1: [0.871], 1.0: [0.3]}, 0.01,
         [1e-3, 0.01, 0.1]),
        ({0.1: [0.8], 0.2: [0.8]}, 0.1, [0.1, 0.2]),
    ],
)  # fmt: skip
def test_the_best_range_has_no_holes(
    accuracies: dict[float, list[float]], best: float, near: list[float]
) -> None:
    (curve,) = swept_axes(std_sweep(accuracies))[0].curves
    assert curve.best is not None
    assert curve.best.value == best
    assert [point.value for point in curve.best_range] == near


def test_values_without_a_validation_are_left_out_of_the_best() -> None:
    trials = [
        Made("normal:std=0.1", None, swept={"normal:std": 0.1}, family="normal:std=…"),
        Made("normal:std=1", 0.5, swept={"normal:std": 1.0}, family="normal:std=…"),
    ]
    (curve,) = swept_axes(made_run(trials))[0].curves
    assert curve.best is not None
    assert curve.best.value == 1.0
    assert curve.points[0].accuracy is None
    (nothing,) = swept_axes(made_run(trials[:1]))
    assert nothing.curves[0].best is None
    assert best_ranges(nothing, told_apart(made_run(trials[:1]))) == []


def settings_run() -> list[Made]:
    return [
        Made("rule", 0.5 + depth / 100 + (activation == "tanh") / 10,
             swept={"model.depth": depth, "model.activation": activation})
        for depth in (8, 2)
        for activation in ("relu", "tanh")
    ]  # fmt: skip


def test_settings_have_an_axis_each_and_curves_for_the_others() -> None:
    depth, activation = swept_axes(made_run(settings_run()))
    assert (depth.title, depth.values, depth.is_log) == ("depth", (2, 8), True)
    assert [curve.name for curve in depth.curves] == ["activation=relu", "activation=tanh"]
    assert (activation.values, activation.is_numeric) == (("relu", "tanh"), False)
    assert [curve.name for curve in activation.curves] == ["depth=8", "depth=2"]
    state = made_run(settings_run())
    assert best_ranges(activation, told_apart(state))[0] == (
        "depth=8: the highest accuracy, 68.00 %, is at activation tanh; one seed can't rank what "
        "lies close together."
    )


@pytest.mark.parametrize(
    ("values", "is_log"), [((0.0, 1.0), False), ((1.0, 2.0), False), ((1.0, 4.0), True)]
)
def test_a_log_axis_where_it_makes_sense(values: tuple[float, float], is_log: bool) -> None:
    (axis,) = swept_axes(std_sweep({value: [0.5] for value in values}))
    assert axis.is_log is is_log


def test_contestants_of_other_settings_are_told_apart() -> None:
    state = made_run(settings_run())
    assert state.schemes == [
        "rule depth=8 activation=relu",
        "rule depth=8 activation=tanh",
        "rule depth=2 activation=relu",
        "rule depth=2 activation=tanh",
    ]


def test_the_document_has_sweeps_start_values_and_what_was_evaluated() -> None:
    start = (("fc1.weight", "rule", "aa"), ("fc1.bias", None, "bb"))
    trials = [Made("rule", 0.5, swept={"model.depth": depth}, start=start) for depth in (1, 2)]
    document = json.loads(compare_document(made_run(trials, on="test"), None))
    jsonschema.validate(document, schema("compare"))
    assert document["evaluated_on"] == "test"
    first = document["trials"][0]
    assert (first["scheme"], first["initializer"]) == ("rule depth=1", "rule")
    assert first["swept"] == {"model.depth": 1}
    assert first["start"][1] == {
        "parameter": "fc1.bias",
        "initializer": None,
        "digest": "bb",
        "values": 0,
        "note": "",
    }
    (sweep,) = document["sweeps"]
    assert (sweep["name"], sweep["values"]) == ("model.depth", [1, 2])
    assert sweep["curves"][0]["best_range"] == [1, 2]


def test_a_value_is_judged_by_the_seeds_that_have_ended() -> None:
    swept = {STD: 0.1}
    trials = [
        Made(f"{STD}=0.1", accuracy, seed, swept, is_cut_short=seed == 1)
        for seed, accuracy in enumerate((0.8, 0.2))
    ]
    (axis,) = swept_axes(made_run(trials))
    (point,) = axis.curves[0].trained
    assert point.final is not None
    assert (point.final.mean, point.final.n) == (0.8, 1)
    assert point.accuracy is not None
    assert (point.accuracy.mean, point.accuracy.n) == (0.5, 2)
