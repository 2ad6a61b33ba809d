"""Reference pitch tracks: from known notes, or from two outside trackers where they agree.

Tracks are on a grid of 4 ms, frame k centred on sample round(k rate / 250); NaN where nothing is known.
"""

from __future__ import annotations

import contextlib
import csv
import functools
import hashlib
import importlib.metadata
import importlib.util
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ddsp_rt.analysis import FRAME_RATE
from ddsp_rt.errors import DataError
from ddsp_rt.evaluation.harmonicity import VOICED, periodicity
from ddsp_rt.evaluation.signals import MEASURE_RATE, resample
from ddsp_rt.file_lock import lock_file
from ddsp_rt.note_names import hz_from_midi
from ddsp_rt.whole_files import whole_file

AGREE = 50.0  # cents within which the judges must be
LEAST_JUDGED = 0.6  # share of sounding frames under which there is no result
LOWEST, HIGHEST = 46.875, 2093.75  # Hz, what SwiftF0 covers
CONFIDENT = 0.5  # SwiftF0's confidence from which a frame counts as pitched
PYIN_HOP, PYIN_FRAME = 128, 1024  # samples at 16 kHz
RELIABLE = (130.8, 2093.1)  # Hz, C3 to C7: where the judges are asked
WIDEST = (30.0, 4500.0)  # Hz, where others hear beyond them
LATE = 10  # frames that an output may trail what it should be
CONTEXT = 60  # frames around a doubtful place that pYIN hears too
NEAR_NOTE = 1.5  # semitones either way within which a note is followed
WAY = 1  # in which they are asked: raised when the same signal would get another answer
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


def missing() -> str:
    """One line that says what to install for the pitch measures, or nothing when all is there."""
    absent = [package for module, package in NEEDED.items() if importlib.util.find_spec(module) is None]
    if not absent:
        return ""
    return f"pitch measures left out: {' and '.join(absent)} not installed; pip install 'ddsp-rt[evaluate]'"


def judge(audio, rate: int, cache: Path | None = None) -> Judgement:
    """Asks SwiftF0 and librosa's pYIN. Slow: about a second of work per second of sound.

    cache: a folder in which the answer is kept, for signals that are judged again and again.
    """
    audio = resample(audio, rate).astype(np.float32)

    def asked() -> np.ndarray:
        frames = len(audio) * FRAME_RATE // MEASURE_RATE + 1
        swift = _swift(audio, frames)
        known = swift[np.isfinite(swift)]
        low, high = (LOWEST, HIGHEST) if len(known) < 50 else np.percentile(known, [1, 99]) * (0.4, 2.5)
        return np.stack([swift, _pyin(audio, frames, max(low, LOWEST), min(high, HIGHEST))])

    return Judgement(*_kept(cache, [audio], asked))


def _kept(cache: Path | None, asked_of: list[np.ndarray], ask: Callable[[], np.ndarray]) -> np.ndarray:
    """What `ask` gives, from the folder `cache` where the same has been asked of the same judges before."""
    if cache is None:
        return ask()
    judges = [WAY, *map(importlib.metadata.version, NEEDED.values())]
    key = b"".join([*(f"{one} ".encode() for one in judges), *(part.tobytes() for part in asked_of)])
    kept = cache / f"{hashlib.sha256(key).hexdigest()[:24]}.npy"
    if kept.is_file():
        return np.load(kept)
    answer = ask()
    with whole_file(kept) as file:
        np.save(file, answer)
    return answer


def hear(audio, rate: int, target: np.ndarray, cache: Path | None = None) -> np.ndarray:
    """The f0 of an output, as the judge says that is nearer to what it should be: an error needs both. Hz [frames].

    pYIN, the slow one, is asked only where SwiftF0 is off. Beyond their range (C3 to C7) the autocorrelation
    (`harmonicity`) and pYIN judge.

    target: Hz [frames], what the output should be, NaN where nothing is known; it may be up to 40 ms late. cache: as in
    `judge`; what a change does not touch is not heard again.
    """
    audio = resample(audio, rate).astype(np.float32)
    return _kept(cache, [audio, target], lambda: _heard(audio, target))


