"""What probes measured, as it is printed at the widths that people have."""

from __future__ import annotations

import math
import re

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from rich.cells import cell_len
from rich.text import Text
from syrupy.assertion import SnapshotAssertion

from inittui.events.probes import Cut, Histogram, LayerProbe, Learning, Measured, Probe
from inittui.events.records import ProbeMeasured, TrialEnded
from inittui.events.wire_numbers import Number, all_to_wire
from inittui.experiment.records import InspectionConfig
from inittui.results.state import RunState, fold
from inittui.views.findings import findings_report, findings_summary, folded
from inittui.views.frame import Frame
from inittui.views.histograms import LEAST_WIDTH, side_by_side, small_histogram
from inittui.views.inspection import inspection_report
from inittui.views.layer_table import Row, layer_table
from tests.support.rendering import render
from tests.support.runs import log_events, run_state, under_seeds


def before_only(state: RunState) -> RunState:
    for trial in state.trials:
        trial.probes = [event for event in trial.probes if event.when == "before"]
    return state


@pytest.mark.parametrize(("seeds", "said"), [(1, ", seed 0,"), (3, ", seed 0, one of 3,")])
def test_a_report_says_which_seed_it_is_of(seeds: int, said: str) -> None:
    state = fold(under_seeds(log_events("story"), seeds))
    text = " ".join(render(inspection_report(state, Frame(80)), 80).split())
    assert said in text
    assert ("by layer, before training, mean and range of 3 seeds" in text) is (seeds > 1)
    assert "one of 1" not in text


@pytest.mark.parametrize("width", [60, 80, 120])
@pytest.mark.parametrize("moments", ["before", "both"])
def test_report(width: int, moments: str, snapshot: SnapshotAssertion) -> None:
    state = run_state("inspected")
    shown = before_only(state) if moments == "before" else state
    assert render(inspection_report(shown, Frame(width)), width) == snapshot


def test_report_in_colour(snapshot: SnapshotAssertion) -> None:
    report = inspection_report(run_state("inspected"), Frame(80), layers="fc2")
    assert render(report, 80, color=True) == snapshot


def test_report_in_ascii(snapshot: SnapshotAssertion) -> None:
    report = inspection_report(run_state("inspected"), Frame(80, ascii_only=True), density=True)
    text = render(report, 80)
    assert text.isascii()
    assert "?" not in text
    assert text == snapshot


@pytest.mark.parametrize("ascii_only", [False, True])
@pytest.mark.parametrize("width", [20, 33, 47, 60, 80, 100, 120, 300])
def test_nothing_is_wider_than_the_frame(width: int, ascii_only: bool) -> None:
    report = inspection_report(run_state("inspected"), Frame(width, ascii_only))
    lines = render(report, width).splitlines()
    assert max(map(cell_len, lines)) <= width


@pytest.mark.parametrize("width", [40, 60, 80, 120])
def test_all_numbers_are_shown_at_any_width(width: int) -> None:
    state = run_state("inspected")
    text = render(inspection_report(state, Frame(width)), width)
    layer = state.trials[2].probes[0].probe.layers[0]
    for value in (layer.weights.std, layer.gradient_ratio, layer.pre_activations.second_moment):
        assert f"{value:.3g}".replace("e-0", "e-") in text
    for title in ("distinct", "square", "between", "dead", "/weights", "by outputs", "biases"):
        assert title in text


def test_a_pattern_chooses_layers_of_tables_and_histograms() -> None:
    text = render(inspection_report(run_state("inspected"), Frame(80), layers="fc[12]"), 80)
    assert "fc2  Linear" in text
    assert "fc3  Linear" not in text
    assert "fc3 after" not in text


def test_before_and_after_differ_without_colour() -> None:
    text = render(inspection_report(run_state("inspected"), Frame(80)), 80)
    assert "█ before   ● after" in text


def test_a_run_without_probes_says_so() -> None:
    text = render(inspection_report(run_state("classic"), Frame(80)), 80)
    assert text.startswith("nothing was measured")
    assert findings_summary(run_state("classic"), Frame(80)) == []


def test_a_trial_that_was_not_measured_after_training_is_named() -> None:
    state = before_only(run_state("inspected"))
    state.apply(
        TrialEnded(trial=1, status="diverged", step=3, seconds=0, reason="the loss became NaN")
    )
    text = render(findings_report(state, Frame(80)), 80)
    assert (
        "■ ones, not measured after training, which diverged: the loss became NaN"
        in text.splitlines()
    )


def test_what_should_only_be_measured_before_was_not_interrupted() -> None:
    state = before_only(run_state("inspected"))
    assert state.started is not None
    asked = replace(state.started.experiment, inspection=InspectionConfig(before=True))
    state.started = replace(state.started, experiment=asked)
    for trial in state.trials:
        trial.status = "interrupted"
    assert "not measured after" not in render(findings_report(state, Frame(80)), 80)


