"""One forward and one backward pass over a batch: what every layer does, and what learns."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import torch
from torch import nn
from torch.nn.utils import parametrize

from inittui.events.probes import Alike, Bare, LayerProbe, Learning, Measured, Probe, When
from inittui.events.wire_numbers import to_wire
from inittui.inspection.first_step import (
    DropoutCalls,
    evaluating_with,
    fresh_modules,
    has_dropout,
)
from inittui.inspection.free_units import FreeUnits, packed
from inittui.inspection.recorder import LayerRecorder, Seen
from inittui.inspection.statistics import (
    between_samples,
    corner,
    is_drawn,
    mean_square,
    measure,
    row_labels,
    split_by_gradients,
    spread_of_logits,
)
from inittui.inspection.uses import Uses
from inittui.inspection.waking import (
    EQUAL,
    Pass,
    Subject,
    Woken,
    differentiate,
    loss_of,
    opened,
    wake,
)
from inittui.models.observe import lending

Named = Mapping[str, torch.Tensor]
Gradients = Mapping[str, torch.Tensor | None]

CLOSED = 0.01
"""Size of a factor, at most, that counts as a closed gate."""

SUSPICIOUS = 1e-5
"""Share of the largest effect on the loss under which a gradient may be rounding alone."""

_COMPARED = 32
"""Values that tell most tensors apart."""


def probe(
    model: nn.Module,
    images: torch.Tensor,
    labels: torch.Tensor,
    *,
    percentile: float,
    gradient_percentile: float | None = None,
    values: Named | None = None,
    when: When = "before",
) -> Probe:
    """Measure every weight layer that runs, and whether its parameters learn.

    Neither the model nor the tensors nor the global random generators are changed.

    Args:
        model: gives logits [n, *positions, classes] for ``images``; on their device. Only
            sequences have positions.
        images: [n, *input_shape].
        labels: int64 [n, *positions].
        percentile: the range of the histograms, see `statistics.measure`.
        gradient_percentile: that of the gradients, by their size; None: as of all others.
        values: parameters and buffers to use instead of the model's own, by name. What the model
            doesn't have is ignored.
        when: before the training, layers that have seen no batch compute as in its first step.
    """
    given = values or {}
    # Copies: some models write start values in their first pass, which would be the run's.
    leaves = {
        name: _leaf(given.get(name, own).detach().clone()) for name, own in model.named_parameters()
    }
    buffers = {name: given.get(name, own) for name, own in model.named_buffers()}
    # Of one sample there are no batch statistics.
    is_first = when == "before" and len(images) > 1
    subject = Subject(
        model, leaves, buffers, fresh_modules(model, buffers) if is_first else (), images, labels,
        frozenset(name for name, own in model.named_parameters() if not own.requires_grad),
    )  # fmt: skip
    return _probe(subject, percentile, gradient_percentile)


def _leaf(tensor: torch.Tensor) -> torch.Tensor:
    return tensor.requires_grad_(tensor.is_floating_point())


def _probe(subject: Subject, percentile: float, gradient_percentile: float | None) -> Probe:
    model, images = subject.model, subject.images
    buffers = {name: buffer.clone() for name, buffer in subject.buffers.items()}
    recorder = LayerRecorder(percentile, gradient_percentile, len(images))
    uses = Uses(model, subject.leaves, images, buffers.values(), recorder.note_product)
    lent = lending(model, {**subject.leaves, **buffers})
    # The backward pass too: activations that a model checkpoints are computed again in it.
    with torch.enable_grad(), evaluating_with(model, subject.fresh, images.device), lent:
        # Cached: what a hook reads of a parametrized layer is then what its forward has used.
        calls = DropoutCalls()
        with calls, parametrize.cached(), recorder.watching(model), uses.watching():
            logits: torch.Tensor = model(images)
        loss = loss_of(logits, subject.labels)
        seen = tuple(recorder.seen.values())
        of_layers = [tensor for each in seen for tensor in (each.weight, each.bias)]
        gradients = differentiate(loss, [*subject.leaves.values(), *of_layers])
    by_parameter = dict(zip(subject.leaves, gradients, strict=False))
    by_layer = gradients[len(by_parameter) :]
    gates = _gates(subject, uses)
    open_pass = opened(subject, gates) if gates else None
    free = _equal_units(subject, seen, uses, logits.shape[-1])
    woken = _wake(subject, seen, by_parameter, uses.multipliers, free)
    by_opened = open_pass.by_parameter if open_pass else by_parameter
    bare = _bare(subject, seen, uses, by_opened, recorder.flat_products())
    head = uses.head(logits)
    return Probe(
        images=len(images),
        classes=logits.shape[-1],
        loss=to_wire(loss.item()),
        logit_std=to_wire(spread_of_logits(logits)),
        logit_rms=to_wire(math.sqrt(mean_square(logits))),
        inputs_between=to_wire(between_samples(images, len(images))),
        logits_between=to_wire(between_samples(logits, len(images))),
        layers=tuple(
            _layer(
                subject,
                each,
                by_weight,
                by_bias,
                percentile=percentile,
                recorder=recorder,
                woken=woken,
                open_pass=open_pass,
            )
            for each, by_weight, by_bias in zip(seen, by_layer[::2], by_layer[1::2], strict=True)
        ),
        unmeasured=tuple(_unmeasured(model, recorder)),
        mode="first-step" if subject.fresh else "evaluation",
        head="" if head is None else head.by,
        head_range=to_wire(math.nan if head is None else head.high - head.low),
        learning=_learning(subject, uses, logits, by_parameter, woken, free, bare),
        gates=gates,
        has_dropout=has_dropout(model) or calls.are_met,
    )


def _gates(subject: Subject, uses: Uses) -> tuple[str, ...]:
    """Return the factors that let next to nothing through, all alike: made so, not trained."""
    return tuple(
        name
        for name, leaf in subject.leaves.items()
        if name in uses.multipliers and _is_closed(leaf.detach())
    )


def _is_closed(gate: torch.Tensor) -> bool:
    low, high = (float(each) for each in gate.aminmax()) if gate.numel() else (1.0, 1.0)
    return low == high and abs(low) <= CLOSED


def _wake(
    subject: Subject,
    seen: Sequence[Seen],
    by_parameter: Gradients,
    multipliers: set[str],
    free: Sequence[tuple[FreeUnits, np.ndarray]],
) -> Woken:
    """Pass again what gets no gradient, or has equal units; nothing where all is well."""
    # The first-order change of the loss when a tensor changes in proportion.
    measured = _measured(seen)
    effects = {
        name: _effect(subject.leaves[name], gradient)
        for name, gradient in by_parameter.items()
        if gradient is not None
        and name not in subject.frozen
        # A layer of one unit is a vector that joins units.
        and (_is_matrix(gradient) or id(subject.leaves[name]) in measured)
    }
    least = SUSPICIOUS * max(effects.values(), default=0.0)
    matrices = [
        name
        for name, effect in effects.items()
        if not _any(by_parameter[name]) or (effect <= least and _any(subject.leaves[name]))
    ]
    layers = [each.name for each in seen if each.distinct_units < each.units]
    if not matrices and not layers and not free:
        return Woken()
    factors = multipliers | {name for name, leaf in subject.leaves.items() if _is_matrix(leaf)}
    return wake(subject, matrices, layers, factors, free, dict(by_parameter))


def _equal_units(
    subject: Subject, seen: Sequence[Seen], uses: Uses, classes: int
) -> list[tuple[FreeUnits, np.ndarray]]:
    """Return units of which some are equal, of parameters that are no measured layer's.

    Those of the classes are told apart by their labels.
    """
    measured = _measured(seen)
    found = []
    for each in (*uses.units.values(), *packed(subject.model)):
        if id(subject.leaves[each.name]) in measured or each.name in subject.frozen:
            continue
        rows = each.rows(subject.leaves)
        labels = None if rows is None or len(rows) == classes else row_labels(rows)
        if labels is not None and each.computed is not None:
            labels = split_by_gradients(labels, each.computed, EQUAL)
        if labels is not None and len(set(labels.tolist())) < len(labels):
            found.append((each, labels))
    return found


def _measured(seen: Sequence[Seen]) -> set[int]:
    """Return the identities of the layers' weights."""
    return {id(each.weight) for each in seen}


