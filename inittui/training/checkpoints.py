"""Checkpoints of a stack: safetensors, written beside, flushed, then renamed."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import msgspec
import torch

SAVE_SECONDS = 60.0
"""Epochs that take long are saved this often in between."""


class _Header(msgspec.Struct, frozen=True):
    """What stands beside the tensors in a checkpoint's metadata."""

    alive: tuple[int, ...]
    epoch: int
    step: int
    seconds: tuple[float, ...]


@dataclass(frozen=True)
class Checkpoint:
    """Where a stack stood: everything that its next step depends on."""

    alive: tuple[int, ...]
    """Numbers of the trials that were still in it."""
    epoch: int
    """0-based epoch of the next step."""
    step: int
    """0-based step in that epoch."""
    seconds: tuple[float, ...]
    """Training time of each trial that is alive."""
    losses: torch.Tensor
    """Of the epoch so far, float64 [alive, step]."""
    state: Mapping[str, torch.Tensor]
    """The learner's."""


class CheckpointStore:
    """The checkpoints of one run, one file for each stack that is not over."""

    def __init__(
        self,
        directory: Path,
        *,
        before_save: Callable[[], None] = lambda: None,
        every: float = SAVE_SECONDS,
    ) -> None:
        """Keep files in ``directory``; ``before_save`` makes sure that the log is on disk."""
        self._directory = directory
        self._before_save = before_save
        self._every = every
        self._saved = time.monotonic()

    def due(self) -> bool:
        """Whether the last save is long enough ago to save in the middle of an epoch."""
        return time.monotonic() - self._saved >= self._every

    def save(self, group: Sequence[int], checkpoint: Checkpoint) -> None:
        """Replace the stack's checkpoint; a reader finds the old one or the new one, whole.

        Raises:
            OSError: the disk doesn't take it; the old checkpoint stands.
        """
        from safetensors.torch import save

        self._saved = time.monotonic()
        self._before_save()
        header = _Header(checkpoint.alive, checkpoint.epoch, checkpoint.step, checkpoint.seconds)
        tensors = {f"state.{name}": t.detach().cpu() for name, t in checkpoint.state.items()}
        tensors["losses"] = checkpoint.losses.contiguous()
        data = save(tensors, metadata={"header": msgspec.json.encode(header).decode()})
        self._directory.mkdir(exist_ok=True)
        path = self._path(group)
        beside = path.with_name(f".{path.name}.{os.getpid()}")
        try:
            with beside.open("wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            beside.replace(path)
        except OSError:
            with suppress(OSError):
                beside.unlink(missing_ok=True)
            raise

    def load(self, group: Sequence[int]) -> Checkpoint | None:
        """Return the stack's checkpoint; None if there is none or it can't be trusted."""
        from safetensors import SafetensorError, safe_open

        path = self._path(group)
        if not path.is_file() or path.is_symlink():
            return None
        try:
            with safe_open(path, framework="pt") as file:
                text = (file.metadata() or {}).get("header", "")
                header = msgspec.json.decode(text, type=_Header)
                tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        except (OSError, SafetensorError, msgspec.MsgspecError):
            return None
        losses = tensors.pop("losses", torch.empty(0))
        alive = header.alive
        sound = (
            set(alive) <= set(group)
            and losses.shape == (len(alive), header.step)
            and len(header.seconds) == len(alive)
            and min(header.epoch, header.step) >= 0
        )
        state = {name.removeprefix("state."): tensor for name, tensor in tensors.items()}
        return (
            Checkpoint(alive, header.epoch, header.step, header.seconds, losses, state)
            if sound and alive
            else None
        )

    def remove(self, group: Sequence[int]) -> None:
        """Forget a stack that is over."""
        with suppress(OSError):
            self._path(group).unlink(missing_ok=True)
            self._directory.rmdir()

    def _path(self, group: Sequence[int]) -> Path:
        return self._directory / f"stack-{group[0]}-{len(group)}.safetensors"


def matches(state: Mapping[str, torch.Tensor], expected: Mapping[str, torch.Tensor]) -> bool:
    """Whether a saved state has the tensors of a learner's, alike in shape and type."""
    return state.keys() == expected.keys() and all(
        state[name].shape == tensor.shape and state[name].dtype == tensor.dtype
        for name, tensor in expected.items()
    )
