"""The distributions of start values: what is expected of them, and how they are drawn.

Torch is only touched by `fill`, so that everything else can be read without it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import torch

Atoms = tuple[tuple[float, float], ...]
"""Single values that are taken with a probability of their own: (value, share)."""


class Distribution(Protocol):
    """The distribution of one entry of a tensor, and the way to fill the whole tensor."""

    @property
    def mean(self) -> float:
        """Expected value."""

    @property
    def std(self) -> float:
        """Standard deviation."""

    @property
    def atoms(self) -> Atoms:
        """Values that have a probability, not just a density."""

    def density(self, x: float) -> float:
        """Return the probability density at ``x``, atoms left out."""

    def quantile(self, p: float) -> float:
        """Return the value below which a share ``p`` in (0, 1) of all values lies."""

    def fill(self, tensor: torch.Tensor, generator: torch.Generator) -> None:
        """Draw the values of a float32 tensor on the CPU."""


SIGMAS = (1.0, 2.0, 3.0)
"""Standard deviations around the mean within which drawn values are counted."""


def bounds(distribution: Distribution) -> tuple[float, float]:
    """Return the smallest and the largest value that can be drawn; infinite where there is none."""
    if isinstance(distribution, Uniform | TruncatedNormal):
        return distribution.low, distribution.high
    if isinstance(distribution, Normal) and distribution.std > 0:
        return -math.inf, math.inf
    values = [value for value, _ in distribution.atoms]
    return (min(values), max(values)) if values else (-math.inf, math.inf)


def share_between(distribution: Distribution, low: float, high: float) -> float:
    """Return the probability of a value from ``low`` to ``high``, of one without atoms."""
    parts = 2_000
    floor, ceiling = bounds(distribution)
    if isinstance(distribution, Normal):
        z = (high - distribution.mean) / distribution.std, (low - distribution.mean)
        return _cdf(z[0]) - _cdf(z[1] / distribution.std)
    low, high = max(low, floor), min(high, ceiling)
    width = max(high - low, 0.0) / parts
    return width * sum(distribution.density(low + (k + 0.5) * width) for k in range(parts))


def kurtosis(distribution: Distribution) -> float:
    """Return the fourth central moment by the squared variance: 3 of a normal distribution."""
    if isinstance(distribution, Normal):
        return 3.0
    if not distribution.std:
        return 1.0
    parts = 2_000
    mean, std = distribution.mean, distribution.std
    shares = ((k + 0.5) / parts for k in range(parts))
    return sum(((distribution.quantile(p) - mean) / std) ** 4 for p in shares) / parts


def extremes(distribution: Distribution, count: int) -> tuple[float, float]:
    """Return the smallest and the largest value to expect among ``count`` draws.

    By Blom's plotting positions, exact within a percent for a normal distribution.
    """
    p = (1 - 0.375) / (count + 0.25)
    return distribution.quantile(p), distribution.quantile(1 - p)


@dataclass(frozen=True, slots=True)
class Constant:
    """One value everywhere."""

    value: float

    @property
    def mean(self) -> float:
        return self.value

    @property
    def std(self) -> float:
        return 0.0

    @property
    def atoms(self) -> Atoms:
        return ((self.value, 1.0),)

    def density(self, x: float) -> float:
        return 0.0

    def quantile(self, p: float) -> float:
        return self.value

    def fill(self, tensor: torch.Tensor, generator: torch.Generator) -> None:
        tensor.fill_(self.value)


@dataclass(frozen=True, slots=True)
class Uniform:
    """U[low, high)."""

    low: float
    high: float

    @property
    def mean(self) -> float:
        return (self.low + self.high) / 2

    @property
    def std(self) -> float:
        return (self.high - self.low) / math.sqrt(12)

    @property
    def atoms(self) -> Atoms:
        return () if self.high > self.low else ((self.low, 1.0),)

    def density(self, x: float) -> float:
        return 1 / (self.high - self.low) if self.low <= x < self.high else 0.0

    def quantile(self, p: float) -> float:
        return self.low + p * (self.high - self.low)

    def fill(self, tensor: torch.Tensor, generator: torch.Generator) -> None:
        tensor.uniform_(self.low, self.high, generator=generator)


@dataclass(frozen=True, slots=True)
class Normal:
    """N(mean, std)."""

    mean: float
    std: float

    @property
    def atoms(self) -> Atoms:
        return () if self.std > 0 else ((self.mean, 1.0),)

    def density(self, x: float) -> float:
        return _phi((x - self.mean) / self.std) / self.std if self.std > 0 else 0.0

    def quantile(self, p: float) -> float:
        return self.mean + self.std * _inverse_cdf(p)

    def fill(self, tensor: torch.Tensor, generator: torch.Generator) -> None:
        tensor.normal_(self.mean, self.std, generator=generator)


@dataclass(frozen=True, slots=True)
class TruncatedNormal:
    """N(centre, sigma) given that the value lies in [low, high]."""

    centre: float
    sigma: float
    low: float
    high: float

    @property
    def mean(self) -> float:
        return self._moments()[0]

    @property
    def std(self) -> float:
        return self._moments()[1]

    @property
    def atoms(self) -> Atoms:
        return ()

    def density(self, x: float) -> float:
        if not self.low <= x <= self.high:
            return 0.0
        lower, upper, _ = self._tails()
        return _phi((x - self.centre) / self.sigma) / self.sigma / (upper - lower)

    def quantile(self, p: float) -> float:
        lower, upper, sign = self._tails()
        share = p if sign > 0 else 1 - p
        z = _inverse_cdf(max(lower + share * (upper - lower), _tiny(upper)))
        return min(max(self.centre + sign * self.sigma * z, self.low), self.high)

    def fill(self, tensor: torch.Tensor, generator: torch.Generator) -> None:
        import torch

        # By the inverse of the distribution function, in one draw per value: rejection (as in
        # torch.nn.init) takes for ever where [low, high] lies far out.
        lower, upper, sign = self._tails()
        shares = torch.empty(tensor.shape, dtype=torch.float64)
        shares.uniform_(lower, upper, generator=generator).clamp_(min=_tiny(upper))
        z = torch.special.ndtri(shares)
        tensor.copy_((self.centre + sign * self.sigma * z).clamp_(self.low, self.high))

    def _standard_bounds(self) -> tuple[float, float]:
        return (self.low - self.centre) / self.sigma, (self.high - self.centre) / self.sigma

    def _tails(self) -> tuple[float, float, int]:
        """Return the probabilities below both bounds, and -1 where they are mirrored.

        The mirror keeps an interval out of the upper tail, where 1 - tiny has no digits left.
        """
        low, high = self._standard_bounds()
        return (_cdf(-high), _cdf(-low), -1) if low > 0 else (_cdf(low), _cdf(high), 1)

    def _moments(self) -> tuple[float, float]:
        low, high = self._standard_bounds()
        if high - low < 1e-3:
            # The density hardly changes on so short a way, and the formulas would lose all digits.
            return (self.low + self.high) / 2, (self.high - self.low) / math.sqrt(12)
        lower, upper, _ = self._tails()
        share = upper - lower
        shift = (_phi(low) - _phi(high)) / share
        variance = 1 + (low * _phi(low) - high * _phi(high)) / share - shift**2
        return self.centre + self.sigma * shift, self.sigma * math.sqrt(variance)


@dataclass(frozen=True, slots=True)
class ZeroOne:
    """1 with a share, else 0, at places that are no matter of chance; see its subclasses."""

    share: float
    """Of the ones."""

    @property
    def mean(self) -> float:
        return self.share

    @property
    def std(self) -> float:
        return math.sqrt(self.share * (1 - self.share))

    @property
    def atoms(self) -> Atoms:
        return (0.0, 1 - self.share), (1.0, self.share)

    def density(self, x: float) -> float:
        return 0.0

    def quantile(self, p: float) -> float:
        return 0.0 if p < 1 - self.share else 1.0


def _phi(z: float) -> float:
    """Return the density of N(0, 1)."""
    return math.exp(-z * z / 2) / math.sqrt(2 * math.pi)


def _cdf(z: float) -> float:
    """Return the probability below ``z`` under N(0, 1), exact in the lower tail."""
    return math.erfc(-z / math.sqrt(2)) / 2


def _inverse_cdf(p: float) -> float:
    from statistics import NormalDist

    return NormalDist().inv_cdf(p)


def _tiny(upper: float) -> float:
    """Return a share that is below all drawn ones, for 0, whose z would be -∞."""
    return upper * 2.0**-54
