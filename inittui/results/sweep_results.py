"""What a run's sweeps come to: accuracy against each swept value, and over two sweeps at once."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise

from inittui.experiment.trials import Setting, format_setting
from inittui.results.comparison import Measure, measure
from inittui.results.learning import Learning, judge
from inittui.results.state import RunState
from inittui.results.summary import accuracy_of, furthest, is_sound
from inittui.results.trial_state import ENDED, TrialState

NEAR_BEST = 0.01
"""Values whose mean accuracy is at most this far below the best belong to the best range."""

_EVEN = 1.2
"""The longest of steps that count as even, by the shortest: rounded to four digits, or to whole
numbers."""


@dataclass(frozen=True, slots=True)
class Point:
    """One value of a sweep under everything else alike, over its seeds."""

    value: Setting
    accuracy: Measure | None
    """As the run's table has it, `accuracy_of`; None where no trial was validated."""
    low: float
    """Of the seeds that it is of; NaN where there is none."""
    high: float
    is_trained: bool
    """Whether at least one of its trials was trained to the end (or diverged)."""
    final: Measure | None
    """The accuracy of those, without any that diverged where others did not; None where there is
    none."""
    learning: Learning | None
    """Whether those learn; None where there is none, or the log says too little."""
    ended: int
    """How many of its trials were trained to the end, or diverged."""
    diverged: int
    trials: int
    """How many there are, ended or not."""
    scheme: str
    """What its trials are called."""

    @property
    def is_sound(self) -> bool:
        """Whether at least one of its trials was trained to the end."""
        return self.diverged < self.ended


@dataclass(frozen=True, slots=True)
class Curve:
    name: str
    """The scheme and the other swept settings."""
    points: tuple[Point, ...]
    """By value where these are numbers, else in the order of the experiment."""

    @property
    def trained(self) -> tuple[Point, ...]:
        return tuple(point for point in self.points if point.is_trained)

    @property
    def best(self) -> Point | None:
        """The point of the highest mean accuracy of those that were trained to the end.

        One that diverged under every seed only where all did.
        """
        known = [point for point in self.points if point.final is not None]
        sound = [point for point in known if point.is_sound]
        return max(sound or known, key=_mean, default=None)

    @property
    def best_range(self) -> tuple[Point, ...]:
        """Neighbours of the best whose mean accuracy is at most `NEAR_BEST` below it."""
        best = self.best
        if best is None:
            return ()
        place = self.points.index(best)
        near = [
            _mean(point) >= _mean(best) - NEAR_BEST and point.is_sound >= best.is_sound
            for point in self.points
        ]
        first = last = place
        while first > 0 and near[first - 1]:
            first -= 1
        while last < len(near) - 1 and near[last + 1]:
            last += 1
        return self.points[first : last + 1]


@dataclass(frozen=True, slots=True)
class Axis:
    name: str
    """As the sweep has it: trunc_normal:std or model.depth."""
    values: tuple[Setting, ...]
    curves: tuple[Curve, ...]
    references: tuple[tuple[str, Measure], ...] = ()
    """Contestants that have no such parameter, with their accuracies."""

    @property
    def title(self) -> str:
        return title_of(self.name)

    @property
    def is_numeric(self) -> bool:
        return all(map(_is_number, self.values))

    @property
    def is_log(self) -> bool:
        """Whether the values belong on a log axis.

        They are numbers above 0, a factor of 4 or more apart, and not spaced evenly as they are.
        """
        numbers = sorted(float(value) for value in self.values if _is_number(value))
        if not self.is_numeric or numbers[0] <= 0 or numbers[-1] < 4 * numbers[0]:
            return False
        steps = [high - low for low, high in pairwise(numbers)]
        return len(steps) < 2 or max(steps) > _EVEN * min(steps)


@dataclass(frozen=True, slots=True)
class Cell:
    """One value of each of two sweeps, under everything else alike, over its seeds."""

    accuracy: Measure | None
    """As the run's table has it, `accuracy_of`; None where no trial was validated."""
    loss: Measure | None
    """Of the same trials and images; NaN or infinite as theirs are."""
    learning: Learning | None
    """Whether these learn; None where nothing was validated, or the log says too little."""
    trials: int
    diverged: int
    """How many of the trials did."""
    contestant: str
    """What its trials are called."""


@dataclass(frozen=True, slots=True)
class Grid:
    """What two sweeps that multiply come to."""

    x: str
    """The sweep along a row, as `Axis.name`."""
    y: str
    name: str
    """The scheme and the other swept settings; "" where all grids of the two have the same."""
    x_values: tuple[Setting, ...]
    """By value where these are numbers, else in the order of the experiment; so are y's."""
    y_values: tuple[Setting, ...]
    cells: Mapping[tuple[Setting, Setting], Cell]
    """By the values of x and y; a combination that was not planned is absent."""

    @property
    def rows(self) -> tuple[Setting, ...]:
        """y's values as they lie above each other, the highest on top where these are numbers."""
        return self.y_values[::-1] if all(map(_is_number, self.y_values)) else self.y_values


def title_of(name: str) -> str:
    """Return what a sweep is called in a sentence: std of trunc_normal, depth."""
    owner, colon, parameter = name.rpartition(":")
    return f"{parameter} of {owner}" if colon else parameter.rpartition(".")[2]