def _heard(audio: np.ndarray, target: np.ndarray) -> np.ndarray:
    frames = len(audio) * FRAME_RATE // MEASURE_RATE + 1
    target = np.concatenate([target, np.full(max(frames - len(target), 0), np.nan)])[:frames]
    known = target[np.isfinite(target)]
    if len(known) == 0:
        return np.full(frames, np.nan)
    low, high = np.percentile(known, [1, 99]) * (0.4, 2.5)
    if RELIABLE[0] <= np.median(known) <= RELIABLE[1]:
        first, low, high = _swift(audio, frames), max(low, LOWEST), min(high, HIGHEST)
    else:
        wide = periodicity(audio, MEASURE_RATE, WIDEST[0], WIDEST[1])
        first = np.where(wide.r >= VOICED, wide.f0, np.nan)[:frames]
        first = np.concatenate([first, np.full(frames - len(first), np.nan)])
        low, high = max(low, WIDEST[0]), min(high, WIDEST[1])
    second = np.full(frames, np.nan)
    for part in _doubtful(first, target):
        around = slice(max(part.start - CONTEXT, 0), part.stop + CONTEXT)
        hop = MEASURE_RATE // FRAME_RATE
        piece = audio[around.start * hop : around.stop * hop]
        if len(piece) > PYIN_FRAME:
            opinion = _pyin(piece, len(piece) // hop + 1, low, high)
            second[part] = opinion[part.start - around.start :][: part.stop - part.start]
    nearer = np.abs(cents(second) - cents(target)) < np.nan_to_num(np.abs(cents(first) - cents(target)), nan=np.inf)
    return np.where(nearer | ~np.isfinite(first), second, first)


def follow_note(audio, rate: int, midi: float) -> np.ndarray:
    """The f0 of a recording of one note, which settles the octave: Hz [frames], NaN where that note does not sound."""
    hertz = hz_from_midi(midi)
    found = periodicity(audio, rate, hertz * 2 ** (-NEAR_NOTE / 12), hertz * 2 ** (NEAR_NOTE / 12))
    return np.where(found.r >= VOICED, found.f0, np.nan)


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
        track[part] = hz_from_midi(pitch)
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


def _doubtful(first: np.ndarray, target: np.ndarray) -> list[slice]:
    """Runs of frames, at least 0.1 s apart, in which the first judge is off whatever the lag."""
    off = np.isfinite(target)
    pitch, goal = cents(first), cents(target)
    for lag in range(LATE + 1):
        late = np.concatenate([np.full(lag, np.nan), goal[: len(goal) - lag]])
        off &= ~(np.abs(pitch - late) <= AGREE)
    runs: list[slice] = []
    for frame in np.flatnonzero(off).tolist():
        if runs and frame - runs[-1].stop < FRAME_RATE // 10:
            runs[-1] = slice(runs[-1].start, frame + 1)
        else:
            runs.append(slice(frame, frame + 1))
    return runs


@functools.cache
def _detector():
    """Loaded once, on one thread: recordings are judged side by side, and threads of its own wait busily."""
    from swift_f0 import SwiftF0

    return SwiftF0(threads=1)


def _swift(audio: np.ndarray, frames: int) -> np.ndarray:
    if len(audio) < 1024:
        return np.full(frames, np.nan)
    result = _detector().detect(audio, MEASURE_RATE, fmin=LOWEST, fmax=HIGHEST)
    pitch = np.asarray(result.pitch_hz, np.float64)
    pitched = (np.asarray(result.confidence) >= CONFIDENT) & (pitch > 0)
    return on_grid(np.asarray(result.timestamps, np.float64), np.where(pitched, pitch, np.nan), frames)


def _pyin(audio: np.ndarray, frames: int, low: float, high: float) -> np.ndarray:
    with alone(importlib.util.find_spec("librosa").origin):
        from librosa import pyin

    pitch, _, _ = pyin(
        audio, sr=MEASURE_RATE, fmin=low, fmax=high, frame_length=PYIN_FRAME, hop_length=PYIN_HOP, fill_na=np.nan
    )
    return on_grid(np.arange(len(pitch)) * PYIN_HOP / MEASURE_RATE, pitch, frames)


@contextlib.contextmanager
def alone(path: str) -> Iterator[None]:
    """Waits until no other process is in such a block for the same file; on Windows it does not wait.

    What librosa compiles when it is first imported, numba keeps in pairs of files that belong together. Two processes
    that import it at once may leave one of each, and every later one crashes on the pair.
    """
    with open(path, "rb") as file:
        if sys.platform != "win32":  # there nobody else could read what is locked
            lock_file(file.fileno(), wait=True)
        yield
