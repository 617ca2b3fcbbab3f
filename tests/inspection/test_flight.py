"""The flight recorder: which values were never written, and who wrote the others."""

from __future__ import annotations

import copy
import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.utils import parametrizations

from inittui.inspection.flight import Flight
from inittui.inspection.marks import count_marks

Fill = Callable[[torch.Tensor], Any]


def by_thread(tensor: torch.Tensor) -> None:
    thread = threading.Thread(target=lambda: tensor.fill_(1.0))
    thread.start()
    thread.join()


def by_loading(tensor: torch.Tensor) -> None:
    module = nn.Module()
    module.w = nn.Parameter(tensor)
    module.load_state_dict({"w": torch.ones(tensor.shape)})


WRITES: dict[str, Fill] = {
    "fill_": lambda t: t.fill_(1.0),
    "zero_": lambda t: t.zero_(),
    "normal_": lambda t: t.normal_(),
    "uniform_": lambda t: t.uniform_(),
    "copy_": lambda t: t.copy_(torch.ones(t.shape)),
    "data": lambda t: t.data.fill_(1.0),
    "rows": lambda t: [row.fill_(1.0) for row in t],
    "index": lambda t: [t.__setitem__(i, torch.ones(t.shape[1])) for i in range(len(t))],
    "slices": lambda t: (t[:3].fill_(1.0), t[3:].fill_(2.0)),
    "mask": lambda t: t.masked_fill_(torch.ones(t.shape, dtype=torch.bool), 1.0),
    "flat view": lambda t: t.view(-1).fill_(1.0),
    "transposed": lambda t: t.T.fill_(1.0),
    "strided": lambda t: (t[:, ::2].fill_(1.0), t[:, 1::2].fill_(1.0)),
    "foreach": lambda t: torch._foreach_zero_([t]),
    "foreach copy": lambda t: torch._foreach_copy_([t], [torch.ones(t.shape)]),
    "out": lambda t: torch.ones(t.shape, out=t),
    "out of a product": lambda t: torch.mm(torch.ones(6, 2), torch.ones(2, 8), out=t),
    "numpy": lambda t: t.numpy().fill(1.0),
    "numpy slices": lambda t: np.copyto(t.numpy(), np.ones((6, 8), np.float32)),
    "thread": by_thread,
    "xavier": nn.init.xavier_uniform_,
    "orthogonal": nn.init.orthogonal_,
    "truncated": nn.init.trunc_normal_,
    "sparse": lambda t: nn.init.sparse_(t, 0.5),
    "eye": nn.init.eye_,
    "scatter": lambda t: t.scatter_(1, torch.arange(8).repeat(6, 1), 1.0),
    "index_copy": lambda t: t.index_copy_(0, torch.arange(6), torch.ones(6, 8)),
    "index_fill": lambda t: t.index_fill_(0, torch.arange(6), 1.0),
    "loading": by_loading,
}

LEAVES: dict[str, Fill] = {
    "nothing": lambda t: None,
    "half of it": lambda t: t[:3].fill_(1.0),
    "one row": lambda t: t[0].normal_(),
    "read only": lambda t: t.sum(),
    "another": lambda t: t.clone().fill_(1.0),
    "half a mask": lambda t: t.masked_fill_(torch.arange(8) % 2 == 0, 1.0),
    "scaled": lambda t: t.mul_(0.02),
    "shifted": lambda t: t.add_(torch.ones(t.shape)),
}

MADE: dict[str, Callable[[], torch.Tensor]] = {
    "legacy": lambda: torch.Tensor(6, 8),
    "new": lambda: torch.zeros(1).new(6, 8),
    "new_empty": lambda: torch.zeros(1).new_empty(6, 8),
    "empty_like": lambda: torch.empty_like(torch.zeros(6, 8)),
    "resized": lambda: torch.zeros(2).resize_(48).view(6, 8),
    "cat": lambda: torch.cat([torch.empty(3, 8), torch.ones(3, 8)]),
    "clone": lambda: torch.empty(6, 8).clone(),
    "arithmetic": lambda: torch.empty(6, 8) * 0.02 + 1,
    "half": lambda: torch.empty(6, 8).half(),
    "bfloat16": lambda: torch.empty(6, 8).bfloat16(),
    "double": lambda: torch.empty(6, 8).double(),
    "deepcopy": lambda: copy.deepcopy(nn.Parameter(torch.empty(6, 8))),
    "complex": lambda: torch.empty(6, 8, dtype=torch.complex64),
}


def marked(make: Callable[[], torch.Tensor]) -> int:
    flight = Flight()
    with torch.no_grad(), flight.recording():
        tensor = make()
    return count_marks(tensor, had_empty=flight.had_empty(tensor))


@pytest.mark.parametrize("name", WRITES)
def test_what_is_written_carries_no_mark(name: str) -> None:
    def make() -> torch.Tensor:
        tensor = torch.empty(6, 8)
        WRITES[name](tensor)
        return tensor

    assert marked(make) == 0


@pytest.mark.parametrize("name", LEAVES)
def test_what_is_left_carries_it(name: str) -> None:
    def make() -> torch.Tensor:
        tensor = torch.empty(6, 8)
        LEAVES[name](tensor)
        return tensor

    assert marked(make) > 0


@pytest.mark.parametrize("name", MADE)
def test_it_stays_through_what_keeps_values(name: str) -> None:
    assert marked(MADE[name]) > 0


def test_parametrized_and_lazy_layers_are_written() -> None:
    def parametrized() -> torch.Tensor:
        return parametrizations.weight_norm(nn.Linear(4, 4)).weight

    def lazy() -> torch.Tensor:
        layer = nn.LazyLinear(4)
        layer(torch.ones(2, 3))
        weight: torch.Tensor = layer.weight
        return weight

    assert marked(parametrized) == marked(lazy) == 0


def test_a_history_tells_function_arguments_and_place() -> None:
    flight = Flight()
    with flight.recording():
        layer = nn.Linear(6, 8)
        nn.init.kaiming_normal_(layer.weight, mode="fan_out", nonlinearity="relu")
        copied = copy.deepcopy(layer)
    made, drawn = flight.history(layer.weight)
    assert (made.operation, made.is_direct) == ("kaiming_uniform_", False)
    assert drawn.operation == "kaiming_normal_"
    assert drawn.words == {"mode": "fan_out", "nonlinearity": "relu"}
    assert (drawn.numbers["fan_in"], drawn.numbers["fan_out"]) == (6.0, 8.0)
    assert drawn.where.rpartition(":")[0] == __file__
    assert drawn.is_own
    assert drawn.is_direct
    assert flight.history(copied.weight)[-1].operation == "kaiming_normal_"


def test_nothing_of_the_recording_stays() -> None:
    apply, load = nn.Module.apply, nn.Module.load_state_dict

    def fail() -> None:
        raise RuntimeError("theirs")

    with pytest.raises(RuntimeError, match="theirs"), Flight().recording():
        fail()
    assert nn.Module.apply is apply
    assert nn.Module.load_state_dict is load
    assert not bool(torch.empty(64).fill_(0.0).isnan().any())
