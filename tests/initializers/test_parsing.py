"""The grammar checked against the catalogue: shortest form, round trips, errors."""

from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from inittui.errors import UsageError
from inittui.experiment.scheme import format_value
from inittui.initializers import CATALOGUE, find, names, parse_scheme
from inittui.initializers.description import Description, Parameter
from tests.support.torture import examples


@pytest.mark.parametrize(
    ("text", "shortest"),
    [
        ("zeros", "zeros"),
        ("zero", "zeros"),
        ("ONE", "ones"),
        ("general-rule", "rule"),
        ("general_rule", "rule"),
        ("Xavier-Uniform", "xavier_uniform"),
        ("glorot_uniform", "xavier_uniform"),
        ("Kaiming-Uniform:mode=fan-out", "kaiming_uniform:mode=fan_out"),
        ("he_normal", "he_normal"),
        ("glorot_normal", "glorot_normal"),
        ("uniform:low=0,high=1", "uniform"),
        ("trunc_normal:b=2.0std,a=-2std,std=1e-1", "trunc_normal:std=0.1,a=-2std,b=2std"),
        ("uniform:high=2.50,low=-1e0", "uniform:low=-1,high=2.5"),
        ("normal:std=0.05,mean=0", "normal:std=0.05"),
        ("normal:std=5e-2/constant:value=0.4", "normal:std=0.05/constant:value=0.4"),
        ("rule/zeros", "rule"),
        ("rule/zero", "rule"),
        ("default/default", "default"),
        ("default/zeros", "default/zeros"),
        ("rule/default", "rule/default"),
        ("rule@fc*=he-uniform/zeros@Conv2d=dirac", "rule@fc*=he_uniform@Conv2d=dirac"),
        ("package.module:function", "package.module:function"),
        ("own.py:mine:std=3/zeros", "own.py:mine:std=3"),
        ("rule/own.py:mine", "rule/own.py:mine"),
        ("./rule/own.py:mine", "./rule/own.py:mine"),
        # The default disappears, and what is left must still be an initializer and a bias.
        ("uniform:low=0/own.py:mine", "uniform/own.py:mine"),
    ],
)
def test_shortest_form(text: str, shortest: str) -> None:
    scheme = parse_scheme(text)
    assert str(scheme) == shortest
    assert parse_scheme(shortest) == scheme


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("norml", "did you mean 'normal'"),
        ("bilt", "did you mean 'built'"),
        ("xavier", "did you mean 'xavier"),
        ("normal:stdd=1", "normal has no parameter 'stdd'; did you mean 'std'?"),
        ("normal:x=1", "it takes mean, std"),
        ("zeros:value=1", "it takes none"),
        ("normal:std=-1", "std must be at least 0, not -1"),
        ("normal:std=abc", "std must be a number, not 'abc'"),
        ("normal:std=nan", "std must be a number, not 'nan'"),
        ("normal:std=1e400", "too large"),
        ("constant:value=1e31", "too large"),
        ("trunc_normal:std=0", "std must be above 0"),
        ("uniform:low=1,high=0", "low must be below high"),
        ("uniform:low=1", "low must be below high, not low=1, high=1"),
        ("trunc_normal:a=3", "a must be below b"),
        ("trunc_normal:a=50,b=60", "nothing of N(0, 1) lies between"),
        ("sparse:sparsity=1", "sparsity must be above 0 and below 1, not 1"),
        ("variance_scaling:scale=0", "scale must be above 0"),
        ("xavier_uniform:gain=-1", "gain must be at least 0"),
        ("kaiming_normal:mode=fan_avg", "mode can't be 'fan_avg'"),
        ("kaiming_normal:nonlinearity=rleu", "did you mean 'relu'"),
        ("kaiming_normal:a=1,nonlinearity=relu", "slope of leaky_relu"),
        ("variance_scaling:distribution=1", "distribution can't be '1'"),
        ("zeros:foo", "expected '='"),
        ("Normal:std", "expected '='"),
        ("zeros/xavier_uniform", "needs at least two dimensions; for a bias use zeros"),
        ("rule@fc1=zeros/orthogonal", "needs at least two dimensions"),
        ("rule/own.py:f/ones", "write ./rule/own.py:f"),
        ("own.py:f:std=1e999", "too large"),
        ("", "expected the name"),
        ("normal:std=1,,", "column 14"),
    ],
)
def test_errors_say_what_is_wrong(text: str, said: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_scheme(text)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def _value(parameter: Parameter) -> st.SearchStrategy[str]:
    if parameter.choices:
        return st.sampled_from(parameter.choices).flatmap(
            lambda word: st.sampled_from([word, word.upper(), word.replace("_", "-")])
        )
    low = max(parameter.at_least, parameter.above, -1e6)
    return (
        st.floats(low, min(parameter.below, 1e6), allow_nan=False)
        .filter(lambda value: parameter.above < value < parameter.below)
        .map(format_value)
    )


@st.composite
def _calls(draw: st.DrawFn, fitting: tuple[Description, ...]) -> str:
    description = draw(st.sampled_from(fitting))
    name = draw(st.sampled_from([description.name, *description.aliases]))
    name = draw(st.sampled_from([name, name.upper(), name.replace("_", "-")]))
    parameters = st.sampled_from(description.parameters or (None,))
    chosen = [p for p in draw(st.lists(parameters, unique=True)) if p is not None]
    given_ones = ",".join(f"{p.name}={draw(_value(p))}" for p in chosen)
    return f"{name}:{given_ones}" if given_ones else name


_WEIGHTS = tuple(CATALOGUE.values())
_BIASES = tuple(d for d in _WEIGHTS if d.on_bias)
_REFERENCES = st.sampled_from(["module:function", "a.b:c", "own.py:f", "some/own.py:f:std=0.1"])


@st.composite
def _schemes(draw: st.DrawFn) -> str:
    def pair() -> str:
        weights = draw(st.one_of(_calls(_WEIGHTS), _REFERENCES))
        bias = draw(st.one_of(st.none(), _calls(_BIASES), _REFERENCES))
        return weights if bias is None else f"{weights}/{bias}"

    patterns = draw(st.lists(st.sampled_from(["fc*", "conv2d", "*", "a.b.[01]"]), max_size=2))
    return "@".join([pair(), *(f"{pattern}={pair()}" for pattern in patterns)])


@given(_schemes())
@example("uniform:low=0/own.py:f")
@settings(max_examples=examples(120), deadline=2_000)
def test_what_parses_round_trips(text: str) -> None:
    try:
        scheme = parse_scheme(text)
    except UsageError:
        # Parameters that don't fit together, or a folder that looks like an initializer.
        return
    shortest = str(scheme)
    assert parse_scheme(shortest) == scheme
    assert str(parse_scheme(shortest)) == shortest


_SCRAPS = (
    "std",
    "=",
    ":",
    ",",
    "/",
    "@",
    "1e9",
    "-",
    ".",
    "0",
    "nan",
    "own.py",
    " ",
    "\x1b[2J",
    "é",
)
_BITS = st.sampled_from([*names(), *_SCRAPS])


@given(st.one_of(st.text(max_size=80), st.lists(_BITS, max_size=12).map("".join)))
@settings(max_examples=examples(150), deadline=2_000)
def test_garbage_gives_a_usage_error_or_a_scheme(text: str) -> None:
    try:
        scheme = parse_scheme(text)
    except UsageError as error:
        assert "\n" not in str(error)
        assert "\x1b" not in str(error)
    else:
        assert parse_scheme(str(scheme)) == scheme


@pytest.mark.parametrize("bit", ["a", "a.", "a/", "zeros@", "normal:", "1,", ":=", "own.py:"])
def test_long_garbage_is_refused_at_once(bit: str) -> None:
    with pytest.raises(UsageError):
        parse_scheme(bit * 100_000)


def test_names_and_aliases_are_unique_however_they_are_spelled() -> None:
    spelled = [
        name.replace("_", "")
        for description in CATALOGUE.values()
        for name in (description.name, *description.aliases)
    ]
    assert len(spelled) == len(set(spelled))


@pytest.mark.parametrize("name", names())
def test_descriptions_are_complete(name: str) -> None:
    description = find(name)
    assert description.summary.endswith(".")
    assert "\n" not in description.summary
    assert description.formula
    assert description.source
    for parameter in description.parameters:
        assert parameter.meaning
        assert parameter.shown_default
        if parameter.default is not None:
            assert parameter.check(parameter.default, name) == parameter.default


def test_the_catalogue_is_read_without_torch() -> None:
    code = (
        "import sys; from inittui.initializers import parse_scheme; parse_scheme('rule/ones');"
        "import inittui.initializers.apply, inittui.initializers.own, inittui.cli.completion;"
        "assert not {'torch', 'numpy', 'scipy'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
