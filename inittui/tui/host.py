"""What screens and widgets know of the app that they live in."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol, cast

from textual.dom import DOMNode

from inittui.tui.keymap import shown_key

if TYPE_CHECKING:
    from inittui.experiment.records import Experiment
    from inittui.tui.lesson_process import RunningLesson
    from inittui.tui.open_runs import OpenRuns
    from inittui.tui.terminal import Terminal


class Host(Protocol):
    """The app, as far as screens and widgets need it: they never name its class."""

    terminal: Terminal
    clock: Callable[[], float]
    """Tells the time, in seconds since 1970."""
    open_runs: OpenRuns
    lab_keymap: dict[str, str]
    running_lessons: dict[str, RunningLesson]

    def status(self) -> tuple[str, ...]:
        """Return what goes on, for the bar on top: in more words and in fewer."""

    def attempt(self, action: Callable[..., object], *arguments: object) -> bool:
        """Do something that may not be possible; say why where it isn't."""

    def when_trusted(self, experiment: Experiment, act: Callable[[bool], object]) -> None:
        """Act, after a question where the experiment names code; tell ``act`` whether it does."""

    def action_show(self, place: str) -> None: ...

    def show_run(self) -> None: ...

    def edit(self, experiment: Experiment) -> None: ...


def key_for(node: DOMNode, action: str, usual: str) -> str:
    """Return the key of an action as texts name it: the usual one, or that of the keymap."""
    host = host_of(node)
    keys = host.lab_keymap.get(action, usual)
    return shown_key(keys, ascii_only=host.terminal.ascii_only, first_only=True)


def key_here(node: DOMNode, action: str, usual: str) -> str:
    """Return the same where nothing is typed; else, of several keys, one that isn't typed."""
    ascii_only = host_of(node).terminal.ascii_only
    return shown_key(name_here(node, action, usual), ascii_only=ascii_only)


def name_here(node: DOMNode, action: str, usual: str) -> str:
    """Return that key as Textual calls it."""
    keys = [each.strip() for each in host_of(node).lab_keymap.get(action, usual).split(",")]
    return next((each for each in keys if not is_typed(node, each)), keys[0])


def is_typed(node: DOMNode, name: str) -> bool:
    """Whether a key writes a character where the focus is, instead of what it does else."""
    focused, character = node.screen.focused, shown_key(name)
    return (
        focused is not None and len(character) == 1 and focused.check_consume_key(name, character)
    )


def host_of(node: DOMNode) -> Host:
    return cast("Host", node.app)
