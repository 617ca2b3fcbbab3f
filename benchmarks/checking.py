"""`inittui check` of three known models, as a command: seconds and memory."""

from __future__ import annotations

import os
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from benchmarks.measure import Verdict
from benchmarks.startup import INITTUI, PYTHON

MODELS = Path(__file__).with_name("checked.py")
BARE = [PYTHON, "-c", "import os, torch, torchvision; os._exit(0)"]
"""Ends without clean-up, which takes 125 MiB more than all that went before."""

TO_ITS_END = [PYTHON, "-c", "import torch, torchvision"]

ROUNDS = 3


@dataclass(frozen=True)
class Cost:
    """What one process took."""

    seconds: float
    peak: float
    """MiB, the largest resident set."""
    code: int


def _cost(command: list[str]) -> Cost:
    began = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    return Cost(time.perf_counter() - began, used.ru_maxrss / 1024, process.returncode)


def measure() -> list[Verdict]:
    """Check each model in turn, several times, and take the best of each."""
    commands = {
        "bare": BARE,
        "to its end": TO_ITS_END,
        "resnet": [INITTUI, "check", "torchvision:resnet50"],
        "gpt": [INITTUI, "check", f"{MODELS}:gpt2"],
        "meta": [INITTUI, "check", f"{MODELS}:llama_on_meta"],
    }
    costs: dict[str, list[Cost]] = {name: [] for name in commands}
    for _ in range(ROUNDS):
        for name, command in commands.items():
            costs[name].append(_cost(command))
    codes = {name: {each.code for each in found} for name, found in costs.items()}
    if codes != {"bare": {0}, "to its end": {0}, "resnet": {0}, "gpt": {0}, "meta": {1}}:
        raise RuntimeError(f"a check ended otherwise than it should: {codes}")
    seconds = {name: min(each.seconds for each in found) for name, found in costs.items()}
    peaks = {name: min(each.peak for each in found) for name, found in costs.items()}
    above = {name: peak - peaks["bare"] for name, peak in peaks.items()}
    above["meta"] = peaks["meta"] - peaks["to its end"]  # its own clean-up is its most, too
    weights = {"resnet": 25_557_032 * 4 / 2**20, "gpt": 124_439_808 * 4 / 2**20}
    how = f"the whole command, best of {ROUNDS} in turns"
    told = {
        name: f"{above[name]:.0f} MiB above `import torch, torchvision`, weights {size:.0f} MiB"
        for name, size in weights.items()
    }
    return [
        Verdict("ResNet-50, 8 × 3 × 224 × 224: seconds", seconds["resnet"], 10, False, how),
        Verdict("ResNet-50: peak memory ÷ weights", above["resnet"] / weights["resnet"], 2.5,
                False, f"{told['resnet']}; 2 samples go back"),
        Verdict("GPT-2 124M, 16 × 16 ids: seconds", seconds["gpt"], 20, False, how),
        Verdict("GPT-2 124M: peak memory ÷ weights", above["gpt"] / weights["gpt"], 3, False,
                told["gpt"]),
        Verdict("7B of Llama's kind on the meta device: seconds", seconds["meta"], 10, False, how),
        Verdict("7B on the meta device: MiB", above["meta"], 50, False,
                "above `import torch, torchvision` with its clean-up at exit"),
    ]  # fmt: skip
