"""The IDX format of the MNIST family, gzipped: decoded with every claim of the file checked.

Format: http://yann.lecun.com/exdb/mnist/ ("THE IDX FILE FORMAT"): two zero bytes, a type code,
the number of dimensions, each dimension as a big-endian 32-bit number, then the values.
"""

from __future__ import annotations

import math
import struct
import zlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inittui.errors import MachineError

_DTYPES: dict[int, np.dtype[Any]] = {0x08: np.dtype("u1"), 0x0C: np.dtype(">i4")}
_GZIP = 31
"""zlib's name for a gzip wrapper around a window of any size."""


def decode(packed: bytes, where: str, shape: tuple[int, ...], dtype: str = "u1") -> NDArray[Any]:
    """Return the array in a gzipped IDX file, read-only.

    Args:
        packed: the whole file.
        where: the file's name for errors.
        shape: the dimensions that the file must declare and fill exactly.
        dtype: ``u1``, or ``>i4`` for QMNIST's labels.

    Raises:
        MachineError: names the file, what was expected and what was found.
    """
    wanted = np.dtype(dtype)
    start = 4 + 4 * len(shape)
    total = start + math.prod(shape) * wanted.itemsize
    raw = _unpack(packed, where, total)
    declared = _header(raw)
    if declared != (wanted, shape):
        raise _damaged(where, _describe((wanted, shape)), _describe(declared))
    if len(raw) != total:
        found = f"{len(raw):,}" if len(raw) < total else "more"
        raise _damaged(where, f"{total:,} bytes when unpacked", found)
    return np.frombuffer(raw, wanted, offset=start).reshape(shape)


def _unpack(packed: bytes, where: str, total: int) -> bytes:
    """Unpack at most one byte more than ``total``, so that no file can fill the memory."""
    unpacker = zlib.decompressobj(_GZIP)
    try:
        raw = unpacker.decompress(packed, total + 1)
    except zlib.error as error:
        raise _damaged(where, "a gzip file", str(error)) from None
    # The checksum at a gzip file's end is only compared once the end has been reached.
    if not unpacker.eof and len(raw) <= total:
        raise _damaged(where, "a whole gzip file", f"its end after {len(packed):,} bytes")
    return raw


def _header(raw: bytes) -> tuple[np.dtype[Any], tuple[int, ...]] | None:
    if len(raw) < 4 or raw[:2] != b"\0\0" or raw[2] not in _DTYPES:
        return None
    dimensions = raw[3]
    if len(raw) < 4 + 4 * dimensions:
        return None
    return _DTYPES[raw[2]], struct.unpack_from(f">{dimensions}I", raw, 4)


def _describe(declared: tuple[np.dtype[Any], tuple[int, ...]] | None) -> str:
    if declared is None:
        return "no IDX header"
    dtype, shape = declared
    return f"{'x'.join(map(str, shape)) or 'no'} values of {8 * dtype.itemsize} bits"


def _damaged(where: str, expected: str, found: str) -> MachineError:
    return MachineError(f"{where} is damaged: expected {expected}, found {found}")
