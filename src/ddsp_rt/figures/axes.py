"""Colours, ticks and spectrograms that the panels share."""

from __future__ import annotations

import numpy as np

from ddsp_rt.note_names import hz_from_midi, midi_from_hz, note_name

# Okabe and Ito's colours, told apart by the colour-blind. In grey the first four stand apart by their lightness, from
# dark to light; where lines lie on each other their styles and widths differ besides.
BLUE, RED, ORANGE, YELLOW = "#0072B2", "#D55E00", "#E69F00", "#F0E442"
GREY, PALE_GREEN = "#7F7F7F", "#8FD9C2"
MAP = "cividis"
RANGE = 80.0  # dB shown in a spectrogram
LOWEST = 60.0  # Hz
COLUMNS, ROWS = 700, 220  # of a spectrogram's picture
TICK_SETS = ((0, 2, 4, 5, 7, 9, 11), (0, 2, 4, 7, 9), (0, 4, 7), (0, 7), (0,))  # semitones of an octave


def spectrogram(audio, rate: int, highest: float) -> np.ndarray:
    """dB (a full-scale sine is 0) on a log-frequency grid from 60 Hz to `highest`: [ROWS, COLUMNS]."""
    size = 1 << int(np.round(np.log2(0.064 * rate)))
    audio = np.concatenate([np.zeros(size // 2), np.asarray(audio, np.float64), np.zeros(size)])
    window = np.hanning(size + 1)[:-1]
    starts = np.linspace(0, len(audio) - 1.5 * size, COLUMNS).astype(int)
    edges = np.geomspace(LOWEST, highest, ROWS + 1) * size / rate
    inside = np.sqrt(edges[1:] * edges[:-1])
    low, high = np.floor(edges[:-1]).astype(int), np.ceil(edges[1:]).astype(int)
    frames = audio[starts[:, None] + np.arange(size)] * window
    level = 20 * np.log10(np.abs(np.fft.rfft(frames)) * 2 / window.sum() + 1e-9)
    last = level.shape[1] - 1
    below = np.minimum(inside.astype(int), last - 1)
    smooth = level[:, below] + (inside - below) * (level[:, below + 1] - level[:, below])
    bounds = np.stack([low, np.minimum(high, last) + 1], axis=1).ravel()
    peaks = np.maximum.reduceat(np.pad(level, ((0, 0), (0, 1)), mode="edge"), bounds, axis=1)[:, ::2]
    return np.where(high - low > 3, peaks, smooth).T


def log_frequency(axis, low: float, high: float) -> None:
    """Ticks of an axis whose coordinate is log2(Hz)."""
    ticks = [t for t in (50, 100, 200, 500, 1000, 2000, 5000, 10000, 20000) if low <= t <= high]
    axis.set_yticks([np.log2(t) for t in ticks], [f"{t // 1000} k" if t >= 1000 else str(t) for t in ticks])
    axis.set_ylabel("frequency (Hz)")


def note(midi: int) -> str:
    """Its name, with the sign that printed music has."""
    return note_name(midi).replace("#", "♯")


def note_frequency(axis, low: float, high: float) -> None:
    """Ticks at notes, named beside their Hz, on an axis whose coordinate is log2(Hz)."""
    first, last = map(midi_from_hz, (low, high))
    numbers = range(int(np.ceil(first)), int(np.floor(last)) + 1)
    for chosen in TICK_SETS:
        ticks = [n for n in numbers if n % 12 in chosen]
        if len(ticks) <= 6:
            break
    hertz = list(map(hz_from_midi, ticks))
    labels = [f"{note(n)}  {f:.0f}" for n, f in zip(ticks, hertz)]
    axis.set_yticks(np.log2(hertz), labels)
    axis.set_ylim(np.log2(low), np.log2(high))
    axis.set_ylabel("f0 (note, Hz)")


def decibels(values, floor: float = 1e-6) -> np.ndarray:
    return 20 * np.log10(np.maximum(np.abs(values), floor))
