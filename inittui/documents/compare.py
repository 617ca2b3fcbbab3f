"""A run as documents for programs: the JSON document `inittui.compare/1` and CSV."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import msgspec

from inittui.documents.copying import Copier
from inittui.errors import UsageError
from inittui.events.records import EpochEnded, RunStatus, StartValues, TrialStatus, Validated
from inittui.events.wire_numbers import Number, all_to_wire
from inittui.events.wire_text import encode_json
from inittui.experiment.records import Evaluated, Experiment
from inittui.experiment.scheme import parse_syntax
from inittui.experiment.trials import Setting
from inittui.results.comparison import Difference, Measure
from inittui.results.learning import Learning, Verdict
from inittui.results.state import RunState
from inittui.results.summary import SchemeSummary, summarize
from inittui.results.sweep_results import Axis, Grid, swept_axes, swept_grids, swept_pairs
from inittui.results.trial_state import TrialState
from inittui.results.written import Share, Writer, shares


class Run(msgspec.Struct, frozen=True):
    """The execution that was measured."""

    id: str
    path: str | None
    """Where its log is; null where nothing is kept."""
    name: str
    status: RunStatus
    device: str
    device_name: str
    versions: dict[str, str]
    command: tuple[str, ...]
    started: float
    """In seconds since 1970 (UTC)."""
    seconds: float | None
    """Training and validation, without start-up; null before the end."""
    wall_seconds: float | None
    """From the start of the process to the end of the run; null before the end."""
    notes: tuple[str, ...]


class Epoch(msgspec.Struct, frozen=True):
    """One validated epoch."""

    epoch: int
    """1-based."""
    step: int
    train_loss: Number
    val_loss: Number
    val_accuracy: float
    seconds: float
    train_accuracy: float | None
    """Share of the epoch's training images that was classified right as each batch came: before
    its update, dropout on; null where an older log doesn't say."""


class Validation(msgspec.Struct, frozen=True):
    """A validation within an epoch."""

    step: int
    """Steps taken so far."""
    val_loss: Number
    val_accuracy: float


class Start(msgspec.Struct, frozen=True):
    """One parameter's start values."""

    parameter: str
    initializer: str | None
    """Who wrote them; null where nobody did."""
    digest: str
    """Equal for values that are bitwise equal."""
    values: int = 0
    """How many there are; 0 where an older log doesn't say."""
    note: str = ""
    """What the layer makes of them, where it computes with others."""


class WrittenShare(msgspec.Struct, frozen=True):
    """How much of a model's start values one kind of writer wrote."""

    by: Writer
    """The scheme's initializers; the model's own code (built), for what doesn't train too (frozen);
    or no code that is known to give start values."""
    tensors: int
    values: int
    share: float | None
    """Of all values; null where an older log doesn't say how many there are."""


class Trial(msgspec.Struct, frozen=True):
    """One scheme under one seed."""

    scheme: str
    """With the swept settings where there are any: ``rule depth=8``."""
    initializer: str
    """The scheme's weight initializer by name."""
    swept: dict[str, Setting]
    """What sweeps set for it: ``{"normal:std": 0.1, "model.depth": 8}``."""
    seed: int
    status: TrialStatus
    reason: str
    start: tuple[Start, ...]
    """Who wrote the start values of each parameter; empty where the log doesn't say."""
    loss: tuple[Number, ...]
    """Of every step: that batch's mean loss before its update."""
    epochs: tuple[Epoch, ...]
    validations: tuple[Validation, ...]
    """Within epochs."""
    val_accuracy: float | None
    """After the last epoch, a fraction; null before the first."""
    val_loss: Number | None
    train_loss: Number | None
    """Mean of the step losses of the last epoch."""
    first_loss: Number | None
    """Mean loss of the first 100 steps."""
    seconds: float
    place: str = ""
    """Which of several processes trained it; empty where there was one."""


class Statistic(msgspec.Struct, frozen=True):
    """A quantity over a scheme's trials."""

    mean: Number
    std: Number | None
    """With n - 1; null for a single trial."""
    n: int


