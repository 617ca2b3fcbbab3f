"""A model looked at, whoever made it: how it was built, its values, and one pass through it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

import torch
from msgspec.structs import replace
from torch import nn

from inittui.errors import InittuiError
from inittui.events.facts import Facts, GateFacts
from inittui.events.wire_numbers import Number, to_wire
from inittui.inspection.flight import Flight
from inittui.inspection.guessing import batch_of, guess
from inittui.inspection.likeness import clones, repeated, shared_modules, streams
from inittui.inspection.marks import count_marks
from inittui.inspection.pass_facts import facts_of_pass
from inittui.inspection.passing import Batch
from inittui.inspection.tensor_facts import checksums, facts_of_tensors, named_tensors
from inittui.models.observe import has_lazy_layers
from inittui.text import sanitize
from inittui.user_code import seeded

Build = Callable[[], nn.Module]
Checksums = dict[str, tuple[Number, Number]]
Inputs = str | Sequence[str] | Mapping[str, torch.Tensor] | torch.Tensor | None

_DIRT = (64, 1 << 14)
"""Pieces of memory, and their bytes, that are left dirty before another build."""

_OTHER_DIRT = 1_000
"""What is added to that, so that memory which nobody writes differs from build to build."""


def examine(
    build_or_model: nn.Module | Build,
    inputs: Inputs = None,
    *,
    once: bool = False,
    seed: int = 0,
) -> Facts:
    """Build a model under the recorder, measure its values, and pass inputs through it.

    Args:
        build_or_model: what builds it, so that how it was built is seen; or the model itself.
        inputs: as texts such as ``3x224x224``, or tensors; None: guessed by the first layer.
        once: whether to build it only once, and leave out what two more builds tell.
        seed: of the first build.
    """
    flight: Flight | None = None
    if isinstance(build_or_model, nn.Module):
        model = build_or_model
    else:
        flight = Flight()
        with seeded(seed), flight.recording():
            model = build_or_model()
    model = getattr(model, "_orig_mod", model)  # of a compiled one
    skipped: list[str] = []
    given, texts, how = _inputs(model, inputs, skipped)
    if has_lazy_layers(model) and given is not None:
        _materialize(model, given, flight, seed)
    facts = _of_values(model, flight)
    if flight is not None and not once and not isinstance(build_or_model, nn.Module):
        facts = _with_rebuilds(facts, build_or_model, seed, skipped)
    if any(each.is_meta for each in facts.tensors):
        return replace(facts, skipped=tuple(skipped), failure="it has tensors without values")
    facts = replace(facts, inputs=texts, inputs_from=how)
    if given is None:
        failure = skipped.pop() if skipped else "no input is known"
        return replace(facts, skipped=tuple(skipped), failure=failure)
    try:
        facts = facts_of_pass(facts, model, given, is_given=how == "given as tensors")
    except (InittuiError, KeyboardInterrupt, MemoryError):
        raise
    except (Exception, SystemExit) as error:  # noqa: BLE001  # whatever anyone's forward raises
        told = sanitize(str(error).strip().split("\n")[0], 300)
        facts = replace(facts, failure=f"{type(error).__name__}: {told or 'no message'}")
    return replace(facts, skipped=tuple(skipped))


def _of_values(model: nn.Module, flight: Flight | None) -> Facts:
    tensors = named_tensors(model)
    histories = {name: flight.history(each) for name, each in tensors.items()} if flight else {}
    unwritten = {
        name: found
        for name, each in tensors.items()
        if flight and (found := count_marks(each, had_empty=flight.had_empty(each)))
    }
    measured = facts_of_tensors(model, histories, unwritten)
    random = {name for name, x in tensors.items() if flight and flight.is_random(x)}
    drawn = random if flight else {x.name for x in measured if x.is_drawn and x.is_matrix}
    return Facts(
        model=type(model).__name__,
        parameters=sum(x.count for x in measured if x.kind == "parameter"),
        tensors=measured,
        is_recorded=flight is not None,
        matrices=sum(x.kind == "parameter" and x.is_matrix for x in measured),
        idle_initializers=(*flight.idle, *flight.lost(model)) if flight else (),
        clones=tuple(clones(tensors, drawn, measured)),
        repeated=dict(repeated(tensors, drawn, measured)),
        streams=tuple(streams(tensors, measured)),
        shared_modules=tuple(shared_modules(model)),
        forget_gates=tuple(_forget_gates(model)),
        used_statistics=tuple(_used_statistics(model)),
        drawn=len(drawn),
    )


def _with_rebuilds(facts: Facts, build: Build, seed: int, skipped: list[str]) -> Facts:
    """Build twice more, with the same seed and with another, and compare the values.

    Where the first build differs, so may it by the recorder, under which torch takes another way
    to some results, as to eigenvalues: then two builds without it are compared.
    """
    first = {x.name: x.checksum for x in facts.tensors if x.count and not x.unwritten}
    drawn = [
        x.name
        for x in facts.tensors
        if x.is_drawn and x.is_matrix and any(w.draw == "random" for w in x.history)
    ]
    try:
        again, other = (_checksums_of(build, each) for each in (seed, seed + 1))
        differing = _differing(first, again)
        if differing:
            once_more = _checksums_of(build, seed, _OTHER_DIRT)
            differing = tuple(x for x in differing if x in _differing(again, once_more))
    except (InittuiError, KeyboardInterrupt, MemoryError):
        raise
    except (Exception, SystemExit) as error:  # noqa: BLE001  # it could be built once
        told = sanitize(str(error).strip().split("\n")[0], 200)
        skipped.append(f"a second build failed: {type(error).__name__}: {told}")
        return facts
    equal = tuple(name for name in drawn if other.get(name) == first.get(name))
    return replace(facts, other_each_time=differing, same_each_seed=equal)


def _differing(one: Checksums, other: Checksums) -> tuple[str, ...]:
    return tuple(
        name
        for name, value in one.items()
        if name in other and other[name] != value and "NaN" not in value
    )


def _checksums_of(build: Build, seed: int, added: int = 0) -> Checksums:
    count, size = _DIRT
    dirt = [torch.full((size // 4,), float(place + 1 + added)) for place in range(count)]
    del dirt
    with seeded(seed):
        model = build()
    return dict(checksums(getattr(model, "_orig_mod", model)))


def _inputs(
    model: nn.Module, inputs: Inputs, skipped: list[str]
) -> tuple[Batch | None, tuple[str, ...], str]:
    """Return a batch, what is said of it, and how it was found; None where no input is known."""
    if inputs is None or (isinstance(inputs, tuple | list) and not inputs):
        guessed = guess(model)
        if guessed is None:
            skipped.append("no input is known: give one with --input")
            return None, (), ""
        return batch_of(guessed, model), tuple(guessed), "guessed by its first layer"
    if isinstance(inputs, torch.Tensor):
        return _as_given(Batch((inputs,)))
    if isinstance(inputs, Mapping):
        return _as_given(Batch((), dict(inputs)))
    texts = [inputs] if isinstance(inputs, str) else list(inputs)
    if texts and all(isinstance(each, torch.Tensor) for each in texts):
        return _as_given(Batch(tuple(texts)))  # type: ignore[arg-type]
    return batch_of(texts, model), tuple(texts), "given"


def _as_given(batch: Batch) -> tuple[Batch, tuple[str, ...], str]:
    return batch, tuple(_text(each) for each in batch.tensors), "given as tensors"


def _text(tensor: torch.Tensor) -> str:
    shape = "x".join(map(str, tensor.shape[1:]))
    if tensor.is_floating_point():
        return shape
    vocabulary = int(tensor.max()) + 1 if tensor.numel() else 1
    return f"ids:{shape}:{vocabulary}" if shape else f"ids:{vocabulary}"


def _materialize(model: nn.Module, batch: Batch, flight: Flight | None, seed: int) -> None:
    """Give lazy layers their shapes and start values, by one pass."""
    modes = [(module, module.training) for module in model.modules()]
    model.eval()
    with seeded(seed), torch.no_grad():
        if flight is None:
            model(*batch.positional, **batch.named)
        else:
            with flight.recording():
                model(*batch.positional, **batch.named)
    for module, mode in modes:
        module.training = mode


def _forget_gates(model: nn.Module) -> Iterator[GateFacts]:
    for path, module in model.named_modules():
        if not isinstance(module, nn.LSTM) or not module.bias:
            continue
        size = module.hidden_size
        for layer in range(module.num_layers):
            for end in ("", "_reverse") if module.bidirectional else ("",):
                both = [getattr(module, f"bias_{x}_l{layer}{end}", None) for x in ("ih", "hh")]
                if any(not isinstance(x, torch.Tensor) or x.is_meta for x in both):
                    continue
                total = sum(x.detach().double()[size : 2 * size] for x in both if x is not None)
                assert isinstance(total, torch.Tensor)
                low, high = (to_wire(float(x)) for x in total.aminmax())
                name = f"{path}.bias_hh_l{layer}{end}" if path else f"bias_hh_l{layer}{end}"
                yield GateFacts(name=name, low=low, high=high)


def _used_statistics(model: nn.Module) -> Iterator[str]:
    for path, module in model.named_modules():
        counted = getattr(module, "num_batches_tracked", None)
        if isinstance(counted, torch.Tensor) and not counted.is_meta and int(counted) > 0:
            yield path
