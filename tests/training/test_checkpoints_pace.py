"""How often an epoch's beginning is saved: never so often that saving takes much of the time."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
import torch

from inittui.training.checkpoints import Checkpoint, CheckpointStore

AT = Checkpoint((0,), 0, 0, (0.0,), torch.zeros(1, 0, dtype=torch.float64), {})


def test_saves_are_as_far_apart_as_they_are_dear(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 100.0
    monkeypatch.setattr(time, "monotonic", lambda: now)

    def taking(seconds: float) -> bool:
        nonlocal now
        now += seconds
        return True

    store = CheckpointStore(tmp_path / "checkpoints", log_is_on_disk=lambda: taking(0.5))
    assert store.is_worth_its_time()  # nobody knows yet what it costs
    store.save((0,), AT)
    assert not store.is_worth_its_time()
    now += 9.4
    assert not store.is_worth_its_time()
    now += 0.2
    assert store.is_worth_its_time()
