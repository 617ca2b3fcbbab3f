"""Which part of a screen has all the room: a key goes on from one to the next, then to all."""

from __future__ import annotations

from collections.abc import Sequence

from textual.dom import DOMNode


def full_of(node: DOMNode, classes: Sequence[str]) -> str:
    """Return the class, of these, by which a part of the node has all the room; "" for none."""
    return next((name for name in classes if node.has_class(name)), "")


def step_full(node: DOMNode, classes: Sequence[str]) -> None:
    """Give the next part all the room, after the last let all be seen again."""
    steps = ["", *classes]
    following = steps[(steps.index(full_of(node, classes)) + 1) % len(steps)]
    for name in classes:
        node.set_class(name == following, name)
