"""How far one signal's loudness and pitch trail another's, in milliseconds; positive when the output is late."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ddsp_rt.evaluation.signals import MEASURE_RATE, centred_frames, resample

SEARCH = 150  # ms either way
LEAST = 50  # ms of both signals that a shift is judged by
SEMITONE = 1 / 12  # octaves
LOWEST, HIGHEST = 40.0, 2100.0  # Hz
SEGMENT = 800  # samples at 16 kHz: two periods of the lowest tone


def loudness_lag(reference, output, rate: int) -> float:
    """Shift (ms) that maximises the correlation of the dB envelopes: 1 ms hop, 5 ms window, clamped at -60 dB.

    NaN where none is found within `SEARCH`.
    """
    a, b = envelope(reference, rate), envelope(output, rate)

    def unlike(shift: int) -> float:
        x, y = _in_step(a, b, shift)
        if len(x) < LEAST or x.std() < 1e-9 or y.std() < 1e-9:
            return np.nan
        return -np.corrcoef(x, y)[0, 1]

    return _least(unlike)


def pitch_lag(reference, output, rate: int, octave: int = 0) -> float:
    """Shift (ms) that minimises the mean absolute difference of f0 tracked alike in both signals.

    A difference of more than a semitone counts as one: a wrong note is not a late one, and a few frames an octave off,
    where either signal begins, would outweigh the rest. NaN where no shift is found within `SEARCH`. `octave` is how
    far the output was meant to be transposed.
    """
    a = np.log2(centred_f0(reference, rate)) + octave
    b = np.log2(centred_f0(output, rate))

    def unlike(shift: int) -> float:
        x, y = _in_step(a, b, shift)
        both = np.isfinite(x) & np.isfinite(y)
        if both.sum() < LEAST:
            return np.nan
        return np.mean(np.minimum(np.abs(x[both] - y[both]), SEMITONE))

    return _least(unlike)


def _least(unlike: Callable[[int], float]) -> float:
    """The shift, ms, at which `unlike` is least. NaN where that is the first or the last that can be judged: what was
    sought lies further away, or nowhere."""
    shifts = np.arange(-SEARCH, SEARCH + 1)
    values = np.array([unlike(shift) for shift in shifts])
    shifts, values = shifts[np.isfinite(values)], values[np.isfinite(values)]
    best = int(np.argmin(values)) if len(values) else 0
    return float(shifts[best]) if 0 < best < len(values) - 1 else np.nan


def envelope(audio, rate: int) -> np.ndarray:
    """RMS in dB every 1 ms over a centred 5 ms, clamped at -60 dB: [ms]."""
    energy = np.concatenate([[0.0], np.cumsum(np.square(np.asarray(audio, np.float64)))])
    centre = np.arange(int(len(audio) * 1000 // rate)) * rate / 1000
    low = np.clip(np.round(centre - 0.0025 * rate), 0, len(audio)).astype(int)
    high = np.clip(np.round(centre + 0.0025 * rate), 0, len(audio)).astype(int)
    return 10 * np.log10(np.maximum((energy[high] - energy[low]) / (0.005 * rate), 1e-6))


def centred_f0(audio, rate: int, per_second: int = 1000) -> np.ndarray:
    """f0 in Hz every 1 ms, or `per_second` times a second, NaN where unvoiced: [frames].

    Normalised square difference (McLeod and Wyvill 2005) over a centred 50 ms, which looks both ways and so lags
    neither: the earliest peak within 0.92 of the highest, refined by a parabola. For comparing two like signals, not
    for octave decisions in hard material.
    """
    audio = resample(audio, rate)
    frames = centred_frames(audio, SEGMENT, MEASURE_RATE // per_second)
    track = np.full(len(frames), np.nan)
    for start in range(0, len(frames), 2048):
        track[start : start + 2048] = _f0_of(frames[start : start + 2048])
    return track


def _f0_of(frames: np.ndarray) -> np.ndarray:
    frames = frames - frames.mean(axis=1, keepdims=True)
    shortest, longest = int(MEASURE_RATE / HIGHEST) - 1, int(MEASURE_RATE / LOWEST) + 1
    spectrum = np.fft.rfft(frames, 2048)
    correlation = np.fft.irfft(np.abs(spectrum) ** 2)[:, : longest + 2]
    energy = np.concatenate([np.zeros((len(frames), 1)), np.cumsum(frames**2, axis=1)], axis=1)
    lag = np.arange(longest + 2)
    both = energy[:, SEGMENT - lag] + energy[:, -1:] - energy[:, lag]
    similarity = 2 * correlation / np.maximum(both, 1e-12)
    inner = similarity[:, 1:-1]
    peak = (inner > similarity[:, :-2]) & (inner >= similarity[:, 2:])
    peak[:, : shortest - 1] = False
    height = np.where(peak, inner, -1.0)
    highest = height.max(axis=1)
    where = np.argmax(height >= 0.92 * highest[:, None], axis=1) + 1
    row = np.arange(len(frames))
    left, mid, right = (similarity[row, where + d] for d in (-1, 0, 1))
    refined = where + 0.5 * (left - right) / np.minimum(left - 2 * mid + right, -1e-12)
    voiced = (highest > 0.6) & (energy[:, -1] > 1e-8 * SEGMENT)
    return np.where(voiced, MEASURE_RATE / refined, np.nan)


def _in_step(a: np.ndarray, b: np.ndarray, shift: int):
    """a and b advanced by `shift`, cut to where both have values."""
    if shift >= 0:
        length = min(len(a), len(b) - shift)
        return a[: max(length, 0)], b[shift : shift + max(length, 0)]
    length = min(len(a) + shift, len(b))
    return a[-shift : -shift + max(length, 0)], b[: max(length, 0)]
