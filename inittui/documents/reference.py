"""What inittui knows, for programs: initializers, models, data sets, lessons and settings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import msgspec

from inittui.documents.json_documents import plain_json

Value = float | int | bool | str | None


class InitializerParameter(msgspec.Struct, frozen=True):
    """What an initializer takes."""

    name: str
    kind: Literal["choice", "number"]
    default: float | str | None
    """Null where it is worked out for each layer, as `default_text` says."""
    default_text: str
    choices: tuple[str, ...]
    constraint: str
    """What a value must satisfy beyond being a number, in words; empty if nothing."""
    meaning: str


class Initializer(msgspec.Struct, frozen=True):
    """An initializer of the catalogue."""

    name: str
    aliases: tuple[str, ...]
    summary: str
    formula: str
    parameters: tuple[InitializerParameter, ...]
    on_bias: bool
    """Whether it can write biases."""
    source: str


class InitsDocument(msgspec.Struct, frozen=True, kw_only=True):
    """What `inittui inits --json` prints."""

    schema: Literal["inittui.inits/1"] = "inittui.inits/1"
    initializers: tuple[Initializer, ...]


class Moments(msgspec.Struct, frozen=True):
    """Values of a tensor in short; a number that doesn't exist is null."""

    mean: float | None
    std: float | None
    min: float | None
    max: float | None


class Histogram(msgspec.Struct, frozen=True):
    """How many values lie between one edge and the next."""

    edges: tuple[float, ...]
    counts: tuple[int, ...]
    expected_counts: tuple[float, ...] | None
    """Null where the distribution isn't known."""


class Atom(msgspec.Struct, frozen=True):
    """A value that is drawn with a probability of its own."""

    value: float
    expected: float
    measured: float


class InitializerDocument(msgspec.Struct, frozen=True, kw_only=True):
    """What `inittui inits NAME --json` prints: the values that an initializer draws."""

    schema: Literal["inittui.initializer/1"] = "inittui.initializer/1"
    initializer: str
    """With its parameters."""
    description: Initializer | None
    """Null for a function of one's own."""
    shape: tuple[int, ...]
    fan_in: int
    fan_out: int
    nonlinearity: str
    seed: int
    expected: Moments | None
    measured: Moments | None
    histogram: Histogram
    atoms: tuple[Atom, ...]


class Model(msgspec.Struct, frozen=True):
    """A model that is built by name."""

    name: str
    title: str
    layers: str
    options: dict[str, Any]
    """Those it takes, with their defaults."""
    input: tuple[int, ...] | None
    source: str


class ModelsDocument(msgspec.Struct, frozen=True, kw_only=True):
    """What `inittui models --json` prints."""

    schema: Literal["inittui.models/1"] = "inittui.models/1"
    models: tuple[Model, ...]


class Written(msgspec.Struct, frozen=True):
    """What writes a parameter."""

    initializer: str | None
    """Null: nobody does."""
    arguments: dict[str, Value] | None
    """One that is worked out for each layer is the text of its default."""


class ModelLayer(msgspec.Struct, frozen=True, omit_defaults=True):
    """A layer, in the order in which they run."""

    name: str
    kind: str
    output: tuple[int, ...] | None
    """The shape of its output for one sample; null where it has several or none."""
    parameters: int
    fan_in: int | None
    fan_out: int | None
    nonlinearity: str | None
    """What follows it."""
    initializers: dict[str, Written] | msgspec.UnsetType = msgspec.UNSET
    """By the parameters' names; only where a scheme was named."""


class ModelDocument(msgspec.Struct, frozen=True, kw_only=True):
    """What `inittui models NAME --json` prints."""

    schema: Literal["inittui.model/1"] = "inittui.model/1"
    model: str
    input: tuple[int | str, ...]
    """The sizes of its one input, else the texts of its inputs."""
    parameters: int
    scheme: str | None
    layers: tuple[ModelLayer, ...]


class DataSet(msgspec.Struct, frozen=True):
    """A data set, and what this machine has of it."""

    name: str
    title: str
    state: str
    place: str | None
    bytes: int | None
    download_bytes: int
    train: int
    test: int
    shape: tuple[int, ...]
    classes: tuple[str, ...]
    source: str
    licence: str
    problem: str | None


class DataDocument(msgspec.Struct, frozen=True, kw_only=True):
    """What `inittui data --json` prints."""

    schema: Literal["inittui.data/1"] = "inittui.data/1"
    sets: tuple[DataSet, ...]


class ClassCount(msgspec.Struct, frozen=True):
    """How many images a class has."""

    name: str
    train: int
    test: int


class DrawnImage(msgspec.Struct, frozen=True, rename={"class_": "class"}):
    """A training image that was drawn, by its number."""

    image: int
    class_: str


class DataShowDocument(msgspec.Struct, frozen=True, kw_only=True):
    """What `inittui data NAME --json` prints."""

    schema: Literal["inittui.data.show/1"] = "inittui.data.show/1"
    name: str
    title: str
    shape: tuple[int, ...]
    mean: tuple[float, ...]
    """Of the pixels between 0 and 1, by channel."""
    std: tuple[float, ...]
    classes: tuple[ClassCount, ...]
    drawn: tuple[DrawnImage, ...]


class LessonTitle(msgspec.Struct, frozen=True):
    """A lesson."""

    name: str
    title: str


class LessonsDocument(msgspec.Struct, frozen=True, kw_only=True):
    """What `inittui lessons --json` prints."""

    schema: Literal["inittui.lessons/1"] = "inittui.lessons/1"
    lessons: tuple[LessonTitle, ...]


class SettingValue(msgspec.Struct, frozen=True):
    """A setting of this person."""

    name: str
    value: str
    source: str
    """Where the value comes from."""


class SettingsDocument(msgspec.Struct, frozen=True, kw_only=True):
    """What `inittui settings --json` prints."""

    schema: Literal["inittui.settings/1"] = "inittui.settings/1"
    settings: tuple[SettingValue, ...]


def reference_document(kind: type[msgspec.Struct], found: Mapping[str, Any]) -> str:
    """Return a document of a kind, in ASCII, from what it says beside its schema's name.

    Its parts are mappings, or whatever has the fields as attributes.
    """
    document = msgspec.convert(found, kind, from_attributes=True)
    return plain_json(msgspec.json.format(msgspec.json.encode(document), indent=2).decode())