def test_a_log_of_an_older_version_claims_no_more_than_it_knows() -> None:
    state = run_state("inspected")
    probes = [event.probe for trial in state.trials for event in trial.probes]
    assert all(probe.learning is None and probe.mode == "evaluation" for probe in probes)
    text = render(findings_report(state, Frame(80)), 80)
    assert "warning, symmetric: units are equal: fc1 (1 distinct among 24)" in text
    assert "stay equal" not in text


def test_the_gravest_leads_whatever_the_colours() -> None:
    lines = render(findings_report(run_state("inspected"), Frame(80)), 80).splitlines()
    order = ["error", "warning", "note"]
    ranks: list[int] = []
    for line in lines:
        severity = line.strip().partition(",")[0]
        if severity in order:
            ranks.append(order.index(severity))
        elif not line.startswith(" "):
            assert ranks == sorted(ranks)
            ranks = []


def test_deep_models_have_some_histograms_and_say_of_how_many() -> None:
    state = run_state("inspected")
    event = state.trials[2].probes[0]
    layers = tuple(replace(event.probe.layers[0], name=f"deep{n}") for n in range(30))
    state.trials[2].probes = [replace(event, probe=replace(event.probe, layers=layers))]
    text = render(inspection_report(state, Frame(80)), 80)
    assert "histograms of 8 of 30 layers; --only shows others" in text
    assert "deep29  Linear" in text
    assert "deep14  Linear" not in text
    assert "deep14 " in text  # its numbers are there all the same
    chosen = render(inspection_report(state, Frame(80), layers="deep1?"), 80)
    assert "deep14  Linear" in chosen


def histogram(low: float, high: float, *counts: int) -> Histogram:
    return Histogram(low, high, counts, under=1, over=2)


def test_a_histogram_keeps_its_counts_whatever_its_width() -> None:
    lines = small_histogram([histogram(0, 6, 6, 6, 6)], title="t", width=6, rows=2)
    # Three bins of 6 in six columns: 3 in each, which are the highest.
    assert [str(line) for line in lines[1:3]] == ["██████"] * 2
    assert str(lines[0]).endswith("↑3")


def test_density_is_per_unit_and_counts_the_tails() -> None:
    lines = small_histogram([histogram(0, 6, 6, 6, 6)], title="t", width=6, rows=2, density=True)
    assert str(lines[0]).endswith(f"↑{3 / 21:.2g}")


def test_two_histograms_share_an_axis() -> None:
    one, other = histogram(0, 1, 4, 4), histogram(1, 3, 4, 4)
    low, high = str(small_histogram([one, other], title="", width=20, rows=3)[-1]).split()
    assert (low, high) == ("0", "3")


numbers = st.floats(allow_nan=True, allow_infinity=True)
wild = st.one_of(
    st.none(),
    st.builds(
        Histogram,
        low=st.floats(allow_nan=False, allow_infinity=False),
        high=st.floats(allow_nan=False, allow_infinity=False),
        counts=st.lists(st.integers(-5, 2**62), max_size=5).map(tuple),
        under=st.integers(-5, 5),
        over=st.integers(-5, 5),
    ),
)


@given(st.lists(wild, min_size=1, max_size=2), st.integers(8, 60), st.booleans(), st.booleans())
def test_whatever_a_log_holds_is_drawn_in_its_space(
    histograms: list[Histogram | None], width: int, density: bool, ascii_only: bool
) -> None:
    lines = small_histogram(
        histograms, title="weights", width=width, rows=4, density=density, ascii_only=ascii_only
    )
    assert len(lines) == 6
    assert all(line.cell_len <= max(width, LEAST_WIDTH) for line in lines)
    assert side_by_side([lines, lines], width, 2).plain.count("\n") == 5


@st.composite
def measured(draw: st.DrawFn) -> Measured:
    def number() -> Number:
        return all_to_wire([draw(numbers)])[0]

    return Measured(
        count=draw(st.integers(-1, 2**60)),
        not_finite=draw(st.integers(-1, 2**60)),
        mean=number(),
        variance=number(),
        min=number(),
        max=number(),
        histogram=draw(wild),
    )


layers = st.builds(
    LayerProbe,
    name=st.text(max_size=30),
    kind=st.text(max_size=10),
    nonlinearity=st.sampled_from(["relu", "identity", "tanh", "\x1b[31m"]),
    shape=st.lists(st.integers(-1, 2**60), max_size=3).map(tuple),
    units=st.integers(-1, 2**60),
    distinct_units=st.integers(-1, 2**60),
    weights=measured(),
    biases=st.none() | measured(),
    pre_activations=measured(),
    activations=measured(),
    between_samples=numbers.map(lambda value: all_to_wire([value])[0]),
    dead=st.none() | st.floats(0, 1),
    saturated=st.none() | st.floats(0, 1),
    weight_gradients=measured(),
    pre_activation_gradients=measured(),
    inputs=numbers.map(lambda value: all_to_wire([value])[0]),
    inputs_between=numbers.map(lambda value: all_to_wire([value])[0]),
    opened_gradient=numbers.map(lambda value: all_to_wire([value])[0]),
    alignment=numbers.map(lambda value: all_to_wire([value])[0]),
    stuck_units=st.none() | st.integers(-1, 2**60),
    repeats=st.integers(-1, 2**60),
    is_frozen=st.booleans(),
)
wild_names = st.lists(st.text(max_size=9), max_size=5).map(tuple)
learned = st.none() | st.builds(
    Learning,
    unused=wild_names,
    cut=st.lists(st.builds(Cut, st.text(), st.text(), wild_names), max_size=2).map(tuple),
    never=wild_names,
    woken=wild_names,
    zeros=wild_names,
    foreign=wild_names,
    clones=st.lists(wild_names, max_size=2).map(tuple),
)


