"""Rules on the scale of weights, by the number of terms that are summed where they are used."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from inittui.events.facts import Facts, TensorFacts, UseFacts, WriterFacts
from inittui.events.wire_numbers import from_wire
from inittui.results.rules.codes import of_rule
from inittui.results.rules.contents import where
from inittui.results.rules.finding import Finding, Severity, listed
from inittui.results.rules.limits import Limits
from inittui.text import short

Pair = tuple[TensorFacts, UseFacts]

CUT_STD = 0.8796
"""Standard deviation of a standard normal law that is cut at ±2."""

_GATED = ("LSTM", "GRU", "LSTMCell", "GRUCell")
_BY_FAN_IN = ("kaiming_normal_", "kaiming_uniform_")


def scales(facts: Facts, limits: Limits, *, has_effect: bool) -> Iterator[Finding]:
    """Judge each use's weights; ``has_effect``: whether something was measured to go wrong."""
    pairs = list(_pairs(facts))
    trunk = [pair for pair in pairs if pair[1].is_trunk and not _is_of_gates(pair)]
    swapped = [(pair, why) for pair in trunk if (why := _swapped(pair, limits))]
    yield from _told_swapped(
        swapped, "warning", "scale by the terms that are summed for each output: σ = gain/√n"
    )
    aside = [
        (pair, why)
        for pair in pairs
        if not pair[1].is_trunk and (why := _by_wrong_shape(pair, limits))
    ]
    yield from _told_swapped(
        aside, "note", "what lies behind, as a norm, makes up for it, or hides it"
    )
    taken = {pair[0].name for pair, _ in swapped}
    squared = list(_squared([x for x in trunk if x[0].name not in taken], limits))
    if squared:
        told = [(t.name, f"σ = {short(t.sigma, 3)} = {why}") for (t, _), why in squared]
        yield of_rule(
            "I303", [t.name for (t, _), _ in squared],
            f"the standard deviation is a variance: {listed(told)}",
            where=where([t for (t, _), _ in squared]), advice="take the square root",
        )  # fmt: skip
    taken |= {pair[0].name for pair, _ in squared}
    yield from _mis_scaled([x for x in trunk if x[0].name not in taken], limits, has_effect)
    yield from _gates(pairs, limits)
    yield from _truncation(pairs, limits)
    yield from _off_centre(pairs, limits)


def _told_swapped(
    found: Sequence[tuple[Pair, str]], severity: Severity, advice: str
) -> Iterator[Finding]:
    if found:
        some = [pair[0] for pair, _ in found]
        told = [(tensor.name, why) for (tensor, _), why in found]
        yield of_rule(
            "I302", [x.name for x in some], f"scaled by a wrong number of terms: {listed(told)}",
            severity=severity, evidence={t.name: _gain((t, u)) for (t, u), _ in found},
            where=where(some), advice=advice,
        )  # fmt: skip


def _pairs(facts: Facts) -> Iterator[Pair]:
    """Yield each parameter that is drawn by chance with its use, where all its uses agree."""
    uses: dict[str, list[UseFacts]] = {}
    for use in facts.uses:
        uses.setdefault(use.parameter, []).append(use)
    for tensor in facts.tensors:
        found = uses.get(tensor.name, [])
        if not found or not tensor.is_drawn or tensor.not_finite or not tensor.is_matrix:
            continue
        if len({(use.fan_in, use.is_trunk) for use in found}) == 1:
            yield tensor, found[0]


def _gain(pair: Pair) -> float:
    tensor, use = pair
    square = tensor.sigma**2 + from_wire(tensor.mean) ** 2
    return square * use.fan_in


def _author(tensor: TensorFacts) -> WriterFacts | None:
    """Return who drew a tensor, where code outside of torch's layers asked for the law."""
    writer = tensor.writer
    if writer is None or writer.draw != "random" or writer.is_loading or not writer.is_direct:
        return None
    return writer