def swept_pairs(state: RunState) -> tuple[tuple[str, str], ...]:
    """Return the pairs x, y of sweeps that multiply.

    Of depth, or else of the second of a pair, the values lie above each other: as y.
    """
    together = dict.fromkeys(tuple(_swept(trial)) for trial in state.trials)
    found = dict.fromkeys(pair for names in together for pair in combinations(names, 2))
    return tuple((y, x) if x == "model.depth" else (x, y) for x, y in found)


def swept_grids(state: RunState, x: str, y: str) -> tuple[Grid, ...]:
    """Return a grid of two sweeps for each combination of all others; () where none multiply."""
    groups: dict[str, list[TrialState]] = {}
    for trial in state.trials:
        if x in _swept(trial) and y in _swept(trial):
            groups.setdefault(_without((x, y), trial), []).append(trial)
    names = _shortest(list(groups)) if len(groups) > 1 else [""]
    return tuple(
        _grid(x, y, name, group, state) for name, group in zip(names, groups.values(), strict=False)
    )


def _grid(x: str, y: str, name: str, trials: Sequence[TrialState], state: RunState) -> Grid:
    groups: dict[tuple[Setting, Setting], list[TrialState]] = {}
    for trial in trials:
        groups.setdefault((_swept(trial)[x], _swept(trial)[y]), []).append(trial)
    return Grid(
        x,
        y,
        name,
        tuple(_ordered(key[0] for key in groups)),
        tuple(_ordered(key[1] for key in groups)),
        {key: _cell(group, state) for key, group in groups.items()},
    )


def _cell(trials: Sequence[TrialState], state: RunState) -> Cell:
    counted = furthest(trials)
    return Cell(
        measure(trial.val_accuracy for trial in counted),
        measure(trial.val_loss for trial in counted),
        judge(state, counted),
        len(trials),
        sum(trial.status == "diverged" for trial in trials),
        trials[0].scheme,
    )


def swept_axes(state: RunState) -> tuple[Axis, ...]:
    """Return the swept parameters and settings of a run; () where nothing is swept."""
    names = dict.fromkeys(name for trial in state.trials for name in _swept(trial))
    return tuple(_axis(name, state) for name in names)


def _swept(trial: TrialState) -> dict[str, Setting]:
    return trial.plan.swept if trial.plan is not None else {}


def _axis(name: str, state: RunState) -> Axis:
    trials = state.trials
    groups: dict[str, list[TrialState]] = {}
    others: dict[str, list[TrialState]] = {}
    for trial in trials:
        if name in _swept(trial):
            groups.setdefault(_without((name,), trial), []).append(trial)
        else:
            others.setdefault(trial.scheme, []).append(trial)
    names = _shortest(list(groups))
    curves = tuple(
        Curve(short, _points(name, group, state))
        for short, group in zip(names, groups.values(), strict=True)
    )
    values = _ordered(_swept(t)[name] for group in groups.values() for t in group)
    measured = {key: accuracy_of(group) for key, group in others.items()}
    references = tuple((key, m) for key, m in measured.items() if m is not None)
    return Axis(name, tuple(values), curves, references)


def _without(names: tuple[str, ...], trial: TrialState) -> str:
    """Return what the trial is called if the values of these sweeps are left open."""
    plan = trial.plan
    assert plan is not None
    is_open = any(":" in name for name in names)
    others = (
        f"{key.rpartition('.')[2]}={format_setting(value)}"
        for key, value in plan.swept.items()
        if key not in names and (":" not in key or is_open)
    )
    return " ".join([plan.family if is_open else plan.scheme, *others])


def _shortest(names: Sequence[str]) -> list[str]:
    """Leave out the scheme where all curves have the same one, and something follows it."""
    split = [name.partition(" ") for name in names]
    same = len({scheme for scheme, _, _ in split}) == 1 and all(rest for _, _, rest in split)
    return [rest for _, _, rest in split] if same and len(names) > 1 else list(names)


def _points(name: str, trials: Sequence[TrialState], state: RunState) -> tuple[Point, ...]:
    found = []
    of_value: dict[Setting, list[TrialState]] = {}
    for trial in trials:
        of_value.setdefault(_swept(trial)[name], []).append(trial)
    for value in _ordered(of_value):
        mine = of_value[value]
        known = [t.val_accuracy for t in furthest(mine) if t.val_accuracy is not None]
        low, high = min(known, default=math.nan), max(known, default=math.nan)
        ended = [trial for trial in mine if trial.status in ENDED]
        counted = furthest(ended) if ended else []
        final = measure(trial.val_accuracy for trial in counted)
        learning = judge(state, counted)
        diverged = sum(not is_sound(trial) for trial in ended)
        found.append(
            Point(
                value, measure(known), low, high, bool(ended), final, learning, len(ended),
                diverged, len(mine), mine[0].scheme,
            )
        )  # fmt: skip
    return tuple(found)


def _ordered(values: Iterable[Setting]) -> list[Setting]:
    unique = list(dict.fromkeys(values))
    return sorted(unique, key=float) if all(map(_is_number, unique)) else unique


def _is_number(value: Setting) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _mean(point: Point) -> float:
    return point.final.mean if point.final is not None else -math.inf
