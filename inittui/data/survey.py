"""What this machine has of each data set; nothing is decoded, and torch isn't imported."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from inittui.data import archives, cache
from inittui.data.archives import Place, archive_paths, find
from inittui.data.descriptions import SetDescription
from inittui.errors import MachineError

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
    place = find(description)
    try:
        if place is not None:
            archives.check(description, place.folder)
    except MachineError as error:
        if place is not None and place.kind != "downloads":
            return Standing("damaged", place.folder, _size(description, place), str(error))
        # An interrupted download is no harm: it is taken up again when the set is asked for.
        place = None
    if place is not None and place.kind == "shipped":
        return Standing("shipped", place.folder, _size(description, place))
    if cache.read(description) is not None:
        decoded = cache.path_of(description)
        return Standing("cached", decoded, decoded.stat().st_size)
    if place is None:
        return Standing("not here", None, None)
    return Standing("downloaded", place.folder, _size(description, place))


def _size(description: SetDescription, place: Place) -> int:
    paths = archive_paths(description, place.folder)
    return sum(path.stat().st_size for path in paths if path.is_file())
