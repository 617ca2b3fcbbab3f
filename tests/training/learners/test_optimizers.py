"""Our steps against PyTorch's optimizers, model by model and flat."""

from __future__ import annotations

import pytest
import torch

from inittui.experiment.records import OPTIMIZERS
from inittui.training.learners.optimizers import OptimizerStep

THEIRS = {
    "adam": torch.optim.Adam,
    "adamw": torch.optim.AdamW,
    "sgd": torch.optim.SGD,
    "rmsprop": torch.optim.RMSprop,
}


def test_every_optimizer_is_known() -> None:
    assert set(THEIRS) == set(OPTIMIZERS)


@pytest.mark.parametrize("name", OPTIMIZERS)
@pytest.mark.parametrize("flat", [False, True])
def test_steps_equal_pytorch(name: str, flat: bool) -> None:
    generator = torch.Generator().manual_seed(0)
    shapes = [(5, 3), (5,), (2, 5)]
    start = [torch.randn(shape, generator=generator) for shape in shapes]
    theirs = [torch.nn.Parameter(tensor.clone()) for tensor in start]
    optimizer = THEIRS[name](theirs, lr=0.01, **({"foreach": False}))
    mine = [tensor.clone() for tensor in start]
    if flat:
        mine = [torch.cat([tensor.flatten() for tensor in mine])]
    gradients = [torch.empty_like(tensor) for tensor in mine]
    step = OptimizerStep(name, 0.01, mine, gradients)  # type: ignore[arg-type]
    for _ in range(20):
        drawn = [torch.randn(shape, generator=generator) for shape in shapes]
        for parameter, gradient in zip(theirs, drawn, strict=True):
            parameter.grad = gradient
        given = [torch.cat([g.flatten() for g in drawn])] if flat else drawn
        for buffer, gradient in zip(gradients, given, strict=True):
            buffer.copy_(gradient)
        optimizer.step()
        step.step()
    expected = [p.detach() for p in theirs]
    if flat:
        expected = [torch.cat([tensor.flatten() for tensor in expected])]
    for one, other in zip(mine, expected, strict=True):
        torch.testing.assert_close(one, other, rtol=2e-6, atol=1e-7)
