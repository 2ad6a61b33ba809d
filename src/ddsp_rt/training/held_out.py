"""Which stretches of the recordings are held out: spread over all of them, and with something to score in each."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from ddsp_rt.analysis import FRAME_RATE

LONG = 20.0  # seconds: longer recordings give windows of their own
SHARE = 0.05  # of the data that is held out
LEAST = 32.0  # seconds held out, if that is not more than
MOST_SHARE = 0.12
FEWEST_SHORT = 8  # short recordings from which whole ones are held out
MOSTLY = 0.5  # share of a window's frames that should be usable
UNBROKEN = 0.25  # seconds in one piece that must be usable: all scales of the loss then count
STEP = FRAME_RATE // 2  # frames between the places tried for a window

Window = tuple[int, int]  # recording, first scored frame


def share_held_out(seconds: float) -> float:
    """The share of so many seconds of data that is held out."""
    return min(max(SHARE, LEAST / max(seconds, 1.0)), MOST_SHARE)


class HeldOut:
    """What is held out of recordings of so many `frames`, in windows of `scored` frames.

    A long recording is cut into equal segments, and each gives the last scorable window of its second half. Of short
    ones some are held out whole. When there is too little for either, windows that are also trained on are taken
    (`also_trained_on`). Where `marks` say of a recording that it is held out, all of it is, and where they say that it
    is not, nothing of it; None leaves that to the rules above. `windows` is empty when nothing can be scored at all;
    `parts` are the stretches of each recording that are trained on.
    """

    def __init__(
        self,
        frames: list[int],
        scored: int,
        usable: Callable[[int], np.ndarray],
        marks: Sequence[bool | None] | None = None,
    ):
        self.scored, self._usable = scored, usable
        self.windows: list[Window] = []
        self.parts: list[list[tuple[int, int]]] = [[(0, count)] for count in frames]
        total = sum(frames) / FRAME_RATE
        self.share = share_held_out(total)
        marks = marks or [None] * len(frames)
        short = []
        for index, (count, mark) in enumerate(zip(frames, marks, strict=True)):
            if mark is not None:
                if mark:
                    self._hold_out(index, count)
            elif count >= max(LONG * FRAME_RATE, 2 * scored):
                self._hold_out_windows(index, count)
            elif self._scorable(index, 0):
                short.append(index)
        if len(short) >= FEWEST_SHORT:
            stride = min(round(1 / self.share), len(short))
            for index in short[stride // 2 :: stride]:
                self._hold_out(index, frames[index])
        self.also_trained_on = not self.windows
        if self.also_trained_on:
            self.windows = self._any_windows(frames)

    def _hold_out(self, index: int, frames: int) -> None:
        starts = range(0, max(frames - self.scored, 0) + 1, self.scored)
        self.windows += [(index, start) for start in starts if self._scorable(index, start)]
        self.parts[index] = []

    def _hold_out_windows(self, index: int, frames: int) -> None:
        count = max(1, round(self.share * frames / self.scored))
        parts, begin = [], 0
        for number in range(count):
            first, last = frames * number // count, frames * (number + 1) // count
            for start in range(last - self.scored, (first + last) // 2 - 1, -STEP):
                if self._scorable(index, start):
                    self.windows.append((index, start))
                    parts.append((begin, start))
                    begin = start + self.scored
                    break
        self.parts[index] = [*parts, (begin, frames)] if begin < frames else parts

    def _any_windows(self, frames: list[int]) -> list[Window]:
        found = []
        for index, count in enumerate(frames):
            starts = range(0, max(count - self.scored, 0) + 1, self.scored)
            found += [(index, start) for start in starts if self._scorable(index, start)]
        return found[:: max(1, len(found) // 4)][:4]

    def _scorable(self, index: int, start: int) -> bool:
        usable = self._usable(index)[start : start + self.scored] > 0
        if len(usable) == 0 or np.mean(usable) < MOSTLY:
            return False
        edges = np.flatnonzero(np.diff(np.concatenate([[0], usable.astype(np.int8), [0]])))
        return int(np.max(edges[1::2] - edges[::2])) >= min(UNBROKEN * FRAME_RATE, self.scored)
