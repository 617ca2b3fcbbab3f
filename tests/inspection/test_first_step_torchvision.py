"""Models of torchvision as they were built, looked at on drawn inputs: none stops the program.

All are tried in the long form, ``INITTUI_TORTURE=1``; a handful of small ones always.
"""

from __future__ import annotations

import pytest

from inittui.experiment.models import TORCHVISION
from inittui.experiment.records import Experiment, InspectionConfig, ModelConfig
from inittui.results.state import fold
from inittui.training.engine import inspect_starts
from inittui.training.prepared import prepare_on_noise
from tests.support.torture import TORTURE

FEW = ("squeezenet1_1", "mobilenet_v3_small", "resnet18")


def names() -> list[str]:
    if not TORTURE:
        return list(FEW)
    from torchvision import models

    return list(models.list_models(module=models))


@pytest.mark.parametrize("name", names())
def test_a_classifier_is_inspected_as_it_was_built(name: str) -> None:
    side, arguments = 64, {}
    if name.startswith("vit"):
        side = 56 if name == "vit_h_14" else 64
        arguments = {"image_size": side}
    elif name.startswith("maxvit"):
        side = 224
    elif name in ("inception_v3", "googlenet"):
        side = 96
    wanted = Experiment(
        schemes=("built",),
        model=ModelConfig(
            name=f"{TORCHVISION}{name}", input=(3, side, side), arguments=dict(arguments)
        ),
        inspection=InspectionConfig(images=4),
    )
    [trial] = fold(inspect_starts(prepare_on_noise(wanted))).trials
    [event] = trial.probes
    assert event.probe.layers
    assert {each.initializer for each in trial.start} == {"built"}
