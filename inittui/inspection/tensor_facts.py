"""What a model's tensors hold, measured in one pass over each."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

import torch
from torch import nn

from inittui.events.facts import TensorFacts, WriterFacts
from inittui.events.wire_numbers import Number, to_wire
from inittui.inspection.statistics import is_drawn

_PART = 1 << 20
_SAMPLED = 1 << 16
"""Values that quantiles, kurtosis and checksums are of."""

_FAR = 6.0
"""Times the 99 % quantile, beyond which a value lies far out."""


def named_tensors(model: nn.Module) -> dict[str, torch.Tensor]:
    """Return parameters and buffers by name; lazy ones that have no shape yet are left out."""
    found = {**dict(model.named_parameters()), **dict(model.named_buffers())}
    return {n: t for n, t in found.items() if not torch.nn.parameter.is_lazy(t)}


def facts_of_tensors(
    model: nn.Module,
    histories: Mapping[str, Sequence[WriterFacts]] | None = None,
    unwritten: Mapping[str, int] | None = None,
) -> tuple[TensorFacts, ...]:
    """Measure all parameters and buffers of a model."""
    parameters = dict(model.named_parameters())
    owners = {
        f"{path}.{name}" if path else name: module
        for path, module in model.named_modules()
        for name in [*module._parameters.keys(), *module._buffers.keys()]
    }
    modules = dict(model.named_modules(remove_duplicate=False))
    found = []
    for name, tensor in named_tensors(model).items():
        owner = owners.get(name)
        found.append(
            _facts(
                name,
                tensor,
                "parameter" if name in parameters else "buffer",
                owner,
                tuple((histories or {}).get(name, ())),
                (unwritten or {}).get(name, 0),
                has_reset=_has_reset(modules, name),
            )
        )
    return tuple(found)


def _facts(
    name: str,
    tensor: torch.Tensor,
    kind: str,
    owner: nn.Module | None,
    history: tuple[WriterFacts, ...],
    unwritten: int,
    *,
    has_reset: bool,
) -> TensorFacts:
    plain = TensorFacts(
        name=name,
        shape=tuple(tensor.shape),
        dtype=str(tensor.dtype).removeprefix("torch."),
        count=tensor.numel(),
        kind="parameter" if kind == "parameter" else "buffer",
        requires_grad=tensor.requires_grad,
        is_meta=tensor.is_meta,
        of=type(owner).__name__ if owner is not None else "",
        has_reset=has_reset,
        history=history,
        unwritten=unwritten,
    )
    values = _strided(tensor)
    if values is None or not values.numel():
        return plain
    return _measured(plain, values, _padding(owner, tensor))


def _has_reset(modules: Mapping[str, nn.Module], name: str) -> bool:
    """Whether the module that holds a tensor can fill it anew by itself."""
    path = name.rpartition(".")[0]
    while path and isinstance(modules.get(path), nn.ParameterList | nn.ParameterDict):
        path = path.rpartition(".")[0]
    return callable(getattr(modules.get(path), "reset_parameters", None))


def _strided(tensor: torch.Tensor) -> torch.Tensor | None:
    """Return values as a flat real tensor; None for what has none that could be measured."""
    values = tensor.detach()
    if values.is_meta or values.is_quantized or values.layout is not torch.strided:
        return None
    try:
        if values.is_complex():
            values = torch.view_as_real(values.resolve_conj())
        if not values.is_floating_point():
            return None
        return values.flatten()
    except (RuntimeError, NotImplementedError):  # a subclass with operators of its own
        return None


def _padding(owner: nn.Module | None, tensor: torch.Tensor) -> float | None:
    if not isinstance(owner, nn.Embedding) or owner.padding_idx is None or tensor.ndim != 2:
        return None
    return float(tensor.detach()[owner.padding_idx].abs().amax())


def _measured(plain: TensorFacts, flat: torch.Tensor, padding: float | None) -> TensorFacts:
    from msgspec.structs import replace

    part = _Streamed(flat)
    some = _evenly(flat).double()
    some = some[torch.isfinite(some)]
    outliers, far = _outliers(flat, some, part.largest)
    return replace(
        plain,
        not_finite=part.count - part.finite,
        nan=part.nan,
        mean=to_wire(part.mean),
        std=to_wire(part.std),
        kurtosis=to_wire(_kurtosis(some)),
        min=to_wire(part.low),
        max=to_wire(part.high),
        least=to_wire(part.least),
        too_small=part.too_small,
        outliers=to_wire(outliers),
        far=far,
        is_drawn=is_drawn(flat),
        checksum=checksum(flat),
        negative=part.negative / max(part.finite, 1),
        padding_row=None if padding is None else to_wire(padding),
    )


class _Streamed:
    """Sums over the parts of a tensor."""

    def __init__(self, flat: torch.Tensor) -> None:
        self.count = flat.numel()
        self.finite = self.nan = self.negative = 0
        self.low, self.high, self.least = math.inf, -math.inf, math.inf
        total, squares, small, nonzero = 0.0, 0.0, 0, 0
        origin = 0.0
        tiny = torch.finfo(flat.dtype).tiny
        for part in flat.split(_PART):
            values = part if part.dtype in (torch.float32, torch.float64) else part.float()
            low, high = (float(x) for x in values.aminmax())
            kept = values
            if not (math.isfinite(low) and math.isfinite(high)):
                kept = values[torch.isfinite(values)]
                self.nan += int(values.isnan().sum())
                if not kept.numel():
                    continue
                low, high = (float(x) for x in kept.aminmax())
            if not self.finite:
                origin = float(kept[0])
            self.finite += kept.numel()
            self.low, self.high = min(self.low, low), max(self.high, high)
            if low == high:
                apart = low - origin
                total, squares = total + apart * kept.numel(), squares + apart**2 * kept.numel()
                self.negative += kept.numel() if low < 0 else 0
                if low:
                    self.least = min(self.least, abs(low))
                    nonzero += kept.numel()
                    small += kept.numel() if abs(low) < tiny else 0
                continue
            variance, mean = torch.var_mean(kept - origin, correction=0)
            total += float(mean) * kept.numel()
            squares += (float(variance) + float(mean) ** 2) * kept.numel()
            self.negative += int((kept < 0).sum())
            sizes = kept.abs()
            least = float(sizes.amin())
            if least < tiny or least == 0:
                sizes = sizes.double()
                sizes = sizes[sizes > 0]
                small += int((sizes < tiny).sum())
                least = float(sizes.amin()) if len(sizes) else math.inf
                nonzero += len(sizes)
            else:
                nonzero += kept.numel()
            self.least = min(self.least, least)
        count = self.finite
        shift = total / count if count else math.nan
        self.mean = origin + shift
        self.std = math.sqrt(max(squares / count - shift**2, 0.0)) if count else math.nan
        self.too_small = small / nonzero if nonzero else 0.0
        if not count:
            self.low = self.high = self.least = math.nan

    @property
    def largest(self) -> float:
        return max(abs(self.low), abs(self.high))


def _evenly(flat: torch.Tensor) -> torch.Tensor:
    step = max(flat.numel() // _SAMPLED, 1)
    return flat[::step][:_SAMPLED]


def _kurtosis(some: torch.Tensor) -> float:
    if len(some) < 2:
        return math.nan
    apart = some - some.mean()
    square = float(apart.square().mean())
    return float(apart.pow(4).mean()) / square**2 if square else 1.0


def _outliers(flat: torch.Tensor, some: torch.Tensor, largest: float) -> tuple[float, float]:
    """Return the largest size by the 99 % quantile, and the share of values beyond six times it."""
    if len(some) < 2:
        return math.nan, 0.0
    quantile = float(some.abs().kthvalue(max(math.ceil(0.99 * len(some)), 1)).values)
    if not quantile or not largest > _FAR * quantile:
        return largest / quantile if quantile else math.nan, 0.0
    beyond = sum(int((part.abs() > _FAR * quantile).sum()) for part in flat.split(_PART))
    return largest / quantile, beyond / flat.numel()


def checksum(flat: torch.Tensor) -> tuple[Number, Number]:
    """Return what tells values from others: their sum, plain and weighted by place."""
    some = flat[:_SAMPLED].double()
    places = torch.arange(1, len(some) + 1, dtype=torch.float64, device=some.device)
    return to_wire(float(some.sum())), to_wire(float(torch.dot(some, places)))


def checksums(model: nn.Module) -> Iterator[tuple[str, tuple[Number, Number]]]:
    """Yield the checksum of each tensor that has values."""
    for name, tensor in named_tensors(model).items():
        values = _strided(tensor)
        if values is not None and values.numel():
            yield name, checksum(values)
