"""Fills of tensors that are computed from parameters, which keep their own values."""

from __future__ import annotations

import torch
from msgspec.structs import replace
from torch import nn

from inittui.events.facts import WriterFacts
from inittui.inspection.memory import key_of

_MOST = 20


class LostWrites:
    """Is told of writes, and keeps those to what autograd knows as computed.

    A layer's weight is, behind weight_norm and parametrizations: it is made anew at each pass.
    """

    def __init__(self) -> None:
        self._seen: dict[tuple[str, str], tuple[WriterFacts, torch.Tensor]] = {}

    def note(self, tensor: torch.Tensor, facts: WriterFacts) -> None:
        """Note a write, if it is a fill that somebody's own code asks for."""
        is_fill = facts.draw in ("random", "constant") and facts.is_own and facts.is_direct
        site = facts.where, facts.operation
        if is_fill and site not in self._seen and len(self._seen) < _MOST and _is_computed(tensor):
            # The memory is held, so that no parameter comes to lie there.
            self._seen[site] = facts, tensor.detach()

    def of(self, model: nn.Module) -> tuple[WriterFacts, ...]:
        """Return the writes that didn't come to lie in a model's parameters and buffers."""
        kept = {key_of(each) for each in (*model.parameters(), *model.buffers())}
        words = {"call": "fill"}
        return tuple(
            replace(facts, words=facts.words | words)
            for facts, tensor in self._seen.values()
            if key_of(tensor) not in kept
        )


def _is_computed(tensor: torch.Tensor) -> bool:
    whole = tensor if tensor._base is None else tensor._base
    return whole.grad_fn is not None
