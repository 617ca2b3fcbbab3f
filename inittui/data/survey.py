"""What this machine has of each data set; nothing is decoded, and torch isn't imported."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from inittui.data import archives, cache
from inittui.data.archives import Place
from inittui.errors import MachineError
from inittui.experiment.data_sets import SetDescription

State = Literal["shipped", "cached", "downloaded", "not here", "damaged"]


@dataclass(frozen=True, slots=True)
class Standing:
    """What there is of one data set."""

    state: State
    """Came with inittui; kept decoded; published files on this machine; none of these; broken."""
    place: Path | None
    """The folder of the published files, or the decoded file."""
    bytes: int | None
    """Size on disk of what is at the place."""
    problem: str = ""
    """What is damaged, and what to do."""


def survey(description: SetDescription) -> Standing:
    """Look at the files that `inittui.data.sets.read` would use."""
    place = archives.find(description)
    try:
        if place is not None and place.kind != "downloads":
            archives.check(description, place.files)
        elif place is not None and archives.missing(description, place.folder):
            # An interrupted download is no harm: it is begun anew when the set is asked for.
            place = None
    except MachineError as error:
        if place is not None:
            return Standing("damaged", place.folder, _size(place), str(error))
    if place is not None and place.kind == "shipped":
        return Standing("shipped", place.folder, _size(place))
    if cache.read(description) is not None:
        decoded = cache.path_of(description)
        return Standing("cached", decoded, decoded.stat().st_size)
    if place is None:
        return Standing("not here", None, None)
    return Standing("downloaded", place.folder, _size(place))


def _size(place: Place) -> int:
    paths = (path for paths in place.files for path in paths)
    return sum(path.stat().st_size for path in paths if path.is_file())
