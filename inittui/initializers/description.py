"""What is said of an initializer beside its code: table, help, completion and docs come from it."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from inittui.errors import UsageError, nearest
from inittui.experiment.scheme import Value, format_number, format_value
from inittui.initializers.distributions import Distribution
from inittui.initializers.layer import LayerContext, format_shape
from inittui.text import sanitize

LARGEST = 1e30
"""Of a parameter: float32 ends at 3.4e38, and some are multiplied."""


_MULTIPLE = re.compile(r"([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?)std")


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of an initializer: a number, or one of ``choices``."""

    name: str
    meaning: str
    default: Value | None = None
    """None: worked out for each layer, as ``default_text`` says."""
    default_text: str = ""
    choices: tuple[str, ...] = ()
    at_least: float = -math.inf
    above: float = -math.inf
    below: float = math.inf
    in_stds: bool = False
    """Whether it is also taken as a multiple of the standard deviation: -2std."""

    @property
    def shown_default(self) -> str:
        """The default as text: 1, fan_in, 1/√fan_in."""
        return self.default_text if self.default is None else format_value(self.default)

    @property
    def constraint(self) -> str:
        """What a value must satisfy beyond being a number, in words; empty if nothing."""
        if self.choices:
            return f"one of {', '.join(self.choices)}"
        bounds = (
            ("at least", self.at_least, -math.inf),
            ("above", self.above, -math.inf),
            ("below", self.below, math.inf),
        )
        return " and ".join(
            f"{word} {format_number(bound)}" for word, bound, none in bounds if bound != none
        )

    def check(self, value: Value, owner: str) -> Value:
        """Return the value as it is used.

        Raises:
            UsageError: it is not what this parameter takes; ``owner`` is the initializer.
        """
        if self.choices:
            return self._check_choice(value, owner)
        multiple = _MULTIPLE.fullmatch(value) if self.in_stds and isinstance(value, str) else None
        if multiple is not None:
            return f"{format_number(self._check_number(float(multiple[1]), owner))}std"
        return self._check_number(value, owner)

    @property
    def _kind(self) -> str:
        return "a number, or a multiple such as -2std" if self.in_stds else "a number"

    def _check_choice(self, value: Value, owner: str) -> str:
        text = format_value(value)
        word = text.lower().replace("-", "_")
        if word not in self.choices:
            hint = nearest(word, self.choices) or f"; choose from {', '.join(self.choices)}"
            raise UsageError(f"{owner}: {self.name} can't be '{sanitize(text, 40)}'{hint}")
        return word

    def _check_number(self, value: Value, owner: str) -> float:
        if isinstance(value, str):
            raise UsageError(
                f"{owner}: {self.name} must be {self._kind}, not '{sanitize(value, 40)}'"
            )
        if not abs(value) <= LARGEST:
            raise UsageError(f"{owner}: {self.name}={value:g} is too large for float32 weights")
        if not (value >= self.at_least and self.above < value < self.below):
            shown = format_number(value)
            raise UsageError(f"{owner}: {self.name} must be {self.constraint}, not {shown}")
        return value


@dataclass(frozen=True, slots=True)
class Description:
    """An initializer: its names, its formula, its parameters and its values."""

    name: str
    summary: str
    """One sentence."""
    formula: str
    source: str
    """The paper, and whose definition is followed where libraries differ."""
    distribution: Callable[..., Distribution]
    """Returns the distribution of the values: (layer, **settings of all parameters)."""
    aliases: tuple[str, ...] = ()
    parameters: tuple[Parameter, ...] = ()
    on_bias: bool = False
    """Whether it can fill a bias; what needs a fan then takes the weight's."""
    dimensions: tuple[int, int] = (2, 5)
    """Fewest and most dimensions of a weight that it can fill."""
    conflict: Callable[..., str] | None = None
    """Returns what is wrong with the settings taken together, or an empty text."""
    own_reset: bool = False
    """Whether the values are those of the module's own ``reset_parameters``."""

    def settings(self, given: Mapping[str, Value]) -> dict[str, Value | None]:
        """Return the value of every parameter."""
        return {p.name: given.get(p.name, p.default) for p in self.parameters}

    def check(self, given: Mapping[str, Value]) -> dict[str, Value]:
        """Return the parameters that differ from their defaults, in the declared order.

        Raises:
            UsageError: one doesn't exist or doesn't fit.
        """
        names = [parameter.name for parameter in self.parameters]
        for key in given:
            if key not in names:
                hint = nearest(key, names) or f"; it takes {', '.join(names) or 'none'}"
                raise UsageError(f"{self.name} has no parameter '{sanitize(key, 40)}'{hint}")
        values = {
            p.name: p.check(given[p.name], self.name) for p in self.parameters if p.name in given
        }
        problem = self.conflict(**self.settings(values)) if self.conflict else ""
        if problem:
            raise UsageError(f"{self.name}: {problem}")
        return {
            p.name: values[p.name]
            for p in self.parameters
            if values.get(p.name, p.default) != p.default
        }

    def values_for(self, layer: LayerContext, given: Mapping[str, Value]) -> Distribution:
        """Return the distribution of a layer's values under checked parameters.

        Raises:
            UsageError: the initializer can't fill a weight of this shape.
        """
        fewest, most = self.dimensions
        if not fewest <= len(layer.shape) <= most:
            fitting = "two dimensions (Linear)" if most == 2 else f"{fewest} to {most} dimensions"
            fitting += " (convolutions)" if fewest == 3 else ""
            where = f"layer '{layer.name}' has" if layer.name else "this one has"
            shape = format_shape(layer.shape)
            shape += " values in one dimension" if len(layer.shape) == 1 else ""
            raise UsageError(f"{self.name} fills weights of {fitting}; {where} {shape}")
        return self.distribution(layer, **self.settings(given))


def initializer(
    *,
    formula: str,
    source: str,
    aliases: tuple[str, ...] = (),
    parameters: tuple[Parameter, ...] = (),
    on_bias: bool = False,
    dimensions: tuple[int, int] = (2, 5),
    conflict: Callable[..., str] | None = None,
    own_reset: bool = False,
) -> Callable[[Callable[..., Distribution]], Description]:
    """Describe a function ``(layer, **settings) -> Distribution`` named as the initializer.

    Its docstring is the summary.
    """

    def describe(function: Callable[..., Distribution]) -> Description:
        return Description(
            name=function.__name__,
            summary=(function.__doc__ or "").strip(),
            formula=formula,
            source=source,
            distribution=function,
            aliases=aliases,
            parameters=parameters,
            on_bias=on_bias,
            dimensions=dimensions,
            conflict=conflict,
            own_reset=own_reset,
        )

    return describe
