"""Schemes: what one contestant does to a whole model, and their one-word grammar.

``NAME[:param=value,…][/BIAS][@PATTERN=NAME[:…][/BIAS]]…``, for example
``normal:std=0.05/constant:value=0.4`` or ``rule@fc*=he_uniform/ones``. NAME is a catalogued
initializer or one's own as ``package.module:function`` or ``path/file.py:function``.
This file knows the grammar only; names and parameters are checked against the catalogue by
`inittui.initializers.parse_scheme`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from inittui.errors import UsageError
from inittui.text import sanitize

Value = float | str
"""A parameter's value: a number where the text reads as one, else a word."""

MAXIMUM_LENGTH = 1_000
"""Characters in one scheme; a longer one is a mistake."""

_NAME = re.compile(r"[A-Za-z_][\w-]*")
_REFERENCE = re.compile(
    r"(?:[^\s:@,=]+\.py|[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*):[A-Za-z_]\w*(?![\w=-])"
)
_VALUE = re.compile(r"[^\s,/@:=]+")
_PATTERN = re.compile(r"[^\s=@]+")
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?\Z")


def format_number(value: float) -> str:
    """Return the shortest text that reads back as the same float: 10, 0.05, 1e-07."""
    text = repr(float(value))
    return text.removesuffix(".0")


def format_value(value: Value) -> str:
    return value if isinstance(value, str) else format_number(value)


@dataclass(frozen=True, slots=True)
class Call:
    """One initializer with the parameters that differ from its defaults."""

    name: str
    parameters: tuple[tuple[str, Value], ...] = ()

    @property
    def is_reference(self) -> bool:
        """Whether the name is somebody's own function, ``module:function``."""
        return ":" in self.name

    def __str__(self) -> str:
        given = ",".join(f"{key}={format_value(value)}" for key, value in self.parameters)
        return f"{self.name}:{given}" if given else self.name


@dataclass(frozen=True, slots=True)
class LayerRule:
    """Initializers for the layers whose name or kind matches a glob pattern."""

    pattern: str
    weights: Call
    bias: Call | None = None

    def __str__(self) -> str:
        return f"{self.pattern}={_join(self.weights, self.bias)}"


@dataclass(frozen=True, slots=True)
class Scheme:
    """Weight initializer, bias initializer (None: the weight initializer's own), exceptions."""

    weights: Call
    bias: Call | None = None
    layers: tuple[LayerRule, ...] = ()

    def __str__(self) -> str:
        return "@".join([_join(self.weights, self.bias), *map(str, self.layers)])


def _join(weights: Call, bias: Call | None) -> str:
    return str(weights) if bias is None else f"{weights}/{bias}"


class _Reader:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0

    def error(self, message: str) -> UsageError:
        shown = sanitize(self.text, 80)
        return UsageError(f"scheme '{shown}', column {self.at + 1}: {message}")

    def skip(self, character: str) -> bool:
        if self.text.startswith(character, self.at):
            self.at += 1
            return True
        return False

    def take(self, pattern: re.Pattern[str], expected: str) -> str:
        match = pattern.match(self.text, self.at)
        if match is None:
            found = sanitize(self.text[self.at]) if self.at < len(self.text) else "the end"
            raise self.error(
                f"expected {expected}, found {found!r}"
                if found != "the end"
                else f"expected {expected} here"
            )
        self.at = match.end()
        return match.group()

    def call(self, what: str) -> Call:
        reference = _REFERENCE.match(self.text, self.at)
        if reference is not None:
            self.at = reference.end()
            name = reference.group()
        else:
            name = self.take(_NAME, f"the name of {what}")
        return Call(name, self.parameters() if self.skip(":") else ())

    def parameters(self) -> tuple[tuple[str, Value], ...]:
        given: dict[str, Value] = {}
        while True:
            start = self.at
            key = self.take(_NAME, "a parameter such as std=0.05")
            if not self.skip("="):
                raise self.error(f"expected '=' and a value after '{sanitize(key, 40)}'")
            value = self.take(_VALUE, f"a value after '{sanitize(key, 40)}='")
            if key in given:
                self.at = start
                raise self.error(f"parameter '{sanitize(key, 40)}' is given twice")
            given[key] = float(value) if _NUMBER.match(value) else value
            if not self.skip(","):
                return tuple(given.items())

    def pair(self, what: str) -> tuple[Call, Call | None]:
        weights = self.call(f"{what} initializer")
        bias = self.call("a bias initializer") if self.skip("/") else None
        return weights, bias

    def rule(self) -> LayerRule:
        pattern = self.take(_PATTERN, "a layer's name or pattern")
        if not self.skip("="):
            raise self.error("expected '=' and an initializer after the layer pattern")
        return LayerRule(pattern, *self.pair("an"))


def parse_syntax(text: str) -> Scheme:
    """Read one scheme; nothing is checked against the catalogue.

    Raises:
        UsageError: one line that names the column where the text stops making sense.
    """
    reader = _Reader(text)
    if len(text) > MAXIMUM_LENGTH:
        raise reader.error(f"longer than {MAXIMUM_LENGTH} characters")
    weights, bias = reader.pair("an")
    layers: list[LayerRule] = []
    while reader.skip("@"):
        layers.append(reader.rule())
    if reader.at < len(text):
        rest = sanitize(text[reader.at :], 40)
        raise reader.error(f"'{rest}' doesn't belong here; the form is NAME[:param=value,…][/BIAS]")
    return Scheme(weights, bias, tuple(layers))
