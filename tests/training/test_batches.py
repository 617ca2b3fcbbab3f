"""How many images are validated at once."""

from __future__ import annotations

import torch

from inittui.data.splits import Split
from inittui.training.batches import VALIDATION_ROWS, Batches, rows_on_cuda
from inittui.training.randomness import MaskPlan


def test_a_gpu_validates_as_many_as_its_memory_easily_takes() -> None:
    assert rows_on_cuda(16_000) == 4_000  # a perceptron's: 64 MB
    assert rows_on_cuda(116_000) == 64 * 2**20 // 116_000  # LeNet's
    assert rows_on_cuda(10**9) == VALIDATION_ROWS
    assert rows_on_cuda(0) == 4_000


def test_the_validation_part_comes_whole_and_in_order() -> None:
    images = torch.arange(100, dtype=torch.uint8).view(100, 1, 1, 1)
    split = Split(torch.arange(40), torch.arange(40, 100))
    for at_once, sizes in ((25, [25, 25, 10]), (1_000, [60]), (1, [20, 20, 20])):
        feed = Batches(
            images, torch.arange(100), [split], [0], batch_size=20, masks=MaskPlan(),
            dtype=torch.float32, validated_at_once=at_once,
        )  # fmt: skip
        batches = [batch.labels.clone() for batch in feed.validation()]
        assert [each.shape[1] for each in batches] == sizes
        assert torch.equal(torch.cat(batches, 1)[0], split.validation)
