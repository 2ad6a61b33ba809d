"""Finds files that sound like another instrument than the rest of their folder.

Files are near when their notes sound alike (`timbre.distances`); what is joined by near ones is a group. Of two groups
that play the same notes about as loudly, and never sound near there, the smaller one is strange. Registers, strings and
mutes differ as much as instruments do, so what only borders on the others in pitch is not judged, nor is a folder whose
takes of a note differ among themselves, nor what has few notes in common with the others.
"""

from __future__ import annotations

import numpy as np

from ddsp_rt.inspection.timbre import distances

# dB between the notes of two instruments at the least, and how often as far as takes of one are from each other: the
# nearest pair, and half of them. Where takes agree closely, less of a distance is telling.
BARS = ((7.5, 1.5, 2.0), (5.0, 2.5, 3.2))
FEWEST = 3  # pairs of files compared
SAME = 0.3  # semitones


def find_strangers(timbres: list[np.ndarray]) -> list[int]:
    """The indices of the strange among files, given the timbres of the notes of each ([notes, 24])."""
    apart, lower, upper = _compare(timbres)
    found = set().union(*(_strange(apart, lower, upper, *bar) for bar in BARS))
    return sorted(found)


def _strange(apart, lower, upper, least: float, times_nearest: float, times_mostly: float) -> set[int]:
    """The strange for one of `BARS`; `apart`, `lower` and `upper` are those of `_compare`."""
    nearest = apart.min(axis=1, initial=np.inf)
    groups = _groups(apart < least)
    strange: set[int] = set()
    for one, some in enumerate(groups):
        for others in groups[:one]:
            pairs = np.ix_(some, others)
            both = np.isfinite(apart[pairs])
            amid = (both & lower[pairs]).any(axis=1) & (both & upper[pairs]).any(axis=1)
            amid_others = (both & lower.T[pairs]).any(axis=0) & (both & upper.T[pairs]).any(axis=0)
            both &= amid[:, None] | amid_others[None]
            if both.sum() < FEWEST:
                continue
            within = nearest[np.concatenate([some[both.any(axis=1)], others[both.any(axis=0)]])]
            within = within[within < least]
            between = apart[pairs][both]
            if (
                len(within) > 1
                and between.min() > times_nearest * np.median(within)
                and np.median(between) > times_mostly * np.median(within)
            ):
                strange |= set((some if len(some) <= len(others) else others).tolist())
    return strange


def _compare(timbres: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """dB between files, infinite where they share no note, and whether the second has notes as low, as high: [n, n]."""
    count = len(timbres)
    apart, lower, upper = (
        np.full((count, count), np.inf),
        np.zeros((count, count), bool),
        np.zeros((count, count), bool),
    )
    filled = [k for k in range(count) if len(timbres[k])]
    if not filled:
        return apart, lower, upper
    notes = np.concatenate([timbres[k] for k in filled])
    starts = np.cumsum([0] + [len(timbres[k]) for k in filled])[:-1]
    for k in filled:
        between = distances(timbres[k], notes)
        higher = notes[None, :, 0] - timbres[k][:, :1]
        known = np.isfinite(between)
        best = np.minimum.reduceat(between, starts, axis=1)  # of each note of this file the nearest of each other
        best = np.sort(np.where(np.isfinite(best), best, np.inf), axis=0)
        shared = np.isfinite(best).sum(axis=0)
        middle = np.where(shared > 0, best[np.maximum(shared - 1, 0) // 2, np.arange(len(filled))], np.inf)
        apart[k, filled] = middle
        lower[k, filled] = np.logical_or.reduceat((known & (higher <= SAME)).any(axis=0), starts)
        upper[k, filled] = np.logical_or.reduceat((known & (higher >= -SAME)).any(axis=0), starts)
    np.fill_diagonal(apart, np.inf)
    return (apart + apart.T) / 2, lower, upper


def _groups(near: np.ndarray) -> list[np.ndarray]:
    """The indices of what is joined by `near`, bool [n, n], whatever lies between."""
    left, found = set(range(len(near))), []
    while left:
        group, new = set(), {left.pop()}
        while new:
            group |= new
            new = set(np.flatnonzero(near[sorted(new)].any(axis=0)).tolist()) - group
        left -= group
        found.append(np.array(sorted(group)))
    return found
