"""One frozen environment for all tests, and snapshots as files that can be read in a review."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
import pytest_textual_snapshot
import textual._wait
import textual.constants
from hypothesis import settings
from syrupy.assertion import SnapshotAssertion
from syrupy.extensions.single_file import SingleFileSnapshotExtension, WriteMode
from syrupy.location import PyTestLocation
from syrupy.types import SerializableData
from textual.app import App
from textual.widgets import Input, TextArea

pytest_plugins = ["tests.support.torture"]

TESTS = Path(__file__).resolve().parent
SNAPSHOTS = TESTS.parent / "snapshots"

for name in (
    "NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE", "COLORTERM", "LC_ALL",
    "LC_CTYPE",
):  # fmt: skip
    os.environ.pop(name, None)
os.environ.update(TERM="xterm-256color", COLUMNS="80", LINES="24", TZ="UTC", LANG="C.UTF-8")
if "PYTEST_XDIST_WORKER" in os.environ:
    # Workers that each use all cores wait for each other most of the time.
    os.environ.setdefault("OMP_NUM_THREADS", "1")

# Ignored in a shell's background or under nohup, which the processes of tests would inherit.
for number, usual in (
    (signal.SIGINT, signal.default_int_handler),
    (signal.SIGTERM, signal.SIG_DFL),
    (signal.SIGHUP, signal.SIG_DFL),
):
    if signal.getsignal(number) is signal.SIG_IGN:
        signal.signal(number, usual)

# The snapshot plugin has imported textual already: environment variables come too late for it.
textual.constants.TEXTUAL_ANIMATIONS = "none"
App.theme._default = "textual-dark"
Input.cursor_blink._default = False
TextArea.cursor_blink._default = False
# A pilot looks so often whether the process has nothing left to do, and one test waits for that
# hundreds of times: in looks of 20 ms, most of the time goes by with nothing to be done.
textual._wait.SLEEP_GRANULARITY = 1 / 200
textual._wait.SLEEP_IDLE = textual._wait.SLEEP_GRANULARITY / 20


class TopLevel:
    """Keeps snapshots under ``snapshots/<folder>/<test module>/``, as the tests lie."""

    @classmethod
    def dirname(cls, *, test_location: PyTestLocation) -> str:
        folder = Path(test_location.filepath).resolve().parent.relative_to(TESTS)
        return str(SNAPSHOTS / folder / test_location.basename)


class SvgSnapshot(TopLevel, pytest_textual_snapshot.SVGImageExtension):
    _file_extension = file_extension = "svg"


class TextSnapshot(TopLevel, SingleFileSnapshotExtension):
    """One text file per snapshot; spaces at the ends of lines don't count."""

    _write_mode = WriteMode.TEXT
    _file_extension = file_extension = "txt"

    def serialize(self, data: SerializableData, **_: object) -> str:
        return "\n".join(line.rstrip() for line in str(data).splitlines()) + "\n"


pytest_textual_snapshot.SVGImageExtension = SvgSnapshot  # it is looked up when a test asks


@pytest.fixture
def snapshot(snapshot: SnapshotAssertion) -> SnapshotAssertion:
    return snapshot.use_extension(TextSnapshot)


@pytest.fixture(scope="session", autouse=True)
def _places(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep the developer's own runs, settings and caches out.

    The decoded data are shared by all tests and workers: decoding takes as long as many tests.
    """
    own = tmp_path_factory.mktemp("places")
    parallel = "PYTEST_XDIST_WORKER" in os.environ
    base = tmp_path_factory.getbasetemp()
    shared = (base.parent if parallel else base) / "shared"
    with pytest.MonkeyPatch.context() as patch:
        for variable in list(os.environ):
            if variable.startswith("INITTUI_"):
                patch.delenv(variable)
        for kind in ("DATA", "CONFIG", "STATE", "CACHE"):
            patch.setenv(f"XDG_{kind}_HOME", str(own / kind.lower()))
        patch.setenv("INITTUI_RUNS_DIR", str(own / "runs"))
        patch.setenv("INITTUI_CONFIG_DIR", str(own / "config"))
        patch.setenv("INITTUI_CACHE_DIR", str(shared / "cache"))
        yield


@pytest.fixture(autouse=True)
def _runs_of_one_test(_places: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INITTUI_RUNS_DIR", str(tmp_path / "runs"))


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "snapshot: compares with a file in snapshots/")
    from tests.support.torture import examples

    # Examples take longer where the machine is shared, which says nothing about the code.
    settings.register_profile(
        "shared machine", deadline=None, print_blob=True, max_examples=examples(40)
    )
    settings.load_profile("shared machine")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what uses snapshots, so that these tests alone can be run to update them."""
    for item in items:
        if {"snapshot", "snap_compare"} & set(getattr(item, "fixturenames", ())):
            item.add_marker("snapshot")
