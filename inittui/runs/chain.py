"""Checksums in a log: each line carries its own, and before it that of the line before.

``…,"crc":"0badcafe600dbeef"}`` ends a line whose predecessor has the CRC-32 0badcafe; 600dbeef is
that of all that stands before it in its own line. So a changed digit is noticed in its line, and a
line that was lost, repeated or moved in the one after it. A CRC finds accidents; who means to forge
can write a whole log anew. Lines of older logs carry none.
"""

from __future__ import annotations

import os
import re
import zlib

BEGIN = b"0" * 8
"""What the first line of a log has for the checksum of the line before."""

_MARK = b',"crc":"'
_OWN = slice(-10, -2)
_BEFORE = slice(-18, -10)
_LENGTH = len(_MARK) + 18

_LINK = re.compile(re.escape(_MARK) + rb'[0-9a-f]{8}([0-9a-f]{8})"\}\x00*\x18?\n')

_CHUNK = 2**16


def add_checksum(line: bytes, before: bytes) -> tuple[bytes, bytes]:
    """Return a line of JSON with its newline and its checksum, and this checksum.

    Args:
        line: an event, as it is encoded.
        before: the checksum of the line before, `BEGIN` for the first.
    """
    content = line[:-2] + _MARK + before
    own = b"%08x" % zlib.crc32(content)
    return content + own + b'"}\n', own


def checksums_of(line: bytes) -> tuple[bytes, bytes] | None:
    """Return the checksums that a line without its newline carries: of the line before, its own."""
    if line[-_LENGTH:-18] != _MARK:
        return None
    return line[_BEFORE], line[_OWN]


def is_sound(line: bytes) -> bool:
    """Whether a line that carries a checksum is as it was written."""
    return b"%08x" % zlib.crc32(line[:-10]) == line[_OWN]


def last_checksum(descriptor: int, size: int, most: int) -> bytes:
    """Return the checksum of a log's last line that carries one; `BEGIN` where there is none.

    No more than the last ``most`` bytes are read: the last line can't be longer, unless somebody
    has appended garbage; then the next line doesn't fit, and the garbage is told of.
    """
    later = b"\n"  # a last line that has all but its newline counts
    end = size
    while end > max(size - most, 0):
        begin = max(end - _CHUNK, 0)
        block = os.pread(descriptor, end - begin, begin) + later
        found = None
        for found in _LINK.finditer(block):  # noqa: B007 (the last one)
            pass
        if found is not None:
            return found.group(1)
        later = block[: _LENGTH + 2]
        end = begin
    return BEGIN
