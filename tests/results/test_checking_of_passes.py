"""What a pass through anyone's model is said to mean: true of what is built to be so."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.utils.parametrizations import weight_norm

from inittui.inspection.examine import examine
from inittui.results.checking import judge
from inittui.results.rules.finding import Finding


def told(build: Callable[[], nn.Module], shape: str) -> dict[str, Finding]:
    facts = examine(build, [shape], once=True)
    assert facts.failure == ""
    return {each.code: each for each in judge(facts)}


def all_zero(depth: int) -> nn.Module:
    """Biases let gradients in from the end on, one layer further with each step."""
    model = nn.Sequential()
    for _ in range(depth):
        model.extend([nn.Linear(16, 16), nn.Tanh()])
    model.append(nn.Linear(16, 5))
    for module in model:
        if isinstance(module, nn.Linear):
            nn.init.zeros_(module.weight)
    return model


@pytest.mark.parametrize("depth", [3, 6])
def test_what_wakes_after_many_steps_is_not_said_never_to_learn(depth: int) -> None:
    found = told(lambda: all_zero(depth), "16")
    assert "I407" not in found
    assert "I406" in found
    model = all_zero(depth).double()
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    x, y = torch.randn(32, 16, dtype=torch.float64), torch.arange(32) % 5
    for step in range(depth + 1):
        optimizer.zero_grad()
        F.cross_entropy(model(x), y).backward()
        arrives = bool(next(model.parameters()).grad.any())  # type: ignore[union-attr]
        assert arrives is (step == depth)
        optimizer.step()


def detector() -> nn.Module:
    """Starts at a small probability of all classes (Lin et al. 2017, focal loss)."""
    model = nn.Sequential(nn.Conv2d(3, 8, 3, 2), nn.ReLU(), nn.Conv2d(8, 4, 3))
    nn.init.normal_(model[2].weight, std=0.01)
    nn.init.constant_(model[2].bias, -4.6)
    return model


def discriminator() -> nn.Module:
    model = nn.Sequential(nn.Linear(32, 32), nn.LeakyReLU(0.2), nn.Linear(32, 1), nn.Sigmoid())
    nn.init.normal_(model[2].weight, std=0.002)
    return model


@pytest.mark.parametrize(("build", "shape"), [(detector, "3x16x16"), (discriminator, "32")])
def test_what_all_outputs_have_in_common_drowns_nothing(
    build: Callable[[], nn.Module], shape: str
) -> None:
    assert not {"I401", "I402"} & told(build, shape).keys()


def test_what_drowns_before_the_last_layer_is_still_blind() -> None:
    def build() -> nn.Module:
        model = nn.Sequential(nn.Linear(32, 32), nn.Sigmoid(), nn.Linear(32, 4))
        nn.init.normal_(model[0].weight, std=1e-5)
        return model

    assert told(build, "32")["I401"].severity == "error"


class Skipping(nn.Module):
    """Adds branches whose last layers are normed, with gains that start at 0."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Linear(16, 16)
        self.branches = nn.ModuleList(weight_norm(nn.Linear(16, 16)) for _ in range(3))
        for branch in self.branches:
            nn.init.zeros_(branch.parametrizations.weight.original0)  # type: ignore[union-attr]
        self.last = nn.Linear(16, 4)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = torch.tanh(self.first(x))
        return self.last(sum((branch(x) for branch in self.branches), torch.zeros(())))


def test_gains_of_weights_are_opened_before_outputs_are_judged() -> None:
    assert {each.severity for each in told(Skipping, "16").values()} <= {"note"}


class OwnNorm(nn.Module):
    """Zhang and Sennrich 2019, or Ba et al. 2016, as many write it."""

    def __init__(self, *, is_centred: bool, is_drawn: bool) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(32))
        self.is_centred = is_centred
        if is_drawn:
            nn.init.normal_(self.weight, std=0.02)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if self.is_centred:
            x = x - x.mean(-1, keepdim=True)
            return self.weight * (x / (x.pow(2).mean(-1, keepdim=True) + 1e-6).sqrt())
        scaled = x.float() * torch.rsqrt(x.float().pow(2).mean(-1, keepdim=True) + 1e-6)
        return scaled.type_as(x) * self.weight


@pytest.mark.parametrize("is_centred", [True, False])
@pytest.mark.parametrize("is_drawn", [True, False])
def test_scales_of_norms_are_known_that_are_written_out(is_centred: bool, is_drawn: bool) -> None:
    def build() -> nn.Module:
        norm = OwnNorm(is_centred=is_centred, is_drawn=is_drawn)
        return nn.Sequential(nn.Linear(16, 32), norm, nn.Linear(32, 5))

    found = told(build, "16")
    assert ("I505" in found) is is_drawn
    if is_drawn:
        assert found["I505"].layers == ("1.weight",)


def test_zeros_are_told_as_zeros_and_not_as_dead_units_or_scales() -> None:
    def build() -> nn.Module:
        model = nn.Sequential(nn.Linear(16, 256), nn.ReLU(), nn.Linear(256, 5))
        for number in (0, 2):
            nn.init.zeros_(model[number].weight)
            nn.init.zeros_(model[number].bias)
        return model

    found = told(build, "16")
    assert "one factor of each product" in found["I407"].advice
    assert "I404" not in found


