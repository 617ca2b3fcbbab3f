"""Units that are alike and parameters without a gradient: whether moving what has one helps."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping

import numpy as np
import torch
from torch import nn

from inittui.inspection.passing import Batch, Passed, run, size
from inittui.inspection.products import Products
from inittui.inspection.statistics import row_labels, split_by_gradients
from inittui.inspection.waking import EQUAL, MOVE, Rounds

_MOST_UNITS = 1 << 24
"""Values of a parameter whose units are compared one by one."""


def alike_units(products: Products) -> dict[str, np.ndarray]:
    """Return labels of the units, equal for equal ones, of parameters that have such."""
    found: dict[str, np.ndarray] = {}
    for use in products.uses:
        rows = use.rows
        if rows is None or use.parameter in found or len(rows) < 2:
            continue
        labels = labels_of(rows)
        if labels is not None and len(set(labels.tolist())) < len(labels):
            found[use.parameter] = labels
    return found


def labels_of(rows: torch.Tensor) -> np.ndarray | None:
    """Return labels of rows, equal for equal ones; None where all differ, or are too many."""
    if rows.numel() > _MOST_UNITS or not rows.is_floating_point():
        return None
    start = rows[:, : min(rows.shape[1], 4)].detach()
    if len(torch.unique(start.float(), dim=0)) == len(rows):
        return None
    return row_labels(_full(rows))


def _full(rows: torch.Tensor) -> torch.Tensor:
    return rows.float() if rows.dtype is torch.bfloat16 else rows


def _gradient_rows(products: Products, name: str, passed: Passed) -> torch.Tensor | None:
    """Return the gradient of a parameter as its use has the units; None for none."""
    use = next(x for x in products.uses if x.parameter == name and x.rows is not None)
    gradient = passed.gradients.get(name)
    if gradient is None or use.rows is None or gradient.is_sparse:
        return None
    parameter = next(p for n, p in passed.products.model.named_parameters() if n == name)
    gradient = gradient.detach()
    if gradient.stride() != parameter.stride():
        laid = torch.empty_strided(parameter.shape, parameter.stride(), dtype=gradient.dtype)
        gradient = laid.copy_(gradient)
    rows = use.rows
    offset = rows.storage_offset() - parameter.storage_offset() + gradient.storage_offset()
    try:
        return torch.as_strided(gradient, rows.shape, rows.stride(), offset)
    except RuntimeError:  # of a copy that flattening made
        return gradient.reshape(rows.shape) if gradient.numel() == rows.numel() else None


def _split(alike: dict[str, np.ndarray], passed: Passed) -> None:
    """Tell those of equal units apart that get different gradients."""
    for name, labels in alike.items():
        gradients = _gradient_rows(passed.products, name, passed)
        if gradients is None or not bool(gradients.any()):
            continue
        alike[name] = split_by_gradients(labels, _full(gradients), EQUAL)


def count_equal(labels: np.ndarray) -> int:
    """Return how many units are equal to another one."""
    counts = np.unique(labels, return_counts=True)[1]
    return int(counts[counts > 1].sum())


def wake(
    model: nn.Module,
    few: Batch,
    parameters: Mapping[str, torch.Tensor],
    asleep: Collection[str],
    alike: dict[str, np.ndarray],
    frozen: Collection[str],
) -> set[str]:
    """Move along their gradients what gets one, and pass again; return what never gets one.

    Of the units that are ``alike`` those are told apart that get different gradients.
    """
    never = {*asleep}
    if not never and not alike:
        return never
    moved: dict[str, torch.Tensor] = {}
    found = run(model, few, keeps_gradients=True)
    _split(alike, found)
    rounds = Rounds()
    while never or any(count_equal(labels) for labels in alike.values()):
        if not rounds.go_on(sum(size(each) > 0 for each in found.gradients.values())):
            break
        moves = _moves(parameters, moved, found, never, frozen)
        if not moves:
            break
        moved |= moves
        found = run(model, few, changed=moved, keeps_gradients=True)
        never -= {name for name in never if size(found.gradients.get(name)) > 0}
        _split(alike, found)
    return never


def _moves(
    parameters: Mapping[str, torch.Tensor],
    moved: Mapping[str, torch.Tensor],
    found: Passed,
    asleep: Collection[str],
    frozen: Collection[str],
) -> dict[str, torch.Tensor]:
    """Return what parameters become by a step along their gradients."""
    moves = {}
    for name, parameter in parameters.items():
        gradient = found.gradients.get(name)
        if gradient is None or name in frozen or name in asleep or gradient.is_sparse:
            continue
        values = moved.get(name, parameter).detach()
        length, steep = size(values), size(gradient)
        if steep > 0 and math.isfinite(steep):
            step = MOVE * (length or values.numel() ** 0.5) / steep
            moves[name] = values - gradient.detach().to(values.dtype) * step
    return moves
