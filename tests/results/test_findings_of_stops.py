"""What gradients don't reach: where values leave the graph, or were never free to change."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from tests.support.judged_models import PIXELS, grave, inputs, told

Way = Callable[["Chosen", torch.Tensor], torch.Tensor]


class Chosen(nn.Module):
    """Chooses among what it keeps, in one of the ways people choose."""

    def __init__(self, way: Way) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.way = way
        self.stem, self.router, self.head = (
            nn.Linear(PIXELS, 32), nn.Linear(PIXELS, 4), nn.Linear(32, 10),
        )  # fmt: skip
        self.table = nn.Parameter(torch.randn(4, 32))
        self.gain = nn.Parameter(torch.tensor(0.7))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.head(F.relu(self.stem(x)) + self.way(self, x))


def by_index(model: Chosen, x: torch.Tensor) -> torch.Tensor:
    return model.table[model.router(x).argmax(1)] * model.gain


def by_topk(model: Chosen, x: torch.Tensor) -> torch.Tensor:
    chosen = model.router(x).topk(2, 1)[1]
    out = torch.zeros(len(x), 32)
    for number in range(4):
        is_mine = (chosen == number).any(1)
        out[is_mine] = out[is_mine] + model.table[number]
    return out * model.gain


def by_one_hot(model: Chosen, x: torch.Tensor) -> torch.Tensor:
    return F.one_hot(model.router(x).argmax(1), 4).float() @ model.table * model.gain


def by_share(model: Chosen, x: torch.Tensor) -> torch.Tensor:
    return model.router(x).softmax(1) @ model.table * model.gain


def by_number(model: Chosen, x: torch.Tensor) -> torch.Tensor:
    return by_share(model, x) / model.gain * model.gain.item()


def by_threshold(model: Chosen, x: torch.Tensor) -> torch.Tensor:
    shares = model.router(x).softmax(1)
    return (shares * (shares > model.gain)) @ model.table


def by_number_alone(model: Chosen, x: torch.Tensor) -> torch.Tensor:
    return model.router(x).softmax(1) @ model.table * model.gain.reshape(1).tolist()[0]


def by_array(model: Chosen, x: torch.Tensor) -> torch.Tensor:
    table = torch.from_numpy(model.table.detach().numpy() * 2)
    return model.router(x).softmax(1) @ table * model.gain


def by_float(model: Chosen, x: torch.Tensor) -> torch.Tensor:
    return model.router(x).softmax(1) @ model.table * float(model.gain.detach().exp())


@pytest.mark.parametrize(
    ("way", "by", "names"),
    [
        (by_array, "numpy", ("table",)),
        (by_float, "float", ("gain",)),
        (by_index, "argmax", ("router.weight", "router.bias")),
        (by_topk, "topk", ("router.weight", "router.bias")),
        (by_one_hot, "argmax", ("router.weight", "router.bias")),
        (by_threshold, "gt", ("gain",)),
        (by_number_alone, "tolist", ("gain",)),
    ],
)
def test_what_is_chosen_by_has_no_gradient(way: Way, by: str, names: tuple[str, ...]) -> None:
    model = Chosen(way)
    F.cross_entropy(model(inputs(PIXELS)), torch.arange(96) % 10).backward()
    assert tuple(n for n, p in model.named_parameters() if p.grad is None and n in names)
    found = told(model)
    assert (found["cut"].severity, set(found["cut"].layers)) == ("error", set(names))
    assert f"gradients stop at {by} in the model's forward" in found["cut"].message
    assert "unused" not in found


@pytest.mark.parametrize("way", [by_share, by_number])
def test_what_a_number_is_read_from_beside_has_its_gradient(way: Way) -> None:
    assert not {"cut", "unused", "no-gradient"} & set(told(Chosen(way)))


class Watched(nn.Module):
    """Keeps numbers of a part that isn't in the logits, and has a loss of its own elsewhere."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.body, self.head, self.aside = (
            nn.Linear(PIXELS, 32), nn.Linear(32, 10), nn.Linear(32, 4),
        )  # fmt: skip

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        hidden = F.relu(self.body(x))
        self.kept = self.aside(hidden).detach().argmax(1)
        self.most = float(self.aside(hidden).mean().item())
        return self.head(hidden)


def test_a_part_that_is_only_watched_is_not_cut() -> None:
    found = told(Watched())
    assert grave(found) == set()
    assert found["unused"].message.endswith("come to the logits: aside.weight, aside.bias")


class Pooled(nn.Module):
    """Pools positions by shares, over the positions or by mistake over the one score of each."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.body, self.score, self.head = nn.Linear(16, 32), nn.Linear(32, 1), nn.Linear(32, 10)
        self.dim = dim

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        hidden = F.relu(self.body(x))
        return self.head((hidden * self.score(hidden).softmax(self.dim)).sum(1))


def test_a_softmax_over_one_choice_gives_no_gradient() -> None:
    found = told(Pooled(2), 6, 16)["no-gradient"]
    assert (found.layers, found.severity) == (("score",), "error")
    assert "no-gradient" not in told(Pooled(1), 6, 16)
