"""Reference pitch tracks: from known notes, or from two outside trackers where they agree.

Tracks are on a grid of 4 ms, frame k centred on sample round(k rate / 250); NaN where nothing is known.
"""

from __future__ import annotations

import csv
import importlib.util
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ddsp_rt.errors import DataError
from ddsp_rt.evaluation.signals import MEASURE_RATE, resample

FRAME_RATE = 250  # frames per second
AGREE = 50.0  # cents within which the judges must be
LEAST_JUDGED = 0.6  # share of sounding frames under which there is no result
LOWEST, HIGHEST = 46.875, 2093.75  # Hz, what SwiftF0 covers
CONFIDENT = 0.5  # SwiftF0's confidence from which a frame counts as pitched
PYIN_HOP = 128  # samples at 16 kHz
NEEDED = {"swift_f0": "swift-f0", "librosa": "librosa"}  # module: package


@dataclass(frozen=True)
class Judgement:
    """Two opinions on one signal, Hz or NaN, [frames] each."""

    swift: np.ndarray
    pyin: np.ndarray

    @property
    def agreed(self) -> np.ndarray:
        """Their geometric mean where they agree within 50 cents, NaN elsewhere: Hz [frames]."""
        near = np.abs(cents(self.swift) - cents(self.pyin)) <= AGREE
        return np.where(near, np.sqrt(self.swift * self.pyin), np.nan)

    def nearer_to(self, reference: np.ndarray) -> np.ndarray:
        """Their mean where they agree, else the opinion nearer to `reference` (Hz): an error needs both judges."""
        swift, pyin = (np.abs(cents(x) - cents(reference)) for x in (self.swift, self.pyin))
        takes_pyin = np.nan_to_num(pyin, nan=np.inf) <= np.nan_to_num(swift, nan=np.inf)
        single = np.where(takes_pyin, self.pyin, self.swift)
        single = np.where(np.isfinite(single), single, np.where(np.isfinite(self.swift), self.swift, self.pyin))
        agreed = self.agreed
        return np.where(np.isfinite(agreed), agreed, single)


def missing() -> str:
    """One line that says what to install for the pitch measures, or nothing when all is there."""
    absent = [package for module, package in NEEDED.items() if importlib.util.find_spec(module) is None]
    if not absent:
        return ""
    return f"pitch measures left out: {' and '.join(absent)} not installed; pip install 'ddsp-rt[evaluate]'"


def judge(audio, rate: int) -> Judgement:
    """Asks SwiftF0 and librosa's pYIN. Slow: about a second of work per second of sound."""
    audio = resample(audio, rate).astype(np.float32)
    frames = len(audio) * FRAME_RATE // MEASURE_RATE + 1
    swift = _swift(audio, frames)
    known = swift[np.isfinite(swift)]
    low, high = (LOWEST, HIGHEST) if len(known) < 50 else np.percentile(known, [1, 99]) * (0.4, 2.5)
    return Judgement(swift, _pyin(audio, frames, max(low, LOWEST), min(high, HIGHEST)))


def swift_f0(audio, rate: int) -> np.ndarray:
    """SwiftF0's opinion alone: Hz [frames], NaN where it hears no pitch."""
    audio = resample(audio, rate).astype(np.float32)
    return _swift(audio, len(audio) * FRAME_RATE // MEASURE_RATE + 1)


def read_notes(path: str | Path, frames: int, start: float = 0.0) -> np.ndarray:
    """The pitch of aligned notes (CSV: start_s, end_s, midi_pitch) from `start` seconds on: Hz [frames], NaN between.

    Where notes overlap there is no single truth, and so NaN.
    """
    track, count = np.full(frames, np.nan), np.zeros(frames, int)
    try:
        with open(path, newline="") as file:
            notes = [(float(r["start_s"]), float(r["end_s"]), float(r["midi_pitch"])) for r in csv.DictReader(file)]
    except (OSError, KeyError, ValueError, TypeError) as error:
        raise DataError(f"{path}: not a list of notes with start_s, end_s, midi_pitch: {error}") from None
    for begin, end, pitch in notes:
        part = slice(*(int(np.clip(round((t - start) * FRAME_RATE), 0, frames)) for t in (begin, end)))
        track[part] = 440 * 2 ** ((pitch - 69) / 12)
        count[part] += 1
    return np.where(count == 1, track, np.nan)


def cents(f0) -> np.ndarray:
    """Cents above 1 Hz; NaN stays NaN."""
    return 1200 * np.log2(np.asarray(f0, np.float64))


def on_grid(time: np.ndarray, f0: np.ndarray, frames: int) -> np.ndarray:
    """A track at `time` seconds (evenly spaced, NaN unpitched) on the 4 ms grid, between values linear in cents.

    A gap, or a leap of more than two semitones, is not bridged: the nearer value counts.
    """
    if len(time) < 2:
        return np.full(frames, np.nan)
    position = np.clip((np.arange(frames) / FRAME_RATE - time[0]) / (time[1] - time[0]), 0, len(time) - 1)
    left = np.minimum(position.astype(int), len(time) - 2)
    weight = position - left
    pitch = cents(f0)
    near = np.where(weight < 0.5, pitch[left], pitch[left + 1])
    between = (1 - weight) * pitch[left] + weight * pitch[left + 1]
    smooth = np.abs(pitch[left + 1] - pitch[left]) < 200
    return 2 ** (np.where(smooth, between, near) / 1200)


def _swift(audio: np.ndarray, frames: int) -> np.ndarray:
    from swift_f0 import SwiftF0

    if len(audio) < 1024:
        return np.full(frames, np.nan)
    result = SwiftF0().detect(audio, MEASURE_RATE, fmin=LOWEST, fmax=HIGHEST)
    pitch = np.asarray(result.pitch_hz, np.float64)
    pitched = (np.asarray(result.confidence) >= CONFIDENT) & (pitch > 0)
    return on_grid(np.asarray(result.timestamps, np.float64), np.where(pitched, pitch, np.nan), frames)


def _pyin(audio: np.ndarray, frames: int, low: float, high: float) -> np.ndarray:
    import librosa

    pitch, _, _ = librosa.pyin(
        audio, sr=MEASURE_RATE, fmin=low, fmax=high, frame_length=1024, hop_length=PYIN_HOP, fill_na=np.nan
    )
    return on_grid(np.arange(len(pitch)) * PYIN_HOP / MEASURE_RATE, pitch, frames)
