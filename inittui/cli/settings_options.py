"""The options of an experiment's settings, from their table, and the experiment they come to."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from inittui.cli.completion import completion_of
from inittui.experiment.records import Experiment
from inittui.experiment.setting_texts import NO, YES
from inittui.experiment.settings import (
    BY_PATH,
    SETTINGS,
    Setting,
    with_options,
)

Given = Mapping[str, Any]
"""What was typed, read: by the settings' paths."""


def option_of(path: str, *, help: str = "", usual: Experiment | None = None) -> Any:
    """Return the option of a setting, with another help where that is given.

    ``usual`` is the experiment whose settings are the defaults, where it isn't the usual one.
    """
    setting = BY_PATH[path]
    said = (setting.write(setting.of(usual)) if usual else "") or setting.default
    default = said if setting.metavar and said != "none" else ""
    shown = f"{setting.help} \\[default: {default}]" if default else setting.help
    return typer.Option(
        *setting.options,
        metavar=setting.metavar or None,
        help=help or shown,
        rich_help_panel=setting.panel or None,
        show_default=False,
        autocompletion=completion_of(setting),
    )


def with_settings(
    command: str, but: Collection[str] = (), usual: Experiment | None = None
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Give a command the options of its settings, in the place of its parameter ``settings``.

    What was typed comes to it in there, as `Given`. A command of its own kind names the one whose
    settings it takes, ``but`` those of these paths, and the experiment that it ``usual``ly runs.
    """
    names = {
        setting.path.replace(".", "_"): setting
        for setting in SETTINGS
        if command in setting.commands and setting.options and setting.path not in but
    }

    def decorate(function: Callable[..., None]) -> Callable[..., None]:
        own = list(inspect.signature(function, eval_str=True).parameters.values())
        place = [parameter.name for parameter in own].index("settings")
        before, after = own[:place], own[place + 1 :]
        panels = {_panel(parameter) for parameter in after} - {None}
        options = [_parameter(name, setting, usual) for name, setting in names.items()]
        late = [each for each in options if _panel(each) in panels]
        parameters = [
            parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY)
            for parameter in (
                *before,
                *(each for each in options if each not in late),
                *after,
                *late,
            )
        ]

        @functools.wraps(function)
        def wrapped(**given: Any) -> None:
            typed = {name: given.pop(name) for name in names}
            settings = {
                names[name].path: _read(names[name], value)
                for name, value in typed.items()
                if value is not None
            }
            function(**given, settings=settings)

        wrapped.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
        wrapped.__annotations__ = {each.name: each.annotation for each in parameters}
        return wrapped

    return decorate


def _parameter(name: str, setting: Setting, usual: Experiment | None) -> inspect.Parameter:
    kind = list[str] if setting.is_list else str if setting.metavar else bool
    annotation = Annotated[kind | None, option_of(setting.path, usual=usual)]  # type: ignore[valid-type]
    return inspect.Parameter(
        name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=annotation
    )


def _panel(parameter: inspect.Parameter) -> str | None:
    [about] = getattr(parameter.annotation, "__metadata__", (None,))
    return getattr(about, "rich_help_panel", None)


def _read(setting: Setting, typed: bool | str | list[str]) -> Any:
    if isinstance(typed, bool):
        typed = YES if typed else NO
    return setting.read_typed(typed)


def experiment_file(config: str | None, runs_dir: Path | None) -> Path | None:
    """Return the file that ``--config`` names, as `inittui.runs.asked` does."""
    if config is None:
        return None
    from inittui.runs import runs_root
    from inittui.runs.asked import experiment_file as named

    return named(config, runs_root(runs_dir))


def build_experiment(
    config: Path | None,
    schemes: list[str] | None,
    settings: Given,
    *,
    trust: bool = False,
    one: bool = False,
    usual: Experiment | None = None,
) -> Experiment:
    """Return the file's experiment with everything replaced that was typed.

    Layer rules and sweeps are added to those of the file. Own functions that were typed are
    imported; those that the file names only with ``trust``. With ``one``, one's own model is only
    looked at as it was built where no scheme is named. ``usual`` is what is run unless something
    else is asked for.

    Raises:
        UsageError: the file or a setting is wrong, or code would have to be trusted.
    """
    from inittui.runs.asked import experiment_of

    given: Given = {**settings, **({"schemes": tuple(schemes)} if schemes else {})}
    experiment = experiment_of(given, config, one=one, usual=usual)
    naming = {"schemes", "layers", "sweeps", "model.name"}
    typed = {"schemes": ("rule",)} | {key: given[key] for key in given.keys() & naming}
    _load_code(experiment, with_options(Experiment(), typed), config, trust=trust)
    return experiment


def _load_code(
    experiment: Experiment, typed: Experiment, config: Path | None, *, trust: bool
) -> None:
    """Import the functions that the trials' schemes name; models are imported when built.

    What the person ``typed`` is allowed, what else there is comes from the file ``config``.
    """
    from inittui.initializers import own
    from inittui.initializers.named_code import own_initializers, own_models
    from inittui.trust import check_trust

    allowed = {*own_initializers(typed), *own_models(typed)}
    for reference in (*own_models(experiment), *own_initializers(experiment)):
        if reference not in allowed:
            check_trust(reference, config, trust=trust or config is None)
    for reference in own_initializers(experiment):
        own.load(reference)
