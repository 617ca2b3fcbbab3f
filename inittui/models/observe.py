"""A model looked at while it runs: the only way to see a forward pass from outside.

Whatever is seen, the model is left as it was: its mode, its hooks, and the global generators that
it may draw from.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch
from torch import nn

from inittui.user_code import seeded

Note = Callable[[str, nn.Module, object], None]
"""Is told name, module and output of each module after its forward."""

Kinds = type[nn.Module] | tuple[type[nn.Module], ...]


def observe(model: nn.Module, example: torch.Tensor, note: Note, kinds: Kinds = nn.Module) -> None:
    """Run a model once on ``example`` [n, *input_shape] in evaluation mode, without gradients.

    ``note`` is told of every module of these ``kinds`` that runs, as often as it runs.
    """
    with (
        evaluating(model, example.device),
        hooked(model, note, kinds),
        torch.no_grad(),
        unfused_attention(),
    ):
        model(example)


@contextmanager
def evaluating(model: nn.Module, device: torch.device | None = None) -> Iterator[None]:
    """Put a model into evaluation mode, and back every module into the mode that it was in.

    Generators, that of a CUDA ``device`` too, are seeded meanwhile: some models draw even now.
    """
    modes = [(module, module.training) for module in model.modules()]
    training = model.training
    model.eval()
    try:
        with seeded(0, device):
            yield
    finally:
        model.train(training)  # for those that do more than to set the flag
        for module, mode in modes:
            module.training = mode


@contextmanager
def hooked(model: nn.Module, note: Note, kinds: Kinds = nn.Module) -> Iterator[None]:
    """Call ``note`` after the forward of every module of these ``kinds``."""

    def hook(name: str) -> Callable[[nn.Module, object, object], None]:
        return lambda module, _inputs, output: note(name, module, output)

    hooks = [
        module.register_forward_hook(hook(name))
        for name, module in model.named_modules()
        if isinstance(module, kinds)
    ]
    try:
        yield
    finally:
        for each in hooks:
            each.remove()


@contextmanager
def unfused_attention() -> Iterator[None]:
    """Let attention in evaluation mode call the modules inside of it, as in training mode."""
    before = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)
    try:
        yield
    finally:
        torch.backends.mha.set_fastpath_enabled(before)
