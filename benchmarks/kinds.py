"""Stacks that are no plain perceptrons, against the hand-written loop with fused Adam."""

from __future__ import annotations

import time
from typing import Any

import torch
import torch.nn.functional as F
from torch import nn

from benchmarks.measure import Verdict, interleave
from benchmarks.peers import Peer
from inittui.experiment import Experiment, ModelConfig, TrainingConfig
from inittui.models.build import build
from inittui.training.materials import Materials, prepare
from inittui.training.planning import make_learner, plan_stacks

STEPS = 5
SENSIBLE = ("rule", "normal", "default", "xavier_uniform", "xavier_normal", "kaiming_uniform",
            "kaiming_normal")  # fmt: skip

KINDS: dict[str, tuple[ModelConfig, int]] = {
    "small CNN with batch norm": (ModelConfig(name="benchmarks/cnn.py:small_cnn"), 7),
    "deep_mlp with batch norm": (ModelConfig(name="deep_mlp", batch_norm=True), 7),
    "lenet": (ModelConfig(name="lenet"), 3),
}
"""Models, and how many of them train at once."""


def stacked(materials: Materials) -> Peer:
    """What the engine does, stack after stack."""
    plan = plan_stacks(materials)
    groups = [[materials.trials[number] for number in group] for group in plan.groups]
    learners = [make_learner(materials, plan.kind, group) for group in groups]
    feeds = [materials.feed([0]) for _ in groups]

    def run() -> float:
        began = time.perf_counter()
        for learner, feed in zip(learners, feeds, strict=True):
            for step in range(STEPS):
                learner.step(feed.batch(0, step))
        return (time.perf_counter() - began) / STEPS

    return run


def loop(materials: Materials) -> Peer:
    """A careful hand-written loop: images as one float tensor, one model after another."""
    images = materials.images.float().div(255)
    labels, order = materials.labels, materials.splits[0].train
    trained: list[nn.Module] = []
    for trial in materials.trials:
        model = build(materials.experiment.model, images.shape[1:], 10)
        model.load_state_dict(materials.model(trial)[0].state_dict())
        trained.append(model.train())
    optimizers: list[Any] = [torch.optim.Adam(m.parameters(), lr=1e-3, fused=True) for m in trained]

    def run() -> float:
        began = time.perf_counter()
        for model, optimizer in zip(trained, optimizers, strict=True):
            for step in range(STEPS):
                rows = order[step * 100 : step * 100 + 100]
                loss = F.cross_entropy(model(images[rows]), labels[rows])
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
        return (time.perf_counter() - began) / STEPS

    return run


def measure(rounds: int) -> list[Verdict]:
    """Measure each kind of model."""
    found = []
    for name, (model, trials) in KINDS.items():
        training = TrainingConfig(device="cpu")
        materials = prepare(Experiment(SENSIBLE[:trials], model=model, training=training))
        timings = interleave({"ours": stacked(materials), "loop": loop(materials)}, rounds)
        ours, theirs = timings["ours"], timings["loop"]
        detail = (
            f"{trials} trials, {plan_stacks(materials).kind}, {1e3 * ours.median:.1f} ms a step"
        )
        what = f"{name}: in-memory loop, fused Adam ÷ inittui"
        found.append(Verdict(what, theirs.median / ours.median, 1.5, True, detail))
    return found
