"""Images that no camera took, with what distinguishes photographs from white noise."""

from __future__ import annotations

import torch


def natural_noise(count: int, side: int, *, channels: int = 3, seed: int = 0) -> torch.Tensor:
    """Return [count, channels, side, side] of 1/f noise, each image with a mean of its own.

    White noise is equal for all images once it is pooled. Mean 0 and variance 1 over all.
    """
    generator = torch.Generator().manual_seed(seed)
    down = torch.fft.fftfreq(side).unsqueeze(1)
    across = torch.fft.rfftfreq(side).unsqueeze(0)
    frequency = (down.square() + across.square()).sqrt()
    frequency[0, 0] = 1 / side
    white = torch.randn(count, channels, side, side, generator=generator)
    images = torch.fft.irfft2(torch.fft.rfft2(white) / frequency, s=(side, side))
    images = images - images.mean((2, 3), keepdim=True)
    images /= images.std((2, 3), keepdim=True)
    images += torch.randn(count, 1, 1, 1, generator=generator)
    images += 0.3 * torch.randn(count, channels, 1, 1, generator=generator)
    return (images - images.mean()) / images.std()
