"""What is said of each model: title, options with their defaults, sizes; readable without torch."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import msgspec

from inittui.errors import UsageError, unknown
from inittui.experiment.records import CLASSIC_SCHEMES, ModelConfig
from inittui.text import sanitize

Option = tuple[int, ...] | str | float | bool
"""What an option of a model is set to."""

TORCHVISION = "torchvision:"
"""A model of this prefix is one of torchvision.models, such as torchvision:resnet18."""

_TORCHVISION = """
alexnet convnext_base convnext_large convnext_small convnext_tiny densenet121 densenet161
densenet169 densenet201 efficientnet_b0 efficientnet_b1 efficientnet_b2 efficientnet_b3
efficientnet_b4 efficientnet_b5 efficientnet_b6 efficientnet_b7 efficientnet_v2_l
efficientnet_v2_m efficientnet_v2_s googlenet inception_v3 maxvit_t mnasnet0_5 mnasnet0_75
mnasnet1_0 mnasnet1_3 mobilenet_v2 mobilenet_v3_large mobilenet_v3_small regnet_x_16gf
regnet_x_1_6gf regnet_x_32gf regnet_x_3_2gf regnet_x_400mf regnet_x_800mf regnet_x_8gf
regnet_y_128gf regnet_y_16gf regnet_y_1_6gf regnet_y_32gf regnet_y_3_2gf regnet_y_400mf
regnet_y_800mf regnet_y_8gf resnet101 resnet152 resnet18 resnet34 resnet50 resnext101_32x8d
resnext101_64x4d resnext50_32x4d shufflenet_v2_x0_5 shufflenet_v2_x1_0 shufflenet_v2_x1_5
shufflenet_v2_x2_0 squeezenet1_0 squeezenet1_1 swin_b swin_s swin_t swin_v2_b swin_v2_s
swin_v2_t vgg11 vgg11_bn vgg13 vgg13_bn vgg16 vgg16_bn vgg19 vgg19_bn vit_b_16 vit_b_32
vit_h_14 vit_l_16 vit_l_32 wide_resnet101_2 wide_resnet50_2
"""
TORCHVISION_MODELS = frozenset(_TORCHVISION.split())
"""Its classifiers, to be named and completed without loading it."""

TORCHVISION_INPUT = (3, 224, 224)
"""Shape of an input of torchvision's models, where none is given."""


LENET_KERNEL = 5
CONV1D_FILTERS, CONV1D_KERNEL = 16, 3


