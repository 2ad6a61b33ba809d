"""Harmonics-to-noise ratio and periodicity from the autocorrelation (Boersma 1993, "Accurate short-term analysis of the
fundamental frequency and the harmonics-to-noise ratio of a sampled sound", IFA Proceedings 17)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ddsp_rt.analysis import FRAME_RATE
from ddsp_rt.evaluation.signals import MEASURE_RATE, centred_frames, periodic_hann, resample

SIZE = 1024  # samples at 16 kHz: 64 ms
LOWEST, HIGHEST = 40.0, 3200.0  # Hz
FINER = 2  # times the lags are resolved finer than samples, band-limited
OCTAVE_COST = 0.01  # by which a period must be better than one an octave above
QUIET = 1e-5  # full scale: RMS under which nothing is periodic
MOST_PERIODIC = 1 - 1e-6  # 60 dB
HNR_RANGE = 30.0  # dB under loud within which frames count
VOICED = 0.5  # r from which a frame counts as voiced


@dataclass(frozen=True)
class Periodicity:
    """r: normalised autocorrelation at the period, 0..1; f0: Hz, NaN where nothing is periodic: [frames] each."""

    r: np.ndarray
    f0: np.ndarray

    @property
    def hnr(self) -> np.ndarray:
        """dB [frames]."""
        r = np.clip(self.r, 1 - MOST_PERIODIC, MOST_PERIODIC)
        return 10 * np.log10(r / (1 - r))


def periodicity(audio, rate: int, lowest: float = LOWEST, highest: float = HIGHEST) -> Periodicity:
    """Of every 4 ms frame, centred: 64 ms Hann windows, the autocorrelation divided by the window's own.

    lowest, highest: Hz between which the period is looked for.
    """
    audio = resample(audio, rate)
    frames = centred_frames(audio, SIZE, MEASURE_RATE // FRAME_RATE)
    window = periodic_hann(SIZE)
    first, last = int(FINER * MEASURE_RATE / highest), int(FINER * MEASURE_RATE / lowest)
    own = _autocorrelation(window[None], last + 1)[0]
    cost = OCTAVE_COST * np.log2(np.arange(first, last + 1) / first)
    r, f0 = np.zeros(len(frames)), np.full(len(frames), np.nan)
    for start in range(0, len(frames), 512):
        part = frames[start : start + 512]
        part = (part - part.mean(axis=1, keepdims=True)) * window
        correlation = _autocorrelation(part, last + 1) / own
        left, mid, right = (correlation[:, first + d : last + 1 + d] for d in (-1, 0, 1))
        peak = (mid >= left) & (mid > right)
        bend = np.minimum(left - 2 * mid + right, -1e-12)
        height = np.where(peak, mid - (left - right) ** 2 / (8 * bend), -2.0)  # of the parabola through three points
        best = np.argmax(height - cost, axis=1)
        pick = np.arange(len(part)), best
        sounds = peak[pick] & (np.sqrt(np.mean(part**2, axis=1)) > QUIET)
        r[start : start + 512] = np.where(sounds, np.clip(height[pick], 0, 1), 0)
        lag = (first + best + 0.5 * (left[pick] - right[pick]) / bend[pick]) / FINER
        f0[start : start + 512] = np.where(sounds, MEASURE_RATE / lag, np.nan)
    return Periodicity(r, f0)


def median_hnr(found: Periodicity, levels: np.ndarray, loud: float) -> float:
    """Median HNR, dB, over the voiced frames within 30 dB of `loud`; NaN without any. levels: dB [frames]."""
    length = min(len(levels), len(found.r))
    counts = (found.r[:length] >= VOICED) & (levels[:length] > loud - HNR_RANGE)
    return float(np.median(found.hnr[:length][counts])) if counts.any() else float("nan")


def _autocorrelation(frames: np.ndarray, lags: int) -> np.ndarray:
    """Autocorrelation, 1 at lag 0, every 1/FINER sample: [frames, lags + 1]."""
    size = 2 * SIZE
    power = np.abs(np.fft.rfft(frames, size)) ** 2
    power[:, -1] *= 0.5  # zero-padding the spectrum splits the bin at Nyquist
    correlation = np.fft.irfft(power, FINER * size)[:, : lags + 1]
    return correlation / np.maximum(correlation[:, :1], 1e-30)
