"""Gap depth: whether the pauses of a performance stay pauses."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from ddsp_rt.analysis import FRAME_RATE
from ddsp_rt.evaluation.sounding import loud_level

UNDER_LOUD = 25.0  # dB from which a frame of the source is a gap
SHORTEST = 0.060  # seconds
TAIL = 0.060  # seconds at the start of a gap that belong to the note before it
EDGE = 0.016  # seconds at its end in which the meter's window reaches into the next note
FLOOR = 80.0  # dB under loud: what is deeper counts as this deep


@dataclass(frozen=True)
class GapDepth:
    """Mean level in the gaps, dB relative to the signal's own loud level (deeper is lower), of source and output.

    gaps: how many there are; seconds: of them, without the tails of notes.
    """

    source_db: float
    output_db: float
    gaps: int
    seconds: float

    @property
    def raised_db(self) -> float:
        """How much shallower the output's gaps are; negative when they are deeper."""
        return self.output_db - self.source_db


def gap_depth(source: np.ndarray, output: np.ndarray) -> GapDepth | None:
    """Compares the gaps of a source with what a dry output does in them.

    Args:
        source, output: A-weighted dB [frames] in step, as `measure_loudness` gives them.

    Returns:
        None where the source has no gap, or one of the two is silent throughout.
    """
    length = min(len(source), len(output))
    source, output = source[:length], output[:length]
    loud = loud_level(source), loud_level(output)
    inside, count = gap_frames(source)
    if not inside.any() or not np.isfinite(loud).all():
        return None
    depths = (
        float(np.mean(np.maximum(levels[inside] - level, -FLOOR))) for levels, level in zip((source, output), loud)
    )
    return GapDepth(*depths, count, float(inside.sum()) / FRAME_RATE)


def gap_frames(levels: np.ndarray) -> tuple[np.ndarray, int]:
    """bool [frames], true inside the gaps without their first 60 and last 16 ms, and the number of gaps.

    Silence before the first note and after the last is no gap.
    """
    quiet = ~(levels > loud_level(levels) - UNDER_LOUD)
    inside, count = np.zeros(len(levels), bool), 0
    edges = np.flatnonzero(np.diff(quiet.astype(int))) + 1
    for start, stop in pairwise(edges):
        if quiet[start] and stop - start >= SHORTEST * FRAME_RATE:
            first, last = start + round(TAIL * FRAME_RATE), stop - round(EDGE * FRAME_RATE)
            inside[first:last] = True
            count += bool(first < last)
    return inside, count
