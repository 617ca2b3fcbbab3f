"""Lines of contestants: in any width, with the report's numbers."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace as msgspec_replace

from inittui.documents.compare import compare_document
from inittui.results.summary import first_steps, summarize
from inittui.runs import run_directories
from inittui.tui.chart_options import ChartOptions, Contestant, Sort, contestants
from inittui.tui.leaderboard import best_of, highest_of, ordered, standings
from inittui.tui.open_runs import OpenRuns
from inittui.views.conclusions import sentence
from inittui.views.frame import Frame
from tests.support.runs import Made, made_run
from tests.support.torture import examples
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


def made(runs: OpenRuns, trials: Sequence[Made]) -> list[Contestant]:
    """Return the contestants of a run that has come to this, in place of the one that is shown."""
    runs.shown[0].state = made_run(trials)
    return contestants(runs.shown)


def under_three_seeds(**accuracies: float) -> list[Made]:
    """Return trials whose accuracies differ by half a point from seed to seed."""
    return [
        Made(scheme, accuracy + 0.005 * seed, seed)
        for seed in range(3)
        for scheme, accuracy in accuracies.items()
    ]


def test_the_best_is_marked_and_leads_when_it_has_ended(shelf: Shelf) -> None:
    runs = shown(shelf, "seeds")
    everyone = made(runs, under_three_seeds(zeros=0.1, rule=0.7, normal=0.8))
    best = best_of(everyone)
    assert best is not None
    assert best.scheme == "normal"
    assert [row for row in rows_of(runs, ChartOptions()) if " 1st " in row] == [
        row for row in rows_of(runs, ChartOptions()) if " normal 1st " in row
    ]
    assert ordered(everyone, "auto")[0] is best
    assert ordered(everyone, "listed") == everyone


def test_the_highest_leads_and_is_no_first_where_seeds_cannot_tell(shelf: Shelf) -> None:
    """All that learn are of rank 1, though one mean is the highest."""
    runs = shown(shelf, "seeds")
    everyone = runs.contestants()
    assert [one.rank for one in runs.shown[0].summaries] == [1, 1, 1, 4]
    assert best_of(everyone) is None
    rows = rows_of(runs, ChartOptions())
    assert not any(" 1st " in row for row in rows)
    assert [row.split()[1] for row in rows if " top " in row] == ["normal"]
    assert ordered(everyone, "auto")[0].scheme == "normal"
    losses = [c.trials[0].losses[-1] for c in ordered(everyone, "loss")]
    assert losses[0] < losses[-1]


def test_who_has_the_highest_accuracy(shelf: Shelf) -> None:
    runs = shown(shelf, "classic")

    def highest(*trials: Made) -> str | None:
        found = highest_of(made(runs, trials))
        return found and found.scheme

    rule, low = Made("rule", 0.8), Made("zeros", 0.1)
    assert highest(rule, low, Made("normal", 0.7)) == "rule"
    assert highest(rule, low, Made("normal", 0.8)) is None
    assert highest(rule) is None
    assert highest(rule, low, Made("normal", 0.9, status="diverged")) == "rule"
    assert highest(low, Made("ones", 0.101)) is None, "nobody learns"
    runs = shown(shelf, "running")
    assert highest(low, Made("ones", 0.101)) == "ones", "it may learn yet"


def test_nobody_is_first_of_several_runs_nor_while_one_goes_on(shelf: Shelf) -> None:
    runs = shown(shelf, "story")
    assert best_of(runs.contestants()) is not None
    runs.show(shelf.put("classic"), add=True)
    assert best_of(runs.contestants()) is None
    assert best_of(shown(shelf, "running").contestants()) is None


def test_what_ended_early_stands_below_as_in_the_report(shelf: Shelf) -> None:
    """Its accuracy is that of an earlier epoch, at which the others may have been worse."""
    runs = shown(shelf, "classic")
    early = Made("normal", [0.9], losses=[2.0] * 4, status="diverged")
    everyone = made(runs, [early, Made("rule", [0.6, 0.8]), Made("zeros", [0.1, 0.1])])
    order = [each.scheme for each in ordered(everyone, "accuracy")]
    assert order == [one.scheme for one in runs.shown[0].summaries] == ["rule", "zeros", "normal"]
    assert best_of(everyone) is everyone[1]


_ACCURACIES = st.one_of(st.sampled_from([0.1, 0.5, 0.8]), st.floats(0.05, 0.95))


@st.composite
def _trials(draw: st.DrawFn) -> list[Made]:
    """Return trials of a few contestants, some alike, some at chance, some that diverged."""
    seeds = draw(st.integers(1, 5))
    names = ["zeros", "rule", "normal", "uniform"][: draw(st.integers(1, 4))]
    noise = draw(st.sampled_from([0.0, 0.002, 0.05]))
    digests = {name: draw(st.sampled_from(["one", name])) for name in names}
    made = []
    for name in names:
        level, loss = draw(_ACCURACIES), draw(st.sampled_from([0.5, 2.303, 40.0]))
        for seed in range(seeds):
            accuracy = round(min(max(level + noise * draw(st.floats(-1, 1)), 0), 1), 3)
            status = draw(st.sampled_from(["finished"] * 6 + ["diverged"]))
            start = [("weight", name, f"{digests[name]}{seed}")]
            made.append(
                Made(name, accuracy, seed, start=start, val_loss=loss, status=status)  # type: ignore[arg-type]
            )
    return made


@settings(max_examples=examples(150), deadline=None,
          suppress_health_check=[HealthCheck.function_scoped_fixture])  # fmt: skip
@given(_trials())
def test_who_is_marked_is_said_to_be_best_and_alone_has_the_first_rank(
    shelf: Shelf, trials: list[Made]
) -> None:
    if not shelf.root.exists():
        shelf.put("classic")
    runs = OpenRuns(shelf.root)
    runs.show(next(run_directories(shelf.root)))
    everyone = made(runs, trials)
    state = runs.shown[0].state
    best = best_of(everyone)
    verdict = sentence(state, summarize(state), Frame(80))
    told = json.loads(compare_document(state, None))["summary"]
    ranks = {one["scheme"]: one["rank"] for one in told}
    if best is None:
        said = re.search(r"(?<!more, )\b(\w+) is best with", verdict)
        assert said is None or _has_a_rival(said[1], told), verdict
        return
    assert f"{best.scheme} is best with" in verdict or f"{best.scheme} reaches" in verdict
    assert not re.search(rf"\b{best.scheme}\b[^.]*can't be told", verdict)
    assert ordered(everyone, "auto")[0] == best
    if ranks[best.scheme] is None:
        assert set(ranks.values()) == {None}
        assert f"{best.scheme} reaches" in verdict, "it alone learns"
    else:
        assert [name for name, rank in ranks.items() if rank == 1] == [best.scheme]


def _has_a_rival(name: str, told: Sequence[dict[str, Any]]) -> bool:
    """Whether one that is said not to learn shares its rank or reaches its accuracy, or whether
    another one is the very same."""
    mine = next(one for one in told if one["scheme"] == name)
    others = [one for one in told if one is not mine and one["val_accuracy"]]
    return any(
        one["same_as"] == name
        or one["rank"] == mine["rank"]
        or one["val_accuracy"]["mean"] >= mine["val_accuracy"]["mean"]
        for one in others
    )


def test_long_names_are_told_apart(shelf: Shelf) -> None:
    everyone = shown(shelf, "seeds").contestants()
    names = [f"variance_scaling:scale=1.75/normal:std=0.2236 depth={n}" for n in (10, 5, 2)]
    renamed = [replace(each, label=name) for each, name in zip(everyone, names, strict=False)]
    rows = [str(line) for line in standings(renamed, ChartOptions(), 80)][1:]
    for row, depth in zip(rows, ("=10", "=5", "=2"), strict=True):
        assert row.split("  ")[0].removesuffix(" top").endswith(depth)


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
    for ascii_only, sign in ((False, "▾"), (True, " v")):
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
    assert best_of(contestants(runs.shown)) is None, "one seed ranks none"
    best = highest_of(contestants(runs.shown))
    assert best is not None
    assert best.scheme == "good"
    wild = Made("wild", 0.9, losses=[1.0] * 16, val_loss=1e9)
    runs.shown[0].state = made_run([wild, good], steps_per_epoch=16)
    assert best_of(contestants(runs.shown)) is highest_of(contestants(runs.shown)) is None
