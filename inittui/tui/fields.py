"""The settings of an experiment as lines of text that a person edits, and back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from msgspec.structs import replace

from inittui.errors import UsageError
from inittui.experiment.known_names import check_name
from inittui.experiment.models import MODELS
from inittui.experiment.records import Experiment, InspectionConfig
from inittui.experiment.settings import SETTINGS, Setting
from inittui.runs.asked import check_schemes
from inittui.tui.form_words import in_form_words

PROBE_IMAGES = 128
"""So few that most of what a probe costs is the same for any number of them; what all probes of a
run cost is measured, see `inittui.results.probe_cost`."""

_SHOWN = [setting for setting in SETTINGS if setting.in_form]
FIELDS: tuple[Setting, ...] = tuple(sorted(_SHOWN, key=lambda setting: setting.rare))
"""The settings of the form, in its order: what is rarely set comes last."""


FIRST = Experiment(
    inspection=InspectionConfig(before=True, after=True, every="epoch", images=PROBE_IMAGES)
)
"""What the form begins with: layers are measured, for the lab shows cause beside effect."""


@dataclass(frozen=True, slots=True)
class Outcome:
    experiment: Experiment | None
    """None where something is wrong."""
    errors: Mapping[str, str]
    """What is wrong, by the setting's path; "" for what concerns several."""

    @property
    def problem(self) -> str:
        """What is wrong first, in a line with its setting's label; "" where nothing is."""
        path, message = next(iter(self.errors.items()), ("", ""))
        label = next((f"{field.label}: " for field in FIELDS if field.path == path), "")
        return f"{label}{message}"


def texts_of(experiment: Experiment) -> dict[str, str]:
    """Return the text of every field; empty where the setting is the model's own or unset."""
    return {field.path: _text(field, experiment) for field in FIELDS}


def _text(field: Setting, experiment: Experiment) -> str:
    """Return a text; where a placeholder says what the default is, the default has none."""
    value = field.of(experiment)
    return "" if field.placeholder and value == field.of(Experiment()) else field.write(value)


def placeholder_of(field: Setting, texts: Mapping[str, str]) -> str:
    """Return what an empty text of a field means beside the others' texts."""
    model = MODELS.get(texts.get("model.name", ""))
    section, _, option = field.path.partition(".")
    if section == "model" and model is not None and option in model.defaults:
        return field.write(model.defaults[option])
    return field.default


def experiment_from(texts: Mapping[str, str], base: Experiment, schemes: Sequence[str]) -> Outcome:
    """Return the experiment that the texts describe.

    Args:
        texts: by the fields' paths; an empty one means the default.
        base: what the form was filled with; a text that is as it was then changes nothing.
        schemes: the contestants, in the grammar of `inittui.experiment.scheme`.
    """
    errors: dict[str, str] = {}
    experiment = replace(base, schemes=tuple(schemes))
    for field, before in zip(FIELDS, texts_of(base).values(), strict=True):
        text = texts.get(field.path, "").strip()
        if text == before.strip():
            continue
        try:
            value = field.read(text) if text else field.of(Experiment())
            check_name(field.path, value)
        except UsageError as error:
            errors[field.path] = in_form_words(str(error))
        else:
            experiment = field.put(experiment, value)
    if errors:
        return Outcome(None, errors)
    try:
        experiment.check()
        check_schemes(experiment)
    except UsageError as error:
        return Outcome(None, {"": in_form_words(str(error))})
    return Outcome(experiment, {})
