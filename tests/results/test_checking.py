"""Rules on anyone's model: each fault is found, its mended twin and what is meant are not told."""

from __future__ import annotations

import functools

import pytest
import torch
from torch import nn

from inittui.errors import UsageError
from inittui.events.facts import Facts, TensorFacts
from inittui.inspection.examine import examine
from inittui.results.checking import judge
from inittui.results.rules.catalogue import RULES, fingerprint
from inittui.results.rules.finding import Finding
from tests.support.faulty_models import FAULTS, MEANT, Case


def found(case: Case, *, mended: bool, seed: int) -> tuple[Finding, ...]:
    build = functools.partial(case.build, mended)
    facts = examine(build, [case.input], once=not case.rebuilds, seed=seed)
    assert case.expected == ("I602",) or facts.failure == ""
    return judge(facts)


@pytest.mark.parametrize("name", FAULTS)
def test_faults_are_found_and_their_mended_twins_silent(name: str) -> None:
    case = FAULTS[name]
    for seed in (0, 3):
        assert {x.code for x in found(case, mended=False, seed=seed)} & {*case.expected}
        twin = found(case, mended=True, seed=seed)
        assert [x for x in twin if x.severity != "note" or x.code in case.expected] == []


@pytest.mark.parametrize("name", MEANT)
def test_what_is_meant_is_not_told(name: str) -> None:
    for seed in (0, 3):
        told = found(MEANT[name], mended=True, seed=seed)
        assert [x for x in told if x.severity != "note"] == []


def test_the_place_that_wrote_a_tensor_is_told() -> None:
    (told,) = found(FAULTS["loaded_then_drawn"], mended=False, seed=0)
    file, _, line = told.where.rpartition(":")
    assert file.endswith("faulty_models.py")
    assert int(line) > 0
    assert told.layers == ("0.weight", "0.bias", "2.weight", "2.bias")


def test_garbage_hides_what_follows_from_it() -> None:
    facts = Facts(
        tensors=(TensorFacts(name="w", shape=(8, 8), dtype="float32", count=64, unwritten=64,
                             not_finite=64, nan=64),),
        is_recorded=True,
    )  # fmt: skip
    assert [x.code for x in judge(facts)] == ["I002"]


def test_rules_are_chosen_by_the_beginning_of_their_codes() -> None:
    facts = examine(functools.partial(FAULTS["all_zeros"].build, False), "64", once=True)
    codes = {x.code for x in judge(facts)}
    assert {x.code for x in judge(facts, select=("I2",))} == {c for c in codes if c[:2] == "I2"}
    assert {x.code for x in judge(facts, ignore=("I2",))} == {c for c in codes if c[:2] != "I2"}


def test_limits_are_the_catalogues_unless_others_are_given() -> None:
    facts = examine(functools.partial(FAULTS["dead_with_positive_inputs"].build, False),
                    "pos:256", once=True)  # fmt: skip
    assert "I404" in {x.code for x in judge(facts)}
    assert "I404" not in {x.code for x in judge(facts, limits={"I404.share": 1.01})}
    with pytest.raises(UsageError, match=r"no limit 'I404\.shares'; did you mean"):
        judge(facts, limits={"I404.shares": 0.5})


def test_a_fingerprint_is_of_the_rule_and_its_layers() -> None:
    told = found(FAULTS["all_ones"], mended=False, seed=0)
    assert all(x.fingerprint == fingerprint(x.code, x.layers) for x in told)
    assert len({rule.code for rule in RULES}) == len(RULES)


def test_the_gravest_come_first() -> None:
    told = found(FAULTS["dead_with_positive_inputs"], mended=False, seed=0)
    severities = ["error", "warning", "note"]
    keys = [(severities.index(x.severity), x.code) for x in told]
    assert keys == sorted(keys)
    assert len(keys) > 1


SMALL = (
    "squeezenet1_0", "shufflenet_v2_x0_5", "mobilenet_v3_small", "mnasnet0_5", "resnet18",
    "mobilenet_v2", "regnet_x_400mf", "regnet_y_400mf", "efficientnet_b0", "densenet121",
    "googlenet", "mobilenet_v3_large",
)  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("name", SMALL)
def test_known_architectures_are_not_accused(name: str) -> None:
    import torchvision

    settings = {"init_weights": False} if name == "googlenet" else {}
    build = functools.partial(torchvision.models.get_model, name, weights=None, **settings)
    facts = examine(build, "3x64x64", once=True)
    assert facts.failure == ""
    assert [(x.code, x.message) for x in judge(facts) if x.severity != "note"] == []


def test_a_model_may_be_given_that_is_built_already() -> None:
    torch.manual_seed(0)
    facts = examine(nn.Sequential(nn.Linear(8, 8), nn.ReLU(), nn.Linear(8, 3)), "8")
    assert not facts.is_recorded
    assert [x for x in judge(facts) if x.severity != "note"] == []
