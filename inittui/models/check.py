"""Whether a model can be trained to classify, tried before anything else is done with it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import nn

from inittui.errors import UsageError
from inittui.experiment.records import ModelConfig
from inittui.models.attributes import attributes_of, changed, made_modules, snapshot
from inittui.models.build import given_text
from inittui.models.calling import Fitted, part_of, parts_of, parts_text
from inittui.models.observe import depends_on_itself, evaluating, has_lazy_layers, materialize, twin
from inittui.text import sanitize
from inittui.user_code import seeded, theirs


@dataclass(frozen=True, slots=True)
class Left:
    """What passes in training leave in a model beside parameters and buffers."""

    unkept: tuple[str, ...]
    """Names of what they change and no checkpoint has: it isn't among `attributes_of` the model."""
    made: tuple[str, ...]
    """Names of modules with parameters that the first one makes: no optimizer has them."""


def check_classifier(
    model: nn.Module,
    example: torch.Tensor,
    classes: int,
    config: ModelConfig,
    *,
    positions: tuple[int, ...] = (),
    last_batch: int = 2,
) -> Left:
    """Run ``model`` on ``example`` [n, *input_shape], forward and, as a copy, backward.

    Twins of the model run: it stays as it is, with all that its first forward will settle. Only
    lazy layers get their shapes.
    ``config`` says how it is called and named. Of sequences ``positions`` are those that have
    logits of their own. ``last_batch`` is the size of the smallest batch that it will be trained
    on. Returns what passes in training leave.

    Raises:
        UsageError: it fails, or doesn't give logits [n, *positions, classes]; says what it was
            given.
    """
    name, wanted = config.name, (*positions, classes)
    if not any(parameter.requires_grad for parameter in model.parameters()):
        raise UsageError(
            f"{sanitize(name, 200)}: all of its parameters are frozen (requires_grad=False): there "
            "is nothing to train, and no gradient to measure"
        )
    for module in model.modules():
        if isinstance(module, nn.DataParallel | torch.jit.ScriptModule):
            shown, kind = sanitize(name, 200), type(module).__name__
            raise UsageError(
                f"{shown} has a {kind}, which can't be trained here: give what is in it"
            )
    with seeded(0), _tried(name, _given(config, example)):
        if has_lazy_layers(model):
            materialize(model, example)
    with _copied(name):
        tried = twin(model)
    with evaluating(tried), _tried(name, _given(config, example)), torch.no_grad():
        _, has_parts = _check_outputs(tried, example, wanted, name)
        if not depends_on_itself(model, example):
            raise UsageError(
                f"{sanitize(name, 200)} can't be copied: its copy computes without the copy's own "
                "parameters. A function that it keeps, such as a lambda, belongs to the model that "
                "it was made for: make it a method"
            )
    batch = example[:last_batch]
    trial = twin(model)
    trial.train()  # which somebody's own may not return
    states = [snapshot(trial)]
    with seeded(0), _tried(name, _given(config, batch)):
        outputs, has_parts_too = _check_outputs(trial, batch, wanted, name)
        outputs = outputs.flatten(0, -2)
        F.cross_entropy(outputs, torch.zeros(len(outputs), dtype=torch.int64)).backward()
    if config.output and not (has_parts or has_parts_too):
        shown = f"{sanitize(name, 200)} gives a tensor, which has no parts"
        raise UsageError(f"{shown}: --output {sanitize(config.output, 60)} would change nothing")
    states.append(snapshot(trial))
    with seeded(0), _tried(name, _given(config, batch)), torch.no_grad():
        trial(batch)
    states.append(snapshot(trial))
    kept = attributes_of(trial)
    differing = dict.fromkeys(each for pair in pairwise(states) for each in changed(*pair))
    made = made_modules(model, trial)
    inside = tuple(f"{name}." for name in made)
    unkept = [x for x in differing if not (x in kept or f"{x}.".startswith(inside))]
    return Left(tuple(unkept), made)


@contextmanager
def _copied(name: str) -> Iterator[None]:
    """Say that a model can't be copied, for each trial and measurement, in one line."""
    try:
        yield
    except Exception as error:
        said = f"{type(error).__name__}: {error}"
        raise UsageError(
            sanitize(f"{name} can't be copied (copy.deepcopy), as each trial needs: {said}", 400)
        ) from error


@contextmanager
def _tried(name: str, given: str) -> Iterator[None]:
    try:
        with theirs(name, given):
            yield
    except UsageError as error:
        if re.search(r"\b(Half|BFloat16|Double)\b", str(error)):
            hint = (
                "all parameters are float32 here, where it is tried, whatever --dtype says: don't "
                "cast inputs to another type"
            )
            raise UsageError(f"{error}; {hint}") from error
        raise


def _given(config: ModelConfig, inputs: torch.Tensor) -> str:
    said = given_text(config, inputs)
    if len(inputs) > 1:
        return f"{said}, see --input"
    return f"{said}: the last batch of an epoch is one image, see --limit and --batch-size"


def _check_outputs(
    model: nn.Module, batch: torch.Tensor, wanted: tuple[int, ...], name: str
) -> tuple[torch.Tensor, bool]:
    """Run a model and check its logits [n, *wanted]; return them, and whether it gives others."""
    given = model.inittui_all_outputs(batch) if isinstance(model, Fitted) else model(batch)
    outputs = part_of(given, model.inittui_output if isinstance(model, Fitted) else "")
    shape = [len(batch), *wanted]
    needed = f"logits of shape {shape}, one for each class, are needed"
    shown = sanitize(name, 200)
    if not isinstance(outputs, torch.Tensor):
        kind, parts = type(outputs).__name__, parts_of(outputs)
        hint = f": name their part by --output; {parts_text(parts)}" if parts else ""
        raise UsageError(f"{shown} gives a value of type {kind}; {needed}{hint}")
    if list(outputs.shape) != shape:
        raise UsageError(f"{shown} gives outputs of shape {list(outputs.shape)}; {needed}")
    if not outputs.is_floating_point():
        raise UsageError(f"{shown} gives outputs of {outputs.dtype}; {needed}, as floats")
    return outputs, given is not outputs
