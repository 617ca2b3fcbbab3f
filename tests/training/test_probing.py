"""Probes in the course of a training: when, of what, and without a difference to it."""

from __future__ import annotations

import copy
import math
from dataclasses import replace
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from msgspec.structs import replace as with_fields
from torch import nn

from inittui.events.probes import Probe
from inittui.events.wire_numbers import from_wire
from inittui.experiment.records import DataConfig, Experiment, InspectionConfig, ModelConfig
from inittui.inspection.probe import probe
from inittui.results.probe_cost import probe_cost
from inittui.results.state import RunState, fold
from inittui.training.batches import scale_pixels
from inittui.training.engine import inspect_starts
from inittui.training.planning import make_learner
from inittui.training.prepared import prepare, prepare_on_noise
from inittui.training.probing import Inspector, one_thread
from tests.support.trials import experiment, run, with_model

SCHEMES = ("zeros", "rule", "normal")
SMALL = ModelConfig(hidden=(16, 8))


class ConvWithNorm(nn.Module):
    """Has buffers, dropout and a functional nonlinearity."""

    def __init__(self) -> None:
        super().__init__()
        # Without a bias: before a norm it has no gradient but rounding, which Adam makes large.
        self.conv = nn.Conv2d(1, 4, 3, stride=3, bias=False)
        self.norm = nn.BatchNorm2d(4)
        self.drop = nn.Dropout(0.3)
        self.out = nn.Linear(4 * 81, 10)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.out(self.drop(F.relu(self.norm(self.conv(x)))).flatten(1))


def wanted(inspection: InspectionConfig | None = None, **training: Any) -> Experiment:
    small = experiment(SCHEMES, images=1_000, model=SMALL, **training)
    return with_fields(small, inspection=inspection or InspectionConfig())


ALWAYS = InspectionConfig(before=True, after=True, every=3, images=64)


def bytes_of(state: RunState) -> list[bytes]:
    return [trial.losses.tobytes() for trial in state.trials]


def test_what_a_probe_takes_is_measured_beside_the_training() -> None:
    state = run(wanted(ALWAYS))
    found = probe_cost(state.trials)
    assert found is not None
    assert all((event.seconds or 0) > 0 for trial in state.trials for event in trial.probes)
    assert found.training == sum(trial.seconds for trial in state.trials)


@pytest.mark.parametrize("stack", ["auto", "off"])
@pytest.mark.parametrize("general", [False, True])
def test_training_is_bitwise_the_same_with_and_without_probes(stack: str, general: bool) -> None:
    states = []
    for inspection in (InspectionConfig(), ALWAYS):
        made = wanted(inspection, stack=stack, epochs=2)
        prepared = with_model(made, ConvWithNorm()) if general else prepare(made)
        states.append(run(prepared))
    plain, probed = states
    assert bytes_of(plain) == bytes_of(probed)
    assert [trial.epochs[-1].val_loss for trial in plain.trials] == [
        trial.epochs[-1].val_loss for trial in probed.trials
    ]
    assert not any(trial.probes for trial in plain.trials)
    assert all(trial.probes for trial in probed.trials)


def moments(state: RunState, trial: int = 0) -> list[tuple[str, int]]:
    return [(event.when, event.step) for event in state.trials[trial].probes]


@pytest.mark.parametrize(
    ("inspection", "expected"),
    [
        (InspectionConfig(), []),
        (InspectionConfig(before=True), [("before", 0)]),
        (InspectionConfig(after=True), [("after", 16)]),
        (InspectionConfig(every=6), [("step", 6), ("step", 12)]),
        (InspectionConfig(every=8), [("step", 8), ("step", 16)]),
        (
            InspectionConfig(before=True, after=True, every=8),
            [("before", 0), ("step", 8), ("after", 16)],
        ),
    ],
)
def test_probes_come_when_they_are_asked_for(
    inspection: InspectionConfig, expected: list[tuple[str, int]]
) -> None:
    # 800 training images in batches of 100 are 8 steps an epoch.
    state = run(wanted(with_fields(inspection, images=10), epochs=2))
    assert [moments(state, number) for number in range(3)] == [expected] * 3


