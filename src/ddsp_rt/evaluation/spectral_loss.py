"""Multi-scale spectral loss (Engel et al. 2020, arXiv 2001.04643, section 4.2), with every free choice fixed.

Both signals at 16 kHz, consecutive excerpts of 4 s (the remainder dropped); FFT 2048 to 64, periodic Hann, hop a
quarter, no padding; m = |STFT| / sqrt(N); sum over the scales of mean |difference of m| + mean |difference of
ln(m + 1e-7)|; mean over the excerpts.
"""

from __future__ import annotations

import numpy as np

from ddsp_rt.evaluation.signals import MEASURE_RATE, frames_of, periodic_hann, resample

SCALES = (2048, 1024, 512, 256, 128, 64)  # samples
EXCERPT = 4.0  # seconds


def magnitudes(audio: np.ndarray, size: int) -> np.ndarray:
    """|STFT| / sqrt(size), [windows, size / 2 + 1]."""
    return np.abs(np.fft.rfft(frames_of(audio, size, size // 4) * periodic_hann(size))) / np.sqrt(size)


def excerpt_losses(reference, output, rate: int) -> np.ndarray:
    """The loss of every whole 4 s excerpt of two signals at `rate` Hz: [excerpts], empty under 4 s."""
    reference, output = resample(reference, rate), resample(output, rate)
    length = int(EXCERPT * MEASURE_RATE)
    starts = range(0, min(len(reference), len(output)) - length + 1, length)
    return np.array([_loss(reference[s : s + length], output[s : s + length]) for s in starts])


def multi_scale_spectral_loss(reference, output, rate: int) -> float:
    """`mss` of two signals at `rate` Hz; NaN when they are shorter than one excerpt."""
    losses = excerpt_losses(reference, output, rate)
    return float(np.mean(losses)) if len(losses) else float("nan")


def _loss(reference: np.ndarray, output: np.ndarray) -> float:
    total = 0.0
    for size in SCALES:
        a, b = magnitudes(reference, size), magnitudes(output, size)
        total += np.mean(np.abs(a - b)) + np.mean(np.abs(np.log(a + 1e-7) - np.log(b + 1e-7)))
    return float(total)
