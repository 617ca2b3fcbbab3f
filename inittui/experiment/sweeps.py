"""Sweeps: a parameter with several values becomes several trials.

A sweep is a scheme in which a parameter has several values, ``trunc_normal:std=1e-4..1:9`` or
``normal:std=0.1|1|10``, or a setting of the model or the training, ``model.depth=2..32:5``. The
values of a range are evenly spaced on a log axis where both ends are above 0, else on a linear one;
``:log`` or ``:lin`` after their number says it. Where another parameter of the same scheme shall
follow it says ``same``:
``trunc_normal:std=1e-4..1:9/constant:value=same``. Several values in one word and several words
that sweep settings multiply. This file knows texts only; schemes are checked by `parse_scheme`.
"""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from inittui.errors import UsageError, nearest
from inittui.experiment.bounds import check_bounds
from inittui.experiment.models import has_own_start
from inittui.experiment.records import SETTING_SWEEP, Experiment
from inittui.experiment.scheme import format_number, parse_syntax
from inittui.experiment.setting_texts import whole, written
from inittui.experiment.settings import SETTINGS
from inittui.experiment.trials import MOST_TRIALS, Setting, TrialPlan, format_setting
from inittui.text import sanitize

MOST_VALUES = 1_000
"""Values of one sweep; more is a mistake."""

_SWEPT = {setting.path: setting for setting in SETTINGS if setting.swept}

_DIGITS = 4
"""Significant digits of the values inside of a range."""

_NUMBER = r"[+-]?(?:\d+(?:\.(?!\.)\d*)?|\.\d+)(?:[eE][+-]?\d+)?"
_RANGE = re.compile(rf"({_NUMBER})\.\.({_NUMBER}):(\d{{1,9}})(?::(\w+))?")
_PARAMETER = re.compile(
    rf"(?P<key>[A-Za-z_][\w-]*)=(?P<values>{_NUMBER}\.\.{_NUMBER}(?::\d+(?::\w+)?)?|[^\s,/@:=]*\|[^\s,/@:=]*)"
)
_SAME = re.compile(r"=same(?=[,/@]|$)")

OPEN = "…"
"""Stands for the swept value in the name of a family of schemes."""


@dataclass(frozen=True, slots=True)
class _Candidate:
    scheme: str
    family: str = ""
    swept: Mapping[str, Setting] = field(default_factory=dict)


def plan_trials(experiment: Experiment) -> tuple[TrialPlan, ...]:
    """Return the trials of an experiment, in the order of their numbers.

    What trains together stays together: settings vary slowest, then seeds, then schemes.

    Raises:
        UsageError: a sweep can't be understood, or there are far too many trials.
    """
    axes = _axes(experiment)
    candidates = list(_candidates(experiment))
    variants = math.prod(map(len, axes.values()))
    _check_count(variants * len(candidates) * len(experiment.seeds))
    combinations = itertools.product(*axes.values())
    return tuple(
        TrialPlan(each.scheme, seed, {**each.swept, **settings}, each.family)
        for settings in (dict(zip(axes, values, strict=True)) for values in combinations)
        for seed in experiment.seeds
        for each in candidates
    )


def with_settings(experiment: Experiment, settings: Mapping[str, Setting]) -> Experiment:
    """Return the experiment under a trial's settings, such as ``{"model.depth": 8}``.

    Raises:
        UsageError: there is no such setting, or it can't have this value.
    """
    for path, value in settings.items():
        if path not in _SWEPT:
            raise _not_swept(path)
        experiment = _SWEPT[path].put(experiment, _read(path, format_setting(value)))
    return experiment


def _check_count(trials: int) -> None:
    if trials > MOST_TRIALS:
        raise UsageError(f"{trials:,} trials are too many; there can be {MOST_TRIALS:,}")


def _axes(experiment: Experiment) -> dict[str, tuple[Setting, ...]]:
    axes: dict[str, tuple[Setting, ...]] = {}
    for text in experiment.sweeps:
        match = SETTING_SWEEP.fullmatch(text)
        if match is None:
            continue
        section, key, values = match.groups()
        path = f"{section}.{key}"
        if path in axes:
            raise UsageError(f"{path} is swept twice")
        axes[path] = _setting_values(path, values)
        for value in axes[path]:  # before any of them is built
            check_bounds(with_settings(experiment, {path: value}), {})
    return axes