def _bare(
    subject: Subject,
    seen: Sequence[Seen],
    uses: Uses,
    gradients: Gradients,
    flat: Mapping[str, tuple[float | None, float | None]],
) -> Iterator[Bare]:
    """Yield the matrices in products that no measured layer has."""
    measured = _measured(seen)
    for name, given in uses.given.items():
        leaf, gradient = subject.leaves[name], gradients.get(name)
        if id(leaf) not in measured and leaf.is_floating_point():
            # Of parts, and of what is computed, there is no effect to compare with a layer's.
            is_asked = given.is_itself and gradient is not None and name not in subject.frozen
            effect = _effect(leaf, gradient) if is_asked and gradient is not None else math.nan
            shares = flat.get(name, (None, None))
            yield Bare(name, to_wire(given.power), to_wire(effect), given.after, *shares)


def _effect(leaf: torch.Tensor, gradient: torch.Tensor) -> float:
    return float(gradient.norm()) * float(leaf.detach().norm())


def _any(tensor: torch.Tensor | None) -> bool:
    return tensor is not None and bool(tensor.detach().any())


def _is_matrix(tensor: torch.Tensor) -> bool:
    """Return whether a parameter joins units; a vector, in whatever shape, may be a norm's."""
    return sum(size > 1 for size in tensor.shape) > 1


