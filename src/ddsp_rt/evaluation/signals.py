"""What the measures share: resampling and framing."""

from __future__ import annotations

import numpy as np

MEASURE_RATE = 16000  # Hz, at which spectra and pitch are compared


def resample(audio, rate: int, new_rate: int = MEASURE_RATE) -> np.ndarray:
    """`audio` [samples] at another rate, float64, by soxr's very high quality: linear phase, no delay."""
    audio = np.asarray(audio, np.float64)
    if rate == new_rate or len(audio) == 0:
        return audio
    import soxr

    return soxr.resample(audio, rate, new_rate, quality="VHQ")


def frames_of(audio: np.ndarray, size: int, hop: int) -> np.ndarray:
    """Whole windows of `size` samples every `hop`: a view [windows, size], without padding."""
    if len(audio) < size:
        return np.zeros((0, size), audio.dtype)
    return np.lib.stride_tricks.sliding_window_view(audio, size)[::hop]


def centred_frames(audio: np.ndarray, size: int, hop: int) -> np.ndarray:
    """Windows centred on samples 0, hop, 2 hop, ...; zeros beyond the ends. [1 + (samples - 1) // hop, size]"""
    padded = np.concatenate([np.zeros(size // 2), audio, np.zeros(size - size // 2)])
    return frames_of(padded, size, hop)[: 1 + max(len(audio) - 1, 0) // hop]


def periodic_hann(size: int) -> np.ndarray:
    """Hann window whose period is `size`."""
    return 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(size) / size)


def power_spectra(frames: np.ndarray, window: np.ndarray, fft_size: int | None = None, chunk: int = 4096):
    """Yields |rfft|^2 of the windowed frames, `chunk` frames at a time, so that long files need little memory."""
    for start in range(0, len(frames), chunk):
        yield np.abs(np.fft.rfft(frames[start : start + chunk] * window, fft_size)) ** 2
