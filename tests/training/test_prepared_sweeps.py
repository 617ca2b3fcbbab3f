"""Sweeps: how they are read, which trials they make, and that these train as if alone."""

from __future__ import annotations

import math
from itertools import count, pairwise
from pathlib import Path

import msgspec
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from inittui.errors import UsageError
from inittui.events.records import Validated, decode, encode
from inittui.experiment.records import DataConfig, Experiment, ModelConfig
from inittui.experiment.sweeps import plan_trials
from inittui.experiment.toml import from_toml, to_toml
from inittui.experiment.trials import TrialPlan
from inittui.recording.resume import earlier_of
from inittui.results.state import RunState, fold
from inittui.training.checkpoints import CheckpointStore
from inittui.training.engine import run_experiment, train
from inittui.training.estimate import estimate_probe_seconds, estimate_seconds
from inittui.training.prepared import prepare
from tests.support.torture import examples
from tests.support.trials import experiment, losses, run, worst_relative


def plans(*sweeps: str, schemes: tuple[str, ...] = ("rule",)) -> tuple[TrialPlan, ...]:
    return plan_trials(Experiment(schemes=schemes, sweeps=sweeps))


def values(*sweeps: str, schemes: tuple[str, ...] = ()) -> list[object]:
    return [next(iter(plan.swept.values())) for plan in plans(*sweeps, schemes=schemes)]


@pytest.mark.parametrize(
    ("sweep", "expected"),
    [
        ("trunc_normal:std=1e-4..1:9",
         [1e-4, 3.162e-4, 1e-3, 3.162e-3, 0.01, 0.03162, 0.1, 0.3162, 1.0]),
        ("normal:std=0.1|1|10", [0.1, 1.0, 10.0]),
        ("normal:std=0..1:5", [0.0, 0.25, 0.5, 0.75, 1.0]),
        ("uniform:low=-1..-0.5:2", [-1.0, -0.5]),
        ("variance_scaling:mode=fan_in|fan_out", ["fan_in", "fan_out"]),
    ],
)  # fmt: skip
def test_values_of_an_initializers_parameter(sweep: str, expected: list[object]) -> None:
    assert values(sweep) == expected


@pytest.mark.parametrize(
    ("sweep", "expected"),
    [
        ("model.depth=2..32:5", [2, 4, 8, 16, 32]),
        ("model.depth=1..4:9", [1, 2, 3, 4]),  # rounded to whole numbers, each once
        ("model.activation=tanh|relu", ["tanh", "relu"]),
        ("model.batch_norm=true|false", [True, False]),
        ("model.hidden=256,128|512", ["256,128", "512"]),
        ("training.lr=1e-4..1e-1:4", [1e-4, 1e-3, 1e-2, 1e-1]),
    ],
)
def test_values_of_a_setting(sweep: str, expected: list[object]) -> None:
    assert values(sweep, schemes=("rule",)) == expected


def test_same_repeats_the_value_and_the_family_leaves_it_open() -> None:
    first, *_ = plans("trunc_normal:std=0.1|0.2/constant:value=same", schemes=())
    assert first.scheme == "trunc_normal:std=0.1/constant:value=0.1"
    assert first.swept == {"trunc_normal:std": 0.1}
    assert first.family == "trunc_normal:std=…/constant:value=…"


def test_several_sweeps_multiply_settings_slowest() -> None:
    found = plans("normal:std=0.1|1", "model.depth=1|2", "training.lr=0.01|0.1", schemes=())
    assert len(found) == 8
    assert [plan.contestant for plan in found[:3]] == [
        "normal:std=0.1 depth=1 lr=0.01",
        "normal:std=1 depth=1 lr=0.01",
        "normal:std=0.1 depth=1 lr=0.1",
    ]
    assert found[-1].settings == {"model.depth": 2, "training.lr": 0.1}


def test_two_parameters_of_one_scheme_multiply() -> None:
    found = plans("variance_scaling:scale=1..4:3,mode=fan_in|fan_out/constant:value=0", schemes=())
    assert len(found) == 6
    assert found[-1].swept == {"variance_scaling:scale": 4.0, "variance_scaling:mode": "fan_out"}


def test_layer_rules_follow_every_scheme() -> None:
    wanted = Experiment(schemes=("rule",), layers={"fc1": "ones"}, sweeps=("normal:std=1|2",))
    found = [plan.scheme for plan in plan_trials(wanted)]
    assert found == ["rule@fc1=ones", "normal:std=1@fc1=ones", "normal:std=2@fc1=ones"]


@pytest.mark.parametrize(
    ("layers", "scheme"),
    [
        ({"*": "orthogonal/ones", "fc*": "rule"}, "orthogonal/ones@fc*=rule"),
        ({"fc*": "rule", "*": "ones"}, "default@fc*=rule@*=ones"),
    ],
)
def test_layer_rules_alone_are_one_contestant(layers: dict[str, str], scheme: str) -> None:
    wanted = Experiment(schemes=(), layers=layers)
    wanted.check()
    assert [plan.scheme for plan in plan_trials(wanted)] == [scheme]