def _learning(
    subject: Subject,
    uses: Uses,
    logits: torch.Tensor,
    by_parameter: Gradients,
    woken: Woken,
    free: Sequence[tuple[FreeUnits, np.ndarray]],
    bare: Iterator[Bare],
) -> Learning:
    without = [
        name
        for name, gradient in by_parameter.items()
        if gradient is None
        and name not in subject.frozen
        and subject.leaves[name].is_floating_point()
    ]
    used = uses.used
    cuts = uses.cuts([name for name in without if name in used], logits)
    cut = {name for each in cuts for name in each.parameters}
    return Learning(
        unused=tuple(name for name in without if name not in used),
        aside=tuple(name for name in without if name in used and name not in cut),
        cut=cuts,
        never=woken.never,
        woken=woken.woken,
        zeros=woken.zeros,
        frozen=tuple(name for name in subject.leaves if name in subject.frozen),
        foreign=uses.foreign,
        clones=tuple(_clones(subject.leaves)),
        alike=tuple(
            Alike(each.name, len(labels), len(set(labels.tolist())), woken.stuck_units[each.name])
            for each, labels in free
        ),
        bare=tuple(bare),
        not_finite=tuple(
            name
            for name, gradient in by_parameter.items()
            if not (_is_finite(subject.leaves[name]) and _is_finite(gradient))
        ),
    )


def _is_finite(tensor: torch.Tensor | None) -> bool:
    if tensor is None or not tensor.numel():
        return True
    if not tensor.is_floating_point():
        return bool(torch.isfinite(tensor.detach()).all())
    # One that isn't finite makes one of the two so; an eighth of the time of looking at each.
    return all(math.isfinite(end) for end in tensor.detach().aminmax())


def _clones(leaves: Named) -> Iterator[tuple[str, ...]]:
    """Yield the names of matrices that have the same values, drawn by chance."""
    groups: dict[tuple[object, ...], list[str]] = {}
    for name, leaf in leaves.items():
        if _is_matrix(leaf) and leaf.is_floating_point():
            start = leaf.detach().flatten()[:_COMPARED].tolist()
            groups.setdefault((leaf.shape, *start), []).append(name)
    for names in groups.values():
        first, *others = names
        same = [name for name in others if torch.equal(leaves[name], leaves[first])]
        if same and is_drawn(leaves[first]):
            yield first, *same


def _unmeasured(model: nn.Module, recorder: LayerRecorder) -> Iterator[str]:
    """Yield the parameters of two and more dimensions that no measured layer has."""
    layers = (model.get_submodule(name) for name in recorder.seen)
    measured = {id(parameter) for layer in layers for parameter in layer.parameters()}
    for name, parameter in model.named_parameters():
        if parameter.ndim > 1 and id(parameter) not in measured:
            yield name


def _layer(
    subject: Subject,
    seen: Seen,
    by_weight: torch.Tensor | None,
    by_bias: torch.Tensor | None,
    *,
    percentile: float,
    recorder: LayerRecorder,
    woken: Woken,
    open_pass: Pass | None,
) -> LayerProbe:
    def gradient(values: torch.Tensor | None) -> Measured:
        # None: the loss doesn't depend on it, as where a model detaches what a layer gives.
        return Measured(count=0) if values is None else recorder.measure_gradient(values)

    own = [name for name, _ in subject.model.get_submodule(seen.name).named_parameters(seen.name)]
    is_open = open_pass is not None and seen.name in open_pass.layers
    in_open = open_pass.layers[seen.name] if open_pass is not None and is_open else None
    opened_gradient = (
        math.nan
        if in_open is None or in_open.by_weight is None
        else math.sqrt(mean_square(in_open.by_weight))
    )
    return LayerProbe(
        name=seen.name,
        kind=seen.kind,
        nonlinearity=seen.nonlinearity,
        shape=tuple(seen.weight.shape),
        units=seen.units,
        distinct_units=seen.distinct_units,
        weights=measure(seen.weight, percentile),
        biases=None if seen.bias is None else measure(seen.bias, percentile),
        pre_activations=seen.pre_activations,
        activations=seen.activations or seen.pre_activations,
        between_samples=to_wire(seen.between_samples),
        dead=seen.dead,
        saturated=seen.saturated,
        corner=corner(seen.weight),
        weight_gradients=gradient(by_weight),
        bias_gradients=None if seen.bias is None else gradient(by_bias),
        pre_activation_gradients=seen.pre_activation_gradients,
        inputs=to_wire(seen.inputs),
        inputs_between=to_wire(in_open.inputs_between if in_open else seen.inputs_between),
        opened_gradient=to_wire(opened_gradient),
        stuck_units=woken.stuck_units.get(seen.name, 0),
        repeats=seen.repeats,
        alignment=to_wire(seen.alignment),
        is_frozen=bool(own) and all(name in subject.frozen for name in own),
    )
