"""Stacks that are no plain perceptrons, against the hand-written loop with fused Adam."""

from __future__ import annotations

from collections.abc import Callable

import torch.nn.functional as F
from torch import nn

from benchmarks.limits import PEAK_OPERATIONS, peak, products_of
from benchmarks.measure import Verdict, interleave
from benchmarks.peers import Peer, engine_steps, hand_written
from inittui.experiment.records import Experiment, ModelConfig, TrainingConfig
from inittui.models.build import build
from inittui.training.planning import plan_stacks
from inittui.training.prepared import Prepared, Variant, prepare

STEPS = 5
SENSIBLE = ("rule", "normal", "default", "xavier_uniform", "xavier_normal", "kaiming_uniform",
            "kaiming_normal")  # fmt: skip

KINDS: dict[str, tuple[ModelConfig, int]] = {
    "small CNN with batch norm": (ModelConfig(name="benchmarks/cnn.py:small_cnn"), 7),
    "deep_mlp with batch norm": (ModelConfig(name="deep_mlp", batch_norm=True), 7),
    "lenet": (ModelConfig(name="lenet"), 3),
}
"""Models, and how many of them train at once."""

WANTED = {"lenet": 1.2}
"""Of the hand-written loop's time by ours; of the others 1.5."""


def stacked(prepared: Prepared) -> Peer:
    """What the engine does, as it plans it."""
    plan = plan_stacks(prepared)
    groups = [[prepared.trials[number] for number in group] for group in plan.groups]
    return engine_steps(prepared.variants[0], plan.kind, groups, STEPS)


def loop(variant: Variant) -> Peer:
    """The hand-written loop, over the same models from the same start weights."""
    trained: list[nn.Module] = []
    for trial in variant.trials.values():
        model = build(variant.experiment.model, variant.data.images.shape[1:], 10)
        model.load_state_dict(variant.model(trial)[0].state_dict())
        trained.append(model)
    return hand_written(variant, trained, STEPS, fused=True)


def step_of_all(variant: Variant) -> Callable[[], None]:
    """Forward and backward of every model, as the hand-written loop does them."""
    trained = [variant.model(trial)[0] for trial in variant.trials.values()]
    batch = variant.feed([0]).batch(0, 0)
    images, labels = batch.images[0].clone(), batch.labels[0]

    def work() -> None:
        for model in trained:
            F.cross_entropy(model(images), labels).backward()

    return work


def measure(rounds: int) -> tuple[list[str], list[Verdict]]:
    """Measure each kind of model: rows of a table of shares, and verdicts."""
    found = []
    rows = []
    for name, (model, trials) in KINDS.items():
        training = TrainingConfig(device="cpu")
        prepared = prepare(Experiment(SENSIBLE[:trials], model=model, training=training))
        products, operations = products_of(step_of_all(prepared.variants[0]), STEPS)
        contestants = {
            "ours": stacked(prepared),
            "loop": loop(prepared.variants[0]),
            "products": products,
            "peak": peak(),
        }
        timings = interleave(contestants, rounds)
        ours, theirs = timings["ours"], timings["loop"]
        detail = f"{trials} trials, {plan_stacks(prepared).kind}, {1e3 * ours.median:.1f} ms a step"
        what = f"{name}: in-memory loop, fused Adam ÷ inittui"
        wanted = WANTED.get(name, 1.5)
        found.append(Verdict(what, theirs.median / ours.median, wanted, True, detail))
        floor = timings["products"].median
        at_peak = timings["peak"].median * operations / PEAK_OPERATIONS
        for who, timing in (("inittui", ours), ("in-memory loop, fused Adam", theirs)):
            rows.append(
                f"| {trials} × {name}: {who} | {1e3 * timing.median:.1f} | {timing.spread} | "
                f"{at_peak / timing.median:.2f} | {floor / timing.median:.2f} |"
            )
        rows.append(
            f"| {trials} × {name}: the products alone | {1e3 * floor:.1f} | "
            f"{timings['products'].spread} | {at_peak / floor:.2f} | 1.00 |"
        )
    return rows, found
