"""MP3 files whose length nobody wrote down, or wrote down wrong.

Without a table of contents a decoder guesses the length from the first frame's bit rate and stops there, whatever
follows. Counting the frames (11172-3, section 2.4.1.3) takes a moment; the count goes into a Xing frame laid before
them.
"""

from __future__ import annotations

import struct
from typing import BinaryIO

from ddsp_rt.sound_files.spliced import Spliced

# kbit/s by the header's index, layer III of MPEG-1, and of MPEG-2 and 2.5
BIT_RATES = (
    (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
)
RATES = {3: (44_100, 48_000, 32_000), 2: (22_050, 24_000, 16_000), 0: (11_025, 12_000, 8_000)}  # Hz
WINDOW = 1 << 20  # bytes looked at once
FEW = 0.02  # share of frames by which a count may be off


def look(file: BinaryIO, size: int) -> Spliced | None:
    """The file with a frame count of its own where it needs one, else None."""
    start = _after_tags(file)
    file.seek(start)
    first = _Frame.read(file.read(4))
    if first is None:
        return None
    file.seek(start)
    told = _told(file.read(first.size), first)
    frames, guess = _count(file, start, size)
    if told is not None:
        if frames <= told * (1 + FEW) + 1:
            return None
        rest, count = start + first.size, frames - 1
    elif abs(guess - frames) <= FEW * frames:
        return None
    else:
        rest, count = start, frames
    return Spliced(file, [(0, start), first.xing(count, size - rest), (rest, size)])


def _after_tags(file: BinaryIO) -> int:
    """Where the sound starts, behind any ID3v2 tags."""
    place = 0
    while True:
        file.seek(place)
        head = file.read(10)
        if len(head) < 10 or head[:3] != b"ID3":
            return place
        length = 0
        for byte in head[6:10]:
            length = length << 7 | byte & 0x7F
        place += 10 + length + (10 if head[5] & 0x10 else 0)


class _Frame:
    """A frame's header, as far as it is needed here."""

    def __init__(self, head: bytes, size: int, mpeg_1: bool, mono: bool, bit_rate: int):
        self.head, self.size, self.mpeg_1, self.mono, self.bit_rate = head, size, mpeg_1, mono, bit_rate

    @classmethod
    def read(cls, head: bytes) -> _Frame | None:
        if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE0 != 0xE0:
            return None
        version, layer, rate, bits = head[1] >> 3 & 3, head[1] >> 1 & 3, head[2] >> 2 & 3, head[2] >> 4
        if version == 1 or layer != 1 or rate == 3 or bits in (0, 15):
            return None
        mpeg_1 = version == 3
        bit_rate = BIT_RATES[0 if mpeg_1 else 1][bits]
        size = (144 if mpeg_1 else 72) * 1000 * bit_rate // RATES[version][rate] + (head[2] >> 1 & 1)
        return cls(head, size, mpeg_1, head[3] >> 6 == 3, bit_rate)

    @property
    def side(self) -> int:
        """Bytes between the header and where a Xing mark stands."""
        return (17 if self.mono else 32) if self.mpeg_1 else (9 if self.mono else 17)

    def xing(self, frames: int, size: int) -> bytes:
        """A silent frame of this stream that tells how many frames and bytes follow."""
        head = bytes([self.head[0], self.head[1] | 1, self.head[2] & 0x0C | 0x90, self.head[3]])
        length = _Frame.read(head).size
        data = head + bytes(self.side) + b"Xing" + struct.pack(">III", 3, frames, min(size + length, 0xFFFFFFFF))
        return data + bytes(length - len(data))


def _told(frame: bytes, first: _Frame) -> int | None:
    """The number of frames that the first one tells of, None where it holds sound."""
    place = 4 + first.side
    if frame[place : place + 4] in (b"Xing", b"Info"):
        flags, frames = struct.unpack(">II", frame[place + 4 : place + 12].ljust(8, b"\0"))
        return frames if flags & 1 else None
    if frame[36:40] == b"VBRI":
        return struct.unpack(">I", frame[50:54].ljust(4, b"\0"))[0]
    return None


def _count(file: BinaryIO, start: int, size: int) -> tuple[int, float]:
    """How many frames there are, and how many the first one's size would suggest."""
    frames, place, window, base = 0, start, b"", start
    first = 0
    while place + 4 <= size:
        if place - base + 4 > len(window):
            file.seek(place)
            window, base = file.read(WINDOW), place
        frame = _Frame.read(window[place - base : place - base + 4])
        if frame is None:  # a tag or a hole: on to the next mark
            mark = window.find(b"\xff", place - base + 1)
            place = base + mark if mark >= 0 else base + len(window)
            continue
        first = first or frame.size
        frames += 1
        place += frame.size
    return frames, (size - start) / first if first else 0
