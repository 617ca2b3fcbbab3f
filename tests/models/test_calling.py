"""A fitted model: called with what was packed, giving the part that is named, else as it was."""

from __future__ import annotations

import copy
from collections import namedtuple
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, ClassVar

import pytest
import torch
from torch import nn

from inittui.errors import UsageError
from inittui.experiment.inputs import parse_inputs
from inittui.models.calling import fit_calls, needs_packing, pack, part_of, parts_of
from inittui.models.inputs import draw_inputs

ONE = torch.ones(2, 3)
Pair = namedtuple("Pair", "logits hidden")


@dataclass
class Output:
    logits: torch.Tensor
    loss: float = 0.0


class Conditioned(nn.Module):
    """Keeps the shapes of what it was called with."""

    registry: ClassVar[list[str]] = []

    def __init_subclass__(cls, **settings: Any) -> None:
        super().__init_subclass__(**settings)
        Conditioned.registry.append(cls.__name__)

    def __init__(self) -> None:
        super().__init__()
        self.embed, self.head = nn.Embedding(5, 4), nn.Linear(6, 4)

    def forward(self, image: torch.Tensor, label: torch.Tensor) -> dict[str, Any]:
        assert (image.shape[1:], label.shape[1:], label.dtype) == ((2, 3), (), torch.int64)
        return {"hidden": image, "logits": self.head(image.flatten(1)) + self.embed(label)}


def test_inputs_come_as_they_were_drawn() -> None:
    inputs = parse_inputs(["2x3", "label=ids:5"])
    drawn = draw_inputs(inputs, 7, 0)
    plain = Conditioned()
    wanted = plain(drawn[0], label=drawn[1])["logits"]
    model = fit_calls(copy.deepcopy(plain), inputs, "logits")
    assert torch.equal(model(pack(drawn)), wanted)
    in_double = copy.deepcopy(model).double()(pack(drawn).double())
    assert torch.allclose(in_double.float(), wanted)
    assert type(model).__name__ == "Conditioned" and isinstance(model, Conditioned)
    assert list(model.state_dict()) == list(plain.state_dict())
    assert type(plain) is Conditioned


def test_hooks_and_a_forward_of_the_instance_stay() -> None:
    model = nn.Linear(3, 2)
    model.forward = lambda x: (nn.functional.linear(x, model.weight), "more")  # type: ignore
    seen: list[object] = []
    model.register_forward_hook(lambda _module, _inputs, output: seen.append(output))
    fitted = fit_calls(model, (), "0")
    assert fitted(ONE).shape == (2, 2)
    assert isinstance(seen[0], tuple)


def test_every_id_of_a_large_vocabulary_is_kept() -> None:
    ids = torch.tensor([[0, 2**24 - 1], [2**24 - 2, 7]])
    assert torch.equal(pack([ids]).long(), ids)


def test_what_needs_no_fitting_is_left_alone() -> None:
    model = nn.Linear(3, 2)
    assert not needs_packing(parse_inputs(["3x8x8"])) and not needs_packing(())
    assert fit_calls(model, parse_inputs(["pos:3"]), "") is model and type(model) is nn.Linear


@pytest.mark.parametrize(
    ("outputs", "path"),
    [
        ({"loss": 1, "logits": ONE}, "logits"),
        ((ONE, {}), "0"),
        ([{}, {"a": ONE}], "1.a"),
        (Output(ONE), "logits"),
        (Pair(ONE, None), "logits"),
        (Pair(ONE, None), "0"),
        (SimpleNamespace(heads=[ONE]), "heads.0"),
        (ONE, "logits"),
    ],
)
def test_a_part_is_found(outputs: object, path: str) -> None:
    assert part_of(outputs, path) is ONE


@pytest.mark.parametrize(
    ("outputs", "path", "said"),
    [
        ({"loss": 1, "logits": ONE}, "logit", "gives a dict without 'logit'; its parts are loss,"),
        ((ONE,), "1", "gives a tuple without '1'; its parts are 0"),
        (Output(ONE), "hidden", "gives a Output without 'hidden'; its parts are logits, loss"),
        (None, "logits", "gives a NoneType without 'logits'; it has no parts"),
        ({"out": 3}, "out.logits", "gives a int without 'logits'; it has no parts"),
    ],
)
def test_a_part_that_is_not_there_is_refused(outputs: object, path: str, said: str) -> None:
    with pytest.raises(UsageError) as caught:
        part_of(outputs, path)
    assert said in str(caught.value)


def test_a_tensor_has_no_parts() -> None:
    assert parts_of(ONE) == {}


class Tied(nn.Module):
    """Calls its layers as what fits it calls its settings."""

    def __init__(self) -> None:
        super().__init__()
        self.inputs, self.output = nn.Embedding(5, 4), nn.Linear(4, 3)

    def forward(self, ids: torch.Tensor) -> dict[str, torch.Tensor]:
        return {"logits": self.output(self.inputs(ids).mean(1))}


def test_no_part_of_a_model_is_hidden_by_what_fits_it() -> None:
    inputs = parse_inputs(["ids:3:5"])
    drawn = draw_inputs(inputs, 2, 0)
    plain = Tied()
    wanted = plain(drawn[0])["logits"]
    assert torch.equal(fit_calls(plain, inputs, "logits")(pack(drawn)), wanted)
