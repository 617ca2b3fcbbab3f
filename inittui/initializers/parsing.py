"""Schemes checked against the catalogue and brought to their shortest form."""

from __future__ import annotations

import math

from inittui.errors import UsageError
from inittui.experiment.scheme import Call, LayerRule, Scheme, parse_syntax
from inittui.initializers import own
from inittui.initializers.catalogue import BUILT, find, is_built, is_known
from inittui.text import sanitize


def parse_scheme(text: str) -> Scheme:
    """Read a scheme; ``str`` of it is the shortest text that reads back as an equal one.

    Aliases are resolved; parameters stand in their declared order; parameters and a bias
    initializer that are the default are left out. One's own functions stay as they are, and are
    not imported.

    Raises:
        UsageError: one line that says what is wrong and, where it can, what is nearest.
    """
    scheme = parse_syntax(text)
    return Scheme(
        *_checked_pair(scheme.weights, scheme.bias),
        tuple(
            LayerRule(rule.pattern, *_checked_pair(rule.weights, rule.bias))
            for rule in scheme.layers
        ),
    )


def default_bias(weights: Call) -> Call:
    """Return what fills the bias where no initializer is named for it."""
    return Call(weights.name if weights.name in ("default", BUILT) else "zeros")


def _checked_pair(weights: Call, bias: Call | None) -> tuple[Call, Call | None]:
    weights, bias = _split_at_file(weights, bias)
    weights = _checked(weights)
    if bias is None:
        return weights, None
    bias = _checked(bias)
    if not (own.is_own(bias) or is_built(bias.name)) and not find(bias.name).on_bias:
        raise UsageError(
            f"{bias.name} needs at least two dimensions; for a bias use zeros, ones, constant, "
            "uniform, normal, trunc_normal or rule"
        )
    return weights, None if bias == default_bias(weights) else bias


def _split_at_file(weights: Call, bias: Call | None) -> tuple[Call, Call | None]:
    """Read ``rule/own.py:f`` as an initializer and a bias, not as a file in a folder 'rule'."""
    first, slash, rest = weights.name.partition("/")
    if not (weights.is_reference and slash and is_known(first)):
        return weights, bias
    if bias is not None:
        raise UsageError(
            f"'{sanitize(weights.name, 80)}' starts with the initializer '{first}'; "
            f"if it is a folder, write ./{sanitize(weights.name, 80)}"
        )
    return Call(first), Call(rest, weights.parameters)


def _checked(call: Call) -> Call:
    if own.is_registered(call.name):
        return call
    if call.is_reference:
        return _checked_reference(call)
    if is_built(call.name):
        if call.parameters:
            raise UsageError("built takes no parameters: it leaves what the model's code made")
        return Call(BUILT)
    description = find(call.name)
    return Call(description.name, tuple(description.check(dict(call.parameters)).items()))


def _checked_reference(call: Call) -> Call:
    module, _, function = call.name.rpartition(":")
    if is_known(module):
        raise UsageError(
            f"'{call.name}': expected '=' and a value after '{function}', as in "
            f"{call.name}=0.05; for a function of your own file write ./{module}.py:{function}"
        )
    for key, value in call.parameters:
        if isinstance(value, float) and not math.isfinite(value):
            raise UsageError(f"{sanitize(call.name, 80)}: {sanitize(key, 40)} is too large")
    return call
