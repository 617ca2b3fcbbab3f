"""Starts `inittui` processes quickly: a process that has torch loaded, and forks.

Reads one JSON request a line on stdin, answers with one a line on stdout. It never computes
anything itself, so that its children may start their own threads.
"""

from __future__ import annotations

import json
import os
import resource
import select
import signal
import sys
import time
import traceback
from dataclasses import dataclass, field
from typing import Any

import torch  # noqa: F401 (what takes long)

import inittui.cli.main
import inittui.recording.worker
import inittui.training.engine

_PIPE_BYTES = 2**20


@dataclass
class Child:
    output: dict[int, bytearray]
    """What came through each pipe so far."""
    open: set[int] = field(default_factory=set)


def start(request: dict[str, Any], children: dict[int, Child]) -> int:
    """Fork a process that is `inittui` with the request's arguments."""
    pipes = [os.pipe() for _ in range(2)]
    process = os.fork()
    if process == 0:
        become(request, [end for _, end in pipes])
    for _, end in pipes:
        os.close(end)
    ends = [end for end, _ in pipes]
    children[process] = Child({end: bytearray() for end in ends}, set(ends))
    return process


def become(request: dict[str, Any], ends: list[int]) -> None:
    """Turn this process into the command; never returns."""
    try:
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        for number, end in enumerate(ends, 1):
            os.dup2(end, number)
        os.closerange(3, 256)
        os.setsid()
        os.environ.update(request["environment"])
        os.chdir(request["cwd"])
        if request["umask"] is not None:
            os.umask(request["umask"])
        if request["file_bytes"] is not None:
            limit = request["file_bytes"]
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
        sys.stdin = open(0)  # noqa: SIM115
        sys.stdout = open(1, "w", encoding="utf-8")  # noqa: SIM115
        sys.stderr = open(2, "w", encoding="utf-8", errors="backslashreplace")  # noqa: SIM115
        sys.argv = ["inittui", *request["arguments"]]
        code: object = 0
        try:
            inittui.cli.main.main()
        except SystemExit as leaving:
            code = leaving.code
        except BaseException:  # noqa: BLE001 (a bug, shown as Python shows it)
            traceback.print_exc()
            code = 1
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code if isinstance(code, int) else 0 if code is None else 1)
    finally:
        os._exit(99)


def wait(process: int, seconds: float, children: dict[int, Child]) -> dict[str, Any]:
    """Read what a process prints until it ends; `code` is None where it takes longer."""
    child = children[process]
    deadline = time.monotonic() + seconds
    while child.open and (left := deadline - time.monotonic()) > 0:
        for end in select.select(list(child.open), [], [], left)[0]:
            content = os.read(end, _PIPE_BYTES)
            child.output[end] += content
            if not content:
                os.close(end)
                child.open.remove(end)
    if child.open:
        return {"code": None}
    _, status, usage = os.wait4(process, 0)
    del children[process]
    out, err = (content.decode("utf-8", "replace") for content in child.output.values())
    code = os.waitstatus_to_exitcode(status)
    return {"code": code, "out": out, "err": err, "peak": usage.ru_maxrss * 1024}


def main() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    children: dict[int, Child] = {}
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    for line in sys.stdin:
        request = json.loads(line)
        answer = (
            {"process": start(request, children)}
            if request["do"] == "start"
            else wait(request["process"], request["seconds"], children)
        )
        print(json.dumps(answer), file=answers, flush=True)


if __name__ == "__main__":
    main()
