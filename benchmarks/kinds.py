"""Stacks that are no plain perceptrons, against the hand-written loop with fused Adam."""

from __future__ import annotations

from torch import nn

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


def measure(rounds: int) -> list[Verdict]:
    """Measure each kind of model."""
    found = []
    for name, (model, trials) in KINDS.items():
        training = TrainingConfig(device="cpu")
        prepared = prepare(Experiment(SENSIBLE[:trials], model=model, training=training))
        timings = interleave(
            {"ours": stacked(prepared), "loop": loop(prepared.variants[0])}, rounds
        )
        ours, theirs = timings["ours"], timings["loop"]
        detail = f"{trials} trials, {plan_stacks(prepared).kind}, {1e3 * ours.median:.1f} ms a step"
        what = f"{name}: in-memory loop, fused Adam ÷ inittui"
        found.append(Verdict(what, theirs.median / ours.median, 1.5, True, detail))
    return found
