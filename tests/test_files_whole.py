"""Files that are written whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from inittui.files import remove_unfinished, whole_file, write_named, write_whole


def test_readers_see_the_old_file_until_the_new_one_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "file"
    write_whole(path, b"old")
    with whole_file(path) as file:
        file.write(b"new")
        file.flush()
        assert path.read_bytes() == b"old"
    assert path.read_bytes() == b"new"
    assert list(tmp_path.iterdir()) == [path]


def test_who_raises_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "file"
    write_whole(path, b"old")
    with pytest.raises(KeyboardInterrupt), whole_file(path) as file:
        file.write(b"half")
        raise KeyboardInterrupt
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_only_what_was_left_of_this_file_is_removed(tmp_path: Path) -> None:
    path = tmp_path / "[a]*"
    others = {tmp_path / name for name in ("[a]*", ".[a]*.bak", ".a.0123abcd", ".[a]*.0123abcde")}
    for other in (*others, tmp_path / ".[a]*.0123abcd"):
        other.touch()
    remove_unfinished(path)
    assert set(tmp_path.iterdir()) == others


def test_what_a_person_named_takes_what_is_written_and_stays_what_it_is(tmp_path: Path) -> None:
    pipe, link = tmp_path / "pipe", tmp_path / "link"
    os.mkfifo(pipe)
    link.symlink_to(pipe)  # as /dev/stdout is one
    reader = os.open(pipe, os.O_RDWR | os.O_NONBLOCK)
    for named in (pipe, link):
        write_named(named, b"content")
        assert os.read(reader, 100) == b"content"
    os.close(reader)
    assert pipe.is_fifo()
    assert link.is_symlink()

    file = tmp_path / "file"
    write_whole(file, b"old")
    link.unlink()
    link.symlink_to(file)
    write_named(link, b"new")
    assert link.is_symlink()
    assert file.read_bytes() == b"new"
    assert sorted(tmp_path.iterdir()) == [file, link, pipe]
