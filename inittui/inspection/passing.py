"""Forward and backward passes through anyone's model, which leave it as it was."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import torch
from torch import nn
from torch.autograd.graph import saved_tensors_hooks

from inittui.inspection.first_step import evaluating_with, fresh_modules
from inittui.inspection.products import Products
from inittui.inspection.saved import Rounded
from inittui.inspection.statistics import powers
from inittui.models.calling import parts_of
from inittui.models.observe import unfused_attention

_DEPTH = 4

_LARGE, _FEW, _PAIR = 1 << 18, 4, 2
"""Values of a batch that is large, and samples of it at least that passes back take: a pair where
that is enough for norms over the batch."""

_POSITIONS = 16
"""Values of each sample and channel that make a pair enough; of two values alone a norm makes ±1,
whatever they are, and no gradient passes."""


@dataclass(frozen=True)
class Batch:
    """What a model is called with."""

    positional: tuple[torch.Tensor, ...]
    named: Mapping[str, torch.Tensor] = field(default_factory=dict)

    @property
    def tensors(self) -> tuple[torch.Tensor, ...]:
        return (*self.positional, *self.named.values())

    @property
    def samples(self) -> int:
        return len(self.tensors[0])

    def few(self, least: int = _FEW) -> Batch:
        """Return the first samples of a large batch: a pass back keeps all that lies between."""
        values = sum(each.numel() for each in self.tensors)
        count = max(least, _LARGE * self.samples // max(values, 1))
        if self.samples <= count:
            return self
        return Batch(
            tuple(x[:count] for x in self.positional),
            {name: x[:count] for name, x in self.named.items()},
        )

    def differentiable(self) -> Batch:
        """Return copies whose real numbers need gradients."""

        def leaf(tensor: torch.Tensor) -> torch.Tensor:
            return tensor.detach().clone().requires_grad_(tensor.is_floating_point())

        return Batch(tuple(map(leaf, self.positional)), {k: leaf(v) for k, v in self.named.items()})


@dataclass
class Passed:
    """One pass forward and back."""

    products: Products
    batch: Batch
    outputs: list[torch.Tensor]
    """Those with a row for each sample, first."""
    share: float
    """Of the outputs' mean square that is variance between samples."""
    power: float
    sizes: dict[str, float | None]
    """Norms of the parameters' gradients; None where none arrives."""
    gradients: dict[str, torch.Tensor] = field(default_factory=dict)
    """The gradients themselves, where they were to be kept."""

    @property
    def logits(self) -> torch.Tensor | None:
        return self.outputs[0] if self.outputs else None


@contextmanager
def untouched(model: nn.Module) -> Iterator[None]:
    """Put back afterwards what a model keeps outside of its tensors, its gradients and flags."""
    modules = list(model.modules())
    attributes = [(module, dict(vars(module)), _contents(module)) for module in modules]
    gradients = [(p, p.grad, p.requires_grad) for p in model.parameters()]
    profile = torch.is_grad_enabled()
    try:
        yield
    finally:
        torch.set_grad_enabled(profile)
        for module, kept, contents in attributes:
            vars(module).clear()
            vars(module).update(kept)
            for collection, items in contents:
                _refill(collection, items)
        for parameter, gradient, needs in gradients:
            parameter.grad = gradient
            if parameter.is_floating_point() or parameter.is_complex():
                parameter.requires_grad_(needs)


def _contents(module: nn.Module) -> list[tuple[Any, Any]]:
    return [
        (value, value.copy()) for value in vars(module).values() if type(value) in (list, dict, set)
    ]


def _refill(collection: Any, items: Any) -> None:
    if isinstance(collection, list):
        collection[:] = items
    else:
        collection.clear()
        collection.update(items)


def restore(products: Products) -> None:
    """Put back the memory that a pass has overwritten."""
    for storage, copy in products.kept.values():
        storage.copy_(copy)
    products.kept.clear()


def run_in_parts(model: nn.Module, batch: Batch) -> tuple[Passed, Batch]:
    """Pass a batch forward, and back only as much of it as takes little memory.

    Returns:
        both passes as one; what further passes back take.
    """
    few = batch.few()
    if few is batch:
        return run(model, batch), few
    try:
        passed = run(model, batch, is_forward_only=True)
    except Exception:  # noqa: BLE001  # it differentiates on its way, or fails as before
        return run(model, batch), few
    if passed.products.positions >= _POSITIONS:
        few = batch.few(_PAIR)
    passed.batch = few  # lets go of the copy of the large one, before the most memory is taken
    back = run(model, few, is_rounded=True)
    passed.batch, passed.sizes = back.batch, back.sizes
    return passed, few


