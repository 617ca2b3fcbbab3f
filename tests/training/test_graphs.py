"""Where steps are recorded, and what is said where they aren't any more."""

from __future__ import annotations

import pytest
import torch

from inittui.training import graphs
from inittui.training.graphs import SWITCH, Graphs, graphs_on
from tests.support.capturing import Recorder


def test_only_cuda_records_and_only_where_it_may(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(graphs, "_OnCuda", lambda device: Recorder())
    assert isinstance(graphs_on(torch.device("cuda:1")).capturer, Recorder)
    assert graphs_on(torch.device("cpu")).capturer is None
    monkeypatch.setenv(SWITCH, "0")
    assert graphs_on(torch.device("cuda:1")).capturer is None


def test_a_failure_is_said_once_and_in_one_line() -> None:
    shared = Graphs(Recorder())
    shared.give_up(RuntimeError("CUDA error: operation not permitted\nFor debugging \x1b[2J …"))
    assert shared.capturer is None
    (note,) = shared.notes()
    assert note.endswith("kernel by kernel: CUDA error: operation not permitted")
    assert list(shared.notes()) == []
