"""Names for runs that were given none."""

from __future__ import annotations

from pathlib import Path

import pytest

from inittui.errors import UsageError
from inittui.experiment.records import Experiment
from inittui.runs import create_run, find_run, name_run, read_name
from inittui.runs.directory import check_name
from inittui.runs.names import ADJECTIVES, ANIMALS, new_name


def test_names_are_two_plain_words() -> None:
    for words in (ADJECTIVES, ANIMALS):
        assert len(set(words)) == len(words) >= 100
        assert all(word.isascii() and word.isalpha() and word.islower() for word in words)
    check_name(new_name(()))


def test_a_name_that_is_taken_is_not_given_again() -> None:
    taken = {f"{adjective}-{animal}" for adjective in ADJECTIVES for animal in ANIMALS}
    free = "brisk-otter"
    assert new_name(taken) not in taken
    assert new_name(taken - {free}) not in taken - {free}


def test_each_run_is_found_by_its_name(tmp_path: Path) -> None:
    runs = [create_run(tmp_path, Experiment()) for _ in range(20)]
    for run in runs:
        name_run(run)
    names = [read_name(run) or "" for run in runs]
    assert len(set(names)) == 20
    assert [find_run(tmp_path, name) for name in names] == runs


@pytest.mark.parametrize("name", ["20261127", "20261127-2016", "20261127-201634-687-3d"])
def test_what_begins_an_id_is_no_name(name: str) -> None:
    with pytest.raises(UsageError, match="looks like the beginning of an ID"):
        check_name(name)
    check_name("20261127b")