def run(
    model: nn.Module,
    batch: Batch,
    *,
    changed: Mapping[str, torch.Tensor] | None = None,
    is_forward_only: bool = False,
    is_rounded: bool = False,
    keeps_gradients: bool = False,
) -> Passed:
    """Pass a batch forward and back, with other values for some parameters.

    Norms that have seen no batch normalise by this one; dropout is off. The loss is a random
    combination of all outputs.

    Args:
        model: is as it was before, afterwards.
        batch: what it is called with.
        changed: values that parameters have meanwhile.
        is_forward_only: whether nothing is passed back.
        is_rounded: whether the pass back may go by activations of eight significant bits.
        keeps_gradients: whether gradients are kept, which take as much memory as the parameters;
            else their norms alone.
    """
    parameters = dict(model.named_parameters())
    given = batch.differentiable()
    products = Products(model, given.tensors, batch.samples)
    buffers = dict(model.named_buffers())
    fresh = fresh_modules(model, buffers) if batch.samples > 1 else []
    swapped = {name: parameters[name].detach().clone() for name in changed or {}}
    device = given.tensors[0].device
    with ExitStack() as stack:
        stack.enter_context(untouched(model))
        stack.callback(restore, products)
        stack.enter_context(evaluating_with(model, fresh, device))
        stack.enter_context(unfused_attention())
        stack.callback(_write, parameters, swapped)
        _write(parameters, changed or {})
        stack.enter_context(torch.enable_grad())
        for parameter in parameters.values():
            parameter.grad = None
            if parameter.is_floating_point() or parameter.is_complex():
                parameter.requires_grad_(True)
        if is_forward_only:
            # Under no_grad modules may take another path; so they only keep nothing for going back.
            stack.enter_context(saved_tensors_hooks(lambda _tensor: None, _lost))
        elif is_rounded:
            rounded = Rounded(parameters.values())
            stack.enter_context(saved_tensors_hooks(rounded.pack, rounded.unpack))
        with products:
            result = model(*given.positional, **given.named)
        outputs = list(_outputs(result, batch.samples))
        measured = [powers(each, batch.samples) for each in outputs if len(each) == batch.samples]
        shares = [b / p for p, b in measured if p > 0 and not math.isnan(b)]
        share = max(shares, default=0.0 if measured else math.nan)
        sizes: dict[str, float] = {}
        is_known = True
        if keeps_gradients:
            _backward(outputs)
        elif not is_forward_only:
            is_known = _measured(outputs, parameters, sizes)
        gradients = {name: x.grad for name, x in parameters.items() if x.grad is not None}
        sizes |= {name: size(each) for name, each in gradients.items()}
        power = max((p for p, _ in measured), default=math.nan)
        norms = {name: sizes.get(name) for name in parameters}
    # Only now is all put back that the pass has overwritten, and another one sees the same.
    if not is_known:
        return run(model, batch, changed=changed, keeps_gradients=True)
    return Passed(products, given, outputs, share, power, norms, gradients)


def _measured(
    outputs: Sequence[torch.Tensor],
    parameters: Mapping[str, torch.Tensor],
    sizes: dict[str, float],
) -> bool:
    """Pass back, and drop each gradient once its norm is known.

    Returns:
        whether it is: what recomputes its activations may pass back in several parts.
    """
    arrived = 0

    def note(name: str, parameter: torch.Tensor) -> None:
        nonlocal arrived
        arrived += 1
        sizes[name] = size(parameter.grad)
        parameter.grad = None

    wanted = {name: x for name, x in parameters.items() if x.requires_grad and x.is_leaf}
    hooks = [
        parameter.register_post_accumulate_grad_hook(partial(note, name))
        for name, parameter in wanted.items()
    ]
    try:
        _backward(outputs)
    finally:
        for each in hooks:
            each.remove()
    return arrived == len(sizes)


def _lost(_nothing: None) -> torch.Tensor:
    raise RuntimeError("nothing is kept for a pass back")


def _write(parameters: Mapping[str, torch.Tensor], values: Mapping[str, torch.Tensor]) -> None:
    with torch.no_grad():
        for name, value in values.items():
            parameters[name].detach().copy_(value)


def _outputs(result: object, samples: int) -> Iterator[torch.Tensor]:
    found = list(_floats(result, _DEPTH))
    yield from (x for x in found if x.ndim and len(x) == samples)
    yield from (x for x in found if not (x.ndim and len(x) == samples))


def _floats(result: object, depth: int) -> Iterator[torch.Tensor]:
    if isinstance(result, torch.Tensor):
        if result.is_floating_point() and result.numel():
            yield result
    elif depth:
        for each in parts_of(result).values() if result is not None else ():
            yield from _floats(each, depth - 1)


def _backward(outputs: Sequence[torch.Tensor]) -> None:
    generator = torch.Generator().manual_seed(0)
    total: torch.Tensor | None = None
    for each in outputs:
        if not each.requires_grad:
            continue
        cotangent = torch.randn(each.shape, generator=generator, dtype=torch.float32)
        cotangent = cotangent.to(each.device, each.dtype) / math.sqrt(each.numel())
        part = (each * cotangent).sum()
        total = part if total is None else total + part.to(total.device)
    if total is not None:
        total.backward()


def size(tensor: torch.Tensor | None) -> float:
    """Return a tensor's norm; 0 for none."""
    if tensor is None:
        return 0.0
    values = tensor.detach()
    if values.is_sparse:
        values = values.coalesce().values()
    values = values.abs() if values.is_complex() else values
    norm = float(torch.linalg.vector_norm(values.float()))
    # Squares of more than 2⁶³ overflow in float32.
    return norm if math.isfinite(norm) else float(torch.linalg.vector_norm(values.double()))


def ends_by(products: Products, output: torch.Tensor) -> tuple[str, frozenset[int]]:
    """Return the operator that gave an output, and the uses that it comes straight from."""
    tag = products.tag(output)
    return tag.last, tag.fresh
