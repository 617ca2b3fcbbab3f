"""Rules on how a model was built: what wrote nothing, what was overwritten, what seeds do."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence

from inittui.events.facts import Facts, TensorFacts, WriterFacts
from inittui.results.rules.codes import of_rule
from inittui.results.rules.contents import names, where
from inittui.results.rules.finding import Finding, Severity, listed
from inittui.results.rules.limits import Limits
from inittui.text import sanitize


def construction(facts: Facts, limits: Limits) -> Iterator[Finding]:
    """Judge the writes that were recorded."""
    yield from _idle(facts)
    parameters = [each for each in facts.tensors if each.kind == "parameter"]
    yield from _half(parameters)
    yield from _overwritten(facts)
    yield from _twice(parameters)
    yield from _seeds(facts, limits)


def _idle(facts: Facts) -> Iterator[Finding]:
    for call in facts.idle_initializers:
        how = call.words.get("call")
        severity: Severity = "error" if how in ("apply", "load") else "warning"
        wrote = "wrote to none of the model's tensors"
        advice = "look at what it asks of a module: class, method name, order of arguments"
        if call.words.get("wrote") == "elsewhere":
            wrote = "wrote to tensors that aren't the model's, and to none of its own"
            advice = (
                "write to the parameter itself: no copy of it, and no weight that is computed from "
                "others at each pass, as weight_norm and parametrizations do"
            )
        if how == "fill":
            wrote = "filled a weight that is computed from others, which keep their own values"
            advice = "fill weights before weight_norm or a parametrization is put on them"
        if how == "load":
            wrote = "loaded none of the tensors that it was given"
            advice = "compare the names: a prefix as 'module.', with strict=False, matches nothing"
        yield of_rule(
            "I101", (), f"{call.operation} {wrote}",
            severity=severity, where=call.where, advice=advice,
        )  # fmt: skip


def _named(writer: WriterFacts) -> bool:
    """Whether a person's own code named the values."""
    return writer.is_own and writer.is_direct and not writer.is_loading


def _half(parameters: Sequence[TensorFacts]) -> Iterator[Finding]:
    """Tell of layers of a kind of which own code initialized some."""
    weights = [x for x in parameters if x.is_matrix and x.of and x.history]
    # Zeros or ones for one layer are no law for all of its kind.
    own = [x for x in weights if x.writer and _named(x.writer) and x.writer.draw == "random"]
    left = [
        x
        for x in weights
        if x.writer and not x.writer.is_direct and x.writer.draw == "random"
        and not x.writer.is_loading and any(x.of == other.of for other in own)
    ]  # fmt: skip
    if own and left:
        told = [(x.name, "") for x in left]
        yield of_rule(
            "I102", names(left),
            f"kept their constructor's values, while your code initialized others of their kind: "
            f"{listed(told, 'tensor')}",
            where=where(own), advice="initialize them too, or leave them on purpose",
        )  # fmt: skip


def _overwritten(facts: Facts) -> Iterator[Finding]:
    lost, last = [], {use.parameter for use in facts.uses if use.is_last}
    for each in facts.tensors:
        loads = [place for place, x in enumerate(each.history) if x.is_loading]
        if not loads:
            continue
        after = [x for x in each.history[loads[-1] + 1 :] if not x.is_loading]
        if any(x.draw in ("random", "constant") and x.is_whole for x in after):
            lost.append(each)
    if not lost:
        return
    # A new head on loaded layers is how models are taken to other classes.
    heads = {name.rpartition(".")[0] for name in last}
    is_head = bool(last) and all(x.name.rpartition(".")[0] in heads for x in lost)
    yield of_rule(
        "I103", names(lost),
        f"loaded, and then written anew: {listed([(x.name, '') for x in lost], 'tensor')}",
        severity="note" if is_head else "error", where=where(lost),
        advice="load the checkpoint last",
    )  # fmt: skip


def _twice(parameters: Sequence[TensorFacts]) -> Iterator[Finding]:
    fills = {each.name: _fills(each) for each in parameters}
    counts = Counter(site for own in fills.values() for site in {*map(_site, own)})
    standing = {_site(own[-1]) for own in fills.values() if own}
    twice = []
    for each in parameters:
        own = fills[each.name]
        lost = [x for x in own[:-1] if not _is_refined(x, own[-1], counts, standing)]
        if lost:
            twice.append((each, _in_turn([*lost, own[-1]])))
    if twice:
        told = [(x.name, turns) for x, turns in twice]
        yield of_rule(
            "I104", names([x for x, _ in twice]),
            f"initialized more than once: {listed(told, 'tensor')}",
            where=where([x for x, _ in twice]),
            advice="the last one counts: take out the other, or change their order",
        )  # fmt: skip


Site = tuple[str, str, str]
"""A call that fills tensors: its place, function and arguments."""


def _site(writer: WriterFacts) -> Site:
    return writer.where, writer.operation, writer.arguments


def _fills(tensor: TensorFacts) -> list[WriterFacts]:
    """Return the calls that drew the whole tensor, those of one law in turn as one."""
    found: list[WriterFacts] = []
    for each in tensor.history:
        is_fill = _named(each) and each.is_whole and each.operation.endswith("_")
        if not is_fill or each.draw != "random" or not (each.numbers or each.words):
            continue
        if found and _site(found[-1])[1:] == _site(each)[1:]:
            found.pop()
        found.append(each)
    return found


def _is_refined(
    earlier: WriterFacts, last: WriterFacts, counts: Mapping[Site, int], standing: Collection[Site]
) -> bool:
    """Whether a rule for many tensors was followed by one for fewer, and stands in the others."""
    one, other = _site(earlier), _site(last)
    return one in standing and counts[one] > counts[other]


def _in_turn(fills: Sequence[WriterFacts]) -> str:
    """Return the functions in the order of their calls, with arguments where one came twice."""
    operations = [each.operation for each in fills]
    if len({*operations}) == len(operations):
        return ", then ".join(operations)
    return ", then ".join(f"{each.operation} with {each.arguments}" for each in fills)


def _seeds(facts: Facts, limits: Limits) -> Iterator[Finding]:
    if facts.other_each_time:
        told = listed([(sanitize(x, 100), "") for x in facts.other_each_time], "tensor")
        some = [x for x in facts.tensors if x.name in facts.other_each_time]
        yield of_rule(
            "I105", facts.other_each_time, f"two builds with one seed give other values: {told}",
            where=where(some), advice="draw from torch's generator, or seed the one that is used",
        )  # fmt: skip
    loaded = any(x.is_loading for each in facts.tensors for x in each.history)
    drawn = [
        x for x in facts.tensors
        if x.is_drawn and x.is_matrix and any(w.draw == "random" for w in x.history)
    ]  # fmt: skip
    same = facts.same_each_seed
    if same and not loaded and len(same) >= limits["I106.share"] * len(drawn):
        told = listed([(sanitize(x, 100), "") for x in same], "tensor")
        some = [x for x in facts.tensors if x.name in same]
        yield of_rule(
            "I106", same, f"builds with two seeds give the same values: {told}",
            where=where(some), advice="leave the seed to who trains the model",
        )  # fmt: skip
