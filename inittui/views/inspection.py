"""What probes measured inside of models: tables, histograms, variance against depth, findings."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from rich.console import Group, RenderableType
from rich.text import Text

from inittui.events.probes import Histogram, LayerProbe, Measured, Mode, Probe, select_layers
from inittui.events.records import ProbeMeasured
from inittui.events.theory import PredictedLayer
from inittui.events.wire_numbers import from_wire
from inittui.results.state import RunState
from inittui.text import number_of, short
from inittui.views.chart.layout import paragraph, shortened
from inittui.views.chart.palette import BARS, MARKS, SeriesStyle
from inittui.views.findings import findings_report, folded
from inittui.views.first_values import first_values
from inittui.views.frame import Frame
from inittui.views.histograms import LEAST_WIDTH, side_by_side, small_histogram
from inittui.views.layer_table import Row, layer_table
from inittui.views.probe_selection import (
    ProbeSelection,
    moment_of,
    pixels,
    short_moment_of,
    subjects_of,
)
from inittui.views.start_values import written_tables
from inittui.views.variance import variance_plots
from inittui.views.wording import number

_ROWS = 5
"""Lines of a small histogram's bars."""
_WIDEST = 40
_GAP = 2
_NOT_MEASURED = "nothing was measured inside this model"
_MOST_LAYERS = 8
"""Layers whose histograms are drawn unless some are asked for; tables and curves have all."""
_MOST_NAMED = 8
"""Weights that are named as not measured; the JSON document has all."""


def inspection_report(
    state: RunState,
    frame: Frame,
    *,
    layers: str | None = None,
    density: bool = False,
    values: str | None = None,
    theory: bool = True,
) -> RenderableType:
    """Draw all that was measured of each scheme under its first seed, and all in comparison.

    ``layers`` is the pattern of those in tables and histograms; None means all. With ``density``
    the scale of histograms is the share of values per unit, not their number. ``values`` is the
    pattern of the layers whose first weights are shown as they are; None means none. With
    ``theory`` what was predicted is shown beside it.
    """
    parts = layer_sections(state, frame, layers=layers, density=density, theory=theory)
    if values is not None:
        parts += [Text(), *first_values(state, frame, values)]
    if any(event.probe.layers for trial in state.trials for event in trial.probes):
        parts += [Text(), variance_plots(state, frame, theory=theory)]
    parts += [Text(), *written_tables(state, frame)]
    return Group(*parts, findings_report(state, frame))


def layer_sections(
    state: RunState,
    frame: Frame,
    *,
    layers: str | None = None,
    density: bool = False,
    theory: bool = True,
) -> list[RenderableType]:
    """Draw table and histograms of each scheme, under its first seed; as `inspection_report`."""
    subjects = list(subjects_of(state))
    if not subjects:
        return [Text("nothing was measured inside the models")]
    parts: list[RenderableType] = [*_head(state, subjects, frame)]
    for subject in subjects:
        parts += [Text(), *_section(subject, frame, layers, density, theory=theory)]
    return parts


def scheme_histograms(
    state: RunState, scheme: str, frame: Frame, *, others: str, density: bool = False
) -> RenderableType:
    """Draw those of one scheme; ``others`` is what shows the layers that there is no room for."""
    subject = _subject_of(state, scheme)
    if subject is None:
        return Text(_NOT_MEASURED)
    histograms = _histograms(subject, frame, layers=None, density=density, others=others)
    return Group(*_of_seed(subject), *histograms)


