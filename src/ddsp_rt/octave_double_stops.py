"""Octaves played as two notes, of which a spectrum shows one series of harmonics.

What gives them away is their tuning. A single bowed or blown note repeats itself, so its harmonics lie on multiples of
its f0 to a cent or two; of two notes an octave apart the even harmonics are mostly the upper note's, and few octaves
are stopped so well that these agree with the odd ones. Octaves in tune pass.
"""

from __future__ import annotations

import numpy as np

from ddsp_rt.analysis import FRAME_RATE, VOICED

WINDOW = 0.128  # seconds: partials of notes from 50 Hz are apart, and a note's tuning stands still
HOP = 0.032  # seconds
STEADY = 40.0  # cents that f0 may move within a window
OFF = 7.0  # cents that the even harmonics must be off, weighed by amplitude
MORE = 4.0  # times what the odd ones are off by
HIGHEST = 5000.0  # Hz
WEAKEST = 0.03  # of the strongest partial (-30 dB): what is below tells of noise and of the window
ODD, EVEN = np.arange(1, 16, 2), np.arange(2, 17, 2)


def octave_votes(audio: np.ndarray, rate: int, f0, periodicity, loud) -> tuple[np.ndarray, np.ndarray]:
    """Where a note was looked at and where it was two, 0 or 1 each, float [frames], in the frame amid each window.

    loud: bool [frames], where it is worth looking. Other arguments are those of `usable_frames`.
    """
    frames, size = len(f0), round(WINDOW * rate)
    judged, votes = np.zeros(frames), np.zeros(frames)
    fft_size = 1 << int(np.ceil(np.log2(4 * size)))
    bins = int(1.1 * HIGHEST * fft_size / rate)  # a little beyond the highest partial
    window = np.hanning(size + 1)[:-1].astype(np.float32)
    margin = round(0.1 * WINDOW * FRAME_RATE)
    for start in range(0, len(audio) - size + 1, round(HOP * rate)):
        first, last = (int(at * FRAME_RATE / rate) for at in (start, start + size))
        part = slice(first + margin, min(last - margin, frames))
        centre = (first + last) // 2
        if centre >= frames or not loud[centre] or periodicity[part].min(initial=1.0) < VOICED:
            continue
        notes = f0[part]
        if 1200 * np.log2(notes.max() / notes.min()) > STEADY:
            continue
        magnitude = np.abs(np.fft.rfft(audio[start : start + size] * window, fft_size)[:bins])
        judged[centre] = 1
        votes[centre] = _is_octave(magnitude, rate / fft_size, float(np.median(notes)))
    return judged, votes


def _is_octave(magnitude: np.ndarray, bin_width: float, f0: float) -> bool:
    frequency, amplitude, number = _partials(magnitude, bin_width, f0, ODD)
    if len(number) < 2:
        return False
    weight = amplitude * number
    f0 = float(np.sum(weight * frequency / number) / weight.sum())  # as the odd harmonics have it
    even = _off(*_partials(magnitude, bin_width, f0, EVEN), f0)
    return even > OFF and even > MORE * _off(*_partials(magnitude, bin_width, f0, ODD), f0)


def _partials(
    magnitude: np.ndarray, bin_width: float, f0: float, numbers: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Frequency (Hz), amplitude and number of the peaks within 2 % of the harmonics asked for; no weak ones."""
    numbers = numbers[numbers * f0 < HIGHEST]
    centre = numbers * f0
    near = np.minimum(np.maximum(0.02 * centre, 1.0 / WINDOW), 0.3 * f0)
    low, high = ((centre - near) / bin_width).astype(int), ((centre + near) / bin_width).astype(int) + 1
    numbers, low, high = (of[high < len(magnitude)] for of in (numbers, low, high))
    if len(numbers) == 0:
        return (np.zeros(0),) * 3
    place = np.minimum(low[:, None] + np.arange(np.max(high - low) + 1), high[:, None])  # the last one more than once
    peak = low + np.argmax(magnitude[place], axis=1)
    floor = WEAKEST * magnitude[: int(HIGHEST / bin_width)].max()
    found = (low < peak) & (peak < high) & (magnitude[peak] >= floor)
    peak = peak[found]
    left, mid, right = np.log(magnitude[peak + np.array([[-1], [0], [1]])] + 1e-12).astype(np.float64)
    frequency = (peak + 0.5 * (left - right) / np.minimum(left - 2 * mid + right, -1e-9)) * bin_width
    return frequency, magnitude[peak].astype(np.float64), numbers[found].astype(np.float64)


def _off(frequency: np.ndarray, amplitude: np.ndarray, number: np.ndarray, f0: float) -> float:
    """Mean distance from multiples of f0, weighed by amplitude: cents."""
    if len(number) == 0:
        return 0.0
    return float(np.average(1200 * np.abs(np.log2(frequency / (number * f0))), weights=amplitude))
