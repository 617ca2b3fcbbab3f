"""The limits that rules go by: those of the catalogue, and others that a person sets."""

from __future__ import annotations

from collections.abc import Mapping

from inittui.errors import UsageError, nearest
from inittui.results.rules.catalogue import RULES
from inittui.text import sanitize


class Limits:
    """Looks limits up by ``CODE.NAME``."""

    def __init__(self, changed: Mapping[str, float] | None = None) -> None:
        """Take other values for some.

        Raises:
            UsageError: there is no such limit.
        """
        self._all = {f"{x.code}.{name}": v for x in RULES for name, v in x.thresholds.items()}
        for name in changed or {}:
            if name not in self._all:
                shown = sanitize(name, 40)
                hint = nearest(name, self._all) or "; they look like I401.warning"
                raise UsageError(f"there is no limit '{shown}'{hint}")
        self._all |= changed or {}

    def __getitem__(self, name: str) -> float:
        return self._all[name]
