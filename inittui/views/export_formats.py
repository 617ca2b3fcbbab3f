"""The formats that a run can be exported in, for the command and for the UI's question."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

FORMATS: Mapping[str, str] = {
    "json": "JSON",
    "csv": "CSV",
    "svg": "SVG",
    "html": "HTML",
    "parquet": "Parquet",
    "tensorboard": "TensorBoard",
}
"""What each is called; their first letters differ, so that one key chooses one."""


def listed(names: Iterable[str]) -> str:
    """Return names as a sentence has them: a, b or c."""
    *most, last = names
    return f"{', '.join(most)} or {last}"
