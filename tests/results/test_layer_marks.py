"""The marks of layers say of recorded probes what the findings say."""

from __future__ import annotations

import msgspec
import pytest

from inittui.events.probes import LayerProbe, Probe
from inittui.results.findings import find
from inittui.results.layer_marks import LayerMarks, Mark, in_cells, latest_marks, marks_of
from tests.support.runs import run_state


def started(scheme: str) -> Probe:
    (trial,) = run_state("inspected").of_scheme(scheme)
    event = trial.probe("before")
    assert event is not None
    return event.probe


def row(marks: list[LayerMarks], quantity: str) -> list[Mark]:
    return [getattr(each, quantity) for each in marks]


def test_zeros_pass_neither_signal_nor_gradient() -> None:
    marks = marks_of(started("zeros"))
    assert [each.layer for each in marks] == ["fc1", "fc2", "fc3"]
    assert row(marks, "signal") == ["bad"] * 3
    assert row(marks, "gradient") == ["bad"] * 3
    assert row(marks, "alike") == [
        "warn",
        "warn",
        "none",
    ]  # an older log: nobody looked whether they stay
    told = {finding.kind for finding in find(started("zeros"))}
    assert {"no-gradient", "symmetric"} <= told


@pytest.mark.parametrize(("stuck", "expected"), [(0, "good"), (2, "good"), (16, "bad")])
def test_units_that_stay_equal(stuck: int, expected: Mark) -> None:
    probe = started("zeros")
    first = msgspec.structs.replace(probe.layers[0], units=64, stuck_units=stuck)
    marks = marks_of(msgspec.structs.replace(probe, layers=(first, *probe.layers[1:])))
    assert marks[0].alike == expected


def test_a_healthy_start_has_no_bad_mark() -> None:
    marks = marks_of(started("default"))
    for quantity in ("signal", "gradient", "flat", "alike"):
        assert "bad" not in row(marks, quantity)
    assert row(marks, "signal") == row(marks, "gradient") == ["good"] * 3


def test_numbers_that_are_not_finite_are_bad() -> None:
    probe = started("default")
    layer = probe.layers[0]
    broken = msgspec.structs.replace(
        layer,
        activations=msgspec.structs.replace(layer.activations, not_finite=1),
        weight_gradients=msgspec.structs.replace(layer.weight_gradients, not_finite=1),
    )
    marks = marks_of(msgspec.structs.replace(probe, layers=(broken, *probe.layers[1:])))
    assert (marks[0].signal, marks[0].gradient) == ("bad", "bad")


def test_what_is_frozen_is_not_judged() -> None:
    probe = started("zeros")
    layers = tuple(msgspec.structs.replace(layer, is_frozen=True) for layer in probe.layers)
    marks = marks_of(msgspec.structs.replace(probe, layers=layers))
    assert row(marks, "gradient") == row(marks, "alike") == ["none"] * 3


@pytest.mark.parametrize(("dead", "expected"), [(0.0, "good"), (0.2, "warn"), (0.9, "bad")])
def test_dead_units(dead: float, expected: Mark) -> None:
    probe = started("default")
    first = msgspec.structs.replace(probe.layers[0], dead=dead, saturated=None)
    assert marks_of(msgspec.structs.replace(probe, layers=(first,)))[0].flat == expected


def test_the_newest_probe_counts_and_nothing_without_one() -> None:
    (trial,) = run_state("inspected").of_scheme("ones")
    assert latest_marks([trial]) == marks_of(trial.probes[-1].probe)
    assert latest_marks(run_state("classic").of_scheme("ones")) == []


def test_many_layers_share_cells_by_the_worst() -> None:
    marks: list[Mark] = ["good"] * 40
    marks[17] = "bad"
    cells = in_cells(marks, 8)
    assert len(cells) == 8
    assert cells == ["good"] * 3 + ["bad"] + ["good"] * 4
    assert in_cells(marks[:3], 8) == ["good"] * 3


@pytest.mark.parametrize("out", [1e-9, 1e-3, 0.5])
def test_small_logits_are_no_lost_signal(out: float) -> None:
    """A finding tells what layers are given; nothing is given what the last one hands on."""
    probe = started("default")
    *hidden, last = probe.layers
    small = msgspec.structs.replace(
        last, activations=msgspec.structs.replace(last.activations, mean=0.0, variance=out)
    )
    probe = msgspec.structs.replace(probe, layers=(*hidden, small))
    assert not [each for each in find(probe, "before") if each.kind in ("exploding", "vanishing")]
    assert row(marks_of(probe), "signal") == ["good"] * 3


@pytest.mark.parametrize("share", [1e-9, 1e-5, 1e-3, 0.1, 1.0, 30.0, 1e3, 1e7])
def test_a_signal_has_a_mark_where_a_finding_tells_of_it(share: float) -> None:
    probe = started("default")
    first, second, last = probe.layers

    def scaled(layer: LayerProbe, power: float) -> LayerProbe:
        return msgspec.structs.replace(layer, inputs=power, inputs_between=0.5)

    handed = msgspec.structs.replace(second.activations, mean=0.0, variance=share)
    layers = (
        scaled(first, 0.2),
        msgspec.structs.replace(scaled(second, 0.2), activations=handed),
        scaled(last, share),
    )
    probe = msgspec.structs.replace(probe, layers=layers)
    told = [each for each in find(probe, "before") if each.kind in ("exploding", "vanishing")]
    told = [each for each in told if "signal" in each.message]
    marks = row(marks_of(probe), "signal")
    assert marks[1] == marks[2]
    expected = {"warning": "bad", "note": "warn"}
    assert marks[1] == (expected[told[0].severity] if told else "good")
