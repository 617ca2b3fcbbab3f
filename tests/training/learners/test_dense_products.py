"""The first layer's product is the same whoever computes it."""

from __future__ import annotations

import pytest
import torch

from inittui.training.learners import dense
from inittui.training.learners.dense import linear


@pytest.mark.parametrize("biased", [True, False])
@pytest.mark.parametrize("shape", [(100, 784, 1792), (1, 3, 2), (7, 20, 15)])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_equals_the_product_written_out(
    dtype: torch.dtype, shape: tuple[int, int, int], biased: bool
) -> None:
    rows, features, units = shape
    generator = torch.Generator().manual_seed(0)
    values = torch.randn(rows, features, generator=generator, dtype=dtype)
    weight = torch.randn(units, features, generator=generator, dtype=dtype)
    bias = torch.randn(units, generator=generator, dtype=dtype) if biased else None
    out = torch.full((rows, units), torch.nan, dtype=dtype)
    linear(values, weight, bias, out)
    wanted = torch.einsum("nf,uf->nu", values.double(), weight.double())
    wanted += 0 if bias is None else bias
    # A sum of n products of N(0, 1) is off by rounding of about √n · u · √n.
    torch.testing.assert_close(
        out, wanted.to(dtype), rtol=0, atol=4 * features * torch.finfo(dtype).eps
    )


def test_values_that_are_no_numbers_stay_in_their_columns() -> None:
    values, weight = torch.ones(3, 4), torch.ones(5, 4)
    weight[1], weight[2, 0] = torch.inf, torch.nan
    out = torch.empty(3, 5)
    linear(values, weight, torch.zeros(5), out)
    assert out[:, 1].isinf().all()
    assert out[:, 2].isnan().all()
    assert (out[:, [0, 3, 4]] == 4).all()


def test_without_the_operator_pytorch_s_own_product_serves(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(dense, "_onednn", lambda: None)
    values, weight, bias = torch.rand(3, 4), torch.rand(5, 4), torch.rand(5)
    out = torch.empty(3, 5)
    linear(values, weight, bias, out)
    assert torch.equal(out, torch.addmm(bias, values, weight.T))
    linear(values, weight, None, out)
    assert torch.equal(out, values @ weight.T)


def test_an_operator_that_gives_something_else_is_not_taken(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Operators:
        """Of a version that has none of that name, or another under it."""

        def __init__(self, **operators: object) -> None:
            self.__dict__.update(operators)

    def wrong(values: torch.Tensor, weight: torch.Tensor, *_: object) -> torch.Tensor:
        return values @ weight.T + 1

    for operators in (Operators(), Operators(_linear_pointwise=wrong)):
        monkeypatch.setattr(torch.ops, "mkldnn", operators, raising=False)
        assert dense._onednn.__wrapped__() is None


def test_trying_it_draws_no_random_numbers() -> None:
    before = torch.get_rng_state()
    dense._onednn.__wrapped__()
    assert torch.equal(torch.get_rng_state(), before)
