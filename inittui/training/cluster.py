"""The Ray cluster that a run's processes are in: joined once, by whoever trains."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from inittui.errors import MachineError, UsageError
from inittui.experiment.devices import RAY
from inittui.text import sanitize
from inittui.user_code import child_environment, python_path

CONNECT_SECONDS = 10.0

_STORE_BYTES = 200 * 2**20
"""Of shared memory, where the cluster is started here: checkpoints go through it."""

_NATIVE_LEVEL = "RAY_BACKEND_LOG_LEVEL"
"""How grave what Ray's C++ prints must be, in the environment."""

_ASK = """\
import sys
try:
    from ray._raylet import GcsClient
    from ray.exceptions import RpcError
except ImportError:  # in another version elsewhere: joining the cluster tells
    sys.exit()
try:
    GcsClient(address=sys.argv[1])
except RpcError:
    sys.exit(1)
except Exception:  # who must say who they are, for one: joining tells better
    pass
"""


def connect(where: str) -> Any:
    """Join the cluster that ``--on`` names, ray or ray:HOST:PORT; return the module ``ray``.

    Raises:
        UsageError: Ray isn't installed, or the address can't be meant.
        MachineError: there is no such cluster, or it can't be joined.
    """
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    os.environ |= python_path()  # of the processes that Ray starts for this one
    try:
        import ray
    except ImportError:
        raise UsageError("--on ray needs Ray: pip install 'inittui[ray]'") from None
    if ray.is_initialized():
        return ray
    address = where.partition(":")[2] or os.environ.get("RAY_ADDRESS", "")
    if address.startswith("//") or address.startswith("ray://"):
        raise UsageError("Ray's client can't be used: run inittui on a node of the cluster")
    if address and address not in ("auto", "local"):
        _check_reachable(address)
        _check_cluster(address)
    # What becomes of nodes is told by the seats; Ray would print it to stdout, into the result.
    if hasattr(ray._private.worker, "_worker_logs_enabled"):
        ray._private.worker._worker_logs_enabled = False
    handlers = _handlers()
    try:
        # Ray has its processes look for modules first where this one is while it joins.
        with contextlib.chdir(os.sep), _native_code_is_silent():
            _join(ray, address)
    except (ConnectionError, OSError, RuntimeError, ValueError) as error:
        said = sanitize(str(error).strip().splitlines()[0] if str(error).strip() else "", 200)
        raise MachineError(f"the Ray cluster can't be joined: {said}") from None
    finally:
        for number, handler in handlers.items():  # Ray sets its own, which end without a word
            signal.signal(number, handler)
    return ray


def _join(ray: Any, address: str) -> None:
    options: dict[str, Any] = {"log_to_driver": False, "logging_level": "ERROR"}
    if address:
        ray.init(address=address, **options)
        return
    try:
        ray.init(address="auto", **options)
    except ConnectionError:  # none runs here: one for this command
        ray.init(include_dashboard=False, object_store_memory=_STORE_BYTES, **options)


@contextlib.contextmanager
def _native_code_is_silent() -> Iterator[None]:
    """Let Ray's C++ begin without a word on stderr, and say nothing later.

    Of a lost node it says there that it recovers what that held, which it doesn't: seats are begun
    again. That it was told to be silent it would say, too, so nothing is heard meanwhile; what goes
    wrong is raised. ``RAY_BACKEND_LOG_LEVEL`` in the environment leaves all that as it is.
    """
    if _NATIVE_LEVEL in os.environ:
        yield
        return
    os.environ[_NATIVE_LEVEL] = "fatal"
    heard = os.dup(2)
    try:
        with Path(os.devnull).open("w") as nowhere:
            os.dup2(nowhere.fileno(), 2)
        yield
    finally:
        os.dup2(heard, 2)
        os.close(heard)
        del os.environ[_NATIVE_LEVEL]


def _handlers() -> dict[int, Any]:
    if threading.current_thread() is not threading.main_thread():
        return {}
    numbers = (signal.SIGTERM, signal.SIGINT)
    return {number: signal.getsignal(number) for number in numbers}


def _check_reachable(address: str) -> None:
    host, _, port = address.rpartition(":")
    if not host or not port.isdigit():
        raise UsageError(
            f"--on {RAY}:ADDRESS takes HOST:PORT, such as {RAY}:10.0.0.1:6379, not "
            f"'{sanitize(address, 60)}'"
        )
    try:
        socket.create_connection((host, int(port)), CONNECT_SECONDS).close()
    except (OSError, OverflowError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else "no answer"
        raise MachineError(f"no Ray cluster at {sanitize(address, 60)}: {reason}") from None


def _check_cluster(address: str) -> None:
    """Raise `MachineError` if something else than a Ray cluster answers at the address.

    Ray itself would ask for many minutes, and print lines from C++ to stderr meanwhile; so a
    process of its own asks first, which can be ended.
    """
    command = [sys.executable, "-P", "-c", _ASK, address]
    try:
        asked = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=CONNECT_SECONDS,
            env=child_environment(),
            check=False,
        )
    except subprocess.TimeoutExpired:
        asked = None
    if asked is None or asked.returncode:
        raise MachineError(
            f"no Ray cluster at {sanitize(address, 60)}: what answers there is something else; "
            "the address is the one that 'ray start --head' has printed"
        )


def capacity(where: str) -> tuple[int, int]:
    """Return how many GPUs and CPUs the nodes of the cluster have; raises as `connect`."""
    ray = connect(where)
    resources = ray.cluster_resources()
    return int(resources.get("GPU", 0)), int(resources.get("CPU", 0))
