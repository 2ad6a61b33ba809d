"""How far the spectrum from 8 to 16 kHz is from the recording's, in third octaves."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from ddsp_rt.evaluation.signals import periodic_hann

EDGES = 8000.0 * 2.0 ** (np.arange(4) / 3)  # Hz: 8, 10.1, 12.7, 16 kHz
WINDOW = 0.032  # seconds; windows overlap by half
FLOOR = -120.0  # dB re full scale: below this nothing counts as recorded
PAUSE = 50.0  # dB under the loudest window from which a window shows the recording's own noise
ABOVE_NOISE = 6.0  # dB by which a band must stand over that noise
LEAST_PAUSES = 5  # windows


def third_octave_levels(audio, rate: int) -> np.ndarray:
    """dB re full scale of the three bands from 8 to 16 kHz in windows of 32 ms: [windows, 3]; empty under 32 kHz."""
    size = round(WINDOW * rate)
    if rate < 2 * EDGES[-1] or len(audio) < size:
        return np.zeros((0, 3))
    window = periodic_hann(size)
    frames = np.lib.stride_tricks.sliding_window_view(np.asarray(audio, np.float64), size)[:: size // 2]
    frequency = np.fft.rfftfreq(size, 1 / rate)
    bands = [(frequency >= low) & (frequency < high) for low, high in pairwise(EDGES)]
    levels = []
    for start in range(0, len(frames), 1024):
        power = 2 * np.abs(np.fft.rfft(frames[start : start + 1024] * window)) ** 2 / (size * np.sum(window**2))
        levels.append(np.stack([power[:, band].sum(axis=1) for band in bands], axis=1))
    return 10 * np.log10(np.maximum(np.concatenate(levels), 10 ** (FLOOR / 10)))


def third_octave_difference(reference, output, rate: int) -> float:
    """Mean absolute difference in dB of the bands' levels from 8 to 16 kHz, where the recording has something there.

    Left out: windows and bands under -120 dB or within 6 dB of the band's level in the recording's own pauses. NaN
    where nothing is left, and below a rate of 32 kHz.
    """
    length = min(len(reference), len(output))
    a, b = (third_octave_levels(signal[:length], rate) for signal in (reference, output))
    if len(a) == 0:
        return float("nan")
    loudest = _window_levels(reference[:length], rate)
    pauses = loudest < loudest.max() - PAUSE
    floor = np.full(a.shape[1], FLOOR)
    if pauses.sum() >= LEAST_PAUSES:
        floor = np.maximum(floor, np.median(a[pauses], axis=0))
    counts = (a > floor + ABOVE_NOISE) & ~pauses[:, None]
    return float(np.mean(np.abs(a - b)[counts])) if counts.any() else float("nan")


def _window_levels(audio, rate: int) -> np.ndarray:
    """dB of all that sounds in the same windows: [windows]."""
    size = round(WINDOW * rate)
    energy = np.concatenate([[0.0], np.cumsum(np.square(np.asarray(audio, np.float64)))])
    starts = np.arange(0, len(audio) - size + 1, size // 2)
    return 10 * np.log10((energy[starts + size] - energy[starts]) / size + 1e-15)