def layer_side_by_side(
    contestants: Sequence[Contestant], layer: str, frame: Frame, rows: int
) -> RenderableType:
    """Draw one layer of several contestants beside each other, each quantity in ``rows`` lines.

    What was before the training stands above what was measured of it last.
    """
    known = [
        (who, [found[0] for event in who.probes if (found := _named(event, layer))])
        for who in contestants
    ]
    known = [(who, moments) for who, moments in known if moments]
    if not known:
        return Text(_NOT_MEASURED)
    quantities = _worth_drawing([each for _, moments in known for each in moments])
    per_line = max((frame.columns + _GAP) // (LEAST_WIDTH + _GAP), 1)
    per_line = -(-len(known) // -(-len(known) // per_line))
    width = min((frame.columns + _GAP) // per_line - _GAP, _WIDEST)
    parts: list[RenderableType] = [_layer_title(known[0][1][0], frame)]
    key, seeds = Text(), _seeds_of([who for who, _ in known], frame)
    later = {short_moment_of(who.probes[-1]) for who, moments in known if len(moments) > 1}
    if later:
        above, below = ("#", BARS.color), ("#", MARKS.color)
        if not frame.ascii_only:
            above, below = ("█", BARS.color), ("█", MARKS.color)
        newest = later.pop() if len(later) == 1 else "newest"
        key = Text.assemble(above, " before, above   ", below, f" {newest}, below")
    key.append("   " if key and seeds else "").append(seeds, "dim")
    if key:
        parts += folded(key, frame.columns)
    for start in range(0, len(known), per_line):
        line = known[start : start + per_line]
        parts.append(side_by_side([[_who(who, width, frame)] for who, _ in line], width, _GAP))
        for name, of in quantities:
            panels = [
                small_histogram(
                    [_histogram(of(each)) for each in moments],
                    title=name,
                    width=width,
                    rows=rows,
                    ascii_only=frame.ascii_only,
                    apart=True,
                )
                for _, moments in line
            ]
            parts.append(side_by_side(panels, width, _GAP))
    return Group(*parts)


def _named(event: ProbeMeasured, layer: str) -> list[LayerProbe]:
    return [each for each in event.probe.layers if each.name == layer]


def _seeds_of(shown: Sequence[Contestant], frame: Frame) -> str:
    """Say which seed is drawn of contestants that have several."""
    same = {who.seed for who in shown}
    if len(same) == 1:
        return same.pop()
    several = (who for who in shown if who.seed)
    return "; ".join(f"{who.style.mark(frame.ascii_only)} {who.seed}" for who in several)


def _who(who: Contestant, width: int, frame: Frame) -> Text:
    label = shortened(frame.say(who.label, 200), max(width - 2, 1), frame.ellipsis)
    return Text.assemble((who.style.mark(frame.ascii_only), who.style.color), " ", (label, "bold"))


def scheme_numbers(
    state: RunState, scheme: str, frame: Frame, *, theory: bool = True
) -> RenderableType:
    subject = _subject_of(state, scheme)
    if subject is None:
        return Text(_NOT_MEASURED)
    losses = [
        line
        for event in subject.probes
        for line in paragraph(frame.say(_loss(event)), frame.columns)
    ]
    table = layer_table(_rows(subject, None, theory=theory), frame)
    return Group(
        *_of_seed(subject), *losses, Text(), table, *_unmeasured(subject, frame), Text(),
        *_head(state, [subject], frame),
    )  # fmt: skip


def _subject_of(state: RunState, scheme: str) -> ProbeSelection | None:
    return next((each for each in subjects_of(state) if each.trial.scheme == scheme), None)


def _of_seed(subject: ProbeSelection) -> Iterator[Text]:
    if subject.seed:
        yield Text(subject.seed, "dim")


def _head(state: RunState, subjects: Sequence[ProbeSelection], frame: Frame) -> Iterator[Text]:
    probe = subjects[0].probes[0].probe
    modes = {event.probe.mode for subject in subjects for event in subject.probes}
    facts = [number_of(probe.images, "image"), _mode(modes)]
    if state.started is not None:
        experiment = state.started.experiment
        data = f"{experiment.data.name}{pixels(experiment)}"
        facts.insert(0, f"{experiment.model.name} on {data}")
        facts.append(subjects[0].seed or f"seed {subjects[0].trial.seed}")
        spread = 100 - experiment.inspection.percentile, experiment.inspection.percentile
        facts.append(f"histograms from the {spread[0]:.3g} to the {spread[1]:.6g} percentile")
        cut = experiment.inspection.gradient_percentile
        if cut is not None:
            facts.append(f"those of gradients up to the {cut:.6g} percentile of their size")
    yield from paragraph(frame.say(", ".join(facts)), frame.columns)
    yield from paragraph(
        "outputs: of a layer, before the nonlinearity; activations: after it. square: mean "
        "square; between: its share that is variance between images; gradients: of the mean "
        "loss, by the weights.",
        frame.columns,
        "dim",
    )


def _mode(modes: set[Mode]) -> str:
    """Say how the models computed while they were measured."""
    if modes == {"first-step"}:
        return "batch statistics (no dropout), as the first step of the training computes"
    if "first-step" in modes:
        return (
            "before training batch statistics, as its first step computes, and then evaluation "
            "mode (both without dropout)"
        )
    return "evaluation mode (no dropout)"


def _section(
    subject: ProbeSelection, frame: Frame, layers: str | None, density: bool, *, theory: bool
) -> Iterator[RenderableType]:
    style = subject.style
    title = Text.assemble((style.mark(frame.ascii_only), style.color), " ")
    title.append(frame.say(subject.trial.scheme, 200), "bold")
    yield Text("\n").join(folded(title, frame.columns))
    for event in subject.probes:
        yield from paragraph(frame.say(_loss(event)), frame.columns)
    yield layer_table(_rows(subject, layers, theory=theory), frame)
    yield from _unmeasured(subject, frame)
    yield from _histograms(subject, frame, layers, density)


def _unmeasured(subject: ProbeSelection, frame: Frame) -> Iterator[Text]:
    names = subject.probes[0].probe.unmeasured
    if not names:
        return
    more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
    said = "not measured, as no Linear or convolution that the model calls: "
    yield Text()
    yield from paragraph(frame.say(f"{said}{', '.join(names[:_MOST_NAMED])}{more}"), frame.columns)


def _loss(event: ProbeMeasured) -> str:
    probe = event.probe
    if not math.isfinite(from_wire(probe.loss)):
        return f"{moment_of(event)}: the loss is {number(from_wire(probe.loss))}"
    loss = f"{_fixed(from_wire(probe.loss))} (ln {probe.classes} = {_fixed(probe.chance_loss)})"
    spread = short(from_wire(probe.logit_std))
    return f"{moment_of(event)}: loss {loss}, logits spread by {spread}"


def _fixed(value: float) -> str:
    return f"{value:.4f}" if abs(value) < 1_000 else short(value, 5)


def _rows(subject: ProbeSelection, layers: str | None, *, theory: bool) -> list[Row]:
    by_moment = [(event, select_layers(event.probe.layers, layers)) for event in subject.probes]
    several = len(by_moment) > 1
    count = max(len(chosen) for _, chosen in by_moment)
    return [
        Row(
            f"{chosen[number].name} {short_moment_of(event)}" if several else chosen[number].name,
            chosen[number],
            _predicted(event.probe, chosen[number].name) if theory else None,
        )
        for number in range(count)
        for event, chosen in by_moment
        if number < len(chosen)
    ]


@dataclass(frozen=True, slots=True)
class Contestant:
    """Whose layer is drawn beside others': under the name and style it has on every screen."""

    label: str
    style: SeriesStyle
    probes: tuple[ProbeMeasured, ...]
    seed: str = ""
    """Which of several seeds it is, as `which_seed` says it."""


def _predicted(probe: Probe, name: str) -> PredictedLayer | None:
    layers = probe.theory.layers if probe.theory is not None else ()
    return next((layer for layer in layers if layer.name == name), None)


_Quantity = tuple[str, Callable[[LayerProbe], Measured | None]]

_QUANTITIES: tuple[_Quantity, ...] = (
    ("weights", lambda layer: layer.weights),
    ("biases", lambda layer: layer.biases),
    ("outputs", lambda layer: layer.pre_activations),
    ("activations", lambda layer: layer.activations),
    ("gradients", lambda layer: layer.weight_gradients),
)


def _histograms(
    subject: ProbeSelection,
    frame: Frame,
    layers: str | None,
    density: bool,
    others: str = "--only",
) -> Iterator[Text]:
    moments = [select_layers(event.probe.layers, layers) for event in subject.probes]
    count = min(map(len, moments))
    shown = list(range(count))
    if layers is None and count > _MOST_LAYERS:
        shown = [round(n * (count - 1) / (_MOST_LAYERS - 1)) for n in range(_MOST_LAYERS)]
    yield Text()
    if len(moments) > 1:
        yield _key(subject.probes, frame)
    if len(shown) < count:
        message = f"histograms of {len(shown)} of {count} layers; {others} shows others"
        yield from paragraph(message, frame.columns, "dim")
    quantities = _worth_drawing([layer for moment in moments for layer in moment])
    for place in shown:
        yield _layer_title(moments[0][place], frame)
        yield _panels([moment[place] for moment in moments], quantities, frame, density)


def _key(events: Sequence[ProbeMeasured], frame: Frame) -> Text:
    parts = [
        Text.assemble((style.mark(frame.ascii_only), style.color), f" {short_moment_of(event)}")
        for style, event in zip((BARS, MARKS), events, strict=False)
    ]
    return Text("   ").join(parts)


def _worth_drawing(layers: Sequence[LayerProbe]) -> list[_Quantity]:
    """Leave out biases that are all equal, and activations where no nonlinearity is."""
    varied = any(layer.biases is not None and layer.biases.std > 0 for layer in layers)
    return [
        (name, of)
        for name, of in _QUANTITIES
        if any(_has(layer, name) for layer in layers) and (varied or name != "biases")
    ]


def _has(layer: LayerProbe, quantity: str) -> bool:
    if quantity == "activations":
        return layer.nonlinearity != "identity"
    return quantity != "biases" or layer.biases is not None


def _layer_title(layer: LayerProbe, frame: Frame) -> Text:
    shape = "×".join(map(str, layer.shape))
    follows = "" if layer.nonlinearity == "identity" else f", then {layer.nonlinearity}"
    name = frame.say(layer.name, 60)
    title = frame.say(f"{name}  {layer.kind} {shape}{follows}", 200)
    text = Text(shortened(title, frame.columns, frame.ellipsis), "dim")
    text.stylize("bold not dim", 0, len(name))
    return text


def _panels(
    moments: Sequence[LayerProbe], quantities: Sequence[_Quantity], frame: Frame, density: bool
) -> Text:
    width, per_line = _panel_width(len(quantities), frame.columns)
    panels = [
        small_histogram(
            [_histogram(of(layer)) for layer in moments],
            title=name,
            width=width,
            rows=_ROWS,
            density=density,
            ascii_only=frame.ascii_only,
        )
        for name, of in quantities
        if any(_has(layer, name) for layer in moments)
    ]
    lines = [panels[start : start + per_line] for start in range(0, len(panels), per_line)]
    return Text("\n").join(side_by_side(line, width, _GAP) for line in lines)


def _panel_width(count: int, columns: int) -> tuple[int, int]:
    """Return the width of a panel, and how many stand in a line: lines are evenly filled."""
    most = max((columns + _GAP) // (LEAST_WIDTH + _GAP), 1)
    lines = -(-count // most)
    per_line = -(-count // lines)
    return min((columns + _GAP) // per_line - _GAP, _WIDEST), per_line


def _histogram(measured: Measured | None) -> Histogram | None:
    return None if measured is None else measured.histogram
