"""What decides how a processor rounds is set before torch is loaded, and told."""

from __future__ import annotations

import pytest
import torch

from inittui.experiment.records import TrainingConfig
from inittui.training import DIVISION
from inittui.training.hardware import arithmetic
from tests.support.commands import python

SHOW = """
import os, sys
import inittui.training
print("torch" in sys.modules, os.environ["MKL_CBWR"], os.environ["MKL_DYNAMIC"])
"""


def test_products_are_divided_in_one_way_unless_somebody_wants_another(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in DIVISION:
        monkeypatch.delenv(name, raising=False)
    assert python(SHOW).stdout.split() == ["False", "AUTO", "FALSE"]
    monkeypatch.setenv("MKL_CBWR", "COMPATIBLE")
    assert python(SHOW).stdout.split() == ["False", "COMPATIBLE", "FALSE"]


def test_the_instructions_and_what_somebody_has_set_are_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("MKL_NUM_THREADS", "OMP_DYNAMIC"):
        monkeypatch.delenv(name, raising=False)
    for name, value in DIVISION.items():
        monkeypatch.setenv(name, value)
    usual = arithmetic(TrainingConfig())
    assert usual == {"arithmetic": torch.backends.cpu.get_cpu_capability()}
    monkeypatch.setenv("MKL_CBWR", "COMPATIBLE")
    monkeypatch.setenv("OMP_DYNAMIC", "true")
    there = f"{usual['arithmetic']}, MKL_CBWR=COMPATIBLE, OMP_DYNAMIC=true"
    assert arithmetic(TrainingConfig()) == {"arithmetic": there}


def test_of_a_cluster_s_processors_nothing_is_said() -> None:
    assert arithmetic(TrainingConfig(on="ray")) == {}
