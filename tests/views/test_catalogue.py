"""What the picker says of an initializer: in a given room, and with a sign where it is cut."""

from __future__ import annotations

import pytest

from inittui.initializers import CATALOGUE
from inittui.views.catalogue import initializer_summary
from inittui.views.frame import Frame


@pytest.mark.parametrize("ascii_only", [False, True])
@pytest.mark.parametrize("name", CATALOGUE)
@pytest.mark.parametrize("width", [28, 38, 58, 100])
def test_what_it_takes_is_never_lost(name: str, width: int, ascii_only: bool) -> None:
    frame = Frame(width, ascii_only)
    lines = str(initializer_summary(CATALOGUE[name], frame, 4)).split("\n")
    assert len(lines) <= 4
    assert max(map(len, lines)) <= width
    assert [line[:8] for line in lines].count("values  ") == 1
    assert [line[:8] for line in lines].count("takes   ") == 1
    whole = str(initializer_summary(CATALOGUE[name], Frame(400), 4))
    for line in whole.split("\n"):
        said = frame.say(line).split()
        cut = " ".join(said) not in " ".join(" ".join(lines).split())
        is_source = line.startswith("source")
        assert not cut or is_source or any(each.endswith(frame.ellipsis) for each in lines)


def test_where_there_is_room_all_of_it_is_told() -> None:
    said = str(initializer_summary(CATALOGUE["uniform"], Frame(100), 4)).split("\n")
    assert said[1:3] == ["values  U[low, high)", "takes   low=0, high=1"]
    assert said[3].startswith("source  ")
