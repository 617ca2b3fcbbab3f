"""What probes measured, for programs: the JSON document `inittui.inspect/1`."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import msgspec

from inittui.documents.compare import Run, Start, WrittenShare, initializer_of, run_of
from inittui.documents.copying import Copier
from inittui.events.probes import (
    Histogram,
    LayerProbe,
    Learning,
    Measured,
    Mode,
    Probe,
    When,
    select_layers,
)
from inittui.events.records import StartValues
from inittui.events.theory import Theory
from inittui.events.wire_numbers import Number
from inittui.events.wire_text import encode_json
from inittui.experiment.records import Experiment
from inittui.results.findings import find
from inittui.results.rules.finding import Finding
from inittui.results.state import RunState
from inittui.results.written import Share, shares


class Counts(msgspec.Struct, frozen=True):
    """A histogram."""

    edges: tuple[float, ...]
    """One more than counts; all equal where all values are."""
    counts: tuple[int, ...]
    """Values from one edge to the next; the last bin has its right edge too."""
    under: int
    """Values below the first edge."""
    over: int
    """Values above the last edge."""
    density: tuple[float, ...] | None
    """Share of all values per unit; null unless asked for."""


class Quantity(msgspec.Struct, frozen=True):
    """Many values; the statistics are of the finite ones."""

    count: int
    not_finite: int
    mean: Number
    std: Number
    variance: Number
    second_moment: Number
    """Mean square."""
    min: Number
    max: Number
    histogram: Counts | None
    """Null where no value is finite."""


class Layer(msgspec.Struct, frozen=True, kw_only=True):
    """One weight layer."""

    name: str
    kind: str
    nonlinearity: str
    """What follows it; "identity" for nothing."""
    shape: tuple[int, ...]
    """Of the weight."""
    units: int
    distinct_units: int
    """Units that differ in a weight or in their bias."""
    weights: Quantity
    biases: Quantity | None
    pre_activations: Quantity
    """The layer's outputs over the batch."""
    activations: Quantity
    """After the nonlinearity."""
    between_samples: Number
    """Share of the pre-activations' mean square that is variance between samples."""
    dead: float | None
    """Share of units whose nonlinearity is flat for the whole batch; null where none follows."""
    saturated: float | None
    """Share of activations at the flat ends; null for what has none that aren't meant."""
    corner: tuple[tuple[Number, ...], ...] | None
    """The weight's first values, rows by columns, of all dimensions but the first flattened; null
    unless asked for."""
    weight_gradients: Quantity
    bias_gradients: Quantity | None
    gradient_ratio: Number
    """Standard deviation of the weights' gradients by that of the weights; "NaN" if that is 0."""
    pre_activation_gradients: Quantity
    inputs: Number = "NaN"
    """Mean square of what the layer is given."""
    inputs_between: Number = "NaN"
    """Share of it that is variance between samples, with gates opened."""
    stuck_units: int | None = None
    """Units that equal another one and get the same gradient; null where nobody looked."""
    repeats: int = 1
    """How many times a block of different units is repeated."""
    alignment: Number = "NaN"
    """Mean |cosine| between the incoming weights of two units."""
    is_frozen: bool = False
    moved: Number = "NaN"
    """Distance of the weights from their start by the norm of the start, after training;
    "Infinity" if they started at 0, "NaN" before."""


class ProbeDocument(msgspec.Struct, frozen=True, kw_only=True):
    """One model at one moment, over a fixed batch."""

    scheme: str
    initializer: str
    """The scheme's weight initializer by name."""
    seed: int
    when: When
    step: int
    """Steps taken before."""
    start: tuple[Start, ...]
    """Who wrote the start values of each parameter; empty where the log doesn't say."""
    written: tuple[WrittenShare, ...]
    """Who wrote how much of them."""
    images: int
    classes: int
    loss: Number
    """Mean cross-entropy."""
    chance_loss: float
    """ln(classes): the loss of a model that guesses."""
    logit_std: Number
    """Root of the mean variance over the classes."""
    layers: tuple[Layer, ...]
    unmeasured: tuple[str, ...]
    """Weights that belong to none of the model's layers, or to layers that it doesn't call."""
    findings: tuple[Finding, ...]
    """The gravest first."""
    mode: Mode = "evaluation"
    """In "first-step" layers that have seen no batch normalise by this one, as in training;
    dropout is off in both."""
    head: str = ""
    """The nonlinearity that gives the logits; empty for none."""
    learning: Learning | None = None
    """Which parameters no gradient reaches, and why; null where nobody looked."""
    theory: Theory | None = None
    """What mean-field theory predicts; null after the first step, and where it isn't asked for."""


class InspectDocument(msgspec.Struct, frozen=True, kw_only=True):
    """What `inittui inspect --json` prints."""

    schema: Literal["inittui.inspect/1"] = "inittui.inspect/1"
    run: Run
    experiment: Experiment
    probes: tuple[ProbeDocument, ...]


_RECORDS: dict[type, type[msgspec.Struct]] = {
    Probe: ProbeDocument,
    LayerProbe: Layer,
    Measured: Quantity,
    Histogram: Counts,
    StartValues: Start,
    Share: WrittenShare,
}


def inspect_document(
    state: RunState,
    path: Path | None,
    *,
    layers: str | None = None,
    density: bool = False,
    values: bool = False,
    theory: bool = True,
) -> str:
    """Return the JSON document of a run's probes, of all trials.

    ``path`` is the run's directory, None where nothing is kept; ``layers`` the pattern of those
    that are told of, None means all. ``density`` and ``values``: the histograms' density and the
    first values of each weight are given too; ``theory``: what was predicted.
    """
    asked = {"density": density, "corner": values, "theory": theory}
    copied = Copier(_RECORDS, frozenset(name for name, wanted in asked.items() if not wanted))
    document = InspectDocument(
        run=run_of(state, path),
        experiment=state.started.experiment if state.started else Experiment(),
        probes=tuple(
            copied(
                event.probe,
                scheme=trial.scheme,
                initializer=initializer_of(trial.scheme),
                seed=trial.seed,
                when=event.when,
                step=event.step,
                start=copied(trial.start),
                written=copied(shares(trial.start)),
                layers=copied(select_layers(event.probe.layers, layers)),
                findings=find(event.probe, event.when),
            )
            for trial in state.trials
            for event in trial.probes
        ),
    )
    return encode_json(document).decode()
