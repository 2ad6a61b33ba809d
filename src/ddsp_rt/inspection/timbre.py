"""What a recording's notes sound like, so that files of another instrument stand out among those of one.

A timbre is that of one note of a recording: levels of harmonics and of the noise between them, and how the note dies,
all against the note's own level. Two are compared only at the same pitch and about the same loudness, where one
instrument sounds alike and two do not.
"""

from __future__ import annotations

import numpy as np

from ddsp_rt.analysis import FRAME_RATE, VOICED, Features

WINDOW = 0.1  # seconds of a spectrum
EVERY = 8  # frames between spectra
LOUD = 20.0  # dB under loud down to which a frame is looked at
STEADY = 1.0  # semitones that the pitch may move in a window: vibrato may
LEAST, MOST = 4, 24  # spectra of a note for a timbre, and those that are enough
TOP = 8000.0  # Hz
HARMONICS = 16
NOISE = ((0.0, 1500.0), (1500.0, 4000.0), (4000.0, TOP))  # Hz, bands between harmonics
SIDES = (500.0, 4000.0)  # Hz: what lies below and above counts as well
FAINT, FAINT_NOISE = -50.0, -60.0  # dB: what is weaker counts as this
FASTEST = 40.0  # dB per second
NEAR, ALIKE = 1.2, 10.0  # semitones and dB within which timbres are compared
# Of a logistic regression that tells pairs of one folder from pairs of two instruments. Learnt without violins and
# saxophones, it found 53 to 61 % of those among these, where 58 to 71 % were found with them.
WEIGHTS = np.array(
    [0.06, 0.10, 0.03, 0.02, *[0.037] * 2, *[0.024] * 3, *[0.0135] * 7, *[0.04, 0.07], *[0.14, 0.07, 0.14], 0.08]
)

NUMBERS = 2 + len(WEIGHTS)  # of a timbre: pitch, loudness, and what is compared


def timbres(audio: np.ndarray, rate: int, features: Features) -> np.ndarray:
    """The timbres of float [samples]: [notes, 24] of pitch (MIDI), loudness (dB), levels in dB; NaN beyond `TOP`."""
    loudness, midi = np.asarray(features.loudness, np.float64), np.asarray(features.midi, np.float64)
    half, size = int(WINDOW / 2 * FRAME_RATE), int(WINDOW * rate)
    if len(loudness) <= 2 * half:
        return np.zeros((0, NUMBERS))
    span = np.lib.stride_tricks.sliding_window_view
    centres = np.arange(half, len(loudness) - half, EVERY)
    steady = np.ptp(span(midi, 2 * half + 1), axis=1)[centres - half] <= STEADY
    voiced = span(np.asarray(features.periodicity) >= VOICED, 2 * half + 1).all(axis=1)[centres - half]
    loud = loudness[centres] >= np.percentile(loudness, 95) - LOUD
    starts = (centres * rate / FRAME_RATE - 0.01 * rate - size // 2).astype(int)  # a frame tells of what lies before it
    centres = centres[steady & voiced & loud & (starts >= 0) & (starts + size <= len(audio))]
    notes, found, window = np.round(midi[centres]), [], np.hanning(size)
    for note in np.unique(notes):
        of_note = centres[notes == note]
        if len(of_note) < LEAST:
            continue
        of_note = of_note[:: -(-len(of_note) // MOST)]
        rows = np.array([_levels(audio, rate, window, k, features.f0, loudness, half) for k in of_note])
        known = np.isfinite(rows).any(axis=0)
        levels = np.full(rows.shape[1], np.nan)
        levels[known] = np.nanmedian(rows[:, known], axis=0)
        found.append(np.r_[np.median(midi[of_note]), np.median(loudness[of_note]), levels])
    return np.array(found).reshape(-1, NUMBERS)


def _levels(audio, rate: int, window: np.ndarray, centre: int, f0, loudness, half: int) -> np.ndarray:
    """dB of harmonics, of both ends of the spectrum, and of noise, each against all of it, and dB per second."""
    size = len(window)
    start = int(centre * rate / FRAME_RATE - 0.01 * rate) - size // 2
    count = 1 << int(np.ceil(np.log2(2 * size)))
    looked_at = int(1.2 * TOP * count / rate)  # bins: a little beyond the top
    power = np.square(np.abs(np.fft.rfft(audio[start : start + size] * window, count)[:looked_at]))
    frequency = np.arange(len(power)) * rate / count
    pitch = float(np.median(f0[centre - half : centre + half + 1]))
    top = min(TOP, 0.45 * rate)
    cumulative = np.concatenate([[0.0], np.cumsum(power)])

    def between(low, high) -> np.ndarray:
        first, last = np.searchsorted(frequency, low), np.searchsorted(frequency, high)
        return cumulative[np.maximum(last, first + 1)] - cumulative[first]

    total = float(between(0.5 * pitch, TOP)) + 1e-20
    level = np.full(HARMONICS, np.nan)
    n = np.arange(1, min(HARMONICS, int(top / pitch)) + 1)
    width = np.minimum(0.3 * pitch, 30 + 0.015 * n * pitch)
    share = between(n * pitch - width, n * pitch + width) / total
    level[: len(n)] = np.maximum(10 * np.log10(share + 1e-9), FAINT)
    sides = np.maximum(10 * np.log10(between([0, SIDES[1]], [SIDES[0], TOP]) / total + 1e-7), FAINT)
    number = frequency / pitch
    gaps, noise = np.abs(number - np.round(number)) > 0.35, []
    for low, high in NOISE:
        band = (frequency > max(low, 0.5 * pitch)) & (frequency < min(high, 0.5 * rate))
        inside = gaps & band
        share = power[inside].mean() * band.sum() / total if inside.sum() > 3 else np.nan
        noise.append(max(10 * np.log10(share + 1e-8), FAINT_NOISE) if np.isfinite(share) else np.nan)
    time = np.arange(-half, half + 1) / FRAME_RATE
    slope = float(time @ loudness[centre - half : centre + half + 1] / (time @ time))
    return np.array([*level, *sides, *noise, np.clip(slope, -FASTEST, FASTEST)])


def distances(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """dB between each of two sets of timbres [n, 24], [m, 24]: [n, m], infinite where they cannot be compared."""
    apart = np.abs(first[:, None] - second[None])
    weighted = np.nan_to_num(apart[..., 2:]) @ WEIGHTS
    return np.where((apart[..., 0] <= NEAR) & (apart[..., 1] <= ALIKE), weighted, np.inf)
