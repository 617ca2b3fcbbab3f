"""A power cut at any moment: what the disk was asked to keep is enough to go on."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from inittui.events.records import EpochEnded, StepLosses, TrialEnded
from inittui.experiment.records import DataConfig, Experiment, ModelConfig, TrainingConfig
from inittui.files import write_whole
from inittui.recording.recorder import Recorder
from inittui.recording.resume import open_resumption
from inittui.results.state import RunState
from inittui.runs import RunDirectory, create_run, load_state
from inittui.training.prepared import prepare


class Disk:
    """What a disk holds that loses all that it wasn't asked to keep.

    The content of a file is kept by `os.fsync` of the file; its name by `os.fsync` of the directory
    that it is in, where it stands then.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._contents: dict[int, bytes] = {}
        self._names: dict[Path, dict[str, int | None]] = {}
        self._fsync = os.fsync

    def fsync(self, descriptor: int) -> None:
        self._fsync(descriptor)
        path = Path(f"/proc/self/fd/{descriptor}").readlink()
        if path.is_dir():
            self._names[path] = {
                each.name: None if each.is_dir() else each.stat().st_ino for each in path.iterdir()
            }
        elif path.exists():
            self._contents[path.stat().st_ino] = path.read_bytes()

    def after_a_power_cut(self, place: Path) -> Path:
        """Write down what is left."""
        self._restore(self._root, place)
        return place

    def _restore(self, source: Path, target: Path) -> None:
        target.mkdir()
        for name, inode in self._names.get(source, {}).items():
            if inode is None:
                self._restore(source / name, target / name)
            elif inode in self._contents:
                (target / name).write_bytes(self._contents[inode])


@pytest.fixture
def disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Disk:
    disk = Disk(tmp_path / "disk")
    (tmp_path / "disk").mkdir()
    monkeypatch.setattr(os, "fsync", disk.fsync)
    return disk


EXPERIMENT = Experiment(
    schemes=("rule", "default"),
    model=ModelConfig(hidden=(8,)),
    data=DataConfig(limit=1000),
    training=TrainingConfig(epochs=3, stack=1),
)


def test_a_new_run_keeps_its_name_and_its_experiment(disk: Disk, tmp_path: Path) -> None:
    run = create_run(tmp_path / "disk" / "a" / "runs", EXPERIMENT)
    left = disk.after_a_power_cut(tmp_path / "left") / "a" / "runs" / run.id / "experiment.toml"
    assert left.read_bytes() == run.experiment_file.read_bytes()


def test_a_file_that_was_replaced_is_the_new_one(disk: Disk, tmp_path: Path) -> None:
    for content in (b"old", b"new"):
        write_whole(tmp_path / "disk" / "name.txt", content)
        left = disk.after_a_power_cut(tmp_path / content.decode())
        assert (left / "name.txt").read_bytes() == content


def test_recorded_epochs_are_on_the_disk(disk: Disk, tmp_path: Path) -> None:
    run = create_run(tmp_path / "disk", EXPERIMENT)
    recorder = Recorder(prepare(EXPERIMENT), run, checkpoint_seconds=0.0)
    epochs: set[tuple[int, int]] = set()
    ended = cuts = 0
    state = RunState()
    for event in recorder.events(should_stop=lambda: False):
        state.apply(event)
        ended += isinstance(event, TrialEnded)
        if isinstance(event, EpochEnded):
            epochs.add((event.trial, event.epoch))
        if isinstance(event, StepLosses) and epochs:
            # The next steps were taken: all epochs before them are safe.
            cuts += 1
            known = _left(disk, run, tmp_path / f"cut{cuts}")
            assert epochs <= {(t.index, e.epoch) for t in known.trials for e in t.epochs}
    assert (ended, recorder.failure) == (2, None)
    assert cuts >= 4
    left = _left(disk, run, tmp_path / "end")
    assert left.status == "finished"
    assert [t.losses for t in left.trials] == [t.losses for t in state.trials]


def test_a_run_goes_on_after_a_power_cut_as_if_nothing_had_happened(
    disk: Disk, tmp_path: Path
) -> None:
    run = create_run(tmp_path / "disk", EXPERIMENT)
    epochs = 0
    cut = False
    whole = RunState()
    recorder = Recorder(prepare(EXPERIMENT), run, checkpoint_seconds=0.0)
    for event in recorder.events(should_stop=lambda: False):
        whole.apply(event)
        epochs += isinstance(event, EpochEnded)
        if isinstance(event, StepLosses) and epochs == 5 and not cut:
            cut = True  # in the last epoch of the second trial, which has a checkpoint
            disk.after_a_power_cut(tmp_path / "left")
    again = RunDirectory(tmp_path / "left" / run.id)
    assert any(again.checkpoints.iterdir())
    began = load_state(again)[0]
    assert [len(t.epochs) for t in began.trials] == [3, 2]
    again_recorder = Recorder.of_resumption(open_resumption(again))
    events = list(again_recorder.events(should_stop=lambda: False))
    assert sum(isinstance(event, EpochEnded) for event in events) == 1
    state, damage = load_state(again)
    assert not damage.messages()
    assert [t.losses for t in state.trials] == [t.losses for t in whole.trials]
    assert state.status == "finished"


def _left(disk: Disk, run: RunDirectory, place: Path) -> RunState:
    return load_state(RunDirectory(disk.after_a_power_cut(place) / run.id))[0]
