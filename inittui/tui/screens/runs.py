"""Past and live runs: find one, open it, lay several over each other, export, repeat."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import ClassVar

from msgspec.structs import replace
from textual import work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.widgets import Input, Static
from textual.worker import Worker, get_current_worker

from inittui.errors import InittuiError
from inittui.experiment.records import Experiment
from inittui.experiment.settings import repeat_command
from inittui.runs import (
    RunDirectory,
    RunListing,
    delete_run,
    list_runs,
    load_settled,
    read_experiment,
    read_name,
    rename_run,
)
from inittui.text import sanitize
from inittui.tui.full_screen import step_full
from inittui.tui.keymap import key
from inittui.tui.screens.base import LabScreen
from inittui.tui.screens.dialogs import Answer, Dialog, Prompt
from inittui.tui.widgets.form import WordsLine
from inittui.tui.widgets.row_list import RowList
from inittui.tui.widgets.run_preview import RunPreview
from inittui.tui.widgets.runs_table import RunsTable
from inittui.views.export_formats import FORMATS, listed

_EMPTY = (
    "No run is kept in {root}.\n\n"
    "{compare}  Compare: choose initializers and press {run} to train them."
)  # fmt: skip
_FILTER = "filter: words, or status:lost scheme:zeros model:lenet data:mnist"
_OF_A_ROW = (
    "open", "add", "mark", "sort", "rename", "delete", "export", "copy", "repeat", "edit", "full",
)  # fmt: skip
"""The actions that do nothing where no run is seen."""
_FULL = ("-full-table", "-full-preview")
"""The classes of what can have all the room."""
_REFRESH_SECONDS = 2.0
"""How often the list is read again while it is seen."""


class RunsScreen(LabScreen):
    PLACE = "runs"

    BINDINGS: ClassVar[list[BindingType]] = [
        key("enter", "runs.open", "open(False)", "Open", "Show the ticked runs.", footer=True),
        key("a", "runs.add", "open(True)", "Add", "Lay the ticked runs over what is shown.",
            footer=True),
        key("space", "runs.mark", "mark", "Tick", "Tick the run, for a key to act on several.",
            footer=True),
        key("slash", "runs.filter", "filter", "Filter",
            "Show runs by words in ID, name, schemes, model, data or status; status:lost, scheme:… "
            "and model:… look in one of these.", footer=True),
        key("s", "runs.sort", "sort", "Sort",
            "Sort by when, best accuracy, name or status.", footer=True),
        key("n", "runs.rename", "rename", "Rename", "Give the run a name."),
        key("d,delete", "runs.delete", "delete", "Delete",
            "Remove the ticked runs, after a question.", footer=True),
        key("x", "runs.export", "export", "Export",
            f"Write {listed(FORMATS.values())} into this folder.", footer=True),
        key("c", "runs.copy", "copy", "Copy",
            "Copy the command that repeats the run.", footer=True),
        key("r,f5", "runs.repeat", "repeat", "Repeat", "Train the run's experiment again."),
        key("e", "runs.edit", "edit", "Edit",
            "Take the run's experiment over into Compare, to change it."),
        key("f", "runs.full", "full", "Full screen",
            "Give all the room to the table, then to the chosen run's curves."),
        key("escape", "runs.back", "back", "Back", "Leave the filter; take away all ticks."),
    ]  # fmt: skip

    _is_read = False
    """Whether the list was read once: what is wanted of its runs before waits."""

    def __init__(self) -> None:
        super().__init__()
        self._waiting: deque[Callable[[], object]] = deque()

    def _when_read(self, act: Callable[[], object]) -> None:
        if self._is_read:
            act()
        else:
            self._waiting.append(act)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer of the list only what acts on a row, where there is one; before it is read, all."""
        can: dict[str, bool] = {}
        if self._is_read and self.is_mounted:
            row = self.table.chosen is not None
            can = dict.fromkeys(_OF_A_ROW, row) | {"filter": self.table.display}
        return super().check_action(action, parameters) and can.get(action, True)

    def body(self) -> ComposeResult:
        yield WordsLine(placeholder=_FILTER, compact=True, id="filter", select_on_focus=False)
        yield RunsTable()
        yield RunPreview()
        yield Static(id="empty", classes="empty", markup=False)

    def on_mount(self) -> None:
        self.table.focus()
        self.set_interval(_REFRESH_SECONDS, self._refresh)
        self.load()

    @property
    def table(self) -> RunsTable:
        return self.query_one(RunsTable)

    def on_screen_resume(self) -> None:
        super().on_screen_resume()
        self.load()

    def _refresh(self) -> None:
        if self.is_current:
            self.load()

    @work(thread=True, exclusive=True, group="runs", exit_on_error=False)
    def load(self) -> None:
        """Read the list of runs beside the screen's own work; a list that comes late is dropped."""
        worker = get_current_worker()
        found: list[RunListing] | InittuiError
        try:
            found = list_runs(self.open_runs.root)
        except InittuiError as error:
            found = error
        self.app.call_from_thread(self._take, worker, found)

    def _take(self, worker: Worker[None], found: list[RunListing] | InittuiError) -> None:
        if worker.is_cancelled:  # asked here, where a newer one would have been begun
            return
        if isinstance(found, InittuiError):
            self.notify(str(found), severity="error", markup=False)
        else:
            self.show(found)

    def show(self, listings: list[RunListing]) -> None:
        if not self.is_mounted:
            return
        self._is_read = True
        empty = self.query_one("#empty", Static)
        empty.display = not listings
        self.table.display = self.query_one("#filter").display = bool(listings)
        if not listings:
            empty.update(self.empty_text(_EMPTY, root=self.open_runs.root))
        self.table.shown = frozenset(run.id for run in self.open_runs.shown)
        self.table.load(listings, self.host.clock())
        self.query_one(RunPreview).display = bool(listings)
        self._preview()
        self.refresh_bindings()
        while self._waiting:
            self._waiting.popleft()()

    def action_full(self) -> None:
        step_full(self, _FULL)
        self.call_after_refresh(self.paint)

    def paint(self) -> None:
        """The table draws itself when it has been read."""
        self.table.draw()
        self._preview()

    def _preview(self) -> None:
        self.query_one(RunPreview).show(self._chosen, self.table.chosen)

    def on_row_list_moved(self, message: RowList.Moved) -> None:
        message.stop()
        self._preview()

    def on_input_changed(self, event: Input.Changed) -> None:
        self.table.filter(event.value)
        self._preview()
        self.refresh_bindings()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        self.table.focus()

    def on_runs_table_opened(self, message: RunsTable.Opened) -> None:
        self.action_open(False)

    @property
    def _chosen(self) -> RunDirectory | None:
        listing = self.table.chosen
        return RunDirectory(self.open_runs.root / listing.id) if listing else None

    def _directories(self) -> list[RunDirectory]:
        return [RunDirectory(self.open_runs.root / listing.id) for listing in self.table.meant]

    def action_open(self, add: bool) -> None:
        self._when_read(partial(self._open, add))

    def _open(self, add: bool) -> None:
        runs = self._directories()
        for place, run in enumerate(runs):
            self.open_runs.show(run, add=add or place > 0)
        if runs:
            self.table.marked.clear()
            self.host.show_run()

    def action_mark(self) -> None:
        self._when_read(self.table.toggle_mark)

    def action_filter(self) -> None:
        self.query_one("#filter", Input).focus()

    def action_sort(self) -> None:
        self.table.sort()

    def action_back(self) -> None:
        self.query_one("#filter", Input).value = ""
        self.table.marked.clear()
        self.table.focus()
        self.table.draw()

    def action_rename(self) -> None:
        self._when_read(self._rename)

    @work(exclusive=True, group="question")
    async def _rename(self) -> None:
        listing = self.table.chosen
        if listing is None:
            return
        run = RunDirectory(self.open_runs.root / listing.id)
        name = await self.app.push_screen_wait(Prompt(f"A name for run {run.id}", listing.name))
        if name is not None and self.host.attempt(rename_run, run, name.strip()):
            self.open_runs.rename(run.id, name.strip())
            self.load()

    def action_delete(self) -> None:
        self._when_read(self._delete)

    @work(exclusive=True, group="question")
    async def _delete(self) -> None:
        runs = self._directories()
        if not runs:
            return
        name = self.table.meant[0].name
        one = f"run {sanitize(name, 40)} ({runs[0].id})" if name else f"run {runs[0].id}"
        what = one if len(runs) == 1 else f"{len(runs)} runs"
        answers = [Answer("k", "Keep", "keep"), Answer("d", "Delete", "delete")]
        details = "All that was measured is removed from the disk."
        if await self.app.push_screen_wait(Dialog(f"Delete {what}?", answers, details)) != "delete":
            return
        for run in runs:
            shown = self.open_runs.find(run.id)
            if (
                self.host.attempt(partial(delete_run, wait=False), run)
                and shown in self.open_runs.shown
            ):
                self.open_runs.hide(shown)
        self.table.marked.clear()
        self.load()

    def action_export(self) -> None:
        self._when_read(self._export)

    @work(exclusive=True, group="question")
    async def _export(self) -> None:
        from inittui.views.export import export_run

        runs = self._directories()
        if not runs:
            return
        answers = [Answer(title[0].lower(), title, form) for form, title in FORMATS.items()]
        question = f"Export into {sanitize(str(Path.cwd()))} as"
        form = await self.app.push_screen_wait(Dialog(question, answers))
        if form is None:
            return

        def write(run: RunDirectory) -> None:
            state, _ = load_settled(run)
            made = export_run(run, state, form, Path.cwd(), overwrite=True)
            self.notify(f"wrote {made.name}", markup=False)

        for run in runs:
            self.host.attempt(write, run)

    def action_copy(self) -> None:
        self._when_read(self._copy)

    def _copy(self) -> None:
        run = self._chosen
        if run is None:
            return

        def copy() -> None:
            command = repeat_command(_experiment(run), run.experiment_file)
            self.app.copy_to_clipboard(command)
            self.notify(command, title="Copied", markup=False)

        self.host.attempt(copy)

    def action_repeat(self) -> None:
        self._when_read(self._repeat_chosen)

    def _repeat_chosen(self) -> None:
        if run := self._chosen:
            self.host.attempt(self._repeat, run)

    def _repeat(self, run: RunDirectory) -> None:
        experiment = _experiment(run)

        def start(trust: bool) -> None:
            if self.host.attempt(partial(self.open_runs.start, experiment, trust=trust)):
                self.host.show_run()

        self.host.when_trusted(experiment, start)

    def action_edit(self) -> None:
        self._when_read(self._edit)

    def _edit(self) -> None:
        if run := self._chosen:
            self.host.attempt(lambda: self.host.edit(_experiment(run)))


def _experiment(run: RunDirectory) -> Experiment:
    """Return a run's experiment, under the name that the run has now."""
    experiment, name = read_experiment(run), read_name(run)
    return experiment if name is None else replace(experiment, name=name)
