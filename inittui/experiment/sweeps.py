"""Sweeps: a parameter with several values becomes several trials.

A sweep is a scheme in which a parameter has several values, ``trunc_normal:std=1e-4..1:9`` or
``normal:std=0.1|1|10``, or a setting of the model or the training, ``model.depth=2..32:5``. Where
another parameter of the same scheme shall follow it says ``same``:
``trunc_normal:std=1e-4..1:9/constant:value=same``. Several values in one word and several words
that sweep settings multiply. This file knows texts only; schemes are checked by `parse_scheme`.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from inittui.errors import UsageError, nearest
from inittui.experiment.models import has_own_start
from inittui.experiment.records import SETTING_SWEEP, Experiment, ModelConfig, TrainingConfig
from inittui.experiment.scheme import format_number, parse_syntax
from inittui.experiment.trials import Setting, TrialPlan
from inittui.text import sanitize

MOST_VALUES = 1_000
"""Values of one sweep; more is a mistake."""

MOST_TRIALS = 100_000
"""Trials of one run; more is a mistake."""

SWEPT_SETTINGS = {
    "model": ("name", "hidden", "activation", "dropout", "depth", "width", "batch_norm"),
    "training": ("optimizer", "lr"),
}
"""What can differ within a run: all its trials take the same steps over the same data."""

_SECTIONS: dict[str, type[msgspec.Struct]] = {"model": ModelConfig, "training": TrainingConfig}
_DIGITS = 4
"""Significant digits of the values inside of a range."""

_NUMBER = r"[+-]?(?:\d+(?:\.(?!\.)\d*)?|\.\d+)(?:[eE][+-]?\d+)?"
_RANGE = re.compile(rf"({_NUMBER})\.\.({_NUMBER}):(\d{{1,9}})")
_PARAMETER = re.compile(
    rf"(?P<key>[A-Za-z_][\w-]*)=(?P<values>{_NUMBER}\.\.{_NUMBER}(?::\d+)?|[^\s,/@:=]*\|[^\s,/@:=]*)"
)
_SAME = re.compile(r"=same(?=[,/@]|$)")

OPEN = "…"
"""Stands for the swept value in the name of a family of schemes."""


@dataclass(frozen=True, slots=True)
class _Candidate:
    """One scheme, with what sweeps made of it."""

    scheme: str
    family: str = ""
    swept: Mapping[str, Setting] = field(default_factory=dict)


def plan_trials(experiment: Experiment) -> tuple[TrialPlan, ...]:
    """Return the trials of an experiment, in the order of their numbers.

    What trains together stays together: settings vary slowest, then seeds, then schemes.

    Raises:
        UsageError: a sweep can't be understood, or there are far too many trials.
    """
    variants = [dict(zip(*each, strict=True)) for each in _combinations(experiment)]
    candidates = list(_candidates(experiment))
    count = len(variants) * len(candidates) * len(experiment.seeds)
    if count > MOST_TRIALS:
        raise UsageError(f"{count:,} trials are too many; there can be {MOST_TRIALS:,}")
    return tuple(
        TrialPlan(each.scheme, seed, {**each.swept, **settings}, each.family)
        for settings in variants
        for seed in experiment.seeds
        for each in candidates
    )


def with_settings(experiment: Experiment, settings: Mapping[str, Setting]) -> Experiment:
    """Return the experiment under a trial's settings, such as ``{"model.depth": 8}``.

    Raises:
        UsageError: there is no such setting, or it can't have this value.
    """
    changes: dict[str, dict[str, Any]] = {}
    for name, value in settings.items():
        section, _, key = name.partition(".")
        if key not in SWEPT_SETTINGS.get(section, ()):
            raise _not_swept(section, key)
        changes.setdefault(section, {})[key] = _converted(section, key, value)
    return msgspec.structs.replace(
        experiment,
        **{
            section: msgspec.structs.replace(getattr(experiment, section), **values)
            for section, values in changes.items()
        },
    )


def _combinations(
    experiment: Experiment,
) -> Iterable[tuple[tuple[str, ...], tuple[Setting, ...]]]:
    """Yield names and values of the swept settings, every combination once."""
    axes: dict[str, tuple[Setting, ...]] = {}
    for text in experiment.sweeps:
        match = SETTING_SWEEP.fullmatch(text)
        if match is None:
            continue
        section, key, values = match.groups()
        if f"{section}.{key}" in axes:
            raise UsageError(f"{section}.{key} is swept twice")
        axes[f"{section}.{key}"] = _setting_values(section, key, values)
    names = tuple(axes)
    return ((names, values) for values in itertools.product(*axes.values()))


def _setting_values(section: str, key: str, text: str) -> tuple[Setting, ...]:
    if key not in SWEPT_SETTINGS[section]:
        raise _not_swept(section, key)
    kind = next(f.type for f in msgspec.structs.fields(_SECTIONS[section]) if f.name == key)
    whole = kind == (int | None)
    values: list[Setting] = []
    for value in _values(text, f"{section}.{key}={text}"):
        number = round(float(value)) if whole and _is_number(value) else value
        converted = _converted(section, key, number)
        shown = ",".join(map(str, converted)) if isinstance(converted, tuple) else converted
        if shown not in values:
            values.append(shown)
    return tuple(values)


def _not_swept(section: str, key: str) -> UsageError:
    name = sanitize(f"{section}.{key}", 60)
    known = [f"{s}.{k}" for s, keys in SWEPT_SETTINGS.items() for k in keys]
    hint = nearest(name, known) or f"; choose from {', '.join(known)}"
    return UsageError(f"{name} can't be swept{hint}")


def _converted(section: str, key: str, value: Setting) -> Any:
    """Return a setting's value in the type that its configuration wants."""
    kind = next(f.type for f in msgspec.structs.fields(_SECTIONS[section]) if f.name == key)
    wanted: object = value
    if key == "hidden":
        wanted = str(value).split(",")
    try:
        return msgspec.convert(wanted, kind, strict=False)
    except msgspec.ValidationError:
        shown = sanitize(str(value), 40)
        raise UsageError(f"{section}.{key} can't be '{shown}'") from None


