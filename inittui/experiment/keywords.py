"""Settings by name, as Python code gives them: the same table as the command line's options."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from inittui.errors import UsageError, unknown
from inittui.experiment.records import Experiment
from inittui.experiment.settings import SETTINGS, Setting, with_options


def names_of(setting: Setting) -> tuple[str, ...]:
    """Return what a setting is called in Python: as its option, and as its field."""
    options = [each.split("/")[0] for each in setting.options if each.startswith("--")]
    names = [each.removeprefix("--").replace("-", "_") for each in options]
    names += [f"{name}s" for name in names if setting.is_list]
    section, _, key = setting.path.rpartition(".")
    if section != "inspection":
        names.append(section if section and key == "name" else key)
    return tuple(dict.fromkeys(names))


BY_NAME: Mapping[str, Setting] = {name: each for each in SETTINGS for name in names_of(each)}


def with_keywords(
    base: Experiment, given: Mapping[str, Any], *, keeps_schemes: bool = False
) -> Experiment:
    """Return an experiment with settings replaced, as `with_options` does.

    A value is a number, a sequence, a mapping, or a text as on the command line. With
    ``keeps_schemes`` the schemes of ``base`` stay contestants beside layer rules and sweeps.

    Raises:
        UsageError: there is no such setting, it is given twice, or its value is of another kind.
    """
    by_path: dict[str, Any] = {}
    for name, value in given.items():
        setting = BY_NAME.get(name)
        if setting is None:
            raise unknown("setting", name, BY_NAME)
        if setting.path in by_path:
            raise UsageError(f"{' and '.join(names_of(setting))} are one setting; give one of them")
        by_path[setting.path] = _value(setting, name, value)
        _check(setting, name, by_path[setting.path])
    return with_options(base, by_path, from_file=keeps_schemes)


def _value(setting: Setting, name: str, value: Any) -> Any:
    try:
        if isinstance(value, str):
            return setting.read(value)
        if setting.path == "model.input" and _are_texts(value):
            return setting.read(setting.write(value))
    except UsageError as error:
        raise UsageError(f"{name}: {error}") from None
    if isinstance(value, bool) and setting.path == "inspection":
        return value, value
    if hasattr(value, "item") and getattr(value, "shape", None) == ():
        value = value.item()  # a number of numpy's or torch's
    if isinstance(value, list | range):
        value = tuple(value)
    if len(setting.fields) > 1 and not (isinstance(value, tuple) and len(value) == 2):
        raise UsageError(f"{name} is two values, not {value!r}")
    return dict(value) if isinstance(value, Mapping) else value


def _are_texts(value: Any) -> bool:
    return isinstance(value, list | tuple) and all(isinstance(each, str) for each in value)


def _check(setting: Setting, name: str, value: Any) -> None:
    """Raise `UsageError` for a value of another kind than the setting's."""
    try:
        put = setting.put(Experiment(), value)
        msgspec.convert(msgspec.to_builtins(put), Experiment)
    except (msgspec.ValidationError, TypeError, AttributeError) as error:
        said = str(error).partition(" - at ")[0]
        raise UsageError(f"{name} can't be {value!r}: {said}") from None
