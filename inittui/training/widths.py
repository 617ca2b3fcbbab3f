"""The coordinate check of Yang et al. (2021): a few steps at several widths, layer by layer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import torch
from msgspec.structs import replace
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from inittui.events.widths import WidthPoint
from inittui.events.wire_numbers import to_wire
from inittui.experiment.records import Experiment
from inittui.experiment.trials import TrialPlan
from inittui.models.attributes import tensors_in
from inittui.models.growth import with_width
from inittui.models.observe import lending, observe, twin
from inittui.models.own import to_place
from inittui.models.tracing import WEIGHT_LAYERS
from inittui.training.hardware import exact
from inittui.training.memory import out_of_memory
from inittui.training.planning import Kind, make_learner, plan_stacks
from inittui.training.prepared import Prepared, Variant, prepare
from inittui.training.probing import Inspector
from inittui.user_code import blamed, each_printing_aside

Outputs = dict[str, torch.Tensor]


def prepare_widths(experiment: Experiment, widths: Sequence[int]) -> list[tuple[int, Prepared]]:
    """Make an experiment ready at every width, before the first is trained.

    Raises:
        InittuiError: it can't be trained at one of them.
    """
    return [
        (width, prepare(replace(experiment, model=with_width(experiment.model, width))))
        for width in widths
    ]


def rehearse(made: Prepared, width: int) -> None:
    """Take one step and forget it.

    The first step in a process loads what others find loaded, up to 3 s of it: the time of the
    narrowest width would be mostly that.
    """
    for _ in check_widths(made, width, 1):
        pass


def operations(made: Prepared) -> int:
    """Return how many operations the products of a forward pass have, over the example's rows."""
    (variant,) = made.variants
    with FlopCounterMode(display=False) as counted:
        observe(variant.template, variant.data.example, lambda *_: None)
    return int(counted.get_total_flops())


@each_printing_aside
def check_widths(made: Prepared, width: int, steps: int) -> Iterator[WidthPoint]:
    """Take ``steps`` steps at a width; yield what each layer gives before and after each.

    The batches are those that the experiment's training begins with; what is measured is the
    first images of the seed's training part, in evaluation mode.
    """
    plan = plan_stacks(made)
    (variant,) = made.variants
    for group in plan.groups:
        plans = [variant.trials[number] for number in group]
        with exact(made.data.device), blamed(variant.experiment.model.name, out_of_memory):
            yield from _trained(variant, plan.kind, plans, width, steps)


def _trained(
    variant: Variant, kind: Kind, plans: Sequence[TrialPlan], width: int, steps: int
) -> Iterator[WidthPoint]:
    seeds = list(dict.fromkeys(plan.seed for plan in plans))
    learner = make_learner(variant, kind, plans, seeds)
    feed = variant.feed(seeds)
    inspector = Inspector(variant, steps)
    model = to_place(twin(variant.template), variant.data.device, variant.dtype)
    starts: list[Outputs] = []
    for step in range(steps + 1):
        if step:
            learner.step(feed.batch(*divmod(step - 1, feed.steps_per_epoch)))
            learner.settle()
        for place, plan in enumerate(plans):
            images, _ = inspector.batch(plan)
            found = outputs(model, learner.values_of(place), images)
            if not step:
                starts.append(found)
            for layer, values in found.items():
                size = values.abs().mean().item()
                change = (values - starts[place][layer]).abs().mean().item()
                yield WidthPoint(
                    plan.scheme, layer, width, plan.seed, step, to_wire(size), to_wire(change)
                )


def outputs(model: nn.Module, values: Mapping[str, torch.Tensor], images: torch.Tensor) -> Outputs:
    """Return what each weight layer gives for ``images``, with others' ``values`` in the model."""
    found: Outputs = {}

    def note(name: str, _module: nn.Module, output: object) -> None:
        found.update((name, tensor.detach().clone()) for tensor in tensors_in(output))

    with lending(model, values):
        observe(model, images, note, WEIGHT_LAYERS)
    return found
