"""Rules on anyone's model: each fault is found, its mended twin and what is meant are not told."""

from __future__ import annotations

import functools
import math
from pathlib import Path

import pytest
import torch
from torch import nn

from inittui.errors import UsageError
from inittui.events.facts import Facts, TensorFacts
from inittui.inspection.examine import examine
from inittui.results.checking import judge
from inittui.results.rules.catalogue import RULES
from inittui.results.rules.codes import fingerprint
from inittui.results.rules.finding import Finding
from tests.support import faulty_models, mis_scaled_models
from tests.support.judged_models import Dropping
from tests.support.meant_models import MEANT
from tests.support.mis_scaled_models import MIS_SCALED
from tests.support.model_cases import Case
from tests.support.unusual_models import UNUSUAL

FAULTS = {**faulty_models.FAULTS, **MIS_SCALED, **UNUSUAL}


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
        facts = examine(lambda: MEANT[name].build(True), [MEANT[name].input], seed=seed)
        assert facts.failure == ""
        told = judge(facts)
        assert [x for x in told if x.severity != "note"] == []


def test_the_place_that_wrote_a_tensor_is_told() -> None:
    (told,) = found(FAULTS["loaded_then_drawn"], mended=False, seed=0)
    file, _, line = told.where.rpartition(":")
    assert file.endswith("faulty_models.py")
    assert int(line) > 0
    assert told.layers == ("0.weight", "0.bias", "2.weight", "2.bias")


def test_units_that_their_biases_keep_at_zero_are_placed_at_these() -> None:
    """What has to be changed stands in the line that wrote the biases, not the weights."""
    source = Path(mis_scaled_models.__file__).read_text("utf-8").splitlines()
    told = {x.code: x for x in found(FAULTS["biases_far_below"], mended=False, seed=0)}
    for code in ("I404", "I407"):
        line = int(told[code].where.rpartition(":")[2])
        assert "nn.init.constant_(model[index].bias, -4.0)" in source[line - 1]


@pytest.mark.parametrize(("name", "advice"), [
    ("biases_far_below", "no unit of a ReLU is above 0"),
    ("norms_of_the_trunk_at_zero", "norms with a weight of 0"),
    ("both_factors_zero", "let one factor of each product be drawn by chance"),
])  # fmt: skip
def test_what_keeps_gradients_away_is_advised_on(name: str, advice: str) -> None:
    (told,) = [x for x in found(FAULTS[name], mended=False, seed=0) if x.code == "I407"]
    assert advice in told.advice


def test_a_scale_by_the_outputs_is_no_variance_where_both_are_one_number() -> None:
    def build() -> nn.Module:
        model = nn.Sequential(nn.Linear(32, 512, bias=False), nn.ReLU(), nn.Linear(512, 8))
        nn.init.normal_(model[0].weight, std=math.sqrt(2 / 512))  # = 2 / 32
        return model

    assert [x.code for x in judge(examine(build, "32", once=True), select=("I3",))] == []


class Language(nn.Module):
    """All weights by one rule, and what ends a branch by another; or the other way round."""

    def __init__(self, *, general_last: bool = False) -> None:
        super().__init__()
        self.table, self.inner, self.ends = nn.Embedding(50, 16), nn.Linear(16, 16), nn.ModuleList()
        self.ends.extend(nn.Linear(16, 16) for _ in range(3))
        for rule in (self.special, self.general) if general_last else (self.general, self.special):
            rule()

    def general(self) -> None:
        for parameter in self.parameters():
            if parameter.dim() > 1:
                nn.init.normal_(parameter, std=0.2)

    def special(self) -> None:
        for module in self.ends:
            nn.init.normal_(module.weight, std=0.1)

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        x = self.inner(self.table(ids))
        for each in self.ends:
            x = x + each(x)
        return x


def test_a_rule_for_some_after_one_for_all_is_no_second_initialization() -> None:
    assert "I104" not in {x.code for x in judge(examine(Language, once=True))}
    build = functools.partial(Language, general_last=True)
    (told,) = judge(examine(build, once=True), select=("I104",))
    assert told.layers == ("ends.0.weight", "ends.1.weight", "ends.2.weight")
    turns = "normal_ with mean=0, std=0.1, then normal_ with mean=0, std=0.2"
    assert told.message.startswith(f"initialized more than once: ends.0.weight ({turns})")


