"""`python -m inittui.worker`, the old name of `inittui.recording.worker`, for one release more."""

from __future__ import annotations

import sys

if __name__ == "__main__":
    from inittui.recording.worker import main

    sys.exit(main())
