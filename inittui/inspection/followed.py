"""What is followed from a product to the nonlinearity that it meets, and where that is flat."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch

from inittui.inspection.activations import Flatness
from inittui.inspection.statistics import always, units_first

_SKIPPED = 0.3
"""Of the largest gradient of a unit: what has more has another way than through a norm over units,
which gives away about √(2/n) of n."""


@dataclass(kw_only=True)
class Followed:
    """A layer's output, or another product with a parameter, in one forward pass."""

    name: str
    """Of the layer, or of the parameter."""
    units: int
    unit_dims: tuple[int, ...]
    """Of the output; together they count the units."""
    output_dims: int
    output: int
    """Identity of the tensor, while the pass holds it."""
    nonlinearity: str = "identity"
    dead_units: torch.Tensor | None = None
    """Bool: which units pass no gradient in this run; None where no nonlinearity could be flat."""
    saturated_share: float | None = None
    earlier: Followed | None = None
    """The same one, where it has run before."""
    is_direct: bool = False
    """Whether nothing lies between it and its nonlinearity."""
    flat: Flatness | None = None
    """What dead and saturated are from."""

    @property
    def dead(self) -> float | None:
        """Share of the units that no run passes a gradient through."""
        dead = [each.dead_units for each in self.runs]
        known = [each for each in dead if each is not None]
        if len(known) < len(dead):
            return None
        return float(torch.stack(known).all(0).double().mean())

    @property
    def saturated(self) -> float | None:
        """Share of the values at flat ends, over all runs."""
        shares = [each.saturated_share for each in self.runs]
        known = [each for each in shares if each is not None]
        return sum(known) / len(known) if len(known) == len(shares) else None

    @property
    def runs(self) -> list[Followed]:
        """This and all earlier ones, of which a recurrent layer has many."""
        found = [self]
        while (earlier := found[-1].earlier) is not None:
            found.append(earlier)
        return found

    def note_flatness(
        self, values: torch.Tensor, dead: torch.Tensor, saturated: torch.Tensor | None
    ) -> None:
        """Note which of the ``values`` that a nonlinearity is given it is flat for."""
        places = self.places_of_units(values)
        self.dead_units = always(dead, *places) if places else None
        self.saturated_share = None if saturated is None else _share(saturated)

    def note_gradient(self, gradient: torch.Tensor) -> None:
        """Let live what a norm's way around a nonlinearity has gradients for, as a skip's end.

        A norm over units gives some of each one's gradient to the others.
        """
        if self.is_direct or self.dead_units is None or gradient.ndim < 2:
            return
        by_unit = units_first(gradient.detach(), self.unit_dims)
        sizes = by_unit.float().square().mean(1)
        if len(sizes) == len(self.dead_units):
            self.dead_units = self.dead_units & ~(sizes > _SKIPPED**2 * sizes.amax())

    def places_of_units(self, values: torch.Tensor) -> tuple[int, ...]:
        """Return the dimensions of the units after what lies between layer and nonlinearity.

        None at all where reshaping has left none that are as long as the layer has units.
        """
        usual = self.unit_dims if values.ndim == self.output_dims else (1,)
        if max(usual) < values.ndim and self._are_counted(values, usual):
            return usual
        places = [(at,) for at in range(1, values.ndim) if self._are_counted(values, (at,))]
        return places[0] if len(places) == 1 else ()

    def _are_counted(self, values: torch.Tensor, places: tuple[int, ...]) -> bool:
        return math.prod(values.shape[place] for place in places) == self.units


def _share(flags: torch.Tensor) -> float:
    return int(flags.sum()) / max(flags.numel(), 1)
