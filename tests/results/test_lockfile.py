"""Lockfiles: one tensor a line, other seeds are no drift, changes of ten percent are."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import nn

from inittui.errors import UsageError
from inittui.events.lock import Lock
from inittui.inspection.locking import lock_of
from inittui.results.lockfile import added_and_gone, drifts, lock_text, read_lock, write_lock


def model() -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(3, 32, 3),
        nn.BatchNorm2d(32),
        nn.Flatten(),
        nn.Linear(200, 128),
        nn.Linear(128, 9),
    )


def locked(seed: int, change: Callable[[nn.Sequential], object] = lambda m: None) -> Lock:
    torch.manual_seed(seed)
    made = model()
    with torch.no_grad():
        change(made)
    return lock_of(made, "model.py:build", seed)


def test_a_file_says_what_was_locked(tmp_path: Path) -> None:
    lock = locked(0)
    write_lock(tmp_path / "inittui.lock", lock)
    again = read_lock(tmp_path / "inittui.lock")
    assert lock_text(again) == lock_text(lock)
    assert list(drifts(again, lock, exact=True)) == []
    lines = lock_text(lock).splitlines()
    tensors = [line for line in lines if line.startswith("  ")]
    assert len(tensors) == len(lock.tensors)
    assert tensors == sorted(tensors)
    assert json.loads(lock_text(lock))["tensors"]["3.weight"]["shape"] == [128, 200]


def test_other_seeds_are_no_drift() -> None:
    first = locked(0)
    assert [list(drifts(first, locked(seed))) for seed in range(1, 30)] == [[]] * 29
    assert list(drifts(first, locked(1), exact=True))


@pytest.mark.parametrize("factor", [0.9, 1.1])
def test_ten_percent_is_drift_where_there_are_many_values(factor: float) -> None:
    for seed in range(5):
        now = locked(seed, lambda m: m[3].weight.mul_(factor))
        ((name, what, number),) = drifts(locked(7), now)
        assert name == "3.weight"
        assert what.startswith("std 0.04")
        assert float(number) == pytest.approx(factor, rel=0.02)


CHANGES: dict[str, tuple[str, Callable[[nn.Sequential], object]]] = {
    "std 0.0": ("3.weight", lambda m: nn.init.xavier_uniform_(m[3].weight, 3)),
    "mean ": ("3.weight", lambda m: m[3].weight.add_(0.01)),
    "law uniform is now normal": ("3.weight", lambda m: nn.init.normal_(m[3].weight, std=0.0408)),
    "mean 1, std 0 is now mean 0, std 0": ("1.weight", lambda m: nn.init.zeros_(m[1].weight)),
    "requires_grad true is now false": (
        "0.weight", lambda m: m[0].weight.requires_grad_(False)),
    "dtype float32 is now float16": ("0.weight", lambda m: m[0].half()),
}  # fmt: skip


@pytest.mark.parametrize("said", CHANGES)
def test_each_change_is_told(said: str) -> None:
    name, change = CHANGES[said]
    found = {name: what for name, what, _ in drifts(locked(0), locked(3, change))}
    assert found[name].startswith(said)


def test_a_law_of_the_same_scale_is_told() -> None:
    """A uniform weight of the normal one's σ."""
    normal = locked(0, lambda m: nn.init.xavier_normal_(m[3].weight))
    uniform = locked(0, lambda m: nn.init.xavier_uniform_(m[3].weight))
    ((name, what, _),) = drifts(normal, uniform)
    assert (name, what) == ("3.weight", "law xavier_normal is now xavier_uniform")


def test_names_come_and_go() -> None:
    torch.manual_seed(0)
    other = lock_of(nn.Sequential(*model()[:4], nn.Linear(128, 9, bias=False), nn.PReLU()), "", 0)
    assert added_and_gone(locked(0), other) == (("5.weight",), ("4.bias",))


@pytest.mark.parametrize(
    ("content", "said"),
    [(b"[", "no lockfile"), (b'{"schema": 3}', "no lockfile"), (b"\xff", "no lockfile"),
     (b'{"schema":"x/9","model":"","torch":"","seed":0,"tensors":{}}', "of 'x/9'")],
)  # fmt: skip
def test_what_is_no_lockfile_is_refused(content: bytes, said: str, tmp_path: Path) -> None:
    path = tmp_path / "inittui.lock"
    path.write_bytes(content)
    with pytest.raises(UsageError, match=said):
        read_lock(path)
    with pytest.raises(UsageError, match="--write-lock"):
        read_lock(tmp_path / "none")
