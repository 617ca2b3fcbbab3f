"""Models that train neither as a dense stack nor one by one."""

from __future__ import annotations

import torch
from torch import nn


def convolution() -> nn.Module:
    """Small: stacked by `torch.func`."""
    return nn.Sequential(
        nn.Conv2d(1, 4, 5, stride=4), nn.BatchNorm2d(4), nn.ReLU(), nn.Dropout(0.2),
        nn.Flatten(), nn.Linear(4 * 36, 10),
    )  # fmt: skip


class Residual(nn.Module):
    """Large enough to train side by side with others on a CPU."""

    def __init__(self) -> None:
        super().__init__()
        self.fc1 = nn.Linear(784, 400)
        self.norm = nn.BatchNorm1d(400)
        self.drop = nn.Dropout(0.2)
        self.out = nn.Linear(400, 10)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.fc1(x.flatten(1))
        return self.out(self.drop(x + self.norm(x).relu()))