def lenet_filters(width: int) -> tuple[int, int]:
    """Return the channels of LeNet's convolutions, with so many units in its dense layer."""
    return max(width // 32, 1), max(width // 16, 1)


@dataclass(frozen=True, slots=True)
class WeightLayer:
    """A layer of a model that isn't built yet."""

    name: str
    kind: str
    """Its class, such as Conv2d."""
    shape: tuple[int, ...]
    """Of its weight."""


def _first_dense(settings: Mapping[str, Option], inputs: tuple[int, ...]) -> WeightLayer:
    hidden = settings["hidden"]
    if not isinstance(hidden, tuple) or not hidden:
        raise UsageError("a model without hidden layers")
    return WeightLayer("fc1", "Linear", (hidden[0], math.prod(inputs)))


def _first_of_lenet(settings: Mapping[str, Option], inputs: tuple[int, ...]) -> WeightLayer:
    width = settings["width"]
    if not isinstance(width, int) or len(inputs) != 3:
        raise UsageError("lenet takes images")
    shape = (lenet_filters(width)[0], inputs[0], LENET_KERNEL, LENET_KERNEL)
    return WeightLayer("conv1", "Conv2d", shape)


def _first_of_conv1d(_: Mapping[str, Option], inputs: tuple[int, ...]) -> WeightLayer:
    return WeightLayer("conv", "Conv1d", (CONV1D_FILTERS, inputs[0], CONV1D_KERNEL))


@dataclass(frozen=True, slots=True)
class ModelDescription:
    """One model: what a person reads about it, and the options that its builder takes."""

    name: str
    title: str
    layers: str
    """Its layers with their sizes, for the default data."""
    source: str
    first: Callable[[Mapping[str, Option], tuple[int, ...]], WeightLayer]
    """Its first layer under such options, for inputs of such a shape; raises `UsageError`."""
    defaults: Mapping[str, Option] = field(default_factory=dict)
    """The options of `ModelConfig` that it takes."""
    input: tuple[int, ...] | None = None
    """Shape of its inputs, where it can't take the data's."""

    @property
    def options(self) -> tuple[str, ...]:
        """Names of its options; whoever takes `hidden` takes `depth` and `width` for it."""
        sizes = ("depth", "width") if "hidden" in self.defaults else ()
        return (*self.defaults, *sizes)

    def settings(self, config: ModelConfig) -> dict[str, Option]:
        """Return the value of every option.

        Raises:
            UsageError: an option is set that this model doesn't take.
        """
        for name in _given(config):
            if name not in (*self.options, "name", "input"):  # what `build` checks itself
                raise UsageError(self._refusal(name))
        if config.hidden is not None and (config.depth is not None or config.width is not None):
            raise UsageError("give either --hidden or --depth and --layer-width, not both")
        given = {name: getattr(config, name) for name in self.defaults}
        settings = {
            name: default if given[name] is None else given[name]
            for name, default in self.defaults.items()
        }
        if "hidden" in self.defaults and (config.depth or config.width):
            default = self.defaults["hidden"]
            assert isinstance(default, tuple)
            settings["hidden"] = (config.width or default[0],) * (config.depth or len(default))
        return settings

    def _refusal(self, option: str) -> str:
        takes = ", ".join(map(option_of, self.options))
        known = f"its options are {takes}" if takes else "it has none"
        return f"model '{self.name}' takes no {option_of(option)}; {known}"


def option_of(field: str) -> str:
    """Return the command line's option of a field of `ModelConfig`."""
    others = {"arguments": "--model-arg", "width": "--layer-width"}
    return others.get(field, f"--{field.replace('_', '-')}")


def _given(config: ModelConfig) -> list[str]:
    default = ModelConfig()
    names = [each.name for each in msgspec.structs.fields(ModelConfig)]
    return [name for name in names if getattr(config, name) != getattr(default, name)]


def image_input(config: ModelConfig, shape: tuple[int, ...]) -> int | None:
    """Return the place of the input that can be images of this shape; None for none of them.

    Their pixels can be an input of ids, too: of as many, with a vocabulary of at least 256.
    """
    for place, each in enumerate(config.inputs):
        as_large = each.size == math.prod(shape)
        if each.ids:
            fits = each.ids >= 256 and as_large
        else:
            in_channels = len(each.shape) == 3 and each.shape[1:] == shape[1:]
            fits = each.shape == shape or in_channels or (is_own(config.name) and as_large)
        if fits:
            return place
    return None


def is_own(name: str) -> bool:
    return ":" in name and not name.startswith(TORCHVISION)


def check_model(name: str) -> None:
    """Raise `UsageError` for a name that is neither one of ours nor of code of others."""
    if name.endswith(".py"):
        raise UsageError(
            f"model '{sanitize(name, 80)}': name a class or a function in that file, {name}:NAME"
        )
    if name.lower() in TORCHVISION_MODELS:
        raise UsageError(f"there is no model '{name}'; did you mean '{TORCHVISION}{name.lower()}'?")
    if ":" not in name and name not in MODELS:
        raise unknown("model", sanitize(name, 80), MODELS)
    place, _, of_what = name.rpartition(":")
    is_file = place.endswith(".py")
    if is_own(name) and not (
        of_what.isidentifier() and (is_file or all(map(str.isidentifier, place.split("."))))
    ):
        raise UsageError(
            f"model '{sanitize(name, 80)}' names no code: give FILE.py:NAME or MODULE:NAME"
        )


def has_own_start(name: str) -> bool:
    """Whether a model's start values are somebody's choice: its own code's or torchvision's."""
    return ":" in name


def usual_schemes(model: str, *, one: bool = False) -> tuple[str, ...]:
    """Return what is compared where no scheme is named; with ``one``, what is looked at.

    Somebody's own model is first of all taken as it was built.
    """
    if not has_own_start(model):
        return CLASSIC_SCHEMES
    return ("built",) if one else ("built", *CLASSIC_SCHEMES)


def _perceptron(
    name: str, title: str, source: str, hidden: tuple[int, ...], activation: str, dropout: float
) -> ModelDescription:
    inputs, classes = math.prod((1, 28, 28)), 10
    return ModelDescription(
        name=name,
        title=title,
        layers="-".join(map(str, (inputs, *hidden, classes))),
        source=source,
        first=_first_dense,
        defaults={
            "hidden": hidden,
            "activation": activation,
            "dropout": dropout,
            "batch_norm": False,
        },
    )


_ALL = (
    _perceptron(
        "mlp",
        "The classic perceptron of the comparison",
        "Udacity, Deep Learning with PyTorch: weight initialization",
        hidden=(256, 128),
        activation="relu",
        dropout=0.2,
    ),
    _perceptron(
        "deep_mlp",
        "A deeper perceptron, to see how variance changes with depth",
        "UvA Deep Learning Tutorial 4: optimization and initialization",
        hidden=(512, 256, 256, 128),
        activation="relu",
        dropout=0.0,
    ),
    _perceptron(
        "sigmoid_mlp",
        "A narrow perceptron whose units saturate",
        "after Glorot and Bengio 2010, who watched such units saturate",
        hidden=(20, 15, 15),
        activation="sigmoid",
        dropout=0.0,
    ),
    ModelDescription(
        name="lenet",
        title="Two convolutions and a wide dense layer",
        layers="conv 5x5x32, pool, conv 5x5x64, pool, 1024-10",
        source="after LeCun et al. 1998; sizes of TensorFlow's tutorial for experts",
        first=_first_of_lenet,
        defaults={"activation": "relu", "dropout": 0.5, "batch_norm": False, "width": 1024},
    ),
    ModelDescription(
        name="conv1d",
        title="A convolution over 128 steps of 64 channels, for inspection only",
        layers="conv 3x16, pool 4, 496-64-64-8-64",
        source="a Keras tutorial on initializers layer by layer",
        first=_first_of_conv1d,
        input=(64, 128),
    ),
)

MODELS: Mapping[str, ModelDescription] = MappingProxyType({each.name: each for each in _ALL})


@dataclass(frozen=True, slots=True)
class LayerRow:
    name: str
    kind: str
    """Its class, such as Conv2d."""
    output: tuple[int, ...] | None
    """Shape of one sample's output; None where it gives no tensor or never runs."""
    parameters: int
    """Its own, without those of layers inside it and those that an earlier row has."""
    fan_in: int | None = None
    """As ``torch.nn.init`` computes it; None for what has no weight to initialize."""
    fan_out: int | None = None
    nonlinearity: str | None = None
    """What follows its outputs, or "identity"; None for what has no weight to initialize."""
    groups: int = 1
    transposed: bool = False
