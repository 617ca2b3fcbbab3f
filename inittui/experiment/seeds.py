"""One named seed per source of randomness.

Nothing draws from a global generator that others advance: each purpose derives its own seed, so
that a trial's weights, batches and masks don't depend on what else is compared.
"""

from __future__ import annotations

import hashlib


def derive_seed(seed: int, purpose: str, *more: int | str) -> int:
    """Return a seed in [0, 2^63) for one purpose, the same on every machine and version."""
    text = "\0".join(map(str, (seed, purpose, *more)))
    digest = hashlib.blake2b(text.encode(), digest_size=8).digest()
    return int.from_bytes(digest, "little") >> 1
