"""The reference path against a loop written out here, and its repeatability."""

from __future__ import annotations

import torch
import torch.nn.functional as F

from inittui.training.prepared import prepare
from tests.support.trials import experiment, losses, run


def written_out(scheme: str, seed: int, images: int) -> list[float]:
    """Train 784-256-128-10 in plain PyTorch: torch.optim.Adam, masks multiplied by hand."""
    (variant,) = prepare(experiment([scheme], seeds=[seed], images=images)).variants
    model, _ = variant.model(variant.trials[0])
    weights = [p.detach().clone().requires_grad_() for p in model.parameters()]
    w1, b1, w2, b2, w3, b3 = weights
    optimizer = torch.optim.Adam(weights, lr=1e-3)
    feed = variant.feed([seed])
    result = []
    for step in range(feed.steps_per_epoch):
        batch = feed.batch(0, step)
        x = batch.images[0].flatten(1)
        first, second = (mask[0] for mask in batch.masks)
        hidden = torch.relu(x @ w1.T + b1) * first
        hidden = torch.relu(hidden @ w2.T + b2) * second
        loss = F.cross_entropy(hidden @ w3.T + b3, batch.labels[0])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        result.append(loss.item())
    return result


def test_reference_equals_a_loop_written_out() -> None:
    for scheme in ("rule", "default", "kaiming_normal"):
        state = run(experiment([scheme], seeds=[3], images=6_000, stack="off"))
        mine = losses(state)[scheme, 3]
        plain = torch.tensor(written_out(scheme, 3, 6_000), dtype=torch.float64)
        assert len(mine) == 48
        # float32 rounds at 6e-8; fifty steps of a smooth optimizer stay far below 1e-5.
        torch.testing.assert_close(mine, plain, rtol=1e-5, atol=0)


def test_the_same_command_twice_is_bitwise_equal() -> None:
    wanted = experiment(["ones", "rule", "normal"], stack="off")
    first, second = run(wanted), run(wanted)
    for key, values in losses(first).items():
        assert torch.equal(values, losses(second)[key])
    assert [t.val_accuracy for t in first.trials] == [t.val_accuracy for t in second.trials]


def test_a_trial_does_not_depend_on_what_else_is_compared() -> None:
    alone = run(experiment(["rule"], seeds=[1], stack="off"))
    among = run(experiment(["zeros", "rule", "default"], seeds=[0, 1], stack="off"))
    assert torch.equal(losses(alone)["rule", 1], losses(among)["rule", 1])
    accuracy = {(t.scheme, t.seed): t.val_accuracy for t in among.trials}
    assert alone.trials[0].val_accuracy == accuracy["rule", 1]


def test_seeds_differ_in_batches_and_weights() -> None:
    state = run(experiment(["zeros", "rule"], seeds=[0, 1], stack="off"))
    values = losses(state)
    assert not torch.equal(values["rule", 0], values["rule", 1])
    assert not torch.equal(values["zeros", 0][1:], values["zeros", 1][1:])


def test_the_global_generator_is_left_alone() -> None:
    torch.manual_seed(7)
    before = torch.random.get_rng_state()
    run(experiment(["rule", "default"], images=500, stack="off"))
    run(experiment(["rule", "default"], images=500))
    assert torch.equal(torch.random.get_rng_state(), before)


def test_the_last_batch_may_be_smaller() -> None:
    state = run(experiment(["rule"], images=1_030, stack="off"))
    assert state.started is not None
    assert state.started.steps_per_epoch == 9
    assert state.trials[0].steps == 9
    assert run(experiment(["rule"], images=50, batch_size=1_000)).trials[0].steps == 1
