"""Freed memory stays with the process where the system lets it."""

from __future__ import annotations

import platform

import pytest

from tests.support.commands import python

FAULTS = """
import resource, sys
from inittui.training.memory import (keep_freed_memory)

if sys.argv[1] == "kept":
    assert keep_freed_memory()

def step():
    blocks = [bytearray(6_000_000) for _ in range(8)]

def faults():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt

for _ in range(3):
    step()
before = faults()
for _ in range(10):
    step()
print((faults() - before) / 10)
"""


def faults_of_a_step(how: str) -> float:
    return float(python(FAULTS, how).stdout)


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc has mallopt")
def test_a_step_s_memory_is_not_fetched_from_the_system_again() -> None:
    # A step uses 48 MB, 11,719 pages of 4 kB; glibc gives what is beyond 12 MB back by default.
    assert faults_of_a_step("usual") > 5_000
    assert faults_of_a_step("kept") < 100


HELD = """
import sys
from inittui.training.memory import (give_back_freed_memory)

if sys.argv[1] == "given back":
    assert give_back_freed_memory()

def resident():
    return int(open("/proc/self/statm").read().split()[1]) * 4096 / 2**20

blocks = [bytearray(20_000_000)]  # after one of that size glibc keeps smaller ones
del blocks[:]
before = resident()
blocks = [bytearray(6_000_000) for _ in range(40)]
last = bytearray(1_000)
del blocks[::2]
print(resident() - before)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc has mallopt")
def test_freed_memory_is_given_back_where_it_is_asked_for() -> None:
    # 40 blocks of 5.7 MiB, of which every other one is freed: 114 MiB of 229.
    assert float(python(HELD, "usual").stdout) > 200
    assert float(python(HELD, "given back").stdout) < 125
