"""One step of the seven classic trials: inittui, its peers and the floor.

Every peer trains the same seven 784-256-128-10 perceptrons from the same start weights on batches
of 100 of the same images, with dropout 0.2 and Adam 1e-3, and returns the seconds of one step of
all seven.
"""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import nn

from inittui.experiment.records import Experiment, TrainingConfig
from inittui.experiment.trials import TrialPlan
from inittui.training.learners.dense import linear
from inittui.training.learners.optimizers import OptimizerStep
from inittui.training.planning import Kind, make_learner
from inittui.training.prepared import Variant, prepare

Peer = Callable[[], float]
DATA = Path(__file__).resolve().parents[1] / "data"
STEPS = 40
TUTORIAL_STEPS = 8


def protocol() -> Variant:
    """The classic seven under one seed."""
    return prepare(Experiment(training=TrainingConfig(device="cpu"))).variants[0]


def models(variant: Variant) -> list[nn.Sequential]:
    """The seven models in plain torch.nn, from the start weights that inittui gives them."""
    built = []
    for trial in variant.trials.values():
        source = variant.model(trial)[0].state_dict()
        model = nn.Sequential(
            nn.Flatten(),
            nn.Linear(784, 256), nn.ReLU(), nn.Dropout(0.2),
            nn.Linear(256, 128), nn.ReLU(), nn.Dropout(0.2),
            nn.Linear(128, 10),
        )  # fmt: skip
        model.load_state_dict(dict(zip(model.state_dict(), source.values(), strict=True)))
        built.append(model)
    return built


def inittui_step(variant: Variant, kind: Kind) -> Peer:
    """What the engine does: draw, gather, step, note the loss."""
    trials = list(variant.trials.values())
    groups = [[trial] for trial in trials] if kind == "single" else [trials]
    return engine_steps(variant, kind, groups, STEPS)


def engine_steps(
    variant: Variant, kind: Kind, groups: Sequence[Sequence[TrialPlan]], steps: int
) -> Peer:
    """Take steps as the engine does, stack after stack."""
    learners = [make_learner(variant, kind, group) for group in groups]
    feeds = [variant.feed([0]) for _ in groups]

    def run() -> float:
        began = time.perf_counter()
        for learner, feed in zip(learners, feeds, strict=True):
            losses = [learner.step(feed.batch(0, step)) for step in range(steps)]
            learner.settle()
            torch.stack(losses).tolist()
        return (time.perf_counter() - began) / steps

    return run


def in_memory_loop(variant: Variant, fused: bool) -> Peer:
    """The hand-written loop over the seven perceptrons."""
    return hand_written(variant, models(variant), STEPS, fused=fused)


def hand_written(
    variant: Variant, trained: Sequence[nn.Module], steps: int, *, fused: bool
) -> Peer:
    """A careful hand-written loop: images as one float tensor, one model after another."""
    images = variant.data.images.float().div(255)
    labels = variant.data.labels
    order = variant.data.splits[0].train
    optimizers = [
        torch.optim.Adam(m.parameters(), lr=1e-3, fused=True if fused else None) for m in trained
    ]

    def run() -> float:
        began = time.perf_counter()
        for model, optimizer in zip(trained, optimizers, strict=True):
            model.train()
            kept = []
            for step in range(steps):
                rows = order[step * 100 : step * 100 + 100]
                loss = F.cross_entropy(model(images[rows]), labels[rows])
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                kept.append(loss.item())
        return (time.perf_counter() - began) / steps

    return run


def tutorial_loop(variant: Variant) -> Peer:
    """The loop of the tutorials: Dataset, ToTensor per image, DataLoader, model by model."""
    from torch.utils.data import DataLoader, SubsetRandomSampler
    from torchvision import datasets, transforms

    with tempfile.TemporaryDirectory() as scratch:
        # torchvision unpacks the files beside themselves; it finds them, so nothing is downloaded.
        shutil.copytree(DATA / "FashionMNIST", Path(scratch) / "FashionMNIST")
        data = datasets.FashionMNIST(scratch, download=True, transform=transforms.ToTensor())
    sampler = SubsetRandomSampler(variant.data.splits[0].train.tolist())
    loader = DataLoader(data, batch_size=100, sampler=sampler)
    trained = models(variant)
    optimizers = [torch.optim.Adam(model.parameters(), lr=1e-3) for model in trained]

    def batches() -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        while True:
            yield from loader

    endless = batches()
    next(endless)

    def run() -> float:
        began = time.perf_counter()
        for model, optimizer in zip(trained, optimizers, strict=True):
            model.train()
            kept = []
            for _ in range(TUTORIAL_STEPS):
                images, labels = next(endless)
                optimizer.zero_grad()
                loss = F.cross_entropy(model(images), labels)
                loss.backward()
                optimizer.step()
                kept.append(loss.item())
        return (time.perf_counter() - began) / TUTORIAL_STEPS

    return run


