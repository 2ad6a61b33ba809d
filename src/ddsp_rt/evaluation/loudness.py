"""A-weighted loudness as the measures hear it: centred, 32 ms, every 4 ms; no code shared with the engine's meter."""

from __future__ import annotations

import numpy as np

from ddsp_rt.analysis import FRAME_RATE
from ddsp_rt.weighting import a_weighting

WINDOW = 0.032  # seconds
FLOOR = -100.0  # dB
JUDGED_ABOVE = -60.0  # dB of the reference
CHUNK = 1 << 20  # samples weighted at once
OVERLAP = 1 << 14  # samples of context on either side: longer than the weighting rings


def weighted(audio, rate: int) -> np.ndarray:
    """`audio` [samples] through the A curve, zero phase."""
    audio = np.asarray(audio, np.float64)
    size = min(CHUNK, 1 << len(audio).bit_length()) + 2 * OVERLAP
    gain = a_weighting(np.fft.rfftfreq(size, 1 / rate))
    out = np.empty_like(audio)
    for start in range(0, len(audio), CHUNK):
        left = max(start - OVERLAP, 0)
        part = audio[left : start + CHUNK + OVERLAP]
        filtered = np.fft.irfft(np.fft.rfft(part, size) * gain, size)
        stop = min(start + CHUNK, len(audio))
        out[start:stop] = filtered[start - left : stop - left]
    return out


def measure_loudness(audio, rate: int) -> np.ndarray:
    """dB re a full-scale 997 Hz sine, [frames]: frame k is centred on sample round(k rate / 250); floor -100 dB."""
    energy = np.concatenate([[0.0], np.cumsum(weighted(audio, rate) ** 2)])
    length = len(audio)
    centre = np.arange(length * FRAME_RATE // rate + 1) * rate / FRAME_RATE
    half = WINDOW * rate / 2
    low = np.clip(np.round(centre - half), 0, length).astype(int)
    high = np.clip(np.round(centre + half), 0, length).astype(int)
    mean_square = 2 * (energy[high] - energy[low]) / (2 * half)
    return np.maximum(10 * np.log10(np.maximum(mean_square, 1e-10)), FLOOR)


def loudness_l1(reference, output, rate: int) -> float:
    """Mean absolute difference in dB where the reference is above -60 dB; NaN where it never is."""
    difference = loudness_differences(reference, output, rate)
    return float(np.mean(np.abs(difference))) if len(difference) else float("nan")


def loudness_differences(reference, output, rate: int) -> np.ndarray:
    """Signed differences in dB, output less reference, of the frames in which the reference is above -60 dB."""
    a, b = measure_loudness(reference, rate), measure_loudness(output, rate)
    length = min(len(a), len(b))
    a, b = a[:length], b[:length]
    return (b - a)[a > JUDGED_ABOVE]


def level_matched(differences: np.ndarray) -> np.ndarray:
    """The differences without their median: for a recording made with another gain."""
    return differences - np.median(differences) if len(differences) else differences
