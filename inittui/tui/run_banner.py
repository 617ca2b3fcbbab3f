"""What is said of runs above their curves: that one starts, has failed or was lost, and why."""

from __future__ import annotations

from rich.style import Style
from rich.text import Text

from inittui.tui.form_words import in_form_words
from inittui.tui.open_run import OpenRun, Phase
from inittui.tui.status_styles import StatusStyle
from inittui.views.frame import Frame
from inittui.views.statuses import LOST, ended_as


def banner_of(runs: list[OpenRun], look: StatusStyle, frame: Frame) -> Text:
    """Return the lines of all runs; none where all is well."""
    lines: list[tuple[str, Style | str]] = []
    for run in runs:
        name = f"{run.title}: " if len(runs) > 1 else ""
        if run.phase is Phase.STARTING:
            lines.append((f"{name}starting: the training process is loading", "dim"))
        elif run.trouble and not run.is_live:
            what = "failed" if run.state.status == "failed" else LOST
            lines.append((f"{name}{what}: {run.trouble[0]}", look.bad + Style(bold=True)))
            lines += [(f"  {line}", look.bad) for line in run.trouble[1:]]
            if run.state.trials:
                lines.append(("What was measured until then is kept.", ""))
        elif run.trouble and run.is_live:
            lines.append((name + run.trouble[0], look.bad))
        elif run.stopping and run.is_live:
            lines.append((f"{name}stopping …", look.warn))
        lines += [(name + line, look.warn) for line in run.damage.messages()[:3]]
        lines += [(name + note, "dim") for note in run.state.notes[-2:]]
    return Text("\n").join(Text(frame.say(in_form_words(text)), style) for text, style in lines)


def end_of(run: OpenRun) -> str:
    """Return the sentence on a run's end for who looks elsewhere: how it ended, or was lost."""
    if run.phase is Phase.DEAD:
        return in_form_words(f"{run.title} was {run.status}: {run.trouble[0]}")
    if run.status == "nothing-finished":
        return f"{run.title} has ended: none of its trials finished."
    ended = ended_as(run.status)
    return f"{run.title} {ended if ended != run.status else f'has {ended}'}."
