"""Inputs drawn for a model that no data are at hand for."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch

from inittui.experiment.inputs import Input
from inittui.experiment.seeds import derive_seed

_AT_ONCE = 2**20
"""Values whose spectra are in memory at once; they take four times the room."""


def draw_inputs(inputs: Sequence[Input], count: int, seed: int) -> list[torch.Tensor]:
    """Draw ``count`` samples of each input, on the CPU: ids as int64, all else as float32.

    Values have mean 0 and variance 1, positive ones are the sizes of such. Samples differ from
    each other after any pooling, as data do and white noise doesn't: images [channels, *places]
    are 1/f noise with a mean of each sample, sequences [time, features] noise with offsets of each
    sample's steps and features, and vectors plain noise. Ids are drawn evenly. Each input has a
    generator of its own, by its place.
    """
    return [
        _drawn(each, count, torch.Generator().manual_seed(derive_seed(seed, "input", str(place))))
        for place, each in enumerate(inputs)
    ]


def _drawn(wanted: Input, count: int, generator: torch.Generator) -> torch.Tensor:
    if wanted.ids:
        return torch.randint(wanted.ids, (count, *wanted.shape), generator=generator)
    shape = (count, *wanted.shape)
    if len(wanted.shape) >= 3:
        values = _images(shape, generator)
    elif len(wanted.shape) == 2:
        values = _sequences(shape, generator)
    else:
        values = torch.randn(shape, generator=generator)
    return values.abs() if wanted.is_positive else values


def _images(shape: tuple[int, ...], generator: torch.Generator) -> torch.Tensor:
    """Return 1/f noise over all dimensions from the third on, and a mean of each sample."""
    cycles = torch.meshgrid(*(torch.fft.fftfreq(n, 1 / n) for n in shape[2:]), indexing="ij")
    weights = 1 / torch.stack(cycles).square().sum(0).sqrt().clamp_min(1)
    weights /= weights.square().mean().sqrt()
    places = tuple(range(2, len(shape)))
    images = torch.randn(shape, generator=generator)
    for some in images.split(max(_AT_ONCE // images[0].numel(), 1)):
        some.copy_(torch.fft.ifftn(torch.fft.fftn(some, dim=places) * weights, dim=places).real)
    images += torch.randn(shape[0], *[1] * (len(shape) - 1), generator=generator)
    return images.div_(math.sqrt(2))


def _sequences(shape: tuple[int, ...], generator: torch.Generator) -> torch.Tensor:
    count, steps, features = shape
    noise = torch.randn(shape, generator=generator)
    by_step = torch.randn(count, steps, 1, generator=generator)
    by_feature = torch.randn(count, 1, features, generator=generator)
    return (noise + by_step + by_feature) / math.sqrt(3)