class PairedDifference(msgspec.Struct, frozen=True):
    """To another scheme under the same seeds, by the paired t-test."""

    to: str
    mean: Number
    low: Number
    high: Number
    """Of the 95 % interval of this one difference, uncorrected."""
    n: int
    p: float
    """Two-sided and uncorrected; of accuracies, a difference of k images has a variance of k
    images at least."""
    joint_low: Number
    joint_high: Number
    """At the level that Holm's correction over all pairs leaves to this one."""
    is_clear: bool
    """Whether the two can be told apart: the joint interval leaves out 0."""
    seeds_needed: int | None
    """Seeds that would tell such a difference in 80 % of the cases; null where it is told, or
    where over 1,000 would be needed."""


class LearningJudged(msgspec.Struct, frozen=True):
    """Whether a scheme learns, all seeds pooled."""

    verdict: Verdict
    """learns: better than guessing by a binomial test over images at 1 %, two-sided, borne out by
    a t-test over seeds, a test over classes or a training loss that fell, and a median validation
    loss of at most ten times ln(classes); loss explodes: better by accuracy alone; as untrained:
    of fewer than three seeds, the images alone differ from guessing, as those of untrained
    networks may; too few images: not even twice the accuracy of guessing could be told from it."""
    accuracy: float
    images: int
    """Validated images, over all seeds."""
    chance: float
    """The accuracy of always guessing the most frequent class."""
    loss: Number
    """Median validation loss."""
    loss_of_guessing: float
    """ln(classes)."""
    loss_falls: bool | None
    """Whether the training loss of most seeds fell from the first quarter of the steps to the
    last; null where the verdict doesn't hang on it, or there are fewer than eight steps."""
    seeds: int
    seeds_at_chance: int
    """Under how many of them it can't be told from guessing, where it surely learns under one."""


class Summary(msgspec.Struct, frozen=True):
    """One scheme over all its seeds."""

    scheme: str
    rank: int | None
    """By accuracy, in groups that follow the means: equal within a group, and everybody of a later
    group is clearly behind the best of each earlier one, by paired t-tests with Holm's correction
    over all pairs. Null with fewer than three seeds, for then nothing can be ranked."""
    first_rank: int | None
    """By the logarithm of the mean loss of the first 100 steps, in the same way."""
    val_accuracy: Statistic | None
    first_loss: Statistic | None
    train_loss: Statistic | None
    val_loss: Statistic | None
    accuracy_difference: PairedDifference | None
    """To the scheme with the best mean accuracy."""
    first_difference: PairedDifference | None
    """Of the natural logarithms, to the scheme with the lowest first loss: e to the power of mean,
    low and high are ratios of the losses."""
    learning: LearningJudged | None
    """Null where nothing was validated, or the log says too little."""
    same_as: str | None
    """An earlier scheme with equal settings and bitwise equal start values under every seed: the
    two are one and the same."""
    written: tuple[WrittenShare, ...] = ()
    """Who wrote its start values, under its first seed; empty where the log doesn't say."""


class SweepPoint(msgspec.Struct, frozen=True):
    """One value of a sweep, over its seeds."""

    value: Setting
    val_accuracy: Statistic | None


class SweepCurve(msgspec.Struct, frozen=True):
    """The values of a sweep, everything else alike."""

    name: str
    """The scheme and the other swept settings."""
    points: tuple[SweepPoint, ...]
    best: Setting | None
    """The value of the highest mean accuracy, of those trained to the end."""
    best_range: tuple[Setting, ...]
    """Its neighbours whose mean accuracy is at most one point lower, and itself."""


class Sweep(msgspec.Struct, frozen=True):
    """Accuracy against one swept parameter or setting."""

    name: str
    values: tuple[Setting, ...]
    curves: tuple[SweepCurve, ...]


class GridCell(msgspec.Struct, frozen=True):
    """One value of each of two sweeps, everything else alike, over its seeds."""

    x: Setting
    y: Setting
    val_accuracy: Statistic | None
    """Null where nothing was validated."""
    val_loss: Statistic | None
    trials: int
    diverged: int
    """How many of the trials did."""