def _swapped(pair: Pair, limits: Limits) -> str:
    """Say why a scale is by the wrong terms; nothing where it isn't."""
    tensor, use = pair
    writer = _author(tensor)
    gain = _gain(pair)
    far = gain > limits["I302.gain"] or gain < 1 / limits["I302.gain"]
    if writer is not None and writer.operation in _BY_FAN_IN:
        if writer.words.get("mode", "fan_in") == "fan_out" and far:
            taken = writer.numbers.get("fan_out", 0.0)
            return f"by its fan_out {taken:,.0f}, and {use.fan_in:,} terms are summed"
        return _by_wrong_shape(pair, limits)
    if writer is None or not far or writer.operation not in ("normal_", "uniform_"):
        return ""
    return _by_outputs(tensor, use, writer)


def _by_wrong_shape(pair: Pair, limits: Limits) -> str:
    """Say what number of inputs torch took a tensor for, which it hasn't where it is used."""
    tensor, use = pair
    writer = _author(tensor)
    if writer is None or writer.operation not in _BY_FAN_IN:
        return ""
    taken = writer.numbers.get("fan_in", 0.0)
    fold = max(taken, 1) / use.fan_in
    is_near = 1 / limits["I302.fold"] < fold < limits["I302.fold"]
    if writer.words.get("mode", "fan_in") != "fan_in" or is_near:
        return ""
    return f"by {taken:,.0f}, and {use.fan_in:,} terms are summed"


def _by_outputs(tensor: TensorFacts, use: UseFacts, writer: WriterFacts) -> str:
    """Say whether a declared σ is exactly by the number of outputs."""
    if use.fan_in == use.fan_out or use.units < 3:
        return ""
    declared = _declared(writer)
    chosen = writer.numbers.get("b" if writer.operation == "uniform_" else "std", 0.0)
    for scale, how in ((1.0, "1"), (2.0, "2"), (3.0, "3"), (1 / 3, "⅓")):
        if declared and abs(declared * math.sqrt(use.fan_out / scale) - 1) < 2e-4:
            if any(abs(x - float(f"{x:.2g}")) < 1e-9 * x for x in (declared, chosen)):
                return ""  # a number that people choose
            return f"σ = √({how}/{use.fan_out:,}) by its outputs; {use.fan_in:,} terms are summed"
    return ""


def _declared(writer: WriterFacts) -> float:
    """Return the σ of a recorded law; 0 where it has none."""
    numbers = writer.numbers
    if writer.operation in ("normal_", "trunc_normal_"):
        return numbers.get("std", 0.0)
    if writer.operation == "uniform_" and numbers.get("a") == -numbers.get("b", math.nan):
        return numbers["b"] / math.sqrt(3)
    return 0.0


def _squared(pairs: Sequence[Pair], limits: Limits) -> Iterator[tuple[Pair, str]]:
    found = []
    for pair in pairs:
        tensor, use = pair
        writer = _author(tensor)
        if writer is None or not _gain(pair) < limits["I303.gain"]:
            continue
        declared = _declared(writer)
        n, m = use.fan_in, use.fan_out
        if any(abs(declared / math.sqrt(scale / m) - 1) < limits["I303.match"] for scale in (1, 2)):
            continue  # by its outputs, and by chance their root is that number
        laws = ((2 / n, f"2/{n:,}"), (1 / n, f"1/{n:,}"), (2 / (n + m), f"2/({n:,} + {m:,})"))
        for value, how in laws:
            if declared and abs(declared / value - 1) < limits["I303.match"]:
                round_one = float(f"{declared:.1g}")
                if abs(declared / round_one - 1) > 1e-9:
                    found.append((pair, how))
                break
    yield from found


def _mis_scaled(pairs: Sequence[Pair], limits: Limits, has_effect: bool) -> Iterator[Finding]:
    far = [
        pair
        for pair in pairs
        if _gain(pair) > limits["I301.gain"] or _gain(pair) < limits["I301.least"]
    ]
    if far:
        severity: Severity = "warning" if has_effect else "note"
        told = [(t.name, f"σ²·n = {short(_gain((t, u)), 3)}, n = {u.fan_in:,}") for t, u in far]
        yield of_rule(
            "I301", [t.name for t, _ in far], f"the gain is far from 1: {listed(told)}",
            severity=severity, evidence={t.name: _gain((t, u)) for t, u in far},
            limit=limits["I301.gain"], where=where([t for t, _ in far]),
            advice="scale by 1/√n, n the terms that are summed for each output"
            if has_effect
            else "no harm was measured: meant, as before a sine of ω·x, or made up for elsewhere?",
        )  # fmt: skip


