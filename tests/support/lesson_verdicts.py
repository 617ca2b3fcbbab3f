"""What each lesson finds at the source's size: the reference that every size has to agree with.

Measured at full size on a CPU, three to twenty seeds as the lesson has them, where nothing else is
said. A verdict names a contestant, a value or a pair, by part and by question.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from inittui.lessons.questions import CANT_TELL

_RULE_AND_NORMAL = "mean loss of the first 100 batches"
_NARROW = "variance_scaling:scale=0.3333333333333333,distribution=untruncated_normal"
_WIDE = "variance_scaling:distribution=uniform"
_FAN_OUT = "variance_scaling:mode=fan_out,distribution=untruncated_normal"
_SIGMA = "xavier_uniform@fc1=normal:std=…/normal:std=…"
_W = "trunc_normal:std=…,a=-2std,b=2std/constant:value=…"

Reference = Mapping[tuple[int, int], Mapping[str, str | Sequence[str]]]
"""By (part, question), both from 0: what is found of each name, or what may be."""

_SMALL_W = ("0.0001", "0.0003", "0.001", "0.003", "0.01", "0.03")
_LARGE_W = ("0.3", "1")

_ALL_W = (*_SMALL_W, "0.1", *_LARGE_W)

_DEEP = {
    "sigmoid": {"0.3": "learns", "1": "learns"},
    "tanh": {"0.03": "learns", "0.1": "learns", "0.3": "learns"},
    "relu": {"0.1": "learns", "0.3": "loss explodes", "1": "loss explodes"},
}
"""20 layers without batch normalisation; all other values stay at chance, and with it all learn."""

VERDICTS: Mapping[str, Reference] = {
    "find-the-fault": {
        (0, 2): {"built": "blind"},
        (1, 2): {"built": "symmetric"},
        (2, 2): {"built": "clones"},
        (3, 2): {"built": "no-gradient"},
        (4, 2): {"built": "blind"},
        (5, 1): {"built": "confident"},
    },
    "zeros-and-ones": {(0, 1): {"zeros": "at chance", "ones": "at chance"}},
    "uniform-baseline": {
        (0, 1): {"uniform": "learns"},
        (0, 3): {"rule less uniform, accuracy": "higher"},
    },
    "general-rule": {(0, 3): {"rule less centered, accuracy": "higher"}},
    "uniform-or-normal": {
        (0, 1): {"normal less rule, accuracy": "alike"},
        (0, 2): {f"normal less rule, {_RULE_AND_NORMAL}": "lower"},
        (0, 3): {f"{_NARROW} less rule, {_RULE_AND_NORMAL}": "alike"},
        (0, 4): {f"normal less {_WIDE}, {_RULE_AND_NORMAL}": "alike"},
        (0, 5): {f"{_WIDE} less rule, {_RULE_AND_NORMAL}": "lower"},
        (0, 6): {f"normal less {_NARROW}, {_RULE_AND_NORMAL}": "lower"},
    },
    "default": {
        (0, 3): {"default less rule, accuracy": "alike"},
        (0, 4): {f"default less rule, {_RULE_AND_NORMAL}": "alike"},
    },
    "sigma": {
        (0, 1): {f"{_SIGMA}: 0.1": "best", f"{_SIGMA}: 1": "lower", f"{_SIGMA}: 10": "lower"},
        (1, 1): {"xavier_uniform@fc1=normal:std=0.1/normal:std=0.1": "learns"},
        (2, 1): {"xavier_uniform@fc1=normal:std=20/normal:std=20": "learns"},
    },
    # The source's finding: every w trains, 0.3 and 1 end lower. Measured with all steps and images
    # at a quarter of the width, three seeds: 0.1 is best, smaller ones end 1.5 to 8 points lower,
    # 1e-4 lower still; at the small size's larger learning rate they catch up.
    # A loss far above guessing's beside an accuracy above it is training, too.
    "std-sweep": {
        (0, 0): {
            **{f"{_W}: {w}": ("best", "lower") for w in _SMALL_W},
            f"{_W}: 0.1": "best",
            **{f"{_W}: {w}": "lower" for w in _LARGE_W},
        },
        (0, 1): {f"{_W}: {w}": ("learns", "loss explodes") for w in _ALL_W},
    },
    "std-sweep-deep": {
        (0, 0): {
            f"activation={name} batch_norm={norm}: {w}": (
                "learns" if norm == "true" else learning.get(w, "at chance")
            )
            for name, learning in _DEEP.items()
            for norm in ("false", "true")
            for w in _ALL_W
        },
    },
    "wider": {(0, 0): {"standard": "moves", "mup:base=32": "stays"}},
    "edge-of-chaos": {
        (0, 0): {"kaiming_normal": "grows", "normal": "shrinks"},
        (0, 1): {"kaiming_normal": "stays", "normal": "shrinks"},
    },
    "glorot-gradients": {
        (0, 0): {"rule": "shrinks", "xavier_uniform": "stays"},
        (0, 1): {"rule": "stays", "xavier_uniform": "stays"},
    },
    "thirty-layers": {
        (0, 0): {"xavier_normal": "at chance", "kaiming_normal": "learns"},
        # Of He's three networks the seeds lie too far apart to be held to one of these.
        (0, 2): {"xavier_normal": "shrinks", "kaiming_normal": ("stays", "grows", "shrinks")},
    },
    "signal-and-depth": {(0, 0): {"deepest": "at the edge"}},
    "variance": {
        (2, 3): {"keeps it best": "xavier_normal"},
        (2, 4): {"keeps it best": _FAN_OUT},
        (2, 5): {"keeps it best": _FAN_OUT},
    },
}


def contradictions(
    lesson: str, parts: Sequence[Sequence[Mapping[str, Any]]]
) -> list[tuple[str, str, str]]:
    """Return (name, found, expected) of each verdict of a run that the reference denies.

    ``parts`` has the answers of each part as the JSON document has them. What a size says that it
    can't tell denies nothing; a name that the reference doesn't have does.
    """
    found = []
    for (part, question), expected in VERDICTS.get(lesson, {}).items():
        verdicts = parts[part][question]["verdicts"]
        if not verdicts or not set(verdicts) <= set(expected):
            found.append((f"part {part}, question {question}", str(verdicts), str(expected)))
            continue
        for name, verdict in verdicts.items():
            if verdict == CANT_TELL:
                continue
            allowed = expected[name]
            if verdict not in ((allowed,) if isinstance(allowed, str) else allowed):
                found.append((name, verdict, str(allowed)))
    return found
