"""A decoded data set as numpy arrays, before torch is needed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class PartArrays:
    """Training or test images."""

    images: NDArray[np.uint8]
    """[n, channels, height, width]."""
    labels: NDArray[np.uint8]
    """[n], each below the number of classes."""


@dataclass(frozen=True, slots=True)
class SetArrays:
    """Both parts of a data set."""

    train: PartArrays
    test: PartArrays
