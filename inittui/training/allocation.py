"""Freed memory stays with the process: on a CPU, getting it back from the system costs more.

glibc gives large freed blocks back to the system and asks for them again at the next step. Each
page is then cleared at its first use, which took 10 to 25 % of a step of convolutions.
"""

from __future__ import annotations

import ctypes
import sys

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3
"""Of `mallopt`, from malloc.h."""

_LARGEST = 2**31 - 1
_LARGEST_KEPT = 32 * 2**20
"""Bytes of a block: glibc takes no more."""


def keep_freed_memory() -> bool:
    """Keep what the process frees for its next blocks; return whether the system lets it.

    It holds for the whole process, so it is for those that do nothing but train.

    Source: mallopt(3) of the GNU C library; other libraries are left as they are.
    """
    if not sys.platform.startswith("linux"):
        return False
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError):
        return False
    wanted = ((_MMAP_THRESHOLD, _LARGEST_KEPT), (_TRIM_THRESHOLD, _LARGEST))
    return all(mallopt(ctypes.c_int(what), ctypes.c_int(value)) == 1 for what, value in wanted)
