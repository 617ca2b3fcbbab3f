"""A scheme applied to models: who writes what, and what the values depend on."""

from __future__ import annotations

import copy
import math
import random

import numpy as np
import pytest
import torch
from torch import nn

from inittui.errors import UsageError
from inittui.experiment.seeds import derive_seed
from inittui.initializers import names, parse_scheme
from inittui.initializers.apply import OWN_DEFAULT, Written, apply_scheme


class Small(nn.Module):
    """A convolution, a norm, two dense layers, and a parameter of its own."""

    def __init__(self, width: int = 30) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(1, 4, 3)
        self.norm = nn.BatchNorm2d(4)
        self.fc1 = nn.Linear(16, width)
        self.fc2 = nn.Linear(width, 10, bias=False)
        self.scale = nn.Parameter(torch.full((3,), 7.0))


def applied(model: nn.Module, scheme: str, seed: int = 0) -> dict[str, torch.Tensor]:
    apply_scheme(model, parse_scheme(scheme), seed, {})
    return {name: p.detach().clone() for name, p in model.named_parameters()}


def test_every_parameter_is_reported_in_the_order_of_the_model() -> None:
    model = Small()
    written = apply_scheme(model, parse_scheme("normal:std=0.05/constant:value=0.4"), 0, {})
    assert written == (
        Written("scale", "", "Small", None),
        Written("conv1.weight", "conv1", "Conv2d", "normal:std=0.05"),
        Written("conv1.bias", "conv1", "Conv2d", "constant:value=0.4"),
        Written("norm.weight", "norm", "BatchNorm2d", OWN_DEFAULT),
        Written("norm.bias", "norm", "BatchNorm2d", OWN_DEFAULT),
        Written("fc1.weight", "fc1", "Linear", "normal:std=0.05"),
        Written("fc1.bias", "fc1", "Linear", "constant:value=0.4"),
        Written("fc2.weight", "fc2", "Linear", "normal:std=0.05"),
    )
    assert [w.parameter for w in written] == [name for name, _ in model.named_parameters()]
    assert torch.equal(model.scale, torch.full((3,), 7.0))
    assert torch.equal(model.fc1.bias, torch.full((30,), 0.4))


@pytest.mark.parametrize("scheme", [n for n in names() if n not in ("sparse", "eye", "dirac")])
def test_biases_are_zero_unless_it_is_the_default(scheme: str) -> None:
    values = applied(Small(), scheme)
    for name in ("conv1.bias", "fc1.bias"):
        assert bool((values[name] == 0).all()) == (scheme != "default")


@pytest.mark.parametrize(
    "build",
    [
        lambda: nn.Linear(30, 20),
        lambda: nn.Conv2d(4, 6, 3, groups=2),
        lambda: nn.ConvTranspose1d(4, 6, 3),
        lambda: nn.Linear(5, 7, bias=False),
    ],
)
def test_default_is_bitwise_what_torch_does(build) -> None:
    values = applied(build(), "default", seed=5)
    torch.manual_seed(derive_seed(5, "weights", "weight"))
    module = build()
    assert values.keys() == dict(module.named_parameters()).keys()
    for name, parameter in module.named_parameters():
        assert torch.equal(values[name], parameter)


def test_default_is_the_rule_plus_a_bias() -> None:
    default, rule = applied(Small(), "default"), applied(Small(), "rule")
    for name in ("conv1.weight", "fc1.weight", "fc2.weight"):
        assert torch.equal(default[name], rule[name])
    bias = default["fc1.bias"]
    assert 0 < bias.abs().max() <= 1 / math.sqrt(16)


def test_default_takes_another_bias() -> None:
    both, weights = applied(Small(), "default"), applied(Small(), "default/ones")
    assert torch.equal(weights["fc1.weight"], both["fc1.weight"])
    assert torch.equal(weights["fc1.bias"], torch.ones(30))
    bias = applied(Small(), "zeros/default")
    assert torch.equal(bias["fc1.bias"], both["fc1.bias"])
    assert not bias["fc1.weight"].any()


