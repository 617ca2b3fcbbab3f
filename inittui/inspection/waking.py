"""Whether gradients arrive: at once, after zeros have moved, or never; and whom they keep equal.

Deliberate zeros (a last layer, a gate, one factor of two) block gradients until they have moved,
which one step of the training does; so do outgoing weights that are equal for all classes. So
what gets a gradient is moved along it, and the pass is repeated. A gradient of 0 up to rounding
is told from a small one by the precision: computed in another one, rounding is of another size.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.utils import parametrize

from inittui.inspection.first_step import evaluating_with
from inittui.inspection.free_units import FreeUnits
from inittui.inspection.statistics import (
    between_samples,
    by_unit,
    row_labels,
    split_by_gradients,
    unit_rows,
    weight_and_bias,
)
from inittui.models.observe import hooked, lending
from inittui.models.tracing import WEIGHT_LAYERS

Named = Mapping[str, torch.Tensor]
Gradients = dict[str, torch.Tensor | None]

IMAGES = 128
"""Samples that the repeated passes take."""

ROUNDS = 3
"""Moves at most that bring nothing new: a gate or two may lie between a matrix and the next."""

MOVE = 0.01
"""Root mean square of a move, by that of the values, or by 1 where these are 0."""

OPENED = 0.3
"""What gates are set to."""

ROUNDING = 1e-4
"""A gradient is rounding if the other precision makes it smaller than that share."""

EQUAL = 1e-5
"""Gradients of two units are equal up to that share of the layer's largest."""

_MOST_EXACT = 50_000_000
"""Parameters of a model that are copied to another precision."""
_NOTHING = {torch.float64: 1e-12, torch.float32: 1e-6}
"""Share of the pass's largest gradient under which one that has woken is rounding."""


@dataclass(frozen=True)
class Subject:
    """What is passed through a model again and again."""

    model: nn.Module
    leaves: Named
    """Its parameters, as leaves that need gradients."""
    buffers: Named
    fresh: Sequence[nn.Module]
    """Modules that compute as in training."""
    images: torch.Tensor
    labels: torch.Tensor
    """[n, *positions], the positions of sequences that have logits each."""
    frozen: frozenset[str] = frozenset()
    """Parameters that the training leaves alone."""

    def few(self) -> Subject:
        """Return the subject with the first samples only."""
        return self.with_(self.leaves, self.images[:IMAGES], self.labels[:IMAGES])

    def with_(
        self, leaves: Named, images: torch.Tensor | None = None, labels: torch.Tensor | None = None
    ) -> Subject:
        """Return the subject with other parameters or samples."""
        return replace(
            self,
            leaves=leaves,
            images=self.images if images is None else images,
            labels=self.labels if labels is None else labels,
        )

    def to(self, dtype: torch.dtype) -> Subject:
        """Return the subject in another precision."""

        def turned(tensor: torch.Tensor) -> torch.Tensor:
            return tensor.detach().to(dtype) if tensor.is_floating_point() else tensor

        return replace(
            self,
            leaves={name: _leaf(turned(leaf)) for name, leaf in self.leaves.items()},
            buffers={name: turned(buffer) for name, buffer in self.buffers.items()},
            images=turned(self.images),
        )


@dataclass(frozen=True)
class Pass:
    """Gradients of one pass, of parameters by name, and of what each layer computed with."""

    by_parameter: Gradients
    layers: dict[str, LayerPass]


@dataclass(frozen=True)
class LayerPass:
    """One layer in one pass."""

    module: nn.Module
    weight: torch.Tensor
    bias: torch.Tensor | None
    inputs_between: float
    """See `statistics.between_samples`; NaN where it wasn't asked for."""
    by_weight: torch.Tensor | None
    by_bias: torch.Tensor | None


@dataclass(frozen=True)
class Woken:
    """What the passes came to, by parameter or by layer."""

    never: tuple[str, ...] = ()
    woken: tuple[str, ...] = ()
    zeros: tuple[str, ...] = ()
    stuck_units: Mapping[str, int] = field(default_factory=dict)
    """Of the layers that have equal units."""


@dataclass
class Rounds:
    """How long to move on: each zero of a deep chain takes a round of its own."""

    reached: int = -1
    left: int = 0

    def go_on(self, reached: int) -> bool:
        """Return whether another round is worth it, where so much is reached by now."""
        if reached > self.reached:
            self.reached, self.left = reached, ROUNDS
        self.left -= 1
        return self.left >= 0


def _leaf(tensor: torch.Tensor) -> torch.Tensor:
    return tensor.detach().requires_grad_(tensor.is_floating_point())


