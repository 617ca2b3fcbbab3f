from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from inittui.training.seats import sent_code
from inittui.training.seats.messages import Code

CODE = Code(place="theirs.py", path="theirs.py", files={"theirs.py": b"X = 1", "sub/own.py": b""})
"""As a driver sends it."""

OWNER = """
from tests.training.seats.test_sent_code import CODE
from inittui.training.seats import sent_code
sent_code.write_down(CODE)
print("written", flush=True)
input()
"""


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", None)
    return tmp_path


def _owner() -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", OWNER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None and process.stdout.readline() == "written\n"
    return process


def _aged(folder: Path) -> Path:
    long_ago = time.time() - 3600
    os.utime(folder, (long_ago, long_ago))
    return folder


def test_what_a_killed_process_left_is_removed_by_the_next(temporary: Path) -> None:
    owner = _owner()
    owner.send_signal(signal.SIGKILL)
    owner.wait()
    (left,) = map(_aged, temporary.iterdir())
    sent_code.write_down(CODE)
    (own,) = temporary.iterdir()
    assert own != left and (own / "sub" / "own.py").is_file()
    sent_code.remove_own()
    assert not list(temporary.iterdir())


def test_what_a_living_process_holds_stays(temporary: Path) -> None:
    owner = _owner()
    (held,) = map(_aged, temporary.iterdir())
    sent_code.write_down(CODE)
    assert (held / "theirs.py").read_bytes() == b"X = 1"
    owner.communicate("\n")
    sent_code.remove_own()


def test_a_folder_that_may_not_be_locked_yet_stays(temporary: Path) -> None:
    new = temporary / "inittui-code-new"
    new.mkdir()
    sent_code.write_down(CODE)
    sent_code.remove_own()
    assert new.is_dir()


def test_what_is_no_folder_of_sent_code_stays(temporary: Path) -> None:
    elsewhere = temporary / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "kept").write_text("")
    _aged(elsewhere)
    (temporary / "inittui-code-link").symlink_to(elsewhere)
    (temporary / "inittui-code-file").write_text("")
    _aged(temporary / "inittui-code-file")
    before = sorted(temporary.rglob("*"))
    sent_code.write_down(CODE)
    sent_code.remove_own()
    assert sorted(temporary.rglob("*")) == before
