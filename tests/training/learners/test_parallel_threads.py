"""Models computed side by side: each chain in its order, every core used, nobody waits."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest
import torch

from inittui.training.learners.parallel import SideBySide, Task


@pytest.fixture(autouse=True)
def _threads_as_before() -> Iterator[None]:
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


@pytest.mark.parametrize("threads", [1, 2, 4])
@pytest.mark.parametrize("chains", [0, 1, 2, 3, 7, 8])
def test_the_tasks_of_a_chain_keep_their_order(threads: int, chains: int) -> None:
    done: list[list[int]] = [[] for _ in range(chains)]

    def task(chain: int, step: int) -> Task:
        def run() -> None:
            time.sleep(0.001 * ((chain + step) % 3))
            done[chain].append(step)

        return run

    work = SideBySide(threads)
    for step in range(5):
        work.add([task(chain, step) for chain in range(chains)])
        work.wait(left=chains)
    work.wait()
    assert done == [list(range(5))] * chains


def test_threads_are_shared_by_the_chains() -> None:
    torch.set_num_threads(4)
    work = SideBySide(4)
    for chains, share in ((6, 1), (4, 1), (3, 1), (2, 2), (1, 4)):
        seen: list[int] = []
        work.add([lambda found=seen: found.append(torch.get_num_threads())] * chains)  # type: ignore[misc]
        work.wait()
        assert seen == [share] * chains
    assert torch.get_num_threads() == 4
    late: list[int] = []
    thread = threading.Thread(target=lambda: late.append(torch.get_num_threads()))
    thread.start()
    thread.join()
    assert late == [4]


def test_who_is_done_begins_the_next_step() -> None:
    """Of three chains on two threads, one is in its second step beside the third's first."""
    met: list[str] = []
    both = threading.Barrier(2)
    work = SideBySide(2)

    def meet(name: str) -> Task:
        def run() -> None:
            both.wait(10)
            met.append(name)

        return run

    work.add([meet("a1"), meet("b1"), meet("c1")])
    work.add([meet("a2"), meet("b2"), meet("c2")])
    work.wait()
    first, second, third = (set(met[i : i + 2]) for i in (0, 2, 4))
    assert first == {"a1", "b1"}
    assert second in ({"c1", "a2"}, {"c1", "b2"})
    assert third == {"a2", "b2", "c2"} - second


def test_as_many_may_be_left_as_is_said() -> None:
    work, go = SideBySide(2), threading.Event()
    work.add([lambda: None, lambda: None])
    work.add([lambda: go.wait(10), lambda: None])  # type: ignore[func-returns-value,list-item]
    work.wait(left=1)
    assert not go.is_set()
    go.set()
    work.wait()


def test_an_error_comes_after_all_have_ended_and_drops_the_rest() -> None:
    ended: list[str] = []
    work = SideBySide(2)

    def fail() -> None:
        raise RuntimeError("out of memory")

    def slow() -> None:
        time.sleep(0.2)
        ended.append("slow")

    work.add([fail, slow])
    work.add([lambda: ended.append("later")] * 2)
    with pytest.raises(RuntimeError, match="out of memory"):
        work.wait(left=3)
    assert ended == ["slow"]
    work.add([lambda: ended.append("again")])
    work.wait()
    assert ended == ["slow", "again"]
