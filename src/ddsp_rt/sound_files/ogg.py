"""Ogg files (RFC 3533): where each of the recordings begins that were chained in one, and whether the end is there.

The header tells no length, but the first page of a recording is marked, and the last.
"""

from __future__ import annotations

from typing import BinaryIO

BEGINNING, END_OF_STREAM = 2, 4  # a page's flags
HEAD = 27  # bytes before a page's list of segments
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


def links(file: BinaryIO, size: int) -> list[tuple[int, int]]:
    """(start, stop) of the recordings that follow each other in an Ogg file; empty where it is none, or only one."""
    starts: list[int] = []
    place, began = 0, False
    while place + HEAD <= size:
        file.seek(place)
        page = file.read(HEAD + 255)
        if page[:4] != b"OggS":
            if not starts:
                return []
            place = _next_page(file, place + 1, size)
            continue
        begins = bool(page[5] & BEGINNING)
        if begins and not began:  # the streams of one recording begin together
            starts.append(place)
        began = begins
        place += HEAD + page[26] + sum(page[HEAD : HEAD + page[26]])
    return list(zip(starts, [*starts[1:], size])) if len(starts) > 1 else []


def _next_page(file: BinaryIO, place: int, size: int) -> int:
    """Where the next page begins behind a damaged one, or the end of the file."""
    while place < size:
        file.seek(place)
        window = file.read(LONGEST_PAGE)
        found = window.find(b"OggS")
        if found >= 0:
            return place + found
        place += max(len(window) - 3, 1)
    return size
