"""A file seen with some of its bytes replaced: how a wrong header is mended without touching the file."""

from __future__ import annotations

import os
from typing import BinaryIO


class Spliced:
    """A file made of pieces, each bytes or a (start, stop) of `file`: what soundfile needs to read from it."""

    def __init__(self, file: BinaryIO, pieces: list[bytes | tuple[int, int]]):
        self._file = file
        self._pieces = []  # (start in the whole, length, the piece)
        self._size = self._place = 0
        for piece in pieces:
            length = len(piece) if isinstance(piece, bytes) else piece[1] - piece[0]
            self._pieces.append((self._size, length, piece))
            self._size += length

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._place, os.SEEK_END: self._size}[whence]
        self._place = max(base + offset, 0)
        return self._place

    def tell(self) -> int:
        return self._place

    def read(self, size: int = -1) -> bytes:
        stop = self._size if size < 0 else min(self._place + size, self._size)
        parts = []
        for start, length, piece in self._pieces:
            first, last = max(self._place, start), min(stop, start + length)
            if first >= last:
                continue
            if isinstance(piece, bytes):
                parts.append(piece[first - start : last - start])
            else:
                self._file.seek(piece[0] + first - start)
                parts.append(self._file.read(last - first))
        data = b"".join(parts)
        self._place += len(data)
        return data

    def readinto(self, buffer) -> int:
        data = self.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)


def replaced(size: int, changes: dict[int, bytes]) -> list[bytes | tuple[int, int]]:
    """The pieces of a file of `size` bytes in which `changes` lie over what is there, by offset."""
    pieces: list[bytes | tuple[int, int]] = []
    place = 0
    for offset, data in sorted(changes.items()):
        pieces += [(place, offset), data]
        place = offset + len(data)
    return [*pieces, (place, size)]
