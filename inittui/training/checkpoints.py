"""Checkpoints of a stack: safetensors, written beside, flushed, then renamed."""

from __future__ import annotations

import errno
import os
import shutil
import struct
import time
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import msgspec
import torch
from torch import nn

from inittui.files import remove_unfinished, sync_directory, whole_file
from inittui.models.attributes import MOST_BYTES, Value

SAVE_SECONDS = 60.0
"""Epochs that take long are saved this often in between."""

_LEFT_BYTES, _LEFT_BYTES_OF_A_TRIAL = 2**20, 512
"""What a checkpoint leaves free on its disk for the log: what is said of each trial's end above
all. A checkpoint saves time; what the log lacks is lost."""


class _Header(msgspec.Struct, frozen=True):
    alive: tuple[int, ...]
    epoch: int
    step: int
    seconds: tuple[float, ...]
    checksum: int
    """CRC-32 of all tensors: safetensors itself doesn't notice a flipped bit."""


class _Metadata(msgspec.Struct, frozen=True):
    """The head of a safetensors file, as far as it is ours."""

    metadata: dict[str, str] = msgspec.field(name="__metadata__", default_factory=dict)


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
    attributes: Sequence[Mapping[str, Value]] = ()
    """What the modules of each of the learner's models keep beside."""


class CheckpointStore:
    """The checkpoints of one run, one file for each stack that is not over."""

    def __init__(
        self,
        directory: Path,
        *,
        log_is_on_disk: Callable[[], bool] = lambda: True,
        log_lacks_room: Callable[[], int] = lambda: 0,
        every: float = SAVE_SECONDS,
    ) -> None:
        """Keep files in ``directory``.

        Args:
            directory: is made for the first one.
            log_is_on_disk: sees to it that the log is as far as the checkpoint that shall be
                saved; where it says no, nothing is.
            log_lacks_room: tells how many bytes of the log are all that is not on the disk, for
                want of room.
            every: seconds after which a long epoch is saved.
        """
        self._directory = directory
        self._log_is_on_disk = log_is_on_disk
        self._log_lacks_room = log_lacks_room
        self.every = every
        self._saved = time.monotonic()
        self._told: set[str] = set()
        self.failed = False
        """Whether a checkpoint couldn't be saved."""

    def due(self) -> bool:
        return time.monotonic() - self._saved >= self.every

    def save(self, group: Sequence[int], checkpoint: Checkpoint) -> None:
        """Replace the stack's checkpoint; a reader finds the old one or the new one, whole.

        Raises:
            OSError: the disk doesn't take it; the old checkpoint stands.
        """
        self._saved = time.monotonic()
        self.put(group, encoded(checkpoint))

    def put(self, group: Sequence[int], content: bytes) -> None:
        """Replace the stack's checkpoint by one that is encoded; raises as `save`."""
        if not self._log_is_on_disk():
            return
        self._make_directory()
        path = self._path(group)
        remove_unfinished(path)
        with whole_file(path) as file:
            file.write(content)
            file.flush()
            self._leave_room(len(group))
        self.failed = False
        self._told.clear()

    def _leave_room(self, trials: int) -> None:
        disk = shutil.disk_usage(self._directory)
        if disk.total and disk.free < _LEFT_BYTES + trials * _LEFT_BYTES_OF_A_TRIAL:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def trying(self, save: Callable[[], None]) -> Iterator[str]:
        """Save; yield what the person should know: that it can't be done stops nothing."""
        had_failed = self.failed
        try:
            save()
        except (OSError, MemoryError) as error:
            self.failed = True
            strerror = error.strerror if isinstance(error, OSError) else "memory is short"
            reason = strerror or str(error)
            if reason not in self._told:
                self._told.add(reason)
                yield f"no checkpoint can be written: {reason}; training goes on without"
        if had_failed and not self.failed:
            yield "checkpoints are written again"

    def _make_directory(self) -> None:
        if not self._directory.exists():
            self._directory.mkdir()
            sync_directory(self._directory.parent)
        if self._directory.is_symlink():
            raise OSError(f"{self._directory.name} is a symbolic link; it is not followed")

    def load(self, group: Sequence[int], most: int) -> Checkpoint | None:
        """Return the stack's checkpoint; None if there is none or it can't be trusted.

        A file of more than ``most`` bytes isn't one of this stack's, and isn't read.
        """
        content = self.content(group, most)
        return decoded(content, group) if content else None

    def content(self, group: Sequence[int], most: int) -> bytes:
        """Return the stack's checkpoint as it lies there; b"" for none, or for too large a one."""
        path = self._path(group)
        if not path.is_file() or path.is_symlink() or self._directory.is_symlink():
            return b""
        try:
            return path.read_bytes() if path.stat().st_size <= most else b""
        except (OSError, MemoryError):
            return b""

    def remove(self, group: Sequence[int]) -> None:
        """Forget a stack that is over, once the log has all of it."""
        if self._log_is_on_disk():  # else it would be all that is left of the stack
            self._remove(self._path(group).name)

    def clear(self) -> None:
        """Forget all stacks of a run that is over, once the log has all of them or so gets room."""
        if self._log_is_on_disk() or 0 < self._log_lacks_room() <= self._bytes():
            self._remove("stack-*.safetensors")

    def _bytes(self) -> int:
        with suppress(OSError):
            return sum(path.lstat().st_size for path in self._directory.glob("stack-*"))
        return 0

    def _remove(self, pattern: str) -> None:
        with suppress(OSError):
            if self._directory.is_symlink():
                return
            for path in (*self._directory.glob(pattern), *self._directory.glob(f".{pattern}.*")):
                path.unlink(missing_ok=True)
            self._directory.rmdir()

    def _path(self, group: Sequence[int]) -> Path:
        return self._directory / f"stack-{group[0]}-{len(group)}.safetensors"


