"""Consonants: whether unvoiced sound is played as noise, and as bright as it was."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ddsp_rt.evaluation.loudness import FRAME_RATE
from ddsp_rt.evaluation.signals import periodic_hann

UNVOICED = 0.3  # periodicity under which a frame is unvoiced
LEAST = 10  # frames (40 ms) for a result
SPLIT = 3500.0  # Hz
WINDOW = 0.032  # seconds
SILENT = 1e-9  # mean square of an output that does not answer at all


@dataclass(frozen=True)
class Consonants:
    """Medians over the unvoiced sounding frames that the output answers: `frames` of them, `silent` more it does not.

    harmonic_over_noise_db: in the output; above_over_below_db: energy above 3.5 kHz over that below, in and out;
    pitched: share of the frames (0-1) in which the harmonic part is the stronger one.
    """

    harmonic_over_noise_db: float
    source_above_over_below_db: float
    output_above_over_below_db: float
    pitched: float
    frames: int
    silent: int


def consonants(source, harmonic, noise, rate: int, unvoiced: np.ndarray) -> Consonants | None:
    """Looks at what an output makes of the unvoiced frames of a source.

    Args:
        source, harmonic, noise: float [samples] in step at `rate` Hz; the output is harmonic + noise, without reverb.
        unvoiced: bool [frames] every 4 ms, the frames of the source that sound and have a periodicity
            (`harmonicity`) under 0.3.

    Returns:
        None with fewer than 10 such frames, or where the output is silent in nearly all of them.
    """
    where = np.flatnonzero(unvoiced)
    if len(where) < LEAST:
        return None
    parts = [_spectra(part, rate, where) for part in (source, harmonic, noise, harmonic + noise)]
    _, h, n, out = (part.sum(axis=1) for part in parts)
    answered = out > SILENT
    if answered.sum() < LEAST:
        return None
    ratio = 10 * np.log10(np.maximum(h, SILENT / 1e3) / np.maximum(n, SILENT / 1e3))[answered]
    tilts = [float(np.median(_tilt(parts[i][answered], rate))) for i in (0, 3)]
    silent = int((~answered).sum())
    return Consonants(float(np.median(ratio)), *tilts, float(np.mean(ratio > 0)), int(answered.sum()), silent)


def above_over_below(audio, rate: int, frames: np.ndarray) -> np.ndarray:
    """Energy above 3.5 kHz over that below in dB, of 32 ms about each of the frames: [frames]."""
    return _tilt(_spectra(audio, rate, frames), rate)


def _spectra(audio: np.ndarray, rate: int, frames: np.ndarray) -> np.ndarray:
    """Power spectra of 32 ms centred on the frames, summing to the mean square: [frames, bins]."""
    size = round(WINDOW * rate)
    padded = np.concatenate([np.zeros(size // 2), np.asarray(audio, np.float64), np.zeros(size)])
    centre = np.minimum(np.round(frames * rate / FRAME_RATE).astype(int), len(audio))
    window = periodic_hann(size)
    windows = padded[centre[:, None] + np.arange(size)] * window
    return 2 * np.abs(np.fft.rfft(windows)) ** 2 / (size * np.sum(window**2))


def _tilt(spectra: np.ndarray, rate: int) -> np.ndarray:
    above = np.fft.rfftfreq(round(WINDOW * rate), 1 / rate) > SPLIT
    high, low = spectra[:, above].sum(axis=1), spectra[:, ~above].sum(axis=1)
    return 10 * np.log10((high + 1e-12) / (low + 1e-12))
