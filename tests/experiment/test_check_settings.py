"""The table of pyproject.toml: found above, read strictly, wrong in one line."""

from __future__ import annotations

from pathlib import Path

import pytest

from inittui.errors import UsageError
from inittui.experiment.check_settings import (
    CheckSettings,
    check_codes,
    find_settings,
    parse_allowances,
)

TABLE = """
[tool.inittui.check]
model = "model.py:build"
input = "3x32x32"
select = ["I1", "I403"]
ignore = ["I102"]
fail-on = "note"
allow = { I202 = ["teacher.*", "ema.*"] }
limits = { share = 1e-3 }
"""


def test_the_nearest_file_above_is_read(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(TABLE)
    below = tmp_path / "a" / "b"
    below.mkdir(parents=True)
    found = find_settings(below)
    assert (found.model, found.inputs) == ("model.py:build", ("3x32x32",))
    assert (found.select, found.ignore, found.fail_on) == (("I1", "I403"), ("I102",), "note")
    assert found.allow == {"I202": ("teacher.*", "ema.*")}
    assert found.limits == {"share": 1e-3}
    assert found.source == str(tmp_path / "pyproject.toml")
    (tmp_path / "a" / "pyproject.toml").write_text("[project]\nname = 'x'\n")
    assert find_settings(below) == CheckSettings()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[tool.inittui.check]\nselct = ['I1']", "no key 'selct'; did you mean 'select'"),
        ("[tool.inittui.check]\nselect = 'I1'", "Expected `array`"),
        ("[tool.inittui.check]\nselect = ['E501']", "'E501' is no code"),
        ("[tool.inittui.check]\nfail-on = 'all'", "Invalid enum value 'all'"),
        ("[tool.inittui.check]\ninput = '3y3'", "'3y3' is no input"),
        ("[tool.inittui.check]\nlimits = { share = 'x' }", "Expected `float`"),
        ("[tool.inittui.check", "pyproject.toml:"),
    ],
)
def test_what_is_wrong_is_one_line(text: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(text)
    with pytest.raises(UsageError) as caught:
        find_settings(tmp_path)
    assert said in str(caught.value)
    assert str(tmp_path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_allowances_are_gathered_by_code() -> None:
    found = parse_allowances(["I202=teacher.*", "I4=head", "I202=ema.*"])
    assert found == {"I202": ("teacher.*", "ema.*"), "I4": ("head",)}
    for wrong in ("I202", "I202=", "=a", "x=a"):
        with pytest.raises(UsageError):
            parse_allowances([wrong])


def test_codes_may_be_cut() -> None:
    check_codes(["I", "I3", "I30", "I302"])
    for wrong in ("", "i302", "I3022", "302"):
        with pytest.raises(UsageError):
            check_codes([wrong])
