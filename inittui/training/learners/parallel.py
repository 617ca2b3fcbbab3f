"""Large models trained side by side: each core computes one of them alone.

On a CPU large models gain nothing from being stacked and lose by it: what one model computes no
longer fits the caches, let alone what all do. Nor can one model of small tensors use all cores at
once: every operation is split, waited for and put together. So each thread computes one model,
and nobody waits for the slowest of a step: who is done begins the next one (seven small CNNs on
two cores: 57 ms a step where they waited, 40 where they don't).

What makes convolutions fast is the layout of the images, channels last, which saves reordering
around each of them and makes pooling ten times as fast.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor

import torch
import torch.nn.functional as F
from torch import nn

from inittui.experiment.records import TrainingConfig
from inittui.models.observe import twin
from inittui.training.batches import Batch
from inittui.training.learners.base import Learner
from inittui.training.learners.optimizers import OptimizerStep, Rates, whole_pieces
from inittui.user_code import seeded

Task = Callable[[], None]


class SideBySide:
    """Chains of tasks: those of one chain are done in their order, different chains at once."""

    def __init__(self, threads: int) -> None:
        self._threads = threads
        self._pool = ThreadPoolExecutor(threads)
        self._waiting: dict[int, deque[Task]] = {}
        """For each chain at work its tasks that are not begun."""
        self._left = 0
        self._changed = threading.Condition()
        self._error: BaseException | None = None

    def add(self, tasks: list[Task]) -> None:
        """Put a task at the end of each of the chains 0, 1, …; all share the threads evenly."""
        share = max(self._threads // max(len(tasks), 1), 1)

        def shared(task: Task) -> Task:
            def run() -> None:
                torch.set_num_threads(share)  # of operations that this thread begins
                task()

            return run

        with self._changed:
            for chain, task in enumerate(tasks):
                self._left += 1
                if chain in self._waiting:
                    self._waiting[chain].append(shared(task))
                else:
                    self._waiting[chain] = deque()
                    self._pool.submit(self._run, chain, shared(task))

    def wait(self, left: int = 0) -> None:
        """Wait until at most so many tasks are ``left``.

        Raises:
            Whatever the first task to fail raised, when all that was begun has ended; what was
            not begun is dropped, as it is where Ctrl-C ends the waiting.
        """
        with self._changed:
            try:
                self._changed.wait_for(lambda: self._left <= (0 if self._error else left))
            except KeyboardInterrupt as interrupt:
                self._error = interrupt
                raise
            error, self._error = self._error, None
            idle = self._left == 0
        if idle:
            torch.set_num_threads(self._threads)  # for threads that are made from here on
        if error is not None:
            raise error

    def _run(self, chain: int, task: Task) -> None:
        error: BaseException | None = None
        try:
            if self._error is None:
                task()
        except BaseException as raised:  # noqa: BLE001
            error = raised
        with self._changed:
            self._error = self._error or error
            self._left -= 1
            if self._waiting[chain]:
                self._pool.submit(self._run, chain, self._waiting[chain].popleft())
            else:
                del self._waiting[chain]
            self._changed.notify_all()


class ParallelLearner(Learner):
    """T models of one architecture, each with an optimizer of its own."""

    def __init__(
        self,
        models: Iterable[nn.Module],
        mask_names: Sequence[str],
        seed_rows: Sequence[int],
        config: TrainingConfig,
        like: torch.Tensor,
        layout: torch.memory_format = torch.contiguous_format,
        rates: Sequence[Rates] = (),
    ) -> None:
        """Take over models on their device with their start weights.

        ``mask_names`` are the masked dropout layers in the order of `Batch.masks`; ``like`` lies
        on the device; ``layout`` is that of weights and images of four dimensions;
        ``rates`` are each trial's factors of the learning rate.
        """
        self._layout = layout
        laid = (model.to(memory_format=layout) for model in models)
        self._trials = [
            _Trial(model, mask_names, config, own)
            for model, own in zip(laid, rates or [{}] * len(seed_rows), strict=True)
        ]
        self._rows = list(seed_rows)
        self._side_by_side = SideBySide(torch.get_num_threads())
        self.seed_rows = torch.tensor(seed_rows, device=like.device)

    def step(self, batch: Batch) -> torch.Tensor:
        """Begin a step; each trial's loss before it, [T], is there when all has settled.

        It returns while the models compute, so that the next batch can be drawn meanwhile.
        """
        # Copies: `Batches` overwrites its buffers with the next batch while these are in use.
        images = [each.to(memory_format=self._layout_of(each), copy=True) for each in batch.images]
        masks = [mask.clone() for mask in batch.masks]
        labels = batch.labels
        losses = torch.empty(len(self._trials), dtype=batch.images.dtype)

        def step(trial: _Trial, row: int) -> torch.Tensor:
            return trial.step(images[row], labels[row], [mask[row] for mask in masks])

        self._begin(step, losses)
        # One step of every trial may be left to do, no more: each holds a batch.
        self._side_by_side.wait(left=len(self._trials))
        return losses

    def rights(self) -> list[int]:
        self.settle()
        return [int(trial.right) for trial in self._trials]

    def begin_epoch(self) -> None:
        self.settle()
        for trial in self._trials:
            trial.right.zero_()

    def settle(self) -> None:
        self._side_by_side.wait()

    def logits(self, images: torch.Tensor) -> torch.Tensor:
        inputs = [each.to(memory_format=self._layout_of(each)) for each in images]
        found: list[torch.Tensor] = [images] * len(self._trials)

        @torch.no_grad()
        def evaluate(trial: _Trial, row: int) -> torch.Tensor:
            trial.model.eval()
            logits: torch.Tensor = trial.model(inputs[row])
            return logits

        self._begin(evaluate, found)
        self.settle()
        return torch.stack(found)

    def _begin(
        self,
        compute: Callable[[_Trial, int], torch.Tensor],
        found: torch.Tensor | list[torch.Tensor],
    ) -> None:
        """Compute for every trial and its row of the batch; results go to their places."""

        def task(place: int, trial: _Trial, row: int) -> Task:
            def run() -> None:
                found[place] = compute(trial, row)

            return run

        pairs = zip(self._trials, self._rows, strict=True)
        self._side_by_side.add([task(place, *pair) for place, pair in enumerate(pairs)])

    def _layout_of(self, images: torch.Tensor) -> torch.memory_format:
        return self._layout if images.ndim == 4 else torch.contiguous_format

    def values_of(self, position: int) -> dict[str, torch.Tensor]:
        self.settle()
        return self._trials[position].values()

    def models(self) -> list[nn.Module]:
        self.settle()
        return [trial.model for trial in self._trials]

    def keep(self, positions: Sequence[int]) -> None:
        self.settle()
        self._trials = [self._trials[position] for position in positions]
        self._rows = [self._rows[position] for position in positions]
        self.seed_rows = self.seed_rows[list(positions)]

    def state(self) -> dict[str, torch.Tensor]:
        self.settle()
        return {
            f"{position}.{name}": tensor
            for position, trial in enumerate(self._trials)
            for name, tensor in trial.state().items()
        }


class _Trial:
    def __init__(
        self, model: nn.Module, mask_names: Sequence[str], config: TrainingConfig, rates: Rates
    ) -> None:
        self.model = model
        self._masked = [model.get_submodule(name) for name in mask_names]
        self._mask_names = {f"{name}.mask" for name in mask_names}
        self._parameters = list(model.parameters())
        pieces = whole_pieces([name for name, _ in model.named_parameters()], rates)
        self._optimizer = OptimizerStep(config.optimizer, config.lr, self._parameters, [], pieces)
        self.right = torch.zeros((), dtype=torch.int64, device=self._parameters[0].device)

    def step(
        self, images: torch.Tensor, labels: torch.Tensor, masks: Sequence[torch.Tensor]
    ) -> torch.Tensor:
        """Take one step on [rows, *shape]; return the loss before it."""
        self.model.train()
        for layer, mask in zip(self._masked, masks, strict=True):
            layer.mask = mask
        logits = self.model(images)
        loss = F.cross_entropy(logits, labels)
        self.right += (logits.detach().argmax(-1) == labels).sum()
        loss.backward()
        self._optimizer.gradients = [
            torch.zeros_like(p) if p.grad is None else p.grad for p in self._parameters
        ]
        self._optimizer.step()
        # Gradients exist while a trial takes its step, so for as many trials as there are threads.
        self._optimizer.gradients = []
        for parameter in self._parameters:
            parameter.grad = None
        return loss.detach()

    def values(self) -> dict[str, torch.Tensor]:
        named = {**dict(self.model.named_parameters()), **dict(self.model.named_buffers())}
        return {name: each.detach() for name, each in named.items() if name not in self._mask_names}

    def state(self) -> dict[str, torch.Tensor]:
        model = {f"model.{name}": tensor for name, tensor in self.values().items()}
        return model | self._optimizer.state() | {"right": self.right}


def layout_for(model: nn.Module, example: torch.Tensor) -> torch.memory_format:
    """Return the fastest layout that a model takes its images [n, channels, height, width] in.

    Channels last is for convolutions. Somebody's own code may need the usual layout, as
    ``x.view(len(x), -1)`` does, so it is tried.
    """
    usual, fast = torch.contiguous_format, torch.channels_last
    convolutions = (nn.Conv2d, nn.ConvTranspose2d)
    if example.ndim != 4 or not any(isinstance(each, convolutions) for each in model.modules()):
        return usual
    trial = twin(model).to(memory_format=fast)
    images = example.to(memory_format=fast)
    labels = torch.zeros(len(example), dtype=torch.int64)
    try:
        trial.train()
        with seeded(0):
            F.cross_entropy(trial(images), labels).backward()
        trial.eval()
        with torch.no_grad():
            # Sums in another order differ by rounding; values read in another layout, altogether.
            same = torch.allclose(trial(images), trial(example), 1e-3, 1e-5, True)
    except (Exception, SystemExit):  # noqa: BLE001
        return usual
    return fast if same else usual
