"""A model looked at while it runs: the only way to see a forward pass from outside.

Whatever is seen, the model is left as it was: it is a twin that runs, and the global generators
that it may draw from are put back.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from types import CellType, FunctionType, MethodType
from typing import Any

import torch
from torch import nn
from torch.nn.utils.stateless import _reparametrize_module

from inittui.models.attributes import attributes_of, changed, made_modules, snapshot, tensors_in
from inittui.user_code import seeded

_OTHER_SEED = 0xD1FFE7
"""Nobody's."""

Note = Callable[[str, nn.Module, object], None]
"""Is told name, module and output of each module after its forward."""

Kinds = type[nn.Module] | tuple[type[nn.Module], ...]


def observe(model: nn.Module, example: torch.Tensor, note: Note, kinds: Kinds = nn.Module) -> None:
    """Run a model once on ``example`` [n, *input_shape] in evaluation mode, without gradients.

    ``note`` is told of every module of these ``kinds`` that runs, as often as it runs; the modules
    are those of a twin. What the first forward of a model settles, such as scales by the first
    batch, is not settled by this one.
    """
    running = twin(model)
    with (
        evaluating(running, example.device),
        hooked(running, note, kinds),
        torch.no_grad(),
        unfused_attention(),
    ):
        running(example)


def twin(model: nn.Module) -> nn.Module:
    """Return a deep copy of a model, whatever it keeps.

    Tensors that were computed can't be copied by themselves while they hold their graph; modules
    have such, as the weight that weight_norm in its old form makes.
    """
    memo: dict[int, Any] = {}
    for module in model.modules():
        for value in vars(module).values():
            for each in tensors_in(value):  # in lists too, as the weights of recurrent layers
                if not each.is_leaf:
                    memo[id(each)] = each.detach().clone()
    copied = copy.deepcopy(model, memo)
    for module in copied.modules():
        for key, value in vars(module).items():
            if isinstance(value, FunctionType | partial):
                vars(module)[key] = _of_copy(value, memo)
    return copied


def _of_copy(kept: Any, memo: dict[int, Any]) -> Any:
    """Return a function that a model keeps, such as a lambda, for its copy: with that for itself.

    ``memo`` has the copies of all that was copied, by the identities of the originals.
    """
    if isinstance(kept, partial):
        given = [memo.get(id(each), each) for each in kept.args]
        keywords = {key: memo.get(id(each), each) for key, each in kept.keywords.items()}
        return partial(_of_copy(kept.func, memo), *given, **keywords)
    if isinstance(kept, MethodType):
        return MethodType(kept.__func__, memo.get(id(kept.__self__), kept.__self__))
    if not isinstance(kept, FunctionType) or not kept.__closure__:
        return kept
    contents = [cell.cell_contents for cell in kept.__closure__]
    cells = tuple(CellType(memo.get(id(each), each)) for each in contents)
    made = FunctionType(kept.__code__, kept.__globals__, kept.__name__, kept.__defaults__, cells)
    made.__kwdefaults__ = kept.__kwdefaults__
    return made


def depends_on_itself(model: nn.Module, example: torch.Tensor) -> bool:
    """Whether a copy of a model computes with the copy's own parameters, not with the model's."""
    one, other = twin(model), twin(model)
    # Of its own: a model may have been drawn from the same law under the seed that is set here.
    generator = torch.Generator().manual_seed(_OTHER_SEED)
    with evaluating(one), evaluating(other), torch.no_grad():
        before = one(example)
        for parameter in other.parameters():
            if parameter.is_floating_point():
                parameter.copy_(torch.randn(parameter.shape, generator=generator))
        return not torch.equal(before, other(example))