def _candidates(experiment: Experiment) -> Iterable[_Candidate]:
    """Yield the contestants: schemes, then what sweeps make of theirs, each with the layers."""
    layers = "".join(f"@{pattern}={scheme}" for pattern, scheme in experiment.layers.items())
    found = [_Candidate(scheme) for scheme in experiment.schemes]
    for text in experiment.sweeps:
        if not SETTING_SWEEP.fullmatch(text):
            found += _swept_schemes(text)
    if not found and experiment.layers:
        found = [_Candidate(_base(experiment.layers, experiment.model.name))]
        first = next(iter(experiment.layers))
        layers = layers.removeprefix(f"@*={experiment.layers[first]}")
    for each in found:
        family = each.family + layers if each.family else ""
        yield _Candidate(each.scheme + layers, family, each.swept)


def _base(layers: Mapping[str, str], model: str) -> str:
    """Return what the layers get that no pattern names: the first rule's if that is for all.

    Else they keep what the model gives itself.
    """
    pattern, scheme = next(iter(layers.items()))
    if pattern == "*":
        return scheme
    return "built" if has_own_start(model) else "default"


def _swept_schemes(text: str) -> list[_Candidate]:
    """Return the schemes that a swept one stands for, every combination of its values."""
    swept = list(_PARAMETER.finditer(text))
    shown = sanitize(text, 80)
    if not swept:
        example = "normal:std=0.01..1:5 or normal:std=0.1|1"
        raise UsageError(f"sweep '{shown}': no parameter has several values, as in {example}")
    repeats = _SAME.search(text) is not None
    if repeats and len(swept) > 1:
        raise UsageError(f"sweep '{shown}': 'same' is unclear where several parameters are swept")
    choices = [_values(match["values"], text) for match in swept]
    parse_syntax(_filled(text, swept, [values[0] for values in choices]))
    names = _names(_filled(text, swept, [f"{OPEN}{number}" for number in range(len(swept))]))
    for position, name in enumerate(names):
        if name in names[:position]:
            raise UsageError(f"sweep '{shown}': {name} is swept twice; 'same' repeats a value")
    return [
        _Candidate(
            _filled(text, swept, values),
            _filled(text, swept, [OPEN] * len(swept)),
            {name: _plain(value) for name, value in zip(names, values, strict=True)},
        )
        for values in itertools.product(*choices)
    ]


def _filled(text: str, swept: Iterable[re.Match[str]], values: Iterable[str]) -> str:
    """Return the text with one value in each swept place, and in those that are the same."""
    pieces: list[str] = []
    at = 0
    value = ""
    for match, value in zip(swept, values, strict=True):
        pieces += [text[at : match.start("values")], value]
        at = match.end()
    pieces.append(text[at:])
    return _SAME.sub(f"={value}", "".join(pieces))


def _names(marked: str) -> list[str]:
    """Return NAME:PARAMETER of each swept value, in the text where these are marked."""
    scheme = parse_syntax(marked)
    pairs = [(scheme.weights, scheme.bias), *((r.weights, r.bias) for r in scheme.layers)]
    calls = [call for pair in pairs for call in pair if call is not None]
    found = {
        str(value): f"{call.name}:{key}"
        for call in reversed(calls)
        for key, value in call.parameters
        if str(value).startswith(OPEN)
    }
    return [found[mark] for mark in sorted(found, key=lambda mark: int(mark[len(OPEN) :]))]


def _values(text: str, whole: str) -> list[str]:
    """Return the values of LOW..HIGH:COUNT or a|b|c as texts, each once."""
    shown = sanitize(whole, 80)
    if "|" in text:
        values = text.split("|")
        for position, value in enumerate(values):
            if not value:
                raise UsageError(f"sweep '{shown}': an empty value beside '|'")
            if value in values[:position]:
                raise UsageError(f"sweep '{shown}': the value '{sanitize(value, 40)}' twice")
        return values
    match = _RANGE.fullmatch(text)
    if match is None:
        raise UsageError(
            f"sweep '{shown}': several values are LOW..HIGH:COUNT, as in 1e-4..1:9, or a|b|c"
        )
    return _range(float(match[1]), float(match[2]), int(match[3]), shown)


def _range(low: float, high: float, count: int, shown: str) -> list[str]:
    """Return values from low to high: evenly on a log axis where both are above 0."""
    if not low < high < float("inf"):
        raise UsageError(f"sweep '{shown}': the first value must be below the second")
    if not 2 <= count <= MOST_VALUES:
        raise UsageError(f"sweep '{shown}': there can be 2 to {MOST_VALUES:,} values")
    inner = (part / (count - 1) for part in range(1, count - 1))
    between = (
        low * (high / low) ** part if low > 0 else low + (high - low) * part for part in inner
    )
    rounded = (float(f"{value:.{_DIGITS}g}") for value in between)
    return list(dict.fromkeys(format_number(value) for value in (low, *rounded, high)))


def _is_number(text: str) -> bool:
    return re.fullmatch(_NUMBER, text) is not None


def _plain(text: str) -> Setting:
    return float(text) if _is_number(text) else text
