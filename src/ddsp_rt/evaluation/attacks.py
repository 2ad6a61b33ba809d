"""Attack noise: how much noisier the first 100 ms of a note are than its steady part.

Two adjoining stretches of a tone, a period apart, are alike but for their noise: their cross-correlation is the energy
of the harmonics, and what it lacks of their own energy is noise (Medan, Yair and Chazan 1991, "Super resolution pitch
determination of speech signals", IEEE Trans. Signal Processing 39). Before, the tone is brought to one level, so that a
note which swells is not thereby noisy.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ddsp_rt.evaluation.loudness import FRAME_RATE
from ddsp_rt.evaluation.signals import MEASURE_RATE, resample
from ddsp_rt.evaluation.sounding import loud_level

ATTACK = 0.100  # seconds from the onset
STEADY_FROM, STEADY_TO = 0.120, 0.600  # seconds from the onset between which a note is steady
RELEASE = 0.030  # seconds before its end in which it is not
LEAST_STEADY = 0.060  # seconds
LEAST = 5  # notes for a result
DROP = 30.0  # dB under loud below which nothing counts as a note
RISEN = 20.0  # dB under a note's level at which it begins
FINE, FINE_WINDOW = 1000, 0.005  # levels a second by which an onset is placed, and seconds that each is taken over
JUMP, CHANGE = 80.0, 0.030  # cents within so many seconds that end a note
CUT = 0.005  # seconds from the beginning in which a note that sounds already was cut
BACK = 0.100  # seconds before a note has a pitch in which its onset is looked for
STRETCH, PERIODS = 0.020, 2  # seconds and periods that a stretch lasts at the least
AWAY = 2 ** (2 / 12)  # by which the period may differ from that of the whole note
FINER = 4  # times the period is resolved finer than samples, band-limited
HOP = 0.002  # seconds between the stretches
EVEN = 0.008  # seconds that the level lasts at the least by which a tone is brought to one: whole periods
SILENT = 1e-5  # full scale: RMS of what cannot tell


@dataclass(frozen=True)
class Note:
    """A note: its onset and its end in seconds, and its median f0 in Hz."""

    onset: float
    end: float
    f0: float


def find_notes(audio: np.ndarray, rate: int, f0: np.ndarray, levels: np.ndarray) -> list[Note]:
    """The notes long enough to have a steady part.

    A note is of one pitch; it begins where, since the note before it, it first comes within 20 dB of its own level. One
    that is there when the recording begins has no onset, and is left out.

    Args:
        audio: float [samples] at `rate` Hz.
        f0: Hz [frames] every 4 ms, NaN where nothing is periodic (`centred_f0`).
        levels: dB [frames] (`measure_loudness`).
    """
    fine = _fine_levels(np.asarray(audio, np.float64), rate)
    count = min(len(f0), len(levels), len(fine) * FRAME_RATE // FINE)  # frames that lie in it wholly
    pitch, level = 1200 * np.log2(f0[:count]), levels[:count]
    span = round(CHANGE * FRAME_RATE)
    later = np.concatenate([pitch[span:], np.full(min(span, count), np.nan)])[:count]
    held = np.isfinite(pitch) & (level > loud_level(level) - DROP) & ~(np.abs(later - pitch) > JUMP)
    edges = np.flatnonzero(np.diff(np.concatenate([[0], held.astype(int), [0]])))
    found, before = [], 0
    for start, stop in edges.reshape(-1, 2).tolist():
        first = max(before, start - round(BACK * FRAME_RATE))
        first += int(np.argmin(level[first : start + 1]))
        before = stop
        rising = fine[first * FINE // FRAME_RATE : stop * FINE // FRAME_RATE]
        risen = np.argmax(rising > np.median(fine[start * FINE // FRAME_RATE : stop * FINE // FRAME_RATE]) - RISEN)
        onset, end = first / FRAME_RATE + risen / FINE + FINE_WINDOW / 2, stop / FRAME_RATE
        cut = first == 0 and risen < FINE * CUT
        if not cut and end - onset >= STEADY_FROM + LEAST_STEADY + RELEASE:
            found.append(Note(onset, end, float(np.median(f0[start:stop]))))
    return found


def attack_noise(audio: np.ndarray, rate: int, notes: Sequence[Note]) -> np.ndarray:
    """By how many dB each note's noise, beside its harmonics, is more in the first 100 ms than in its steady part.

    Positive where the attack is the noisier part; NaN where either cannot be judged: [notes].
    """
    audio = resample(audio, rate)
    return np.array([_of_note(audio, note) for note in notes]).reshape(-1)


def median_attack_noise(noises: dict[str, np.ndarray]) -> dict | None:
    """Medians over the notes that can be judged in every signal, by name, and their number as `notes`.

    None with fewer than 5 of them.
    """
    if not noises:
        return None
    both = np.isfinite(list(noises.values())).all(axis=0)
    if both.sum() < LEAST:
        return None
    return {name: float(np.median(values[both])) for name, values in noises.items()} | {"notes": int(both.sum())}


def _of_note(audio: np.ndarray, note: Note) -> float:
    steady_to = min(note.onset + STEADY_TO, note.end - RELEASE)
    attack = _noise_share(audio, note.onset, note.onset + ATTACK, note.f0)
    return attack - _noise_share(audio, note.onset + STEADY_FROM, steady_to, note.f0)


def _noise_share(audio: np.ndarray, start: float, stop: float, f0: float) -> float:
    """dB of noise over harmonics of all that sounds between two times (seconds); NaN where nothing can be told."""
    shortest, longest = int(MEASURE_RATE / f0 / AWAY), int(np.ceil(MEASURE_RATE / f0 * AWAY)) + 1
    size = int(max(STRETCH, PERIODS / f0) * MEASURE_RATE)
    part = audio[max(int(start * MEASURE_RATE), 0) : int(stop * MEASURE_RATE)]
    if len(part) < size + longest or not np.sqrt(np.mean(part**2)) > SILENT:
        return float("nan")
    width = round(np.ceil(EVEN * f0) / f0 * MEASURE_RATE)
    power = _moving_mean(part**2, width)
    even = part / np.sqrt(power + SILENT**2)
    windows = np.lib.stride_tricks.sliding_window_view(even, size + longest)[:: int(HOP * MEASURE_RATE)]
    windows = windows - windows.mean(axis=1, keepdims=True)
    weights = _moving_mean(power, size)[size // 2 :: int(HOP * MEASURE_RATE)][: len(windows)]
    alike = _likeness(windows, size, np.arange(FINER * shortest, FINER * longest + 1))
    harmonic, noise = float(weights @ alike), float(weights @ (1.0 - alike))
    return 10 * np.log10(max(noise, 1e-6 * harmonic) / max(harmonic, 1e-6 * noise))


def _likeness(windows: np.ndarray, size: int, lags: np.ndarray) -> np.ndarray:
    """The highest normalised cross-correlation, 0..1, of the first `size` samples of each window with as many that lie
    one of the `lags` (1/FINER samples) later: [windows]."""
    length = 2 ** int(np.ceil(np.log2(size + windows.shape[1])))
    spectra = np.conj(np.fft.rfft(windows[:, :size], length)) * np.fft.rfft(windows, length)
    spectra[:, -1] *= 0.5  # zero-padding the spectrum splits the bin at Nyquist
    correlation = FINER * np.fft.irfft(spectra, FINER * length)[:, lags]
    energy = np.cumsum(np.pad(windows**2, ((0, 0), (1, 0))), axis=1)
    whole = np.arange(lags[0] // FINER, lags[-1] // FINER + 1)
    later = np.stack([np.interp(lags / FINER, whole, row) for row in energy[:, whole + size] - energy[:, whole]])
    alike = correlation / np.sqrt(np.maximum(energy[:, size, None] * later, 1e-12))
    best, row = 1 + np.argmax(alike[:, 1:-1], axis=1), np.arange(len(alike))
    left, mid, right = (alike[row, best + d] for d in (-1, 0, 1))
    top = mid - (left - right) ** 2 / (8 * np.minimum(left - 2 * mid + right, -1e-9))  # of the parabola through them
    return np.clip(np.where((mid >= left) & (mid >= right), top, mid), 0.0, 1.0)


def _fine_levels(audio: np.ndarray, rate: int) -> np.ndarray:
    """RMS of 5 ms in dB, every 1 ms, centred."""
    power = _moving_mean(audio**2, round(FINE_WINDOW * rate))
    return 10 * np.log10(power[np.arange(len(audio) * FINE // rate) * rate // FINE] + SILENT**2)


def _moving_mean(values: np.ndarray, width: int) -> np.ndarray:
    """Mean over `width` samples, fewer at the ends, centred on each."""
    total = np.cumsum(np.concatenate([[0.0], values]))
    low = np.clip(np.arange(len(values)) - width // 2, 0, len(values))
    high = np.clip(np.arange(len(values)) - width // 2 + width, 0, len(values))
    return (total[high] - total[low]) / (high - low)
