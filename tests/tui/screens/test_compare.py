"""The first screen takes a command line that is pasted into it, wherever the keys go."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from textual import events
from textual.pilot import Pilot

from inittui.events.records import RunEnded
from inittui.experiment.records import DataConfig, Experiment, ModelConfig, TrainingConfig
from inittui.runs import LogWriter, create_run
from inittui.tui.fields import FIRST
from inittui.tui.screens.compare import CompareScreen
from inittui.tui.widgets.verdict_line import VerdictLine
from inittui.views.chart.layout import paragraph
from tests.support.runs import Made, made_events
from tests.support.torture import examples
from tests.support.tui_shelf import MakeApp, Shelf, Started, drive, settle

LINE = "$ inittui compare rule normal:std=0.1 \\\n  --hidden 32,16 -e 1 --limit 600 --seeds 2\n"
MEANT = replace(
    FIRST,
    schemes=("rule", "normal:std=0.1"),
    seeds=(0, 1),
    model=ModelConfig(hidden=(32, 16)),
    data=DataConfig(limit=600),
    training=TrainingConfig(epochs=1),
)


@pytest.mark.parametrize("before", [(), ("e",), ("slash",), ("enter",)])
def test_a_pasted_command_line_fills_list_and_form(
    make_app: MakeApp, started: Started, before: tuple[str, ...]
) -> None:
    async def act(pilot: Pilot[None]) -> None:
        await pilot.press(*before)
        await settle(pilot)
        pilot.app.post_message(events.Paste(LINE))
        await settle(pilot)
        await pilot.press("r")
        await settle(pilot)

    drive(make_app(), act)
    assert started.experiments == [MEANT]


def test_a_line_that_is_wrong_says_what_and_changes_nothing(
    make_app: MakeApp, started: Started
) -> None:
    seen = []

    async def act(pilot: Pilot[None]) -> None:
        pilot.app.post_message(events.Paste("inittui compare ones --epoch 1"))
        await settle(pilot)
        seen.append(str(pilot.app.screen.query_one("#explained").render()))
        await pilot.press("r")
        await settle(pilot)

    drive(make_app(), act)
    assert "'--epoch' is no setting of an experiment" in seen[0]
    assert "did you mean '--epochs'?" in seen[0]
    assert started.experiments == [replace(FIRST, schemes=Experiment().schemes)]


def test_a_line_of_another_command_is_not_passed_over_in_silence(
    make_app: MakeApp, started: Started
) -> None:
    async def act(pilot: Pilot[None]) -> None:
        pilot.app.post_message(events.Paste("inittui widths rule mup"))
        await settle(pilot)
        assert "Only a line of 'inittui compare'" in explained(pilot)
        await pilot.press("r")
        await settle(pilot)

    drive(make_app(), act)
    assert started.experiments == [replace(FIRST, schemes=Experiment().schemes)]


def explained(pilot: Pilot[None]) -> str:
    return str(pilot.app.screen.query_one("#explained").render())


REFUSED = (
    "inittui compare rule; echo x",
    "inittui compare rule, ones",
    "inittui compare rule:: ones",
    "inittui compare “rule” ones",
    "inittui compare <scheme> ones",
    "inittui compare rule\xa0ones",
    "inittui compare rulez",
    "inittui compare rule:foo=1",
    "inittui compare ones --epochs 7 --model lenett",
    "inittui compare zeros --bogus 7",
)


@pytest.mark.parametrize("line", REFUSED)
def test_the_screen_goes_on_as_it_was_after_a_line_that_is_refused(
    line: str, make_app: MakeApp, started: Started
) -> None:
    async def act(pilot: Pilot[None]) -> None:
        pilot.app.post_message(events.Paste(line))
        await settle(pilot)
        assert "Press r" not in explained(pilot)
        await pilot.press("down", "up")
        await settle(pilot)
        assert "Press r" not in explained(pilot)
        await pilot.press("r")
        await settle(pilot)

    drive(make_app(), act)
    assert started.experiments == [replace(FIRST, schemes=Experiment().schemes)]


@settings(
    max_examples=examples(5),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(ends=st.lists(st.sampled_from(REFUSED[:6]) | st.text(max_size=30), min_size=3, max_size=5))
def test_whatever_is_pasted_the_screen_goes_on(
    ends: list[str], make_app: MakeApp, started: Started
) -> None:
    async def act(pilot: Pilot[None]) -> None:
        for end in ends:
            pilot.app.post_message(events.Paste(f"inittui compare {end}"))
            await pilot.pause()
            await pilot.press("down")
        pilot.app.post_message(events.Paste(LINE))
        await settle(pilot)
        await pilot.press("r")
        await settle(pilot)

    drive(make_app(), act)
    assert started.experiments[-1] == MEANT


@pytest.mark.parametrize("before", [("v",), ("n", "e"), ("n", "e", "down", *"64"), ("n", "slash")])
def test_why_a_line_is_refused_stays_wherever_it_was_pasted(
    before: tuple[str, ...], shelf: Shelf, make_app: MakeApp
) -> None:
    async def act(pilot: Pilot[None]) -> None:
        await pilot.press(*before)
        await settle(pilot)
        pilot.app.post_message(events.Paste("inittui compare zeros --bogus 7"))
        await settle(pilot)
        assert "'--bogus' is no setting" in explained(pilot)
        await pilot.press("space")
        await settle(pilot)
        assert explained(pilot).startswith("Press r"), "what was read goes with the next tick"

    drive(make_app(attach=shelf.put("classic")), act)


def test_a_wrong_setting_is_told_of_until_it_is_right(make_app: MakeApp, started: Started) -> None:
    async def act(pilot: Pilot[None]) -> None:
        await pilot.press("e", "down", *"wide", "escape")
        await settle(pilot)
        assert explained(pilot).startswith("hidden: 'wide' is not of the form")
        await pilot.press("space")
        await settle(pilot)
        assert explained(pilot).startswith("hidden: 'wide' is not of the form")
        await pilot.press("e", "ctrl+u", "escape")
        await settle(pilot)
        assert explained(pilot).startswith("Press r")

    drive(make_app(), act)


def test_a_run_that_is_named_is_taken_as_a_file_is(
    shelf: Shelf, make_app: MakeApp, started: Started
) -> None:
    shelf.put("diverged", "seeds")

    async def act(pilot: Pilot[None]) -> None:
        for name in ("last", shelf.put("classic").id):
            pilot.app.post_message(events.Paste(f"inittui compare --config {name} -e 1"))
            await settle(pilot)
            await pilot.press("r", "n")
            await settle(pilot)

    drive(make_app(), act)
    assert len(started.runs) == 2


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        (("e", *"lenett", "enter"), "model: there is no model 'lenett'; did you mean 'lenet'?"),
        (("e", *"lenett", "escape", "r"), "model: there is no model 'lenett'"),
        (("e", *["down"] * 7, *"nosuch", "enter"), "data: there is no data set 'nosuch'"),
    ],
)
def test_an_unknown_name_is_refused_at_once(
    keys: tuple[str, ...], said: str, make_app: MakeApp, started: Started
) -> None:
    async def act(pilot: Pilot[None]) -> None:
        await pilot.press(*keys)
        await settle(pilot)
        assert said in explained(pilot)

    drive(make_app(), act)
    assert not started.runs


@pytest.mark.parametrize(
    "taken",
    [
        Experiment(model=ModelConfig(name="gone")),
        Experiment(data=DataConfig(name="gone")),
        Experiment(schemes=("gone",)),
        Experiment(schemes=("g one,",)),
    ],
)
def test_what_a_run_of_others_names_is_checked_before_it_is_repeated(
    taken: Experiment, make_app: MakeApp, started: Started
) -> None:
    async def act(pilot: Pilot[None]) -> None:
        pilot.app.edit(taken)  # type: ignore[attr-defined]
        await settle(pilot)
        await pilot.press("end", "r")
        await settle(pilot)
        assert "gone" in explained(pilot) or "g one" in explained(pilot)

    drive(make_app(), act)
    assert not started.runs


def test_why_nothing_was_measured_stands_once(make_app: MakeApp, started: Started) -> None:
    reason = "mine.py has no function 'net'"
    end = RunEnded(at=5.0, status="failed", seconds=0.0, wall_seconds=1.0, reason=reason)

    async def act(pilot: Pilot[None]) -> None:
        await pilot.press("u", "space", "r")
        await settle(pilot)
        [run] = started.runs
        run.worker_log.write_text(f"loading\ninittui: {reason}\n")
        with LogWriter(run) as log:
            log.write(end)
        pilot.app.tick()  # type: ignore[attr-defined]
        pilot.app.draw()  # type: ignore[attr-defined]
        await settle(pilot)
        strips = pilot.app.screen._compositor.render_strips()
        shown = [strip.text.rstrip() for strip in strips]
        assert sum(reason in line for line in shown) == 1
        assert any(line.strip() == "loading" for line in shown)
        assert not any("waiting" in line for line in shown)
        assert any(" zeros " in line and line.endswith(" failed") for line in shown)
        await pilot.press("d")
        await settle(pilot)
        assert str(pilot.app.screen.query_one("#verdict").render()).endswith(reason)

    drive(make_app(), act)


def test_another_text_is_typed_as_ever(make_app: MakeApp) -> None:
    async def act(pilot: Pilot[None]) -> None:
        await pilot.press("e", "down")
        pilot.app.post_message(events.Paste("64,32"))
        await settle(pilot)
        assert pilot.app.focused.value == "64,32"  # type: ignore[union-attr]

    drive(make_app(), act)


def test_a_chart_without_values_says_which_metric_was_not_measured(
    shelf: Shelf, make_app: MakeApp
) -> None:
    async def act(pilot: Pilot[None]) -> None:
        await pilot.press("2", "M")
        await settle(pilot)
        strips = pilot.app.screen._compositor.render_strips()
        shown = "\n".join(strip.text for strip in strips)
        assert "no training loss was measured" not in shown
        assert "no gradient times weights of the weakest layer" in shown

    drive(make_app(attach=shelf.put("classic")), act, (140, 40))


def test_a_view_that_is_wanted_while_it_is_made_is_made_once(
    shelf: Shelf, make_app: MakeApp
) -> None:
    run = shelf.put("classic")

    async def act(pilot: Pilot[None]) -> None:
        screen = pilot.app.screen
        assert isinstance(screen, CompareScreen)
        screen.open_runs.show(run)
        screen.set_reactive(CompareScreen.view, "run")
        await asyncio.gather(screen.watch_view(), screen.watch_view())
        await settle(pilot)
        assert screen.focused is screen.curves_panel.leaderboard
        assert screen.query_one("#run").display

    drive(make_app(), act)


def test_a_view_that_is_left_while_it_is_made_stays_left(shelf: Shelf, make_app: MakeApp) -> None:
    run = shelf.put("classic")

    async def act(pilot: Pilot[None]) -> None:
        screen = pilot.app.screen
        assert isinstance(screen, CompareScreen)
        screen.open_runs.show(run)
        screen.set_reactive(CompareScreen.view, "run")
        making = asyncio.ensure_future(screen.watch_view())
        await asyncio.sleep(0)
        screen.set_reactive(CompareScreen.view, "setup")
        await screen.watch_view()
        await making
        assert screen.query_one("#setup").display
        assert not screen.query_one("#run").display

    drive(make_app(), act)


@pytest.mark.parametrize("size", [(80, 24), (100, 30), (120, 40), (60, 20)])
def test_much_that_was_seen_leaves_room_and_is_cut_with_a_sign(
    shelf: Shelf, make_app: MakeApp, size: tuple[int, int]
) -> None:
    many = [Made(f"normal:std=0.{n:02}", 0.5, losses=[2e3] * 20) for n in range(1, 31)]
    experiment = Experiment(schemes=tuple(each.scheme for each in many))
    run = create_run(shelf.root, experiment)
    with LogWriter(run) as log:
        log.write_many(made_events(many, steps_per_epoch=20, experiment=experiment))

    async def act(pilot: Pilot[None]) -> None:
        screen = pilot.app.screen
        assert isinstance(screen, CompareScreen)
        verdict = screen.query_one(VerdictLine)
        whole = paragraph(verdict.sentence, size[0] - 2)
        for most in (max(size[1] // 8, 1), size[1] - 14):
            said = str(verdict.render()).split("\n")
            assert len(said) == verdict.size.height <= most
            assert "…" in said[-1] or len(said) == len(whole)
            assert screen.curves_panel.chart.size.height >= 3
            await pilot.press("z")
            await settle(pilot)

    drive(make_app(attach=run), act, size)


@pytest.mark.parametrize("size", [(60, 18), (60, 20), (80, 24), (120, 40)])
def test_why_a_setting_is_wrong_is_told_whole(make_app: MakeApp, size: tuple[int, int]) -> None:
    async def act(pilot: Pilot[None]) -> None:
        await pilot.press("e", "down", "down", *"bad", "down")
        await settle(pilot)
        explained = pilot.app.screen.query_one("#explained")
        lines = paragraph(str(explained.render()), explained.size.width)
        assert str(lines[-1]).endswith("softplus")
        assert explained.size.height == len(lines)

    drive(make_app(), act, size)


def test_the_key_to_run_is_one_that_is_not_typed_where_the_keys_go(make_app: MakeApp) -> None:
    async def act(pilot: Pilot[None]) -> None:
        for key, run in (("slash", "f5"), ("escape", "r"), ("enter", "f5"), ("escape", "r")):
            await pilot.press(key)
            await settle(pilot)
            told = str(pilot.app.screen.query_one("#explained").render())
            assert told.startswith(f"Press {run} to train the 7")

    drive(make_app(), act)


def test_no_process_is_started_for_an_option_that_the_model_does_not_take(
    make_app: MakeApp, started: Started
) -> None:
    async def act(pilot: Pilot[None]) -> None:
        pilot.app.edit(Experiment(("rule",), model=ModelConfig("lenet", depth=20)))
        await settle(pilot)
        await pilot.press("r")
        await settle(pilot)
        assert "takes no 'depth'" in str(pilot.app.screen.query_one("#explained").render())
        assert not started.runs

    drive(make_app(), act)
