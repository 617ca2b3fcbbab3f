"""Laws are told from values: those of the catalogue are named, others are refused."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import pytest
import torch
from torch import nn

from inittui.events.laws import Law
from inittui.inspection.provenance import CLEAR, FEWEST, _evenly, law_of

Fill = Callable[[torch.Tensor], object]

KNOWN: dict[str, Fill] = {
    "rule": lambda w: nn.init.kaiming_uniform_(w, a=5**0.5),
    "xavier_uniform": nn.init.xavier_uniform_,
    "xavier_normal": nn.init.xavier_normal_,
    "he_uniform": lambda w: nn.init.kaiming_uniform_(w, nonlinearity="relu"),
    "kaiming_normal:mode=fan_in,nonlinearity=relu": lambda w: nn.init.kaiming_normal_(
        w, nonlinearity="relu"
    ),
    "kaiming_normal:mode=fan_out,nonlinearity=relu": lambda w: nn.init.kaiming_normal_(
        w, mode="fan_out", nonlinearity="relu"
    ),
    "normal:std=0.02": lambda w: nn.init.normal_(w, std=0.02),
    "trunc_normal:std=0.02,a=-2std,b=2std": lambda w: nn.init.trunc_normal_(
        w, std=0.02, a=-0.04, b=0.04
    ),
    "uniform": nn.init.uniform_,
    "centered": lambda w: nn.init.uniform_(w, -0.5, 0.5),
}
OUTSIDE: dict[str, Fill] = {
    "odd normal": lambda w: nn.init.normal_(w, std=0.0331),
    "odd uniform": lambda w: nn.init.uniform_(w, -0.1234, 0.1234),
    "laplace": lambda w: w.copy_(torch.distributions.Laplace(0.0, 0.02).sample(w.shape)),
    "cut at one": lambda w: nn.init.trunc_normal_(w, std=0.02, a=-0.02, b=0.02),
    "two scales": lambda w: w.normal_(0, 0.02).mul_(1 + 3 * (torch.rand(w.shape) < 0.3)),
}
SHAPES = ((64, 40), (64, 64), (10, 256), (32, 16, 3, 3), (300, 100))


def told(fill: Fill, shape: tuple[int, ...], seed: int) -> Law:
    torch.manual_seed(seed)
    weight = torch.empty(shape)
    with torch.no_grad():
        fill(weight)
    return law_of(weight)


def test_what_is_sure_or_likely_is_hardly_ever_wrong() -> None:
    """The rate of wrong answers is at most .3 %: none is to be expected of these 225."""
    words: Counter[str] = Counter()
    wrong = []
    for name, fill in (KNOWN | OUTSIDE).items():
        for shape in SHAPES:
            for seed in range(3):
                law = told(fill, shape, seed)
                words[law.word] += 1
                right = name in law.names if name in KNOWN else not law.names
                if law.word in ("sure", "likely") and not right:
                    wrong.append((name, shape, seed, law))
    assert wrong == []
    # Not by refusing everything: all of the catalogue is named, half of it alone.
    drawn = len(KNOWN) * len(SHAPES) * 3
    assert words["can't tell"] <= len(OUTSIDE) * len(SHAPES) * 3 + 0.02 * drawn
    assert words["sure"] >= 0.5 * drawn


@pytest.mark.parametrize(
    ("values", "name"),
    [
        (torch.zeros(3), "zeros"),
        (torch.ones(3, 4), "ones"),
        (torch.full((5,), 0.25), "constant:value=0.25"),
        (torch.eye(4, 6), "eye"),
        (nn.init.dirac_(torch.empty(4, 4, 3, 3)), "dirac"),
        (nn.init.orthogonal_(torch.empty(30, 20)), "orthogonal"),
        (nn.init.orthogonal_(torch.empty(20, 8, 3, 3), 1.5), "orthogonal:gain=1.5"),
    ],
)
def test_what_is_no_matter_of_chance_is_sure(values: torch.Tensor, name: str) -> None:
    law = law_of(values)
    assert (law.word, law.names) == ("sure", (name,))
    assert law.text == f"{name}, sure"


def test_one_value_is_no_constant() -> None:
    """A bias of one unit, drawn by whatever law, was said to be surely constant."""
    law = law_of(torch.full((1,), -0.02))
    assert (law.word, law.names) == ("can't tell", ())
    assert law_of(torch.zeros(1)).names == ("zeros",)


def test_two_laws_of_one_scale_are_both_named() -> None:
    law = told(nn.init.xavier_normal_, (80, 80), 0)
    assert law.word == "likely"
    assert {"xavier_normal", "normal"} <= set(law.names)


def test_few_values_are_never_sure() -> None:
    for seed in range(20):
        few = told(nn.init.xavier_normal_, (40, 50), seed)  # 3.5 standard errors are 5.5 %
        assert few.word in ("could be", "can't tell")
        fewer = told(nn.init.xavier_normal_, (FEWEST // 20, 19), seed)
        assert (fewer.word, fewer.family, fewer.names) == ("can't tell", "other", ())
    assert CLEAR == 0.05


def test_the_operations_fans_find_what_the_shape_hides() -> None:
    """A weight stored [in, out] and drawn by its true fan-in."""
    torch.manual_seed(0)
    weight = torch.randn(64, 256) * (2 / 64) ** 0.5
    by_shape = law_of(weight)
    by_use = law_of(weight, (64, 256))
    assert "kaiming_normal:mode=fan_out,nonlinearity=relu" in by_shape.names
    named = "kaiming_normal:mode=fan_in,nonlinearity=relu by the operation's fans"
    assert named in by_use.names


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, torch.float64])
def test_other_types_are_told_alike(dtype: torch.dtype) -> None:
    torch.manual_seed(1)
    law = law_of(nn.init.xavier_uniform_(torch.empty(100, 300)).to(dtype))
    assert law.names == ("xavier_uniform",)


def test_what_has_no_law_is_refused() -> None:
    for tensor in (
        torch.tensor([1.0, torch.nan]),
        torch.empty(0, 3),
        torch.arange(400),
        torch.empty(20, 20, device="meta"),
        torch.zeros(300, dtype=torch.complex64),
    ):
        law = law_of(tensor)
        assert (law.word, law.names) == ("can't tell", ())


def test_of_more_values_than_float32_can_count_some_are_picked_too() -> None:
    wide = torch.empty(1).expand(50_257 * 768)
    assert len(_evenly(wide, 20_000)) == 20_000
    assert _evenly(torch.arange(101), 5).tolist() == [0, 25, 50, 75, 100]
