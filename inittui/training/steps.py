"""The steps of a stack: kernel by kernel, or as a graph that is recorded once and replayed."""

from __future__ import annotations

import torch

from inittui.training.batches import Batches
from inittui.training.graphs import Graph, Graphs
from inittui.training.learners.base import Learner

WARM_UP = 3
"""Steps before one is recorded, as PyTorch's notes on CUDA graphs have it: buffers and the
workspaces of cuBLAS are allocated in them. They are steps like all others."""


class Steps:
    """Takes steps of a learner with the batches of a feed."""

    def __init__(self, learner: Learner, feed: Batches, graphs: Graphs) -> None:
        self._learner, self._feed, self._graphs = learner, feed, graphs
        self._graph: Graph | None = None
        self._warmed = self._rows = 0

    def take(self, epoch: int, step: int) -> torch.Tensor:
        """Take one step; return each trial's loss before it, [T], as `Learner.step` does."""
        capturer = self._graphs.capturer
        if capturer is None or not self._learner.is_capturable or not self._feed.is_whole(step):
            return self._learner.step(self._feed.batch(epoch, step))
        self._rows = self._feed.place(epoch, step)
        if self._graph is None and self._warmed < WARM_UP:
            self._warmed += 1
            return capturer.aside(self._work)
        if self._graph is None:
            try:
                self._graph = capturer.capture(self._work)
            except RuntimeError as error:
                self._graphs.give_up(error)
        if self._graph is None:
            return self._work()
        self._graph.replay()
        return self._graph.result.clone()

    def forget(self) -> None:
        """Record anew: the learner's tensors are no longer those that were recorded."""
        self._graph, self._warmed = None, 0

    def _work(self) -> torch.Tensor:
        return self._learner.step(self._feed.load(self._rows))
