"""Perceptrons trained as one: batched matrix products with the backward pass written out.

Takes any `nn.Sequential` of Linear layers, each with batch norm, an elementwise nonlinearity and
dropout after it or without any of them. It does what `vmapped.VmappedLearner` does for every
model, without autograd's bookkeeping and without copies: products are written straight into the
flat gradient, activations into buffers that are reused. Where all trials see the same batch, the
first layer is a single product for all of them. Of a step of seven perceptrons the products are
72 % and fused Adam 11 %; the general learner takes 1.4 times as long (benchmarks/results.md).

Per trial, with n rows in the batch and g = ∂L/∂(what is meant), the backward pass is

    softmax and mean cross-entropy   ∂L/∂z = (softmax(z) − onehot(label)) / n
    dropout   y = x ∘ m              ∂L/∂x = g ∘ m
    nonlinearity   y = φ(z)          ∂L/∂z = g ∘ φ′(z), in `dense_activations`
    batch norm                       in `dense_batch_norm`
    linear   y = x Wᵀ + b            ∂L/∂W = gᵀ x,  ∂L/∂b = Σ over rows of g,  ∂L/∂x = g W

Source: Rumelhart, Hinton and Williams (1986), in matrices; for the first line Bishop (2006),
Pattern Recognition and Machine Learning, section 4.3.4. Each is tested against autograd.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import nn

from inittui.experiment.records import TrainingConfig
from inittui.training.batches import Batch
from inittui.training.dropout import MaskedDropout
from inittui.training.learners.base import Learner
from inittui.training.learners.dense_activations import (
    NONLINEARITIES,
    Nonlinearity,
    is_written_out,
)
from inittui.training.learners.dense_batch_norm import StackedNorm, can_stack
from inittui.training.learners.flat_parameters import stack_models
from inittui.training.learners.optimizers import Rates


@dataclass(frozen=True)
class DenseLayer:
    """A Linear layer with the batch norm, the nonlinearity and the dropout that follow it."""

    name: str
    units: int
    bias: bool
    module: nn.Module
    """The nonlinearity's module, which holds its settings."""
    masked: bool
    norm: str = ""
    """The batch norm between the two; "" if there is none."""
    normalizer: nn.BatchNorm1d | None = None

    @property
    def nonlinearity(self) -> Nonlinearity:
        return NONLINEARITIES[type(self.module)]


def dense_layers(model: nn.Module) -> list[DenseLayer] | None:
    """Return the layers of a plain perceptron; None where the model is anything else."""
    if type(model) is not nn.Sequential or _is_entangled(model):
        return None
    found: list[DenseLayer] = []
    for name, module in model.named_modules():
        last = found[-1] if found else None
        if type(module) is nn.Sequential or (type(module) is nn.Flatten and last is None):
            continue
        if type(module) is nn.Linear:
            biased = module.bias is not None
            found.append(DenseLayer(name, module.out_features, biased, nn.Identity(), False))
        elif last is None or last.masked:
            return None
        elif isinstance(module, MaskedDropout):
            found[-1] = replace(last, masked=module.probability > 0)
        elif is_written_out(module) and type(last.module) is nn.Identity:
            found[-1] = replace(last, module=module)
        elif can_stack(module) and type(last.module) is nn.Identity and not last.norm:
            found[-1] = replace(last, norm=name, normalizer=module)
        else:
            return None
    return found or None


def _is_entangled(model: nn.Module) -> bool:
    """Whether layers or weights are used twice, or hooks want to see the forward pass."""
    modules = [module for _, module in model.named_modules(remove_duplicate=False)]
    tensors = [tensor for _, tensor in model.named_parameters(remove_duplicate=False)]
    return (
        len(set(map(id, modules))) < len(modules)
        or len(set(map(id, tensors))) < len(tensors)
        or any(m._forward_hooks or m._forward_pre_hooks or m._backward_hooks for m in modules)
    )


class _Buffers:
    """Every intermediate of a batch of one size; each step overwrites them.

    All are [T, rows, units]. What the single product of the first layer and what batch norm reads
    and writes lies in memory as [rows, T, units].
    """

    def __init__(
        self, layers: Sequence[DenseLayer], trials: int, rows: int, shared: bool, like: torch.Tensor
    ) -> None:
        def empty(units: int, by_row: bool = False) -> torch.Tensor:
            if by_row:
                return like.new_empty(rows, trials, units).transpose(0, 1)
            return like.new_empty(trials, rows, units)

        self.products: list[torch.Tensor] = []
        """What each Linear layer gives."""
        self.inputs: list[torch.Tensor] = []
        """What the nonlinearity takes: the same, or normalised."""
        self.outputs: list[torch.Tensor] = []
        """After the nonlinearity; the same memory where the gradient allows it."""
        self.masked: list[torch.Tensor] = []
        """After dropout; the same memory where the gradient allows it."""
        self.gradients = [empty(layer.units, bool(layer.norm)) for layer in layers]
        for number, layer in enumerate(layers):
            by_row = (shared and number == 0) or bool(layer.norm)
            kind = layer.nonlinearity
            inputs = empty(layer.units, by_row)
            self.products.append(empty(layer.units, by_row) if layer.norm else inputs)
            outputs = inputs if kind.from_output else empty(layer.units, by_row)
            # Of ReLU the masked output serves both: where the mask is 0 the gradient is 0 already,
            # elsewhere masking keeps the sign, and φ′ depends on nothing else. tanh isn't so.
            apart = layer.masked and not kind.survives_mask
            self.inputs.append(inputs)
            self.outputs.append(outputs)
            self.masked.append(empty(layer.units, by_row) if apart else outputs)
        self.first_by_row = empty(layers[0].units, True) if shared else None