def loss_of(logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """Return the mean cross-entropy of logits [n, *positions, classes], labels [n, *positions]."""
    return F.cross_entropy(logits.flatten(0, -2), labels.flatten())


def run(subject: Subject, *, sees_inputs: bool = False) -> Pass:
    """Pass the samples forward and back once; nothing of it stays in the model.

    Args:
        subject: what is passed through what.
        sees_inputs: measure how the layers' inputs differ between samples.
    """
    seen: dict[str, tuple[nn.Module, torch.Tensor, torch.Tensor | None]] = {}
    between: dict[str, float] = {}

    def note(name: str, module: nn.Module, _output: object) -> None:
        seen[name] = (module, *weight_and_bias(module))

    def given(name: str) -> Callable[[nn.Module, tuple[object, ...]], None]:
        def measure(_module: nn.Module, inputs: tuple[object, ...]) -> None:
            first = inputs[0] if inputs else None
            if isinstance(first, torch.Tensor):
                between[name] = between_samples(first, len(subject.images))

        return measure

    buffers = {name: buffer.clone() for name, buffer in subject.buffers.items()}
    layers = {n: m for n, m in subject.model.named_modules() if isinstance(m, WEIGHT_LAYERS)}
    watched = layers if sees_inputs else {}
    hooks = [module.register_forward_pre_hook(given(name)) for name, module in watched.items()]
    try:
        with (
            torch.enable_grad(),
            evaluating_with(subject.model, subject.fresh, subject.images.device),
            lending(subject.model, {**subject.leaves, **buffers}),
        ):
            with parametrize.cached(), hooked(subject.model, note, WEIGHT_LAYERS):
                logits = subject.model(subject.images)
            loss = loss_of(logits, subject.labels)
            return _backward(loss, subject.leaves, seen, between)
    finally:
        for hook in hooks:
            hook.remove()


def _backward(
    loss: torch.Tensor,
    leaves: Named,
    seen: Mapping[str, tuple[nn.Module, torch.Tensor, torch.Tensor | None]],
    between: Mapping[str, float],
) -> Pass:
    of_layers = [tensor for _, weight, bias in seen.values() for tensor in (weight, bias)]
    gradients = differentiate(loss, [*leaves.values(), *of_layers])
    by_layer = iter(gradients[len(leaves) :])
    return Pass(
        dict(zip(leaves, gradients, strict=False)),
        {
            name: LayerPass(
                module, weight, bias, between.get(name, float("nan")), next(by_layer),
                next(by_layer),
            )
            for name, (module, weight, bias) in seen.items()
        },
    )  # fmt: skip


def differentiate(
    loss: torch.Tensor, tensors: Sequence[torch.Tensor | None]
) -> list[torch.Tensor | None]:
    """Return the gradient by each tensor; None by what is none, or has none."""
    wanted = [tensor for tensor in tensors if tensor is not None and tensor.requires_grad]
    if not wanted or not loss.requires_grad:
        return [None] * len(tensors)
    # Not by `torch.autograd.grad`: reentrant checkpoints, and functions of somebody's own, may know
    # the whole backward pass only.
    for tensor in wanted:
        tensor.grad = None
        tensor.retain_grad()
    loss.backward()
    gradients = [None if tensor is None else tensor.grad for tensor in tensors]
    for tensor in wanted:
        tensor.grad = None
    return gradients


def wake(
    subject: Subject,
    matrices: Sequence[str],
    layers: Sequence[str],
    factors: Collection[str],
    free: Sequence[tuple[FreeUnits, np.ndarray]] = (),
    known: Gradients | None = None,
) -> Woken:
    """Find out which ``matrices`` ever get a gradient, and which units of ``layers`` stay equal.

    Args:
        subject: the model; a pass takes as long as its samples ask for.
        matrices: parameters whose gradient is 0 or suspiciously small.
        layers: those with units that are equal.
        factors: parameters that block gradients where they are 0: what values are multiplied by.
        free: units that are equal and no layer's, with a number for each that equal ones share.
        known: the gradients by all parameters of a pass of all samples.
    """
    is_whole = len(subject.images) <= IMAGES
    first, exact, found = _precisions(subject.few(), known if is_whole else None)
    asleep = [name for name in matrices if _is_rounding(name, first, found)]
    never, zeros = set(asleep), dict[str, None]()
    alike = {
        name: row_labels(unit_rows(each.module, each.weight, each.bias))
        for name, each in found.layers.items()
        if name in layers
    }
    alike |= {each.name: labels for each, labels in free}
    split = partial(_split, alike, {each.name: each for each, _ in free})
    split(found)
    moved, rounds = exact, Rounds()
    while never or (asleep and any(map(_count_equal, alike.values()))):
        if not rounds.go_on(len(_awake(found, {*found.by_parameter}))):
            break
        moves = _moves(moved, found, never)
        if not moves:
            break
        zeros |= dict.fromkeys(name for name in moves if not _any(moved.leaves[name]))
        moved = moved.with_({**moved.leaves, **moves})
        found = run(moved)
        never -= _awake(found, never)
        split(found)
    woken = tuple(name for name in asleep if name not in never)
    return Woken(
        never=tuple(name for name in asleep if name in never),
        woken=woken,
        zeros=tuple(name for name in zeros if name in factors) if woken else (),
        stuck_units={name: _count_equal(labels) for name, labels in alike.items()},
    )


def _any(tensor: torch.Tensor) -> bool:
    return bool(tensor.detach().any())


def _precisions(
    subject: Subject, known: Gradients | None
) -> tuple[Gradients | None, Subject, Pass]:
    """Return gradients in one precision, the subject in the other, better one, and its pass.

    ``known`` are those in its own, where they are known. No gradients and the subject as it is,
    where the model can't be computed in both.
    """
    size = sum(leaf.numel() for leaf in subject.leaves.values())
    dtype = next((x.dtype for x in subject.leaves.values() if x.is_floating_point()), torch.float32)
    is_possible = size <= _MOST_EXACT and dtype in _NOTHING and subject.images.device.type != "mps"
    if is_possible:
        try:
            if dtype is torch.float64:
                return run(subject.to(torch.float32)).by_parameter, subject, run(subject)
            exact = subject.to(torch.float64)
            return known or run(subject).by_parameter, exact, run(exact)
        except (RuntimeError, TypeError):  # it casts its tensors itself
            pass
    return None, subject, run(subject)


def _is_rounding(name: str, first: Gradients | None, exact: Pass) -> bool:
    size = _size(exact.by_parameter[name])
    if first is None:
        return size == 0
    return size <= ROUNDING * _size(first[name])


def _size(gradient: torch.Tensor | None) -> float:
    if gradient is None:
        return 0.0
    norm = float(gradient.detach().norm())
    # Squares of more than 2⁶³ overflow in float32.
    return norm if math.isfinite(norm) else float(gradient.detach().double().norm())


def _least(found: Pass) -> float:
    """Return the size under which a gradient of a pass is rounding."""
    sizes = list(map(_size, found.by_parameter.values()))
    dtype = next((g.dtype for g in found.by_parameter.values() if g is not None), torch.float32)
    return _NOTHING.get(dtype, 0.0) * max(sizes, default=0.0)


def _awake(found: Pass, names: set[str]) -> set[str]:
    least = _least(found)
    return {name for name in names if _size(found.by_parameter[name]) > least}


def _moves(subject: Subject, found: Pass, asleep: set[str]) -> dict[str, torch.Tensor]:
    """Return what parameters become by a step along their gradients."""
    moves, least = {}, _least(found)
    for name, leaf in subject.leaves.items():
        gradient = found.by_parameter[name]
        if name in asleep or name in subject.frozen or gradient is None:
            continue
        size = _size(gradient)
        if size > least:
            length = MOVE * (float(leaf.detach().norm()) or leaf.numel() ** 0.5)
            moves[name] = _leaf(leaf.detach() - gradient * (length / size))
    return moves


def _split(alike: dict[str, np.ndarray], free: Mapping[str, FreeUnits], found: Pass) -> None:
    """Tell those of equal units apart that get different gradients."""
    least = _least(found)
    for name, labels in alike.items():
        gradients = (
            free[name].rows(found.by_parameter)
            if name in free
            else _of_layer(found.layers[name], least)
        )
        if gradients is not None and _size(gradients) > least:
            alike[name] = split_by_gradients(labels, gradients, EQUAL)


def _of_layer(layer: LayerPass, least: float) -> torch.Tensor | None:
    # Biases alone don't make units learn different things.
    if layer.by_weight is None or _size(layer.by_weight) <= least:
        return None
    gradients = by_unit(layer.module, layer.by_weight)
    if layer.by_bias is not None:
        gradients = torch.cat([gradients, layer.by_bias.unsqueeze(1)], 1)
    return gradients


def _count_equal(labels: np.ndarray) -> int:
    """Return how many have a label that another one has, too."""
    counts = np.unique(labels, return_counts=True)[1]
    return int(counts[counts > 1].sum())


def opened(subject: Subject, gates: Sequence[str]) -> Pass:
    """Pass the samples with gates that are open."""
    few = subject.few()
    leaves = {
        name: _leaf(torch.full_like(leaf, OPENED)) if name in gates else leaf
        for name, leaf in few.leaves.items()
    }
    return run(few.with_(leaves), sees_inputs=True)
