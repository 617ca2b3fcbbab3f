"""Drawn inputs: their laws, and that samples stay different when they are pooled."""

from __future__ import annotations

import pytest
import torch

from inittui.experiment.inputs import parse_input, parse_inputs
from inittui.models.inputs import draw_inputs

SHAPES = ["3x32x32", "1x28x28", "2x5x7", "4x1x1", "2x4x6x5", "16x64", "784"]


def drawn(text: str, count: int = 400, seed: int = 0) -> torch.Tensor:
    [values] = draw_inputs([parse_input(text)], count, seed)
    return values


@pytest.mark.parametrize("text", SHAPES)
def test_values_have_mean_0_and_variance_1(text: str) -> None:
    values = drawn(text, 2_000)
    assert values.dtype == torch.float32
    by_sample = values.flatten(1).double()
    assert abs(float(by_sample.mean())) < 0.08
    assert float(by_sample.square().mean()) == pytest.approx(1, abs=0.08)


@pytest.mark.parametrize(("text", "dims"), [("3x32x32", (2, 3)), ("2x4x6x5", (2, 3, 4)),
                                            ("64x64", (1,)), ("64x64", (2,))])  # fmt: skip
def test_pooling_leaves_samples_different(text: str, dims: tuple[int, ...]) -> None:
    pooled = drawn(text).mean(dims)
    assert float(pooled.var(0).mean()) > 0.3


def test_neighbours_in_an_image_are_alike() -> None:
    images = drawn("3x32x32")
    images = images - images.mean((2, 3), keepdim=True)
    beside = (images[..., 1:] * images[..., :-1]).mean() / images.square().mean()
    assert float(beside) > 0.5


def test_ids_are_all_of_a_vocabulary() -> None:
    ids = drawn("ids:6x4:5")
    assert (ids.dtype, ids.shape) == (torch.int64, (400, 6, 4))
    assert ids.unique().tolist() == [0, 1, 2, 3, 4]
    assert drawn("ids:10", 7).shape == (7,)


def test_positive_values_are_sizes() -> None:
    assert torch.equal(drawn("pos:3x8x8"), drawn("3x8x8").abs())


def test_each_input_has_draws_of_its_own() -> None:
    one, two = draw_inputs(parse_inputs(["8", "b=8"]), 5, 0)
    assert not torch.equal(one, two)
    assert torch.equal(one, drawn("8", 5))
    assert not torch.equal(one, drawn("8", 5, seed=1))
