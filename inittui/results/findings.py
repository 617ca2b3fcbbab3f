"""What a probe means: short findings, each with the numbers that it rests on.

The limits are this project's own unless a source is named. They are wide: what is told here
stands out, what is not told need not be healthy.
"""

from __future__ import annotations

from inittui.events.probes import Probe, When
from inittui.results.rules.codes import coded
from inittui.results.rules.finding import Finding, order
from inittui.results.rules.learning import unlearned
from inittui.results.rules.logits import logits
from inittui.results.rules.signal import gradients, signal
from inittui.results.rules.units import units
from inittui.results.rules.values import copied, not_finite, symmetric


def find(probe: Probe, when: When = "before") -> tuple[Finding, ...]:
    """Return what stands out in a probe, the gravest first; nothing where nothing does."""
    layers = [layer for layer in probe.layers if layer.pre_activations.count]
    if not layers and probe.learning is None:
        return ()
    broken = list(not_finite(probe, layers))
    if broken:
        return tuple(map(coded, broken))
    found = [
        *symmetric(probe, layers),
        *unlearned(probe, layers),
        *copied(probe, layers, when),
        *signal(probe, layers),
        *units(probe, layers),
        *logits(probe, layers, when),
    ]
    if not any(finding.kind in ("no-gradient", "silent") for finding in found):
        found += [coded(finding, "I403") for finding in gradients(probe, layers)]
    return tuple(each if each.code else coded(each) for each in sorted(found, key=order))