def first_forward(model: nn.Module, inputs: torch.Tensor) -> None:
    """Run a model once as its first training step would, so that it settles what it settles then.

    Nothing is dropped, and running statistics stay as they are: they belong to the training.
    """
    norms = [m for m in model.modules() if isinstance(m, torch.nn.modules.batchnorm._NormBase)]
    kept = [(buffer, buffer.clone()) for norm in norms for buffer in norm.buffers()]
    modes = [(module, module.training) for module in model.modules()]
    model.train()
    for module in model.modules():
        if "Dropout" in type(module).__name__:
            module.eval()
    with seeded(0, inputs.device), torch.no_grad():
        model(inputs)
        for buffer, value in kept:
            buffer.copy_(value)
    for module, mode in modes:
        module.training = mode


def settles(model: nn.Module, example: torch.Tensor) -> bool:
    """Whether a model's first forward in training sets what it keeps: a scale by the first batch.

    Running statistics and counters don't count, nor does what every pass sets anew.
    """
    before, after = twin(model), twin(model)
    first_forward(after, example)
    kept, now = _kept(before), _kept(after)
    if any(name in now and not torch.equal(value, now[name]) for name, value in kept.items()):
        return True
    if made_modules(before, after):
        return True
    state = snapshot(after)
    appeared = _appeared(snapshot(before), state)
    if not appeared:
        return False
    first_forward(after, example[:1].expand_as(example))
    return not {*appeared} <= {*changed(state, snapshot(after))}


def _appeared(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """Return the tensors and collections that weren't there, or were None or empty."""
    return [
        name
        for name in changed(before, after)
        if isinstance(after[name], torch.Tensor | list | dict)
        and (before.get(name) is None or before[name] in ([], {}))
    ]


def _kept(model: nn.Module) -> dict[str, torch.Tensor]:
    """Return all that a model keeps but counters, as tensors: its flags too."""
    flags = {
        name: torch.tensor(value)
        for name, value in attributes_of(model).items()
        if isinstance(value, bool)
    }
    found = {**dict(model.named_parameters()), **dict(model.named_buffers()), **flags}
    return {name: _dense(tensor.detach()) for name, tensor in found.items()}


def _dense(tensor: torch.Tensor) -> torch.Tensor:
    """Return what can be compared: a sparse tensor's values, or the tensor."""
    if tensor.layout is torch.strided:
        return tensor
    return tensor.coalesce().values() if tensor.layout is torch.sparse_coo else tensor.to_dense()


def has_lazy_layers(model: nn.Module) -> bool:
    """Whether layers of a model get their shapes from the first inputs, and have none yet."""
    kept = [*model.parameters(), *model.buffers()]
    return any(torch.nn.parameter.is_lazy(tensor) for tensor in kept)


def materialize(model: nn.Module, example: torch.Tensor) -> None:
    """Give lazy layers the shapes that ``example`` asks for, and their start values.

    They are those of torch's global generator. All else that the forward pass settles is put
    back.
    """
    modes = [(module, module.training) for module in model.modules()]
    parameters = [*model.parameters(), *model.buffers()]
    settled = [tensor for tensor in parameters if not torch.nn.parameter.is_lazy(tensor)]
    before = [tensor.detach().clone() for tensor in settled]
    attributes = [(vars(module), _plain(module)) for module in model.modules()]
    model.eval()
    with torch.no_grad():
        model(example)
        for tensor, value in zip(settled, before, strict=True):
            tensor.copy_(value)
    for current, earlier in attributes:
        current.update(earlier)
    for module, mode in modes:
        module.training = mode


def _plain(module: nn.Module) -> dict[str, Any]:
    """Return a module's plain flags and numbers; sizes of a lazy layer aren't among them."""
    return {
        key: value
        for key, value in vars(module).items()
        if isinstance(value, bool | float | str) and key != "training"
    }


@contextmanager
def lending(model: nn.Module, values: Mapping[str, torch.Tensor]) -> Iterator[None]:
    """Let a model have others' parameters and buffers, by name.

    As `torch.func.functional_call`, but for as long as the block lasts, a backward pass included:
    activations that a model checkpoints are computed again in it.
    """
    with _reparametrize_module(model, dict(values), tie_weights=True):
        yield


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
