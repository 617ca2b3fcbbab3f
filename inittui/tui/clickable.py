"""Words on the screen that name a key: a click on them presses it, as on the keys at the bottom."""

from __future__ import annotations

from collections.abc import Mapping

from rich.cells import cell_len
from rich.style import Style
from rich.text import Text
from textual import events
from textual.app import App
from textual.strip import Strip

_META = "key"


def pressing(key: str) -> Style:
    """Return the style of what presses a key, told as Textual calls it, where it is clicked."""
    return Style(meta={_META: key})


def press_clicked(app: App[object], event: events.Click) -> bool:
    """Press the key of what was clicked; return whether it has one."""
    key = event.style.meta.get(_META)
    if key:
        event.stop()
        # Not by `simulate_key`: it would be the screen's, and so stop at the screen.
        app.post_message(events.Key(key, None).set_sender(app.focused or app.screen))
    return bool(key)


def clickable(text: Text, keys: Mapping[str, str]) -> Text:
    """Let words of a text press keys, each where it is found first; return the text."""
    for words, key in keys.items():
        start = text.plain.find(words)
        if start >= 0:
            text.stylize(pressing(key), start, start + len(words))
    return text


def clickable_strip(strip: Strip, keys: Mapping[str, str]) -> Strip:
    """Let words of a line that has been drawn press keys."""
    for words, key in keys.items():
        before, found, _ = strip.text.partition(words)
        if found:
            start = cell_len(before)
            cuts = [start, start + cell_len(words), strip.cell_length]
            left, named, right = strip.divide(cuts)
            strip = Strip.join([left, named.apply_style(pressing(key)), right])
    return strip