SIZES = ((784, 256), (256, 128), (128, 10))


def operations(trials: int = 7, rows: int = 100) -> int:
    """Floating-point operations of the step's products: three a layer, of the first only two."""
    weights = [inputs * out for inputs, out in SIZES]
    return 2 * trials * rows * (3 * sum(weights) - weights[0])


def floor(trials: int = 7, rows: int = 100, *, with_adam: bool) -> Peer:
    """The step's matrix products, with one fused Adam or without; nothing else."""
    weights = [torch.randn(trials, out, inputs) for inputs, out in SIZES]
    by_weight = [torch.empty_like(weight) for weight in weights]
    images = torch.rand(rows, 784)
    hidden = [torch.randn(trials, rows, out) for _, out in SIZES]
    gradients = [torch.randn(trials, rows, out) for _, out in SIZES]
    joint = torch.empty(rows, trials * 256)
    products = [torch.empty_like(values) for values in hidden]
    count = trials * sum(inputs * out + out for inputs, out in SIZES)
    flat, gradient = torch.zeros(count), torch.randn(count)
    adam = OptimizerStep("adam", 1e-3, [flat], [gradient])

    def step() -> None:
        linear(images, weights[0].flatten(0, 1), None, joint)
        for layer in (1, 2):
            torch.bmm(hidden[layer - 1], weights[layer].transpose(1, 2), out=products[layer])
        for layer in (2, 1):
            torch.bmm(gradients[layer].transpose(1, 2), hidden[layer - 1], out=by_weight[layer])
            torch.bmm(gradients[layer], weights[layer], out=products[layer - 1])
        torch.mm(joint.T, images, out=by_weight[0].flatten(0, 1))
        if with_adam:
            adam.step()

    def run() -> float:
        began = time.perf_counter()
        for _ in range(STEPS):
            step()
        return (time.perf_counter() - began) / STEPS

    return run


def jax_scan(variant: Variant) -> Peer:
    """JAX: `jit(vmap)` over the trials inside a `scan` over batches; compiled beforehand."""
    import jax
    import jax.numpy as jnp

    images = jnp.asarray(variant.data.images.flatten(1).numpy())
    labels = jnp.asarray(variant.data.labels.numpy())
    order = jnp.asarray(variant.data.splits[0].train[: STEPS * 100].view(STEPS, 100).numpy())
    start = [list(model.parameters()) for model in models(variant)]
    stacked = [
        jnp.stack([jnp.asarray(parameters[i].detach().numpy()) for parameters in start])
        for i in range(6)
    ]

    def loss_of(parameters: list[Any], x: Any, y: Any, masks: list[Any]) -> Any:
        w1, b1, w2, b2, w3, b3 = parameters
        hidden = jax.nn.relu(x @ w1.T + b1) * masks[0]
        hidden = jax.nn.relu(hidden @ w2.T + b2) * masks[1]
        logits = hidden @ w3.T + b3
        return -jnp.take_along_axis(jax.nn.log_softmax(logits), y[:, None], 1).mean()

    gradient_of = jax.vmap(jax.value_and_grad(loss_of), in_axes=(0, None, None, None))

    def step(carry: Any, given: Any) -> Any:
        parameters, first, second, count = carry
        rows, key = given
        x = images[rows].astype(jnp.float32) / 255
        keys = jax.random.split(key)
        masks = [
            jax.random.bernoulli(k, 0.8, (100, units)) / 0.8
            for k, units in zip(keys, (256, 128), strict=True)
        ]
        losses, gradients = gradient_of(parameters, x, labels[rows], masks)
        count = count + 1
        first = [0.9 * m + 0.1 * g for m, g in zip(first, gradients, strict=True)]
        second = [0.999 * v + 0.001 * g * g for v, g in zip(second, gradients, strict=True)]
        size = 1e-3 * jnp.sqrt(1 - 0.999**count) / (1 - 0.9**count)
        parameters = [
            p - size * m / (jnp.sqrt(v) + 1e-8 * jnp.sqrt(1 - 0.999**count))
            for p, m, v in zip(parameters, first, second, strict=True)
        ]
        return (parameters, first, second, count), losses

    @jax.jit
    def epoch(carry: Any, keys: Any) -> Any:
        return jax.lax.scan(step, carry, (order, keys))

    zeros = [jnp.zeros_like(p) for p in stacked]
    carry = (stacked, zeros, zeros, jnp.zeros(()))
    keys = jax.random.split(jax.random.PRNGKey(0), STEPS)
    jax.block_until_ready(epoch(carry, keys))

    def run() -> float:
        began = time.perf_counter()
        jax.block_until_ready(epoch(carry, keys))
        return (time.perf_counter() - began) / STEPS

    return run
