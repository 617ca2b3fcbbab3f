"""What is told of a GPU between the events of its stack: by a stand-in for the driver."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch

from inittui.events.records import DeviceUsed, Event, Noted, decode, encode
from inittui.training import device_use
from inittui.training.device_use import with_device_use

CUDA = torch.device("cuda:1")


@pytest.fixture
def seconds(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The clock; a GPU of 80 bytes of which 30 are free."""
    now = [0.0]
    monkeypatch.setattr(device_use.time, "monotonic", lambda: now[0])
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device: (30, 80))
    return now


def told(seconds: list[float], device: torch.device, moments: list[float]) -> list[Event]:
    def events() -> Iterator[Event]:
        for moment in moments:
            seconds[0] = moment
            yield Noted(message=str(moment))

    return list(with_device_use(events(), device))


def test_it_is_told_at_once_and_then_every_two_seconds(
    seconds: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[torch.device] = []

    def utilization(device: torch.device) -> int:
        asked.append(device)
        return 97

    monkeypatch.setattr(torch.cuda, "utilization", utilization)
    found = told(seconds, CUDA, [0.0, 0.5, 1.9, 2.0, 2.1, 7.0])
    kinds = [isinstance(each, DeviceUsed) for each in found]
    assert kinds == [False, True, False, False, False, True, False, False, True]
    used = found[1]
    assert isinstance(used, DeviceUsed)
    assert (used.memory, used.total, used.busy) == (50, 80, 0.97)
    assert asked == [CUDA] * 3
    assert decode(encode(used)) == used


@pytest.mark.parametrize("error", [ModuleNotFoundError("pynvml"), RuntimeError("no driver")])
def test_without_the_driver_s_answer_only_the_memory_is_told(
    seconds: list[float], monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def refuse(device: torch.device) -> int:
        raise error

    monkeypatch.setattr(torch.cuda, "utilization", refuse)
    used = told(seconds, CUDA, [0.0])[1]
    assert isinstance(used, DeviceUsed)
    assert (used.memory, used.busy) == (50, None)


def test_of_a_cpu_nothing_is_told(seconds: list[float]) -> None:
    found = told(seconds, torch.device("cpu"), [0.0, 9.0])
    assert not any(isinstance(each, DeviceUsed) for each in found)


@pytest.mark.cuda
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_a_real_gpu_has_memory() -> None:
    found = list(with_device_use(iter([Noted(message="")]), torch.device("cuda:0")))
    used = found[1]
    assert isinstance(used, DeviceUsed)
    assert 0 < used.memory <= used.total
    assert used.busy is None or 0 <= used.busy <= 1
