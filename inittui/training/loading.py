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
from inittui.errors import UsageError
from inittui.experiment.models import MODELS, TORCHVISION_INPUT, is_own
from inittui.experiment.records import Experiment, ModelConfig
from inittui.experiment.seeds import derive_seed
from inittui.models.build import build
from inittui.training.hardware import choose_device, where_trained
from inittui.user_code import seeded, theirs


@dataclass(frozen=True)
class DeviceData:
    """Images, labels and their split under each seed; all of it lies on ``device``."""

    device: torch.device
    images: torch.Tensor
    """uint8 [n, channels, height, width], or whatever shape the model asks for."""
    labels: torch.Tensor
    """int64 [n]."""
    splits: Mapping[int, Split]
    """By seed, on the CPU."""
    classes: int
    chance: float
    """Share of the most frequent class in the whole training set."""

    @cached_property
    def example(self) -> torch.Tensor:
        """Two inputs [2, *input_shape] of noise in [0, 1), on the CPU, to try models on."""
        generator = torch.Generator().manual_seed(0)
        return torch.rand(2, *self.images.shape[1:], generator=generator)

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
    device, _ = where_trained(experiment.training)
    config = experiment.data
    image_set = sets.load(config.name)
    parts = [image_set.train, *([image_set.test] if config.evaluate_on == "test" else [])]
    images = torch.cat([part.images for part in parts]) if len(parts) > 1 else parts[0].images
    images = _fitted(images, experiment.model, config.name)
    count = len(image_set.train.images)
    splits = {seed: split(count, seed, config) for seed in experiment.seeds}
    if config.evaluate_on == "test":
        tests = len(image_set.test.images)
        splits = {seed: test_part(part, count, tests) for seed, part in splits.items()}
    return DeviceData(
        device=device,
        images=images.to(device),
        labels=torch.cat([part.labels for part in parts]).to(device, torch.int64),
        splits=splits,
        classes=len(image_set.classes),
        chance=_most_frequent(image_set.train.labels),
    )


def _most_frequent(labels: torch.Tensor) -> float:
    """Return the share of the most frequent of labels [n]."""
    return float(torch.bincount(labels.long()).max()) / len(labels)


def load_noise(experiment: Experiment) -> DeviceData:
    """Draw as many inputs as are inspected, in the shape that the model asks for.

    Raises:
        UsageError: the model can't be built, or fails on such inputs.
        MachineError: this machine has no such device.
    """
    config, seed = experiment.model, experiment.seeds[0]
    described = MODELS.get(config.name)
    shape = config.shape or (described.input if described else None) or TORCHVISION_INPUT
    count = experiment.inspection.images
    generator = torch.Generator().manual_seed(derive_seed(seed, "noise"))
    images = torch.randint(256, (count, *shape), dtype=torch.uint8, generator=generator)
    with seeded(0), theirs(config.name, f"it was given inputs of shape {[2, *shape]}"):
        outputs = build(config, shape, 10).eval()(images[:2] / 255)
    classes = outputs.shape[-1] if isinstance(outputs, torch.Tensor) and outputs.ndim else 1
    device = choose_device(experiment.training.device)
    everything = Split(torch.arange(count), torch.arange(0))
    return DeviceData(
        device=device,
        images=images.to(device),
        labels=torch.randint(classes, (count,), generator=generator).to(device),
        splits=dict.fromkeys(experiment.seeds, everything),
        classes=classes,
        chance=1 / max(classes, 1),
    )


def _fitted(images: torch.Tensor, model: ModelConfig, data: str) -> torch.Tensor:
    """Return images [n, channels, height, width] in the shape that a model asks for.

    Grey and colour are turned into each other; for a person's own model what is as large is
    reshaped.
    """
    shape, wanted = tuple(images.shape[1:]), model.shape
    if wanted is None or wanted == shape:
        return images
    if len(wanted) == 3 and wanted[1:] == shape[1:]:
        return sets.as_channels(images, wanted[0])
    if is_own(model.name) and math.prod(wanted) == math.prod(shape):
        return images.reshape(len(images), *wanted)
    raise UsageError(
        f"{data} has inputs of {'x'.join(map(str, shape))}, not {'x'.join(map(str, wanted))}; "
        "images are not resized"
    )