@settings(max_examples=30, phases=(Phase.explicit, Phase.generate))  # shrinking takes minutes
@given(
    st.lists(layers, max_size=4), st.integers(0, 100), numbers, st.integers(20, 100), learned,
    st.sampled_from(["", "softmax", "log_softmax", "relu", "\x1b[31m"]),
)  # fmt: skip
def test_no_log_breaks_the_report(
    found: list[LayerProbe],
    classes: int,
    loss: float,
    width: int,
    learning: Learning | None,
    head: str,
) -> None:
    state = run_state("inspected")
    value = all_to_wire([loss])[0]
    wild_probe = Probe(
        images=-1, classes=classes, loss=value, logit_std=value, layers=tuple(found),
        learning=learning, head=head,
    )  # fmt: skip
    state.apply(ProbeMeasured(trial=0, when="before", step=0, probe=wild_probe))
    text = render(inspection_report(state, Frame(width)), width)
    assert not set(text) & {"\x1b", "\x00", "\r"}
    assert max(map(cell_len, text.splitlines())) <= width


def test_columns_end_where_their_titles_end() -> None:
    layer = run_state("inspected").trials[2].probes[0].probe.layers[0]
    head, titles, row = layer_table([Row("fc1", layer)], Frame(200)).plain.splitlines()
    assert head.split() == ["weights", "biases", "outputs", "activations", "gradients"]

    def ends(line: str) -> list[int]:
        return [match.end() for match in re.finditer(r"\S+( \S+)?", line)]

    assert ends(titles) == ends(row)[1:]


def test_a_layer_that_is_not_finite_says_so() -> None:
    lines = small_histogram([None], title="outputs", width=20, rows=3)
    assert [line.plain for line in lines] == ["outputs", "not finite", "", "", ""]
    assert isinstance(lines[0], Text)
    assert math.isnan(Measured(count=3, not_finite=3).std)


def test_what_was_not_measured_is_named() -> None:
    state = run_state("inspected")
    names = tuple(f"encoder.layers.{number}.self_attn.in_proj_weight" for number in range(12))
    trial = next(trial for trial in state.trials if trial.probes)
    trial.probes[:] = [
        replace(event, probe=replace(event.probe, unmeasured=names)) for event in trial.probes
    ]
    text = " ".join(render(inspection_report(state, Frame(80)), 80).split())
    assert text.count("not measured, as no Linear or convolution that the model calls:") == 1
    assert f"{names[0]}, {names[1]}" in text
    assert f"{names[7]} and 4 more" in text
    assert names[8] not in text


@pytest.mark.parametrize("width", [20, 33, 50])
def test_a_long_line_is_broken_between_words(width: int) -> None:
    said = "not measured after training, which was interrupted: by somebody"
    lines = [line.plain for line in folded(Text(f"● zeros, {said}"), width)]
    assert max(map(cell_len, lines)) <= width
    assert " ".join(lines) == f"● zeros, {said}"
    name = f"● {'n' * 3 * width}"
    assert "".join(line.plain for line in folded(Text(name), width)) == name


@pytest.mark.parametrize(("dead", "said"), [(4095 / 4096, "99.98%"), (1.0, "100%"), (0.5, "50%")])
def test_all_units_are_said_to_be_dead_only_where_all_are(dead: float, said: str) -> None:
    layer = run_state("inspected").trials[2].probes[0].probe.layers[0]
    text = layer_table([Row("fc1", replace(layer, dead=dead))], Frame(200)).plain
    titles, row = (line.split() for line in text.splitlines()[1:])
    assert row[1 + titles.index("dead")] == said


def test_one_image_is_an_image() -> None:
    state = run_state("inspected")
    for trial in state.trials:
        trial.probes[:] = [
            replace(event, probe=replace(event.probe, images=1)) for event in trial.probes
        ]
    assert ", 1 image, " in render(inspection_report(state, Frame(200)), 200)


def test_a_loss_that_is_not_finite_is_said_to_be_so() -> None:
    state = run_state("inspected")
    trial = next(trial for trial in state.trials if trial.probes)
    event = trial.probes[0]
    probe = replace(event.probe, loss="NaN", logit_std="NaN")
    trial.probes[0] = replace(event, probe=probe)
    text = render(inspection_report(state, Frame(80)), 80)
    assert "before training: the loss is NaN\n" in text
    assert "nan" not in text
