"""Finds soft clipping: peaks that a saturated stage, tape or a limiter has pressed against a ceiling of their own.

Hard clipping leaves flat tops at full scale (`sound_files.clipping`); this leaves round ones, at any level. What gives
it away is where the peaks end. Those of an instrument thin out towards the tallest, those that were pressed crowd
there. One side doing so is telling only if it does so often; both sides ending at one level are telling sooner, as the
waves of instruments lean to one side.
"""

from __future__ import annotations

import numpy as np

BLOCK = 0.05  # seconds, of each of which the peak counts
LOUD = 6.0  # dB under the tallest peak down to which blocks are judged
FEWEST = 20  # blocks, for a verdict
AT_CEILING, CROWDED = 0.1, 0.25  # dB under the tallest peak, and the share of blocks there; 0.18 at most unpressed
BOTH_AT_CEILING, BOTH_CROWDED = 0.3, 0.15  # the same on the upper and the lower side; 0.1 at most unpressed
UNLIKE = 0.15  # dB that waves at the ceiling differ in crest factor: a machine's steady tone peaks alike, and is none
FAINTEST = 1e-3  # of full scale


def is_soft_clipped(audio: np.ndarray, rate: int) -> bool:
    """Whether the peaks of float [samples] end at a ceiling. Less than a second of loud sound is not judged."""
    size = round(BLOCK * rate)
    length = len(audio) // size * size
    if length == 0:
        return False
    blocks = (audio[:length] - np.mean(audio[:length])).reshape(-1, size)
    upper, lower = blocks.max(axis=1), -blocks.min(axis=1)
    peak = np.maximum(upper, lower)
    tallest = float(peak.max())
    loud = peak >= tallest * 10 ** (-LOUD / 20)
    if tallest < FAINTEST or np.count_nonzero(loud) < FEWEST:
        return False

    def share(side: np.ndarray, within: float) -> float:
        return float(np.mean(side[loud] >= tallest * 10 ** (-within / 20)))

    pressed = share(peak, AT_CEILING) > CROWDED
    both = min(share(upper, BOTH_AT_CEILING), share(lower, BOTH_AT_CEILING)) > BOTH_CROWDED
    return (pressed or both) and _unlike(blocks[peak >= tallest * 10 ** (-BOTH_AT_CEILING / 20)]) >= UNLIKE


def _unlike(blocks: np.ndarray) -> float:
    """dB from the tenth to the ninetieth percentile of the blocks' crest factors."""
    power = np.square(blocks) @ np.hanning(blocks.shape[1])  # tapered: the share of a period at its ends counts little
    low, high = np.percentile(20 * np.log10(np.abs(blocks).max(axis=1)) - 10 * np.log10(power + 1e-20), [10, 90])
    return float(high - low)
