"""More trials: time per trial and step, and peak memory, each in a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys

from benchmarks.measure import Verdict

CHILD = """
import json, re, sys
from inittui.experiment.records import *
from inittui.training.engine import train
from inittui.training.prepared import prepare
model, stack = sys.argv[1], sys.argv[4]
schemes, seeds, images = (int(sys.argv[i]) for i in (2, 3, 5))
stack = stack if stack in ("auto", "off") else int(stack)
names = tuple(f"normal:std=0.0{n + 1}" for n in range(schemes))
names = CLASSIC_SCHEMES if schemes == 7 else names
wanted = Experiment(
    schemes=names, seeds=tuple(range(seeds)), model=ModelConfig(name=model),
    data=DataConfig(limit=images, validation=100),
    training=TrainingConfig(epochs=1, device="cpu", stack=stack))

def peak():
    # Not getrusage: its peak begins with that of the process which started this one.
    return int(re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1]) / 1024

prepared = prepare(wanted)
before = peak()
steps = 0
for event in train(prepared):
    seconds = getattr(event, "seconds", 0)
    steps = max(steps, getattr(event, "step", 0))
count = sum(p.numel() for p in prepared.variants[0].template.parameters())
print(json.dumps([1e3 * seconds / steps / len(prepared.trials), peak() - before, count]))
"""


def one(model: str, schemes: int, seeds: int, stack: str, images: int) -> tuple[float, float, int]:
    """Return ms per step and trial, MB above the loaded data, parameters of a model."""
    arguments = [model, str(schemes), str(seeds), stack, str(images)]
    done = subprocess.run(
        [sys.executable, "-c", CHILD, *arguments], check=True, capture_output=True, text=True
    )
    milliseconds, megabytes, count = json.loads(done.stdout)
    return milliseconds, megabytes, count


def table(
    model: str, sizes: list[tuple[int, int]], images: int, rounds: int = 3
) -> tuple[list[str], dict[int, float]]:
    """Return a Markdown table of scaling, and the ms per step and trial of stacks as planned.

    ``sizes`` are (schemes, seeds); what is planned is given by the number of trials.
    """
    planned: dict[int, float] = {}
    lines = [
        f"| {model}: trials | stack | ms per step and trial | ÷ one by one | peak MB more | of it "
        "parameters × 16 bytes |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for schemes, seeds in sizes:
        trials = schemes * seeds
        samples: dict[str, list[tuple[float, float, int]]] = {
            "auto": [],
            str(trials): [],
            "off": [],
        }
        for _ in range(rounds):
            for stack, kept in samples.items():
                kept.append(one(model, schemes, seeds, stack, images))
        middle = {stack: sorted(kept)[rounds // 2] for stack, kept in samples.items()}
        planned[trials] = middle["auto"][0]
        for stack, (milliseconds, megabytes, count) in middle.items():
            ratio = middle["off"][0] / milliseconds
            state = trials * count * 16 / 2**20
            numbers = f"{milliseconds:.2f} | {ratio:.2f} | {megabytes:.0f} | {state:.0f}"
            lines.append(f"| {trials} | {stack} | {numbers} |")
        print(f"{model} {trials}", file=sys.stderr, flush=True)
    return lines, planned


def verdict(planned: dict[int, float]) -> Verdict:
    """Whether a trial takes as long among many as among seven."""
    few, many = planned[7], planned[70]
    detail = f"{many:.2f} ÷ {few:.2f} ms a step and trial, stacks as planned"
    return Verdict("mlp: a trial's step among 70 ÷ among 7", many / few, 1.15, False, detail)