class SweepGrid(msgspec.Struct, frozen=True):
    """Two sweeps that multiply: what each pair of their values comes to."""

    x: str
    y: str
    name: str
    """The scheme and the other swept settings; "" where no other grid of the two is there."""
    x_values: tuple[Setting, ...]
    y_values: tuple[Setting, ...]
    cells: tuple[GridCell, ...]


class CompareDocument(msgspec.Struct, frozen=True, kw_only=True):
    """What `inittui compare --json` prints."""

    schema: Literal["inittui.compare/1"] = "inittui.compare/1"
    run: Run
    experiment: Experiment
    evaluated_on: Evaluated
    """The images that all val_accuracy and val_loss are of: the validation part or the set's test
    images."""
    trials: tuple[Trial, ...]
    summary: tuple[Summary, ...]
    sweeps: tuple[Sweep, ...]
    grids: tuple[SweepGrid, ...]
    """Of every two sweeps that multiply."""


_copied = Copier({
    TrialState: Trial, EpochEnded: Epoch, Validated: Validation, StartValues: Start,
    SchemeSummary: Summary, Measure: Statistic, Difference: PairedDifference,
    Learning: LearningJudged, Share: WrittenShare,
})  # fmt: skip


def compare_document(state: RunState, path: Path | None) -> str:
    """Return the JSON document of a run; ``path`` is its directory, None where nothing is kept.

    NaN and the infinities are the strings "NaN", "Infinity" and "-Infinity".
    """
    started = state.started
    starts = {trial.scheme: trial.start for trial in reversed(state.trials)}
    document = CompareDocument(
        run=run_of(state, path),
        experiment=started.experiment if started else Experiment(),
        evaluated_on=state.evaluated_on,
        trials=tuple(
            _copied(
                trial,
                initializer=initializer_of(trial.scheme),
                swept=trial.plan.swept if trial.plan else {},
                loss=all_to_wire(trial.losses),
            )
            for trial in state.trials
        ),
        summary=tuple(
            _copied(each, written=_copied(shares(starts.get(each.scheme, ()))))
            for each in summarize(state)
        ),
        sweeps=tuple(_sweep(axis) for axis in swept_axes(state)),
        grids=tuple(
            grid_of(grid) for pair in swept_pairs(state) for grid in swept_grids(state, *pair)
        ),
    )
    return encode_json(document).decode()


def run_of(state: RunState, path: Path | None) -> Run:
    """Return the facts of a run; ``path`` is its directory, None where nothing is kept."""
    started, ended = state.started, state.ended
    return Run(
        id=started.run if started else "",
        path=str(path) if path else None,
        name=started.experiment.name if started else "",
        status=state.status,
        device=started.device if started else "",
        device_name=started.device_name if started else "",
        versions=started.versions if started else {},
        command=started.command if started else (),
        started=started.at if started else 0.0,
        seconds=ended.seconds if ended else None,
        wall_seconds=ended.wall_seconds if ended else None,
        notes=tuple(state.notes),
    )


def initializer_of(scheme: str) -> str:
    """Return the name of the weight initializer of a scheme; swept settings may follow it."""
    try:
        return parse_syntax(scheme.partition(" ")[0]).weights.name
    except UsageError:  # a log may say anything
        return scheme


def _sweep(axis: Axis) -> Sweep:
    curves = tuple(
        SweepCurve(
            name=curve.name,
            points=tuple(SweepPoint(p.value, _copied(p.accuracy)) for p in curve.points),
            best=curve.best.value if curve.best else None,
            best_range=tuple(point.value for point in curve.best_range),
        )
        for curve in axis.curves
    )
    return Sweep(axis.name, axis.values, curves)


def grid_of(grid: Grid) -> SweepGrid:
    """Return a grid as the document has it."""
    cells = tuple(
        GridCell(x, y, _copied(cell.accuracy), _copied(cell.loss), cell.trials, cell.diverged)
        for y in grid.y_values
        for x in grid.x_values
        if (cell := grid.cells.get((x, y))) is not None
    )
    return SweepGrid(grid.x, grid.y, grid.name, grid.x_values, grid.y_values, cells)
