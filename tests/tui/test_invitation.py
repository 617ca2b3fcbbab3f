"""The sentence on what would be trained counts what the plan of the same experiment trains."""

from __future__ import annotations

import pytest

from inittui.experiment.records import Experiment
from inittui.experiment.sweeps import plan_trials
from inittui.tui.invitation import invitation

DEPTHS = "model.depth=2|4"


@pytest.mark.parametrize(
    ("schemes", "sweeps", "layers", "said", "trials"),
    [
        (("rule",), (), (), "the one that is ticked", 1),
        (("rule", "ones"), (), (), "the 2 that are ticked", 2),
        ((), ("normal:std=0.1|1",), (), "the sweep normal:std=0.1|1", 2),
        (("rule",), ("normal:std=0.1|1",), ("fc1=ones",),
         "the one that is ticked and the sweep normal:std=0.1|1 with the layers fc1=ones", 3),
        ((), (), ("fc1=ones", "fc2=zeros"), "the model with the layers fc1=ones, fc2=zeros", 1),
        (("rule", "ones"), (DEPTHS,), (), f"the 2 that are ticked for each {DEPTHS}", 4),
    ],
)  # fmt: skip
def test_what_is_named_is_what_is_planned(
    schemes: tuple[str, ...], sweeps: tuple[str, ...], layers: tuple[str, ...], said: str,
    trials: int,
) -> None:  # fmt: skip
    assert invitation("r", len(schemes), sweeps, layers) == (
        f"Press r to train {said} and watch the losses."
    )
    rules = dict(text.split("=") for text in layers)
    assert len(plan_trials(Experiment(schemes, sweeps=sweeps, layers=rules))) == trials