def swept_settings(experiment: Experiment) -> dict[str, str]:
    """Return what each setting that is swept is swept over, by its path: 0.1|1, 2 to 32 (5 values).

    A log may hold any text; it is read as far as it can be.
    """
    found = map(SETTING_SWEEP.fullmatch, experiment.sweeps)
    return {f"{match[1]}.{match[2]}": _values_said(match[3]) for match in found if match}


def _values_said(text: str) -> str:
    match = _RANGE.fullmatch(text)
    return f"{match[1]} to {match[2]} ({match[3]} values)" if match else text


def _setting_values(path: str, text: str) -> tuple[Setting, ...]:
    if path not in _SWEPT:
        raise _not_swept(path)
    values: list[Setting] = []
    for value in values_of(text, f"{path}={text}"):
        rounds = _SWEPT[path].read is whole and _is_number(value)
        found = _read(path, f"{float(value):.0f}" if rounds else value)
        shown = written(found) if isinstance(found, tuple) else found
        if shown not in values:
            values.append(shown)
    return tuple(values)


def _not_swept(path: str) -> UsageError:
    section, _, key = path.partition(".")
    near = [known for known in _SWEPT if known.startswith(f"{section}.")]
    hint = nearest(key, [known.partition(".")[2] for known in near])
    hint = hint.replace("mean '", f"mean '{section}.") or f"; choose from {', '.join(_SWEPT)}"
    return UsageError(f"{sanitize(path, 60)} can't be swept{hint}")


def _read(path: str, text: str) -> Any:
    try:
        return _SWEPT[path].read(text)
    except UsageError as error:
        raise UsageError(f"{path} can't be '{sanitize(text, 40)}': {error}") from None


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
    choices = [values_of(match["values"], text) for match in swept]
    _check_count(math.prod(map(len, choices)))
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


def values_of(text: str, whole: str) -> list[str]:
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
    return _range(float(match[1]), float(match[2]), int(match[3]), match[4] or "", shown)


_SPACINGS = {"log": True, "lin": False, "linear": False}
"""Whether values are even on a log axis, by the words that say so."""


def _is_log(low: float, spacing: str) -> bool:
    return _SPACINGS.get(spacing, low > 0)


def spacings(experiment: Experiment) -> list[str]:
    """Say of each range that is swept how its values are spaced."""
    return [
        f"sweep {sanitize(text[: match.end()], 80)}: {match[3]} values, evenly spaced on a "
        f"{'log' if _is_log(float(match[1]), match[4] or '') else 'linear'} axis"
        for text in experiment.sweeps
        for match in _RANGE.finditer(text)
    ]


def _range(low: float, high: float, count: int, spacing: str, shown: str) -> list[str]:
    """Return values from low to high, evenly on a log or on a linear axis.

    Where ``spacing`` is empty it is the log axis if both are above 0.
    """
    if spacing and spacing not in _SPACINGS:
        raise UsageError(f"sweep '{shown}': values are spaced 'log' or 'lin', not '{spacing}'")
    is_log = _is_log(low, spacing)
    if is_log and low <= 0:
        raise UsageError(f"sweep '{shown}': a log axis has no {format_number(low)}; take 'lin'")
    if not low < high < float("inf"):
        raise UsageError(f"sweep '{shown}': the first value must be below the second")
    if not 2 <= count <= MOST_VALUES:
        raise UsageError(f"sweep '{shown}': there can be 2 to {MOST_VALUES:,} values")
    inner = (part / (count - 1) for part in range(1, count - 1))
    between = (
        low * (high / low) ** part if is_log else low + (high - low) * part for part in inner
    )
    rounded = (float(f"{value:.{_DIGITS}g}") for value in between)
    return list(dict.fromkeys(format_number(value) for value in (low, *rounded, high)))


def _is_number(text: str) -> bool:
    return re.fullmatch(_NUMBER, text) is not None


def _plain(text: str) -> Setting:
    return float(text) if _is_number(text) else text
