"""A check of a model, in a process of its own: the UI never loads torch, nor a person's code."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

import msgspec

from inittui.documents.check import CheckDocument
from inittui.experiment.records import Experiment
from inittui.experiment.settings import SETTINGS
from inittui.text import sanitize
from inittui.tui.form_words import in_form_words
from inittui.user_code import child_environment

_MAIN = "from inittui.cli.main import main; main()"
_LONGEST_ERROR = 4_096


def check_words(experiment: Experiment) -> list[str]:
    """Return the command line that checks an experiment's model, from ``check`` on."""
    words = ["check", experiment.model.name]
    for setting in SETTINGS:
        if "check" in setting.commands:
            text = setting.write(setting.of(experiment))
            words += setting.words(text) or [] if text else []
    return words


class CheckProcess:
    """Begins as it is made; `poll` says when it is over, and then there is a document or a line."""

    def __init__(self, experiment: Experiment) -> None:
        self.document: CheckDocument | None = None
        self.failure = ""
        """Why there is none; one line."""
        self._folder = tempfile.TemporaryDirectory(prefix="inittui-", ignore_cleanup_errors=True)
        folder = Path(self._folder.name)
        self._output, self._errors = folder / "check.json", folder / "errors"
        words = [*check_words(experiment), "--json", "--fail-on", "never"]
        with self._errors.open("wb") as errors:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-c", _MAIN, *words, "--output", str(self._output)],
                stdin=subprocess.DEVNULL,
                stdout=errors,
                stderr=errors,
                start_new_session=True,
                env=child_environment(),
            )

    @property
    def is_over(self) -> bool:
        return self.document is not None or bool(self.failure)

    def poll(self) -> None:
        """Take in what there is; wait for nothing."""
        if self.is_over or self._process.poll() is None:
            return
        try:
            self.document = msgspec.json.decode(
                in_form_words(self._output.read_text("utf-8")), type=CheckDocument
            )
        except (OSError, UnicodeError, msgspec.DecodeError):
            self.failure = in_form_words(self._last_line())
        self._folder.cleanup()

    def _last_line(self) -> str:
        said = self._errors.read_bytes()[-_LONGEST_ERROR:].decode("utf-8", "replace").splitlines()
        line = next((line for line in reversed(said) if line.strip()), "")
        told = sanitize(line.removeprefix("inittui: "))
        return told or f"the check ended with {self._process.returncode} and said nothing"

    def close(self) -> None:
        """End it where it isn't over."""
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()
        self._folder.cleanup()
