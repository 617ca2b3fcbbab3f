"""Somebody's own model as it was built: anew under each seed, frozen parts and all."""

from __future__ import annotations

import importlib.util
import random
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from inittui.errors import UsageError
from inittui.experiment.records import (
    DataConfig,
    Experiment,
    InspectionConfig,
    ModelConfig,
    TrainingConfig,
)
from inittui.results.state import fold
from inittui.training.engine import train
from inittui.training.prepared import Variant, prepare, prepare_on_noise

CODE = """
import random

import numpy as np
import torch
from torch import nn


class Patches(nn.Module):
    def __init__(self, width=8):
        super().__init__()
        self.place = nn.Parameter(torch.randn(1, 28, width) * 0.02)
        self.token = nn.Parameter(torch.from_numpy(np.random.randn(width)).float())
        self.embed = nn.Linear(28, width)
        self.norm = nn.LayerNorm(width)
        self.head = nn.Linear(width, 10)
        nn.init.normal_(self.embed.weight, std=0.02)
        nn.init.normal_(self.norm.weight, 1.0, 0.02)
        nn.init.constant_(self.head.bias, random.random())

    def forward(self, x):
        x = self.embed(x.squeeze(1)) + self.place + self.token
        return self.head(self.norm(x).mean(1))


def init(module):
    if isinstance(module, nn.Conv2d):
        nn.init.xavier_normal_(module.weight, gain=0.5)
    elif isinstance(module, nn.BatchNorm2d):
        nn.init.uniform_(module.weight)


def applied(frozen=False):
    body = nn.Conv2d(1, 4, 5, stride=4)
    model = nn.Sequential(body, nn.BatchNorm2d(4), nn.ReLU(), nn.Flatten(), nn.Linear(144, 10))
    model.apply(init)
    if frozen:
        body.requires_grad_(False)
    return model


def lazy():
    return nn.Sequential(nn.Flatten(), nn.LazyLinear(6), nn.Tanh(), nn.LazyLinear(10))


def any_size():
    return nn.Sequential(nn.Flatten(), nn.Linear(784, n := int(torch.randint(2, 99, ()))),
                         nn.Linear(n, 10))
"""


@pytest.fixture
def place(tmp_path: Path) -> Path:
    path = tmp_path / "own_start.py"
    path.write_text(CODE)
    return path


def variant(place: Path, name: str, *schemes: str, **arguments: Any) -> Variant:
    """Prepare an own model's trials under the seeds 0 and 3, on noise."""
    model = ModelConfig(f"{place}:{name}", arguments=arguments, input=(1, 28, 28))
    wanted = Experiment(
        schemes,
        seeds=(0, 3),
        model=model,
        data=DataConfig("noise"),
        training=TrainingConfig(device="cpu"),
        inspection=InspectionConfig(images=8),
    )
    return prepare_on_noise(wanted).variants[0]


def values(built: Variant, scheme: str, seed: int) -> dict[str, torch.Tensor]:
    (plan,) = (p for p in built.trials.values() if (p.scheme, p.seed) == (scheme, seed))
    return dict(built.model(plan)[0].named_parameters())


def writers(built: Variant, scheme: str) -> dict[str, str | None]:
    plan = next(plan for plan in built.trials.values() if plan.scheme == scheme)
    found: dict[str, str | None] = {}
    built.model(plan, lambda start: found.update({s.parameter: s.initializer for s in start}))
    return found


def theirs(place: Path, name: str, seed: int) -> nn.Module:
    """Build the model as its author would."""
    spec = importlib.util.spec_from_file_location("as_its_author", place)
    assert spec is not None and spec.loader is not None
    module: ModuleType = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    states = torch.get_rng_state(), np.random.get_state(), random.getstate()
    torch.manual_seed(seed)
    np.random.seed(seed)
    random.seed(seed)
    model: nn.Module = getattr(module, name)()
    if name == "lazy":
        model.eval()(torch.rand(2, 1, 28, 28, generator=torch.Generator().manual_seed(0)))
    torch.set_rng_state(states[0])
    np.random.set_state(states[1])
    random.setstate(states[2])
    return model


@pytest.mark.parametrize("name", ["Patches", "applied", "lazy"])
@pytest.mark.parametrize("seed", [0, 3])
def test_built_is_bitwise_what_the_code_gives_under_the_seed(
    place: Path, name: str, seed: int
) -> None:
    found = values(variant(place, name, "built", "zeros"), "built", seed)
    wanted = dict(theirs(place, name, seed).named_parameters())
    assert found.keys() == wanted.keys()
    assert all(torch.equal(found[key], wanted[key]) for key in wanted)


def test_raw_parameters_are_drawn_anew_under_each_seed_and_shared_by_all_schemes(
    place: Path,
) -> None:
    made = variant(place, "Patches", "built", "kaiming_normal")
    zero, three = (values(made, "kaiming_normal", seed) for seed in (0, 3))
    for name in ("place", "token", "norm.weight"):
        assert not torch.equal(zero[name], three[name])
        assert torch.equal(zero[name], values(made, "built", 0)[name])
    assert not torch.equal(zero["embed.weight"], values(made, "built", 0)["embed.weight"])


