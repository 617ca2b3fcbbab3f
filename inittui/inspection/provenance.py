"""Which law of the catalogue a tensor's values look like, told from the values alone.

The family is found by Kolmogorov's distance, then σ is compared with what each law of the
catalogue gives for the tensor's fans. Below `FEWEST` values nothing but constants, fixed patterns
and orthogonal matrices is told.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch

from inittui.errors import UsageError
from inittui.events.laws import Family, Law
from inittui.experiment.scheme import format_number
from inittui.initializers import find, parse_scheme
from inittui.initializers.distributions import (
    Distribution,
    Normal,
    TruncatedNormal,
    Uniform,
    bounds,
    kurtosis,
)
from inittui.initializers.layer import LayerContext
from inittui.initializers.variance import CUT_STD
from inittui.inspection.statistics import mean_and_variance

FEWEST = 200
"""Values of which a family is told."""

TESTED = 20_000
"""Values that are compared with a distribution, evenly spread over the tensor."""

DISTANCE = 1.62
"""Kolmogorov's distance by √n, which 1 % of samples exceed whose law is known beforehand. Mean and
σ are fitted here, so fewer do."""

ERRORS = 3.5
"""Standard errors of σ within which a law fits."""

CLEAR = 0.05
"""Relative tolerance of σ above which other laws aren't told apart."""

_SQUARES = 64
"""Rows of which all products are looked at, for orthogonality."""

_ORTHOGONAL = 1e-3
"""Largest |cosine| of two rows, and relative difference of their lengths. Two random rows of
2,500 values have .02."""

_BY_FANS = (
    "rule", "normal", "xavier_uniform", "xavier_normal", "lecun_uniform", "lecun_normal",
    "he_uniform", "he_normal", "glorot_normal",
    *(
        f"kaiming_{form}:mode={mode},nonlinearity={after}"
        for mode in ("fan_in", "fan_out")
        for form in ("uniform", "normal")
        for after in ("relu", "identity", "tanh")
    ),
    *(f"xavier_{form}:nonlinearity={after}" for form in ("uniform", "normal")
      for after in ("relu", "tanh")),
    "variance_scaling:mode=fan_out", "variance_scaling:scale=2,mode=fan_out",
)  # fmt: skip
"""Laws whose σ follows from the fans."""

_ROUND = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0)
"""Numbers that people choose."""

_FIXED = (
    "uniform", "centered",
    *(f"normal:std={format_number(s)}" for s in _ROUND),
    *(f"trunc_normal:std={format_number(s)},a=-2std,b=2std" for s in _ROUND),
    *(f"uniform:low=-{format_number(b)},high={format_number(b)}" for b in _ROUND if b != 0.5),
)  # fmt: skip


def law_of(values: torch.Tensor, fans: tuple[int, int] | None = None) -> Law:
    """Return what law a tensor's values look like.

    ``fans`` are those of the operation that it is used in, where these are known; the laws are
    tried with those of its shape, too.
    """
    flat = values.detach().flatten()
    if flat.is_meta or not flat.numel() or not flat.is_floating_point():
        return Law("can't tell", "other")
    mean, variance = mean_and_variance(flat)
    std = math.sqrt(variance)
    if not (math.isfinite(mean) and math.isfinite(std)):
        return Law("can't tell", "other")
    fixed = _fixed_law(values.detach(), mean, std) or _orthogonal_law(values.detach(), mean, std)
    return fixed or _drawn_law(values.detach(), mean, std, fans)


def _drawn_law(values: torch.Tensor, mean: float, std: float, fans: tuple[int, int] | None) -> Law:
    flat = values.flatten()
    picked = _evenly(flat, TESTED).double().cpu()
    family = _family(picked, mean, std) if flat.numel() >= FEWEST else "other"
    if family == "other":
        return Law("can't tell", "other", (), mean, std)
    farthest, rounding = float(flat.abs().amax()), float(torch.finfo(flat.dtype).eps)
    seen = _Seen(family, flat.numel(), mean, std, farthest, rounding)
    names = tuple(_fitting(seen, tuple(values.shape), fans))
    if not names:
        return Law("can't tell", family, (), mean, std)
    if seen.tolerance >= CLEAR:
        return Law("could be", family, names, mean, std)
    return Law("sure" if len(names) == 1 else "likely", family, names, mean, std)


