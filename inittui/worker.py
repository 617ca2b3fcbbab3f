"""`python -m inittui.worker`, the old name of `inittui.recording.worker`, for one release more."""

from __future__ import annotations

import sys

if __name__ == "__main__":
    if not sys.flags.safe_path:
        sys.path.pop(0)
    from inittui.recording.worker import main

    sys.exit(main())
