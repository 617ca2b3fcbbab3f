"""A model's tensors beside those of a checkpoint, which is read without running any code of it."""

from __future__ import annotations

import pickle
import zipfile
from collections.abc import Mapping
from pathlib import Path

import torch
from torch import nn

from inittui.errors import UsageError
from inittui.events.checkpoints import CheckpointFacts, Differing
from inittui.events.wire_numbers import to_wire
from inittui.text import sanitize

_WRAPPERS = ("state_dict", "model_state_dict", "model", "module", "params", "net")
"""Keys below which trainers keep a model's tensors."""

_PREFIXES = ("", "module.", "_orig_mod.", "model.")
"""Before each name where a wrapped model was saved."""


def compare_with(model: nn.Module, path: Path) -> CheckpointFacts:
    """Return how a model's tensors differ from those of a checkpoint.

    Raises:
        UsageError: the file is no checkpoint of tensors.
    """
    saved = read_checkpoint(path)
    own = {**dict(model.named_parameters()), **model.state_dict()}
    saved = _with_names_of(saved, own)
    differing = [
        found
        for name, tensor in own.items()
        if name in saved and (found := _difference(name, tensor.detach(), saved[name])) is not None
    ]
    return CheckpointFacts(
        path=str(path),
        compared=sum(name in saved for name in own),
        differing=tuple(differing),
        missing=tuple(name for name in own if name not in saved),
        extra=tuple(name for name in saved if name not in own),
    )


def read_checkpoint(path: Path) -> dict[str, torch.Tensor]:
    """Read the tensors of a .safetensors file, or of a .pt one by ``weights_only``.

    Raises:
        UsageError: it is neither, or holds something else than tensors by name.
    """
    tensors = _tensors(_loaded(path))
    if not tensors:
        raise UsageError(f"{sanitize(str(path), 200)} holds no tensors by name")
    return tensors


def _loaded(path: Path) -> object:
    shown = sanitize(str(path), 200)
    if not path.is_file():
        raise UsageError(f"there is no file {shown}")
    try:
        if path.suffix == ".safetensors":
            from safetensors.torch import load_file

            return load_file(path)
        return torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        reason = sanitize(str(error).split("\n")[0], 200)
        raise UsageError(
            f"{shown} can't be read as tensors alone, and nothing else is unpickled: {reason}"
        ) from None
    except OSError:
        raise
    except Exception as error:  # noqa: BLE001  # each format fails in ways of its own
        raise UsageError(f"{shown} is no checkpoint: {sanitize(str(error), 200)}") from None


def read_batch(path: Path) -> dict[str, torch.Tensor] | torch.Tensor:
    """Read the inputs of a model: one tensor [n, …], or several by ``forward``'s parameters.

    They are read of .npz files without pickle, of others as `read_checkpoint` does; a single
    tensor in a .pt, or one that is named x, input or inputs, is taken by its place.

    Raises:
        UsageError: the file holds no tensors.
    """
    if path.suffix == ".npz":
        tensors = _arrays(path)
    else:
        found = _loaded(path)
        if isinstance(found, torch.Tensor):
            return found
        tensors = _tensors(found)
    if not tensors:
        raise UsageError(f"{sanitize(str(path), 200)} holds no tensors by name")
    name, only = next(iter(tensors.items()))
    return only if len(tensors) == 1 and name in ("x", "input", "inputs", "arr_0") else tensors


def _arrays(path: Path) -> dict[str, torch.Tensor]:
    import numpy as np

    shown = sanitize(str(path), 200)
    if not path.is_file():
        raise UsageError(f"there is no file {shown}")
    try:
        with np.load(path, allow_pickle=False) as arrays:
            return {name: torch.from_numpy(arrays[name]) for name in arrays.files}
    except (ValueError, TypeError, OSError, zipfile.BadZipFile, EOFError) as error:
        reason = sanitize(str(error).split("\n")[0], 200)
        raise UsageError(f"{shown} holds no arrays of numbers: {reason}") from None


def _tensors(found: object) -> dict[str, torch.Tensor]:
    if not isinstance(found, Mapping):
        return {}
    own = {str(name): each for name, each in found.items() if isinstance(each, torch.Tensor)}
    if own:
        return own
    return next((below for key in _WRAPPERS if (below := _tensors(found.get(key)))), {})


def _with_names_of(
    saved: dict[str, torch.Tensor], own: Mapping[str, torch.Tensor]
) -> dict[str, torch.Tensor]:
    """Take that prefix from the names in a file under which most are the model's."""

    def stripped(prefix: str) -> dict[str, torch.Tensor]:
        return {name.removeprefix(prefix): tensor for name, tensor in saved.items()}

    best = max(_PREFIXES, key=lambda prefix: sum(name in own for name in stripped(prefix)))
    return stripped(best)


def _difference(name: str, own: torch.Tensor, saved: torch.Tensor) -> Differing | None:
    shapes = (tuple(own.shape), tuple(saved.shape))
    if shapes[0] != shapes[1] or own.is_meta:
        return Differing(name, *shapes, None)
    # As loading would: in the model's type.
    there = saved.detach().to(own.device, own.dtype)
    if torch.equal(own, there) or torch.equal(own.nan_to_num(0.0), there.nan_to_num(0.0)):
        return None if torch.equal(own.isnan(), there.isnan()) else Differing(name, *shapes, "NaN")
    return Differing(name, *shapes, to_wire(_size(own - there) / max(_size(there), 1e-300)))


def _size(tensor: torch.Tensor) -> float:
    return float(torch.linalg.vector_norm(tensor.double()))
