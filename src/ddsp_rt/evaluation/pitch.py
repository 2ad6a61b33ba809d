"""Errors of an output's f0 against a reference: how well the melody was kept."""

from __future__ import annotations

from dataclasses import asdict, dataclass

import numpy as np

from ddsp_rt.analysis import FRAME_RATE
from ddsp_rt.evaluation.judges import LEAST_JUDGED, cents

MOST_LAG = 0.040  # seconds, removed before comparing
CHANGE = 80.0  # cents within CHANGE_TIME that make a note change
CHANGE_TIME = 0.030  # seconds
AROUND_CHANGE = 0.050  # seconds on either side, scored apart


@dataclass(frozen=True)
class F0Errors:
    """l1 in semitones; shares 0-1; `judged` is the share of sounding frames with a reference; lag in ms."""

    l1: float
    beyond_semitone: float
    beyond_half_octave: float
    lag: float
    judged: float
    unpitched: float
    frames: int
    at_changes_l1: float
    at_changes_beyond_semitone: float
    at_changes_frames: int

    def as_dict(self) -> dict:
        return {name: _plain(value) for name, value in asdict(self).items()}


def f0_errors(reference, output, sounding=None, octave: int = 0) -> F0Errors | None:
    """Compares two tracks on the 4 ms grid.

    Args:
        reference: Hz [frames], NaN where nothing is known.
        output: Hz [frames], NaN where no pitch is heard.
        sounding: bool [frames], what the share judged is taken of; default every frame.
        octave: whole octaves the output was transposed by, removed first.

    Returns:
        None when fewer than 60 % of the sounding frames have a reference: no result.
    """
    target = np.asarray(reference, np.float64) * 2.0**octave
    heard = np.asarray(output, np.float64)
    length = min(len(target), len(heard))
    target, heard = target[:length], heard[:length]
    sounding = np.ones(length, bool) if sounding is None else np.asarray(sounding, bool)[:length]
    known = np.isfinite(target) & sounding
    judged = float(known.sum() / max(sounding.sum(), 1))
    if judged < LEAST_JUDGED:
        return None
    changing = note_changes(target)
    best = min(range(int(MOST_LAG * FRAME_RATE) + 1), key=lambda lag: _distance(target, heard, known, lag))
    difference = np.abs(_difference(target, heard, best))
    steady, moving = (np.isfinite(difference) & known & part for part in (~changing, changing))
    unpitched = known & ~changing & ~np.isfinite(difference)
    scores, at_changes = _scores(difference[steady]), _scores(difference[moving])
    return F0Errors(
        *scores, best * 1000 / FRAME_RATE, judged, _share(unpitched.sum(), (known & ~changing).sum()),
        int(steady.sum()), *at_changes[:2], int(moving.sum()),
    )  # fmt: skip


def note_changes(f0: np.ndarray) -> np.ndarray:
    """Frames within 50 ms of a change of more than 80 cents in 30 ms: bool [frames]."""
    pitch = cents(f0)
    change = np.zeros(len(pitch), bool)
    for width in range(1, int(CHANGE_TIME * FRAME_RATE) + 1):  # the shortest span that holds a change places it best
        start = np.flatnonzero(np.abs(pitch[width:] - pitch[:-width]) > CHANGE)
        seen = np.concatenate([[0], np.cumsum(change)])
        start = start[seen[start + width + 1] == seen[start]]
        change[start + (width + 1) // 2] = True
    around = int(AROUND_CHANGE * FRAME_RATE)
    total = np.concatenate([np.zeros(around + 1), np.cumsum(change), np.full(around, change.sum())])
    return total[2 * around + 1 :] > total[: len(change)]


def pool(results: list[F0Errors]) -> F0Errors | None:
    """Several recordings as one, weighted by their frames."""
    results = [r for r in results if r is not None]
    if not results:
        return None

    def mean(name, frames="frames"):
        weight = np.array([getattr(r, frames) for r in results], float)
        value = np.array([getattr(r, name) for r in results], float)
        fine = np.isfinite(value) & (weight > 0)
        return float(np.average(value[fine], weights=weight[fine])) if fine.any() else float("nan")

    plain = {name: mean(name) for name in ("l1", "beyond_semitone", "beyond_half_octave", "lag", "judged", "unpitched")}
    moving = {name: mean(name, "at_changes_frames") for name in ("at_changes_l1", "at_changes_beyond_semitone")}
    return F0Errors(
        **plain, **moving, frames=sum(r.frames for r in results),
        at_changes_frames=sum(r.at_changes_frames for r in results),
    )  # fmt: skip


def _difference(target: np.ndarray, heard: np.ndarray, lag: int) -> np.ndarray:
    """Semitones between the output advanced by `lag` frames and the target, NaN where either is unknown."""
    late = np.full(len(heard), np.nan)
    late[: len(heard) - lag] = heard[lag:]
    return (cents(late) - cents(target)) / 100


def _distance(target, heard, where, lag: int) -> float:
    difference = np.abs(_difference(target, heard, lag)[where])
    difference = difference[np.isfinite(difference)]
    return float(np.mean(np.minimum(difference, 1.0))) if len(difference) else np.inf


def _scores(difference: np.ndarray) -> tuple[float, float, float]:
    if len(difference) == 0:
        return (float("nan"),) * 3
    return float(difference.mean()), float((difference > 1).mean()), float((difference > 6).mean())


def _share(part, whole) -> float:
    return float(part / whole) if whole else 0.0


def _plain(value):
    return None if isinstance(value, float) and not np.isfinite(value) else value
