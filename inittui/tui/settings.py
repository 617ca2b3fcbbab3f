"""What a person has set once and for all: one small TOML file in the user's configuration."""

from __future__ import annotations

import os
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import msgspec

from inittui.errors import MachineError, nearest
from inittui.files import at_home
from inittui.text import sanitize

CONFIG_VARIABLE = "INITTUI_CONFIG_DIR"

MOST_BYTES = 100_000
"""A settings file larger than this is a mistake."""

DEFAULT_THEME = "inittui-dark"


class Settings(msgspec.Struct, frozen=True):
    """The settings; every one has a default, so that the file may be missing."""

    theme: str = DEFAULT_THEME
    palette: Literal["safe", "grey"] = "safe"
    """Colours of the curves: safe for colour-blind people, or none but the marks."""
    marker: Literal["auto", "braille", "block", "ascii"] = "auto"
    """What curves are drawn with; auto asks the terminal."""
    keymap: dict[str, str] = {}
    """Other keys for actions, by the names that the help shows: {"compare.run" = "f5"}."""
    runs_dir: str | None = None
    """Where runs are kept; INITTUI_RUNS_DIR and --runs-dir override it."""
    fps: float | None = None
    """Redraws of charts per second while a run is live; None: 4, over SSH 2."""
    mouse: bool = True
    compare: dict[str, Any] = {}
    """What `inittui compare` takes where nothing else is said: {"model" = "lenet"}."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """The settings as they are used, and what the person should know of the file."""

    settings: Settings
    problem: str = ""
    """One line, or nothing where all is well."""
    is_writable: bool = True
    """False where the file couldn't be understood: it is then left as it is."""
    named: frozenset[str] = frozenset()
    """The settings that the file has, be they as the defaults or not."""


def settings_file() -> Path:
    variable = os.environ.get(CONFIG_VARIABLE)
    if variable:
        return at_home(Path(variable)).absolute() / "settings.toml"
    import platformdirs

    return platformdirs.user_config_path("inittui") / "settings.toml"


def load_settings(path: Path) -> Loaded:
    """Read the settings; what can't be understood is named and replaced by the default."""
    try:
        if path.stat().st_size > MOST_BYTES:
            return Loaded(Settings(), f"{path}: larger than {MOST_BYTES:,} bytes", False)
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return Loaded(Settings())
    except OSError as error:
        return Loaded(Settings(), f"{path}: {error.strerror or error}", False)
    except (ValueError, RecursionError) as error:  # not TOML, or not UTF-8
        return Loaded(Settings(), f"{path}: {sanitize(str(error), 200)}", False)
    return _understood(document, path)


def _understood(document: dict[str, Any], path: Path) -> Loaded:
    """Take every setting that fits; name the first that doesn't."""
    fields = {field.name: field for field in msgspec.structs.fields(Settings)}
    values: dict[str, Any] = {}
    problem = ""
    for key, value in document.items():
        shown = sanitize(key, 40)
        if key not in fields:
            problem = problem or f"unknown setting '{shown}'{nearest(key, fields)}"
            continue
        try:
            values[key] = msgspec.convert(value, fields[key].type)
        except msgspec.ValidationError as error:
            problem = problem or f"'{shown}': {sanitize(str(error), 120)}"
    named = f"{path}: {problem}" if problem else ""
    return Loaded(Settings(**values), named, not problem, frozenset(values))


def save_settings(settings: Settings, path: Path) -> None:
    """Write the settings that differ from their defaults.

    Raises:
        MachineError: they can't be written.
    """
    import tomli_w

    usual = msgspec.to_builtins(Settings())
    document = {
        name: value for name, value in msgspec.to_builtins(settings).items() if value != usual[name]
    }
    beside = path.with_suffix(".new")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        beside.write_text(tomli_w.dumps(document), encoding="utf-8")
        beside.replace(path)
    except OSError as error:
        raise MachineError(f"can't keep the settings: {path}: {error.strerror}") from None
