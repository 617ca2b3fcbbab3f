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
    assert all(f"│ {place.name} " in process.stdout for place in COMMANDS)
