"""The first screen: choose initializers and settings, run them, watch their curves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, cast

from rich.text import Text
from textual import events
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container, Horizontal, Vertical
from textual.reactive import reactive
from textual.widgets import Static

from inittui.errors import InittuiError, UsageError
from inittui.experiment.known_names import check_names, check_options
from inittui.experiment.records import Experiment
from inittui.initializers.catalogue import BUILT
from inittui.tui.chart_options import Key
from inittui.tui.clickable import clickable
from inittui.tui.fields import FIRST
from inittui.tui.form_words import in_form_words
from inittui.tui.host import key_here, name_here
from inittui.tui.invitation import invitation
from inittui.tui.keymap import key
from inittui.tui.open_run import OpenRun
from inittui.tui.run_banner import banner_of
from inittui.tui.run_header import header_of
from inittui.tui.screens.base import LabScreen
from inittui.tui.status_styles import LOOK_CLASSES, look_of
from inittui.tui.widgets.form import Form, WordsLine
from inittui.tui.widgets.picker import Picker, PickerList
from inittui.tui.widgets.verdict_line import ROOMY, VerdictLine
from inittui.views.chart.layout import first_lines, paragraph
from inittui.views.frame import Frame

if TYPE_CHECKING:
    from inittui.tui.widgets.curves_panel import CurvesPanel


_RUN = ("compare.run", "r,f5")

_EXPLAINED_SHARE = 3
"""Of how many lines what is said of a setting takes one at most."""


class CompareScreen(LabScreen):
    PLACE = "compare"
    COMPONENT_CLASSES: ClassVar[set[str]] = LOOK_CLASSES

    BINDINGS: ClassVar[list[BindingType]] = [
        key("r,f5", "compare.run", "run(False)", "Run",
            "Train the ticked initializers, in a process of their own.", footer=True),
        key("a,f6", "compare.add", "run(True)", "Run and add",
            "Train the ticked initializers and lay them over what is shown.", footer=True),
        key("s", "compare.stop", "stop", "Stop",
            "End the run in order; what was measured is kept.", footer=True),
        key("c", "compare.resume", "resume", "Continue",
            "Continue a run that was stopped or whose process died, from its last checkpoint.",
            footer=True),
        key("v", "compare.view", "view", "View run", "Show the run, not its settings.",
            footer=True),
        key("z", "compare.verdict", "verdict", "Verdict",
            "Tell all that was seen, or its beginning."),
        key("d", "compare.dismiss", "hush", "Dismiss",
            "Take away what is said of runs that were lost or have failed.", footer=True),
        key("n", "compare.new", "setup('list')", "New",
            "Choose initializers for another run.", footer=True),
        key("slash", "compare.search", "setup('search')", "Search",
            "Search the initializers.", footer=True),
        key("e", "compare.settings", "setup('form')", "Settings",
            "Change model, data and training.", footer=True),
        key("c", "compare.check", "check", "Check",
            "Check how the chosen model's own code initializes it, in a process of its own."),
        key("ctrl+o", "compare.jump", "jump", "Jump",
            "Go to a setting by the letter that stands before it then."),
        key("escape", "compare.back", "back", "Back",
            "Leave what is typed, then the settings, then the run."),
    ]  # fmt: skip

    view: reactive[str] = reactive("setup", init=False, bindings=True)

    _new = ""
    """The run that was started just now: the table shall show it."""
    _sought: Key | None = None
    """The contestant that the table shall show."""

    def __init__(self) -> None:
        super().__init__()
        self._dismissed: set[str] = set()
        """Runs of whose end the person wants to read no more."""

    def body(self) -> ComposeResult:
        with Horizontal(id="setup"):
            yield Picker()
            with Vertical(id="settings"):
                yield Form()
                yield Static(id="explained", markup=False)
        yield Container(id="run")

    async def on_mount(self) -> None:
        await self.watch_view()
        if not self.open_runs.is_empty:
            self.view = "run"
        else:
            self.query_one(PickerList).focus()
        self._explain_run()
        self._suppose()

    async def watch_view(self) -> None:
        """Show one view, and give it the keys; chart and table are made when they are needed."""
        if self.view == "run" and not self.query("#banner"):
            from inittui.tui.widgets.curves_panel import CurvesPanel

            await self.query_one("#run").mount(
                Static(id="header", markup=False),
                Static(id="banner", markup=False),
                VerdictLine(),
                CurvesPanel(id="curves"),
            )
        running = self.view == "run"  # it may be another one by now
        self.query_one("#setup").display = not running
        self.query_one("#run").display = running
        if running:
            for board in self.query("Leaderboard"):  # none while they are being made, once
                board.focus()
            self._explain_run()  # what was refused was read by now
        self.call_after_refresh(self.draw)

    @property
    def curves_panel(self) -> CurvesPanel:
        return cast("CurvesPanel", self.query_one("#curves"))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        setup, is_open = self.view == "setup", not self.open_runs.is_empty
        shown = self.open_runs.shown
        can = {
            ("run", (False,)): setup,
            ("run", (True,)): setup and is_open,
            ("stop", ()): any(run.is_live and not run.stopping for run in self.open_runs.shown),
            ("resume", ()): not setup and any(run.can_resume for run in self.open_runs.shown),
            ("view", ()): setup and is_open,
            ("verdict", ()): not setup,
            ("hush", ()): not setup and any(self._has_trouble(run) for run in shown),
            ("setup", ("list",)): not setup,
            ("setup", ("search",)): setup,
            ("check", ()): setup,
            ("jump", ()): setup,
        }
        ready = super().check_action(action, parameters)
        return ready and can.get((action, parameters), True)

    def paint(self) -> None:
        if self.view != "run" or not self.query("#curves") or not self.curves_panel.is_mounted:
            return  # `watch_view` draws once they stand
        if self.open_runs.is_empty:
            self.view = "setup"
            return
        shown = [run for run in self.open_runs.shown if run.id not in self._dismissed]
        frame = Frame(self.app.size.width - 2, self.host.terminal.ascii_only)
        self._put("#banner", banner_of(shown, look_of(self), frame))
        is_roomy = self.app.size.height >= ROOMY
        self._put("#header", header_of(self.open_runs.shown, frame, is_roomy=is_roomy))
        self.query_one(VerdictLine).tell(self._judged, frame)
        runs = self.open_runs
        self.curves_panel.show(runs.contestants(), runs.options, runs.version)
        board = self.curves_panel.leaderboard
        if self._new and board.go_to_run(self._new):
            self._new = ""
        if self._sought and board.go_to_contestant(self._sought):
            self._sought = None

    def _put(self, where: str, text: Text) -> None:
        line = self.query_one(where, Static)
        line.display = bool(text)
        if str(line.content) != text.plain:
            line.update(text)

    @property
    def _judged(self) -> OpenRun | None:
        """The run of which is said what was seen: one alone, and not where why nothing was
        measured stands above."""
        run = self.open_runs.shown[0]
        is_told = len(self.open_runs.shown) == 1 and (
            run.state.trials or not self._has_trouble(run)
        )
        return run if is_told else None

    # Choosing

    def on_picker_list_changed(self, message: PickerList.Changed) -> None:
        message.stop()
        self._explain_run()

    def on_form_explained(self, message: Form.Explained) -> None:
        message.stop()
        self._explain(message.text, message.is_error)
        self._suppose()

    def on_descendant_focus(self, event: Any) -> None:
        is_told_why = self.query_one("#explained").has_class("-wrong")
        if isinstance(event.widget, PickerList | WordsLine) and not is_told_why:
            self._explain_run()

    @property
    def _tick_key(self) -> str:
        return self.key_for("picker.tick", "space")

    def _suppose(self) -> None:
        self.query_one(Picker).suppose(self.query_one(Form).chosen_so_far)

    def _explain_run(self) -> None:
        count = len(self.query_one(PickerList).ticked)
        form = self.query_one(Form)
        run = key_here(self, *_RUN)
        if form.problem:
            self._explain(form.problem, True)
        elif count or form.names_contestants:
            said = invitation(run, count, form.sweeps, form.layer_rules)
            self._explain(said, False, {f"Press {run}": name_here(self, *_RUN)})
            self.query_one("#explained").add_class("-ready")
        else:
            said = f"Tick initializers with {self._tick_key}; then {run} trains them."
            self._explain(said, False)

    def _explain(self, text: str, is_error: bool, presses: Mapping[str, str] | None = None) -> None:
        """Say what is chosen or wrong; a click on the words that ``presses`` has presses a key."""
        line = self.query_one("#explained", Static)
        line.set_class(is_error, "-wrong")
        line.remove_class("-ready")
        width = line.size.width or self.app.size.width
        frame = Frame(width, self.host.terminal.ascii_only)
        most = self.app.size.height // _EXPLAINED_SHARE
        said = frame.say(text)
        if len(lines := paragraph(said, width)) > most:
            said = str(Text("\n").join(first_lines(lines, most, width, frame.ellipsis)))
        line.update(clickable(Text(said), presses or {}))

    def on_paste(self, event: events.Paste) -> None:
        """Take what a command line describes; its experiment is run when the person says so."""
        from inittui.tui.typed_command import is_command, read_command

        event.stop()
        if not is_command(event.text):
            return self._explain("Only a line of 'inittui compare' fills the form.", True)
        try:
            self.take(read_command(event.text, FIRST, self.open_runs.root))
        except (InittuiError, OSError) as error:
            self.action_setup("list")
            self._explain(str(error), True)
            self.app.bell()

    def action_setup(self, where: str) -> None:
        self.view = "setup"
        picker = self.query_one(Picker)
        if where == "form":
            self.query_one(Form).edit()
        elif where == "search":
            picker.focus_search()
        else:
            picker.focus_list()

    def action_jump(self) -> None:
        from inittui.tui.screens.dialogs import Letter

        form = self.query_one(Form)
        form.show_letters(shown=True)
        self.app.push_screen(Letter(), lambda letter: form.jump(letter or ""))

    def action_back(self) -> None:
        picker = self.query_one(Picker)
        if self.view == "run":
            self.action_setup("list")
        elif not picker.leave_input():
            picker.focus_list()

    def tells_end_of(self, run: OpenRun) -> bool:
        return self.view == "run" and run in self.open_runs.shown

    def view_run(self) -> None:
        self.view = "run"
        self._sought = self.open_runs.options.highlighted
        self.refresh_bindings()
        self.draw()

    def take(self, experiment: Experiment) -> None:
        self.query_one(Form).load(experiment)
        self.query_one(PickerList).tick_only(experiment.schemes)
        self._suppose()
        self.action_setup("list")

    # Running

    def action_run(self, add: bool) -> None:
        form = self.query_one(Form)
        schemes = self.query_one(PickerList).ticked
        if not schemes and not form.names_contestants:
            self._explain(f"Tick at least one initializer with {self._tick_key}.", True)
            self.app.bell()
            return
        experiment = self._chosen(schemes)
        if experiment is not None:
            self.host.when_trusted(experiment, lambda trust: self._start(experiment, add, trust))

    def _chosen(self, schemes: Sequence[str]) -> Experiment | None:
        """Return what the form says; None, and the reason for the person, where that is wrong."""
        outcome = self.query_one(Form).experiment(schemes)
        problem = outcome.problem
        if outcome.experiment is not None:
            try:
                check_names(outcome.experiment)  # those that were taken over, too
                check_options(outcome.experiment)
            except UsageError as error:
                problem = in_form_words(str(error))
        if problem:
            self._explain(problem, True)
            self.app.bell()
            return None
        return outcome.experiment

    def action_check(self) -> None:
        from inittui.tui.screens.check import CheckScreen

        experiment = self._chosen((BUILT,))
        if experiment is not None:
            self.host.when_trusted(
                experiment, lambda _: self.app.push_screen(CheckScreen(experiment))
            )

    def _start(self, experiment: Experiment, add: bool, trust: bool) -> None:
        try:
            self.open_runs.start(experiment, add=add, trust=trust)
        except (InittuiError, OSError) as error:
            self._explain(in_form_words(str(error)), True)
            return
        self.query_one(Form).forget_name()
        self.view = "run"
        self._new = self.open_runs.shown[-1].id
        self.refresh_bindings()

    def action_view(self) -> None:
        self.view = "run"

    def action_resume(self) -> None:
        for run in self.open_runs.shown:
            if run.can_resume:
                started = run.state.started
                experiment = started.experiment if started else Experiment()
                self.host.when_trusted(experiment, partial(self._resume, run))

    def _resume(self, run: OpenRun, trust: bool) -> None:
        self.host.attempt(partial(self.open_runs.resume, run, trust=trust))
        self.refresh_bindings()
        self.draw()

    def _has_trouble(self, run: OpenRun) -> bool:
        return bool(run.trouble) and not run.is_live and run.id not in self._dismissed

    def action_hush(self) -> None:
        self._dismissed |= {run.id for run in self.open_runs.shown if self._has_trouble(run)}
        self.refresh_bindings()
        self.draw()

    def action_verdict(self) -> None:
        line = self.query_one(VerdictLine)
        line.whole = not line.whole
        self.draw()

    def action_stop(self) -> None:
        for run in self.open_runs.shown:
            if run.is_live and not run.stopping:
                self.host.attempt(self.open_runs.stop, run)
        self.refresh_bindings()
        self.draw()
