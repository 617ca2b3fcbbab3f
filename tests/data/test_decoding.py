"""The IDX decoder: what it accepts is right, what it can't accept it names."""

from __future__ import annotations

import gzip
import struct
import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from inittui.data.decoding import decode_idx
from inittui.errors import MachineError
from tests.support.tiny_sets import pack_idx

VALUES = np.arange(24, dtype=np.uint8).reshape(2, 3, 4)
PACKED = pack_idx(VALUES)


@given(
    arrays.arrays(
        st.sampled_from([np.uint8, np.int32]),
        arrays.array_shapes(min_dims=1, max_dims=3, max_side=5),
    )
)
def test_gives_back_what_was_written(values: np.ndarray) -> None:
    dtype = "u1" if values.dtype == np.uint8 else ">i4"
    decoded = decode_idx(pack_idx(values), "x.gz", values.shape, dtype)
    np.testing.assert_array_equal(decoded, values)


@pytest.mark.parametrize("length", range(len(PACKED)))
def test_no_truncated_file_is_accepted(length: int) -> None:
    with pytest.raises(MachineError, match=r"^x\.gz is damaged: expected .*, found "):
        decode_idx(PACKED[:length], "x.gz", VALUES.shape)


@given(st.integers(0, len(PACKED) - 1), st.integers(1, 255))
def test_a_changed_byte_is_noticed_or_changes_nothing(position: int, change: int) -> None:
    damaged = bytearray(PACKED)
    damaged[position] ^= change
    try:
        decoded = decode_idx(bytes(damaged), "x.gz", VALUES.shape)
    except MachineError:
        return
    np.testing.assert_array_equal(decoded, VALUES)  # gzip's own date, system or name


@given(st.binary(max_size=200), st.booleans())
def test_garbage_is_refused(content: bytes, zipped: bool) -> None:
    with pytest.raises(MachineError, match="damaged"):
        decode_idx(gzip.compress(content) if zipped else content, "x.gz", (2, 3, 4))


@pytest.mark.parametrize(
    ("raw", "shape", "message"),
    [
        (b"\0\0\x08\x01" + struct.pack(">I", 3) + b"abc", (4,), "expected 4 values of 8 bits"),
        (b"\0\0\x08\x01" + struct.pack(">I", 3) + b"ab", (3,), "expected 11 bytes .* found 10"),
        (b"\0\0\x08\x01" + struct.pack(">I", 3) + b"abcd", (3,), "found more"),
        (b"\0\0\x0d\x01" + struct.pack(">I", 3) + b"abc", (3,), "found no IDX header"),
        (b"\0\0\x0c\x01" + struct.pack(">I", 3) + b"abc", (3,), "found 3 values of 32 bits"),
        (b"\0\0\x08\xff", (3,), "found no IDX header"),
        (b"", (3,), "found no IDX header"),
    ],
)
def test_says_what_was_expected_and_found(raw: bytes, shape: tuple[int, ...], message: str) -> None:
    with pytest.raises(MachineError, match=message):
        decode_idx(gzip.compress(raw), "x.gz", shape)


def test_a_file_that_unpacks_to_more_than_it_should_takes_no_memory() -> None:
    packed = gzip.compress(b"\0\0\x08\x01" + struct.pack(">I", 8) + bytes(50_000_000), 1)
    tracemalloc.start()
    try:
        with pytest.raises(MachineError, match="found more"):
            decode_idx(packed, "x.gz", (8,))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 2 * len(packed)
