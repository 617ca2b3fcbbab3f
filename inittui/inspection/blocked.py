"""Weights that are all 0 and keep the outputs the same for all samples."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import torch
from torch import nn

from inittui.inspection.pass_records import settled
from inittui.inspection.passing import Batch, Passed, run

_MOST = 12
"""Weights that are tried one by one; of more all are named."""


def zeros_in_way(model: nn.Module, few: Batch, passed: Passed) -> tuple[str, ...]:
    """Return the zeros that have to be drawn before the outputs tell samples apart.

    Last weights that are 0 are meant, and so are those that start a branch at 0: each is drawn for
    a trial, and what then still keeps the outputs constant is named. Nothing is where the last ones
    alone do it, or drawing all of them doesn't help.
    """
    parameters = dict(model.named_parameters())
    uses = [use for use in settled(passed.products.uses) if use.parameter in parameters]
    sized = [use.parameter for use in uses if parameters[use.parameter].numel()]
    sized += [name for name in _tables(model) if name in parameters and name not in sized]
    zeros = dict.fromkeys(name for name in sized if not bool(parameters[name].detach().any()))
    last = {use.parameter for use in uses if use.is_last} & {*zeros}
    inner = tuple(name for name in zeros if name not in last)
    if not inner:
        return ()

    def tells_apart(names: Iterable[str]) -> bool:
        return run(model, few, changed=_drawn(parameters, names)).share > 0

    if tells_apart(last) or not tells_apart(zeros):
        return ()
    if len(inner) > _MOST:
        return inner
    needed = tuple(name for name in inner if not tells_apart({*zeros} - {name}))
    return needed or inner  # of several ways any one would do


def _tables(model: nn.Module) -> Iterator[str]:
    """Yield the names of tables that are looked up, which no product has."""
    for name, module in model.named_modules():
        if isinstance(module, nn.Embedding | nn.EmbeddingBag):
            yield f"{name}.weight" if name else "weight"


def _drawn(parameters: Mapping[str, torch.Tensor], names: Iterable[str]) -> dict[str, torch.Tensor]:
    """Return normal values for parameters, of a variance of 1/n for n inputs."""
    generator = torch.Generator().manual_seed(0)
    found = {}
    for name in sorted(names):
        like = parameters[name].detach()
        values = torch.randn(like.shape, generator=generator) / like[0].numel() ** 0.5
        found[name] = values.to(like.device, like.dtype)
    return found
