"""How several devices are named."""

from __future__ import annotations

import pytest

from inittui.errors import UsageError
from inittui.experiment.devices import MOST_SEATS, Devices, parse_devices
from inittui.experiment.records import Experiment, TrainingConfig


def test_devices_are_processes_or_numbers() -> None:
    assert parse_devices("cpu:4") == Devices(processes=4)
    assert parse_devices("cuda:1, cuda:0") == Devices(gpus=(1, 0))
    assert parse_devices("all") == Devices()


@pytest.mark.parametrize(
    "text",
    ["", "cpu", "cuda", "cpu:0", f"cpu:{MOST_SEATS + 1}", "cpu:-1", "cuda:0,cuda:0", "cuda:0,cpu:1",
     "mps", "cuda:0,", "cuda:x", "\x1b[2J", "cpu:1,cpu:2"],
)  # fmt: skip
def test_other_words_are_refused_with_what_would_do(text: str) -> None:
    with pytest.raises(UsageError) as error:
        parse_devices(text)
    assert "\n" not in str(error.value) and "\x1b" not in str(error.value)
    with pytest.raises(UsageError):
        Experiment(training=TrainingConfig(devices=text)).check()


def test_one_device_and_several_exclude_each_other() -> None:
    with pytest.raises(UsageError, match="not both"):
        Experiment(training=TrainingConfig(device="cpu", devices="cpu:2")).check()


def test_how_many_share_the_work_is_not_what_a_run_is() -> None:
    shared = Experiment(training=TrainingConfig(devices="cpu:2"))
    assert shared.identity == Experiment().identity