def test_zeros_make_no_scale_harmful() -> None:
    def build() -> nn.Module:
        model = nn.Sequential(nn.Linear(16, 64), nn.Tanh(), nn.Linear(64, 64), nn.Tanh())
        model.append(nn.Linear(64, 5))
        nn.init.zeros_(model[0].weight)
        nn.init.normal_(model[2].weight, std=0.01)
        return model

    found = told(build, "16")
    assert found["I406"].layers == ("0.weight",)
    assert found["I301"].severity == "note"


class Bag(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.table, self.body = nn.EmbeddingBag(50, 16), nn.Linear(16, 16)
        self.last = nn.Linear(16, 4)
        nn.init.zeros_(self.table.weight)

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        return self.last(torch.tanh(self.body(self.table(ids))))


def test_a_table_of_zeros_is_what_keeps_outputs_constant() -> None:
    found = told(Bag, "ids:6:50")
    assert found["I406"].layers == ("table.weight",)
    assert "I401" not in found


class Recurrent(nn.Module):
    def __init__(self, kind: type[nn.RNNBase], drop: float) -> None:
        super().__init__()
        self.rnn, self.last = kind(8, 16, 2, batch_first=True, dropout=drop), nn.Linear(16, 4)
        for name, parameter in self.rnn.named_parameters():
            nn.init.constant_(parameter, 0.1 if "weight" in name else 0.0)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.last(self.rnn(x)[0][:, -1])


@pytest.mark.parametrize("kind", [nn.LSTM, nn.GRU, nn.RNN])
@pytest.mark.parametrize("drop", [0.0, 0.2])
def test_equal_units_of_recurrent_layers_stay_equal(kind: type[nn.RNNBase], drop: float) -> None:
    """The upper layer's are told apart by the last one, the lower one's by nothing but dropout."""
    found = told(lambda: Recurrent(kind, drop), "5x8")["I201"]
    assert set(found.layers) == {"rnn.weight_ih_l0", "rnn.weight_hh_l0"}
    assert found.severity == ("warning" if drop else "error")


@pytest.mark.parametrize(("head", "shape", "expected"), [
    (nn.LogSoftmax(-1), "5x16", "note"),
    (nn.Softmax(-1), "5x16", "warning"),
    (nn.Softmax(1), "5x16", "warning"),
    (nn.ReLU(), "5x16", None),
])  # fmt: skip
def test_heads_of_positions_are_told(head: nn.Module, shape: str, expected: str | None) -> None:
    found = told(lambda: nn.Sequential(nn.Linear(16, 7), head), shape).get("I605")
    assert (found and found.severity) == expected


def test_a_sigmoid_on_one_number_is_told() -> None:
    model = nn.Sequential(nn.Linear(16, 8), nn.Tanh(), nn.Linear(8, 1), nn.Sigmoid())
    assert told(lambda: model, "16")["I605"].severity == "note"


class Positioned(nn.Module):
    """Adds positions that drown what they are added to, before sigmoids that make more of that."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.positions = nn.Linear(16, 32), nn.Parameter(torch.randn(32) * 30)
        self.body = nn.Sequential(
            nn.Linear(32, 32), nn.Sigmoid(), nn.Linear(32, 32), nn.Sigmoid(), nn.Linear(32, 5)
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.body(F.layer_norm(self.first(x) + self.positions, (32,)))


def test_what_drowns_the_signal_is_named_though_more_is_lost_later() -> None:
    found = told(Positioned, "16")["I401"]
    assert found.layers == ("positions",)
    assert "since positions is added" in found.message


class Aside(nn.Module):
    """Runs a layer whose outputs go nowhere, and cuts the gradient behind another."""

    def __init__(self, wrap: Callable[[nn.Module], nn.Module]) -> None:
        super().__init__()
        self.first, self.cut = nn.Linear(16, 16), nn.Linear(16, 16)
        self.lost, self.last = wrap(nn.Linear(16, 16)), nn.Linear(16, 4)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = torch.tanh(self.first(x))
        self.lost(x)
        return self.last(x + torch.tanh(self.cut(x)).detach())


@pytest.mark.parametrize("wrap", [weight_norm, lambda layer: layer])
def test_what_runs_for_nothing_is_told_from_a_gradient_that_is_cut(
    wrap: Callable[[nn.Module], nn.Module],
) -> None:
    facts = examine(lambda: Aside(wrap), ["16"], once=True)
    aside, cut = (x for x in judge(facts) if x.code == "I604")
    assert {x.partition(".")[0] for x in aside.layers} == {"lost"}
    assert "doesn't come to the outputs" in aside.message
    assert cut.layers == ("cut.weight",)
    assert ".detach()" in cut.advice


@pytest.mark.parametrize("std", [1e4, None])
def test_a_growing_signal_is_placed_where_it_grows(std: float | None) -> None:
    def build() -> nn.Module:
        model = nn.Sequential()
        for _ in range(12):
            model.extend([nn.Linear(32, 32), nn.ReLU()])
            nn.init.normal_(model[-2].weight, std=0.7 if std is None else 0.25)
        if std is not None:
            nn.init.normal_(model[8].weight, std=std)
        return model.append(nn.Linear(32, 4))

    found = told(build, "32")["I402"]
    assert "grows" in found.message
    if std is not None:
        assert found.layers == ("8.weight",)
        assert found.message.endswith(", most of it at 8.weight")
    else:
        assert "most of it" not in found.message
