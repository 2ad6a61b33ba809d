"""Estimates a room's reverberation time from the ends of notes, without knowing what was played.

Where the level falls freely into a pause, the fall has two parts: the note breaks off, then the room rings. The second
is the longest straight line (in dB) that reaches the end of the fall; its slope gives the time. The result is the
median over the pauses, each weighing as long as it rings. A player can let a note die slowly, so a recording of fading
notes reads high; one without pauses gives no result.
"""

from __future__ import annotations

import numpy as np

RATE = 16000  # Hz
SIZE, HOP = 512, 128  # samples: 32 ms every 8 ms
LOW, HIGH = 250.0, 4000.0  # Hz
SMOOTH = 5  # frames averaged, in power
RISE = 3.0  # dB over the lowest so far that end a fall
ABOVE_NOISE = 10.0  # dB a fall must stay above the noise
LEAST_FALL = 15.0  # dB that a line must cover
LEAST_FRAMES = 8
STRAIGHT = 1.2  # dB, greatest RMS distance from the line
FEWEST = 3  # falls, for a result


def reverberation_time(audio, rate: int) -> float:
    """T60 in seconds; NaN when there are fewer than three pauses to judge by."""
    times, lengths = decay_times(band_level(audio, rate))
    if len(times) < FEWEST:
        return float("nan")
    order = np.argsort(times)
    weight = np.cumsum(lengths[order])
    return float(times[order][np.searchsorted(weight, 0.5 * weight[-1])])


def band_level(audio, rate: int) -> np.ndarray:
    """dB between 250 Hz and 4 kHz every 8 ms: [frames]."""
    from ddsp_rt.evaluation.signals import frames_of, periodic_hann, power_spectra, resample

    frames = frames_of(resample(audio, rate, RATE), SIZE, HOP)
    frequency = np.fft.rfftfreq(SIZE, 1 / RATE)
    members = (frequency >= LOW) & (frequency <= HIGH)
    power = [spectra[:, members].sum(axis=1) for spectra in power_spectra(frames, periodic_hann(SIZE))]
    if not power:
        return np.zeros(0)
    smooth = np.convolve(np.concatenate(power), np.ones(SMOOTH) / SMOOTH, "same")
    return 10 * np.log10(smooth + 1e-12)


def decay_times(level: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """T60 of every free fall of a level (dB, every 8 ms), and how long it was seen to ring; seconds."""
    if len(level) < 2 * LEAST_FRAMES:
        return np.zeros(0), np.zeros(0)
    noise = np.percentile(level, 1) + ABOVE_NOISE
    falls, start, lowest = [], 0, 0
    for k in range(1, len(level) + 1):
        if k < len(level) and level[k] >= noise and level[k] <= level[lowest] + RISE:
            if level[k] < level[lowest]:
                lowest = k
            elif level[k] > level[start]:
                start = lowest = k
            continue
        falls += _ringing(level[start : lowest + 1])
        start = lowest = min(k, len(level) - 1)
    return tuple(np.array(falls).reshape(-1, 2).T)


def _ringing(fall: np.ndarray) -> list[tuple[float, float]]:
    """T60 and duration of the longest straight end of a fall, as a list of one; empty when it has none."""
    fall = fall[: max(len(fall) - SMOOTH // 2, 0)]  # the smoothing mixes the last frames with what follows
    starts = max(len(fall) - LEAST_FRAMES + 1, 0)
    short = np.flatnonzero(fall[:starts] - fall[-1:] < LEAST_FALL)
    starts = int(short[0]) if len(short) else starts
    if starts == 0:
        return []
    # Lines of least squares through what is left from each start on, by sums from the end.
    time, level = HOP / RATE * np.arange(len(fall)), fall - fall.mean()
    count, sum_t, sum_l, sum_tt, sum_tl, sum_ll = (
        np.cumsum(of[::-1])[::-1][:starts]
        for of in (np.ones(len(fall)), time, level, time * time, time * level, level * level)
    )
    spread = sum_tt - sum_t * sum_t / count
    slope = (sum_tl - sum_t * sum_l / count) / spread
    off = sum_ll - sum_l * sum_l / count - slope * slope * spread
    straight = np.flatnonzero((slope < 0) & (off <= count * STRAIGHT**2))
    return [(-60.0 / slope[straight[0]], time[len(fall) - 1 - straight[0]])] if len(straight) else []
