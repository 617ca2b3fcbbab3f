"""A run that was killed after its first checkpoint, to be copied and mistreated."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

from inittui.runs import RunDirectory
from tests.support.essence import essence, the_run
from tests.support.processes import Launcher

SETTINGS = (
    "rule", "default", "--hidden", "32", "--limit", "2600", "--batch-size", "20",
    "--epochs", "6",
)  # fmt: skip


class Interrupted:
    """One killed run, and what it would have measured."""

    def __init__(self, inittui: Launcher, root: Path) -> None:
        result = inittui.run("compare", *SETTINGS, "-q", "--runs-dir", root / "whole")
        assert result.code == 0, result.err
        self.essence = essence(the_run(root / "whole"))
        self._root = root / "killed"
        for _ in range(10):
            if self._kill_one(inittui):
                return
        raise AssertionError("no run could be killed between its first checkpoint and its end")

    def _kill_one(self, inittui: Launcher) -> bool:
        shutil.rmtree(self._root, ignore_errors=True)
        options = ("-q", "--checkpoint-every", "0.1", "--runs-dir", self._root)
        process = inittui.start("compare", *SETTINGS, *options)
        for _ in range(3000):
            if any(self._root.glob("*/checkpoints/stack-*")):
                break
            time.sleep(0.01)
        process.kill()
        return process.wait().code == -9 and any(self._root.glob("*/checkpoints/stack-*"))

    def copy(self, root: Path) -> RunDirectory:
        """Return a copy of the run, the only one in a new runs directory."""
        shutil.copytree(self._root, root, symlinks=True)
        return the_run(root)
