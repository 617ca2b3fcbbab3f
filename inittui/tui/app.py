"""The terminal UI: screens over the runs that are open."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from msgspec.structs import replace
from textual import work
from textual.app import SystemCommand
from textual.binding import BindingType
from textual.screen import Screen
from textual.scrollbar import ScrollBar

from inittui.errors import InittuiError, nearest
from inittui.experiment.records import Experiment
from inittui.results.trial_state import share_done
from inittui.runs import RunDirectory
from inittui.text import sanitize
from inittui.tui import themes
from inittui.tui.driver import driver_class
from inittui.tui.few_colors import FewColors
from inittui.tui.form_words import in_form_words
from inittui.tui.host import key_for
from inittui.tui.key_queue import LONGEST_SECONDS, KeyQueue
from inittui.tui.keymap import check_keymap, key
from inittui.tui.open_run import OpenRun, Phase
from inittui.tui.open_runs import OpenRuns
from inittui.tui.run_banner import end_of
from inittui.tui.screens import SCREENS
from inittui.tui.screens.base import LabScreen
from inittui.tui.settings import Loaded, Settings, save_settings
from inittui.tui.terminal import Terminal, input_has_ended
from inittui.views.frame import legible
from inittui.views.wording import duration, time_left

if TYPE_CHECKING:
    from inittui.tui.chart_options import Key
    from inittui.tui.host import Host
    from inittui.tui.lesson_process import RunningLesson
    from inittui.tui.widgets.curves_panel import CurvesPanel

_POLL_SECONDS = 0.25
"""How often the logs of live runs are looked at."""


class LabApp(KeyQueue):
    TITLE = "inittui"
    CSS_PATH = "lab.tcss"
    ENABLE_COMMAND_PALETTE = True
    MODES: ClassVar[dict[str, str | Callable[[], Screen[Any]]]] = {**SCREENS}
    DEFAULT_MODE = "compare"

    BINDINGS: ClassVar[list[BindingType]] = [
        key("1", "app.compare", "show('compare')", "Compare", "Choose, run and watch."),
        key("2", "app.curves", "show('curves')", "Curves", "See the curves as large as they get."),
        key("3", "app.layers", "show('layers')", "Layers", "Look inside the layers."),
        key("4", "app.runs", "show('runs')", "Runs", "Find past and live runs."),
        key("5", "app.lessons", "show('lessons')", "Lessons", "Learn by an experiment."),
        key("q", "app.quit", "quit", "Quit",
            "Leave; a live run goes on or is stopped, as you say.", footer=True),
        key("ctrl+q", "app.leave", "quit", "Quit", "Leave, also while something is typed."),
        key("ctrl+p", "app.palette", "command_palette", "Commands",
            "Find every action by its name."),
        key("h", "app.map", "map", "Map", "Show two sweeps of a run as a map of cells."),
        key("t", "app.theme", "other_theme", "Light/dark", "Change between light and dark."),
        key("question_mark,f1", "app.help", "help", "Help", "List all keys.", footer=True),
    ]  # fmt: skip

    def __init__(
        self,
        *,
        open_runs: OpenRuns,
        terminal: Terminal,
        loaded: Loaded | None = None,
        settings_path: Path | None = None,
        theme: str | None = None,
        attach: RunDirectory | None = None,
        clock: Callable[[], float] = time.time,
        longest_seconds: float = LONGEST_SECONDS,
    ) -> None:
        """Take what is fixed while the UI runs.

        ``theme`` goes before that of the settings, which are kept at ``settings_path`` unless it is
        None. ``attach`` is shown at first. ``clock`` tells seconds since 1970; after
        ``longest_seconds`` a key is taken to be lost, see `KeyQueue`.
        """
        super().__init__(
            driver_class=driver_class(),
            ansi_color=True if terminal.no_color else None,
            longest_seconds=longest_seconds,
        )
        self.register_theme(themes.DARK)
        self.register_theme(themes.LIGHT)
        self.terminal = terminal
        ScrollBar.renderer = themes.scroll_bar_renderer(terminal.ascii_only)
        self.clock = clock
        self._loaded = loaded or Loaded(Settings())
        self.settings = self._loaded.settings
        self._settings_path = settings_path if self._loaded.is_writable else None
        self._wanted_theme = theme
        self._at_first = attach
        self._drawn_at = 0.0
        self._drawn_version = -1
        self._draws_soon = False
        self.open_runs = open_runs
        self.running_lessons: dict[str, RunningLesson] = {}
        self.lab_keymap: dict[str, str] = {}
        if attach is not None:
            self.open_runs.show(attach)
        if terminal.over_ssh:
            self.animation_level = "none"
        self._filters.append(FewColors(enabled=terminal.few_colors))
        self.set_class(terminal.is_plain, "-plain")
        self.set_class(terminal.ascii_only, "-ascii")

    # Start and end

    def on_load(self) -> None:
        if self.terminal.no_color or self.terminal.few_colors:
            self.theme = themes.TERMINAL_DARK
        else:
            wanted = self._wanted_theme or self.settings.theme
            self.theme = wanted if wanted in self.available_themes else themes.DARK.name
        if self.settings.keymap:
            self.lab_keymap, _ = check_keymap(self.settings.keymap)
            self.set_keymap(self.lab_keymap)

    def on_mount(self) -> None:
        self.theme_changed_signal.subscribe(self, self._keep_theme)
        if not self.is_headless:
            loop = asyncio.get_running_loop()
            with suppress(NotImplementedError, RuntimeError):
                for number in (signal.SIGHUP, signal.SIGTERM):
                    loop.add_signal_handler(number, self.exit, None, 128 + number)
        self.set_interval(min(_POLL_SECONDS, 1 / self.terminal.fps), self.tick)
        self.call_after_refresh(self._greet)

    def on_unmount(self) -> None:
        for lesson in self.running_lessons.values():
            lesson.close()

    def _greet(self) -> None:
        problem = self._loaded.problem
        if not problem and self.settings.keymap:
            problem = check_keymap(self.settings.keymap)[1]
        if not problem and (theme := self.settings.theme) not in self.available_themes:
            problem = f"no theme '{sanitize(theme, 40)}'{nearest(theme, self.available_themes)}"
        if problem:
            self.notify(problem, title="Settings", severity="warning", timeout=10, markup=False)
        if self._at_first is None:
            self._show_live()

    @work(thread=True, exit_on_error=False)
    def _show_live(self) -> None:
        """Look for runs that are trained right now, without keeping the screen waiting."""
        try:
            live = self.open_runs.find_live()
        except InittuiError:
            return
        if live:
            self.call_from_thread(self._open_live, live)

    def _open_live(self, live: list[RunDirectory]) -> None:
        if not self.open_runs.is_empty:
            return
        run = self.open_runs.show(live[0])
        more = f", and {len(live) - 1} more ({key_for(self, 'app.runs', '4')} lists them)"
        said = f"{run.title} is live{more if len(live) > 1 else ''}."
        self.notify(said, timeout=3, markup=False)
        self.show_run()

    async def action_quit(self) -> None:
        if any(run.is_detached for run in self.open_runs.live()):
            self._ask_and_quit()
        else:
            self.exit()

    @work(exclusive=True, group="quit")
    async def _ask_and_quit(self) -> None:
        from inittui.tui.screens.dialogs import about_leaving

        live = [run for run in self.open_runs.live() if run.is_detached]
        match await self.push_screen_wait(about_leaving(live)):
            case "go":
                self.exit()
            case "stop":
                for run in live:
                    self.attempt(self.open_runs.stop, run)
                self.exit()

    def _fatal_error(self) -> None:
        """Leave with a traceback, but without the local variables: a run's state fills pages."""
        from rich.segment import Segments
        from rich.traceback import Traceback

        traceback = Traceback(show_locals=False, width=None)
        self._exit_renderables.append(
            Segments(self.console.render(traceback, self.console.options))
        )
        self._close_messages_no_wait()

    # What goes on

    def tick(self) -> None:
        """Take in what the logs tell, and draw it as often as the terminal shall be drawn."""
        if not self.is_headless and input_has_ended():
            self.exit()
            return
        for run in self.open_runs.poll():
            self._tell_end(run)
        for lesson in [each for each in self.running_lessons.values() if each.is_live]:
            self.open_runs.version += 1
            if not self.attempt(lesson.advance, self.open_runs):
                lesson.stopped = True
            if not lesson.is_live:
                self.screen.refresh_bindings()
        now = time.monotonic()
        changed = self.open_runs.version != self._drawn_version or bool(self.open_runs.live())
        if changed and now - self._drawn_at >= 1 / self.terminal.fps - 0.01:
            self._drawn_at = now
            self.draw()

    def draw(self) -> None:
        self._drawn_version = self.open_runs.version
        self._draws_soon = False
        if self.screen_stack and isinstance(self.screen, LabScreen):  # none when it is taken down
            self.screen.draw()

    def draw_soon(self) -> None:
        """Draw after what is drawn at once, and after the keys that wait: these are drawn once."""
        if not self._draws_soon:
            self._draws_soon = True
            self.call_after_refresh(self.draw)

    def _tell_end(self, run: OpenRun) -> None:
        """Tell of a run that ended where nobody looks at it, or that died."""
        self.screen.refresh_bindings()
        screen, shown = self.screen, run in self.open_runs.shown
        if isinstance(screen, LabScreen) and screen.tells_end_of(run):
            return
        if run.phase is Phase.DEAD:
            self.notify(end_of(run), severity="error", timeout=10, markup=False)
        elif not shown:
            self.notify(end_of(run), markup=False)

    def status(self) -> tuple[str, ...]:
        live = self.open_runs.live()
        if not live:
            return ()
        run = live[0]
        if run.phase is Phase.STARTING:
            return ("starting",)
        share = share_done(run.state.trials, run.state.total_steps)
        more = f" +{len(live) - 1}" if len(live) > 1 else ""
        began, before = run.began
        left = time_left(self.clock() - began, share, before) if began else 0.0
        short = f"{share:.0%}, {duration(left)} left" if left else f"{share:.0%}"
        return f"training{more} {short}", short, f"{share:.0%}"

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Do nothing where nothing is seen: what is typed there was meant for something else."""
        screen = self.screen_stack[-1] if self.screen_stack else None
        if isinstance(screen, LabScreen) and screen.is_too_small:
            return False
        return super().check_action(action, parameters)

    def when_trusted(self, experiment: Experiment, act: Callable[[bool], object]) -> None:
        from inittui.initializers.named_code import named_code

        try:
            code = named_code(experiment)
        except InittuiError as error:
            self.notify(in_form_words(str(error)), severity="error", markup=False)
            return
        if code:
            self._ask_trust(code, act)
        else:
            act(False)

    @work(exclusive=True, group="question")
    async def _ask_trust(self, code: list[str], act: Callable[[bool], object]) -> None:
        from inittui.tui.screens.dialogs import about_code

        if await self.push_screen_wait(about_code(code)) == "yes":
            act(True)

    # Going places

    def action_show(self, place: str) -> None:
        if isinstance(self.screen, LabScreen) and place != self.current_mode:
            self.switch_mode(place)

    def show_run(self) -> None:
        if self.current_mode != "compare":
            self.switch_mode("compare")
        self.call_after_refresh(self._view_run)

    def _view_run(self) -> None:
        if isinstance(self.screen, LabScreen):
            self.screen.view_run()

    def edit(self, experiment: Experiment) -> None:
        self.switch_mode("compare")

        def take() -> None:
            if isinstance(self.screen, LabScreen):
                self.screen.take(experiment)

        self.call_after_refresh(take)

    def on_curves_panel_options_changed(self, message: CurvesPanel.OptionsChanged) -> None:
        message.stop()
        self.open_runs.set_options(message.options)
        self.draw_soon()

    def action_help(self) -> None:
        from inittui.tui.screens.help import HelpScreen

        if isinstance(self.screen, LabScreen):
            self.push_screen(HelpScreen(self.screen.PLACE))

    def action_map(self) -> None:
        from inittui.tui.screens.map import MapScreen

        if isinstance(self.screen, LabScreen):
            self.push_screen(MapScreen(), self._show_contestant)

    def _show_contestant(self, contestant: Key | None) -> None:
        if contestant is not None:
            self.open_runs.highlight(contestant)
            self.show_run()

    def attempt(self, action: Callable[..., object], *arguments: object) -> bool:
        try:
            action(*arguments)
        except (InittuiError, OSError) as error:
            self.notify(in_form_words(str(error)), severity="error", markup=False)
            return False
        return True

    # Themes and commands

    def action_other_theme(self) -> None:
        self.theme = themes.other_theme(self.theme, self.current_theme.dark)

    def _keep_theme(self, theme: Any) -> None:
        self.draw()
        if self._settings_path is None or self.terminal.no_color or self._wanted_theme:
            return
        if theme.name != self.settings.theme:
            self.settings = replace(self.settings, theme=theme.name)
            path = self._settings_path
            self.attempt(save_settings, self.settings, path)

    def action_command_palette(self) -> None:
        from inittui.tui.screens.dialogs import Commands

        if isinstance(self.screen, LabScreen):
            dots = self.terminal.ellipsis
            self.push_screen(Commands(placeholder=f"Search for commands{dots}"))

    def search_themes(self) -> None:
        from textual.theme import ThemeProvider

        from inittui.tui.screens.dialogs import Commands

        self.push_screen(Commands(providers=[ThemeProvider], placeholder="Search for themes"))

    def get_system_commands(self, screen: Screen[Any]) -> Iterable[SystemCommand]:
        """Return everything that a key does here, and the themes, for the command palette."""
        seen: set[str] = set()
        for active in screen.active_bindings.values():
            binding = active.binding
            known = binding.id is not None and "." in binding.id and binding.tooltip
            if known and active.enabled and binding.action not in seen:
                seen.add(binding.action)
                place = (binding.id or "").partition(".")[0].capitalize()
                title = f"{place}: {binding.description}"
                said = legible(binding.tooltip, self.terminal.ascii_only)
                yield SystemCommand(title, said, self._runner(active.node, binding.action))
        yield SystemCommand("Theme", "Choose among all themes", self.action_change_theme)
        yield SystemCommand("Screenshot", "Save this screen as SVG", self.deliver_screenshot)

    def _runner(self, node: Any, action: str) -> Callable[[], None]:
        def run() -> None:
            self.call_later(self.run_action, action, node)

        return run


if TYPE_CHECKING:

    def _as_host(app: LabApp) -> Host:
        """Let mypy check that the app has what screens and widgets ask of it."""
        return app