def test_a_file_keeps_the_order_of_its_layers_and_means_them_alone() -> None:
    text = '[layers]\n"*" = "rule"\n"fc2" = "ones"\n"fc*" = "zeros"\n'
    wanted = from_toml(text)
    assert wanted.schemes == ()
    assert list(wanted.layers) == ["*", "fc2", "fc*"]
    assert from_toml(to_toml(wanted)) == wanted
    assert from_toml('sweeps = ["model.depth=1|2"]').schemes == Experiment().schemes


@pytest.mark.parametrize(
    ("sweep", "said"),
    [
        ("normal", "no parameter has several values"),
        ("normal:std=1..2", "LOW..HIGH:COUNT"),
        ("normal:std=2..1:3", "below the second"),
        ("normal:std=1..2:1", "2 to 1,000"),
        ("normal:std=1||2", "empty value"),
        ("normal:std=1|1", "twice"),
        ("normal:std=1|2/normal:std=1|2", "swept twice"),
        ("normal:mean=1|2,std=1|2/constant:value=same", "'same' is unclear"),
        ("normal std=1|2", "doesn't belong here"),
        ("model.dept=1|2", "did you mean 'model.depth'"),
        ("model.depth=a|b", "model.depth can't be 'a'"),
        ("training.epochs=1|2", "can't be swept"),
        ("training.lr=0.1", "LOW..HIGH:COUNT"),
    ],
)
def test_what_cannot_be_meant_is_said(sweep: str, said: str) -> None:
    with pytest.raises(UsageError) as caught:
        plans(sweep)
    assert said in str(caught.value)


def test_a_setting_is_swept_once() -> None:
    with pytest.raises(UsageError, match="swept twice"):
        plans("model.depth=1|2", "model.depth=3|4")


@given(st.text(max_size=60))
@settings(max_examples=examples(100))
def test_any_text_gives_trials_or_one_clear_line(text: str) -> None:
    try:
        found = plans(text)
    except UsageError as error:
        assert "\n" not in str(error)
    else:
        assert found


@given(low=st.floats(1e-6, 1e3), factor=st.floats(1.5, 1e6), number=st.integers(2, 40))
def test_a_range_ascends_from_end_to_end_evenly_in_its_logarithm(
    low: float, factor: float, number: int
) -> None:
    found = [float(str(v)) for v in values(f"normal:std={low!r}..{low * factor!r}:{number}")]
    assert found[0] == low
    assert found[-1] == low * factor
    assert found == sorted(set(found))
    steps = [math.log(b / a) for a, b in pairwise(found)]
    # Values inside are rounded to four digits, which is 5e-4 of each at most.
    assert max(steps) - min(steps) < 4e-3


def test_a_named_scheme_that_a_sweep_comes_upon_is_one_contestant() -> None:
    wanted = experiment(["normal:std=0.1", "zeros"], images=300)
    wanted = msgspec.structs.replace(wanted, sweeps=("normal:std=0.1|0.2",))
    trials = prepare(wanted).trials
    assert [plan.scheme for plan in trials] == ["normal:std=0.1", "zeros", "normal:std=0.2"]
    assert trials[0].swept == {"normal:std": 0.1}


@pytest.mark.parametrize("stack", ["off", "auto"])
def test_swept_models_train_as_if_alone(stack: str) -> None:
    """One by one bitwise; stacked up to rounding, for another kind of learner may be at work."""
    model = ModelConfig(width=16, dropout=0.2)
    wanted = experiment(
        ["rule", "xavier_normal"], seeds=[0, 1], images=500, model=model, stack=stack
    )
    swept = run(msgspec.structs.replace(wanted, sweeps=("model.depth=1|3",)))
    assert [t.scheme for t in swept.trials[:2]] == ["rule depth=1", "xavier_normal depth=1"]
    for depth in (1, 3):
        alone = run(
            msgspec.structs.replace(wanted, model=msgspec.structs.replace(model, depth=depth))
        )
        for (scheme, seed), expected in losses(alone).items():
            found = losses(swept)[f"{scheme} depth={depth}", seed]
            if stack == "off":
                assert torch.equal(found, expected)
            assert torch.allclose(found, expected, rtol=1e-4)


def test_swept_learning_rates_share_start_and_batches() -> None:
    wanted = experiment(["rule"], images=500, model=ModelConfig(hidden=(16,)), stack="off")
    state = run(msgspec.structs.replace(wanted, sweeps=("training.lr=0.001|0.1",)))
    slow, fast = state.trials
    assert slow.losses[0] == fast.losses[0]
    assert slow.losses[1] != fast.losses[1]
    assert [v.digest for v in slow.start] == [v.digest for v in fast.start]


def test_a_swept_run_resumes_bitwise(tmp_path: Path) -> None:
    model = ModelConfig(width=16)
    wanted = experiment(["rule", "zeros"], images=1_000, model=model, epochs=3)
    wanted = msgspec.structs.replace(wanted, sweeps=("model.depth=1|2",))
    whole = run(wanted)
    asked = count()
    state = RunState()
    store = CheckpointStore(tmp_path)
    stopped = train(prepare(wanted), should_stop=lambda: next(asked) >= 40, checkpoints=store)
    for event in stopped:
        state.apply(event)
    assert state.status == "interrupted"
    for event in train(prepare(wanted), checkpoints=store, earlier=earlier_of(state)):
        state.apply(event)
    assert state.status == "finished"
    for key, expected in losses(whole).items():
        assert torch.equal(losses(state)[key], expected)


