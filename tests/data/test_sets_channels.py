"""Grey or colour, as the model asks."""

from __future__ import annotations

import pytest
import torch
from PIL import Image

from inittui.data.sets import as_channels
from inittui.errors import UsageError


def some_images(count: int, channels: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(0)
    shape = (count, channels, 5, 4)
    return torch.randint(0, 256, shape, generator=generator, dtype=torch.uint8)


def test_the_same_number_is_the_same_tensor() -> None:
    for channels in (1, 3):
        images = some_images(3, channels)
        assert as_channels(images, channels) is images


def test_colour_becomes_grey_as_pillow_does_it() -> None:
    images = some_images(2_345, 3)  # more than one chunk, the last one not full
    grey = as_channels(images, 1)
    assert grey.shape == (2_345, 1, 5, 4)
    assert grey.dtype == torch.uint8
    for number in (0, 999, 1_000, 2_344):
        pixels = images[number].permute(1, 2, 0).contiguous().numpy()
        expected = Image.fromarray(pixels, "RGB").convert("L")
        assert bytes(grey[number].flatten().tolist()) == expected.tobytes()


def test_luma_follows_the_recommendation() -> None:
    images = some_images(100, 3)
    weights = torch.tensor([0.299, 0.587, 0.114], dtype=torch.float64).view(3, 1, 1)
    exact = (images.double() * weights).sum(1, keepdim=True)
    # Rounding to a whole grey level is off by at most a half, 16-bit weights by less than 0.01.
    assert (as_channels(images, 1).double() - exact).abs().max() < 0.51


def test_black_and_white_stay_so() -> None:
    for level in (0, 255):
        images = torch.full((1, 3, 2, 2), level, dtype=torch.uint8)
        assert (as_channels(images, 1) == level).all()


def test_grey_becomes_colour_by_repeating_without_a_copy() -> None:
    images = some_images(3, 1)
    colour = as_channels(images, 3)
    assert colour.shape == (3, 3, 5, 4)
    assert all(torch.equal(colour[:, channel], images[:, 0]) for channel in range(3))
    assert colour.data_ptr() == images.data_ptr()


@pytest.mark.parametrize(("have", "want"), [(3, 2), (1, 4), (3, 0)])
def test_anything_else_is_refused(have: int, want: int) -> None:
    with pytest.raises(UsageError, match=f"{have} channels .* model of {want}"):
        as_channels(some_images(1, have), want)
