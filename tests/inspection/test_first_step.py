"""Before the training, layers that have seen no batch compute as its first step will."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.utils import spectral_norm

from inittui.events.wire_numbers import from_wire
from inittui.inspection.probe import probe


def normed() -> nn.Sequential:
    torch.manual_seed(0)
    blocks = [
        layer
        for _ in range(8)
        for layer in (nn.Linear(48, 48), nn.BatchNorm1d(48), nn.ReLU(), nn.Dropout(0.5))
    ]
    for layer in blocks:
        if isinstance(layer, nn.Linear):
            layer.weight.data *= 0.1  # without norms the signal would be lost
    return nn.Sequential(*blocks, nn.Linear(48, 10))


def filtered() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Unflatten(1, (3, 4, 4)), nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8, momentum=None),
        nn.Tanh(), nn.Flatten(), nn.Linear(32, 10),
    )  # fmt: skip


def batch() -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(1)
    return torch.randn(64, 48, generator=generator), torch.arange(64) % 10


@pytest.mark.parametrize("build", [normed, filtered])
def test_the_loss_is_that_of_a_first_step_without_dropout(
    build: Callable[[], nn.Sequential],
) -> None:
    model = build()
    kept = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    images, labels = batch()
    found = probe(model, images, labels, percentile=99.9)
    assert found.mode == "first-step"
    for name, tensor in model.state_dict().items():
        assert torch.equal(tensor, kept[name]), name
    assert all(module.training for module in model.modules())
    for module in model.modules():
        if isinstance(module, nn.Dropout):
            module.p = 0.0
    wanted = F.cross_entropy(model.train()(images), labels).item()
    assert found.loss == pytest.approx(wanted, rel=1e-5)


@pytest.mark.parametrize("build", [normed, filtered])
def test_a_model_that_has_seen_batches_is_evaluated(build: Callable[[], nn.Sequential]) -> None:
    model = build()
    images, labels = batch()
    assert probe(model, images, labels, percentile=99.9, when="after").mode == "evaluation"
    for _ in range(50):
        model(images)
    found = probe(model, images, labels, percentile=99.9)
    wanted = F.cross_entropy(model.eval()(images), labels).item()
    assert found.mode == "evaluation"
    assert found.loss == pytest.approx(wanted, rel=1e-5)


def test_the_buffers_that_are_given_decide() -> None:
    model, other = normed(), normed()
    images, labels = batch()
    other(images)
    values = dict(other.named_parameters()) | dict(other.named_buffers())
    assert probe(model, images, labels, percentile=99.9, values=values).mode == "evaluation"


def test_one_image_has_no_batch_statistics() -> None:
    images, labels = batch()
    assert probe(normed(), images[:1], labels[:1], percentile=99.9).mode == "evaluation"


def test_a_model_without_such_layers_computes_the_same_in_both() -> None:
    model = nn.Sequential(
        nn.Linear(48, 10), nn.LayerNorm(10), nn.BatchNorm1d(10, track_running_stats=False)
    )
    assert probe(model, *batch(), percentile=99.9).mode == "evaluation"


@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_vectors_of_the_old_spectral_norm_take_their_first_step() -> None:
    torch.manual_seed(0)
    model = nn.Sequential(spectral_norm(nn.Linear(48, 32)), nn.ReLU(), nn.Linear(32, 10))
    images, labels = batch()
    found = probe(model, images, labels, percentile=99.9)
    again = probe(model, images, labels, percentile=99.9)
    assert found == again
    assert from_wire(found.loss) == pytest.approx(
        F.cross_entropy(model.train()(images), labels).item(), rel=1e-4
    )
