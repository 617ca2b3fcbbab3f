"""Models and their layers, at the widths that people have."""

from __future__ import annotations

import pytest
from rich.cells import cell_len
from syrupy.assertion import SnapshotAssertion

from inittui.experiment.inputs import Input
from inittui.experiment.models import MODELS, LayerRow
from inittui.views.frame import Frame
from inittui.views.model import ModelSummary, model_report, models_list, shown_options
from tests.support.rendering import render

NET = ModelSummary(
    "path/to/net.py:Net",
    (Input((3, 32, 32)),),
    (
        LayerRow("features.0.conv", "Conv2d", (64, 32, 32), 1792, 27, 576, "relu"),
        LayerRow("features.0.norm", "BatchNorm2d", (64, 32, 32), 128),
        LayerRow("features.0.depthwise.conv", "Conv2d", (64, 16, 16), 640, 9, 576, "hardswish", 64),
        LayerRow("features.0.pool", "AdaptiveAvgPool2d", (64, 1, 1), 0),
        LayerRow("up", "ConvTranspose2d", (8, 4, 4), 8200, 128, 1024, "identity", transposed=True),
        LayerRow("head", "Linear", (1000,), 12_346_000, 12_345, 1000, "identity"),
        LayerRow("attention", "MultiheadAttention", None, 280),
        LayerRow("", "Net", (10,), 7),
        LayerRow("bad\x1b[31m\nname", "Li\u202enear", (), 7, 3, 4, "tanh"),
    ),
)


def printed(width: int, *, color: bool = False, ascii_only: bool = False) -> str:
    return render(model_report(NET, Frame(width, ascii_only)), width, color=color)


@pytest.mark.parametrize("width", [60, 80, 120])
@pytest.mark.parametrize("color", [False, True], ids=["plain", "color"])
def test_layers(width: int, color: bool, snapshot: SnapshotAssertion) -> None:
    assert printed(width, color=color) == snapshot


def test_layers_in_ascii(snapshot: SnapshotAssertion) -> None:
    text = printed(60, ascii_only=True)
    assert text.isascii()
    assert text == snapshot


@pytest.mark.parametrize("width", [20, 33, 41, 60, 80, 120, 300])
def test_nothing_is_wider_than_asked_for(width: int) -> None:
    for line in printed(width).splitlines():
        assert cell_len(line) <= width
    text = printed(width)
    for row in NET.rows:
        if row.parameters:
            assert f"{row.parameters:,}" in text
    assert f"{NET.parameters:,} parameters" in " ".join(text.split())
    assert "\x1b" not in text
    assert "\u202e" not in text


@pytest.mark.parametrize("width", [60, 80, 120])
def test_list_of_models(width: int, snapshot: SnapshotAssertion) -> None:
    text = render(models_list(Frame(width)), width)
    for description in MODELS.values():
        assert description.name in text
    assert text == snapshot


def test_options_as_they_are_shown() -> None:
    assert shown_options(MODELS["mlp"]) == (
        "hidden=256,128 activation=relu dropout=0.2 batch_norm=no"
    )


def test_one_is_in_the_singular() -> None:
    scale = ModelSummary("net.py:Scale", (Input((1,)),), (LayerRow("", "Scale", (1,), 1),))
    text = render(model_report(scale, Frame(80)), 80)
    assert text.rstrip().endswith("1 parameter; 1 of 1 layer has some")
