"""A suggestion is made where a name is near, and only there."""

from __future__ import annotations

import pytest
from torchvision import models

from inittui.errors import UsageError, nearest
from inittui.experiment.models import TORCHVISION_MODELS, check_model, option_of
from inittui.experiment.records import ACTIVATIONS, ModelConfig
from inittui.experiment.settings import SETTINGS
from inittui.initializers import CATALOGUE


@pytest.mark.parametrize(
    ("typed", "choices", "meant"),
    [
        ("swish", ACTIVATIONS, "silu"),
        ("linear", ACTIVATIONS, "identity"),
        ("tahn", ACTIVATIONS, "tanh"),
        ("nope", ACTIVATIONS, ""),
        ("mpl", ("mlp", "lenet"), "mlp"),
        ("nope", CATALOGUE, ""),
        ("x", CATALOGUE, ""),
        ("", CATALOGUE, ""),
        ("kaiming", CATALOGUE, "kaiming_uniform"),
        ("sneeker", ("Boot", "Sneaker"), "Sneaker"),
    ],
)
def test_only_what_is_near_is_suggested(typed: str, choices: tuple[str, ...], meant: str) -> None:
    assert nearest(typed, choices) == (f"; did you mean '{meant}'?" if meant else "")


def test_a_model_of_torchvision_is_named_with_its_prefix() -> None:
    with pytest.raises(UsageError, match="did you mean 'torchvision:resnet18'"):
        check_model("resnet18")
    assert frozenset(models.list_models(module=models)) == TORCHVISION_MODELS


def test_a_model_s_fields_are_called_by_their_options() -> None:
    options = {setting.path: setting.options for setting in SETTINGS}
    for field in ModelConfig.__struct_fields__:
        if field != "name":
            assert options[f"model.{field}"][0].partition("/")[0] == option_of(field)
