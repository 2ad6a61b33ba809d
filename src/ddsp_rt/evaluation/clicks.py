"""Finds clicks: steps in the waveform that no instrument makes.

Each short stretch is whitened by the linear predictor that fits it, which leaves of a smooth sound only noise; a step
leaves the predictor's answer to a step. The whitened sound is matched with that answer and judged against its own
rivals nearby. (Linear prediction for click detection: Vaseghi and Rayner 1990.)
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

ORDER = 32  # of the predictor
BLOCK = 1024  # samples fitted at once
HOP = 512
BATCH = 256  # blocks fitted side by side
TEMPLATE = 48  # samples of the predictor's answer to a step that are matched
NEAR, FAR = 0.0015, 0.012  # seconds: what lies between them on either side is what a click must stand out from
THRESHOLD = 2.0  # times the largest of its rivals
APART = 0.005  # seconds: detections closer than this are one click
AUDIBLE = 0.0022  # of the local RMS: a step must be THRESHOLD times this, -47 dB, to count
QUIET = 3e-5  # full scale: smaller steps are the rounding of 16 bits


def find_clicks(audio, rate: int, threshold: float = THRESHOLD) -> np.ndarray:
    """Samples at which clicks were found, ascending."""
    score = click_score(audio, rate)
    found = []
    for where in np.flatnonzero(score > threshold):
        if found and where - found[-1] < APART * rate:
            if score[where] > score[found[-1]]:
                found[-1] = where
        else:
            found.append(where)
    return np.array(found, int)


def click_score(audio, rate: int) -> np.ndarray:
    """How far each sample stands out as a step from the 12 ms around it: [samples], seldom above 1.7 in noise."""
    audio = np.asarray(audio, np.float64)
    matched = step_likeness(audio)
    near, far = max(int(NEAR * rate), 1), int(FAR * rate)
    rival = np.maximum(_moving_max(matched, -far, -near), _moving_max(matched, near, far))
    audible = AUDIBLE * local_rms(audio, rate)
    score = matched / np.maximum(np.maximum(rival, audible), QUIET)
    score[:far] = score[max(len(score) - far, 0) :] = 0  # at the ends half of the rivals are missing
    return score


def step_likeness(audio: np.ndarray) -> np.ndarray:
    """The whitened sound matched with the answer to a step, as the size of the step it would take: [samples]."""
    likeness = np.zeros(len(audio))
    if len(audio) < BLOCK:
        return likeness
    lead = ORDER + TEMPLATE
    padded = np.concatenate([np.zeros(ORDER), audio, np.zeros(TEMPLATE)])
    for start, predictor in _predicted(audio, [*range(0, len(audio) - BLOCK, HOP), len(audio) - BLOCK]):
        white = np.convolve(padded[start : start + BLOCK + lead], predictor, "valid")
        template = np.cumsum(np.concatenate([predictor, np.zeros(TEMPLATE - len(predictor))]))
        matched = np.abs(np.correlate(white, template, "valid"))[:BLOCK] / (template @ template)
        edge = (BLOCK - HOP) // 2
        first = 0 if start == 0 else edge
        last = BLOCK if start == len(audio) - BLOCK else BLOCK - edge
        part = slice(start + first, start + last)
        likeness[part] = np.maximum(likeness[part], matched[first:last])
    return likeness


def _moving_max(values: np.ndarray, low: int, high: int) -> np.ndarray:
    """Largest of values[i + low .. i + high] for every i, 0 beyond the ends."""
    width = high - low + 1
    padded = np.concatenate([np.zeros(max(-low, 0)), values, np.zeros(max(high, 0))])
    best, span = padded, 1
    while span < width:
        step = min(span, width - span)
        best = np.maximum(best[:-step], best[step:])
        span += step
    return best[max(low, 0) : max(low, 0) + len(values)]


def local_rms(audio: np.ndarray, rate: int) -> np.ndarray:
    """RMS of the 50 ms around every sample: [samples]."""
    half = int(0.025 * rate)
    energy = np.concatenate([[0.0], np.cumsum(audio**2)])
    centre = np.arange(len(audio))
    low, high = np.maximum(centre - half, 0), np.minimum(centre + half, len(audio))
    return np.sqrt(np.maximum(energy[high] - energy[low], 0) / np.maximum(high - low, 1))


def inject_steps(audio, rate: int, count: int, level: float = -40.0, seed: int = 0):
    """Adds steps `level` dB re the RMS of the 50 ms around them, each decaying over 20 ms so that no DC is left.

    Returns the audio and the samples of the steps, which lie in sounding places (within 30 dB of the loudest).
    """
    audio, random = np.array(audio, np.float64), np.random.default_rng(seed)
    half = int(0.025 * rate)
    level_there = local_rms(audio, rate)
    centre = np.flatnonzero(level_there > 10**-1.5 * level_there.max(initial=0))
    centre = centre[(centre >= half) & (centre < len(audio) - 2 * half)]
    local = level_there[centre]
    decay = np.exp(-np.arange(int(0.1 * rate)) / (0.02 * rate))
    chosen, taken = [], np.zeros(len(audio), bool)
    for pick in random.permutation(len(centre))[: 50 * count]:
        where = centre[pick]
        if len(chosen) == count:
            break
        if taken[max(where - 4 * half, 0) : where + 4 * half].any():
            continue
        taken[where] = True
        stop = min(where + len(decay), len(audio))
        audio[where:stop] += random.choice([-1, 1]) * local[pick] * 10 ** (level / 20) * decay[: stop - where]
        chosen.append(where)
    return audio, np.sort(np.array(chosen, int))


def share_found(audio, rate: int, count: int = 100, level: float = -40.0, threshold: float = THRESHOLD) -> float:
    """Share of injected steps that the detector finds within 2 ms: what it is worth in this material."""
    spoilt, steps = inject_steps(audio, rate, count, level)
    if len(steps) == 0:
        return float("nan")
    found = find_clicks(spoilt, rate, threshold)
    if len(found) == 0:
        return 0.0
    return float(np.mean([np.min(np.abs(found - s)) <= 0.002 * rate for s in steps]))


def _predicted(audio: np.ndarray, starts: list[int]) -> Iterator[tuple[int, np.ndarray]]:
    """Stretches that are heard, by their first samples, each with its whitening filter."""
    window, stretches = np.hanning(BLOCK), np.lib.stride_tricks.sliding_window_view(audio, BLOCK)
    for first in range(0, len(starts), BATCH):
        some = np.array(starts[first : first + BATCH])
        some = some[np.sqrt(np.mean(stretches[some] ** 2, axis=1)) >= QUIET]
        yield from zip(some.tolist(), _predictors(stretches[some] * window))


def _predictors(stretches: np.ndarray) -> np.ndarray:
    """Whitening filters [1, -a1, ..., -aORDER] of windowed stretches, by the autocorrelation method (Levinson):
    [stretches, BLOCK] -> [stretches, ORDER + 1]."""
    spectrum = np.fft.rfft(stretches, 2 * BLOCK)
    correlation = np.fft.irfft(np.abs(spectrum) ** 2)[:, : ORDER + 1]
    correlation[:, 0] *= 1 + 1e-7
    coefficients = np.zeros_like(correlation)
    coefficients[:, 0], error = 1.0, correlation[:, 0].copy()
    for i in range(1, ORDER + 1):
        reflection = -np.sum(coefficients[:, :i] * correlation[:, i:0:-1], axis=1) / error
        coefficients[:, 1 : i + 1] += reflection[:, None] * coefficients[:, i - 1 :: -1][:, :i]
        error *= 1 - reflection**2
    return coefficients