def close(one: Probe, other: Probe) -> bool:
    """Compare what stacked and single training come to: float32 rounds them apart."""
    pairs = [
        (getattr(a, name), getattr(b, name))
        for a, b in zip(one.layers, other.layers, strict=True)
        for name in ("weights", "pre_activations", "activations", "weight_gradients")
    ]
    return all(
        math.isclose(a.rms, b.rms, rel_tol=1e-3, abs_tol=1e-9) and a.count == b.count
        for a, b in pairs
    )


@pytest.mark.parametrize("general", [False, True])
def test_stacked_probes_equal_unstacked_ones(general: bool) -> None:
    states = []
    for stack in ("auto", "off"):
        made = wanted(with_fields(ALWAYS, every=None), stack=stack)
        states.append(run(with_model(made, ConvWithNorm()) if general else made))
    for stacked, single in zip(states[0].trials, states[1].trials, strict=True):
        before, after = stacked.probes
        alone_before, alone_after = single.probes
        assert before.probe == alone_before.probe  # the same start weights, bit for bit
        assert close(after.probe, alone_after.probe)
        assert after.probe != before.probe


@pytest.mark.parametrize("general", [False, True])
def test_a_stack_is_probed_as_its_models_are(general: bool) -> None:
    made = wanted(ALWAYS)
    prepared = with_model(made, ConvWithNorm()) if general else prepare(made)
    variant, data = prepared.variants[0], prepared.data
    learner = make_learner(variant, "general" if general else "dense", prepared.trials)
    inspector = Inspector(variant, total_steps=10)
    rows = data.splits[0].train[:64]
    images = data.images[rows].float() / 255
    for number, trial in enumerate(prepared.trials):
        values = learner.values_of(number)
        found = inspector.measure(number, "before", 0, values).probe
        model, _ = variant.model(trial)
        with one_thread():  # sums are rounded as they are divided
            plain = probe(model, images, data.labels[rows], percentile=99.9)
        assert with_fields(found, theory=None) == plain