def test_a_bias_takes_the_fan_of_its_weight() -> None:
    model = nn.Linear(10_000, 5_000)
    values = applied(model, "zeros/rule")["bias"]
    assert 0.0099 < values.abs().max() <= 0.01
    values = applied(model, "zeros/normal")["bias"]
    # 5 standard errors of a standard deviation of 5,000 values: 5/√10,000.
    assert values.std().item() == pytest.approx(0.01, rel=0.05)


def test_the_same_seed_gives_the_same_values_another_seed_others() -> None:
    first, again, other = (applied(Small(), "normal/rule", seed) for seed in (3, 3, 4))
    for name in ("conv1.weight", "conv1.bias", "fc2.weight"):
        assert torch.equal(first[name], again[name])
        assert not torch.equal(first[name], other[name])


def test_values_do_not_depend_on_other_layers_or_schemes() -> None:
    plain = applied(Small(), "normal")
    mixed = applied(Small(width=77), "zeros/ones@conv1=normal")
    assert torch.equal(plain["conv1.weight"], mixed["conv1.weight"])
    # The weights don't depend on the bias either.
    assert torch.equal(plain["fc1.weight"], applied(Small(), "normal/rule")["fc1.weight"])


def test_values_do_not_depend_on_what_was_there_and_layers_differ() -> None:
    model = nn.Sequential(nn.Linear(20, 20), nn.Linear(20, 20))
    first = applied(model, "default")
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.fill_(9)
    again = applied(model, "default")
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert not torch.equal(first["0.weight"], first["1.weight"])


@pytest.mark.parametrize("scheme", ["default", "rule", "orthogonal", "he_normal", "zeros/rule"])
@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16])
def test_other_dtypes_get_the_same_values(scheme: str, dtype: torch.dtype) -> None:
    single, other = applied(Small(), scheme), applied(Small().to(dtype), scheme)
    for name, values in single.items():
        assert other[name].dtype == dtype
        assert torch.equal(other[name], values.to(dtype))


def test_a_default_dtype_of_float64_changes_nothing() -> None:
    single = applied(Small(), "he_normal")
    torch.set_default_dtype(torch.float64)
    try:
        double = applied(Small(), "he_normal")
    finally:
        torch.set_default_dtype(torch.float32)
    assert torch.equal(double["fc1.weight"], single["fc1.weight"].double())


@pytest.mark.parametrize("scheme", names())
def test_no_global_generator_is_touched(scheme: str) -> None:
    model = nn.Sequential(nn.Conv2d(2, 2, 3) if scheme == "dirac" else nn.Linear(4, 4))
    states = torch.get_rng_state(), np.random.get_state()[1].tolist(), random.getstate()
    apply_scheme(model, parse_scheme(scheme), 0, {})
    assert torch.equal(states[0], torch.get_rng_state())
    assert states[1:] == (np.random.get_state()[1].tolist(), random.getstate())


def test_layer_rules_go_by_name_and_kind_and_the_last_wins() -> None:
    model = Small()
    written = apply_scheme(
        model,
        parse_scheme("zeros@*=ones/ones@CONV*=constant:value=2@linear=rule@fc2=constant:value=3"),
        0,
        {},
    )
    by = {w.parameter: w.initializer for w in written}
    assert by["conv1.weight"] == "constant:value=2"
    # A rule without a bias has its own initializer's, not that of the rule before.
    assert by["conv1.bias"] == "zeros"
    assert by["fc1.weight"] == "rule"
    assert by["fc2.weight"] == "constant:value=3"
    assert by["norm.weight"] == OWN_DEFAULT
    assert torch.equal(model.fc2.weight, torch.full((10, 30), 3.0))


def test_layer_rules_match_the_names_of_nested_layers() -> None:
    model = nn.Sequential(nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2)), nn.Linear(2, 2))
    values = applied(model, "zeros@0.*=ones@0.[1]=constant:value=5")
    assert [values[f"{n}.weight"][0, 0].item() for n in ("0.0", "0.1", "1")] == [1, 5, 0]


def test_a_rule_makes_a_shape_fit() -> None:
    values = applied(Small(), "eye@conv*=dirac")
    assert values["fc1.weight"].sum() == 16
    with pytest.raises(UsageError, match=r"eye fills .*layer 'conv1' has 4×1×3×3"):
        applied(Small(), "eye")


