"""Excursions: places where a pitch track leaves its note and is back at once, which no player does."""

from __future__ import annotations

import numpy as np

from ddsp_rt.analysis import FRAME_RATE

AWAY = 3.0  # semitones
BACK = 1.0  # semitones within which the track is back where it was
WITHIN = 0.150  # seconds from leaving to being back


def excursions(f0: np.ndarray, voiced: np.ndarray) -> np.ndarray:
    """Frames at which the track is 3 semitones away, to be back within 150 ms of having left; ascending.

    Args:
        f0: Hz [frames], one every 4 ms.
        voiced: bool [frames]; the others say nothing and may lie within an excursion.
    """
    f0 = np.asarray(f0, np.float64)
    where = np.flatnonzero(np.asarray(voiced, bool) & np.isfinite(f0) & (f0 > 0))
    pitch = 12 * np.log2(f0[where])
    longest, found, after = round(WITHIN * FRAME_RATE), [], 0
    for i in np.flatnonzero(_leaves(where, pitch, longest)):
        if i < after:
            continue
        stop = np.searchsorted(where, where[i] + longest, side="right")
        distance = np.abs(pitch[i + 1 : stop] - pitch[i])
        away = int(np.argmax(distance >= AWAY))
        back = np.flatnonzero(distance[away:] <= BACK)
        if len(back):
            after = i + 1 + away + back[0]
            found.append(int(where[i + 1 + away]))
    return np.array(found, int)


def excursions_per_minute(f0: np.ndarray, voiced: np.ndarray) -> float:
    """How often a minute of voiced sound; NaN without any."""
    sounding = np.count_nonzero(voiced)
    return len(excursions(f0, voiced)) * 60 * FRAME_RATE / sounding if sounding else float("nan")


def _leaves(where: np.ndarray, pitch: np.ndarray, longest: int) -> np.ndarray:
    """bool: the frames whose next 150 ms hold a pitch 3 semitones away."""
    leaves = np.zeros(len(pitch), bool)
    for ahead in range(1, min(longest, len(pitch) - 1) + 1):
        near = where[ahead:] - where[:-ahead] <= longest
        leaves[:-ahead] |= near & (np.abs(pitch[ahead:] - pitch[:-ahead]) >= AWAY)
    return leaves
