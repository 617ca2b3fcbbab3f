"""The data sets by name, as tensors."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from inittui.data import archives, cache, decoding
from inittui.data.archives import Place
from inittui.data.decoding import PartArrays, SetArrays
from inittui.data.download import fetch, say
from inittui.errors import UsageError
from inittui.experiment.data_sets import DATA_SETS, SetDescription, describe

if TYPE_CHECKING:
    import torch

__all__ = ["DATA_SETS", "ImageSet", "Part", "SetDescription", "as_channels", "load", "read"]

_handed_over: dict[str, SetArrays] = {}
"""Sets that came from the machine of a run's driver, by name."""

_CHUNK = 1_000
"""Images turned grey or counted at once: a few megabytes of scratch memory instead of hundreds."""


@dataclass(frozen=True, slots=True)
class Part:
    """Training or test images."""

    images: torch.Tensor
    """uint8 [n, channels, height, width], mapped from the cache where there is one."""
    labels: torch.Tensor
    """int64 [n], each an index into the set's classes."""


@dataclass(frozen=True, slots=True)
class ImageSet:
    """A data set in memory."""

    name: str
    classes: tuple[str, ...]
    train: Part
    test: Part


def is_shipped(name: str) -> bool:
    """Whether a set is part of inittui, as it is read here."""
    place = archives.find(describe(name))
    return place is not None and place.kind == "shipped"


def hand_over(name: str, arrays: SetArrays) -> None:
    """Let this process read a set from memory, whatever lies on its disks."""
    _handed_over[name] = arrays


def read(name: str) -> SetArrays:
    """Return a data set as arrays, without torch unless it has to be downloaded.

    Files that came with inittui or that a person pointed to are checked even where the decoded
    form is kept: damage to them is said, not hidden.

    Raises:
        UsageError: there is no such set.
        MachineError: a file is damaged or can't be had; says which, and what to do.
    """
    description = describe(name)
    if name in _handed_over:
        return _handed_over[name]
    place = archives.find(description)
    is_downloaded = place is None or place.kind == "downloads"
    if place is not None and not is_downloaded:
        archives.check(description, place.files)
    kept = cache.read(description)
    if archives.given_root() is not None and (place is None or place.kind != "given"):
        say(_elsewhere(description, place, is_kept=kept is not None))
    if kept is not None:
        return kept
    files = fetch(description, place) if place is None or is_downloaded else place.files
    with cache.locked(description) as may_write:
        # Whoever waited for the lock finds what the other has written.
        kept = cache.read(description)
        if kept is not None:
            return kept
        arrays = decoding.decode(description, files)
        if may_write and cache.write(description, arrays):
            return cache.read(description) or arrays
    return arrays


def _elsewhere(description: SetDescription, place: Place | None, *, is_kept: bool) -> str:
    """Tell that the directory that the user named isn't where a set comes from."""
    root = archives.given_root()
    lacks = f"has no {description.name}" if root and root.is_dir() else "is no directory"
    if place is not None and place.kind == "shipped":
        used = f"the {description.name} that came with inittui is used"
    elif place is not None:
        used = f"the files in {place.folder} are used"
    elif is_kept:
        used = f"{cache.path_of(description)} is used"
    else:
        used = f"{description.name} has to be downloaded"
    return f"{archives.DATA_DIR_VARIABLE}={root} {lacks}: {used}"


def load(name: str) -> ImageSet:
    """Return a data set as tensors; see `read` for where it comes from and for errors."""
    description = describe(name)
    arrays = read(name)
    return ImageSet(name, description.classes, _part(arrays.train), _part(arrays.test))


def _part(arrays: PartArrays) -> Part:
    import numpy as np
    import torch

    # Decoded bytes are read-only where they couldn't be kept; torch wants memory it may write.
    images = np.require(arrays.images, requirements=["C", "W"])
    return Part(torch.from_numpy(images), torch.from_numpy(arrays.labels.astype(np.int64)))


def pixel_moments(part: PartArrays) -> tuple[list[float], list[float]]:
    """Return each channel's mean and standard deviation over all pixels, in [0, 1].

    Exact but for the last rounding: sums of whole grey levels. The deviation is the population's
    (divided by n), as it is used to normalise.
    """
    import numpy as np

    levels = range(256)
    means: list[float] = []
    deviations: list[float] = []
    for channel in range(part.images.shape[1]):
        counts = np.zeros(256, np.int64)
        for start in range(0, len(part.images), _CHUNK):
            pixels = part.images[start : start + _CHUNK, channel]
            counts += np.bincount(pixels.reshape(-1), minlength=256)
        often: list[int] = counts.tolist()
        number = sum(often)
        first = sum(level * count for level, count in zip(levels, often, strict=True))
        second = sum(level**2 * count for level, count in zip(levels, often, strict=True))
        means.append(first / (255 * number))
        deviations.append(math.sqrt(number * second - first**2) / (255 * number))
    return means, deviations


def as_channels(images: torch.Tensor, channels: int) -> torch.Tensor:
    """Return uint8 images [n, c, height, width] with 1 or 3 channels, as a model asks.

    Grey becomes colour as a view that repeats it; colour becomes grey by the luma weights of
    ITU-R BT.601, in the integer arithmetic of Pillow's mode "L".

    Raises:
        UsageError: the images can't be had with so many channels.
    """
    import torch

    found = images.shape[1]
    if found == channels:
        return images
    if (found, channels) == (1, 3):
        return images.expand(-1, 3, -1, -1)
    if (found, channels) != (3, 1):
        raise UsageError(f"images of {found} channels can't be shown to a model of {channels}")
    weights = torch.tensor([19_595, 38_470, 7_471], dtype=torch.int32, device=images.device)
    grey = images.new_empty(len(images), 1, *images.shape[2:])
    for start in range(0, len(images), _CHUNK):
        colours = images[start : start + _CHUNK].to(torch.int32)
        luma = (colours * weights.view(3, 1, 1)).sum(1, keepdim=True, dtype=torch.int32)
        grey[start : start + _CHUNK] = (luma + 0x8000) >> 16
    return grey
