"""Finds the hum of the mains in a recording's pauses."""

from __future__ import annotations

import numpy as np

from ddsp_rt.analysis import FRAME_RATE

MAINS = (50, 60)  # Hz
WINDOW = 0.5  # seconds: bins 2 Hz apart, so that lines of the mains lie on bins
PAUSE = 30.0  # dB under loud playing, A-weighted, by which all of a window must lie
LINES, FEWEST = 8, 3  # multiples looked at, and how many must stand out
STANDS_OUT = 15.0  # dB over what lies around
NEAR, FAR = 3, 10  # bins on either side: a line is the tallest up to the first, its surroundings lie beyond it
FAINTEST = -90.0  # dB of full scale: all lines together


def mains_hum(audio: np.ndarray, rate: int, loudness: np.ndarray) -> int | None:
    """50 or 60 where the pauses of `audio` hold lines at that many Hz and its multiples; None otherwise.

    `loudness` is the engine's, dB per frame. Without a pause of half a second nothing is known, and None returned.
    """
    spectrum = _spectrum_of_pauses(audio, rate, loudness)
    if spectrum is None:
        return None
    found = {mains: _lines(spectrum, mains) for mains in MAINS}
    mains = max(found, key=lambda key: len(found[key]))
    if len(found[mains]) < FEWEST or 10 * np.log10(sum(found[mains]) + 1e-20) < FAINTEST:
        return None
    return mains


def _spectrum_of_pauses(audio: np.ndarray, rate: int, loudness: np.ndarray) -> np.ndarray | None:
    """Mean square of a sine at each bin, 2 Hz apart; None without a pause."""
    size, frames = int(WINDOW * rate), int(WINDOW * FRAME_RATE)
    if len(loudness) < frames:
        return None
    limit = np.percentile(loudness, 95) - PAUSE
    starts = range(0, len(loudness) - frames + 1, frames // 2)
    quiet = [start for start in starts if loudness[start : start + frames].max() < limit]
    hann = np.hanning(size + 1)[:-1]
    total, count = np.zeros(size // 2 + 1), 0
    for start in quiet:
        piece = audio[start * rate // FRAME_RATE :][:size]
        if len(piece) == size:
            total += np.abs(np.fft.rfft(piece * hann)) ** 2
            count += 1
    return 2.0 * total / count / hann.sum() ** 2 if count else None


def _lines(spectrum: np.ndarray, mains: int) -> list[float]:
    """The powers of those multiples of `mains` that stand out."""
    powers = []
    for multiple in range(1, LINES + 1):
        place = round(multiple * mains * WINDOW)
        if place + FAR >= len(spectrum):
            break
        near = spectrum[place - NEAR : place + NEAR + 1]
        around = np.r_[spectrum[max(place - FAR, 1) : place - NEAR], spectrum[place + NEAR + 1 : place + FAR + 1]]
        if near.argmax() == NEAR and spectrum[place] > 10 ** (STANDS_OUT / 10) * np.median(around):
            powers.append(float(spectrum[place]))
    return powers
