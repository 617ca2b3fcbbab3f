"""Data sets on their way to machines that haven't got them: decoded, as they are read here."""

from __future__ import annotations

from inittui.data import sets
from inittui.data.decoding import PartArrays, SetArrays
from inittui.training.seats.messages import Data, Images


def packed(name: str) -> Data:
    """Return a set as a message; raises as `sets.read`."""
    arrays = sets.read(name)
    return Data(name, _images(arrays.train), _images(arrays.test))


def unpack(data: Data) -> None:
    """Let this process read the set from the message's memory."""
    sets.hand_over(data.name, SetArrays(_part(data.train), _part(data.test)))


def _images(part: PartArrays) -> Images:
    count, channels, height, width = part.images.shape
    return Images((count, channels, height, width), part.images.tobytes(), part.labels.tobytes())


def _part(images: Images) -> PartArrays:
    import numpy as np

    pixels = np.frombuffer(images.pixels, np.uint8).reshape(images.shape)
    return PartArrays(pixels, np.frombuffer(images.labels, np.uint8))
