"""Rules on nonlinearities that are flat for what they get."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from inittui.events.probes import LayerProbe, Probe
from inittui.results.rules.finding import Finding, Kind, Severity, of_names, percent
from inittui.results.rules.running import in_order

DEAD: tuple[tuple[float, Severity], ...] = ((0.8, "warning"), (0.1, "note"))
"""Share of units. Of inputs that are alike nearly half are dead by chance."""

SATURATED: tuple[tuple[float, Severity], ...] = ((0.5, "warning"), (0.1, "note"))
"""Share of values. A unit Gaussian has 3.6 % of its values beyond |tanh| = 0.97."""


def units(probe: Probe, layers: Sequence[LayerProbe]) -> Iterator[Finding]:
    """Units that pass no gradient for any image, and values at flat ends."""
    live = {x.name: x for x in layers if x.pre_activations.second_moment}
    images = probe.images
    any_image = f"for any of {images} images" if images < _FEW else "for any image"
    if images == 1:
        any_image = "for the one image"
    what = f"units pass hardly any gradient {any_image}:"
    dead = in_order(probe, layers, {n: x.dead for n, x in live.items()}, lambda bare: bare.dead)
    yield from _by_share("dead", what, DEAD, [*dead])
    flat = {n: x.saturated for n, x in live.items()}
    saturated = in_order(probe, layers, flat, lambda bare: bare.saturated)
    yield from _by_share("saturated", "activations are saturated:", SATURATED, [*saturated])


def _by_share(
    kind: Kind,
    what: str,
    limits: Sequence[tuple[float, Severity]],
    shares: Sequence[tuple[str, float | None]],
) -> Iterator[Finding]:
    above = 1.0 + 1e-9
    for limit, severity in limits:
        told = [
            (name, share, percent(share))
            for name, share in shares
            if share is not None and limit <= share < above
        ]
        if told:
            yield of_names(kind, severity, what, told, limit=limit)
        above = limit


_FEW = 100
"""Images of which not many is said."""
