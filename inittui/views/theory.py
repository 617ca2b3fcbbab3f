"""What theory says of a network, in words: where signal and gradient go, and how it fits."""

from __future__ import annotations

import math
from collections.abc import Iterator

from rich.text import Text

from inittui.events.probes import Probe
from inittui.events.theory import MOST_SPREAD, DepthScales, Theory
from inittui.events.wire_numbers import from_wire
from inittui.results.state import RunState
from inittui.text import short
from inittui.views.chart.layout import paragraph
from inittui.views.chart.palette import styles_for
from inittui.views.frame import Frame
from inittui.views.probe_selection import which_seed
from inittui.views.wording import growth_of

_MOST_NAMED = 6


def theory_text(state: RunState, frame: Frame) -> list[Text]:
    """Say of each scheme under its first seed what was predicted before training, and its key."""
    styles = styles_for(state.schemes)
    parts: list[Text] = []
    is_drawn = False
    for scheme in state.schemes:
        trial = next((trial for trial in state.of_scheme(scheme) if trial.probe("before")), None)
        event = trial.probe("before") if trial else None
        if event is None or event.probe.theory is None:
            continue
        is_drawn = is_drawn or bool(event.probe.theory.layers)
        style = styles[scheme]
        seed = which_seed(state, trial) if trial else ""
        name = f"{frame.say(scheme, 60)}{seed and f', {seed}'}"
        said = f"{name}: {' '.join(theory_sentences(event.probe))}"
        head = Text.assemble((style.mark(frame.ascii_only), style.color), " ")
        lines = paragraph(frame.say(said, 2_000), max(frame.columns - 2, 1))
        parts += [head + line if not n else Text("  ") + line for n, line in enumerate(lines)]
    if not parts:
        return []
    if is_drawn:
        parts = [*paragraph(_key(frame), frame.columns, "dim"), *parts]
    return [Text("\n").join(parts)]


def _key(frame: Frame) -> str:
    line, shade, dots = "-:." if frame.ascii_only else "─░·"
    return frame.say(
        f"{line} mean-field theory of this network, not fitted   {shade} 95 % of networks of these "
        f"widths   ✕ measured outside of that   {dots} one network may be more than "
        f"{MOST_SPREAD:g} times off",
        400,
    )


def theory_sentences(probe: Probe) -> Iterator[str]:
    """Yield what was predicted of a probe, and how it fits; the reason where nothing was."""
    theory = probe.theory
    if theory is None:
        return
    if theory.refused:
        yield f"no theory: {theory.refused}."
        return
    if theory.scales is not None:
        yield scales_sentence(theory.scales, len(probe.layers) - 1)
    elif theory.scales_refused:
        yield f"No fixed point: {theory.scales_refused}."
    if theory.gradient_refused:
        yield f"No theory of gradients: {theory.gradient_refused}."
    else:
        yield from _kept(probe, theory)
    if theory.layers:
        yield _fit(theory)


def scales_sentence(scales: DepthScales, depth: int) -> str:
    """Say where hidden layers take signal and gradient, and how many there are."""
    q, chi = from_wire(scales.q), scales.chi
    variances = f"σ_w² = {short(scales.weight_variance)}"
    if scales.bias_variance:
        variances += f", σ_b² = {short(scales.bias_variance)}"
    at = "infinity" if math.isinf(q) else "0" if q == 0 else short(q)
    # On the edge without biases q* is 0 or anything: which one, measured variances don't tell.
    at = f"q* = {at}, " if scales.state != "critical" or scales.bias_variance else ""
    begin = f"{variances}: {at}χ₁ = {f'{chi:.3f}' if 0.0005 <= chi < 1_000 else short(chi)}"
    has = f"this net has {depth}"
    layers = "layer" if depth == 1 else "layers"
    if not scales.is_stable:
        return (
            f"{begin}, an unstable fixed point: a signal drifts from it, down to 0 or up without "
            f"end; {has} {layers}."
        )
    if scales.state == "critical":
        return f"{begin}, critical: the edge of chaos, no depth scale; {has} {layers}."
    xi_gradient = from_wire(scales.xi_gradient)
    if scales.state == "ordered":
        if q == 0:
            return f"{begin}, ordered: {_fading(xi_gradient)}; {has}."
        return (
            f"{begin}, ordered: information lasts ξ = {short(from_wire(scales.xi_correlation))} "
            f"layers; {has}."
        )
    growth = f"a gradient's square grows {growth_of(chi)} times per layer back"
    if math.isinf(q):
        return f"{begin}, chaotic: the signal grows without end, {growth}; {has} {layers}."
    xi = from_wire(scales.xi_correlation)
    part = "" if math.isinf(xi) else f"two images part within ξ = {short(xi)} layers, "
    return f"{begin}, chaotic: {part}{growth}; {has} {layers}."


def _fading(xi_gradient: float) -> str:
    """Return how fast a gradient fades where the signal does too."""
    if not xi_gradient:
        return "no signal and no gradient passes a layer"
    halved = short(math.log(2) * xi_gradient)
    every = "layer" if halved == "1" else f"{halved} layers"
    return f"the signal fades, a gradient's square halves every {every}"


def _kept(probe: Probe, theory: Theory) -> Iterator[str]:
    """Say what the first hidden layer's gradient is of the last one's.

    It is spread over the units of its layer, so that of two widths it differs where χ₁ is 1, too.
    """
    if len(theory.layers) < 3 or len(theory.layers) != len(probe.layers):
        return
    first, last = theory.layers[0], theory.layers[-2]
    if not first.gradient or not last.gradient:
        return
    measured = [layer.pre_activation_gradients.second_moment for layer in probe.layers]
    if not measured[-2]:
        return
    widths = probe.layers[-2].units / probe.layers[0].units
    alone = "" if widths == 1 else f", {short(widths)} by the widths alone"
    yield (
        f"The square of a gradient at {first.name} is {short(measured[0] / measured[-2])} of that "
        f"at {last.name} (theory {short(first.gradient / last.gradient)}{alone})."
    )


def _fit(theory: Theory) -> str:
    inside, count = theory.inside
    most = ", which is the most for orthogonal weights" if theory.at_most else ""
    if inside == count:
        all_of = f"All {count} values are" if count > 1 else "The value is"
        return f"{all_of} in the range of 95 % of networks{most}."
    outside = [
        layer.name for layer in theory.layers if not layer.inside or layer.gradient_inside is False
    ]
    more = f" and {len(outside) - _MOST_NAMED} more" if len(outside) > _MOST_NAMED else ""
    named = ", ".join(outside[:_MOST_NAMED])
    return (
        f"{inside} of {count} values are in the range of 95 % of networks{most}; outside: "
        f"{named}{more}."
    )
