"""The values of every initializer against torch.nn.init, its formula, and its own expectation.

Bounds for n independent values of standard deviation s and kurtosis k ≤ 3: the mean's standard
error is s/√n; the sample's standard deviation has a relative one of √((k - 1)/4n) ≤ 1/√(2n).
Seeds are fixed; five standard errors leave one in 1.7 million to a seed's bad luck.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy import integrate, stats
from torch import nn
from torch.nn import init

from inittui.errors import UsageError
from inittui.initializers import find, parse_scheme
from inittui.initializers.apply import apply_scheme
from inittui.initializers.distributions import (
    Constant,
    Distribution,
    Normal,
    TruncatedNormal,
    Uniform,
    extremes,
)
from inittui.initializers.layer import LayerContext, fans
from inittui.initializers.nonlinearity import Follower
from inittui.initializers.structured import OrthogonalEntry, SparseColumns
from inittui.initializers.variance import CUT_STD

ERRORS = 5.0

LAYERS: dict[str, Callable[[], nn.Module]] = {
    "linear": lambda: nn.Linear(784, 256),
    "wide": lambda: nn.Linear(64, 512),
    "conv": lambda: nn.Conv2d(16, 64, 3),
    "conv1d": lambda: nn.Conv1d(32, 64, 5),
    "grouped": lambda: nn.Conv2d(64, 128, 3, groups=4),
    "transposed": lambda: nn.ConvTranspose2d(64, 16, 4),
}

TORCH: dict[str, Callable[[torch.Tensor], object]] = {
    "uniform": init.uniform_,
    "uniform:low=-0.2,high=0.3": lambda w: init.uniform_(w, -0.2, 0.3),
    "centered": lambda w: init.uniform_(w, -0.5, 0.5),
    "rule": lambda w: init.kaiming_uniform_(w, a=math.sqrt(5)),
    "default": lambda w: init.kaiming_uniform_(w, a=math.sqrt(5)),
    "normal": lambda w: init.kaiming_normal_(w, nonlinearity="linear"),
    "normal:mean=1,std=0.3": lambda w: init.normal_(w, 1, 0.3),
    "trunc_normal": init.trunc_normal_,
    "trunc_normal:std=0.02": lambda w: init.trunc_normal_(w, std=0.02),
    "trunc_normal:mean=1,std=2,a=-1,b=0": lambda w: init.trunc_normal_(w, 1, 2, -1, 0),
    "trunc_normal:a=1.5,b=4": lambda w: init.trunc_normal_(w, a=1.5, b=4),
    "xavier_uniform": init.xavier_uniform_,
    "xavier_uniform:gain=2": lambda w: init.xavier_uniform_(w, 2),
    "xavier_normal": init.xavier_normal_,
    "xavier_normal:nonlinearity=tanh": lambda w: init.xavier_normal_(w, 5 / 3),
    "kaiming_uniform": lambda w: init.kaiming_uniform_(w, nonlinearity="relu"),
    "kaiming_uniform:mode=fan_out,nonlinearity=tanh": (
        lambda w: init.kaiming_uniform_(w, mode="fan_out", nonlinearity="tanh")
    ),
    "kaiming_uniform:a=2": lambda w: init.kaiming_uniform_(w, a=2),
    "kaiming_normal": lambda w: init.kaiming_normal_(w, nonlinearity="relu"),
    "kaiming_normal:mode=fan_out": (
        lambda w: init.kaiming_normal_(w, mode="fan_out", nonlinearity="relu")
    ),
    "lecun_uniform": lambda w: init.kaiming_uniform_(w, nonlinearity="linear"),
    "variance_scaling:distribution=untruncated_normal": (
        lambda w: init.kaiming_normal_(w, nonlinearity="linear")
    ),
}
"""What torch.nn.init gives a layer that a ReLU follows."""


def drawn(scheme: str, layer: str, seed: int = 0) -> torch.Tensor:
    module = LAYERS[layer]()
    apply_scheme(module, parse_scheme(scheme), seed, {"": Follower("relu")})
    return module.get_parameter("weight").detach()


def check_moments(values: torch.Tensor, mean: float, std: float) -> None:
    found = values.double()
    n = found.numel()
    assert abs(found.mean().item() - mean) <= ERRORS * std / math.sqrt(n)
    assert abs(found.std().item() / std - 1) <= ERRORS / math.sqrt(2 * n)


@pytest.mark.parametrize("layer", LAYERS)
@pytest.mark.parametrize("scheme", TORCH)
def test_the_distribution_is_torchs(scheme: str, layer: str) -> None:
    ours = drawn(scheme, layer)
    torch.manual_seed(1)
    theirs = torch.empty_like(ours)
    TORCH[scheme](theirs)
    # Kolmogorov-Smirnov: P(D > c·√(2/n)) ≤ 2·exp(-2c²), 1e-5 for c = 2.47.
    distance = stats.ks_2samp(ours.numpy().ravel(), theirs.numpy().ravel(), method="asymp")
    assert distance.statistic <= 2.47 * math.sqrt(2 / ours.numel())


@pytest.mark.parametrize("layer", ["linear", "conv", "grouped", "transposed"])
@pytest.mark.parametrize(
    "scheme", [*TORCH, "he_normal", "glorot_normal", "lecun_normal", "variance_scaling:scale=3"]
)
def test_the_values_are_what_the_description_expects(scheme: str, layer: str) -> None:
    values = drawn(scheme, layer)
    call = parse_scheme(scheme).weights
    context = LayerContext(tuple(values.shape), Follower("relu"))
    distribution = find(call.name).values_for(context, dict(call.parameters))
    check_moments(values, distribution.mean, distribution.std)
    if isinstance(distribution, Uniform):
        # float32 rounds the bounds.
        assert values.min() >= np.float32(distribution.low)
        assert values.max() <= np.float32(distribution.high)


@pytest.mark.parametrize("layer", ["linear", "conv", "grouped", "transposed"])
@pytest.mark.parametrize(
    ("scheme", "scale", "mode"),
    [
        ("glorot_normal", 1, "fan_avg"),
        ("he_normal", 2, "fan_in"),
        ("lecun_normal", 1, "fan_in"),
        ("variance_scaling", 1, "fan_in"),
        ("variance_scaling:scale=0.3,mode=fan_out", 0.3, "fan_out"),
        ("variance_scaling:scale=4,mode=fan_avg", 4, "fan_avg"),
    ],
)
def test_keras_truncates_at_two_sigma_and_corrects(
    scheme: str, scale: float, mode: str, layer: str
) -> None:
    values = drawn(scheme, layer)
    fan_in, fan_out = fans(values.shape)
    fan = {"fan_in": fan_in, "fan_out": fan_out, "fan_avg": (fan_in + fan_out) / 2}[mode]
    std = math.sqrt(scale / fan)
    sigma = std / 0.87962566103423978
    check_moments(values, 0.0, std)
    assert values.abs().max() <= np.float32(2 * sigma)
    # The uncorrected normal distribution would leave 4.6 % outside.
    assert values.abs().max() > 1.95 * sigma


def test_keras_definitions_are_not_aliases_of_torchs() -> None:
    for keras, ours in (("he_normal", "kaiming_normal"), ("glorot_normal", "xavier_normal")):
        assert find(keras) is not find(ours)
        # A normal distribution's largest of 200,704 values is at about 4.5 σ.
        assert drawn(ours, "linear").abs().max() > 1.5 * drawn(keras, "linear").abs().max()


@pytest.mark.parametrize("std", [1e-4, 0.1, 3.0])
@pytest.mark.parametrize("mean", [0.0, 0.5])
def test_bounds_of_a_cut_follow_its_std(std: float, mean: float) -> None:
    values = drawn(f"trunc_normal:std={std},mean={mean},a=-2std,b=2std", "linear")
    # TensorFlow's truncated_normal: redrawn beyond two standard deviations from the mean.
    check_moments(values, mean, std * CUT_STD)
    apart = (values.double() - mean).abs().max().item() / std
    assert 1.99 < apart <= 2 + 1e-3
    one = parse_scheme(f"trunc_normal:std={std},a=-2std,b=2std")
    other = parse_scheme(f"trunc_normal:std={std},a={-2 * std},b={2 * std}")
    context = LayerContext((4, 4))
    one_values, other_values = (
        find("trunc_normal").values_for(context, dict(each.weights.parameters))
        for each in (one, other)
    )
    assert one_values == other_values


@pytest.mark.parametrize(
    ("scheme", "said"),
    [
        ("trunc_normal:a=2std", "a must be below b"),
        ("trunc_normal:a=2sd", "a must be a number, or a multiple such as -2std, not '2sd'"),
        ("normal:std=2std", "std must be a number, not '2std'"),
        ("trunc_normal:b=1e40std", "too large"),
        ("trunc_normal:a=9std,b=10std", "nothing of N"),
    ],
)
def test_multiples_that_mean_nothing(scheme: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        parse_scheme(scheme)


@pytest.mark.parametrize("layer", ["linear", "conv", "grouped", "transposed"])
def test_he_uniform_is_keras_law(layer: str) -> None:
    values = drawn("he_uniform", layer)
    # keras.initializers.HeUniform: VarianceScaling(scale=2, mode="fan_in", distribution="uniform").
    limit = math.sqrt(6 / fans(values.shape)[0])
    check_moments(values, 0.0, limit / math.sqrt(3))
    assert 0.99 * limit < values.abs().max() <= np.float32(limit)


@pytest.mark.parametrize("follower", ["identity", "relu", "tanh", "sigmoid"])
def test_he_follows_keras_and_kaiming_the_model(follower: str) -> None:
    context = LayerContext((64, 100), Follower(follower))
    gain = {"identity": 1, "relu": math.sqrt(2), "tanh": 5 / 3, "sigmoid": 1}[follower]
    for shape in ("uniform", "normal"):
        he, kaiming = (
            find(f"{name}_{shape}").values_for(context, {}) for name in ("he", "kaiming")
        )
        assert he.std == pytest.approx(math.sqrt(2 / 100))
        assert kaiming.std == pytest.approx(gain / math.sqrt(100))
    assert find("he_uniform") is not find("kaiming_uniform")


@pytest.mark.parametrize("mode", ["fan_in", "fan_out", "fan_avg"])
def test_variance_scaling_uniform(mode: str) -> None:
    values = drawn(f"variance_scaling:scale=2,mode={mode},distribution=uniform", "transposed")
    fan_in, fan_out = fans(values.shape)
    fan = {"fan_in": fan_in, "fan_out": fan_out, "fan_avg": (fan_in + fan_out) / 2}[mode]
    check_moments(values, 0.0, math.sqrt(2 / fan))
    assert values.abs().max() <= np.float32(math.sqrt(6 / fan))


@pytest.mark.parametrize(
    ("scheme", "value"), [("zeros", 0), ("ones", 1), ("constant", 0.005), ("constant:value=-2", -2)]
)
def test_constants(scheme: str, value: float) -> None:
    for layer in LAYERS:
        assert torch.equal(drawn(scheme, layer), torch.full_like(drawn(scheme, layer), value))


def test_truncation_bounds_hold_where_nearly_nothing_is_left() -> None:
    values = drawn("trunc_normal:std=0.1,a=0.7,b=5", "linear").double()
    assert values.min() >= np.float32(0.7)
    expected = TruncatedNormal(0, 0.1, 0.7, 5)
    assert expected.mean == pytest.approx(stats.truncnorm(7, 50, 0, 0.1).mean(), rel=1e-9)
    # An exponential tail: kurtosis 9, so the std's relative error is √(8/4n).
    n = values.numel()
    assert abs(values.mean().item() - expected.mean) <= ERRORS * expected.std / math.sqrt(n)
    assert abs(values.std().item() / expected.std - 1) <= ERRORS * math.sqrt(2 / n)


@pytest.mark.parametrize("gain", [1.0, 2.5, -1.0])
@pytest.mark.parametrize("layer", LAYERS)
def test_orthogonal(layer: str, gain: float) -> None:
    values = drawn(f"orthogonal:gain={gain}", layer).flatten(1).double()
    rows, columns = values.shape
    square = values @ values.T if rows <= columns else values.T @ values
    # float32 has 6e-8 of rounding an entry, a few hundred entries are summed.
    assert torch.allclose(square, gain**2 * torch.eye(min(rows, columns)).double(), atol=1e-4)
    rms = values.square().mean().sqrt().item()
    assert rms == pytest.approx(abs(gain) / math.sqrt(max(rows, columns)), rel=1e-5)


def test_sparse_has_the_same_number_of_zeros_in_every_column() -> None:
    values = drawn("sparse:sparsity=0.3,std=0.5", "linear")
    assert set((values == 0).sum(0).tolist()) == {math.ceil(0.3 * 256)}
    torch.manual_seed(0)
    theirs = init.sparse_(torch.empty_like(values), 0.3, 0.5)
    assert torch.equal((values == 0).sum(0), (theirs == 0).sum(0))
    check_moments(values[values != 0], 0.0, 0.5)
    places = (values == 0).float().mean(1)
    # Each row is chosen with p = 77/256 in each of 784 columns: 5 √(p(1 - p)/784) = 0.082.
    assert (places - 77 / 256).abs().max() < 0.082


def test_eye_and_dirac_are_torchs() -> None:
    assert torch.equal(drawn("eye", "linear"), init.eye_(torch.empty(256, 784)))
    assert torch.equal(drawn("eye", "wide"), init.eye_(torch.empty(512, 64)))
    assert torch.equal(drawn("dirac", "conv"), init.dirac_(torch.empty(64, 16, 3, 3)))
    assert torch.equal(drawn("dirac", "grouped"), init.dirac_(torch.empty(128, 16, 3, 3), 4))
    assert torch.equal(drawn("dirac", "conv1d"), init.dirac_(torch.empty(64, 32, 5)))


@pytest.mark.parametrize("groups", [1, 4])
def test_dirac_passes_channels_on(groups: int) -> None:
    layer = nn.Conv2d(8, 8, 3, padding=1, groups=groups)
    apply_scheme(layer, parse_scheme("dirac"), 0, {})
    image = torch.rand(1, 8, 5, 5)
    assert torch.equal(layer(image), image)


@pytest.mark.parametrize(
    ("scheme", "layer", "fits"),
    [
        ("eye", "conv", "two dimensions"),
        ("sparse", "conv1d", "two dimensions"),
        ("dirac", "linear", "3 to 5 dimensions"),
    ],
)
def test_shapes_that_do_not_fit_are_named(scheme: str, layer: str, fits: str) -> None:
    model = nn.Sequential(LAYERS[layer]())
    with pytest.raises(UsageError, match=f"{scheme} fills weights of {fits}.*layer '0' has"):
        apply_scheme(model, parse_scheme(scheme), 0, {})


@pytest.mark.parametrize(
    ("nonlinearity", "factor"),
    [("relu", math.sqrt(2)), ("identity", 1), ("tanh", 5 / 3), ("gelu", 1.5335), ("silu", 1.6765)],
)
def test_kaiming_follows_the_model(nonlinearity: str, factor: float) -> None:
    model = nn.Sequential(nn.Linear(400, 400))
    apply_scheme(model, parse_scheme("kaiming_normal"), 0, {"0": Follower(nonlinearity)})
    check_moments(model[0].weight.detach(), 0.0, factor / 20)


def test_kaiming_takes_the_slope_of_leaky_relu() -> None:
    context = LayerContext((10, 100), Follower("leaky_relu", 1.0))
    kaiming = find("kaiming_normal")
    assert kaiming.values_for(context, {}).std == pytest.approx(0.1)
    assert kaiming.values_for(context, {"a": 0.0}).std == pytest.approx(0.1 * math.sqrt(2))
    assert kaiming.values_for(replace(context, follower=Follower("tanh")), {"a": 1.0}).std == (
        pytest.approx(0.1)
    )


DISTRIBUTIONS: list[tuple[Distribution, tuple[float, ...]]] = [
    (Uniform(-2, 3), (-2, 3)),
    (Normal(1, 2), (-19, 21)),
    (TruncatedNormal(0, 1, -2, 2), (-2, 2)),
    (TruncatedNormal(5, 2, -1, 0), (-1, 0)),
    (TruncatedNormal(0, 1, 6, 20), (6, 9)),
    (TruncatedNormal(0, 1000, -0.1, 0.1), (-0.1, 0.1)),
    (OrthogonalEntry(2.0, 5), (-2, 2)),
    (OrthogonalEntry(1.0, 400), (-1, 0, 1)),
    (SparseColumns(3, 10, 0.5), (-5, 5)),
]


@pytest.mark.parametrize(("distribution", "support"), DISTRIBUTIONS, ids=repr)
def test_density_mean_std_and_quantiles_agree(
    distribution: Distribution, support: tuple[float, ...]
) -> None:
    def integral(function: Callable[[float], float], upto: float = support[-1]) -> float:
        ends = [support[0], *(x for x in support[1:-1] if x < upto), upto]
        return sum(
            integrate.quad(function, a, b, limit=500, epsabs=1e-12)[0]
            for a, b in itertools.pairwise(ends)
        )

    density = distribution.density
    atoms = distribution.atoms
    assert integral(density) + sum(p for _, p in atoms) == pytest.approx(1, abs=1e-6)
    mean = integral(lambda x: x * density(x)) + sum(v * p for v, p in atoms)
    assert distribution.mean == pytest.approx(mean, abs=1e-6)
    second = integral(lambda x: (x - mean) ** 2 * density(x)) + sum(p * v**2 for v, p in atoms)
    assert distribution.std == pytest.approx(math.sqrt(second), rel=1e-4)
    for p in (0.01, 0.2, 0.5, 0.99):
        x = distribution.quantile(p)
        below = integral(density, x) + sum(q for v, q in atoms if v < x)
        at = sum(q for v, q in atoms if v == x)
        assert below - 1e-6 <= p <= below + at + 1e-6


def test_extremes_are_those_of_many_draws() -> None:
    # The mean of the largest of 10,000 normal values is 3.8516 (order statistics).
    low, high = extremes(Normal(0, 1), 10_000)
    assert high == pytest.approx(3.8516, rel=0.01)
    assert low == pytest.approx(-high)
    assert extremes(Constant(3.0), 7) == (3.0, 3.0)
    assert extremes(Normal(2.0, 0.0), 1) == (2.0, 2.0)
    assert extremes(find("eye").values_for(LayerContext((10, 10)), {}), 100) == (0.0, 1.0)


def test_the_correction_is_that_of_a_normal_cut_at_two_sigma() -> None:
    assert pytest.approx(TruncatedNormal(0, 1, -2, 2).std, rel=1e-12) == CUT_STD