def encoded(checkpoint: Checkpoint) -> bytes:
    """Return a checkpoint as the bytes of a safetensors file."""
    from safetensors.torch import save

    tensors = {
        f"state.{name}": t.detach().cpu().contiguous() for name, t in checkpoint.state.items()
    }
    tensors["losses"] = checkpoint.losses.contiguous()
    tensors |= _of_attributes(checkpoint.attributes)
    header = _Header(
        checkpoint.alive, checkpoint.epoch, checkpoint.step, checkpoint.seconds, _checksum(tensors)
    )
    return save(tensors, metadata={"header": msgspec.json.encode(header).decode()})


def decoded(content: bytes, group: Sequence[int]) -> Checkpoint | None:
    """Return the checkpoint of a stack from its bytes; None where it can't be trusted."""
    from safetensors import SafetensorError
    from safetensors.torch import load

    try:
        (length,) = struct.unpack_from("<Q", content)
        text = msgspec.json.decode(content[8 : 8 + length], type=_Metadata).metadata["header"]
        header = msgspec.json.decode(text, type=_Header)
        tensors = load(content)
    except (
        SafetensorError, struct.error, msgspec.MsgspecError, KeyError, ValueError, RuntimeError,
        RecursionError, MemoryError,
    ):  # fmt: skip
        return None
    if header.checksum != _checksum(tensors):
        return None
    losses = tensors.pop("losses", torch.empty(0))
    try:
        attributes = _attributes_in(tensors)
    except (msgspec.MsgspecError, KeyError, ValueError):
        return None
    alive = header.alive
    sound = (
        len(alive) > 0
        and alive == tuple(number for number in group if number in alive)
        and losses.shape == (len(alive), header.step)
        and losses.dtype == torch.float64
        and len(header.seconds) == len(alive)
        and min(header.epoch, header.step) >= 0
    )
    if not sound:
        return None
    state = {name.removeprefix("state."): tensor for name, tensor in tensors.items()}
    return Checkpoint(alive, header.epoch, header.step, header.seconds, losses, state, attributes)


_PLAIN = "attributes"
_TENSOR = "attribute."


def _of_attributes(attributes: Sequence[Mapping[str, Value]]) -> dict[str, torch.Tensor]:
    """Return what modules keep as tensors, which the checksum covers: plain values as JSON."""
    tensors: dict[str, torch.Tensor] = {}
    plain: list[dict[str, bool | str | tuple[str] | None]] = []
    for number, values in enumerate(attributes):
        plain.append({})
        for name, value in values.items():
            if isinstance(value, torch.Tensor):
                tensors[f"{_TENSOR}{number}.{name}"] = value.detach().cpu().clone().contiguous()
            elif isinstance(value, bool | str | None):
                plain[-1][name] = value
            else:  # whatever its size, infinite and NaN
                plain[-1][name] = (value.hex() if isinstance(value, float) else str(value),)
    if any(plain):
        text = bytearray(msgspec.json.encode(plain))
        tensors[_PLAIN] = torch.frombuffer(text, dtype=torch.uint8)
    return tensors


def _attributes_in(tensors: dict[str, torch.Tensor]) -> tuple[dict[str, Value], ...]:
    """Take from a checkpoint's tensors what modules keep.

    Raises:
        ValueError, KeyError, MsgspecError: it is none of ours.
    """
    text = tensors.pop(_PLAIN, None)
    found: list[dict[str, Value]] = []
    if text is not None:
        kind = list[dict[str, bool | str | tuple[str] | None]]
        for values in msgspec.json.decode(text.numpy().tobytes(), type=kind):
            found.append({})
            for name, value in values.items():
                found[-1][name] = _number(value[0]) if isinstance(value, tuple) else value
    for key in [key for key in tensors if key.startswith(_TENSOR)]:
        number, _, name = key.removeprefix(_TENSOR).partition(".")
        while len(found) <= int(number):
            found.append({})
        found[int(number)][name] = tensors.pop(key)
    return tuple(found)


def _number(text: str) -> int | float:
    try:
        return int(text)
    except ValueError:
        return float.fromhex(text)


def _checksum(tensors: Mapping[str, torch.Tensor]) -> int:
    """Return the CRC-32 of tensors in the CPU's memory, in the order of their names."""
    checksum = 0
    for name in sorted(tensors):
        content = tensors[name].contiguous().reshape(-1).view(torch.uint8)
        checksum = zlib.crc32(content.numpy().data, checksum)
    return checksum


def most_bytes(template: nn.Module, trials: int, steps: int) -> int:
    """Return a bound on the size of a checkpoint of so many trials, in epochs of so many steps.

    Parameters, at most two moments and a count of each, and buffers, in at most 8 bytes; a float64
    for each loss; as much again for names and for what a learner keeps besides; and two small
    tensors that each module may keep.
    """
    parameters = sum(p.numel() for p in template.parameters())
    buffers = sum(b.numel() for b in template.buffers())
    attributes = 2 * MOST_BYTES * sum(1 for _ in template.modules())
    return trials * (2 * 8 * (4 * parameters + buffers + steps) + attributes) + 2**20


def matches(state: Mapping[str, torch.Tensor], expected: Mapping[str, torch.Tensor]) -> bool:
    """Whether a saved state has the tensors of a learner's, alike in shape and type."""
    return state.keys() == expected.keys() and all(
        state[name].shape == tensor.shape and state[name].dtype == tensor.dtype
        for name, tensor in expected.items()
    )
