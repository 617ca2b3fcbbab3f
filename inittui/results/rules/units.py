"""Rules on nonlinearities that are flat for what they get."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from inittui.events.probes import LayerProbe
from inittui.results.rules.finding import Finding, Severity, of_layers, percent

DEAD: tuple[tuple[float, Severity], ...] = ((0.8, "warning"), (0.1, "note"))
"""Share of units. Of inputs that are alike nearly half are dead by chance."""

SATURATED: tuple[tuple[float, Severity], ...] = ((0.5, "warning"), (0.1, "note"))
"""Share of values. A unit Gaussian has 3.6 % of its values beyond |tanh| = 0.97."""


def units(layers: Sequence[LayerProbe], images: int) -> Iterator[Finding]:
    """Units that pass no gradient for any image, and values at flat ends."""
    live = [layer for layer in layers if layer.pre_activations.second_moment]
    any_image = f"for any of {images} images" if images < _FEW else "for any image"
    if images == 1:
        any_image = "for the one image"
    above = 1.0 + 1e-9
    for limit, severity in DEAD:
        dead = [
            (x, x.dead, percent(x.dead))
            for x in live
            if x.dead is not None and limit <= x.dead < above
        ]
        if dead:
            what = f"units pass hardly any gradient {any_image}:"
            yield of_layers("dead", severity, what, dead, limit=limit)
        above = limit
    above = 1.0 + 1e-9
    for limit, severity in SATURATED:
        saturated = [
            (x, x.saturated, percent(x.saturated))
            for x in live
            if x.saturated is not None and limit <= x.saturated < above
        ]
        if saturated:
            what = "activations are saturated:"
            yield of_layers("saturated", severity, what, saturated, limit=limit)
        above = limit


_FEW = 100
"""Images of which not many is said."""
