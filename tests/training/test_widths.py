"""The coordinate check, trained for real: laws at the start, and what steps change."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import replace

from inittui.errors import UsageError
from inittui.events.widths import WidthPoint
from inittui.experiment.records import (
    DataConfig,
    Experiment,
    InspectionConfig,
    ModelConfig,
    TrainingConfig,
)
from inittui.results.widths import Slope, slopes
from inittui.training.widths import check_widths, operations, prepare_widths

WIDTHS = (64, 128, 256, 512, 1024)


def wanted(*schemes: str, optimizer: str = "adam", lr: float = 1e-3, depth: int = 3) -> Experiment:
    return Experiment(
        schemes=schemes,
        seeds=(0, 1, 2),
        model=ModelConfig("deep_mlp", depth=depth),
        data=DataConfig(limit=300, mean=0.286, std=0.353),
        training=TrainingConfig(batch_size=32, optimizer=optimizer, lr=lr),  # type: ignore[arg-type]
        inspection=InspectionConfig(images=32),
    )


def checked(
    experiment: Experiment, steps: int, widths: tuple[int, ...] = WIDTHS
) -> list[WidthPoint]:
    return [
        point
        for width, made in prepare_widths(experiment, widths)
        for point in check_widths(made, width, steps)
    ]


def found(points: list[WidthPoint], scheme: str, layer: str, step: int) -> Slope:
    (slope,) = (
        each
        for each in slopes(points)
        if (each.scheme, each.layer, each.step) == (scheme, layer, step)
    )
    return slope


def test_start_sizes_follow_the_laws_of_their_variances() -> None:
    """σ_w² = fan_in Var W: kaiming's is 2 at any width, of a given std it grows as the width, and
    with its root does what a layer gives: by ½ more a layer; the first has 784 inputs always."""
    points = checked(wanted("kaiming_normal", "normal:std=0.05"), 0, WIDTHS[:4])
    for layer, grown in (("fc1", 0.0), ("fc2", 0.5), ("fc3", 1.0), ("fc4", 1.5)):
        assert found(points, "kaiming_normal", layer, 0).slope == pytest.approx(0, abs=0.12)
        assert found(points, "normal:std=0.05", layer, 0).slope == pytest.approx(grown, abs=0.12)


@pytest.mark.parametrize(("optimizer", "lr"), [("adam", 1e-3), ("sgd", 0.1)])
def test_changes_grow_under_standard_and_stay_under_mup(optimizer: str, lr: float) -> None:
    """Yang et al. (2021), section 5: logits blow up with width, or don't."""
    points = checked(wanted("standard", "mup", optimizer=optimizer, lr=lr), 1)
    assert found(points, "standard", "fc4", 1).slope >= 0.6
    assert abs(found(points, "mup", "fc4", 1).slope) <= 0.3
    assert found(points, "mup", "fc4", 0).slope == pytest.approx(-0.5, abs=0.15)
    for layer in ("fc1", "fc2", "fc3"):
        assert abs(found(points, "mup", layer, 1).slope) <= 0.15
        assert found(points, "mup", layer, 1).verdict == "stays"


def test_points_are_every_layer_step_width_and_seed() -> None:
    points = checked(wanted("standard", depth=1), 2, (8, 16))
    keys = [(p.layer, p.step, p.width, p.seed) for p in points]
    assert len(keys) == len(set(keys)) == 2 * 3 * 2 * 3
    assert all(point.change == 0 for point in points if point.step == 0)
    assert all(point.change > 0 for point in points if point.step)


def test_one_s_own_model_grows_by_its_argument(tmp_path: Path) -> None:
    path = tmp_path / "own_of_widths.py"
    path.write_text(
        "from torch import nn\n"
        "def make(width=8):\n"
        "    return nn.Sequential(nn.Flatten(), nn.Linear(784, width), nn.ReLU(),\n"
        "                         nn.Linear(width, 10))\n"
        "def fixed():\n    return nn.Sequential(nn.Flatten(), nn.Linear(784, 10))\n"
    )
    own = replace(wanted("built", "mup:base=8"), model=ModelConfig(f"{path}:make"))
    points = checked(own, 1, (8, 32))
    assert {point.layer for point in points} == {"1", "3"}
    assert {point.width for point in points} == {8, 32}
    with pytest.raises(UsageError, match="has no width to grow by"):
        prepare_widths(replace(own, model=ModelConfig(f"{path}:fixed")), (8, 32))


def test_operations_are_those_of_the_products() -> None:
    (made, wider) = (made for _, made in prepare_widths(wanted("standard", depth=2), (16, 64)))
    rows = len(made.data.example)
    assert operations(made) == 2 * rows * (784 * 16 + 16 * 16 + 16 * 10)
    assert operations(wider) == 2 * rows * (784 * 64 + 64 * 64 + 64 * 10)
