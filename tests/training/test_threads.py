"""Models computed side by side: every result in its place, and every core used."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest
import torch

from inittui.training.threads import SideBySide


@pytest.fixture(autouse=True)
def _threads_as_before() -> Iterator[None]:
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


@pytest.mark.parametrize("threads", [1, 2, 4])
@pytest.mark.parametrize("count", [0, 1, 2, 3, 7, 8])
def test_results_keep_their_order(threads: int, count: int) -> None:
    def compute(number: int, factor: int) -> int:
        time.sleep(0.002 * (count - number))  # the first ends last
        return number * factor

    results = SideBySide(threads).map(compute, range(count), range(count))
    assert results == [number**2 for number in range(count)]


def test_threads_are_shared_by_what_is_computed_at_once() -> None:
    torch.set_num_threads(4)
    seen = SideBySide(4).map(lambda _: torch.get_num_threads(), range(6))
    assert seen == [1, 1, 1, 1, 2, 2]
    assert SideBySide(4).map(lambda _: torch.get_num_threads(), range(5))[4] == 4
    assert torch.get_num_threads() == 4
    late: list[int] = []
    thread = threading.Thread(target=lambda: late.append(torch.get_num_threads()))
    thread.start()
    thread.join()
    assert late == [4]


def test_two_are_computed_at_once() -> None:
    both = threading.Barrier(2)
    assert sorted(SideBySide(2).map(lambda _: both.wait(10), range(2))) == [0, 1]


def test_an_error_comes_after_all_have_ended() -> None:
    ended: list[int] = []

    def compute(number: int) -> None:
        if number == 0:
            raise RuntimeError("out of memory")
        time.sleep(0.2)
        ended.append(number)

    with pytest.raises(RuntimeError, match="out of memory"):
        SideBySide(2).map(compute, range(2))
    assert ended == [1]
