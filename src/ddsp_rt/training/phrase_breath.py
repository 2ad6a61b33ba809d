"""Breaths: noise between the notes of a phrase, so that a network hears what has no pitch.

Notes hold next to nothing of it, and a performance is full of it: breath, consonants, a bow that lands. Each is noise
with the spectrum of what sounds between a note's harmonics, brightened or darkened about 3.5 kHz.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ddsp_rt.analysis import FRAME_RATE
from ddsp_rt.single_notes import SingleNote
from ddsp_rt.weighting import a_weighting

SIZE = 0.064  # seconds of spectra
BETWEEN = 25  # percentile of the power around a frequency that is no harmonic's
SPLIT = 3500.0  # Hz about which it tilts
STEEP = 0.5  # octaves over which it does
EDGE = 0.3  # share of its length in which it rises, and falls
FULL_SCALE = 0.5  # mean square of a sine that is 0 dB


@dataclass(frozen=True)
class Breath:
    """It lasts `seconds`, `depth` dB under what a note would have there; what lies above 3.5 kHz is raised by `tilt` dB
    against what lies below."""

    seconds: float
    depth: float
    tilt: float
    seed: int


def breath_audio(breath: Breath, level: float, note: SingleNote, sound: np.ndarray, rate: int) -> np.ndarray:
    """The breath of a note, in whose recording `sound` at `rate` Hz it is looked for, at a level in A-weighted dB."""
    length = max(round(breath.seconds * rate), 2)
    hertz = np.fft.rfftfreq(length, 1.0 / rate)
    shape = np.interp(hertz, *between_harmonics(note, sound, rate))
    octaves = np.log2(np.maximum(hertz, 1.0) / SPLIT)
    shape = np.sqrt(shape) * 10.0 ** (0.5 * breath.tilt * np.tanh(octaves / STEEP) / 20.0)
    noise = np.fft.rfft(np.random.default_rng(breath.seed).standard_normal(length)) * shape
    weighted = np.fft.irfft(noise * a_weighting(np.maximum(hertz, 1.0)), length)
    wanted = FULL_SCALE * 10.0 ** ((level - breath.depth) / 10.0)
    audio = np.fft.irfft(noise, length) * np.sqrt(wanted / (np.mean(weighted**2) + 1e-20))
    edge = max(round(EDGE * length), 1)
    rise = 0.5 * (1.0 - np.cos(np.pi * (np.arange(edge) + 0.5) / edge))
    audio[:edge] *= rise
    audio[length - edge :] *= rise[::-1]
    return audio


def between_harmonics(note: SingleNote, sound: np.ndarray, rate: int) -> tuple[np.ndarray, np.ndarray]:
    """Frequencies in Hz, and the power of what sounds between the harmonics of a note that stands: each [bins]."""
    size = round(SIZE * rate)
    first, last = (round(place * rate / FRAME_RATE) for place in (note.arrived, note.leaves))
    stands = sound[first : max(last, first + size)]
    stands = np.pad(stands, (0, max(size - len(stands), 0)))
    frames = np.lib.stride_tricks.sliding_window_view(stands, size)[:: size // 2]
    power = np.median(np.abs(np.fft.rfft(frames * np.hanning(size))) ** 2, axis=0) + 1e-20
    f0 = 440.0 * 2.0 ** ((note.pitch - 69.0) / 12.0)
    width = max(round(f0 * size / rate), 4) | 1
    around = np.lib.stride_tricks.sliding_window_view(np.pad(power, width // 2, mode="edge"), width)
    return np.fft.rfftfreq(size, 1.0 / rate), np.percentile(around, BETWEEN, axis=1)
