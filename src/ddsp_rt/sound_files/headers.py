"""What the header of an uncompressed file promises, against what is there.

A header is not to be trusted, in either direction. A program that writes into a pipe cannot know the length: its sizes
are 0 or the largest number. A recorder that lost its power leaves an old size behind. A file that was cut promises
more than it has. Layouts: RIFF and RF64 (EBU Tech 3306), AIFF (Apple, 1989), AU (Sun), CAF (Apple).
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import BinaryIO

from ddsp_rt.sound_files.spliced import Spliced, replaced

STREAMED = ((0x7FFF0000, 0x8000FFFF), (0xFFFF0000, 0xFFFFFFFF), (1 << 62, 1 << 64))  # sizes that mean "not known"
LEFT_BEHIND = 1 << 16  # bytes after the samples, of no known kind, from which they are taken for samples too
MOST_CHUNKS = 1000


@dataclass(frozen=True)
class Layout:
    """Where the samples begin and how many bytes of them are promised; `fields`: where a size is kept, and how."""

    start: int
    promised: int
    fields: tuple[tuple[int, str, int], ...]  # offset, struct format, what to add to the bytes of samples
    chunks_follow: bool = True  # whether other chunks may come after the samples
    little: bool = True


@dataclass(frozen=True)
class Reading:
    """How to read a file: `file` is None when its header will do; `whole` is the promise over what is there, or 1."""

    file: Spliced | None = None
    whole: float = 1.0
    note: str = ""


def look(file: BinaryIO, size: int) -> Reading:
    """Compare the header of a file of `size` bytes with what is there. Unknown formats are left as they are."""
    try:
        layout = _layout(file, size)
    except (struct.error, OverflowError):
        return Reading()
    if layout is None or layout.start >= size:
        return Reading()
    there = size - layout.start
    streamed = any(low <= layout.promised <= high for low, high in STREAMED)
    if streamed or (layout.promised < there and _samples_follow(file, size, layout)):
        note = ""
        if not streamed and layout.promised:
            note = "its header is out of date, all that is there is played"
        changes = {}
        for offset, kind, more in layout.fields:
            most = (1 << (8 * struct.calcsize(kind) - (kind[-1].islower()))) - 1
            changes[offset] = struct.pack(kind, min(there + more, most))
        return Reading(Spliced(file, replaced(size, changes)), note=note)
    return Reading(whole=max(layout.promised / there, 1.0))


def _layout(file: BinaryIO, size: int) -> Layout | None:
    file.seek(0)
    start = file.read(32)
    kind, form = start[:4], start[8:12]
    if kind in (b"RIFF", b"RF64", b"BW64", b"RIFX") and form == b"WAVE":
        return _wave(file, size, ">" if kind == b"RIFX" else "<", kind in (b"RF64", b"BW64"))
    if kind == b"FORM" and form in (b"AIFF", b"AIFC"):
        return _aiff(file, size)
    if kind in (b".snd", b"dns."):
        order = ">" if kind == b".snd" else "<"
        offset, promised = struct.unpack(order + "II", start[4:12])
        return Layout(offset, promised, ((8, order + "I", 0),), chunks_follow=False)
    if kind == b"caff":
        for name, place, length in _chunks(file, size, 8, ">4sq"):
            if name == b"data":  # its first four bytes count edits
                return Layout(place + 4, (length - 4) % (1 << 64), ((place - 8, ">q", 4),))
    return None


def _wave(file: BinaryIO, size: int, order: str, long: bool) -> Layout | None:
    sizes, long_size = 0, 0
    for name, place, length in _chunks(file, size, 12, order + "4sI"):
        if name == b"ds64" and long:
            file.seek(place + 8)
            sizes, (long_size,) = place, struct.unpack("<Q", file.read(8))
        if name == b"data":
            if sizes:
                return Layout(place, long_size, ((sizes, "<Q", place - 8), (sizes + 8, "<Q", 0)))
            return Layout(
                place, length, ((4, order + "I", place - 8), (place - 4, order + "I", 0)), little=order == "<"
            )
    return None


def _aiff(file: BinaryIO, size: int) -> Layout | None:
    frame = place_of_frames = 0
    for name, place, length in _chunks(file, size, 12, ">4sI"):
        if name == b"COMM":
            file.seek(place)
            channels, _, bits = struct.unpack(">hIh", file.read(8))
            frame, place_of_frames = channels * ((bits + 7) // 8), place + 2
        if name == b"SSND":
            fields = ((4, ">I", place), (place - 4, ">I", 8))
            promised = length - 8 if length >= 8 else 0
            if length < 8 and frame:
                file.seek(place_of_frames)
                promised = frame * struct.unpack(">I", file.read(4))[0]
            return Layout(place + 8, promised, fields, little=False)
    return None


def _chunks(file: BinaryIO, size: int, place: int, kind: str):
    """(name, where its content starts, its length) of each chunk."""
    head = struct.calcsize(kind)
    for _ in range(MOST_CHUNKS):
        file.seek(place)
        data = file.read(head)
        if len(data) < head:
            return
        name, length = struct.unpack(kind, data)
        yield name, place + head, length
        place += head + max(length, 0) + (length & 1 if kind[-1] == "I" else 0)
        if place >= size:
            return


def _samples_follow(file: BinaryIO, size: int, layout: Layout) -> bool:
    """Whether what lies behind the promised samples is sound rather than further chunks or padding."""
    behind = layout.start + layout.promised
    left = size - behind
    if layout.promised and left < LEFT_BEHIND:
        return False
    if layout.chunks_follow:
        for place in {behind, behind + (layout.promised & 1)}:
            file.seek(place)
            head = file.read(8)
            order = "little" if layout.little else "big"
            named = len(head) == 8 and all(0x20 <= byte < 0x7F for byte in head[:4])
            if named and int.from_bytes(head[4:], order) <= size - place - 8:
                return False
    return left > 0
