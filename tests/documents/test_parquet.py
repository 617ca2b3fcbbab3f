"""Parquet, read back: the rows and columns of the CSV, with types."""

from __future__ import annotations

import csv
import io
import math
from typing import Any

import pytest

from inittui.documents.parquet import compare_parquet
from inittui.documents.table import compare_csv
from inittui.errors import UsageError
from inittui.results.state import RunState
from tests.support.runs import Made, made_run, run_state

pa = pytest.importorskip("pyarrow", reason="the extra parquet is missing")
pq = pytest.importorskip("pyarrow.parquet", reason="the extra parquet is missing")


def _table(state: RunState) -> Any:
    return pq.read_table(io.BytesIO(compare_parquet(state)))


def _swept() -> RunState:
    return made_run(
        [
            Made("normal:std=1", (0.2, 0.5), seed=1, swept={"model.depth": 2, "normal:std": 1}),
            Made("normal:std=0.5", 0.4, swept={"model.depth": 4, "normal:std": 0.5}),
            Made("rule", 0.3, swept={"model.batch_norm": True, "model.activation": "tanh"}),
            Made("zeros", status="diverged", losses=(2.0, math.nan), swept={"model.hidden": 64}),
            Made("rule", 0.1, val_loss="Infinity", swept={"model.hidden": "256,128"}),
        ]
    )


def _as_csv_has_it(cell: object) -> str:
    if isinstance(cell, float) and not math.isfinite(cell):
        return "NaN" if math.isnan(cell) else "Infinity" if cell > 0 else "-Infinity"
    return "" if cell is None else str(cell)


@pytest.mark.parametrize("name", ["classic", "seeds", "diverged", "interrupted", "swept", "empty"])
def test_it_has_the_rows_and_columns_of_the_csv(name: str) -> None:
    state = _swept() if name == "swept" else run_state(name)
    head, *rows = csv.reader(io.StringIO(compare_csv(state)))
    table = _table(state)
    assert table.column_names == head
    read = [[row[name] for name in head] for row in table.to_pylist()]
    for found, expected in zip(read, rows, strict=True):
        for cell, text in zip(found, expected, strict=True):
            is_number = isinstance(cell, float) and math.isfinite(cell)
            assert cell == float(text) if is_number else _as_csv_has_it(cell) == text


def test_columns_have_types_and_what_is_not_known_is_null() -> None:
    table = _table(_swept())
    types = {field.name: str(field.type) for field in table.schema}
    assert types == {
        "scheme": "string", "seed": "int64", "status": "string", "epoch": "int64",
        "step": "int64", "train_loss": "double", "val_loss": "double", "val_accuracy": "double",
        "seconds": "double", "train_accuracy": "double", "first_loss": "double",
        "model.depth": "int64", "normal:std": "double", "model.batch_norm": "bool",
        "model.activation": "string", "model.hidden": "string",
    }  # fmt: skip
    assert table["epoch"].to_pylist() == [1, 2, 1, 1, None, 1]
    assert table["model.hidden"].to_pylist() == [None, None, None, None, "64", "256,128"]
    assert table["val_loss"].to_pylist()[-1] == math.inf
    assert math.isnan(table["train_loss"].to_pylist()[4])


def test_texts_are_as_they_were_given() -> None:
    assert _table(made_run([Made("=1+1", 0.5)]))["scheme"].to_pylist() == ["=1+1"]


def test_a_number_that_has_no_place_in_it_is_a_mistake_of_one_line() -> None:
    with pytest.raises(UsageError, match="can't hold"):
        compare_parquet(made_run([Made("rule", 0.5, seed=2**70)]))
