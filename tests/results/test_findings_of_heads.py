"""Logits that are squashed, so that the loss has a floor or a half of them no gradient."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from inittui.inspection.probe import probe
from inittui.results.findings import find
from tests.support.judged_models import PIXELS, As, inputs, stack, told


@pytest.mark.parametrize(
    ("end", "floor"),
    [
        (nn.Softmax(1), math.log1p(9 / math.e)),
        (nn.Sigmoid(), math.log1p(9 / math.e)),
        (nn.Tanh(), math.log1p(9 * math.exp(-2))),
        (As(lambda x: x.exp() / x.exp().sum(1, keepdim=True)), math.log1p(9 / math.e)),
        (As(lambda x: torch.sigmoid(x).view(-1, 10)), math.log1p(9 / math.e)),
        (nn.ReLU(), None),
        (As(lambda x: x.clamp(min=0)), None),
    ],
)
def test_logits_that_are_squashed_are_told(end: nn.Module, floor: float | None) -> None:
    for model in (stack(PIXELS, 32, 10), nn.Sequential(nn.Linear(PIXELS, 10))):
        found = told(nn.Sequential(*model, end))["squashed-logits"]
        assert found.severity == "warning"
        if floor is not None:
            assert found.evidence["floor"] == pytest.approx(floor)
            # The floor is one: no logits of that kind have a lower loss.
            best = end(torch.full((1, 10), -80.0).index_fill(1, torch.tensor([3]), 80.0))
            assert F.cross_entropy(best, torch.tensor([3])).item() >= floor - 1e-4


def test_a_log_softmax_does_no_harm() -> None:
    ends = nn.LogSoftmax(1), As(lambda x: x - x.logsumexp(1, keepdim=True))
    for end in ends:
        found = told(nn.Sequential(*stack(PIXELS, 32, 10), end))
        assert found["squashed-logits"].severity == "note"
    assert "squashed-logits" not in told(stack(PIXELS, 32, 10))
    assert "squashed-logits" not in told(stack(PIXELS, 32, 10, act=nn.Sigmoid))


@pytest.mark.parametrize(
    ("end", "apart"),
    [
        (nn.Hardtanh(), 2),
        (nn.Hardtanh(-0.5, 1), 1.5),
        (nn.Softsign(), 2),
        (nn.Softmin(1), 1),
        (As(torch.erf), 2),
        (As(lambda x: x.clamp(-1, 2)), 3),
        (As(torch.atan), math.pi),
        (As(lambda x: torch.tanh(x) / 2), 1),
        (As(lambda x: 3 - 0.5 * torch.sigmoid(x)), 0.5),
        (As(lambda x: x.softmax(1) / 100), 0.01),
        (As(lambda x: (torch.sigmoid(x) + torch.tanh(x)) / torch.tensor(2.0)), 1.5),
        (As(lambda x: torch.stack([x.sigmoid(), (2 * x).sigmoid()]).mean(0)), 1),
        (nn.Sequential(nn.Sigmoid(), nn.Dropout(0.1)), 1),
        (nn.Sequential(As(lambda x: x.unsqueeze(1)), nn.Tanh(), As(lambda x: x.mean(1))), 2),
    ],
)
def test_bounds_are_followed_through_numbers(end: nn.Module, apart: float) -> None:
    found = told(nn.Sequential(*stack(PIXELS, 32, 10), end))["squashed-logits"]
    assert found.severity == "warning"
    assert found.evidence["floor"] == pytest.approx(math.log1p(9 * math.exp(-apart)))
    far = 1e6 * torch.randn(4096, 10, generator=torch.Generator().manual_seed(0))
    values = end.eval()(far)
    assert float(values.max() - values.min()) <= apart + 1e-5


class Cosines(nn.Module):
    def __init__(self, scale: float | None, way: str = "linear") -> None:
        super().__init__()
        self.body = stack(PIXELS, 32, 24)
        self.classes = nn.Parameter(torch.randn(10, 24))
        self.scale = nn.Parameter(torch.tensor(0.0)) if scale is None else scale
        self.way = way

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        one, other = F.normalize(self.body(x), dim=1), F.normalize(self.classes, dim=1)
        if self.way == "linear":
            logits = F.linear(one, other)
        elif self.way == "pairs":
            logits = F.cosine_similarity(self.body(x)[:, None], self.classes[None], dim=2)
        else:
            logits = one @ other.T
        return logits * (self.scale.exp() if isinstance(self.scale, torch.Tensor) else self.scale)


@pytest.mark.parametrize("way", ["linear", "pairs", "product"])
def test_cosines_need_a_temperature(way: str) -> None:
    found = told(Cosines(1.0, way))["squashed-logits"]
    assert found.evidence["floor"] == pytest.approx(math.log1p(9 * math.exp(-2)))
    assert "squashed-logits" not in told(Cosines(16.0, way))
    assert "squashed-logits" not in told(Cosines(None, way))  # a parameter makes them free


@pytest.mark.parametrize(
    "end",
    [
        As(lambda x: 30 * torch.tanh(x / 30)),
        As(lambda x: x / 100),
        nn.LogSigmoid(),
        nn.Dropout(0.1),
        As(lambda x: x.clamp(-50, 50)),
        As(lambda x: (x.softmax(1) + (2 * x).softmax(1)).log()),
        As(lambda x: x.tanh() + x),
        As(lambda x: x * x.sigmoid()),
    ],
)
def test_logits_that_can_lie_far_apart_are_free(end: nn.Module) -> None:
    assert "squashed-logits" not in told(nn.Sequential(*stack(PIXELS, 32, 10), end))


def test_what_adds_up_to_one_by_chance_is_no_softmax() -> None:
    model = stack(PIXELS, 32, 10)
    nn.init.zeros_(model[-1].weight)
    nn.init.constant_(model[-1].bias, 0.1)
    assert set(told(model)) == {"same-logits"}


def told_of_positions(model: nn.Module) -> set[str]:
    images = inputs(6, 16)
    labels = torch.arange(96 * 6).reshape(96, 6) % 10
    return {x.kind for x in find(probe(model, images, labels, percentile=99.9))}


@pytest.mark.parametrize(
    ("end", "kinds"),
    [
        (lambda x: x.exp() / x.exp().sum(-1, keepdim=True), {"squashed-logits"}),
        (lambda x: x.softmax(1), {"squashed-logits"}),
        (lambda x: x, set()),
    ],
)
def test_heads_of_sequences(end: Callable[[torch.Tensor], torch.Tensor], kinds: set[str]) -> None:
    model = nn.Sequential(*stack(16, 32, 10), As(end))
    assert told_of_positions(model) == kinds


def test_a_rectifier_of_ones_own_at_the_end() -> None:
    found = told(nn.Sequential(*stack(PIXELS, 32, 10), As(lambda x: x * (x > 0))))
    assert "less than 0" in found["squashed-logits"].message


def test_samples_that_reach_no_class_are_no_rectifier() -> None:
    """Positive weights behind a rectifier: all logits of a sample are 0, or none is."""
    model = stack(PIXELS, 3, 10)
    model[-1].weight.data.abs_()
    assert "squashed-logits" not in told(model)
