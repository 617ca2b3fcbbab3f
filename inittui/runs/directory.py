"""Run directories: their names, what is in them, making and removing them."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from inittui.errors import MachineError, UsageError
from inittui.experiment.records import Experiment
from inittui.experiment.run_names import LONGEST_NAME, check_run_name, check_wanted_name, is_id
from inittui.experiment.toml import to_toml
from inittui.files import at_home, read_small, sync_directory, write_whole
from inittui.text import sanitize

RUNS_VARIABLE = "INITTUI_RUNS_DIR"
"""The environment variable that says where runs are kept."""

ROOM_NEEDED = 8 * 2**20
"""Bytes that must be free for a run to start: its log many times over."""


@dataclass(frozen=True, slots=True)
class RunDirectory:
    """Where one run is kept."""

    path: Path

    @property
    def id(self) -> str:
        """``YYYYMMDD-HHMMSS-mmm-xxxxxx``: the start (UTC, to the millisecond), a random part."""
        return self.path.name

    @property
    def log(self) -> Path:
        """The run's events, one a line: the truth, only ever appended to."""
        return self.path / "events.jsonl"

    @property
    def experiment_file(self) -> Path:
        """The experiment as TOML, to be run again."""
        return self.path / "experiment.toml"

    @property
    def worker_log(self) -> Path:
        """What a training process without a terminal printed."""
        return self.path / "worker.log"

    @property
    def checkpoints(self) -> Path:
        """The weights of stacks that are not over, to go on from."""
        return self.path / "checkpoints"

    @property
    def lock(self) -> Path:
        """Locked by the process that writes the log, as long as it lives."""
        return self.path / "writer.lock"

    @property
    def holder_file(self) -> Path:
        """Who holds the lock."""
        return self.path / "writer.json"

    @property
    def beat_file(self) -> Path:
        """Where the process that writes the log counts up, as long as it lives."""
        return self.path / "writer.beat"

    @property
    def summary_file(self) -> Path:
        """What `inittui runs` shows of the run, kept so that it needn't read the log again."""
        return self.path / "summary.json"

    @property
    def name_file(self) -> Path:
        """The name that the run was given afterwards."""
        return self.path / "name.txt"


def runs_root(option: Path | None = None) -> Path:
    """Return where runs are kept: the option, else `RUNS_VARIABLE`, else the user's data."""
    if option is None:
        variable = os.environ.get(RUNS_VARIABLE)
        if variable:
            option = Path(variable)
    if option is None:
        import platformdirs

        option = platformdirs.user_data_path("inittui") / "runs"
    return at_home(option).absolute()


def new_id(now: float) -> str:
    """Return an ID for a run that starts now (seconds since 1970).

    IDs sort by time. 24 random bits keep apart those of one millisecond on several hosts.
    """
    moment = time.strftime("%Y%m%d-%H%M%S", time.gmtime(now))
    return f"{moment}-{int(now * 1000) % 1000:03d}-{os.urandom(3).hex()}"


def create_run(root: Path, experiment: Experiment, *, now: float | None = None) -> RunDirectory:
    """Make the directory of a new run, with its experiment in it.

    Raises:
        UsageError: a setting is text that no file can hold.
        MachineError: ``root`` can't be written to or is full; nothing is left behind.
    """
    made: list[Path] = []
    content = _as_file(experiment)
    try:
        _make_parents(root, made)
        _check_room(root)
        run = _make_directory(root, time.time() if now is None else now)
        made.append(run.path)
        write_whole(run.experiment_file, content)
        for path in made:
            sync_directory(path.parent)
    except BaseException as error:
        for path in reversed(made):
            with suppress(OSError):  # somebody else's run may be in it by now
                path.rmdir()
        if isinstance(error, OSError):
            raise MachineError(
                f"can't keep a run in {root}: {error.strerror or error}; "
                "choose another place with --runs-dir, or nothing with --no-save"
            ) from None
        raise
    return run


def create_named_run(root: Path, experiment: Experiment) -> RunDirectory:
    """Make the directory of a run that a person starts; one without a name gets one.

    Raises:
        UsageError: as `create_run`, or it can't have the name.
        MachineError: as `create_run`.
    """
    check_wanted_name(experiment.name)
    run = create_run(root, experiment)
    if not experiment.name:
        name_run(run)
    return run


def _as_file(experiment: Experiment) -> bytes:
    text = to_toml(experiment)
    try:
        return text.encode()
    except UnicodeEncodeError as error:
        line = text[: error.start].count("\n")
        shown = sanitize(text.split("\n")[line], 200)
        raise UsageError(f"no run can be kept of what is not UTF-8 text: {shown}") from None


def _make_parents(root: Path, made: list[Path]) -> None:
    """Make ``root`` and what is missing above it; note in ``made`` what was made."""
    missing = [path for path in (root, *root.parents) if not path.exists()]
    for path in reversed(missing):
        try:
            path.mkdir()
        except FileExistsError:  # another process was faster
            continue
        made.append(path)


def _check_room(root: Path) -> None:
    if not root.is_dir():
        raise NotADirectoryError(None, "it is not a directory")
    space = os.statvfs(root)
    free = space.f_bavail * space.f_frsize
    # Some network file systems tell nothing and report a size of 0.
    if space.f_blocks and free < ROOM_NEEDED:
        raise OSError(None, f"{free >> 20} MB are free, at least {ROOM_NEEDED >> 20} MB are needed")


def _make_directory(root: Path, now: float) -> RunDirectory:
    while True:
        run = RunDirectory(root / new_id(now))
        try:
            run.path.mkdir()
        except FileExistsError:
            continue
        return run


def run_directories(root: Path) -> Iterator[RunDirectory]:
    """Yield the runs in ``root``, the newest first; none where there is no such directory.

    A run is a directory that has an ID for its name; symbolic links are not followed.

    Raises:
        MachineError: ``root`` can't be read.
    """
    try:
        with os.scandir(root) as entries:
            names = [e.name for e in entries if is_id(e.name) and e.is_dir(follow_symlinks=False)]
    except FileNotFoundError:
        return
    except OSError as error:
        raise MachineError(f"can't read the runs in {root}: {error.strerror or error}") from None
    for name in sorted(names, reverse=True):
        yield RunDirectory(root / name)


def rename_run(run: RunDirectory, name: str) -> None:
    """Give a run another name; its ID and its log stay as they are.

    Raises:
        UsageError: it is no name (`check_run_name`).
        MachineError: it can't be written down.
    """
    check_run_name(name, own_id=run.id)
    try:
        write_whole(run.name_file, name.encode(errors="replace"))
    except OSError as error:
        raise MachineError(f"can't rename run {run.id}: {error.strerror or error}") from None


def name_run(run: RunDirectory) -> None:
    """Give a new run a name that none of the others in its directory has, where it can be kept."""
    from inittui.runs.names import new_name

    others = (read_name(each) for each in run_directories(run.path.parent))
    with suppress(OSError, MachineError):
        write_whole(run.name_file, new_name({name for name in others if name}).encode())


def read_name(run: RunDirectory) -> str | None:
    """Return the name that a run was given afterwards; None if it was not, or can't be read."""
    try:
        name = read_small(run.name_file, 4 * LONGEST_NAME)
    except (OSError, MachineError):
        return None
    return sanitize(name.decode(errors="replace"), LONGEST_NAME)
