"""Whether an Ogg file ends where it should: its header tells no length, but the last page is marked (RFC 3533)."""

from __future__ import annotations

from typing import BinaryIO

END_OF_STREAM = 4  # a page's flag
LONGEST_PAGE = 65_307  # bytes


def look(file: BinaryIO, size: int) -> str:
    """What the user should know of the end of an Ogg file of `size` bytes, or an empty string."""
    file.seek(0)
    if file.read(4) != b"OggS":
        return ""
    file.seek(max(size - 2 * LONGEST_PAGE, 0))
    end = file.read(2 * LONGEST_PAGE)
    page = end.rfind(b"OggS")
    if page < 0 or len(end) < page + 27:
        return "cut short: its end is missing"
    segments = end[page + 27 : page + 27 + end[page + 26]]
    whole = len(segments) == end[page + 26] and page + 27 + len(segments) + sum(segments) <= len(end)
    return "" if whole and end[page + 5] & END_OF_STREAM else "cut short: its end is missing"
