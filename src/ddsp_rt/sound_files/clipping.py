"""Clipping is a flat top at the format's ceiling: a float beyond 1 is none, and neither is a smooth peak at 1."""

from __future__ import annotations

import numpy as np

LEAST = 3  # samples in a row
STEEP = (
    8  # quantisation steps by which the samples on either side of a flat top lie lower: a slow wave's peak is rounder
)
CEILINGS = {"PCM_U8": 127 / 128, "PCM_S8": 127 / 128, "ULAW": 32124 / 32768, "ALAW": 32256 / 32768}
CEILING = 0.9998  # of 16 bits and more; floats that were made of them share it
STEPS = {"PCM_U8": 2.0**-7, "PCM_S8": 2.0**-7, "ULAW": 2.0**-5, "ALAW": 2.0**-5}
STEP = 2.0**-15


def flat_tops(audio: np.ndarray, subtype: str = "") -> np.ndarray:
    """Samples of float [samples] that lie on a flat top at the ceiling of libsndfile's `subtype`. bool [samples]."""
    audio = np.asarray(audio, np.float32)
    clipped = np.zeros(len(audio), bool)
    step = STEPS.get(subtype, STEP)
    size = np.abs(audio)
    top = (size >= CEILINGS.get(subtype, CEILING) - 1e-6) & (size <= 1)
    if not top.any():
        return clipped
    same = top[1:] & top[:-1] & (np.abs(np.diff(audio)) <= STEP)
    edges = np.flatnonzero(np.diff(np.concatenate([[False], same, [False]])))
    for start, stop in zip(edges[::2], edges[1::2] + 1):  # samples start to stop - 1 are one flat top
        if stop - start < LEAST:
            continue
        before = abs(audio[start] - audio[start - 1]) if start else np.inf
        after = abs(audio[stop] - audio[stop - 1]) if stop < len(audio) else np.inf
        if min(before, after) >= STEEP * step or (
            subtype in STEPS and min(before, after) > step and stop - start > LEAST
        ):
            clipped[start:stop] = True
    return clipped