def _is_of_gates(pair: Pair) -> bool:
    return pair[1].operation == "recurrent" or pair[0].of in _GATED


def _gates(pairs: Sequence[Pair], limits: Limits) -> Iterator[Finding]:
    """Judge the weights of recurrent layers, whose gates are often computed where none sees it."""
    far = [
        pair
        for pair in pairs
        if _is_of_gates(pair) and _author(pair[0]) and _gain(pair) > limits["I301.gain"]
    ]
    if far:
        told = [(t.name, f"σ²·n = {short(_gain((t, u)), 3)}, n = {u.fan_in:,}") for t, u in far]
        yield of_rule(
            "I301", [t.name for t, _ in far],
            f"the gain is far from 1, and gates are open or closed for good: {listed(told)}",
            evidence={t.name: _gain((t, u)) for t, u in far}, limit=limits["I301.gain"],
            where=where([t for t, _ in far]),
            advice="draw recurrent weights orthogonal, the others with σ = 1/√n",
        )  # fmt: skip


def _truncation(pairs: Sequence[Pair], limits: Limits) -> Iterator[Finding]:
    never, always, short_of = [], [], []
    for tensor, use in pairs:
        writer = tensor.writer
        if writer is None or writer.operation != "trunc_normal_":
            continue
        std = writer.numbers.get("std", 1.0)
        low, high = writer.numbers.get("a", -2.0), writer.numbers.get("b", 2.0)
        mean = writer.numbers.get("mean", 0.0)
        if not std > 0:
            continue
        reach = max(abs(low - mean), abs(high - mean)) / std
        if reach > limits["I304.never"]:
            never.append((tensor, f"bounds at {short(reach, 3)} σ"))
        elif reach < limits["I304.always"]:
            always.append((tensor, f"bounds at {short(reach, 3)} σ"))
        elif reach < 2.5 and _is_by_fans(std, use):
            short_of.append((tensor, f"σ = {short(tensor.sigma, 3)} for {short(std, 3)}"))
    told: tuple[tuple[Sequence[tuple[TensorFacts, str]], str, Severity, str], ...] = (
        (always, "a normal law is cut to what is nearly uniform:", "warning",
         "a and b are values: give them as multiples of std"),
        (never, "a truncated normal law is never cut:", "note",
         "a and b are values, not multiples of σ: a=-2 * std, b=2 * std"),
        (short_of, "cutting makes the scale smaller than the fans ask for:", "note",
         "divide std by 0.8796"),
    )  # fmt: skip
    for some, what, severity, advice in told:
        if some:
            yield of_rule(
                "I304", [t.name for t, _ in some],
                f"{what} {listed([(t.name, how) for t, how in some])}",
                severity=severity, where=where([t for t, _ in some]), advice=advice,
            )  # fmt: skip


def _is_by_fans(std: float, use: UseFacts) -> bool:
    gains = [std**2 * use.fan_in, std**2 * (use.fan_in + use.fan_out) / 2]
    return any(abs(gain / scale - 1) < 1e-3 for gain in gains for scale in (1.0, 2.0))


def _off_centre(pairs: Sequence[Pair], limits: Limits) -> Iterator[Finding]:
    off = []
    for tensor, use in pairs:
        mean, sigma = abs(from_wire(tensor.mean)), tensor.sigma
        error = sigma / math.sqrt(max(tensor.count, 1))
        is_off = mean > limits["I305.mean"] * sigma and mean > limits["I305.errors"] * error
        if is_off and (mean * use.fan_in) ** 2 > 1:
            off.append((tensor, f"mean {short(from_wire(tensor.mean), 3)}, σ {short(sigma, 3)}"))
    if off:
        yield of_rule(
            "I305", [t.name for t, _ in off],
            f"weights are far from centred: {listed([(t.name, how) for t, how in off])}",
            evidence={t.name: from_wire(t.mean) for t, _ in off},
            where=where([t for t, _ in off]), advice="draw around 0",
        )  # fmt: skip
