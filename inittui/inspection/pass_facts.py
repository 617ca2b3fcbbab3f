"""What passes through a model tell: its uses, effects, and whether gradients arrive."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

import torch
from msgspec.structs import replace
from torch import nn

from inittui.events.facts import (
    AdditionFacts,
    DrownedFacts,
    Facts,
    NonlinearityFacts,
    PassFacts,
    UnitFacts,
    UseFacts,
)
from inittui.events.wire_numbers import to_wire
from inittui.inspection.alike import alike_units, count_equal, labels_of, wake
from inittui.inspection.blocked import zeros_in_way
from inittui.inspection.first_step import DropoutCalls, has_dropout
from inittui.inspection.pass_records import settled
from inittui.inspection.passing import Batch, Passed, ends_by, run, run_in_parts, size
from inittui.inspection.products import Products
from inittui.inspection.statistics import (
    alignment,
    mean_and_variance,
    repeated_blocks,
)
from inittui.inspection.waking import OPENED

CLOSED = 0.01
"""Size of a factor, at most, that counts as a closed gate."""

_SQUASHING = ("_softmax", "_log_softmax", "_safe_softmax", "sigmoid", "relu")


@dataclass
class _Looked:
    """What the passes came to."""

    first: Passed
    opened: Passed | None
    gates: tuple[str, ...]
    never: tuple[str, ...]
    cut: tuple[str, ...]
    woken: tuple[str, ...]
    stuck: Mapping[str, int]
    in_way: tuple[str, ...]


def facts_of_pass(facts: Facts, model: nn.Module, batch: Batch, *, is_given: bool) -> Facts:
    """Add what passes of a batch tell; all values are put back."""
    looked = _look(facts, model, batch)
    passed = looked.first
    uses = settled(passed.products.uses)
    uses = tuple(_with_shares(uses, looked.opened))
    known = {use.parameter for use in uses}
    parameters = dict(model.named_parameters())
    derived = {x for x in passed.products.derived if x in parameters} - known
    matrices = {x.name for x in facts.tensors if x.kind == "parameter" and x.is_matrix}
    return replace(
        facts,
        uses=uses,
        units=tuple(_units(passed.products, looked.stuck)),
        nonlinearities=tuple(_nonlinearities(passed.products, uses)),
        additions=tuple(_longest(passed.products)),
        passed=_whole(looked, uses, model, batch, is_given=is_given),
        traced=len(known & matrices),
        derived=len(derived & matrices),
        never=looked.never,
        cut=looked.cut,
        aside=tuple(_aside(passed, looked.cut)),
        woken=looked.woken,
        unused=tuple(n for n in parameters if n not in passed.products.seen),
        norms=tuple(sorted(passed.products.norms & parameters.keys())),
        foreign=tuple(dict.fromkeys(passed.products.foreign.values())),
    )


def _look(facts: Facts, model: nn.Module, batch: Batch) -> _Looked:
    parameters = dict(model.named_parameters())
    frozen = {name for name, each in parameters.items() if not each.requires_grad}
    bad = {x.name for x in facts.tensors if x.not_finite}
    passed, few = run_in_parts(model, batch)
    gates = _closed(parameters, passed.products.multipliers)
    opened = None
    if gates:
        opening = {name: torch.full_like(parameters[name], OPENED) for name in gates}
        opened = run(model, few, changed=opening)
    matrices = {x.name for x in facts.tensors if x.kind == "parameter" and x.is_matrix}
    taken = [n for n in parameters if n in passed.products.seen and n in matrices]
    alike = {} if bad else alike_units(passed.products)
    cut = tuple(n for n in taken if passed.sizes[n] is None and n not in frozen)
    asleep = {n for n in taken if passed.sizes[n] == 0} - frozen
    asleep -= _behind_one(passed)
    if bad or passed.products.not_finite:
        asleep, alike = set(), {}
    never = wake(model, few, parameters, asleep, alike, frozen)
    return _Looked(
        passed, opened, tuple(gates), tuple(n for n in taken if n in never), cut,
        tuple(n for n in taken if n in asleep and n not in never),
        {name: count_equal(labels) for name, labels in alike.items()},
        zeros_in_way(model, few, passed) if passed.share == 0 else (),
    )  # fmt: skip


def _aside(passed: Passed, cut: Sequence[str]) -> Iterator[str]:
    """Yield the parameters whose products run, and give nothing that comes to the outputs."""
    uses = passed.products.uses
    left = [order for each in passed.outputs for order in passed.products.tag(each).near]
    arriving: set[int] = set()
    while left:
        order = left.pop()
        if order not in arriving:
            arriving.add(order)
            left += uses[order].before
    # One that computes its weight from several parameters is known by one of them.
    owners = [use.parameter.rpartition(".")[0] for use in uses]
    on_way = {owners[order] for order in arriving}
    yield from (x for x in cut if (owner := x.rpartition(".")[0]) in owners and owner not in on_way)


def _behind_one(passed: Passed) -> set[str]:
    """Return parameters whose outputs meet only a softmax over one value."""
    uses = passed.products.uses
    return {uses[each].parameter for each in passed.products.single_softmax}


def _closed(parameters: Mapping[str, torch.Tensor], multipliers: Collection[str]) -> list[str]:
    """Return the factors that let next to nothing through, all alike: made so, not trained."""
    found = []
    for name in parameters:
        is_real = parameters[name].is_floating_point()
        if name not in multipliers or not parameters[name].numel() or not is_real:
            continue
        low, high = (float(x) for x in parameters[name].detach().float().aminmax())
        if low == high and abs(low) <= CLOSED:
            found.append(name)
    return found


def _with_shares(uses: Sequence[UseFacts], opened: Passed | None) -> Iterator[UseFacts]:
    if opened is None:
        yield from uses
        return
    by_order = {use.order: use for use in settled(opened.products.uses)}
    for use in uses:
        other = by_order.get(use.order)
        if other is None or other.parameter != use.parameter:
            yield use
        else:
            yield replace(
                use,
                output_share=other.output_share,
                input_between=other.input_between,
                input_share=other.input_share,
            )


def _units(products: Products, stuck: Mapping[str, int]) -> Iterator[UnitFacts]:
    seen: set[str] = set()
    for use in products.uses:
        rows = use.rows
        if rows is None or use.parameter in seen or not rows.is_floating_point() or len(rows) < 2:
            continue
        seen.add(use.parameter)
        distinct, repeats = len(rows), 1
        if (labels := labels_of(rows)) is not None:
            distinct, repeats = len(set(labels.tolist())), repeated_blocks(labels)
        yield UnitFacts(
            parameter=use.parameter,
            units=len(rows),
            distinct=distinct,
            stuck=stuck.get(use.parameter, 0),
            repeats=repeats,
            alignment=to_wire(alignment(rows)),
        )


def _nonlinearities(products: Products, uses: Sequence[UseFacts]) -> Iterator[NonlinearityFacts]:
    gated = {use.order for use in uses if use.is_in_gate}
    for met in products.met:
        yield NonlinearityFacts(
            kind=met.kind,
            behind=tuple(dict.fromkeys(products.uses[x].parameter for x in sorted(met.sources))),
            dead=met.dead,
            saturated=met.saturated,
            is_in_gate=bool(met.sources) and met.sources <= gated,
        )


def _longest(products: Products) -> Iterator[AdditionFacts]:
    lengths: list[int] = []
    for each in products.added:
        lengths.append(lengths[each.before] + 1 if each.before >= 0 else 1)
    if not lengths:
        return
    link, chain = lengths.index(max(lengths)), []
    while link >= 0:
        chain.append(link)
        link = products.added[link].before
    for place, link in enumerate(reversed(chain)):
        yield AdditionFacts(link=place, power=to_wire(products.added[link].power))


def _whole(
    looked: _Looked,
    uses: Sequence[UseFacts],
    model: nn.Module,
    batch: Batch,
    *,
    is_given: bool,
) -> PassFacts:
    passed = looked.first
    floats = [each for each in batch.tensors if each.is_floating_point()]
    power = mean = math.nan
    if floats:
        mean, variance = mean_and_variance(floats[0].detach().float().flatten())
        power = variance + mean**2
    first, last = _gradients(passed, uses, model)
    classes, spread, confidence = _logits(passed)
    share = looked.opened.share if looked.opened is not None else passed.share
    return PassFacts(
        samples=batch.samples,
        input_power=to_wire(power),
        input_mean=to_wire(mean),
        input_is_given=is_given,
        is_ids=not floats,
        output_share=to_wire(share if math.isnan(share) else max(share, passed.share)),
        output_power=to_wire(passed.power),
        classes=classes,
        logit_std=to_wire(spread),
        confidence=to_wire(confidence),
        head=_head(passed),
        gradient_first=to_wire(first),
        gradient_last=to_wire(last),
        not_finite=passed.products.not_finite or _bad_output(passed),
        gradient_not_finite=_bad_gradient(passed),
        gates=looked.gates,
        zeros_in_way=looked.in_way,
        drowned=tuple(
            DrownedFacts(name=each.name, fold=to_wire(each.fold), share=to_wire(each.share))
            for each in passed.products.drowned
        ),
        has_dropout=any(looked.stuck.values()) and _drops(model, batch),
    )


def _drops(model: nn.Module, batch: Batch) -> bool:
    if has_dropout(model):
        return True
    calls = DropoutCalls()
    with calls:
        run(model, batch, is_forward_only=True)
    return calls.are_met


def _bad_output(passed: Passed) -> str:
    bad = any(bool(each.detach().isnan().any()) for each in passed.outputs)
    return "the outputs" if bad else ""


def _bad_gradient(passed: Passed) -> str:
    bad = [name for name, x in passed.sizes.items() if x is not None and not math.isfinite(x)]
    return bad[-1] if bad else ""


def _gradients(passed: Passed, uses: Sequence[UseFacts], model: nn.Module) -> tuple[float, float]:
    """Return the first-order change of the loss for a change in proportion: of input, last."""
    floats = [each for each in passed.batch.tensors if each.grad is not None]
    parameters = dict(model.named_parameters())
    if floats:
        first = size(floats[0].grad) * size(floats[0])
    else:
        tables = [n for n, m in model.named_modules() if isinstance(m, nn.Embedding)]
        name = f"{tables[0]}.weight" if tables and tables[0] else "weight"
        steep = passed.sizes.get(name) if tables else None
        first = steep * size(parameters[name]) if steep is not None else math.nan
    ends = [(use.parameter, steep) for use in uses if use.is_last
            and (steep := passed.sizes.get(use.parameter)) is not None]  # fmt: skip
    if not ends:
        return first, math.nan
    name, last = ends[-1]
    return first, last * size(parameters[name])


def _logits(passed: Passed) -> tuple[int, float, float]:
    """Return classes, spread and confidence of outputs that are logits: straight from a product,
    or by a logarithm of their softmax, which is the same but for a constant.
    """
    logits = passed.logits
    if logits is None or not 2 <= logits.ndim <= 3:
        return 0, math.nan, math.nan
    last, fresh = ends_by(passed.products, logits)
    widths = {passed.products.uses[x].facts.fan_out for x in fresh}
    values = logits.detach()
    values = values.reshape(-1, values.shape[-1])[:4096].double()
    is_normal = last == "_log_softmax" and bool((values.logsumexp(-1).abs() < 1e-3).all())
    is_plain = last in ("product", "add") and logits.shape[-1] in widths
    if logits.shape[-1] < 2 or not (is_plain or is_normal):
        return 0, math.nan, math.nan
    confidence = float((values.logsumexp(-1) - values.mean(-1)).mean())
    return values.shape[-1], float(values.std(-1, correction=0).mean()), confidence


def _head(passed: Passed) -> str:
    logits = passed.logits
    if logits is None or logits.ndim < 2:
        return ""
    last, _ = ends_by(passed.products, logits)
    head = last.removeprefix("_").removeprefix("safe_")
    # A softmax may be over any dimension; of other outputs rows of numbers alone are of classes.
    is_plain = logits.ndim == 2 and (logits.shape[-1] > 1 or head == "sigmoid")
    is_normal = head.endswith("softmax") and logits[0].numel() > 1
    return head if last in _SQUASHING and (is_plain or is_normal) else ""