def _evenly(flat: torch.Tensor, count: int) -> torch.Tensor:
    if flat.numel() <= count:
        return flat
    # By whole numbers: float32 knows not every place of more than 2**24.
    steps = torch.arange(count, device=flat.device)
    return flat[steps * (flat.numel() - 1) // (count - 1)]


def _fixed_law(values: torch.Tensor, mean: float, std: float) -> Law | None:
    """Return the law of values that are no matter of chance: constants, the identity, Dirac."""
    first = float(values.flatten()[0])
    if bool((values == values.flatten()[0]).all()):
        name = {0.0: "zeros", 1.0: "ones"}.get(first)
        if name is None and values.numel() == 1:
            return None  # any law gives one value
        name = name or f"constant:value={format_number(first)}"
        return Law("sure", "constant", (name,), first, 0.0)
    if not bool(((values == 0) | (values == 1)).all()):
        return None
    if values.dim() == 2 and bool((values == torch.eye(*values.shape).to(values)).all()):
        return Law("sure", "fixed", ("eye",), mean, std)
    if values.dim() in (3, 4, 5):
        dirac = torch.nn.init.dirac_(torch.empty(values.shape)).to(values)
        if bool((values == dirac).all()):
            return Law("sure", "fixed", ("dirac",), mean, std)
    return None


def _orthogonal_law(values: torch.Tensor, mean: float, std: float) -> Law | None:
    if values.dim() < 2 or not values.is_floating_point() or values.numel() < 16:
        return None
    matrix = values.reshape(len(values), -1)
    matrix = matrix if matrix.shape[0] <= matrix.shape[1] else matrix.T
    rows = matrix[:_SQUARES].double()
    if len(rows) < 2:
        return None
    products = rows @ rows.T
    lengths = products.diagonal()
    squared = float(lengths.mean())
    off = products - torch.diag(lengths)
    is_even = float((lengths - squared).abs().amax()) <= _ORTHOGONAL * squared
    if not squared or not is_even or float(off.abs().amax()) > _ORTHOGONAL * squared:
        return None
    gain = math.sqrt(squared)
    is_one = abs(gain - 1) < _ORTHOGONAL
    name = "orthogonal" if is_one else f"orthogonal:gain={float(f'{gain:.4g}'):g}"
    return Law("sure", "orthogonal", (name,), mean, std)


_LAWS: dict[Family, Distribution] = {
    "uniform": Uniform(-math.sqrt(3), math.sqrt(3)),
    "cut normal": TruncatedNormal(0.0, 1 / CUT_STD, -2 / CUT_STD, 2 / CUT_STD),
    "normal": Normal(0.0, 1.0),
}
"""Each with mean 0 and standard deviation 1."""

_KURTOSIS = {family: kurtosis(law) for family, law in _LAWS.items()}


def _family(picked: torch.Tensor, mean: float, std: float) -> Family:
    """Return the family that the values may be of; "other" where none fits.

    Two that fit are told apart by the extremes: a uniform law ends at √3 σ, a cut one at 2.27 σ.
    """
    count = len(picked)
    z = ((picked - mean) / std).sort().values
    farthest = float(z.abs().amax())
    slack = 1 + 4 / math.sqrt(count)
    limit = DISTANCE / math.sqrt(count)
    if _distance(z, (z / math.sqrt(3) + 1) / 2) <= limit and farthest <= math.sqrt(3) * slack:
        return "uniform"
    tail = math.erfc(math.sqrt(2)) / 2
    cut = (torch.special.ndtr(z * CUT_STD) - tail) / (1 - 2 * tail)
    if _distance(z, cut) <= limit and farthest <= 2 / CUT_STD * slack:
        # Of a normal law so many values lie within by chance hardly ever, from 200 on.
        if _distance(z, torch.special.ndtr(z)) > limit:
            return "cut normal"
        beyond = count * math.erfc(2 / CUT_STD * slack / math.sqrt(2))
        return "cut normal" if beyond > 3 else "other"
    return "normal" if _distance(z, torch.special.ndtr(z)) <= limit else "other"


def _distance(ordered: torch.Tensor, below: torch.Tensor) -> float:
    """Return Kolmogorov's distance of ordered values, given the law's share below each."""
    count = len(ordered)
    steps = torch.arange(count + 1, dtype=torch.float64) / count
    below = below.clamp(0, 1)
    return float(torch.maximum((steps[1:] - below).amax(), (below - steps[:-1]).amax()))


def _fitting(seen: _Seen, shape: tuple[int, ...], fans: tuple[int, int] | None) -> Iterator[str]:
    """Yield the laws of the catalogue that give this family, mean, σ and range, each law once."""
    names: set[str] = set()
    for name, law in _laws(shape, None):
        if seen.fits(law):
            names.add(name)
            yield name
    for name, law in _laws(shape, fans) if fans is not None else ():
        if name not in names and name not in _FIXED and seen.fits(law):
            yield f"{name} by the operation's fans"


@dataclass(frozen=True, slots=True)
class _Seen:
    """What of a tensor's values is compared with a law."""

    family: Family
    count: int
    mean: float
    std: float
    farthest: float
    """Largest distance from 0."""
    rounding: float
    """Relative, of the values' type."""

    @property
    def tolerance(self) -> float:
        """Relative, of σ."""
        return ERRORS * math.sqrt((_KURTOSIS[self.family] - 1) / (4 * self.count))

    def fits(self, law: Distribution) -> bool:
        """Whether the values may be drawn by a law."""
        if _family_of(law) != self.family or not law.std:
            return False
        is_near = abs(math.log(self.std / law.std)) <= self.tolerance + self.rounding
        is_centred = abs(self.mean - law.mean) <= ERRORS * law.std / math.sqrt(self.count)
        return is_near and is_centred and self._fills(law)

    def _fills(self, law: Distribution) -> bool:
        """Whether the values end where a law does; e⁻¹² of samples end so much earlier."""
        low, high = bounds(law)
        if not (math.isfinite(low) and math.isfinite(high)):
            return True
        end = max(-low, high)
        edges = (law.density(low) + law.density(high * (1 - 1e-9))) * end
        missing = 1 - self.farthest / end
        return -2 * self.rounding - 1e-6 <= missing <= 12 / max(edges * self.count, 1)


@functools.lru_cache(maxsize=1_024)
def _laws(
    shape: tuple[int, ...], fans: tuple[int, int] | None
) -> tuple[tuple[str, Distribution], ...]:
    """Return the laws that a tensor of a shape may have been drawn by, by name."""
    context = LayerContext(shape, known_fans=fans)
    found = ((name, _distribution(name, context)) for name in (*_distinct(), *_FIXED))
    return tuple((name, law) for name, law in found if law is not None)


def _distribution(name: str, context: LayerContext) -> Distribution | None:
    call = parse_scheme(name).weights
    try:
        return find(call.name).values_for(context, dict(call.parameters))
    except UsageError:  # no law for a vector
        return None


def _family_of(law: Distribution) -> Family:
    if isinstance(law, Uniform):
        return "uniform"
    if isinstance(law, TruncatedNormal):
        is_cut_near = abs((law.high - law.centre) / law.sigma - 2) < 1e-6
        return "cut normal" if is_cut_near else "normal"
    return "normal" if isinstance(law, Normal) else "other"


@functools.cache
def _distinct() -> tuple[str, ...]:
    """Return the laws by fans without those that are another one's for every shape."""
    shapes: Sequence[tuple[int, ...]] = ((7, 11), (13, 5, 3, 3), (64, 32))
    contexts = [LayerContext(shape) for shape in shapes]
    found: dict[tuple[object, ...], str] = {}
    for name in _BY_FANS:
        laws = [_distribution(name, context) for context in contexts]
        found.setdefault(tuple((type(x), x and round(x.std, 9)) for x in laws), name)
    return tuple(found.values())
