"""The line over the curves: of one run its settings, of several what they differ in."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import replace

from inittui.events.records import DeviceUsed
from inittui.experiment.records import (
    Experiment,
    InspectionConfig,
    ModelConfig,
    TrainingConfig,
)
from inittui.runs import create_run
from inittui.tui.open_run import OpenRun, Phase
from inittui.tui.open_runs import OpenRuns
from inittui.tui.run_header import differences, header_of
from inittui.views.frame import Frame
from tests.support.tui_shelf import Shelf


def test_a_run_is_told_in_one_line(shelf: Shelf) -> None:
    runs = OpenRuns(shelf.root)
    runs.show(shelf.put("seeds"))
    said = str(header_of(runs.shown, Frame(100)))
    for part in ("5eed50", "mlp", "fashion-mnist", "2 epochs", "batch 100", "adam 0.001",
                 "seeds 0 to 2", "cpu"):  # fmt: skip
        assert part in said
    assert header_of(runs.shown, Frame(30)).cell_len <= 30


def test_a_setting_that_is_swept_has_all_its_values(tmp_path: Path) -> None:
    experiment = Experiment(sweeps=("training.lr=0.1|0.01", "model.depth=2|4"))
    directory = create_run(tmp_path, experiment)
    said = str(header_of([OpenRun(directory)], Frame(100)))
    assert "adam lr 0.1|0.01" in said
    assert "mlp (depth 2|4)" in said
    assert "0.001" not in said
    assert "batch 100" in said


def test_a_live_run_tells_its_pace_and_what_its_gpus_are_used_for(shelf: Shelf) -> None:
    runs = OpenRuns(shelf.root)
    runs.show(shelf.put("seeds"))
    run = runs.shown[0]
    assert "steps/s" not in str(header_of(runs.shown, Frame(300)))
    run.phase = Phase.LIVE
    steps = sum(trial.steps for trial in run.state.trials)
    run.began, run._steps_before = (1000.0, 0.5), steps - 2_468
    for after, said in ((1000.9, ""), (1002.0, "1,200 steps/s"), (1100.0, "25 steps/s")):
        run.state.last_at = after
        header = str(header_of(runs.shown, Frame(300)))
        assert header.endswith(f" cpu · {said}" if said else " cpu")
    gib = 2**30
    for place, busy in (("node1 cuda:0", 0.97), ("node2 cuda:0", None)):
        run.state.apply(DeviceUsed(at=1100.0, memory=3 * gib, total=80 * gib, busy=busy,
                                   place=place))  # fmt: skip
    first, second = str(header_of(runs.shown, Frame(120), is_roomy=True)).split("\n")
    assert first.endswith("cpu")
    assert second == (
        "25 steps/s · node1 cuda:0 3.0 GiB of 80.0 GiB, busy 97% · node2 cuda:0 3.0 GiB of 80.0 GiB"
    )
    narrow = str(header_of(runs.shown, Frame(80)))
    assert "\n" not in narrow
    settings = "5eed50  mlp · fashion-mnist · 2 epochs · adam 0.001"
    assert narrow == f"{settings} · … · 25 steps/s"
    narrower = "5eed50  mlp · fashion-mnist · adam 0.001 · … · 25 steps/s"
    assert str(header_of(runs.shown, Frame(60))) == narrower
    run.phase = Phase.ENDED
    assert "\n" not in str(header_of(runs.shown, Frame(120), is_roomy=True))
    assert "steps/s" not in str(header_of(runs.shown, Frame(80)))


def test_of_several_only_what_differs_is_told(shelf: Shelf) -> None:
    runs = OpenRuns(shelf.root)
    runs.show(shelf.put("classic"))
    runs.show(shelf.put("seeds"), add=True)
    first, second = str(header_of(runs.shown, Frame(100))).split("\n")
    assert (first, second) == ("c1a551  seeds 1", "5eed50  seeds 3")
    runs.show(shelf.put("diverged"), add=True)
    assert str(header_of(runs.shown, Frame(100))).endswith("and 1 more run")


def test_a_value_of_several_words_does_not_read_on_from_its_label(tmp_path: Path) -> None:
    runs = [
        OpenRun(create_run(tmp_path, Experiment(inspection=InspectionConfig(every=every))))
        for every in ("epoch", None)
    ]
    first, second = str(header_of(runs, Frame(100))).split("\n")
    assert first.endswith("  inspect each epoch")
    assert second.endswith("  inspect each: not in between")


def test_differences_are_those_of_settings() -> None:
    one = Experiment()
    other = replace(one, name="x", schemes=("rule",), training=TrainingConfig(lr=0.1, epochs=2))
    assert differences([one, other]) == ["training.lr"]
    assert differences([one, replace(one, name="y")]) == []


def test_a_long_name_leaves_room_for_what_was_run_and_the_pace(tmp_path: Path) -> None:
    model = ModelConfig(depth=12, width=64)
    experiment = Experiment(model=model, name="a very long name of a run that somebody gave it")
    run = OpenRun(create_run(tmp_path, experiment), phase=Phase.LIVE)
    run.open()
    run.name, run.began, run.state.last_at = experiment.name, (1000.0, 0.0), 1010.0
    run._steps_before = -250
    assert str(header_of([run], Frame(78))) == (
        "a very long name o…  mlp (depth 12, width 64) · adam 0.001 · … · 25 steps/s"
    )
    for width in range(20, 140):
        line = str(header_of([run], Frame(width)))
        assert len(line) <= width
        assert line.endswith(("25 steps/s", "steps/s"))


@pytest.mark.parametrize(
    ("steps", "said"), [(0, " cpu"), (3, "0.3 steps/s"), (95, "9.5 steps/s"), (123, "12 steps/s")]
)
def test_a_slow_pace_is_none_of_zero(shelf: Shelf, steps: int, said: str) -> None:
    runs = OpenRuns(shelf.root)
    runs.show(shelf.put("seeds"))
    run = runs.shown[0]
    run.phase, run.began, run.state.last_at = Phase.LIVE, (1000.0, 0.5), 1010.0
    run._steps_before = sum(trial.steps for trial in run.state.trials) - steps
    assert str(header_of(runs.shown, Frame(300))).endswith(said)


@pytest.mark.parametrize("width", [40, 60, 80, 120])
@pytest.mark.parametrize(("is_roomy", "count", "more"), [
    (False, 2, ""), (False, 3, "  and 1 more run"), (False, 5, "  and 3 more runs"),
    (True, 4, ""), (True, 6, "  and 2 more runs"),
])  # fmt: skip
def test_runs_that_have_no_line_are_counted(
    tmp_path: Path, width: int, is_roomy: bool, count: int, more: str
) -> None:
    """The count is never what is cut away: else a run's curves are seen and it isn't named."""
    runs = []
    for number in range(count):
        training = TrainingConfig(lr=0.1 + number, epochs=number + 1, batch_size=7 + number,
                                  optimizer="sgd" if number % 2 else "adam")  # fmt: skip
        runs.append(OpenRun(create_run(tmp_path, Experiment(training=training))))
    lines = str(header_of(runs, Frame(width), is_roomy=is_roomy)).split("\n")
    assert len(lines) == min(count, 4 if is_roomy else 2)
    assert max(map(len, lines)) <= width
    assert lines[-1].endswith(more)
    assert "more run" not in lines[-1] or more
