"""Experiment files as editors write them."""

from __future__ import annotations

import codecs
from pathlib import Path

import pytest

from inittui.errors import UsageError
from inittui.experiment.toml import load_experiment

TEXT = 'schemes = ["zeros"]\n[training]\nepochs = 3\n'


@pytest.mark.parametrize("text", [TEXT, TEXT.replace("\n", "\r\n")], ids=["unix", "windows"])
@pytest.mark.parametrize("mark", [b"", codecs.BOM_UTF8], ids=["plain", "marked"])
def test_a_byte_order_mark_is_no_part_of_the_text(text: str, mark: bytes, tmp_path: Path) -> None:
    path = tmp_path / "experiment.toml"
    path.write_bytes(mark + text.encode())
    experiment = load_experiment(path)
    assert experiment.schemes == ("zeros",)
    assert experiment.training.epochs == 3


def test_lines_are_counted_behind_a_mark_as_without(tmp_path: Path) -> None:
    path = tmp_path / "experiment.toml"
    path.write_bytes(codecs.BOM_UTF8 + b"schems = []\n")
    with pytest.raises(UsageError, match=r"experiment\.toml, line 1: unknown key 'schems'"):
        load_experiment(path)


@pytest.mark.parametrize(
    "content",
    [codecs.BOM_UTF16_LE + TEXT.encode("utf-16-le"), codecs.BOM_UTF8 * 2 + TEXT.encode()],
    ids=["utf-16", "twice"],
)
def test_other_marks_are_refused_in_one_line(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "experiment.toml"
    path.write_bytes(content)
    with pytest.raises(UsageError) as caught:
        load_experiment(path)
    assert "\n" not in str(caught.value)