def test_built_goes_with_layer_rules(place: Path) -> None:
    made = variant(place, "Patches", "built", "built@head=zeros", "ones@embed=built", "rule/built")
    plain, mixed = values(made, "built", 3), values(made, "built@head=zeros", 3)
    assert not mixed["head.weight"].any() and not mixed["head.bias"].any()
    assert torch.equal(plain["embed.weight"], mixed["embed.weight"])
    kept = values(made, "ones@embed=built", 3)
    assert torch.equal(kept["embed.weight"], plain["embed.weight"])
    assert torch.equal(kept["embed.bias"], plain["embed.bias"])
    assert (kept["head.weight"] == 1).all()
    assert torch.equal(values(made, "rule/built", 3)["head.bias"], plain["head.bias"])


def test_who_wrote_what_of_a_model_of_ones_own(place: Path) -> None:
    made = variant(place, "Patches", "built", "zeros", "zeros@place=ones@LayerNorm=constant")
    assert set(writers(made, "built").values()) == {"built"}
    assert writers(made, "zeros") == {
        "place": None, "token": None, "embed.weight": "zeros", "embed.bias": "zeros",
        "norm.weight": "built", "norm.bias": "built", "head.weight": "zeros", "head.bias": "zeros",
    }  # fmt: skip
    named = writers(made, "zeros@place=ones@LayerNorm=constant")
    assert named["place"] == "ones" and named["norm.weight"] == "constant"


def test_frozen_weights_are_left_alone_unless_a_rule_names_them(place: Path) -> None:
    schemes = ("built", "ones", "zeros@*=ones", "zeros@0=ones", "zeros@Conv2d=ones")
    made = variant(place, "applied", *schemes, frozen=True)
    plain = values(made, "built", 0)["0.weight"]
    for scheme in schemes[:3]:
        assert torch.equal(values(made, scheme, 0)["0.weight"], plain)
        assert writers(made, scheme)["0.weight"] == "frozen"
    for scheme in schemes[3:]:
        assert (values(made, scheme, 0)["0.weight"] == 1).all()
        assert writers(made, scheme)["0.weight"] == "ones"


def test_a_model_that_depends_on_chance_is_refused(place: Path) -> None:
    made = variant(place, "any_size", "built")
    with pytest.raises(UsageError, match="other parameters when it is built once more"):
        values(made, "built", 3)


def test_built_keeps_a_model_of_ours_too() -> None:
    wanted = Experiment(
        ("built", "default"),
        model=ModelConfig("mlp", hidden=(8,)),
        data=DataConfig(limit=50),
        training=TrainingConfig(device="cpu"),
    )
    made = prepare(wanted).variants[0]
    assert set(writers(made, "built").values()) == {"built"}
    assert not torch.equal(
        values(made, "built", 0)["fc1.weight"], values(made, "default", 0)["fc1.weight"]
    )


SETTLING = """
import torch
from torch import nn


class UnitVariance(nn.Module):
    \"\"\"Scales by its first batch, as LSUV does; a plain flag says that it has.\"\"\"

    def __init__(self):
        super().__init__()
        self.gain, self.done = nn.Parameter(torch.ones(())), False

    def forward(self, x):
        if not self.done:
            with torch.no_grad():
                self.gain.copy_(1 / (x.std() + 1e-6))
            self.done = True
        return x * self.gain


class Observer(UnitVariance):
    def __init__(self):
        super().__init__()
        self.register_buffer("seen", torch.zeros((), dtype=torch.bool))
        self.register_buffer("largest", torch.ones(()))

    def forward(self, x):
        if not self.seen:
            self.largest.copy_(x.detach().abs().max())
            self.seen.fill_(True)
        return x / self.largest


def lsuv():
    return nn.Sequential(nn.Flatten(), nn.Linear(784, 16), UnitVariance(), nn.Tanh(),
                         nn.Linear(16, 10))


def observed():
    return nn.Sequential(nn.Flatten(), nn.Linear(784, 16), Observer(), nn.Tanh(),
                         nn.Linear(16, 10))


def spectral():
    wide = nn.utils.spectral_norm(nn.Linear(784, 64))
    return nn.Sequential(nn.Flatten(), wide, nn.Tanh(), nn.Linear(64, 10))
"""


@pytest.mark.parametrize("name", ["lsuv", "observed", "spectral"])
@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_every_trial_settles_its_own_and_inspection_sees_it_settled(
    tmp_path: Path, name: str
) -> None:
    path = tmp_path / "settling_own.py"
    path.write_text(SETTLING)
    wanted = Experiment(
        ("normal:std=0.5", "normal:std=0.01"),
        model=ModelConfig(f"{path}:{name}"),
        data=DataConfig(limit=250),
        training=TrainingConfig(epochs=1, device="cpu", batch_size=100),
        inspection=InspectionConfig(before=True, images=100),
    )
    prepared = prepare(wanted)
    (made,) = prepared.variants
    assert made.settles
    for model in (made.template, *(made.model(plan)[0] for plan in made.trials.values())):
        kept = {**dict(model.named_parameters()), **dict(model.named_buffers())}
        for module in model.modules():
            assert not getattr(module, "done", False)
        assert not any(bool(value) for key, value in kept.items() if key.endswith("seen"))
    for trial in fold(train(prepared)).trials:
        assert trial.status == "finished"
        # In evaluation mode, but settled: about what the first step sees, over other images.
        assert trial.probes[0].probe.loss == pytest.approx(trial.losses[0], rel=0.15)


def test_plain_models_settle_nothing() -> None:
    wanted = Experiment(
        ("rule",),
        model=ModelConfig("lenet", batch_norm=True),
        data=DataConfig(limit=50),
        training=TrainingConfig(device="cpu"),
    )
    assert not prepare(wanted).variants[0].settles
