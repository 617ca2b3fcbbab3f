"""Proposed start values: by what is summed and what follows; deliberate zeros stay."""

from __future__ import annotations

import math

import pytest
import torch
from torch import nn

import inittui
from inittui.inspection.examine import examine
from inittui.inspection.refilled import refilled
from inittui.results.checking import judge
from inittui.results.fixing import of_values, propose
from inittui.results.rules.codes import of_rule


class Residual(nn.Module):
    """Six branches behind norms, the last γ of each 0 as Goyal et al. have it, and a head."""

    def __init__(self, width: int = 32, links: int = 6) -> None:
        super().__init__()
        self.norms = nn.ModuleList(nn.LayerNorm(width) for _ in range(links))
        self.ups = nn.ModuleList(nn.Linear(width, 4 * width) for _ in range(links))
        self.downs = nn.ModuleList(nn.Linear(4 * width, width) for _ in range(links))
        self.head = nn.Linear(width, 5)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        for norm, up, down in zip(self.norms, self.ups, self.downs, strict=True):
            x = x + down(torch.relu(up(norm(x))))
        return self.head(x)


def test_scales_are_those_of_the_operation() -> None:
    def build() -> nn.Module:
        torch.manual_seed(0)
        return Residual()

    proposal = propose(examine(build, "32", once=True))
    assert proposal.stds["ups.0.weight"] == pytest.approx(math.sqrt(2 / 32))
    assert proposal.stds["downs.3.weight"] == pytest.approx(1 / math.sqrt(128 * 6))
    assert proposal.stds["head.weight"] == pytest.approx(1 / math.sqrt(32))
    assert "norms.0.weight" in proposal.ones
    assert "ups.0.bias" in proposal.zeros


def test_zeros_that_learn_are_kept_and_others_are_not() -> None:
    def build() -> nn.Module:
        model = nn.Sequential(nn.Linear(12, 16), nn.ReLU(), nn.Linear(16, 16), nn.Linear(16, 4))
        nn.init.zeros_(model[3].weight)  # a head of zeros learns
        return model

    proposal = propose(examine(build, "12", once=True))
    assert "3.weight" in proposal.kept

    def dead() -> nn.Module:
        model = build()
        nn.init.zeros_(model[2].weight)  # with it nothing reaches either
        nn.init.zeros_(model[2].bias)
        return model

    assert {"2.weight", "3.weight"} <= propose(examine(dead, "12", once=True)).stds.keys()


def test_a_copy_is_refilled_and_the_model_is_not() -> None:
    model = nn.Sequential(nn.Linear(64, 32), nn.LayerNorm(32))
    before = {name: value.clone() for name, value in model.state_dict().items()}
    state = torch.get_rng_state()
    copied = refilled(model, {"0.weight": 0.5}, ["1.weight"], ["0.bias"])
    assert torch.equal(torch.get_rng_state(), state)
    assert all(torch.equal(before[name], value) for name, value in model.state_dict().items())
    values = copied.state_dict()
    assert float(values["0.weight"].std()) == pytest.approx(0.5, rel=0.1)
    assert float(values["0.bias"].abs().max()) == 0


def test_where_no_scale_helps_it_is_said() -> None:
    def build() -> nn.Module:
        layers = [x for _ in range(10) for x in (nn.Linear(16, 16), nn.Sigmoid())]
        return nn.Sequential(*layers, nn.Linear(16, 4))

    facts = examine(build, "16", once=True)
    proposal = propose(facts)
    assert any("10 layers of sigmoid" in remark for remark in proposal.remarks)
    model = refilled(build(), proposal.stds, proposal.ones, proposal.zeros)
    assert any(each.code in ("I401", "I403") for each in judge(examine(model, "16")))


def test_how_a_model_is_built_is_beyond_values() -> None:
    built = of_rule("I103", ("a",), "overwritten")
    value = of_rule("I401", ("a",), "blind")
    assert of_values((built, value)) == (value,)


def test_a_proposal_mends_a_blind_model() -> None:
    def build() -> nn.Module:
        layers = [x for _ in range(30) for x in (nn.Linear(32, 32), nn.ReLU())]
        return nn.Sequential(*layers, nn.Linear(32, 4))

    facts = examine(build, "32", once=True)
    assert "I401" in [each.code for each in judge(facts)]
    proposal = propose(facts)
    model = refilled(build(), proposal.stds, proposal.ones, proposal.zeros)
    assert [x.code for x in inittui.check(model, "32").findings if x.severity != "note"] == []
