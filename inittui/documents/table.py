"""A run as a table: one row for each trial and epoch, and these rows as CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

from inittui.events.wire_numbers import Number, to_wire
from inittui.experiment.trials import Setting
from inittui.results.state import RunState
from inittui.text import sanitize

COLUMNS: dict[str, type] = {
    "scheme": str, "seed": int, "status": str, "epoch": int, "step": int, "train_loss": float,
    "val_loss": float, "val_accuracy": float, "seconds": float, "train_accuracy": float,
    "first_loss": float,
}  # fmt: skip
"""Of a run as a table. A column for each swept parameter or setting, by its name, follows them."""

Cell = Setting | Number | None
"""Floats as JSON has them; None is what is not known."""


def swept_columns(state: RunState) -> list[str]:
    """Return what is swept, in the order of the columns after `COLUMNS`."""
    return list(dict.fromkeys(name for t in state.trials if t.plan for name in t.plan.swept))


def rows_of(state: RunState) -> Iterator[tuple[Cell, ...]]:
    """Yield one row per trial and epoch; a trial without epochs has one row.

    A row without an epoch has the last step's loss as its training loss if the trial has diverged.
    """
    swept = swept_columns(state)
    for trial in state.trials:
        head = (trial.scheme, trial.seed, trial.status)
        first = None if trial.first_loss is None else to_wire(trial.first_loss)
        values = trial.plan.swept if trial.plan else {}
        tail = (first, *(values.get(name) for name in swept))
        if not trial.epochs:
            diverged = trial.status == "diverged" and bool(trial.losses)
            loss = to_wire(trial.losses[-1]) if diverged else None
            yield (*head, None, trial.steps, loss, None, None, trial.seconds, None, *tail)
        for e in trial.epochs:
            numbers = (e.epoch, e.step, e.train_loss, e.val_loss, e.val_accuracy, e.seconds)
            yield (*head, *numbers, e.train_accuracy, *tail)


def compare_csv(state: RunState) -> str:
    """Return the rows of `rows_of` under a header.

    What is swept has columns of its own after the others: ``normal:std``, ``model.depth``.

    Non-finite numbers are NaN, Infinity and -Infinity; what is not known is empty. A text that a
    spreadsheet would take for a formula, or cut, begins with ' (see `_FORMULA`).
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow((*COLUMNS, *map(csv_cell, swept_columns(state))))
    for scheme, *facts in rows_of(state):
        swept = map(csv_cell, facts[len(COLUMNS) - 1 :])
        writer.writerow((csv_cell(scheme), *facts[: len(COLUMNS) - 1], *swept))
    return text.getvalue()


_FORMULA = ("=", "+", "-", "@", "\t")
"""Beginnings of a text that spreadsheets compute instead of showing it."""


def csv_cell(value: Cell) -> Cell:
    """Return what stands in a CSV for a value that a person, or a log, may have chosen."""
    if not isinstance(value, str):
        return value
    return ("'" if value.startswith(_FORMULA) else "") + sanitize(value)
