"""Where a phrase sounds: its loud level, and the frames within so many decibels of it."""

from __future__ import annotations

import numpy as np

LOUD = 95.0  # percentile of the sounding frames that counts as the phrase's loud level
RANGE = 40.0  # dB under loud within which a frame sounds
SILENT = -90.0  # dB: a phrase no louder than this has no loud level


def loud_level(levels: np.ndarray) -> float:
    """The loud level of a phrase, dB: the 95th percentile of the frames within 40 dB of its loudest; NaN in silence.

    levels: dB [frames], as `measure_loudness` gives them. Pauses do not count, however many there are.
    """
    highest = float(np.max(levels, initial=-np.inf))
    if highest <= SILENT:
        return float("nan")
    return float(np.percentile(levels[levels > highest - RANGE], LOUD))


def sounding(levels: np.ndarray, within: float = RANGE) -> np.ndarray:
    """bool [frames]: the frames at most `within` dB under loud."""
    return levels >= loud_level(levels) - within  # NaN compares false: nothing sounds in silence