def test_a_pattern_that_matches_nothing_lists_the_layers() -> None:
    with pytest.raises(UsageError) as caught:
        applied(Small(), "zeros@fcc*=ones")
    assert str(caught.value) == (
        "no layer matches 'fcc*'; the layers are: conv1 (Conv2d), fc1 (Linear), fc2 (Linear)"
    )
    many = nn.Sequential(*(nn.Linear(1, 1) for _ in range(40)))
    with pytest.raises(UsageError, match="and 28 more"):
        applied(many, "zeros@x=ones")


def test_tied_weights_are_written_once_as_the_weight() -> None:
    model = nn.ModuleDict({
        "embed": nn.Embedding(50, 8),
        "first": nn.Linear(8, 8),
        "second": nn.Linear(8, 8),
        "head": nn.Linear(8, 50),
    })  # fmt: skip
    model["head"].weight = model["embed"].weight
    model["second"].weight = model["first"].weight
    written = apply_scheme(model, parse_scheme("ones@second=zeros/ones"), 0, {})
    by = {w.parameter: (w.layer, w.initializer) for w in written}
    assert len(written) == len(by) == len(list(model.parameters()))
    assert by["embed.weight"] == ("head", "ones")
    assert by["first.weight"] == ("first", "ones")
    assert by["second.bias"] == ("second", "ones")
    assert (model["embed"].weight == 1).all()
    assert (model["first"].weight == 1).all()


def test_other_modules_reset_themselves_by_seed() -> None:
    model = nn.Sequential(nn.Embedding(9, 5), nn.GRU(4, 4), nn.LayerNorm(4))
    global_one = copy.deepcopy(model)
    written = apply_scheme(model, parse_scheme("zeros"), 1, {})
    assert {w.initializer for w in written} == {OWN_DEFAULT}
    again, other = copy.deepcopy(global_one), copy.deepcopy(global_one)
    apply_scheme(again, parse_scheme("rule"), 1, {})
    apply_scheme(other, parse_scheme("zeros"), 2, {})
    assert torch.equal(model[0].weight, again[0].weight)
    assert not torch.equal(model[0].weight, other[0].weight)
    assert not torch.equal(model[0].weight, global_one[0].weight)
    assert torch.equal(model[2].weight, torch.ones(4))


def test_attention_keeps_its_own_reset_and_its_projection_gets_the_scheme() -> None:
    model = nn.MultiheadAttention(8, 2)
    written = apply_scheme(model, parse_scheme("ones@Linear=zeros"), 0, {})
    by = {w.parameter: w.initializer for w in written}
    assert by == {
        "in_proj_weight": OWN_DEFAULT,
        "in_proj_bias": OWN_DEFAULT,
        "out_proj.weight": "zeros",
        "out_proj.bias": "zeros",
    }


def test_what_a_reset_does_not_write_is_reported() -> None:
    class Adapter(nn.Linear):
        def __init__(self) -> None:
            super().__init__(4, 4)
            self.extra = nn.Parameter(torch.full((4,), 5.0))

    model = Adapter()
    by = {w.parameter: w.initializer for w in apply_scheme(model, parse_scheme("ones"), 0, {})}
    assert by == {"weight": "ones", "bias": "zeros", "extra": None}
    assert (model.extra == 5).all()


def test_a_lazy_layer_is_named() -> None:
    with pytest.raises(UsageError, match="layer '0' has no shape yet"):
        applied(nn.Sequential(nn.LazyLinear(3)), "zeros")


def test_gradients_mode_and_values_stay_trainable() -> None:
    model = Small().eval()
    applied(model, "he_normal")
    assert not model.training
    assert all(p.requires_grad and p.grad is None and p.is_leaf for p in model.parameters())


@pytest.mark.cuda
def test_a_gpu_gets_the_same_values() -> None:
    if not torch.cuda.is_available():
        pytest.skip("no CUDA device")
    for scheme in ("default", "orthogonal", "he_normal/rule"):
        on_cpu, on_gpu = applied(Small(), scheme), applied(Small().cuda(), scheme)
        assert all(torch.equal(on_cpu[name], on_gpu[name].cpu()) for name in on_cpu)
