"""A run as a Parquet file: the rows and columns of its CSV, with types.

Needs the package `pyarrow`, which the extra `parquet` installs.
"""

from __future__ import annotations

import io
from collections.abc import Sequence

from inittui.documents.table import COLUMNS, Cell, rows_of, swept_columns
from inittui.errors import UsageError
from inittui.results.state import RunState

_ARROW_NAMES = {bool: "bool", int: "int64", float: "float64", str: "string"}


def compare_parquet(state: RunState) -> bytes:
    """Return the rows of `compare_csv`; what is not known is null, NaN and the infinities are so.

    Texts are as they were given: no spreadsheet reads them. A swept column whose values are of
    several types has floats if they are numbers, else texts.

    Raises:
        UsageError: the package is missing, or a value is none that the format has.
    """
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError:
        raise UsageError(
            "Parquet needs the package pyarrow; pip install 'inittui[parquet]'"
        ) from None
    rows = list(rows_of(state))
    names = [*COLUMNS, *swept_columns(state)]
    cells = [[row[place] for row in rows] for place in range(len(names))]
    kinds = [*COLUMNS.values(), *(_common_kind(column) for column in cells[len(COLUMNS) :])]
    types = [pa.type_for_alias(_ARROW_NAMES[kind]) for kind in kinds]
    file = io.BytesIO()
    try:
        arrays = [
            pa.array(_as(kind, column), one)
            for kind, column, one in zip(kinds, cells, types, strict=True)
        ]
        fields = list(zip(names, types, strict=True))
        pq.write_table(pa.Table.from_arrays(arrays, schema=pa.schema(fields)), file)
    except (OverflowError, ValueError) as error:  # a log may say anything; Arrow's are ValueErrors
        raise UsageError(f"the run has a value that Parquet can't hold: {error}") from None
    return file.getvalue()


def _as(kind: type, column: Sequence[Cell]) -> list[Cell]:
    """Return cells of one type; a float may stand there as JSON has it: "NaN"."""
    return [None if cell is None else kind(cell) for cell in column]


def _common_kind(column: Sequence[Cell]) -> type:
    kinds = {type(cell) for cell in column if cell is not None}
    if len(kinds) == 1:
        return kinds.pop()
    return float if kinds == {int, float} else str
