"""Where memory is short, libraries give up in ways of their own; a person gets one line."""

from __future__ import annotations

import os
import re
import resource
from typing import Any

from inittui.errors import ExitCode

_kept: list[Any] = []
"""What C++ calls must not be collected."""

_SHORT = re.compile(
    r"failed to map segment|cannot allocate memory|can't allocate memory|not enough memory"
    r"|out of memory|cannot create shared object|std::bad_alloc|can't start new thread",
    re.IGNORECASE,
)
"""How the dynamic loader, torch's allocator and Python say that memory is short."""


def describe_limit() -> str:
    """Return what the process may have, "" where nothing limits it."""
    limit = resource.getrlimit(resource.RLIMIT_AS)[0]
    if limit == resource.RLIM_INFINITY:
        return ""
    return f"; 'ulimit -v' allows {limit / 1e6:,.0f} MB"


def is_lack_of_memory(error: BaseException | None) -> bool:
    """Whether an error, or what it came from, is that memory is short."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        if isinstance(error, MemoryError):
            return True
        if isinstance(error, (ImportError, RuntimeError)) and _SHORT.search(str(error)):
            return True
        error = error.__cause__ or error.__context__
    return False


def bear_a_limit() -> None:
    """Where memory is limited, have libraries neither wait for ever nor end with a core dump.

    OpenBLAS, which numpy and scipy load, tries again without end where it gets no memory for its
    threads; we multiply by torch's own library. C++ ends the process where nobody takes its
    `std::bad_alloc`.
    """
    if not describe_limit():
        return
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    import ctypes

    line = f"inittui: there is not enough memory{describe_limit()}\n".encode()

    def end() -> None:
        os.write(2, line)
        os._exit(ExitCode.ENVIRONMENT)

    try:
        set_terminate = ctypes.CDLL("libstdc++.so.6")._ZSt13set_terminatePFvvE
    except (OSError, AttributeError):  # another C++ library
        return
    _kept.append(ctypes.CFUNCTYPE(None)(end))
    set_terminate(_kept[-1])
