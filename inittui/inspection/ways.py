"""Whether gradients reach what a nonlinearity is flat for by another way, as around a gate."""

from __future__ import annotations

from collections.abc import Callable

import torch

from inittui.inspection.activations import DEAD

_OTHER = 0.5
"""Share of a value's gradient that doesn't come through the nonlinearity, from where on it has
another way."""

Note = Callable[[torch.Tensor], None]


class Ways:
    """Compares in the backward pass what comes through a nonlinearity with all that arrives.

    A ReLU of x beside one of -x, a skip around it, or x · sigmoid(x): what is flat for a value
    isn't the only way to it.
    """

    def __init__(
        self, values: torch.Tensor, slope: torch.Tensor, note: Note, is_over: Callable[[], bool]
    ) -> None:
        """Watch a nonlinearity with a ``slope`` for ``values``, before it may overwrite them.

        ``note`` is told which values have another way, bool in their shape; ``is_over`` says
        whether the forward pass is, in which gradients are those of single nonlinearities.
        """
        self._slope, self._note, self._is_over = slope, note, is_over
        self._through: torch.Tensor | None = None
        values.register_hook(self._arrived)

    def gives(self, result: torch.Tensor) -> None:
        """Take note of what the nonlinearity has made."""
        if result.requires_grad:
            result.register_hook(self._came)

    def _came(self, gradient: torch.Tensor) -> None:
        if self._is_over():
            self._through = gradient.detach() * self._slope

    def _arrived(self, gradient: torch.Tensor) -> None:
        if not self._is_over():
            return
        through = 0.0 if self._through is None else self._through
        sizes = gradient.detach().abs()
        others = (gradient.detach() - through).abs()
        self._note((others > _OTHER * sizes) & (sizes > DEAD * sizes.amax()))
        self._through = None
