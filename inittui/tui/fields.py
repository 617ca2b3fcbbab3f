"""The settings of an experiment as lines of text that a person edits, and back."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from msgspec.structs import replace

from inittui.errors import UsageError, unknown
from inittui.experiment.records import (
    ACTIVATIONS,
    OPTIMIZERS,
    Experiment,
    InspectionConfig,
)
from inittui.experiment.scheme import format_number
from inittui.text import sanitize

MOST_SEEDS = 10_000
YES, NO = "yes", "no"


@dataclass(frozen=True, slots=True)
class Field:
    """One setting: where it is in the experiment, and how its text is read and written."""

    name: str
    """Section and setting, as in the experiment's file: training.epochs."""
    label: str
    hint: str
    """What it means, for the line below the form."""
    read: Callable[[str], Any]
    """Returns the value of a text that isn't empty; raises `UsageError`."""
    placeholder: str = ""
    """What an empty text means."""
    choices: tuple[str, ...] = ()
    """Words that can be completed."""


def whole(text: str) -> int:
    """Read a whole number."""
    plain = text.replace(",", "").replace("_", "")
    if not plain.isascii() or not plain.isdigit() or len(plain) > 18:
        raise UsageError(f"'{sanitize(text, 30)}' is not a whole number")
    return int(plain)


def decimal(text: str) -> float:
    """Read a number."""
    try:
        value = float(text)
    except ValueError:
        raise UsageError(f"'{sanitize(text, 30)}' is not a number") from None
    return value


def sizes(text: str) -> tuple[int, ...]:
    """Read numbers of units: 256,128."""
    parts = [part.strip() for part in text.split(",")]
    if not all(part.isascii() and part.isdigit() and len(part) < 10 for part in parts):
        raise UsageError(f"'{sanitize(text, 30)}' is not of the form 256,128")
    return tuple(map(int, parts))


def one_of(kind: str, choices: Sequence[str]) -> Callable[[str], str]:
    """Return a reader of one of some words."""

    def read(text: str) -> str:
        word = text.lower()
        if word not in choices:
            raise unknown(kind, sanitize(text, 30), choices)
        return word

    return read


def yes_or_no(text: str) -> bool:
    """Read yes or no."""
    word = text.lower()
    if word not in (YES, NO, "y", "n", "on", "off", "true", "false"):
        raise UsageError(f"'{sanitize(text, 30)}' is neither yes nor no")
    return word in (YES, "y", "on", "true")


def word(text: str) -> str:
    """Take a text as it is."""
    return text


FIELDS = (
    Field("model.name", "model", "the architecture; 'inittui model' lists them", word),
    Field("model.hidden", "hidden", "units of each hidden layer", sizes, "256,128"),
    Field("model.activation", "activation", f"after each hidden layer: {', '.join(ACTIVATIONS)}",
          one_of("activation", ACTIVATIONS), "relu", ACTIVATIONS),
    Field("model.dropout", "dropout", "probability of dropping a hidden unit", decimal, "0.2"),
    Field("model.depth", "depth", "number of hidden layers, for models that take one", whole,
          "the model's"),
    Field("model.width", "width", "units of every hidden layer, for models that take one", whole,
          "the model's"),
    Field("model.batch_norm", "batch norm", "normalise each hidden layer over the batch: yes, no",
          yes_or_no, NO, (YES, NO)),
    Field("data.name", "data", "the images; 'inittui data' lists the sets", word),
    Field("data.limit", "limit", "use this many training images, drawn by seed", whole, "all"),
    Field("data.validation", "validation", "kept for validation: a share or a number of images",
          decimal),
    Field("training.epochs", "epochs", "times that every image is seen", whole),
    Field("training.batch_size", "batch size", "images per step", whole),
    Field("training.optimizer", "optimizer", ", ".join(OPTIMIZERS),
          one_of("optimizer", OPTIMIZERS), "", OPTIMIZERS),
    Field("training.lr", "lr", "learning rate", decimal),
    Field("training.device", "device", "auto, cpu, cuda, cuda:N or mps", word, "",
          ("auto", "cpu", "cuda", "mps")),
    Field("seeds", "seeds", "repeat everything with so many seeds", whole),
    Field("seed", "first seed", "the first of them", whole),
    Field("inspection", "inspect", "measure every layer before and after the training: yes, no",
          yes_or_no, NO, (YES, NO)),
    Field("name", "name", "a name for the run", word, "none"),
    Field("also", "also", "what else the run had that was taken over; empty it to drop that", word,
          "nothing"),
)  # fmt: skip
"""All settings of the form, in its order."""


