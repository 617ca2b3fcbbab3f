"""A checkpoint that is not what was written is as good as none: the result is the same."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
import torch
from safetensors.torch import load_file, save_file

from inittui.experiment.records import (
    DataConfig,
    Experiment,
    ModelConfig,
    Optimizer,
    TrainingConfig,
)
from inittui.runs import RunDirectory
from inittui.training.checkpoints import Checkpoint, CheckpointStore, most_bytes
from inittui.training.planning import plan_stacks
from inittui.training.prepared import prepare
from inittui.training.stack import Stack
from tests.support.processes import Interrupted, Launcher, essence

GROUP = (3, 4, 5)
BLOCKED = ("a link in the folder's place", "a folder")
"""What nothing is written over, so that the run goes on without checkpoints and says so."""

MOST = 2**20
"""Bytes: more than these checkpoints have."""


def _checkpoint() -> Checkpoint:
    return Checkpoint(
        alive=(3, 5),
        epoch=1,
        step=2,
        seconds=(0.5, 0.25),
        losses=torch.tensor([[1.0, 2.0], [3.0, 4.0]], dtype=torch.float64),
        state={"weight": torch.arange(12.0).reshape(3, 4), "steps": torch.tensor(7)},
    )


@pytest.fixture
def kept(tmp_path: Path) -> tuple[CheckpointStore, Path]:
    """A store with one good checkpoint, and its file."""
    store = CheckpointStore(tmp_path / "run" / "checkpoints")
    (tmp_path / "run").mkdir()
    store.save(GROUP, _checkpoint())
    (path,) = (tmp_path / "run" / "checkpoints").iterdir()
    return store, path


def test_what_is_saved_is_loaded(kept: tuple[CheckpointStore, Path]) -> None:
    loaded = kept[0].load(GROUP, MOST)
    assert loaded is not None
    expected = _checkpoint()
    assert (loaded.alive, loaded.epoch, loaded.step, loaded.seconds) == ((3, 5), 1, 2, (0.5, 0.25))
    assert torch.equal(loaded.losses, expected.losses)
    assert all(torch.equal(loaded.state[name], t) for name, t in expected.state.items())
    assert kept[0].load((3, 4), MOST) is None


def _header(path: Path, **changes: object) -> None:
    """Write a checkpoint anew with another header."""
    from safetensors import safe_open

    with safe_open(path, framework="pt") as file:
        header = msgspec.json.decode((file.metadata() or {})["header"])
    tensors = load_file(path)
    save_file(tensors, path, metadata={"header": msgspec.json.encode(header | changes).decode()})


def _replace_bytes(path: Path, start: int, content: bytes) -> None:
    data = bytearray(path.read_bytes())
    data[start : start + len(content)] = content
    path.write_bytes(data)


def _flip_last_bit(path: Path) -> None:
    _replace_bytes(path, path.stat().st_size - 1, bytes([path.read_bytes()[-1] ^ 1]))


def _link(path: Path) -> None:
    outside = path.parents[2] / "outside.safetensors"
    path.replace(outside)
    path.symlink_to(outside)


def _link_the_folder(path: Path) -> None:
    outside = path.parents[2] / "outside"
    path.parent.replace(outside)
    path.parent.symlink_to(outside)


def _fifo(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def _folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def _bomb(path: Path) -> None:
    header = b'{"__metadata__":{"header":"' + b"[" * 500_000 + b'"}}'
    path.write_bytes(len(header).to_bytes(8, "little") + header)


DAMAGES: dict[str, Callable[[Path], object]] = {
    "empty": lambda path: path.write_bytes(b""),
    "cut": lambda path: path.write_bytes(path.read_bytes()[:-5]),
    "longer": lambda path: path.write_bytes(path.read_bytes() + b"\0" * 8),
    "a header as large as memory": lambda path: _replace_bytes(path, 0, b"\xff" * 7 + b"\x7f"),
    "a header larger than the file": lambda path: _replace_bytes(path, 0, b"\0\0\1"),
    "no header": lambda path: save_file(load_file(path), path),
    "a deeply nested header": _bomb,
    "a flipped bit": _flip_last_bit,
    "pickle": lambda path: path.write_bytes(b"cos\nsystem\n(S'true'\ntR."),
    "a link": _link,
    "a link in the folder's place": _link_the_folder,
    "a FIFO": _fifo,
    "a folder": _folder,
    "wrong shapes": lambda path: save_file({"losses": torch.zeros(9, 9)}, path),
    "other trials": lambda path: _header(path, alive=[0, 1]),
    "a trial twice": lambda path: _header(path, alive=[3, 3]),
    "trials in another order": lambda path: _header(path, alive=[5, 3]),
    "a negative step": lambda path: _header(path, step=-2),
    "another step": lambda path: _header(path, step=1),
    "a step that is no number": lambda path: _header(path, step="2"),
    "no trials": lambda path: _header(path, alive=[], seconds=[]),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_checkpoint_is_not_loaded(
    kept: tuple[CheckpointStore, Path], damage: str
) -> None:
    store, path = kept
    DAMAGES[damage](path)
    assert store.load(GROUP, MOST) is None


def test_nothing_is_written_or_removed_through_links(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "stack-3-3.safetensors").write_text("mine")
    run = tmp_path / "run"
    run.mkdir()
    (run / "checkpoints").symlink_to(outside)
    store = CheckpointStore(run / "checkpoints")
    with pytest.raises(OSError, match="symbolic link"):
        store.save(GROUP, _checkpoint())
    store.remove(GROUP)
    store.clear()
    assert [path.read_text() for path in outside.iterdir()] == ["mine"]

    (run / "checkpoints").unlink()
    (run / "checkpoints").mkdir()
    victim = outside / "stack-3-3.safetensors"
    (run / "checkpoints" / ".stack-3-3.safetensors.0123abcd").symlink_to(victim)
    store.save(GROUP, _checkpoint())
    assert victim.read_text() == "mine"
    assert store.load(GROUP, MOST) is not None


def test_a_checkpoint_that_cannot_be_written_leaves_the_old_one(
    kept: tuple[CheckpointStore, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    def is_full(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    store, path = kept
    before = path.read_bytes()
    left = path.with_name(f".{path.name}.0123abcd")
    left.write_bytes(b"of a process that was killed")
    monkeypatch.setattr(os, "fsync", is_full)
    with pytest.raises(OSError, match="No space"):
        store.save(GROUP, _checkpoint())
    assert path.read_bytes() == before
    assert list(path.parent.iterdir()) == [path]


def _others_state(path: Path) -> None:
    """A sound checkpoint, but of models of another shape."""
    group = tuple(range(2))
    store = CheckpointStore(path.parent)
    loaded = store.load(group, MOST)
    assert loaded is not None
    state = {name: tensor.reshape(-1)[:1].clone() for name, tensor in loaded.state.items()}
    store.save(
        group,
        Checkpoint(loaded.alive, loaded.epoch, loaded.step, loaded.seconds, loaded.losses, state),
    )


def test_a_resumed_run_is_the_same_whatever_became_of_its_checkpoint(
    inittui: Launcher,
    interrupted: Interrupted,
    tmp_path: Path,
    long_form: bool,
    tell: Callable[[str, str], None],
) -> None:
    damages: dict[str, Callable[[Path], object]] = {
        "none": lambda path: None,
        "another model's": _others_state,
        **DAMAGES,
    }
    chosen = list(damages) if long_form else ["none", "another model's", "a flipped bit"]
    for name in chosen:
        root = tmp_path / name.replace(" ", "-") / "runs"
        run = interrupted.copy(root)
        (path,) = run.checkpoints.glob("stack-*")  # one half written may lie beside it
        damages[name](path)
        result = inittui.run("runs", "resume", "last", "-q", "--runs-dir", root)
        expected = 4 if name in BLOCKED else 0
        assert result.code == expected, f"{name}: {result.err}"
        assert "Traceback" not in result.err
        assert essence(run) == interrupted.essence, name
        if name == "none":
            _assert_went_on(run)
    tell(
        "damaged checkpoints",
        f"{len(chosen)} of {len(chosen)} runs bitwise equal to one never stopped",
    )


def _assert_went_on(run: RunDirectory) -> None:
    """The last start of a trial in the log is not at its first step."""
    starts = [line for line in run.log.read_bytes().splitlines() if b'"trial_started"' in line]
    assert msgspec.json.decode(starts[-1])["step"] > 0


def test_a_file_that_is_too_large_is_not_read(kept: tuple[CheckpointStore, Path]) -> None:
    store, path = kept
    assert store.load(GROUP, path.stat().st_size) is not None
    assert store.load(GROUP, path.stat().st_size - 1) is None


@pytest.mark.parametrize("optimizer", ["adam", "rmsprop", "sgd"])
@pytest.mark.parametrize("model", ["mlp", "lenet"])
def test_a_whole_checkpoint_is_within_the_bound(optimizer: Optimizer, model: str) -> None:
    wanted = Experiment(
        ("rule", "normal"),
        model=ModelConfig(name=model, batch_norm=model == "lenet" or None),
        data=DataConfig(limit=400),
        training=TrainingConfig(optimizer=optimizer, device="cpu", dtype="float64"),
    )
    prepared = prepare(wanted)
    (variant,) = prepared.variants
    stack = Stack(variant, plan_stacks(prepared).kind, (0, 1), lambda: False)
    size = sum(t.numel() * t.element_size() for t in stack._learner.state().values())
    assert size < most_bytes(variant.template, 2, steps=4)
