"""What models with faults, and those that only look so, are written with."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn


@dataclass(frozen=True)
class Case:
    """One fault."""

    build: Callable[[bool], nn.Module]
    """Takes whether the fault is mended."""
    input: str
    expected: tuple[str, ...]
    """Codes of which one must be found; none: nothing may be."""
    rebuilds: bool = False
    """Whether it takes more than one build to see it."""


def registering(cases: dict[str, Case]) -> Callable[..., Callable[[Any], Any]]:
    """Return what adds models to cases by their names."""

    def fault(input: str, *expected: str, rebuilds: bool = False) -> Callable[[Any], Any]:
        def register(build: Callable[[bool], nn.Module]) -> Callable[[bool], nn.Module]:
            cases[build.__name__] = Case(build, input, expected, rebuilds)
            return build

        return register

    return fault


def layers(*sizes: int, act: Callable[[], nn.Module] = nn.ReLU) -> nn.Sequential:
    """Linear layers with nonlinearities between them."""
    parts: list[nn.Module] = []
    for given, made in itertools.pairwise(sizes):
        parts += [nn.Linear(given, made), act()]
    return nn.Sequential(*parts[:-1])


def filled(model: nn.Module, fill: Callable[[torch.Tensor], Any], kind: Any = nn.Linear) -> Any:
    """Fill all weights of a kind, and set the biases to 0."""
    for module in model.modules():
        if isinstance(module, kind):
            fill(module.weight)
            if module.bias is not None:
                nn.init.zeros_(module.bias)
    return model
