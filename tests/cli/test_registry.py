"""The table of sub-commands says what they say of themselves, and loads them when asked."""

from __future__ import annotations

import pytest

from inittui.cli.registry import COMMANDS, Place, load
from tests.support.commands import invoke, python


@pytest.mark.parametrize("place", COMMANDS, ids=lambda place: place.name)
def test_the_table_repeats_each_command_s_first_line(place: Place) -> None:
    command = load(place.name)
    assert command.name == place.name
    assert command.help.partition("\n")[0] == place.help


@pytest.mark.parametrize("place", COMMANDS, ids=lambda place: place.name)
def test_each_command_prints_its_own_help(place: Place) -> None:
    result = invoke(place.name, "--help")
    assert result.exit_code == 0
    assert f"Usage: inittui {place.name} " in result.output
    assert "--help" in result.output


def test_the_help_lists_all_and_loads_none() -> None:
    code = (
        "import sys; from inittui.cli.main import main; sys.argv = ['inittui', '--help']\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        "print([name for name in sys.modules if name in "
        "('inittui.cli.compare', 'inittui.cli.runs', 'msgspec', 'numpy', 'torch',"
        " 'rich.markdown', 'rich.traceback')])"
    )
    process = python(code)
    assert process.stdout.endswith("[]\n")
    assert all(f"│ {place.name} " in process.stdout for place in COMMANDS if not place.hidden)


@pytest.mark.parametrize(
    ("short", "long"),
    [
        ("inits rule --json", "inits show rule --json"),
        ("models lenet", "model lenet"),
        ("data fashion-mnist --count 2", "data show fashion-mnist --count 2"),
        ("lessons variance", "lesson variance --text"),
    ],
)
def test_each_list_shows_one_by_name(short: str, long: str) -> None:
    done = invoke(*short.split())
    assert (done.exit_code, done.output) == (0, invoke(*long.split()).output)
    assert len(done.output) > 100


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("runs verfy", "No such command 'verfy'. Did you mean 'verify'?"),
        ("runs nowhere", "there are no runs in"),
        ("inits norml", "did you mean 'normal'?"),
        ("data cifar", "did you mean 'cifar10'?"),
        ("lessons vari", "did you mean 'variance'?"),
        ("models resnet18", "did you mean 'torchvision:resnet18'?"),
        ("compare --sweep training.momentum=1..2:3", "training.momentum can't be swept; choose f"),
        ("compare --sweep normal:std=0..2:3:log", "a log axis has no 0; take 'lin'"),
        ("compare --sweep normal:std=1..2:3:even", "values are spaced 'log' or 'lin', not 'even'"),
        ("compare --checkpoint-every x", "--checkpoint-every: 'x' is not a number"),
        ("compare --width x", "--width: 'x' is not a whole number"),
        ("compare --depth 0", "--depth must be from 1 to 10,000, not 0"),
    ],
)
def test_what_is_wrong_is_said_in_our_words(command: str, said: str) -> None:
    assert said in str(invoke(*command.split()).exception)


def test_completion_is_installed_by_the_command_itself_alone() -> None:
    assert "--install-completion" in invoke("--help").output
    for place in COMMANDS:
        assert "--install-completion" not in invoke(place.name, "--help").output
