"""What a check comes to: what is allowed, what fails it, and how it is raised."""

from __future__ import annotations

import pytest

import inittui
from inittui.errors import ExitCode, FindingsError
from inittui.events.facts import Facts
from inittui.experiment.check_settings import CheckSettings
from inittui.results.check_result import (
    CheckResult,
    allowed,
    chosen_of,
    counted,
    failing,
    unused_allowances,
)
from inittui.results.rules.codes import of_rule

ERROR = of_rule("I201", ("a.fc", "b.fc"), "units are equal", where="m.py:3", advice="draw them")
WARNING = of_rule("I302", ("a.fc",), "fans are swapped")
NOTE = of_rule("I104", ("b.fc",), "written twice")
ALL = (ERROR, WARNING, NOTE)


@pytest.mark.parametrize(
    ("level", "codes"),
    [
        ("error", ["I201"]),
        ("warning", ["I201", "I302"]),
        ("note", ["I201", "I302", "I104"]),
        ("never", []),
    ],
)
def test_levels(level: inittui.results.check_result.FailOn, codes: list[str]) -> None:
    assert [each.code for each in failing(ALL, level)] == codes
    result = CheckResult(ALL, Facts())
    if not codes:
        result.raise_for(level)
        return
    with pytest.raises(FindingsError) as caught:
        result.raise_for(level)
    said = str(caught.value).split("\n")
    assert said[0] == f"{counted(failing(ALL, level))}:"
    assert said[1].startswith("error I201 symmetric-units: units are equal (m.py:3) → draw them")
    assert len(said) == 1 + len(codes)
    assert caught.value.exit_code == ExitCode.FINDINGS == 1


def test_a_level_that_is_none_is_refused() -> None:
    with pytest.raises(inittui.UsageError, match="did you mean 'warning'"):
        CheckResult((), Facts()).raise_for("warnings")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("allowances", "codes", "unused"),
    [
        ({}, ["I201", "I302", "I104"], []),
        ({"I201": ("a.*", "b.*")}, ["I302", "I104"], []),
        ({"I201": ("a.*",)}, ["I201", "I302", "I104"], []),  # b.fc isn't meant to be so
        ({"I": ("*",)}, [], []),
        ({"I3": ("a.*", "c.*")}, ["I201", "I104"], ["I3=c.*"]),
        ({"I202": ("*",)}, ["I201", "I302", "I104"], ["I202=*"]),
    ],
)
def test_allowances(
    allowances: dict[str, tuple[str, ...]], codes: list[str], unused: list[str]
) -> None:
    kept, left = allowed(ALL, allowances)
    assert [each.code for each in kept] == codes
    assert list(left) == unused


def test_an_allowance_that_matches_nothing_is_a_note() -> None:
    (told,) = unused_allowances(["I202=*"])
    assert (told.code, told.severity) == ("I901", "note")
    assert "'I202=*'" in told.message
    assert unused_allowances([]) == ()


def test_codes_choose() -> None:
    chosen = chosen_of(ALL, CheckSettings(select=("I2", "I1"), ignore=("I10",)))
    assert [each.code for each in chosen] == ["I201"]
    assert chosen_of(ALL, CheckSettings()) == list(ALL)


def test_counts() -> None:
    assert counted(ALL) == "1 error, 1 warning, 1 note"
    assert counted((NOTE, NOTE)) == "2 notes"
    assert counted(()) == ""
