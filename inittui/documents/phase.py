"""A phase diagram as a document for programs: `inittui.phase/1`."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import msgspec

from inittui.documents.compare import Run, SweepGrid, grid_of, run_of
from inittui.events.wire_numbers import Number, to_wire
from inittui.events.wire_text import encode_json
from inittui.experiment.records import Experiment
from inittui.experiment.trials import Setting
from inittui.results.phase import agreement, phase_of
from inittui.results.state import RunState
from inittui.results.sweep_results import swept_grids, swept_pairs


class Predicted(msgspec.Struct, frozen=True):
    """What mean-field theory says of one cell."""

    x: Setting
    y: Setting
    weight_variance: float
    """fan_in × the variance of the weights."""
    bias_variance: float
    depth: int
    """Hidden layers."""
    chi: Number
    """What a layer multiplies the mean squared gradient by; 1 at the edge of chaos."""
    gradient_limit: Number
    """6/|ln chi|: the depth, about, to which gradients neither vanish nor explode."""
    correlation_limit: Number
    """6 xi_c: the depth, about, to which two images stay as related as they were."""


class Agreed(msgspec.Struct, frozen=True):
    """How prediction and measurement go together."""

    cells: int
    correlation: Number
    """Spearman's, of the accuracies and of gradient_limit / depth."""
    agreeing: int
    """Cells on the side of the line that they belong to by their accuracy."""
    half: float
    """The accuracy from which on a cell counts as trained."""


class PhaseDocument(msgspec.Struct, frozen=True, kw_only=True):
    """What `inittui phase --json` prints."""

    schema: Literal["inittui.phase/1"] = "inittui.phase/1"
    run: Run
    experiment: Experiment
    grid: SweepGrid | None
    """What was measured; null where the run was stopped before it began."""
    theory: tuple[Predicted, ...] | None
    """Null where it isn't derived: dropout, batch norm, other models."""
    edge: float | None
    """The weight_variance within the map at which chi is 1; null where there is none."""
    agreement: Agreed | None


def phase_document(state: RunState, path: Path | None) -> str:
    """Return the JSON document of a run that is a phase diagram."""
    phase = phase_of(state)
    pairs = swept_pairs(state)
    grids = swept_grids(state, *pairs[0]) if pairs else ()
    found = agreement(state, phase) if phase else None
    document = PhaseDocument(
        run=run_of(state, path),
        experiment=state.started.experiment if state.started else Experiment(),
        grid=grid_of(grids[0]) if grids else None,
        theory=tuple(
            Predicted(
                x,
                y,
                each.weight_variance,
                each.bias_variance,
                each.depth,
                to_wire(each.chi),
                to_wire(each.gradient_limit),
                to_wire(each.correlation_limit),
            )
            for (x, y), each in phase.theory.items()
        )
        if phase
        else None,
        edge=phase.edge if phase else None,
        agreement=Agreed(found.cells, to_wire(found.correlation), found.agreeing, found.half)
        if found
        else None,
    )
    return encode_json(document).decode()
