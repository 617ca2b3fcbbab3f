"""Start values that are proposed for a model: from what each product sums, and what follows it.

σ is gain/√n of the n terms of the operation, whatever the weight's shape says (He et al. 2015);
the last product has gain 1, and one whose outputs are added to a residual stream of L links is
divided by √L, so that all branches together add as much as the stream has (Radford et al. 2019).
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import msgspec

from inittui.events.facts import Facts, UseFacts
from inittui.initializers.nonlinearity import NONLINEARITIES, gain
from inittui.results.rules.finding import Finding

_OTHER_GAINS = {"tanh": 1.0, "gelu": 1.48, "silu": 1.6}
"""Where torch's or the ReLU's would not keep a deep signal: 5/3 makes tanh chaotic, √2 lets GELU
and SiLU drift."""

_NO_SCALE_HELPS = ("sigmoid", "softmax")
"""Nonlinearities through which no variance of the weights carries a signal over many layers."""

_MANY = 3


class Proposal(msgspec.Struct, frozen=True):
    """What each parameter would be filled with, by name."""

    stds: dict[str, float] = {}
    """Those drawn from N(0, std²)."""
    ones: tuple[str, ...] = ()
    zeros: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()
    """Those that stay as they are."""
    remarks: tuple[str, ...] = ()


def propose(facts: Facts) -> Proposal:
    """Return start values for the parameters of a model that could be run."""
    uses: dict[str, list[UseFacts]] = {}
    for use in facts.uses:
        uses.setdefault(use.parameter, []).append(use)
    links = max(len(facts.additions), 1)
    stds: dict[str, float] = {}
    by_kind: dict[str, list[str]] = {"ones": [], "zeros": [], "kept": []}
    for tensor in facts.tensors:
        if tensor.kind != "parameter":
            continue
        if tensor.name in facts.norms:
            by_kind["kept" if tensor.is_zero else "ones"].append(tensor.name)
        elif tensor.is_zero and tensor.name not in facts.never:
            by_kind["kept"].append(tensor.name)  # meant, as it learns
        elif used := uses.get(tensor.name):
            stds[tensor.name] = min(_std(use, links) for use in used)
        elif not tensor.is_matrix and tensor.name.rpartition(".")[2].startswith("bias"):
            by_kind["zeros"].append(tensor.name)
        else:
            by_kind["kept"].append(tensor.name)
    return Proposal(
        stds,
        tuple(by_kind["ones"]),
        tuple(by_kind["zeros"]),
        tuple(by_kind["kept"]),
        tuple(_remarks(facts)),
    )


def _std(use: UseFacts, links: int) -> float:
    std = _gain(use) / math.sqrt(max(use.fan_in, 1))
    return std / math.sqrt(links) if "addition" in use.behind else std


def _gain(use: UseFacts) -> float:
    if use.is_last:
        return 1.0
    for name in use.behind:
        if name in _OTHER_GAINS:
            return _OTHER_GAINS[name]
        if name in NONLINEARITIES:
            return gain(name)
    return 1.0


def _remarks(facts: Facts) -> list[str]:
    said = []
    for kind in _NO_SCALE_HELPS:
        count = sum(each.kind == kind and not each.is_in_gate for each in facts.nonlinearities)
        if count >= _MANY:
            said.append(
                f"{count} layers of {kind} follow each other: no scale of the weights carries a "
                "signal through; another nonlinearity, a norm or a residual connection does"
            )
    return said


def of_values(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """Return the findings that other values can mend: not those on how a model is built."""
    return tuple(each for each in findings if not each.code.startswith(("I1", "I7", "I8", "I9")))