@pytest.mark.parametrize(("width", "expected"), [(8, 1), (16_384, 3)])
def test_small_models_are_probed_by_one_thread(
    width: int, expected: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[int] = []

    def noting(*args: Any, **kwargs: Any) -> Probe:
        seen.append(torch.get_num_threads())
        return probe(*args, **kwargs)

    monkeypatch.setattr("inittui.training.probing.probe", noting)
    before = torch.get_num_threads()
    torch.set_num_threads(3)
    try:
        made = wanted(InspectionConfig(before=True, images=8))
        model = with_fields(made.model, hidden=(width,))
        fold(inspect_starts(prepare(with_fields(made, model=model))))
        assert torch.get_num_threads() == 3
    finally:
        torch.set_num_threads(before)
    assert set(seen) == {expected}


def test_values_of_a_stack_are_views() -> None:
    prepared = prepare(wanted())
    learner = make_learner(prepared.variants[0], "dense", prepared.trials)
    learner.values_of(1)["fc2.bias"].fill_(7)
    assert (learner.values_of(1)["fc2.bias"] == 7).all()
    assert not (learner.values_of(0)["fc2.bias"] == 7).any()


def test_a_trial_that_diverged_is_not_measured_any_more() -> None:
    made = experiment(("rule", "normal:std=1e30"), images=1_000, model=SMALL, epochs=1)
    state = run(with_fields(made, inspection=with_fields(ALWAYS, every=1)))
    rule, huge = state.trials
    assert (rule.status, huge.status) == ("finished", "diverged")
    assert [event.when for event in huge.probes] == ["before"]
    assert len(rule.probes) == 9


def test_start_values_are_measured_without_training() -> None:
    made = wanted(InspectionConfig(before=True, images=64))
    starts, trained = fold(inspect_starts(prepare(made))), run(made)
    for looked_at, was_trained in zip(starts.trials, trained.trials, strict=True):
        assert looked_at.probes[0].probe == was_trained.probes[0].probe
        assert looked_at.steps == 0


def test_all_schemes_under_a_seed_see_the_same_images_and_seeds_others() -> None:
    made = with_fields(
        wanted(InspectionConfig(before=True, images=64)), schemes=("zeros", "rule"), seeds=(0, 1)
    )
    prepared = prepare(made)
    inspector = Inspector(prepared.variants[0], 1)
    batches = [inspector.batch(trial)[0] for trial in prepared.trials]
    assert torch.equal(batches[0], batches[1])
    assert not torch.equal(batches[1], batches[2])
    assert batches[0].shape == (64, 1, 28, 28)


def test_a_batch_is_as_large_as_there_are_images() -> None:
    made = with_fields(wanted(), inspection=InspectionConfig(before=True))
    assert fold(inspect_starts(prepare(made))).trials[0].probes[0].probe.images == 800


def test_seeds_see_others_and_sweeps_are_measured_too() -> None:
    made = experiment(("rule",), images=1_000, model=ModelConfig(width=8))
    swept = with_fields(
        made,
        sweeps=("model.depth=1|3",),
        inspection=InspectionConfig(before=True, images=16),
    )
    state = fold(inspect_starts(prepare(swept)))
    assert [len(trial.probes[0].probe.layers) for trial in state.trials] == [2, 4]


def test_standardised_pixels_are_those_of_torchvision() -> None:
    images = torch.randint(256, (5, 1, 4, 4), dtype=torch.uint8)
    plain = images.float().div(255)
    assert torch.equal(scale_pixels(images.float(), 0.0, 1.0), plain)
    expected = plain.sub(0.2861).div(0.3530)  # as Normalize does it
    assert torch.equal(scale_pixels(images.float(), 0.2861, 0.3530), expected)


def test_training_and_probes_see_standardised_pixels() -> None:
    made = with_fields(
        wanted(InspectionConfig(before=True, images=800)),
        data=DataConfig(limit=1_000, mean=0.5, std=0.25),
    )
    (variant,) = prepare(made).variants
    feed = variant.feed([0])
    batch = feed.batch(0, 0).images.clone()
    plain = replace(variant, experiment=wanted()).feed([0]).batch(0, 0).images
    assert torch.allclose(batch, (plain - 0.5) / 0.25)
    probed = Inspector(variant, 1).batch(variant.trials[0])[0]
    assert float(probed.mean()) == pytest.approx((0.286 - 0.5) / 0.25, abs=0.1)
    assert float(probed.min()) == -2


def test_models_that_take_no_images_are_measured_on_noise() -> None:
    made = Experiment(
        schemes=("rule",),
        model=ModelConfig(name="conv1d"),
        inspection=InspectionConfig(before=True, images=32),
    )
    state = fold(inspect_starts(prepare_on_noise(made)))
    found = state.trials[0].probes[0].probe
    assert (found.images, found.classes) == (32, 64)
    assert [layer.kind for layer in found.layers][:2] == ["Conv1d", "Linear"]


@pytest.mark.slow
def test_published_figures_of_xavier_and_of_one_over_the_root_of_fan_in() -> None:
    """Mean over 20 seeds; `initialization.md` names the published values and their spread."""
    made = Experiment(
        schemes=("xavier_normal", "normal"),
        seeds=tuple(range(20)),
        model=ModelConfig(name="deep_mlp", activation="tanh"),
        data=DataConfig(split="torch:42", validation=10_000, mean=0.2861, std=0.3530),
        inspection=InspectionConfig(before=True),
    )
    state = fold(inspect_starts(prepare(made)))

    def means(scheme: str, quantity: str) -> list[float]:
        probes = [trial.probes[0].probe for trial in state.of_scheme(scheme)]
        return [
            sum(from_wire(getattr(layer, quantity).variance) for layer in layers) / len(layers)
            for layers in zip(*(probe.layers for probe in probes), strict=True)
        ]

    xavier = means("xavier_normal", "pre_activations")
    assert xavier[:4] == pytest.approx([1.22, 0.55, 0.29, 0.255], rel=0.05)
    assert xavier[4] == pytest.approx(0.31, rel=0.15)
    gradients = means("xavier_normal", "weight_gradients")
    assert gradients == pytest.approx([2.1e-5, 3.5e-5, 4.9e-5, 7.5e-5, 6.9e-4], rel=0.4)
    rule = means("normal", "pre_activations")
    assert rule[:4] == pytest.approx([1.01, 0.38, 0.23, 0.16], rel=0.05)
    assert rule[4] == pytest.approx(0.12, rel=0.15)


def test_copies_of_a_template_are_private() -> None:
    prepared = prepare(wanted(ALWAYS))
    template = prepared.variants[0].template
    before = copy.deepcopy(template.state_dict())
    fold(inspect_starts(prepared))
    after = template.state_dict()
    assert all(torch.equal(before[name], after[name]) for name in before)
    assert not any(module._forward_hooks for module in template.modules())


def test_only_the_gradients_are_cut_by_their_size() -> None:
    plain, cut = (
        run(wanted(InspectionConfig(before=True, images=64, percentile=100, gradient_percentile=p)))
        for p in (None, 90)
    )
    for a, b in zip(plain.trials[1].probes[0].probe.layers,
                    cut.trials[1].probes[0].probe.layers, strict=True):  # fmt: skip
        assert (a.weights, a.biases, a.pre_activations) == (b.weights, b.biases, b.pre_activations)
        for gradients in (b.weight_gradients, b.pre_activation_gradients):
            drawn = gradients.histogram
            assert drawn is not None and drawn.low == -drawn.high
            assert sum(drawn.counts) == pytest.approx(0.9 * gradients.count, rel=0.02, abs=1)
        assert a.weight_gradients.variance == b.weight_gradients.variance


def test_how_far_weights_moved_is_a_norm_by_the_norm_of_the_start() -> None:
    prepared = prepare(wanted())
    variant = prepared.variants[0]
    inspector = Inspector(variant, total_steps=10)
    for number, factor, expected in ((0, 2.0, 0.0), (1, 1.0, 0.0), (1, 1.5, 0.5), (2, -1.0, 2.0)):
        start = dict(variant.model(prepared.trials[number])[0].named_parameters())
        end = {name: factor * values.detach() for name, values in start.items()}
        for layer in inspector.measure(number, "after", 10, end).probe.layers:
            assert from_wire(layer.moved) == pytest.approx(expected, abs=1e-6)
    zeros = dict(variant.model(prepared.trials[0])[0].named_parameters())
    ones = {name: torch.ones_like(values) for name, values in zeros.items()}
    for layer in inspector.measure(0, "after", 10, ones).probe.layers:
        assert from_wire(layer.moved) == math.inf


def test_a_start_that_is_kept_is_the_one_that_is_drawn_once_more() -> None:
    prepared = prepare(wanted(ALWAYS))
    variant = prepared.variants[0]
    kept, drawn = (Inspector(variant, total_steps=10) for _ in range(2))
    for number, trial in list(variant.trials.items())[:3]:
        values = {name: own.detach() for name, own in variant.model(trial)[0].named_parameters()}
        kept.measure(number, "before", 0, values)
        for each in values.values():  # in their place, as training does
            each.mul_(0.5).add_(0.25)
        one, other = (each.measure(number, "after", 10, values) for each in (kept, drawn))
        assert one.probe == other.probe


@pytest.mark.parametrize("stack", ["auto", "off"])
def test_only_the_end_of_a_training_says_how_far_weights_moved(stack: str) -> None:
    zeros, *others = run(wanted(ALWAYS, stack=stack)).trials
    for trial in (zeros, *others):
        for event in trial.probes:
            moved = [from_wire(layer.moved) for layer in event.probe.layers]
            if event.when != "after":
                assert all(map(math.isnan, moved))
            elif trial is zeros:
                assert moved == [0.0, 0.0, 0.0]
            else:
                assert all(0.001 < far < 3 for far in moved)


def test_each_epoch_is_measured_where_that_is_wanted() -> None:
    config = InspectionConfig(before=True, after=True, every="epoch", images=64)
    state = run(wanted(config, epochs=3))
    for trial in state.trials:
        per_epoch = trial.epochs[0].step
        assert [(e.when, e.step) for e in trial.probes] == [
            ("before", 0), ("step", per_epoch), ("step", 2 * per_epoch), ("after", 3 * per_epoch)
        ]  # fmt: skip