def texts_of(experiment: Experiment) -> dict[str, str]:
    """Return the text of every field; empty where the setting is the model's own or unset."""
    texts = {
        "seeds": str(len(experiment.seeds)),
        "seed": str(experiment.seeds[0]) if experiment.seeds else "0",
        "inspection": YES if experiment.inspection.before or experiment.inspection.after else "",
        "name": experiment.name,
        "also": also(experiment),
    }
    for field in FIELDS:
        section, _, setting = field.name.partition(".")
        if setting:
            texts[field.name] = _shown(getattr(getattr(experiment, section), setting))
    return texts


def also(experiment: Experiment) -> str:
    """Return in words what an experiment has that no field shows; empty where there is nothing."""
    kept, plain = experiment, Experiment()
    parts = [f"sweep {sweep}" for sweep in kept.sweeps]
    parts += [f"{pattern}={scheme}" for pattern, scheme in kept.layers.items()]
    shown = {field.name for field in FIELDS} | {"inspection.before", "inspection.after"}
    for section in ("model", "data", "training", "inspection"):
        values, usual = getattr(kept, section), getattr(plain, section)
        parts += [
            f"{name.replace('_', ' ')} {_shown(getattr(values, name))}"
            for name in values.__struct_fields__
            if f"{section}.{name}" not in shown and getattr(values, name) != getattr(usual, name)
        ]
    return sanitize(", ".join(parts), 300)


def _shown(value: Any) -> str:
    match value:
        case None:
            return ""
        case bool():
            return YES if value else NO
        case tuple():
            return ",".join(map(str, value))
        case int() | float():
            return format_number(value)
        case _:
            return str(value)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the texts amount to."""

    experiment: Experiment | None
    """None where something is wrong."""
    errors: Mapping[str, str]
    """What is wrong, by the field's name; "" for what concerns several."""


def experiment_from(texts: Mapping[str, str], base: Experiment, schemes: Sequence[str]) -> Outcome:
    """Return the experiment that the texts describe.

    Args:
        texts: by the fields' names; an empty one means the default.
        base: where the settings come from that have no field.
        schemes: the contestants, in the grammar of `inittui.experiment.scheme`.
    """
    errors: dict[str, str] = {}
    values: dict[str, Any] = {}
    for field in FIELDS:
        text = texts.get(field.name, "").strip()
        try:
            values[field.name] = field.read(text) if text else None
        except UsageError as error:
            errors[field.name] = str(error)
    if errors:
        return Outcome(None, errors)
    try:
        experiment = _assembled(values, base, schemes)
        experiment.check()
    except UsageError as error:
        return Outcome(None, {"": str(error)})
    return Outcome(experiment, {})


def _assembled(values: Mapping[str, Any], base: Experiment, schemes: Sequence[str]) -> Experiment:
    sections: dict[str, dict[str, Any]] = {"model": {}, "data": {}, "training": {}}
    default = Experiment()
    if values["also"] is None:
        base = default
    elif values["also"] != also(base):
        raise UsageError("'also' can only be emptied: what stands there has no line of its own")
    for name, value in values.items():
        section, _, setting = name.partition(".")
        if setting:
            fallback = getattr(getattr(default, section), setting)
            sections[section][setting] = fallback if value is None else value
    count = values["seeds"] if values["seeds"] is not None else 1
    if not 1 <= count <= MOST_SEEDS:
        raise UsageError(f"seeds must be from 1 to {MOST_SEEDS:,}, not {count}")
    first = values["seed"] or 0
    seeds = tuple(range(first, first + count))
    if len(base.seeds) == count and base.seeds[:1] == (first,):
        seeds = base.seeds  # seeds of a file need not follow each other
    inspect = bool(values["inspection"])
    was = base.inspection
    inspection = was if (was.before or was.after) == inspect else InspectionConfig(
        before=inspect, after=inspect
    )  # fmt: skip
    return replace(
        base,
        schemes=tuple(schemes),
        seeds=seeds,
        name=values["name"] or "",
        model=replace(base.model, **sections["model"]),
        data=replace(base.data, **sections["data"]),
        training=replace(base.training, **sections["training"]),
        inspection=inspection,
    )
