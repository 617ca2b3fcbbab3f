"""What is recorded without training: models as they start, and values that are drawn."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from inittui.events.records import Event
from inittui.experiment.models import MODELS
from inittui.experiment.records import Experiment

if TYPE_CHECKING:
    from inittui.training.prepared import Prepared


def takes_no_images(experiment: Experiment) -> bool:
    """Whether the model asks for inputs of its own, so that it is looked into on noise."""
    described = MODELS.get(experiment.model.name)
    return described is not None and described.input is not None


def prepare_part(experiment: Experiment) -> Prepared:
    """Make ready an experiment of a lesson; raises as `prepare`."""
    from inittui.training.prepared import prepare, prepare_on_noise

    return prepare_on_noise(experiment) if takes_no_images(experiment) else prepare(experiment)


def starts(experiment: Experiment, command: Sequence[str]) -> Iterator[Event]:
    """Measure inside of the untrained models.

    Raises:
        InittuiError: it can't be done here.
    """
    from inittui.training.engine import inspect_starts

    yield from inspect_starts(prepare_part(experiment), command=command)


def drawn(scheme: str, count: int, seed: int) -> Iterator[Event]:
    """Draw ``count`` values of a scheme for a layer that nothing follows."""
    from inittui.initializers import parse_scheme
    from inittui.initializers.layer import LayerContext
    from inittui.initializers.sampling import draw_values

    yield draw_values(parse_scheme(scheme), LayerContext((count, 1)), seed)
