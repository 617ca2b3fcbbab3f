"""Experiments of any kind, made of a value for each setting of the table."""

from __future__ import annotations

from contextlib import suppress
from keyword import iskeyword
from typing import Any

from hypothesis import strategies as st

from inittui.errors import UsageError
from inittui.experiment.data_sets import DATA_SETS
from inittui.experiment.models import MODELS
from inittui.experiment.records import (
    ACTIVATIONS,
    DTYPES,
    EVALUATED,
    OPTIMIZERS,
    Experiment,
)
from inittui.experiment.run_names import check_run_name
from inittui.experiment.settings import BY_PATH
from inittui.text import sanitize


def is_run_name(text: str) -> bool:
    with suppress(UsageError):
        check_run_name(text)
        return True
    return False


_COUNTS = st.integers(1, 10_000_000)
_SIZES = st.lists(st.integers(1, 5_000), max_size=3).map(tuple)
_NUMBERS = st.floats(allow_nan=False, allow_infinity=False)
_INPUTS = st.sampled_from(["3x32x32", "784", "16x64", "ids:128:50257", "ids:10", "pos:8"])
_TEXTS = st.text(st.characters(codec="utf-8"), min_size=1, max_size=12)
_NAMES = _TEXTS.filter(lambda text: text == text.strip())
_RUN_NAMES = _TEXTS.map(sanitize).map(str.strip).filter(is_run_name)
_SCHEMES = st.sampled_from(
    ["rule", "zeros", "normal:std=0.05", "he_uniform/ones", "normal:mean=1,std=0.5/constant"]
)
_SWEEPS = st.sampled_from(
    ["normal:std=0.1|1", "model.depth=2..8:3", "training.lr=1e-4..1e-1:4", "model.name=mlp|lenet"]
)
_WORDS = _TEXTS.filter(lambda text: text.isalpha() and text.lower() not in ("true", "false"))
_ARGUMENTS = st.integers(-(10**17), 10**17) | _NUMBERS | st.booleans() | _WORDS
_PATTERNS = st.text("abcfc*?[]123'\"\\", min_size=1, max_size=6)
_YES_OR_NO = st.booleans()

VALUES: dict[str, st.SearchStrategy[Any]] = {
    "schemes": st.lists(_SCHEMES, min_size=1, max_size=3, unique=True).map(tuple),
    "sweeps": st.lists(_SWEEPS, max_size=3, unique=True).map(tuple),
    "layers": st.dictionaries(_PATTERNS, _SCHEMES, max_size=3),
    "model.name": st.sampled_from(sorted(MODELS)),
    "model.hidden": _SIZES,
    "model.activation": st.sampled_from(ACTIVATIONS),
    "model.dropout": st.floats(0, 1, exclude_max=True),
    "model.depth": _COUNTS,
    "model.width": _COUNTS,
    "model.batch_norm": _YES_OR_NO,
    "model.arguments": st.dictionaries(
        st.from_regex(r"[a-z_]{1,8}", fullmatch=True).filter(lambda key: not iskeyword(key)),
        _ARGUMENTS, max_size=3,
    ),
    "model.input": st.lists(_INPUTS, min_size=1, max_size=3).map(tuple),
    "model.output": st.from_regex(r"[a-z_]{1,8}(\.[0-9])?", fullmatch=True),
    "data.name": st.sampled_from(sorted(DATA_SETS)),
    "data.validation": st.floats(0.01, 0.99) | _COUNTS.map(float),
    "data.limit": _COUNTS,
    "data.normalize": st.tuples(_NUMBERS, st.floats(0, exclude_min=True, allow_infinity=False)),
    "data.split": st.integers(0, 10**6).map("torch:{}".format),
    "data.evaluate_on": st.sampled_from(EVALUATED),
    "training.epochs": _COUNTS,
    "training.batch_size": _COUNTS,
    "training.optimizer": st.sampled_from(OPTIMIZERS),
    "training.lr": st.floats(0, exclude_min=True, allow_infinity=False),
    "training.eval_every": _COUNTS,
    "training.device": st.sampled_from(["auto", "cpu", "cuda:1", "mps"]),
    "training.devices": st.sampled_from(["cpu:2", "cuda:0,cuda:1", "all"]),
    "training.on": st.sampled_from(["local", "ray", "ray:10.0.0.1:6379"]),
    "training.dtype": st.sampled_from(DTYPES),
    "training.stack": st.sampled_from(["auto", "off"]) | _COUNTS,
    "seeds": st.integers(1, 20),
    "seed": st.integers(0, 2**63 - 30),
    "inspection": st.tuples(_YES_OR_NO, _YES_OR_NO),
    "inspection.every": _COUNTS | st.just("epoch"),
    "inspection.images": _COUNTS,
    "inspection.percentile": st.floats(50, 100, exclude_min=True),
    "inspection.gradient_percentile": st.floats(0, 100, exclude_min=True),
    "name": _RUN_NAMES,
}  # fmt: skip
"""Values that a setting can have, by its path."""


@st.composite
def experiments(draw: st.DrawFn) -> Experiment:
    """Return an experiment in which some settings aren't as they usually are."""
    experiment = Experiment()
    for path in draw(st.lists(st.sampled_from(sorted(VALUES)), max_size=6, unique=True)):
        experiment = BY_PATH[path].put(experiment, draw(VALUES[path]))
    if experiment.training.on != "local":
        experiment = BY_PATH["training.devices"].put(experiment, None)
    if (experiment.training.devices, experiment.training.on) != (None, "local"):
        experiment = BY_PATH["training.device"].put(experiment, "auto")
    return experiment
