"""Initializers whose values hang together: orthogonal, sparse, identity."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from inittui.initializers.description import Parameter, initializer
from inittui.initializers.distributions import Atoms, Normal, ZeroOne
from inittui.initializers.layer import LayerContext

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True, slots=True)
class OrthogonalEntry:
    """An entry of ``gain`` times a uniformly random orthogonal matrix.

    Each is a coordinate of a uniformly random unit vector of ``size`` coordinates, the larger
    side of the matrix.
    """

    gain: float
    size: int

    @property
    def mean(self) -> float:
        return 0.0

    @property
    def std(self) -> float:
        return abs(self.gain) / math.sqrt(self.size)

    @property
    def atoms(self) -> Atoms:
        radius = abs(self.gain)
        if radius == 0:
            return ((0.0, 1.0),)
        return ((-radius, 0.5), (radius, 0.5)) if self.size == 1 else ()

    def density(self, x: float) -> float:
        radius, n = abs(self.gain), self.size
        if abs(x) >= radius or n == 1:
            return 0.0
        logarithm = (
            math.lgamma(n / 2) - math.lgamma((n - 1) / 2) - math.log(math.pi) / 2 - math.log(radius)
        )
        return math.exp(logarithm + (n - 3) / 2 * math.log1p(-((x / radius) ** 2)))

    def quantile(self, p: float) -> float:
        from scipy.special import betaincinv

        radius = abs(self.gain)
        if self.size == 1:
            return math.copysign(radius, p - 0.5)
        square = float(betaincinv(0.5, (self.size - 1) / 2, abs(2 * p - 1)))
        return math.copysign(radius * math.sqrt(square), p - 0.5)

    def fill(self, tensor: torch.Tensor, generator: torch.Generator) -> None:
        from torch.nn.init import orthogonal_

        orthogonal_(tensor, self.gain, generator=generator)


@initializer(
    formula="gain × Q, rows or columns of Q orthonormal",
    source="Saxe et al. 2013; torch.nn.init.orthogonal_",
    parameters=(Parameter("gain", "a factor; √2 suits ReLU", default=1.0),),
)
def orthogonal(layer: LayerContext, *, gain: float) -> OrthogonalEntry:
    """A random rotation: no direction of the signal is stretched or lost."""
    rows = layer.shape[0]
    return OrthogonalEntry(gain, max(rows, math.prod(layer.shape[1:])))


@dataclass(frozen=True, slots=True)
class SparseColumns:
    """Normal values of which the same number is zero in each column."""

    zeros: int
    rows: int
    sigma: float

    @property
    def share(self) -> float:
        """Of the zeros."""
        return self.zeros / self.rows

    @property
    def mean(self) -> float:
        return 0.0

    @property
    def std(self) -> float:
        return self.sigma * math.sqrt(1 - self.share)

    @property
    def atoms(self) -> Atoms:
        return ((0.0, self.share if self.sigma > 0 else 1.0),)

    def density(self, x: float) -> float:
        return (1 - self.share) * Normal(0.0, self.sigma).density(x)

    def quantile(self, p: float) -> float:
        kept = 1 - self.share
        if abs(p - 0.5) <= self.share / 2:
            return 0.0
        return Normal(0.0, self.sigma).quantile((p if p < 0.5 else p - self.share) / kept)

    def fill(self, tensor: torch.Tensor, generator: torch.Generator) -> None:
        import torch

        # torch.nn.init.sparse_ takes the places of the zeros from the global generator.
        order = torch.rand(tensor.shape, generator=generator).argsort(dim=0)
        tensor.normal_(0, self.sigma, generator=generator).scatter_(0, order[: self.zeros], 0.0)


@initializer(
    formula="N(0, std), a share of each column 0",
    source="Martens 2010; torch.nn.init.sparse_",
    parameters=(
        Parameter("sparsity", "share of zeros in each column", default=0.1, above=0, below=1),
        Parameter("std", "standard deviation of the others", default=0.01, at_least=0),
    ),
    dimensions=(2, 2),
)
def sparse(layer: LayerContext, *, sparsity: float, std: float) -> SparseColumns:
    """Each input reaches only some of the units."""
    rows = layer.shape[0]
    return SparseColumns(math.ceil(sparsity * rows), rows, std)


class _Diagonal(ZeroOne):
    """Ones on the diagonal of a matrix."""

    def fill(self, tensor: torch.Tensor, generator: torch.Generator) -> None:
        tensor.zero_().fill_diagonal_(1.0)


@initializer(formula="1 on the diagonal, else 0", source="torch.nn.init.eye_", dimensions=(2, 2))
def eye(layer: LayerContext) -> _Diagonal:
    """The identity, as far as the matrix is square: inputs are passed on as they are."""
    rows, columns = layer.shape
    return _Diagonal(1 / max(rows, columns, 1))


@dataclass(frozen=True, slots=True)
class _CentreTaps(ZeroOne):
    """Ones at the kernels' centres, from each channel of a group to its like."""

    groups: int

    def fill(self, tensor: torch.Tensor, generator: torch.Generator) -> None:
        from torch.nn.init import dirac_

        dirac_(tensor, self.groups)


@initializer(
    formula="1 at the kernel's centre from channel i to i, else 0",
    source="torch.nn.init.dirac_, with the layer's own groups",
    dimensions=(3, 5),
)
def dirac(layer: LayerContext) -> _CentreTaps:
    """The identity of a convolution: channels are passed on as they are."""
    taps = layer.groups * min(layer.shape[0] // layer.groups, layer.shape[1])
    return _CentreTaps(taps / max(math.prod(layer.shape), 1), layer.groups)
