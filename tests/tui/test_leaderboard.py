"""Lines of contestants: in any width, with the report's numbers."""

from __future__ import annotations

from dataclasses import replace

import pytest
from msgspec.structs import replace as msgspec_replace

from inittui.results.summary import first_steps
from inittui.tui.chart_options import ChartOptions, Sort, contestants
from inittui.tui.leaderboard import best_of, ordered, standings
from inittui.tui.open_runs import OpenRuns
from tests.support.runs import Made, made_run
from tests.support.tui_shelf import Shelf


def shown(shelf: Shelf, name: str) -> OpenRuns:
    runs = OpenRuns(shelf.root)
    runs.show(shelf.put(name))
    return runs


def rows_of(runs: OpenRuns, options: ChartOptions) -> list[str]:
    return [str(line).rstrip() for line in standings(runs.contestants(), options, 120)][1:]


@pytest.mark.parametrize("ascii_only", [False, True])
@pytest.mark.parametrize("name", ["classic", "seeds", "diverged", "interrupted", "running"])
def test_no_line_is_wider_and_the_end_is_told(shelf: Shelf, name: str, ascii_only: bool) -> None:
    runs = shown(shelf, name)
    for width in range(16, 130):
        lines = standings(runs.contestants(), ChartOptions(), width, step=7, ascii_only=ascii_only)
        assert len(lines) == 1 + len(runs.contestants())
        assert max(line.cell_len for line in lines) <= width
        assert all(str(line).isascii() for line in lines) or not ascii_only


def test_accuracies_are_those_of_the_run(shelf: Shelf) -> None:
    (normal,) = (row for row in rows_of(shown(shelf, "seeds"), ChartOptions()) if " normal " in row)
    assert "80.90 ± " in normal  # as the report says: "normal is best with 80.90 %"


def test_an_interrupt_of_some_seeds_is_told(shelf: Shelf) -> None:
    rows = rows_of(shown(shelf, "interrupted"), ChartOptions())
    assert all(row.endswith("interrupted") for row in rows)


def test_a_hidden_contestant_says_so(shelf: Shelf) -> None:
    runs = shown(shelf, "classic")
    options = ChartOptions(hidden=frozenset({runs.contestants()[0].key}))
    assert [row.endswith("hidden") for row in rows_of(runs, options)] == [True] + [False] * 6


def test_the_best_is_marked_and_leads_when_it_has_ended(shelf: Shelf) -> None:
    runs = shown(shelf, "seeds")
    everyone = runs.contestants()
    best = best_of(everyone)
    assert best is not None
    assert best.scheme == "normal"
    assert [row for row in rows_of(runs, ChartOptions()) if " 1st " in row] == [
        row for row in rows_of(runs, ChartOptions()) if " normal 1st " in row
    ]
    assert ordered(everyone, "auto")[0] is best
    assert ordered(everyone, "listed") == everyone
    losses = [c.trials[0].losses[-1] for c in ordered(everyone, "loss")]
    assert losses[0] < losses[-1]


def test_long_names_are_told_apart(shelf: Shelf) -> None:
    everyone = shown(shelf, "seeds").contestants()
    names = [f"variance_scaling:scale=1.75/normal:std=0.2236 depth={n}" for n in (10, 5, 2)]
    renamed = [replace(each, label=name) for each, name in zip(everyone, names, strict=False)]
    rows = [str(line) for line in standings(renamed, ChartOptions(), 80)][1:]
    for row, depth in zip(rows, ("=10", "=5", "=2"), strict=True):
        assert row.split("  ")[0].removesuffix(" 1st").endswith(depth)


def test_contestants_of_a_live_run_stay_where_they_are(shelf: Shelf) -> None:
    everyone = shown(shelf, "running").contestants()
    assert ordered(everyone, "auto") == everyone
    assert best_of(everyone[:1]) is None


def test_layers_are_told_beside_the_losses(shelf: Shelf) -> None:
    heading, *rows = [str(line) for line in standings(
        shown(shelf, "inspected").contestants(), ChartOptions(), 120)]  # fmt: skip
    assert "signal" in heading
    (zeros,) = (row for row in rows if " zeros " in row)
    assert zeros[heading.index("gradient") :].startswith("✕✕✕ ")


def test_the_heading_says_what_the_lines_are_sorted_by(shelf: Shelf) -> None:
    live, ended = (shown(shelf, name).contestants() for name in ("running", "classic"))
    sorts: tuple[Sort, ...] = ("auto", "accuracy", "loss", "listed")
    for ascii_only, sign in ((False, "▾"), (True, "v")):
        heads = [
            standings(ended, ChartOptions(sort=sort), 120, ascii_only=ascii_only)[0].plain
            for sort in sorts
        ]
        for head, title in zip(heads, ("accuracy", "accuracy", "loss", "contestant"), strict=True):
            assert f"{title}{sign}" in head
    assert "contestant▾" in standings(live, ChartOptions(), 120)[0].plain


def test_the_first_loss_is_said_to_go_over_the_steps_that_it_goes_over(shelf: Shelf) -> None:
    """Of a run with fewer steps than a hundred it is over all of them, as the report says."""
    runs = shown(shelf, "seeds")
    heading = str(standings(runs.contestants(), ChartOptions(), 160)[0])
    assert f"first {first_steps(runs.shown[0].state)} " in heading
    state = runs.shown[0].state
    assert state.started is not None
    training = msgspec_replace(state.started.experiment.training, epochs=2)
    experiment = msgspec_replace(state.started.experiment, training=training)
    state.started = msgspec_replace(state.started, steps_per_epoch=2, experiment=experiment)
    assert "first 4 " in str(standings(runs.contestants(), ChartOptions(), 160)[0])
    runs.show(shelf.put("classic"), add=True)
    assert "first loss" in str(standings(runs.contestants(), ChartOptions(), 160)[0])


@pytest.mark.parametrize(("highest", "is_marked"), [(0.102, False), (0.6, True)])
def test_nobody_is_first_among_those_that_stay_at_chance(
    shelf: Shelf, highest: float, is_marked: bool
) -> None:
    """The verdict says that they do: a mark beside it would say otherwise."""
    runs = shown(shelf, "classic")
    runs.shown[0].state = made_run([
        Made("zeros", 0.097, val_loss=2.303), Made("ones", highest, val_loss=2.0),
    ])  # fmt: skip
    everyone = contestants(runs.shown)
    assert (best_of(everyone) is not None) is is_marked
    rows = [str(line) for line in standings(everyone, ChartOptions(), 120)]
    assert any(" 1st " in row for row in rows) is is_marked


def test_what_diverged_or_learns_nothing_is_first_of_nobody(shelf: Shelf) -> None:
    """Its accuracy may be the highest; the table and the verdict rank others."""
    runs = shown(shelf, "classic")
    good = Made("good", 0.8)
    low, gone = Made("low", 0.5), Made("gone", 0.9, status="diverged")
    runs.shown[0].state = made_run([gone, good, low])
    best = best_of(contestants(runs.shown))
    assert best is not None
    assert best.scheme == "good"
    wild = Made("wild", 0.9, losses=[1.0] * 16, val_loss=1e9)
    runs.shown[0].state = made_run([wild, good], steps_per_epoch=16)
    assert best_of(contestants(runs.shown)) is None
