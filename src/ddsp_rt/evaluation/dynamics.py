"""Dynamics: how loudness that comes out follows loudness that went in."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

MOST_LAG = 10  # frames of 4 ms that the output may be late, removed first
LEAST = 50  # frames for a result
PAIRED = 800  # frames between which slopes are taken
RANGE = (5, 95)  # percentiles


@dataclass(frozen=True)
class Dynamics:
    """slope: dB out per dB in, by a robust line; ranges: 5-95 %, dB, in and out; frames judged."""

    slope: float
    range_in_db: float
    range_out_db: float
    frames: int

    @property
    def range_ratio(self) -> float:
        return self.range_out_db / self.range_in_db if self.range_in_db > 0 else float("nan")


def dynamics(before: np.ndarray, after: np.ndarray, sounding: np.ndarray) -> Dynamics | None:
    """Slope and range of one loudness against another.

    Args:
        before, after: dB [frames], in step but for a lag of up to 40 ms, which is removed.
        sounding: bool [frames], the frames that count.

    Returns:
        None with fewer than 50 frames that count.
    """
    length = min(len(before), len(after), len(sounding))
    before, after, sounding = before[:length], after[:length], sounding[:length]
    lag = max(range(MOST_LAG + 1), key=lambda lag: _likeness(before, after, sounding, lag))
    x, y = (values[sounding[: length - lag]] for values in (before[: length - lag], after[lag:]))
    if len(x) < LEAST:
        return None
    ranges = (float(np.diff(np.percentile(values, RANGE))[0]) for values in (x, y))
    return Dynamics(robust_slope(x, y), *ranges, len(x))


def robust_slope(x: np.ndarray, y: np.ndarray) -> float:
    """Median of the slopes between all pairs of points, each weighing as its distance in x (Theil 1950, Sen 1968;
    the weights after Jaeckel 1972). NaN when x does not move."""
    if len(x) > PAIRED:
        pick = np.linspace(0, len(x) - 1, PAIRED).round().astype(int)
        x, y = x[pick], y[pick]
    first, second = np.triu_indices(len(x), 1)
    across = x[second] - x[first]
    apart = np.abs(across) > 1e-6
    if not apart.any():
        return float("nan")
    slopes, weights = ((y[second] - y[first])[apart] / across[apart]), np.abs(across[apart])
    order = np.argsort(slopes)
    total = np.cumsum(weights[order])
    return float(slopes[order][np.searchsorted(total, total[-1] / 2)])


def _likeness(before: np.ndarray, after: np.ndarray, sounding: np.ndarray, lag: int) -> float:
    where = sounding[: len(before) - lag]
    x, y = before[: len(before) - lag][where], after[lag:][where]
    if len(x) < LEAST or x.std() < 1e-9 or y.std() < 1e-9:
        return -2.0 - lag
    return float(np.corrcoef(x, y)[0, 1])