class DenseLearner(Learner):
    """T perceptrons of one shape, each with weights of its own."""

    is_capturable = True

    def __init__(
        self,
        layers: Sequence[DenseLayer],
        models: Iterable[nn.Module],
        seed_rows: Sequence[int],
        seeds: int,
        config: TrainingConfig,
        like: torch.Tensor,
        rates: Sequence[Rates] = (),
    ) -> None:
        """Copy the parameters of each model in turn.

        ``seed_rows`` gives each trial's row in a batch of so many ``seeds`` (one: one batch for
        all); ``like`` gives device and dtype; ``rates`` are each trial's factors of the learning
        rate.
        """
        self._layers = list(layers)
        self._flat, buffers = stack_models(models, len(seed_rows), config, like, rates)
        self._norms = {
            layer.norm: StackedNorm(layer.norm, layer.normalizer, buffers)
            for layer in layers
            if layer.normalizer is not None
        }
        self.seed_rows = torch.tensor(seed_rows, device=like.device)
        self.right = torch.zeros_like(self.seed_rows)
        self._shared = seeds == 1
        self._buffers: dict[int, _Buffers] = {}

    @torch.no_grad()
    def step(self, batch: Batch) -> torch.Tensor:
        images = self._per_trial(batch.images.flatten(2))
        labels = batch.labels[self.seed_rows].unsqueeze(2)
        masks = iter([self._per_trial(mask) for mask in batch.masks])
        used = [next(masks) if layer.masked else None for layer in self._layers]
        buffers = self._buffers_for(labels.shape[1])
        logits = self._forward(images, used, buffers, training=True)
        self.right += (logits.argmax(2) == labels.squeeze(2)).sum(1)
        gradient = buffers.gradients[-1]
        # By way of the logarithm, which doesn't overflow: log softmax gives the loss, its
        # exponential the softmax, and less the one-hot labels, by n, that is ∂L/∂logits.
        torch.log_softmax(logits, 2, out=gradient)
        losses = gradient.gather(2, labels).mean((1, 2)).neg_()
        # Not `scatter_add_`: where CUDA has to repeat itself, that is a sort in 15 to 20 kernels.
        gradient.exp_().scatter_(2, labels, -1.0, reduce="add")
        gradient.div_(labels.shape[1])
        self._backward(images, used, buffers)
        self._flat.step()
        return losses

    @torch.no_grad()
    def logits(self, images: torch.Tensor) -> torch.Tensor:
        inputs = self._per_trial(images.flatten(2))
        nothing = [None] * len(self._layers)
        return self._forward(inputs, nothing, self._buffers_for(images.shape[1]), training=False)

    def state(self) -> dict[str, torch.Tensor]:
        buffers = {f"buffer.{n}": b for n, b in self._running().items()}
        return self._flat.state() | buffers | {"right": self.right}

    def values_of(self, position: int) -> dict[str, torch.Tensor]:
        buffers = {name: buffer[position] for name, buffer in self._running().items()}
        return self._flat.values_of(position) | buffers

    def keep(self, positions: Sequence[int]) -> None:
        self._flat.keep(positions)
        for norm in self._norms.values():
            norm.keep(positions)
        self.seed_rows = self.seed_rows[list(positions)]
        self.right = self.right[list(positions)]
        self._buffers.clear()

    def _running(self) -> dict[str, torch.Tensor]:
        return {name: b for norm in self._norms.values() for name, b in norm.buffers.items()}

    def _per_trial(self, values: torch.Tensor) -> torch.Tensor:
        """Return [T, …] from [seeds, …], or [1, …] where there is one seed and all share it."""
        return values if len(values) == 1 else values[self.seed_rows]

    def _buffers_for(self, rows: int) -> _Buffers:
        if rows not in self._buffers:
            self._buffers[rows] = _Buffers(
                self._layers, self._flat.count, rows, self._shared, self._flat.values
            )
        return self._buffers[rows]

    def _forward(
        self,
        images: torch.Tensor,
        masks: Sequence[torch.Tensor | None],
        buffers: _Buffers,
        training: bool,
    ) -> torch.Tensor:
        """Fill the buffers from inputs [T or 1, rows, features]; return the logits."""
        values = images
        for number, (layer, mask) in enumerate(zip(self._layers, masks, strict=True)):
            inputs, outputs = buffers.inputs[number], buffers.outputs[number]
            product = buffers.products[number]
            self._product(layer, values, product)
            if layer.norm:
                self._norms[layer.norm].forward(self._flat.parameters, product, inputs, training)
            layer.nonlinearity.forward(layer.module, inputs, outputs)
            values = outputs
            if mask is not None:
                values = torch.mul(outputs, mask, out=buffers.masked[number])
        return values

    def _product(self, layer: DenseLayer, values: torch.Tensor, out: torch.Tensor) -> None:
        weight = self._flat.parameters[f"{layer.name}.weight"]
        bias = self._flat.parameters[f"{layer.name}.bias"] if layer.bias else None
        if len(values) == 1 and self._shared:
            # One batch for all: [rows, features] × [features, T·units], in one product.
            by_row = out.transpose(0, 1).flatten(1)
            linear(
                values[0], weight.flatten(0, 1), None if bias is None else bias.flatten(), by_row
            )
        elif bias is None:
            torch.bmm(values, weight.transpose(1, 2), out=out)
        else:
            torch.baddbmm(bias.unsqueeze(1), values, weight.transpose(1, 2), out=out)

    def _backward(
        self, images: torch.Tensor, masks: Sequence[torch.Tensor | None], buffers: _Buffers
    ) -> None:
        """Fill the flat gradient, from the gradient by the masked outputs of the last layer."""
        for number in range(len(self._layers) - 1, -1, -1):
            layer, mask, kind = (
                self._layers[number],
                masks[number],
                self._layers[number].nonlinearity,
            )
            gradient = buffers.gradients[number]
            # g becomes, in place: ∂L/∂outputs, ∂L/∂inputs of the nonlinearity, ∂L/∂product.
            if mask is not None:
                gradient.mul_(mask)
            saved = buffers.outputs[number] if kind.from_output else buffers.inputs[number]
            kind.backward(layer.module, gradient, saved)
            if layer.norm:
                gradient = self._norms[layer.norm].backward(
                    self._flat.parameters, self._flat.gradients, gradient, buffers.products[number]
                )
            if layer.bias:
                torch.sum(gradient, 1, out=self._flat.gradients[f"{layer.name}.bias"])
            by_weight = self._flat.gradients[f"{layer.name}.weight"]
            # Below the first layer lie the images, whose gradient nobody asks for.
            if number:
                below = buffers.masked[number - 1]
                torch.bmm(gradient.transpose(1, 2), below, out=by_weight)
                weight = self._flat.parameters[f"{layer.name}.weight"]
                torch.bmm(gradient, weight, out=buffers.gradients[number - 1])
            elif buffers.first_by_row is not None:
                # One batch for all: [T·units, rows] × [rows, features], in one product.
                by_row = gradient if layer.norm else buffers.first_by_row.copy_(gradient)
                joint = by_row.transpose(0, 1).flatten(1)
                torch.mm(joint.T, images[0], out=by_weight.flatten(0, 1))
            else:
                torch.bmm(gradient.transpose(1, 2), images, out=by_weight)