def test_functions_are_told_in_the_order_of_their_calls() -> None:
    (told,) = judge(
        examine(functools.partial(FAULTS["special_then_general"].build, False), "32", once=True),
        select=("I104",),
    )
    assert "0.weight (orthogonal_, then xavier_normal_)" in told.message


def test_units_that_stay_equal_are_counted_not_those_that_were_at_first() -> None:
    class Attention(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.all, self.out = nn.Linear(16, 48), nn.Linear(16, 16)
            nn.init.zeros_(self.all.weight)
            nn.init.zeros_(self.all.bias)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            q, k, v = self.all(x).chunk(3, -1)
            return self.out(torch.softmax(q @ k.transpose(1, 2), -1) @ v)

    (told,) = judge(examine(Attention, "5x16", once=True), select=("I201",))
    assert told.message == "equal units stay equal: all.weight (32 of 48 units)"


class Scale(nn.Module):
    def __init__(self, *, has_list: bool = False) -> None:
        super().__init__()
        self.linear = nn.Linear(8, 8)
        made = [nn.Parameter(torch.ones(8)) for _ in range(2)]
        self.scales = nn.ParameterList(made) if has_list else None
        self.scale = None if has_list else made[0]

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        for each in [self.scale] if self.scales is None else self.scales:
            x = x * each
        return self.linear(x)


class Resettable(Scale):
    def reset_parameters(self) -> None:
        for each in [self.scale] if self.scales is None else self.scales:
            nn.init.ones_(each)


def test_modules_that_nothing_fills_anew_are_told_where_it_is_asked() -> None:
    facts = examine(lambda: nn.Sequential(Scale(), Resettable(), Scale(has_list=True),
                                          Resettable(has_list=True)), "8", once=True)  # fmt: skip
    assert judge(facts) == ()
    assert judge(facts, select=("I6",)) == ()
    (told,) = judge(facts, select=("I603",))
    assert told.layers == ("0.scale", "2.scales.0", "2.scales.1")
    assert "0.scale (Scale), 2.scales.0 (ParameterList)" in told.message
    assert judge(facts, select=("I603",), ignore=("I603",)) == ()


def test_modules_that_nothing_fills_anew_are_told_where_there_are_no_values() -> None:
    def build() -> nn.Module:
        with torch.device("meta"):
            return nn.Sequential(Scale(), Resettable(), nn.MultiheadAttention(8, 2))

    told = judge(examine(build, "8"), select=("I602", "I603"))
    assert [x.code for x in told] == ["I602", "I603"]
    assert told[1].layers == ("0.scale", "2.in_proj_weight", "2.in_proj_bias")


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


def test_what_drowns_the_signal_is_named() -> None:
    told = found(UNUSUAL["positions_that_drown_tokens"], mended=False, seed=0)
    (blind,) = [each for each in told if each.code == "I401"]
    assert blind.layers == ("positions.weight",)
    # Mean squares of 1 and 0.02², give or take the 2 % of 2,048 values each.
    assert blind.evidence["positions.weight"] == pytest.approx(2500, rel=0.15)


@pytest.mark.parametrize(("drop", "severity"), [
    (nn.Dropout(0.3), "warning"),
    (Dropping(0.3), "warning"),
    (nn.Identity(), "error"),
])  # fmt: skip
def test_equal_units_that_dropout_tells_apart_are_no_error(drop: nn.Module, severity: str) -> None:
    def build() -> nn.Module:
        model = nn.Sequential(nn.Linear(64, 32), nn.ReLU(), drop, nn.Linear(32, 10))
        for number in (0, 3):
            nn.init.constant_(model[number].weight, 0.02)
        nn.init.zeros_(model[0].bias)
        return model

    (told,) = [x for x in judge(examine(build, ["64"], once=True)) if x.code == "I201"]
    assert told.severity == severity
    assert told.message.endswith("; dropout may tell them apart") is (severity == "warning")
