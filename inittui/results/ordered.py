"""Events in an order of their own, whatever order they come in."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

Item = TypeVar("Item")


class InOrder(Generic[Item]):
    """Items sorted by a key; of equal keys the last one that was put in.

    What comes in order is appended. What doesn't waits until somebody looks, so that a log in
    reverse order costs hardly more than a sorted one: inserting each would take time with the
    square of their number.
    """

    __slots__ = ("_items", "_key", "_late")

    def __init__(self, key: Callable[[Item], tuple[int, ...]]) -> None:
        self._key = key
        self._items: list[Item] = []
        self._late: list[Item] | None = None

    def put(self, item: Item) -> None:
        if self._late is not None:
            self._late.append(item)
            return
        if self._items:
            last, new = self._key(self._items[-1]), self._key(item)
            if new < last:
                self._late = [item]
                return
            if new == last:
                self._items.pop()
        self._items.append(item)

    def all(self) -> list[Item]:
        if self._late is not None:
            found = {self._key(item): item for item in (*self._items, *self._late)}
            self._items = [found[key] for key in sorted(found)]
            self._late = None
        return self._items

    def replace(self, items: list[Item]) -> None:
        self._items = items
        self._late = None

    def __len__(self) -> int:
        """Return how many there are; equal ones that wait are counted twice."""
        return len(self._items) + len(self._late or ())

    def __eq__(self, other: object) -> bool:
        return isinstance(other, InOrder) and self.all() == other.all()

    __hash__ = None  # type: ignore[assignment]
