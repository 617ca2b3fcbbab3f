"""What of the environment is handed on to the processes that inittui starts."""

from __future__ import annotations

import pytest

from inittui.user_code import child_environment


@pytest.mark.parametrize(
    ("given", "handed_on"),
    [
        (":/lib", "/lib"),
        ("/lib:", "/lib"),
        ("/lib::src/:../other", "/lib:src/:../other"),
        (".:./:/lib:.//.", "/lib"),
        (":", ""),
    ],
)
def test_parts_of_the_path_that_mean_the_current_directory_are_left_out(
    monkeypatch: pytest.MonkeyPatch, given: str, handed_on: str
) -> None:
    monkeypatch.setenv("PYTHONPATH", given)
    environment = child_environment(OMP_NUM_THREADS="2")
    assert environment["PYTHONPATH"] == handed_on
    assert (environment["PYTHONSAFEPATH"], environment["OMP_NUM_THREADS"]) == ("1", "2")


def test_what_is_not_set_stays_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PYTHONPATH", raising=False)
    monkeypatch.setenv("HOME", "/home/me")
    assert child_environment().get("HOME") == "/home/me"
    assert "PYTHONPATH" not in child_environment()
