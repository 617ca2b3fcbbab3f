"""Runs as documents for programs: the list of them, and several beside each other."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from typing import Literal

import msgspec

from inittui.documents.compare import PairedDifference, Statistic
from inittui.documents.copying import Copier
from inittui.documents.table import csv_cell
from inittui.results.comparison import Difference, Measure
from inittui.results.run_differences import Contestant, Fact, Result, RunDifferences
from inittui.runs import RunListing


class RunsDocument(msgspec.Struct, frozen=True, kw_only=True):
    """What `inittui runs --json` prints."""

    schema: Literal["inittui.runs/1"] = "inittui.runs/1"
    runs: tuple[RunListing, ...]


class DifferingFact(msgspec.Struct, frozen=True):
    """A setting by its path, or a version by its name."""

    name: str
    values: tuple[str, ...]
    """One for each run."""


class ContestantResult(msgspec.Struct, frozen=True):
    """What a scheme came to in one of the runs."""

    accuracy: Statistic | None
    train_loss: Statistic | None
    first_loss: Statistic | None
    difference: PairedDifference | None
    """To the first run, in accuracy, by seeds that both have; judged alone."""
    same_start: bool | None
    """Whether its start values are bitwise those of the first run; null for that one, and where
    it isn't known."""


class DifferingContestant(msgspec.Struct, frozen=True):
    """A scheme in each of the runs."""

    scheme: str
    results: tuple[ContestantResult | None, ...]
    """One for each run; null where it isn't in it."""


class RunsDiffDocument(msgspec.Struct, frozen=True, kw_only=True):
    """What `inittui runs diff --json` prints."""

    schema: Literal["inittui.runs.diff/1"] = "inittui.runs.diff/1"
    names: tuple[str, ...]
    """IDs of the runs, in the order of all lists here."""
    settings: tuple[DifferingFact, ...]
    versions: tuple[DifferingFact, ...]
    contestants: tuple[DifferingContestant, ...]
    shares_data: tuple[bool, ...]
    """Whether a run has the images of the first, split in the same way."""


_copied = Copier({
    Fact: DifferingFact, Contestant: DifferingContestant, Result: ContestantResult,
    Measure: Statistic, Difference: PairedDifference, RunDifferences: RunsDiffDocument,
})  # fmt: skip


def runs_document(listings: Sequence[RunListing]) -> str:
    return msgspec.json.encode(RunsDocument(runs=tuple(listings))).decode()


def runs_diff_document(found: RunDifferences) -> str:
    return msgspec.json.encode(_copied(found, schema="inittui.runs.diff/1")).decode()


RUN_COLUMNS = (
    "id", "name", "when", "status", "model", "data", "schemes", "trials", "best_accuracy",
    "seconds",
)  # fmt: skip


def runs_csv(listings: Sequence[RunListing]) -> str:
    """Return one row for each run; schemes have a space between them, what isn't known is empty."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(RUN_COLUMNS)
    for run in listings:
        row = {**msgspec.structs.asdict(run), "schemes": " ".join(run.schemes)}
        cells = (row[name] for name in RUN_COLUMNS)
        writer.writerow(list(map(csv_cell, cells)))
    return text.getvalue()
