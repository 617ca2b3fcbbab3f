"""The experiment: everything that is needed to repeat a run, in one TOML file."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from types import MappingProxyType
from typing import Annotated, Literal, get_args

import msgspec

from inittui.errors import UsageError
from inittui.experiment.bounds import between, check_bounds, one_of
from inittui.experiment.devices import LOCAL, check_place, parse_devices
from inittui.experiment.inputs import Input, parse_inputs, plain_shape
from inittui.text import sanitize

SETTING_SWEEP = re.compile(r"(model|training)\.([A-Za-z_]\w*)=(.*)", re.DOTALL)
"""A sweep of a setting; any other is one of an initializer's parameters."""

Activation = Literal[
    "relu", "tanh", "sigmoid", "identity", "gelu", "silu", "elu", "selu", "leaky_relu", "softplus"
]
ACTIVATIONS: tuple[str, ...] = get_args(Activation)
Optimizer = Literal["adam", "adamw", "sgd", "rmsprop"]
OPTIMIZERS: tuple[str, ...] = get_args(Optimizer)
DType = Literal["float32", "float64"]
DTYPES: tuple[str, ...] = get_args(DType)

Evaluated = Literal["validation", "test"]
EVALUATED: tuple[str, ...] = get_args(Evaluated)

CLASSIC_SCHEMES = ("zeros", "ones", "uniform", "centered", "rule", "normal", "default")
"""The classic comparison: what `inittui compare` runs when nothing is named."""

MOST_SEEDS = 10_000
"""Seeds of one experiment: each has its own split of the data."""

_LARGEST = 10_000_000
"""No count in an experiment (epochs, steps, units) is sensibly larger."""

MOST_LAYERS = 10_000
"""Hidden layers: Xiao et al. 2018 train 10,000, and nobody more."""

Count = Annotated[int, between(1, _LARGEST)]


class ModelConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which model, and its options; None means the model's own default."""

    name: str = "mlp"
    hidden: tuple[Annotated[int, between(1, _LARGEST, title="hidden layer size")], ...] | None = (
        None
    )
    activation: Annotated[str, one_of(ACTIVATIONS)] | None = None
    dropout: Annotated[float, between(0, below=1)] | None = None
    """Probability of dropping a unit, 0 for none."""
    depth: Annotated[int, between(1, MOST_LAYERS)] | None = None
    width: Count | None = None
    batch_norm: bool | None = None
    """Batch normalisation after each hidden layer, before its nonlinearity."""
    arguments: dict[str, str | int | float | bool] = {}
    """Keyword arguments for one's own model factory."""
    input: tuple[str | int, ...] | None = None
    """Its inputs, for one's own models, as `inittui.experiment.inputs` reads them. Sizes in place
    of texts are those of a single one: (channels, height, width)."""

    output: str | None = None
    """Which part of what one's own model gives are its logits, such as ``logits`` or ``0``, where
    it gives a dictionary, a tuple or an object."""

    def __post_init__(self) -> None:
        if self.input and all(isinstance(size, int) for size in self.input):
            sizes = [int(size) for size in self.input]
            msgspec.structs.force_setattr(self, "input", (plain_shape(sizes),))

    @property
    def inputs(self) -> tuple[Input, ...]:
        """The inputs that are asked for; none where the model and the data say it.

        Raises:
            UsageError: one can't be read.
        """
        return parse_inputs(map(str, self.input or ()))


class DataConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which images, and how they are split by seed."""

    name: str = "fashion-mnist"
    validation: float = 0.2
    """Part kept for validation: a share below 1, or a number of images."""
    limit: Count | None = None
    """Use this many training images, drawn by seed before the split; None: all."""
    mean: Annotated[float, between(title="the mean to subtract from pixels")] = 0.0
    """Subtracted from the pixels, which are in [0, 1]."""
    std: Annotated[float, between(above=0, title="the std to divide pixels by")] = 1.0
    """What the pixels are divided by after that."""
    split: str | None = None
    """None: every seed has a split of its own. "torch:42": under every seed the one of
    ``torch.utils.data.random_split`` after ``torch.manual_seed(42)``, training part first."""
    evaluate_on: Annotated[Evaluated, between(title="part to evaluate on")] = "validation"
    """What accuracy is measured on: the validation part, or the set's test images."""


class TrainingConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How every trial is trained, and on what."""

    epochs: Count = 2
    batch_size: Count = 100
    optimizer: Optimizer = "adam"
    lr: Annotated[float, between(above=0, title="the learning rate")] = 1e-3
    device: str = "auto"
    """auto, cpu, cuda, cuda:N or mps."""
    devices: str | None = None
    """Several that share the stacks, a process each, as `parse_devices` reads them; None: the one
    device, in the process that writes the log."""
    on: str = LOCAL
    """Where these are: local, or ray[:HOST:PORT] for the nodes of a Ray cluster."""
    dtype: DType = "float32"
    stack: Literal["auto", "off"] | Count = "auto"
    """How many trials train as one computation: as many as fit, one by one, or at most N."""
    eval_every: Count | None = None
    """Validate within the epoch after every so many steps; None: after each epoch only."""


class InspectionConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """When every layer is measured, over a fixed batch, and how."""

    before: bool = False
    after: bool = False
    """After the last step of a trial that finishes."""
    every: (
        Annotated[int, between(1, _LARGEST, title="inspection every")] | Literal["epoch"] | None
    ) = None
    """After every so many steps, or after each epoch; None: not in between."""
    images: Annotated[int, between(1, _LARGEST, title="inspection images")] = 1_024
    """The batch: the first of the seed's training images, as many as there are."""
    percentile: Annotated[float, between(above=50, high=100, title="the percentile")] = 99.9
    """Histograms go from the value at 100 minus this to the one at this percentile."""
    gradient_percentile: (
        Annotated[float, between(above=0, high=100, title="the gradients' percentile")] | None
    ) = None
    """Those of gradients have the values whose size is up to this percentile of all sizes; None: as
    the others."""


class Experiment(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Model + data + training + schemes + seeds. `check` says whether the numbers make sense."""

    schemes: tuple[str, ...] = CLASSIC_SCHEMES
    """Schemes in the grammar of `inittui.experiment.scheme`."""
    layers: dict[str, str] = {}
    """Initializers by layer pattern, added to every scheme; later ones win."""
    sweeps: tuple[str, ...] = ()
    """Parameters and settings with several values, as `inittui.experiment.sweeps` reads them."""
    seeds: tuple[Annotated[int, between(0, 2**63 - 1, title="a seed")], ...] = (0,)
    name: str = ""
    model: ModelConfig = ModelConfig()
    data: DataConfig = DataConfig()
    training: TrainingConfig = TrainingConfig()
    inspection: InspectionConfig = InspectionConfig()

    @property
    def identity(self) -> Experiment:
        """What decides the numbers: two runs of equal identity measure the same, whatever name
        each was given and however many devices share the work."""
        training = msgspec.structs.replace(self.training, devices=None, on=LOCAL)
        return msgspec.structs.replace(self, name="", training=training)

    def check(self, called: Mapping[str, str] = MappingProxyType({})) -> None:
        """Raise `UsageError` for the first setting that can't be meant.

        ``called`` says what fields are called where something is wrong, by their paths.
        """
        if not self.seeds:
            raise UsageError("an experiment needs at least one seed")
        if len(self.seeds) > MOST_SEEDS:
            raise UsageError(f"{len(self.seeds):,} seeds are too many; at most {MOST_SEEDS:,}")
        check_bounds(self, called)
        _check_split(self.data, called)
        _check_inputs(self.model)
        check_device(self.training.device)
        check_place(self.training.on, self.training.devices)
        if self.training.on != LOCAL and self.training.device != "auto":
            raise UsageError("--on ray takes the cluster's devices: leave out --device")
        if self.training.devices is not None:
            parse_devices(self.training.devices)
            if self.training.device != "auto":
                raise UsageError("choose --device or --devices, not both")
        if not self.schemes and not names_contestants(self.layers, self.sweeps):
            raise UsageError("an experiment needs at least one scheme")
        for what, values in (("scheme", self.schemes), ("seed", self.seeds)):
            seen: set[str | int] = set()
            for value in values:
                if value in seen:
                    raise UsageError(f"{what} '{value}' is given twice")
                seen.add(value)


def check_device(name: str) -> None:
    """Raise `UsageError` for what no machine can call a device."""
    if not re.fullmatch(r"auto|cpu|mps|cuda(:\d{1,3})?", name):
        raise UsageError(
            f"there is no device '{sanitize(name, 40)}'; choose auto, cpu, cuda, cuda:N or mps"
        )


def _check_inputs(model: ModelConfig) -> None:
    try:
        _ = model.inputs
    except UsageError as error:
        raise UsageError(f"model.input: {error}") from None


_SPLIT = re.compile(r"torch:\d{1,18}")


def _check_split(data: DataConfig, called: Mapping[str, str]) -> None:
    title = called.get("data.validation", "validation")
    share = data.validation
    needs_none = share == 0 and data.evaluate_on == "test"
    if share == 1:
        raise UsageError(
            f"{title} 1 would be all or one image: give a share below 1, or at least 2"
        )
    sensible = 0 < share < float("inf") and (share < 1 or share == int(share))
    if not (sensible or needs_none):
        raise UsageError(
            f"{title} must be a share between 0 and 1 or a number of images, not {share:g}"
        )
    if data.split is not None and not _SPLIT.fullmatch(data.split):
        shown = sanitize(data.split, 40)
        raise UsageError(
            "a split must be of the form torch:SEED, such as torch:42, with 18 digits at most, not "
            f"'{shown}'"
        )


def names_contestants(layers: Collection[str], sweeps: Collection[str]) -> bool:
    """Whether layer rules or sweeps make contestants, so that none else is meant."""
    return bool(layers) or not all(SETTING_SWEEP.fullmatch(text) for text in sweeps)
