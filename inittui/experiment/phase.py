"""The experiment of a phase diagram: the weights' variance against depth, biases or learning rate.

Poole et al. (2016) and Schoenholz et al. (2017) write σ_w² for fan_in × the variance of weights,
and σ_b² for that of biases.
"""

from __future__ import annotations

import math
from typing import Literal, get_args

from msgspec.structs import replace

from inittui.errors import UsageError
from inittui.experiment.records import DataConfig, Experiment, ModelConfig, TrainingConfig
from inittui.experiment.scheme import format_number
from inittui.experiment.sweeps import values_of

Against = Literal["depth", "bias", "lr"]
AGAINST: tuple[str, ...] = get_args(Against)

SCALE = "variance_scaling:scale"
BIAS = "normal:std"
DEPTH = "model.depth"
RATE = "training.lr"

USUAL_SCALES = {
    "tanh": "1|1.25|1.5|1.75|2|2.25|2.5|3|3.5|4",
    "other": "0.5|1|1.25|1.5|1.75|2|2.25|2.5|3|4",
}
"""σ_w²: around the edge of chaos, which for tanh at σ_b² = 0.05 is 1.76."""

USUAL_VALUES: dict[str, str] = {
    "depth": "2|5|10|15|20|30|40|50",
    "bias": "0.001|0.01|0.02|0.05|0.1|0.2|0.3",
    "lr": "0.001|0.003|0.01|0.03|0.1|0.3|1",
}
QUICK_SCALES = "1|1.5|1.75|2|2.5|3.5"
QUICK_VALUES: dict[str, str] = {
    "depth": "2|10|20|30|40",
    "bias": "0.001|0.02|0.05|0.1|0.2",
    "lr": "0.003|0.01|0.03|0.1|0.3",
}

USUAL_BIAS = 0.05
"""σ_b², as in the figures of Schoenholz et al. (2017)."""

_STEPS, _BATCH, _VALIDATED = 200, 64, 1_000

USUAL = Experiment(
    schemes=(),
    model=ModelConfig("deep_mlp", activation="tanh", width=64),
    data=DataConfig(
        limit=_STEPS * _BATCH + _VALIDATED, validation=_VALIDATED, mean=0.286, std=0.353
    ),
    training=TrainingConfig(epochs=1, batch_size=_BATCH, optimizer="sgd", lr=0.03),
)
"""What is trained unless something else is asked for: 200 steps of 64 images, standardized."""

FIXED_DEPTH = 30
"""Where depth is none of the two."""


def phase_experiment(
    base: Experiment,
    against: str = "depth",
    *,
    scales: str | None = None,
    values: str | None = None,
    bias: float = USUAL_BIAS,
    quick: bool = False,
) -> Experiment:
    """Return ``base`` with two sweeps: σ_w² and what it is drawn against.

    ``scales`` and ``values`` are LOW..HIGH:COUNT or a|b|c, None the usual ones; of biases they are
    variances.

    Raises:
        UsageError: they can't be meant.
    """
    if not 0 <= bias < math.inf:
        raise UsageError(f"--bias is the variance of the biases, at least 0, not {bias:g}")
    if scales is None:
        usual = USUAL_SCALES.get(base.model.activation or "", USUAL_SCALES["other"])
        scales = QUICK_SCALES if quick else usual
    if values is None:
        values = (QUICK_VALUES if quick else USUAL_VALUES)[against]
    scales = _checked(scales, "--scales")
    chosen = _checked(values, "--upwards")
    biases = f"normal:std={_root(bias)}" if bias else "zeros"
    sweeps: tuple[str, ...] = ()
    if against == "bias":
        spreads = (_root(float(value)) for value in chosen.split("|"))
        biases = f"normal:std={'|'.join(spreads)}"
    else:
        sweeps = (f"{DEPTH if against == 'depth' else RATE}={chosen}",)
    scheme = f"{SCALE}={scales}/{biases}"
    model = base.model
    if against != "depth" and model.depth is None:
        model = replace(model, depth=FIXED_DEPTH)
    return replace(base, schemes=(), model=model, sweeps=(scheme, *sweeps))


def _checked(text: str, option: str) -> str:
    """Return several values, all above 0, as a|b|c."""
    values = values_of(text, f"{option} {text}")
    for value in values:
        if not _is_above_zero(value):
            raise UsageError(f"{option}: {value} is no number above 0")
    return "|".join(values)


def _is_above_zero(value: str) -> bool:
    try:
        return 0 < float(value) < math.inf
    except ValueError:
        return False


def _root(variance: float) -> str:
    """Return the std of a variance, to four digits."""
    return format_number(float(f"{math.sqrt(variance):.4g}"))
