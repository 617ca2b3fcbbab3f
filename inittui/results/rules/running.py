"""What was measured, in the order in which it runs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TypeVar

from inittui.events.probes import Bare, LayerProbe, Probe

T = TypeVar("T")


def in_order(
    probe: Probe,
    layers: Sequence[LayerProbe],
    of_layers: Mapping[str, T],
    of_bare: Callable[[Bare], T],
) -> Iterator[tuple[str, T]]:
    """Yield what was measured of layers, by name, and of bare matrices, as they run."""
    bare = probe.learning.bare if probe.learning else ()
    known = {layer.name for layer in layers}
    for name in dict.fromkeys(("", *(layer.name for layer in layers))):
        if name in of_layers:
            yield name, of_layers[name]
        for each in bare:
            if name == (each.after if each.after in known else ""):
                yield each.parameter, of_bare(each)
