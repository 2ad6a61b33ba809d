"""Distance between the timbres of two pools of sound: Fréchet distance between Gaussians of 19 MFCCs."""

from __future__ import annotations

import numpy as np

from ddsp_rt.evaluation.signals import MEASURE_RATE, frames_of, periodic_hann, power_spectra, resample

SIZE, HOP = 512, 160  # samples at 16 kHz: 32 ms every 10 ms
BANDS = 64
LOW, HIGH = 40.0, 7600.0  # Hz
COEFFICIENTS = 19  # c1 to c19; c0 is loudness
RANGE = 40.0  # dB under the loudest frame within which a frame sounds


def timbre_frames(audio, rate: int) -> np.ndarray:
    """MFCCs 1-19 of the sounding frames of a signal: [frames, 19]."""
    frames = frames_of(resample(audio, rate), SIZE, HOP)
    if len(frames) == 0:
        return np.zeros((0, COEFFICIENTS))
    bank = mel_bank()
    mel, power = [], []
    for spectra in power_spectra(frames, periodic_hann(SIZE)):
        mel.append(np.log(spectra @ bank.T + 1e-10))
        power.append(spectra.sum(axis=1))
    level = 10 * np.log10(np.concatenate(power) + 1e-20)
    basis = np.cos(np.pi / BANDS * np.outer(np.arange(1, COEFFICIENTS + 1), np.arange(BANDS) + 0.5))
    return (np.concatenate(mel) @ (basis * np.sqrt(2 / BANDS)).T)[level > level.max() - RANGE]


def timbre_distance(a: np.ndarray, b: np.ndarray) -> float:
    """Fréchet distance |mean difference|^2 + tr(A + B - 2 (A B)^(1/2)) of two pools, [frames, 19] each."""
    if min(len(a), len(b)) <= COEFFICIENTS:
        return float("nan")
    cov_a, cov_b = np.cov(a, rowvar=False), np.cov(b, rowvar=False)
    root = _square_root(cov_a)
    cross = np.linalg.eigvalsh(root @ cov_b @ root)
    mean = a.mean(axis=0) - b.mean(axis=0)
    distance = mean @ mean + np.trace(cov_a) + np.trace(cov_b) - 2 * np.sum(np.sqrt(np.maximum(cross, 0)))
    return float(max(distance, 0.0))


def mel_bank() -> np.ndarray:
    """Triangles evenly spaced in mel, of equal height: [bands, bins]."""
    mel = np.linspace(*(2595 * np.log10(1 + f / 700) for f in (LOW, HIGH)), BANDS + 2)
    edges = 700 * (10 ** (mel / 2595) - 1)
    frequency = np.fft.rfftfreq(SIZE, 1 / MEASURE_RATE)
    rise = (frequency - edges[:-2, None]) / (edges[1:-1] - edges[:-2])[:, None]
    fall = (edges[2:, None] - frequency) / (edges[2:] - edges[1:-1])[:, None]
    return np.maximum(np.minimum(rise, fall), 0)


def _square_root(matrix: np.ndarray) -> np.ndarray:
    """Square root of a symmetric positive matrix."""
    values, vectors = np.linalg.eigh(matrix)
    return (vectors * np.sqrt(np.maximum(values, 0))) @ vectors.T
