"""Names in sentences."""

from __future__ import annotations

import pytest

from inittui.results.summary import summarize
from inittui.views.conclusions import names
from tests.support.runs import Made, made_run


@pytest.mark.parametrize(
    ("count", "said"),
    [
        (1, "s1"),
        (2, "s1 and s2"),
        (5, "s1, s2, s3, s4 and s5"),
        (6, "s1, s2, s3, s4 and 2 more"),
        (40, "s1, s2, s3, s4 and 36 more"),
    ],
)
def test_a_few_names_are_said_and_the_others_counted(count: int, said: str) -> None:
    made = [Made(f"s{number}", 1 - number / 100) for number in range(1, count + 1)]
    assert names(summarize(made_run(made))) == said
