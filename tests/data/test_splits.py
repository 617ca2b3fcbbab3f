"""Splits: by seed, disjoint, of the size that was asked for."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from inittui.data import splits
from inittui.data.splits import split
from inittui.errors import UsageError
from inittui.experiment.records import DataConfig
from inittui.experiment.seeds import derive_seed


def config(validation: float = 0.2, limit: int | None = None) -> DataConfig:
    return DataConfig(validation=validation, limit=limit)


def test_is_the_permutation_of_the_named_seed() -> None:
    generator = torch.Generator().manual_seed(derive_seed(3, "split"))
    expected = torch.randperm(100, generator=generator)
    found = split(100, 3, config(0.2))
    assert torch.equal(torch.cat([found.validation, found.train]), expected)
    limited = split(100, 3, config(0.2, limit=50))
    assert torch.equal(torch.cat([limited.validation, limited.train]), expected[:50])


@given(
    count=st.integers(2, 300),
    seed=st.integers(0, 2**63 - 1),
    validation=st.one_of(st.floats(1e-6, 0.999), st.integers(1, 400).map(float)),
    limit=st.none() | st.integers(1, 400),
)
def test_every_image_once_and_none_on_both_sides_or_an_error(
    count: int, seed: int, validation: float, limit: int | None
) -> None:
    used = min(count, limit or count)
    wanted = round(used * validation) if validation < 1 else int(validation)
    possible = (limit is None or limit <= count) and 1 <= wanted < used
    if not possible:
        with pytest.raises(UsageError):
            split(count, seed, config(validation, limit))
        return
    found = split(count, seed, config(validation, limit))
    assert len(found.validation) == wanted
    both = torch.cat([found.train, found.validation])
    assert both.dtype == torch.int64
    assert len(both) == len(both.unique()) == used
    assert 0 <= int(both.min()) <= int(both.max()) < count


def test_the_same_seed_gives_the_same_split_whatever_else_was_drawn() -> None:
    first = split(1_000, 7, config())
    torch.manual_seed(1)
    torch.rand(10)
    second = split(1_000, 7, config())
    other = split(1_000, 8, config())
    assert torch.equal(first.train, second.train)
    assert torch.equal(first.validation, second.validation)
    assert not torch.equal(first.train, other.train)


def test_the_global_generator_is_left_alone() -> None:
    before = torch.get_rng_state()
    split(1_000, 7, config())
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize(
    ("count", "validation", "limit", "message"),
    [
        (60_000, 70_000, None, "validation wants 70,000 images, but the data have 60,000"),
        (60_000, 200, 100, "validation wants 200 images, but the limit is 100"),
        (60_000, 60_000, None, "validation of 60,000 of 60,000 images leaves none to train"),
        (60_000, 0.2, 60_001, "the limit is 60,001 images, but the data have 60,000"),
        (60_000, 0.2, 2, "a validation share of 0.2 of 2 images leaves none to validate"),
        (60_000, 0.9, 2, "a validation share of 0.9 of 2 images leaves none to train"),
        (60_000, 1, 1, "validation of 1 of 1 image leaves none to train"),
    ],
)
def test_says_the_numbers(count: int, validation: float, limit: int | None, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        split(count, 0, config(validation, limit))
    assert str(caught.value) == message


def test_a_named_torch_seed_gives_random_splits_parts_under_every_seed() -> None:
    torch.manual_seed(42)
    train, validation = torch.utils.data.random_split(range(50), [40, 10])
    for seed in (0, 1):
        found = split(50, seed, DataConfig(validation=0.2, split="torch:42"))
        assert found.train.tolist() == list(train.indices)
        assert found.validation.tolist() == list(validation.indices)


def test_all_may_train_where_the_test_images_validate() -> None:
    found = split(3, 0, DataConfig(validation=0.1, evaluate_on="test"))
    assert sorted(found.train.tolist()) == [0, 1, 2]
    tested = splits.test_part(found, 3, 2)
    assert torch.equal(tested.train, found.train)
    assert tested.validation.tolist() == [3, 4]
