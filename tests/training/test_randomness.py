"""Orders and masks: what they should be, and independence."""

from __future__ import annotations

import math

import torch

from inittui.experiment.seeds import derive_seed
from inittui.training.randomness import MaskPlan, Masks, batch_order, drop_threshold
from inittui.user_code import torch_seeded


def masks(probability: float, seeds: list[int], rows: int = 1_000, units: int = 1_000) -> Masks:
    plan = MaskPlan(("a", "b"), (probability, 0.5), ((units,), (7,)))
    return Masks(plan, seeds, rows, torch.device("cpu"), torch.float32)


def draw(masks: Masks, epoch: int, step: int, rows: int) -> list[torch.Tensor]:
    masks.draw_words(epoch, step)
    return masks.scaled(rows)


def test_orders_are_permutations_that_differ_by_seed_and_epoch() -> None:
    orders = [batch_order(1_000, seed, epoch) for seed in (0, 1) for epoch in (0, 1)]
    for order in orders:
        assert torch.equal(order.sort().values, torch.arange(1_000))
    assert len({tuple(order.tolist()) for order in orders}) == 4
    assert torch.equal(orders[0], batch_order(1_000, 0, 0))


def test_share_of_dropped_units() -> None:
    # A million independent units: the share has sd sqrt(p(1-p)/1e6) <= 5e-4; 5 sd allowed.
    for probability in (0.05, 0.2, 0.5, 0.9):
        mask = draw(masks(probability, [0]), 0, 0, 1_000)[0]
        share = (mask == 0).double().mean().item()
        assert abs(share - probability) < 5 * math.sqrt(probability * (1 - probability) / 1e6)
        kept = mask[mask > 0].unique()
        assert len(kept) == 1
        # The scale undoes the share that is really dropped, to float32 rounding.
        exact = drop_threshold(probability) / 65_536
        assert math.isclose(kept.item() * (1 - exact), 1, rel_tol=1e-6)
        assert abs(exact - probability) < 2**-16


def test_every_lane_of_a_word_is_uniform() -> None:
    # Four units share a 64-bit word: were the sign bit stuck, every fourth one would differ.
    mask = draw(masks(0.5, [0], rows=1_000, units=1_000), 0, 0, 1_000)[0].flatten()
    for lane in range(4):
        share = (mask[lane::4] == 0).double().mean().item()
        assert abs(share - 0.5) < 5 * math.sqrt(0.25 / 250_000)
    low, high = mask[0::4] == 0, mask[3::4] == 0
    assert abs((low == high).double().mean().item() - 0.5) < 5 * math.sqrt(0.25 / 250_000)


def test_masks_depend_on_seed_epoch_and_step_alone() -> None:
    both = masks(0.2, [4, 9], rows=20, units=30)
    drawn = [mask.clone() for mask in draw(both, 1, 5, 20)]
    draw(both, 1, 6, 20)
    assert all(torch.equal(a, b) for a, b in zip(drawn, draw(both, 1, 5, 20), strict=True))
    single = draw(masks(0.2, [9], rows=20, units=30), 1, 5, 20)
    assert torch.equal(drawn[0][1], single[0][0])
    assert torch.equal(drawn[1][1], single[1][0])
    assert not torch.equal(drawn[0][0], drawn[0][1])
    for epoch, step in ((0, 5), (1, 4)):
        assert not torch.equal(drawn[0], draw(both, epoch, step, 20)[0])


def test_a_smaller_batch_takes_the_first_rows() -> None:
    source = masks(0.2, [0], rows=20, units=30)
    whole = draw(source, 0, 0, 20)[0].clone()
    assert torch.equal(draw(source, 0, 0, 7)[0], whole[:, :7])


def test_derived_seeds_are_fixed_for_ever() -> None:
    # A changed value here would silently change every run's numbers.
    assert derive_seed(0, "split") == derive_seed(0, "split")
    assert derive_seed(0, "split") != derive_seed(0, "order", 0) != derive_seed(1, "order", 0)
    assert derive_seed(0, "weights", "fc1.weight") == 6678578272809141984
    assert all(0 <= derive_seed(seed, "x") < 2**63 for seed in range(1_000))


def test_a_model_s_own_draws_are_seeded_and_the_generator_is_put_back() -> None:
    before, queued = torch.get_rng_state(), len(torch.cuda._queued_calls)
    draws = []
    for seed in (5, 5, 6):
        with torch_seeded(seed, torch.device("cpu")):
            draws.append(torch.rand(3))
    assert torch.equal(draws[0], draws[1])
    assert not torch.equal(draws[0], draws[2])
    assert torch.equal(torch.get_rng_state(), before)
    # torch.manual_seed would keep its caller's stack there, once a step.
    assert len(torch.cuda._queued_calls) == queued