def test_validation_within_an_epoch_changes_nothing_else() -> None:
    plain = experiment(["rule", "zeros"], seeds=[0, 1], images=2_000, epochs=2, batch_size=50)
    often = msgspec.structs.replace(
        plain, training=msgspec.structs.replace(plain.training, eval_every=7)
    )
    expected, found = run(plain), run(often)
    assert worst_relative(expected, found) == 0
    for one, other in zip(expected.trials, found.trials, strict=True):
        assert [e.val_accuracy for e in one.epochs] == [e.val_accuracy for e in other.epochs]
    first = found.trials[0]
    # 32 steps an epoch; what falls on the end of an epoch is told there.
    assert [v.step for v in first.validations] == [7, 14, 21, 28, 35, 42, 49, 56, 63]
    assert [event.step for event in first.validated] == [7, 14, 21, 28, 32, 35, 42, 49, 56, 63, 64]
    assert all(0 <= event.val_accuracy <= 1 for event in first.validated)


def test_validations_survive_their_encoding_and_a_repetition() -> None:
    event = Validated(trial=0, step=5, val_loss="NaN", val_accuracy=0.5)
    assert decode(encode(event)) == event
    state = run(experiment(["rule"], images=300))
    for accuracy in (0.1, 0.2):
        state.apply(msgspec.structs.replace(event, val_accuracy=accuracy))
    assert [v.val_accuracy for v in state.trials[0].validations] == [0.2]


def test_accuracy_on_the_test_images_with_all_others_for_training() -> None:
    wanted = experiment(["rule"], images=1_000)
    data = DataConfig(limit=1_000, validation=0, evaluate_on="test")
    prepared = prepare(msgspec.structs.replace(wanted, data=data))
    part = prepared.data.splits[0]
    assert len(part.train) == 1_000
    assert part.validation.tolist() == list(range(60_000, 70_000))
    assert len(prepared.data.images) == len(prepared.data.labels) == 70_000
    state = run(prepared)
    assert state.evaluated_on == "test"
    accuracy = state.trials[0].val_accuracy
    assert accuracy is not None
    assert (accuracy * 10_000) == pytest.approx(round(accuracy * 10_000))
    with pytest.raises(UsageError, match="validation must be"):
        Experiment(data=DataConfig(validation=0)).check()


def test_the_split_of_torch_under_a_seed() -> None:
    from torch.utils.data import random_split

    data = DataConfig(split="torch:42", validation=10_000)
    wanted = msgspec.structs.replace(experiment(["rule"], seeds=[0, 5]), data=data)
    splits = prepare(wanted).data.splits
    generator = torch.Generator().manual_seed(42)
    train_part, held = random_split(range(60_000), [50_000, 10_000], generator)  # type: ignore[arg-type, var-annotated]
    for seed in (0, 5):
        assert splits[seed].train.tolist() == list(train_part.indices)
        assert splits[seed].validation.tolist() == list(held.indices)
    for wrong in ("torch", "torch:x", "numpy:1"):
        with pytest.raises(UsageError, match="torch:SEED"):
            Experiment(data=DataConfig(split=wrong)).check()


def test_every_parameter_says_who_wrote_it() -> None:
    wanted = experiment(["rule", "default", "rule@fc2=ones/constant:value=3"], images=300)
    rule, default, mixed = run(wanted).trials
    assert [(v.parameter, v.initializer) for v in mixed.start] == [
        ("fc1.weight", "rule"), ("fc1.bias", "zeros"), ("fc2.weight", "ones"),
        ("fc2.bias", "constant:value=3"), ("fc3.weight", "rule"), ("fc3.bias", "zeros"),
    ]  # fmt: skip
    same = [a.digest == b.digest for a, b in zip(rule.start, default.start, strict=True)]
    assert same == [True, False] * 3
    events = list(run_experiment(wanted))
    assert fold([decode(encode(event)) for event in events]).trials[2].start == mixed.start


def test_minus_zero_is_zero() -> None:
    """No network tells them apart, so contestants that differ in it are one and the same."""
    wanted = experiment(["zeros", "constant:value=-0.0", "constant:value=1e-30"], images=300)
    zeros, minus, tiny = ([v.digest for v in each.start] for each in run(wanted).trials)
    assert zeros == minus
    assert zeros != tiny


def test_estimates_are_positive_and_change_no_training() -> None:
    wanted = experiment(["rule", "zeros"], images=1_000, epochs=2)
    expected = run(wanted)
    prepared = prepare(wanted)
    assert 0 < estimate_seconds(prepared, budget=0.05) < 60
    assert 0 < estimate_probe_seconds(prepared) < 60
    assert worst_relative(expected, run(prepared)) == 0
