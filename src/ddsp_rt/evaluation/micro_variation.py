"""Micro-variation: how the levels of single harmonics move within steady notes.

Each of the harmonics 1-6 is demodulated along the signal's own f0 and its level taken in dB. Windows of 256 ms that lie
within one note are freed of their linear trend; what is left is split into 4-20 and 20-100 Hz.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ddsp_rt.analysis import FRAME_RATE
from ddsp_rt.evaluation.signals import MEASURE_RATE, periodic_hann, resample
from ddsp_rt.evaluation.sounding import loud_level

HARMONICS = 6
HIGHEST = 7000.0  # Hz, of a harmonic that is judged
LEVEL_RATE = 500  # Hz, of the levels
WINDOW = 128  # levels: 256 ms
EDGE = 0.050  # seconds at either end of a note that are no steady part
JUMP, CHANGE = 80.0, 0.030  # cents within so many seconds that end a note
SWELL = 10.0  # dB over which the loudness of a steady window may range
DROP = 30.0  # dB under loud below which a note has ended
SLOW, FAST = (3.9, 20.0), (20.0, 100.0)  # Hz, of which bins lie 3.9 apart
PASS, STOP = 100.0, 160.0  # Hz, of the demodulating low-pass; a lower f0 has its neighbours inside, and is not judged
DEEPEST = 40.0  # dB under its own median to which a harmonic's level counts
APART = (2, 4)  # bins on either side of a modulation line that are its neighbours


@dataclass(frozen=True)
class MicroVariation:
    """slow_db, fast_db: standard deviation of a harmonic's level in 4-20 and 20-100 Hz; correlation: of two harmonics'
    levels, mean over the pairs; line_db: the tallest line of the modulation spectrum over its neighbours, at line_hz;
    windows: how many were judged.
    """

    slow_db: float
    fast_db: float
    correlation: float
    line_db: float
    line_hz: float
    windows: int


def micro_variation(levels: np.ndarray) -> MicroVariation | None:
    """From levels in dB [windows, harmonics, 128], as `steady_levels` gives them, NaN where there is no harmonic.

    Several recordings are pooled by joining theirs. None without a window.
    """
    levels = levels[np.isfinite(levels).any(axis=(1, 2))]
    if len(levels) == 0:
        return None
    window = periodic_hann(WINDOW)
    moving = _detrended(levels) * window / np.sqrt(np.mean(window**2))
    spectra = 2 * np.abs(np.fft.rfft(moving)) ** 2 / WINDOW**2  # sums to the variance
    frequency = np.fft.rfftfreq(WINDOW, 1 / LEVEL_RATE)
    bands = [(frequency >= low) & (frequency < high) for low, high in (SLOW, FAST)]
    slow, fast = (float(np.sqrt(np.nanmean(spectra[:, :, band].sum(axis=2)))) for band in bands)
    line, hertz = _tallest_line(np.nanmean(spectra, axis=(0, 1)), frequency)
    return MicroVariation(slow, fast, _correlation(moving, bands[0] | bands[1]), line, hertz, len(levels))


def steady_windows(f0: np.ndarray, levels: np.ndarray) -> np.ndarray:
    """Where the 256 ms windows begin that lie within one note each: seconds [windows].

    f0: Hz [frames] every 4 ms, NaN where nothing is periodic; levels: dB [frames]. Windows overlap by half.
    """
    count = min(len(f0), len(levels))
    pitch, level = 1200 * np.log2(f0[:count]), levels[:count]
    steady = np.isfinite(pitch) & (f0[:count] >= STOP) & (level > loud_level(level) - DROP)
    span = round(CHANGE * FRAME_RATE)
    steady &= ~(np.abs(np.concatenate([pitch[span:], np.full(span, np.nan)])[:count] - pitch) > JUMP)
    edge, length = round(EDGE * FRAME_RATE), FRAME_RATE * WINDOW // LEVEL_RATE
    starts = [
        at
        for start, stop in _runs(steady)
        for at in range(start + edge, stop - edge - length + 1, length // 2)
        if np.ptp(level[at : at + length]) < SWELL
    ]
    return np.array(starts) / FRAME_RATE


def steady_levels(audio, rate: int, f0: np.ndarray, starts: np.ndarray) -> np.ndarray:
    """Levels of the harmonics in the windows that begin at `starts` seconds: dB [windows, 6, 128].

    f0: the signal's own, Hz [frames] every 4 ms. NaN for harmonics above 7 kHz, and for windows without pitch.
    """
    result = np.full((len(starts), HARMONICS, WINDOW), np.nan)
    audio = resample(audio, rate)
    known = np.isfinite(f0)
    if len(starts) == 0 or not known.any():
        return result
    time = np.arange(len(audio)) * FRAME_RATE / MEASURE_RATE
    track = np.exp(np.interp(time, np.flatnonzero(known), np.log(f0[known])))
    phase = 2 * np.pi * np.cumsum(track) / MEASURE_RATE
    first = np.round(np.asarray(starts) * LEVEL_RATE).astype(int)
    pick = first[:, None] + np.arange(WINDOW)
    pitched = known[np.minimum(pick // 2, len(known) - 1)].mean(axis=1) > 0.9
    highest = track[np.minimum(pick * (MEASURE_RATE // LEVEL_RATE), len(track) - 1)].max(axis=1)
    for h in range(1, HARMONICS + 1):
        amplitude = np.abs(_low_passed(audio * np.exp(-1j * h * phase)))
        there = pitched & (h * highest < HIGHEST)
        level = 20 * np.log10(amplitude[np.minimum(pick, len(amplitude) - 1)] + 1e-9)
        level = np.maximum(level, np.median(level, axis=1, keepdims=True) - DEEPEST)
        result[there, h - 1] = level[there]
    return result


def _low_passed(signal: np.ndarray) -> np.ndarray:
    """A complex signal at 16 kHz without what lies beyond 100 to 160 Hz, at LEVEL_RATE."""
    step = MEASURE_RATE // LEVEL_RATE
    padded = int(np.ceil((len(signal) + MEASURE_RATE // 10) / MEASURE_RATE)) * MEASURE_RATE
    spectrum = np.fft.fft(signal, padded)
    frequency = np.abs(np.fft.fftfreq(padded, 1 / MEASURE_RATE))
    spectrum *= 0.5 + 0.5 * np.cos(np.pi * np.clip((frequency - PASS) / (STOP - PASS), 0, 1))
    kept = padded // step
    folded = np.concatenate([spectrum[: kept // 2], spectrum[-(kept - kept // 2) :]])
    return np.fft.ifft(folded)[: 1 + (len(signal) - 1) // step] / step


def _detrended(levels: np.ndarray) -> np.ndarray:
    time = np.arange(WINDOW) - (WINDOW - 1) / 2
    slope = (levels @ time)[..., None] / (time @ time)
    return levels - levels.mean(axis=-1, keepdims=True) - slope * time


def _correlation(moving: np.ndarray, band: np.ndarray) -> float:
    """Mean correlation of the band-passed levels of two harmonics, over all pairs."""
    spectra = np.where(band, np.fft.rfft(moving), 0)
    there = np.isfinite(spectra).all(axis=2)
    found = []
    for a in range(HARMONICS):
        for b in range(a + 1, HARMONICS):
            x, y = (spectra[there[:, a] & there[:, b], h] for h in (a, b))
            power = np.sum(np.abs(x) ** 2) * np.sum(np.abs(y) ** 2)
            if power > 0:
                found.append(np.sum(np.real(x * np.conj(y))) / np.sqrt(power))
    return float(np.mean(found)) if found else float("nan")


def _tallest_line(spectrum: np.ndarray, frequency: np.ndarray) -> tuple[float, float]:
    """dB by which the tallest bin from 12 Hz up stands over its neighbours on both sides, and its frequency."""
    near, far = APART
    level = 10 * np.log10(spectrum + 1e-12)
    heights = {}
    for i in range(near + 1, len(level) - far):  # each side apart: the spectrum falls, and a slope is no line
        sides = level[max(i - far, 1) : i - near + 1], level[i + near : i + far + 1]
        heights[i] = level[i] - float(np.mean([np.median(side) for side in sides]))
    best = max(heights, key=heights.__getitem__)
    return float(heights[best]), float(frequency[best])


def _runs(flags: np.ndarray) -> list[tuple[int, int]]:
    """Start and stop of each run of true."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], flags.astype(int), [0]])))
    return list(zip(edges[::2].tolist(), edges[1::2].tolist()))
