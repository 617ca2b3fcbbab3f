"""Passes through anyone's model: norms of gradients, few samples back, nothing kept in vain."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import nn
from torch.utils.checkpoint import checkpoint

from inittui.inspection import passing
from inittui.inspection.passing import Batch, run, run_in_parts


class Recomputing(nn.Module):
    """A stack that uses one of its layers twice, and recomputes it on the way back."""

    def __init__(self, *, reentrant: bool) -> None:
        super().__init__()
        self.first, self.shared, self.unused = (nn.Linear(8, 8) for _ in range(3))
        self.reentrant = reentrant

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.first(x).relu()
        for _ in range(2):
            x = checkpoint(self.shared, x, use_reentrant=self.reentrant)
        return x


class Sparse(nn.Module):
    """A table whose gradient is sparse."""

    def __init__(self) -> None:
        super().__init__()
        self.table, self.last = nn.Embedding(20, 8, sparse=True), nn.Linear(8, 4)

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        return self.last(self.table(ids)).mean(1)


IDS = torch.tensor([[1, 2, 2], [3, 4, 1]])
CASES: dict[str, tuple[Callable[[], nn.Module], torch.Tensor]] = {
    "plain": (lambda: nn.Sequential(nn.Linear(8, 8), nn.Tanh()), torch.randn(4, 8)),
    "recomputed": (lambda: Recomputing(reentrant=False), torch.randn(4, 8)),
    "recomputed in parts": (lambda: Recomputing(reentrant=True), torch.randn(4, 8)),
    "sparse": (Sparse, IDS),
    "complex": (lambda: nn.Linear(8, 3, dtype=torch.complex64), torch.randn(4, 8) + 0j),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_norms_are_those_of_the_gradients_that_are_kept(name: str) -> None:
    build, inputs = CASES[name]
    torch.manual_seed(0)
    model, batch = build(), Batch((inputs,))
    dropped, kept = run(model, batch), run(model, batch, keeps_gradients=True)
    # What passes back in parts is only known whole: its gradients had to be kept.
    assert bool(dropped.gradients) == (name == "recomputed in parts")
    assert set(kept.gradients) == {n for n, x in kept.sizes.items() if x is not None}
    for parameter, found in kept.sizes.items():
        assert dropped.sizes[parameter] == (None if found is None else pytest.approx(found, 1e-6))
        if (gradient := kept.gradients.get(parameter)) is not None:
            dense = gradient.to_dense() if gradient.is_sparse else gradient
            assert found == pytest.approx(float(dense.abs().square().sum().sqrt()), 1e-5)
    assert all(p.grad is None for p in model.parameters())


def test_one_gradient_at_a_time_is_held(monkeypatch: pytest.MonkeyPatch) -> None:
    model = nn.Sequential(*(nn.Linear(16, 16) for _ in range(6)))
    held, most = passing.size, 0

    def counted(tensor: torch.Tensor | None) -> float:
        nonlocal most
        most = max(most, sum(p.grad is not None for p in model.parameters()))
        return held(tensor)

    monkeypatch.setattr(passing, "size", counted)
    run(model, Batch((torch.randn(4, 16),)))
    assert most == 1


class Normed(nn.Module):
    """Convolutions, and a norm over what is left of each image: ``side`` × ``side`` positions."""

    def __init__(self, side: int) -> None:
        super().__init__()
        self.conv, self.norm = nn.Conv2d(3, 4, 3, padding=1), nn.BatchNorm2d(4)
        self.pool, self.last = nn.AdaptiveAvgPool2d(side), nn.LazyLinear(2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.last(self.norm(self.pool(self.conv(x))).flatten(1))


@pytest.mark.parametrize(("side", "samples"), [(1, 4), (3, 4), (4, 2), (8, 2)])
def test_a_pair_passes_back_where_norms_see_enough_of_each_sample(side: int, samples: int) -> None:
    model = Normed(side)
    images = torch.randn(8, 3, 224, 224)
    model(images[:2])
    model.norm.reset_running_stats()
    passed, few = run_in_parts(model, Batch((images,)))
    assert few.samples == len(passed.batch.tensors[0]) == samples
    assert passed.products.positions == side**2
    assert passed.sizes["conv.weight"]


def test_small_batches_pass_back_whole() -> None:
    batch = Batch((torch.randn(64, 10),))
    _, few = run_in_parts(nn.Linear(10, 2), batch)
    assert few is batch


class Counting(nn.Module):
    """Recomputes in parts what lies behind a norm that counts its batches."""

    def __init__(self) -> None:
        super().__init__()
        self.norm, self.inner = nn.BatchNorm1d(8), Recomputing(reentrant=True)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.inner(self.norm(x))


def test_a_pass_that_has_to_be_repeated_sees_what_the_first_one_saw() -> None:
    model, batch = Counting(), Batch((3 + torch.randn(16, 8),))
    once, again = run(model, batch, keeps_gradients=True), run(model, batch)
    assert again.gradients
    assert again.power == once.power
    assert again.sizes == once.sizes
