"""Products with parameters: how many terms they add, by which rows, and what they give."""

from __future__ import annotations

import math
from typing import Any

import torch
from msgspec.structs import replace

from inittui.events.facts import UseFacts
from inittui.events.wire_numbers import to_wire
from inittui.inspection.statistics import powers

CONVOLUTIONS = frozenset({
    "convolution", "_convolution", "convolution_overrideable", "mkldnn_convolution",
    "conv_depthwise3d", "_slow_conv2d_forward", "thnn_conv2d",
})  # fmt: skip


def described(
    name: str, args: tuple[Any, ...], weight: torch.Tensor, side: int
) -> tuple[UseFacts, torch.Tensor] | None:
    """Return the fans and the units' rows of a product with a parameter."""
    weight = weight.detach()
    if name in CONVOLUTIONS:
        return _convolution(args, weight) if side == 1 else None
    if name in ("mv", "addmv", "dot", "vdot"):
        rows = weight if weight.ndim == 2 and side == 0 else weight.reshape(1, -1)
    elif weight.ndim == 2:
        rows = weight if side == 0 else weight.t()
    elif weight.ndim == 3 and weight.shape[0] == 1:
        rows = weight[0] if side == 0 else weight[0].t()
    elif weight.ndim == 3:
        rows = (weight if side == 0 else weight.transpose(1, 2)).flatten(0, 1)
        facts = UseFacts(
            parameter="", operation="batched", fan_in=rows.shape[1],
            fan_out=rows.shape[0] // weight.shape[0], units=len(rows),
        )  # fmt: skip
        return facts, rows
    else:
        return None
    facts = UseFacts(
        parameter="", operation="linear", fan_in=rows.shape[1], fan_out=rows.shape[0],
        units=rows.shape[0],
    )  # fmt: skip
    return facts, rows


def _convolution(
    args: tuple[Any, ...], weight: torch.Tensor
) -> tuple[UseFacts, torch.Tensor] | None:
    if len(args) < 9:
        return None
    stride, is_transposed, groups = args[3], bool(args[6]), int(args[8])
    positions = math.prod(weight.shape[2:])
    if not is_transposed:
        rows = weight.flatten(1)
        facts = UseFacts(
            parameter="", operation="convolution", fan_in=rows.shape[1],
            fan_out=weight.shape[0] // groups * positions, units=len(rows),
        )  # fmt: skip
        return facts, rows
    rows = weight.unflatten(0, (groups, -1)).transpose(1, 2).flatten(0, 1).flatten(1)
    stride = list(stride) * (weight.ndim - 2) if len(stride) == 1 else stride
    terms = weight.shape[0] // groups * positions / math.prod(stride)
    facts = UseFacts(
        parameter="", operation="transposed convolution", fan_in=max(round(terms), 1),
        fan_out=weight.shape[1] * positions, units=len(rows),
    )  # fmt: skip
    return facts, rows


def measured(
    facts: UseFacts,
    name: str,
    order: int,
    given: torch.Tensor,
    result: torch.Tensor,
    samples: int,
) -> UseFacts:
    """Add which product it is, and what goes into it and comes out."""
    power, between = powers(given, samples)
    out, out_between = powers(result, samples)
    bad = 0
    if result.is_floating_point() and not math.isfinite(float(result.detach().sum())):
        bad = int((~torch.isfinite(result.detach())).sum())
    return replace(
        facts,
        parameter=name,
        order=order,
        input_power=to_wire(power),
        input_between=to_wire(between),
        input_share=to_wire(between / power if power else 0.0),
        output_power=to_wire(out),
        output_share=to_wire(out_between / out if out else 0.0),
        not_finite=bad,
    )