def linear(
    values: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor | None, out: torch.Tensor
) -> None:
    """Write ``values`` [n, in] × ``weight``ᵀ [in, m], plus ``bias`` [m], to ``out`` [n, m].

    In float32 on a CPU oneDNN is asked rather than MKL, which is what PyTorch's own products use:
    on AMD's processors it takes a third less time, 1.9 ms instead of 2.8 for the first layer of
    seven perceptrons, and adds the bias on the way. For the other, batched products it is slower.
    """
    fast = _onednn() if values.device.type == "cpu" and values.dtype == torch.float32 else None
    if fast is not None:
        out.copy_(fast(values, weight, bias))
    elif bias is None:
        torch.mm(values, weight.T, out=out)
    else:
        torch.addmm(bias, values, weight.T, out=out)


@functools.cache
def _onednn() -> Callable[..., torch.Tensor] | None:
    """Return oneDNN's product as the compiler of PyTorch calls it; None where it isn't there.

    The operator has no stable name, so that it is tried rather than trusted.
    """

    def product(*factors: torch.Tensor | None) -> torch.Tensor:
        operator: Any = torch.ops.mkldnn._linear_pointwise
        found: torch.Tensor = operator(*factors, "none", [], "")
        return found

    values, weight = torch.linspace(-1, 1, 15).view(3, 5), torch.linspace(1, 3, 20).view(4, 5)
    bias = torch.linspace(0, 1, 4)
    try:
        same = torch.allclose(product(values, weight, bias), torch.addmm(bias, values, weight.T))
        same &= torch.allclose(product(values, weight, None), values @ weight.T)
    except (AttributeError, RuntimeError, TypeError):
        return None
    return product if same else None
