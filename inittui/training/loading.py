"""The images of a run on its device: the same for all its trials."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import torch

from inittui.data import sets
from inittui.data.splits import Split, split, test_part
from inittui.errors import MachineError, UsageError
from inittui.experiment.inputs import Input, plain_shape
from inittui.experiment.models import MODELS, TORCHVISION_INPUT, image_input, is_own
from inittui.experiment.records import Experiment, ModelConfig
from inittui.experiment.seeds import derive_seed
from inittui.models.build import build, given_text
from inittui.models.calling import needs_packing, pack
from inittui.models.given import Given
from inittui.models.inputs import draw_inputs
from inittui.training.batches import inputs_of, scale_pixels
from inittui.training.hardware import choose_device, own_device
from inittui.training.memory import free_memory, out_of_memory
from inittui.user_code import seeded, theirs

_COPIES = 6
"""Of the logits that a probe has in memory at once, with their gradients."""

_USUAL_CLASSES = 10


@dataclass(frozen=True)
class DeviceData:
    """Images, labels and their split under each seed; all of it lies on ``device``."""

    device: torch.device
    images: torch.Tensor
    """uint8 [n, channels, height, width], or whatever shape the model asks for; floats where they
    are no images, or packed with other inputs, see `inittui.models.calling`."""
    labels: torch.Tensor
    """int64 [n]; of sequences that have logits at each position [n, positions]."""
    splits: Mapping[int, Split]
    """By seed, on the CPU."""
    classes: int
    chance: float
    """Share of the most frequent class in the whole training set."""
    inputs: tuple[Input, ...] = ()
    """What a row holds, packed; empty where it is the input."""
    drawn: tuple[Input, ...] = ()
    """Those of the inputs that no data set gives."""

    @cached_property
    def example(self) -> torch.Tensor:
        """Two inputs [2, *input_shape] on the CPU, to try models on: noise in [0, 1) for images."""
        if self.images.is_floating_point():
            return self.images[[0, -1]].cpu()
        generator = torch.Generator().manual_seed(0)
        return torch.rand(2, *self.images.shape[1:], generator=generator)

    @property
    def positions(self) -> tuple[int, ...]:
        """Of a sequence, those that have logits each."""
        return tuple(self.labels.shape[1:])

    @property
    def fingerprint(self) -> str:
        """A digest of the labels and of some images: another data set has another one."""
        digest = hashlib.blake2b(digest_size=8)
        for part in (self.labels, self.images[:: max(len(self.images) // 64, 1)]):
            digest.update(part.cpu().numpy().tobytes())
        return digest.hexdigest()


def load_data(experiment: Experiment) -> DeviceData:
    """Load the images that an experiment trains on and is judged by.

    Raises:
        UsageError: no such set or split, or images that the model doesn't take.
        MachineError: this machine lacks the files or the device.
    """
    device = own_device(experiment.training)
    config = experiment.data
    image_set = sets.load(config.name)
    parts = [image_set.train, *([image_set.test] if config.evaluate_on == "test" else [])]
    images = torch.cat([part.images for part in parts]) if len(parts) > 1 else parts[0].images
    packed: tuple[Input, ...] = ()
    drawn: tuple[Input, ...] = ()
    if needs_packing(experiment.model.inputs):
        packed = experiment.model.inputs
        images, drawn = _packed(images, experiment)
    else:
        images = _fitted(images, experiment.model, config.name)
    count = len(image_set.train.images)
    splits = {seed: split(count, seed, config) for seed in experiment.seeds}
    if config.evaluate_on == "test":
        tests = len(image_set.test.images)
        splits = {seed: test_part(part, count, tests) for seed, part in splits.items()}
    return DeviceData(
        device=device,
        images=_on(device, images),
        labels=_on(device, torch.cat([part.labels for part in parts]).long()),
        splits=splits,
        classes=len(image_set.classes),
        chance=_most_frequent(image_set.train.labels),
        inputs=packed,
        drawn=drawn,
    )


def _on(device: torch.device, values: torch.Tensor) -> torch.Tensor:
    """Return images or labels on the device, where all stacks of the run find them.

    Raises:
        MachineError: they don't fit its memory.
    """
    try:
        return values.to(device)
    except RuntimeError as error:
        if not out_of_memory(error):
            raise
        size = values.numel() * values.element_size() / 1e6
        raise MachineError(f"the data take {size:,.1f} MB, more than {device} has free") from None


def _most_frequent(labels: torch.Tensor) -> float:
    """Return the share of the most frequent of labels [n]."""
    return float(torch.bincount(labels.long()).max()) / len(labels)


def load_noise(experiment: Experiment) -> DeviceData:
    """Draw as many inputs as are inspected, as the model asks for them, and labels evenly.

    Inputs are those of `draw_inputs`; of a model of ours that takes no images they are pixels,
    drawn evenly.

    Raises:
        UsageError: the model can't be built, or fails on such inputs.
        MachineError: this machine has no such device, or too little memory.
    """
    config, seed, count = experiment.model, experiment.seeds[0], experiment.inspection.images
    described = MODELS.get(config.name)
    generator = torch.Generator().manual_seed(derive_seed(seed, "noise"))
    inputs = config.inputs or (Input(TORCHVISION_INPUT),)
    packed = inputs if needs_packing(inputs) else ()
    if described and described.input and not config.inputs:
        shape = (count, *described.input)
        images = torch.randint(256, shape, dtype=torch.uint8, generator=generator)
    else:
        if (experiment.data.mean, experiment.data.std) != (0, 1):
            raise UsageError("--normalize is for images: drawn inputs have mean 0 and variance 1")
        several = draw_inputs(inputs, count, derive_seed(seed, "noise"))
        images = pack(several) if packed else several[0]
    return _unsplit(experiment, images, packed, generator)


def load_given(experiment: Experiment, given: Given) -> DeviceData:
    """Take a batch that was handed over, and its targets; draw these where there are none.

    Raises:
        UsageError: the model can't be built, fails on such inputs, or has other logits.
        MachineError: this machine has no such device, or too little memory.
    """
    packed = given.inputs if needs_packing(given.inputs) else ()
    generator = torch.Generator().manual_seed(derive_seed(experiment.seeds[0], "labels"))
    return _unsplit(experiment, given.batch, packed, generator, given.targets)


def _unsplit(
    experiment: Experiment,
    images: torch.Tensor,
    packed: tuple[Input, ...],
    generator: torch.Generator,
    targets: torch.Tensor | None = None,
) -> DeviceData:
    """Return inputs that are looked at and never trained on; targets None: drawn evenly."""
    count = len(images)
    classes, positions = _outputs_on(experiment.model, images)
    if classes == 1:
        raise UsageError(
            "the model gives one number for each input, and cross-entropy needs two classes or "
            "more; 'inittui check' takes any outputs"
        )
    device = choose_device(experiment.training.device)
    most = free_memory(device) // _COPIES
    if (needed := count * math.prod(positions) * classes * 4) > most:
        raise MachineError(
            f"logits of {count:,} inputs take {needed / 1e9:.1f} GB, several times: more than the "
            "memory has; take fewer, such as --images 16"
        )
    if targets is None:
        labels = torch.randint(max(classes, 1), (count, *positions), generator=generator)
    else:
        labels = _fitting(targets, (count, *positions), classes)
    everything = Split(torch.arange(count), torch.arange(0))
    return DeviceData(
        device=device,
        images=_on(device, images),
        labels=_on(device, labels),
        splits=dict.fromkeys(experiment.seeds, everything),
        classes=classes,
        chance=1 / max(classes, 1),
        inputs=packed,
    )


def _fitting(targets: torch.Tensor, shape: tuple[int, ...], classes: int) -> torch.Tensor:
    if tuple(targets.shape) != shape:
        raise UsageError(
            f"targets of shape {list(targets.shape)} for logits of {[*shape, classes]}"
        )
    low, high = int(targets.min()), int(targets.max())
    if low < 0 or high >= classes:
        raise UsageError(f"targets go from {low} to {high}, the model's classes to {classes - 1}")
    return targets.long()


def _outputs_on(config: ModelConfig, images: torch.Tensor) -> tuple[int, tuple[int, ...]]:
    """Return how many classes a model has, and the positions of a sequence that has logits each."""
    example = inputs_of(images[:2], torch.float32, 0, 1)
    shape = tuple(example.shape[1:])
    with seeded(0), theirs(config.name, given_text(config, example)):
        # In `theirs` for what it says; `build` is seeded itself.
        model = build(config, shape, _USUAL_CLASSES, example=example)
        with torch.no_grad():
            model.eval()
            outputs = model(example)
    if not isinstance(outputs, torch.Tensor) or outputs.ndim not in (2, 3):
        return (outputs.shape[-1] if isinstance(outputs, torch.Tensor) and outputs.ndim else 1), ()
    return outputs.shape[-1], tuple(outputs.shape[1:-1])


def _packed(images: torch.Tensor, experiment: Experiment) -> tuple[torch.Tensor, tuple[Input, ...]]:
    """Return images uint8 [n, …] as one of a model's inputs, the others drawn; and which these are.

    Raises:
        UsageError: none of the inputs can be such images.
    """
    config, model = experiment.data, experiment.model
    inputs, shape = model.inputs, tuple(images.shape[1:])
    place = image_input(model, shape)
    if place is None:
        raise UsageError(
            f"{config.name} has inputs of {plain_shape(shape)}; none of "
            f"{', '.join(map(str, inputs))} can be those: real numbers of that shape, or an id "
            "for each pixel of a vocabulary from 256"
        )
    several = draw_inputs(inputs, len(images), 0)
    one = inputs[place]
    if one.ids:
        several[place] = images
    else:
        fitted = _in_shape(images, one.shape, is_own=True)
        assert fitted is not None
        several[place] = scale_pixels(fitted.float(), config.mean, config.std)
    drawn = tuple(each for number, each in enumerate(inputs) if number != place)
    return pack(several), drawn


def _in_shape(
    images: torch.Tensor, wanted: tuple[int, ...], *, is_own: bool
) -> torch.Tensor | None:
    shape = tuple(images.shape[1:])
    if wanted == shape:
        return images
    if len(wanted) == 3 and wanted[1:] == shape[1:]:
        return sets.as_channels(images, wanted[0])
    if is_own and math.prod(wanted) == math.prod(shape):
        return images.reshape(len(images), *wanted)
    return None


def _fitted(images: torch.Tensor, model: ModelConfig, data: str) -> torch.Tensor:
    """Return images [n, channels, height, width] in the shape that a model asks for.

    Grey and colour are turned into each other; for a person's own model what is as large is
    reshaped.
    """
    if not model.inputs:
        return images
    wanted = model.inputs[0].shape
    fitted = _in_shape(images, wanted, is_own=is_own(model.name))
    if fitted is None:
        shape = plain_shape(images.shape[1:])
        raise UsageError(
            f"{data} has inputs of {shape}, not {plain_shape(wanted)}; images are not resized"
        )
    return fitted
