"""A seat: `python -P -m inittui.training.seats.work` trains the stacks that its driver orders.

It opens neither run nor log. Orders come on standard input, events and checkpoints go to standard
output; what somebody's own code prints goes to stderr. Once the driver is gone it ends at once.
"""

from __future__ import annotations

import contextlib
import gc
import os
import queue
import socket
import sys
import threading
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import IO

import torch

from inittui.errors import MachineError, UsageError
from inittui.events.records import Noted, encode
from inittui.initializers import own
from inittui.initializers.code_digest import code_digests
from inittui.initializers.named_code import named_code, own_initializers
from inittui.training.checkpoints import Checkpoint, CheckpointStore, decoded
from inittui.training.graphs import Graphs, graphs_on
from inittui.training.hardware import describe_inexact, device_title, exact, versions
from inittui.training.memory import keep_freed_memory, out_of_memory
from inittui.training.prepared import Prepared, prepare
from inittui.training.seats import sent_code
from inittui.training.seats.data import unpack
from inittui.training.seats.messages import (
    Data,
    FromSeat,
    Kept,
    Order,
    Over,
    Ready,
    Setup,
    Stop,
    Told,
    ToSeat,
    next_order,
    send,
)
from inittui.training.stack import Stack
from inittui.user_code import blamed, remember_place


class _Sent(CheckpointStore):
    """Hands checkpoints to the driver, which writes them once the log has all before them."""

    def __init__(self, order: Order, every: float, tell: Callable[[FromSeat], None]) -> None:
        super().__init__(Path(os.devnull), every=every)
        self._order = order
        self._tell = tell

    def put(self, group: Sequence[int], content: bytes) -> None:
        self._tell(Kept(content))

    def load(self, group: Sequence[int], most: int) -> Checkpoint | None:
        content = self._order.checkpoint
        return decoded(content, group) if 0 < len(content) <= most else None

    def remove(self, group: Sequence[int]) -> None:
        """Do nothing: the driver does it, once the log has the end of the stack."""


def serve(source: IO[bytes], target: IO[bytes]) -> None:
    """Prepare what the first message says and train what the others order."""
    inbox: queue.Queue[ToSeat] = queue.Queue()
    asked = threading.Event()

    def listen() -> None:
        while (message := next_order(source)) is not None:
            if isinstance(message, Stop):
                asked.set()
            else:
                inbox.put(message)
        sent_code.remove_own()
        os._exit(0)  # the driver is gone: what it doesn't write is lost all the same

    def tell(message: FromSeat) -> None:
        with contextlib.suppress(BrokenPipeError):
            send(message, target)

    threading.Thread(target=listen, daemon=True).start()
    setup = inbox.get()
    if isinstance(setup, Data):
        unpack(setup)
        setup = inbox.get()
    assert isinstance(setup, Setup)
    prepared: list[Prepared] = []
    ended = _tried(lambda: prepared.append(_prepared(setup)))
    if ended.trouble:
        tell(ended)
        return
    tell(Ready(device_title(prepared[0].data.device), socket.gethostname()))
    graphs = graphs_on(prepared[0].data.device)
    with exact(prepared[0].data.device) as inexact:
        while True:
            order = inbox.get()
            assert isinstance(order, Order)
            train = partial(_train, prepared[0], setup, order, asked, tell, inexact, graphs)
            tell(_tried(train))
            _forget(prepared[0])


def _prepared(setup: Setup) -> Prepared:
    mine = {name: version for name, version in versions().items() if name in setup.versions}
    if setup.versions != mine:
        raise MachineError(_other_versions(setup.versions, mine))
    torch.set_num_threads(setup.threads)
    keep_freed_memory()
    for place, path in setup.places.items():
        remember_place(place, path)
    for code in setup.shipped:
        sent_code.write_down(code)
    for reference in own_initializers(setup.experiment):
        own.load(reference)
    prepared = prepare(setup.experiment)
    found = code_digests(named_code(setup.experiment))
    is_same = {name: digest for name, (_, digest) in found.items()} == setup.code
    if not is_same or prepared.data.fingerprint != setup.data:
        raise UsageError("the run's code or data were changed while it began; start it again")
    return prepared


def _other_versions(theirs: Mapping[str, str], mine: Mapping[str, str]) -> str:
    name = next(name for name in theirs if theirs[name] != mine.get(name))
    there = mine.get(name, "none")
    return f"{socket.gethostname()} has {name} {there}, here is {theirs[name]}; they must be alike"


def _train(
    prepared: Prepared,
    setup: Setup,
    order: Order,
    asked: threading.Event,
    tell: Callable[[FromSeat], None],
    inexact: set[str],
    graphs: Graphs,
) -> None:
    variant = prepared.variant_of(order.group[0])
    every = setup.checkpoint_seconds
    store = None if every is None else _Sent(order, every, tell)
    with blamed(variant.experiment.model.name, out_of_memory):
        stack = Stack(variant, order.kind, order.group, asked.is_set, store, order.logged, graphs)
        for event in stack.train():
            tell(Told(encode(event)))
    if inexact:
        tell(Told(encode(Noted(at=time.time(), message=describe_inexact(inexact)))))


def _tried(task: Callable[[], None]) -> Over:
    """Do something; return how it ended."""
    try:
        task()
    except UsageError as error:
        return Over("usage", str(error))
    except MachineError as error:
        return Over("machine", str(error))
    except Exception as error:  # noqa: BLE001 (told to the driver, which raises it)
        if isinstance(error, RuntimeError | MemoryError) and out_of_memory(error):
            return Over("memory")
        return Over("bug", traceback.format_exc())
    return Over()


def _forget(prepared: Prepared) -> None:
    """Give what the stack had back to a GPU, for the next one to be planned as the first was."""
    if prepared.data.device.type == "cuda":
        gc.collect()  # for what holds itself in a circle
        torch.cuda.empty_cache()


def main() -> None:
    target = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what is printed is no message
    try:
        serve(sys.stdin.buffer, target)
    finally:
        sent_code.remove_own()


if __name__ == "__main__":
    main()
