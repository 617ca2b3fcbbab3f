"""Tensors beside those of a file, which is read without running any code of it."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from inittui.errors import UsageError
from inittui.inspection.checkpoints import compare_with


def model(seed: int = 0) -> nn.Sequential:
    torch.manual_seed(seed)
    return nn.Sequential(nn.Linear(4, 3), nn.BatchNorm1d(3))


def saved(path: Path, state: object) -> Path:
    if path.suffix == ".safetensors":
        assert isinstance(state, dict)
        save_file(state, path)
    else:
        torch.save(state, path)
    return path


@pytest.mark.parametrize("name", ["a.pt", "a.safetensors"])
def test_equal_tensors_don_t_differ(name: str, tmp_path: Path) -> None:
    facts = compare_with(model(), saved(tmp_path / name, model().state_dict()))
    assert (facts.compared, facts.differing, facts.missing, facts.extra) == (7, (), (), ())


@pytest.mark.parametrize("name", ["a.pt", "a.safetensors"])
def test_what_differs_is_missing_or_extra_is_named(name: str, tmp_path: Path) -> None:
    state = dict(model().state_dict())
    state["0.weight"] = state["0.weight"] * 1.25
    state["1.weight"] = torch.ones(4)
    state["head.weight"] = torch.ones(2, 2)
    del state["0.bias"]
    facts = compare_with(model(), saved(tmp_path / name, state))
    assert [each.name for each in facts.differing] == ["0.weight", "1.weight"]
    assert facts.differing[0].distance == pytest.approx(0.2)
    assert (facts.differing[1].distance, facts.differing[1].saved_shape) == (None, (4,))
    assert (facts.missing, facts.extra) == (("0.bias",), ("head.weight",))


@pytest.mark.parametrize("key", ["state_dict", "model"])
@pytest.mark.parametrize("prefix", ["module.", "_orig_mod."])
def test_what_trainers_wrap_is_unwrapped(key: str, prefix: str, tmp_path: Path) -> None:
    state = {f"{prefix}{name}": value for name, value in model().state_dict().items()}
    path = saved(tmp_path / "a.pt", {key: state, "epoch": 3})
    facts = compare_with(model(), path)
    assert (facts.compared, facts.differing, facts.missing, facts.extra) == (7, (), (), ())


def test_values_that_loading_would_round_are_equal(tmp_path: Path) -> None:
    half = model().half()
    facts = compare_with(half, saved(tmp_path / "a.pt", model().state_dict()))
    assert facts.differing == ()


def test_nan_equals_nan_alone(tmp_path: Path) -> None:
    blank = model()
    with torch.no_grad():
        blank[0].weight.fill_(torch.nan)
    path = saved(tmp_path / "a.pt", blank.state_dict())
    assert compare_with(blank, path).differing == ()
    assert [each.name for each in compare_with(model(), path).differing] == ["0.weight"]


class Runs:
    """What a pickle could run."""

    def __reduce__(self) -> tuple[object, ...]:
        return Path.touch, (Path("/tmp/inittui-was-run"),)


@pytest.mark.parametrize("state", [{"a": Runs()}, [1, 2], {"epoch": 3}])
def test_other_files_are_refused_and_run_nothing(state: object, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"a\.pt"):
        compare_with(model(), saved(tmp_path / "a.pt", state))
    assert not Path("/tmp/inittui-was-run").exists()


def test_broken_files_are_one_line(tmp_path: Path) -> None:
    for name in ("a.pt", "a.safetensors"):
        path = tmp_path / name
        path.write_bytes(b"nothing")
        with pytest.raises(UsageError) as caught:
            compare_with(model(), path)
        assert "\n" not in str(caught.value)
        with pytest.raises(UsageError, match="there is no file"):
            compare_with(model(), tmp_path / f"none{path.suffix}")
