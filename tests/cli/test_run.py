"""One run from the command line."""

from __future__ import annotations

import subprocess
import sys
import time


def test_the_start_of_the_process_is_told_to_a_tenth_of_a_second() -> None:
    code = (
        "import time; time.sleep(0.3); from inittui.cli.run import process_start as f; print(f())"
    )
    before = time.time()
    process = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
    assert abs(float(process.stdout) - before) < 0.1
