"""Where memory is short there is one line and exit code 4, whichever library notices it first."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from inittui.cli.memory_limit import describe_limit, is_lack_of_memory
from tests.support.commands import INITTUI, python

RUN = ("compare", "rule", "--limit", "500", "--hidden", "8", "--epochs", "1", "-q")


def limited(kilobytes: int, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["sh", "-c", f'ulimit -v {kilobytes}; exec "$@"', "sh", INITTUI, *arguments],
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip


@pytest.mark.parametrize("kilobytes", [70_000, 300_000])
@pytest.mark.parametrize("way", ["--no-save", "--seeds=1", "--detach"])
def test_too_little_memory_is_one_line(kilobytes: int, way: str) -> None:
    done = limited(kilobytes, *RUN, way)
    assert (done.returncode, done.stdout) == (4, "")
    assert done.stderr.count("\n") == 1, done.stderr
    if way != "--detach":
        said = f"there is not enough memory; 'ulimit -v' allows {kilobytes * 1.024e-3:.0f} MB"
        assert done.stderr == f"inittui: {said}\n"
    assert not Path(os.environ["INITTUI_RUNS_DIR"]).exists(), "nothing is left behind"


TERMINATED = """
import ctypes, resource, sys
resource.setrlimit(resource.RLIMIT_AS, (10**10, resource.RLIM_INFINITY))
from inittui.cli.memory_limit import bear_a_limit
bear_a_limit()
print("begun", flush=True)
try:
    end = ctypes.CDLL("libstdc++.so.6")._ZSt9terminatev
except (OSError, AttributeError):
    sys.exit(77)
end()
print("never")
"""


def test_an_error_that_no_c_plus_plus_takes_is_one_line() -> None:
    done = python(TERMINATED, check=False)
    if done.returncode == 77:
        pytest.skip("another C++ library")
    assert (done.returncode, done.stdout) == (4, "begun\n")
    assert done.stderr == "inittui: there is not enough memory; 'ulimit -v' allows 10,000 MB\n"


def test_without_a_limit_libraries_are_left_alone() -> None:
    code = (
        "import os, sys; from inittui.cli.memory_limit import bear_a_limit, describe_limit\n"
        "bear_a_limit(); print(describe_limit(), 'OPENBLAS_NUM_THREADS' in os.environ)"
    )
    if describe_limit():
        pytest.skip("these tests run under a limit themselves")
    assert python(code).stdout == " False\n"


def _from(cause: BaseException) -> BaseException:
    error = ImportError("numpy could not be imported")
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (MemoryError(), True),
        (ImportError("libtorch.so: failed to map segment from shared object"), True),
        (_from(ImportError("x.so: cannot allocate memory")), True),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried 8 bytes"), True),
        (RuntimeError("CUDA out of memory. Tried to allocate 2 GiB"), True),
        (_from(KeyError("memory")), False),
        (ImportError("No module named 'torch'"), False),
        (RuntimeError("shapes differ"), False),
        (ValueError("out of memory"), False),
    ],
)
def test_what_is_a_lack_of_memory(error: BaseException, expected: bool) -> None:
    assert is_lack_of_memory(error) is expected


def test_errors_that_are_their_own_cause_end() -> None:
    error = KeyError()
    error.__context__ = other = KeyError()
    other.__context__ = error
    assert not is_lack_of_memory(error)
