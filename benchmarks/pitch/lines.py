"""Lines played from single notes: legato, tremolo, plucked and staccato, whose pitch the notes' files tell."""

import re
from pathlib import Path

import numpy as np
import soundfile as sf
from material import FRAME_RATE, Sound, frame_times

RATE = 44100  # Hz
STEPS = {"c": 0, "db": 1, "d": 2, "eb": 3, "e": 4, "f": 5, "gb": 6, "g": 7, "ab": 8, "a": 9, "bb": 10, "b": 11}
SOUNDING_DB = 30.0  # under the loudest 20 ms of a note: what counts as sounding


def named_pitch(path: Path, octaves_up: int) -> float:
    """Hz by a file name such as eb1_f_d.flac or flute_A5.flac."""
    step, octave = re.match(r"(?:[a-z]+_)?([a-g]b?)(\d)", path.stem.lower()).groups()
    return 440 * 2 ** ((STEPS[step] + 12 * (int(octave) + octaves_up) - 57) / 12)


def read(path: Path) -> np.ndarray:
    audio, rate = sf.read(path, dtype="float32", always_2d=True)
    assert rate == RATE, path
    return audio.mean(axis=1)


def level(audio: np.ndarray, rate: int) -> np.ndarray:
    """dB [frames] over the last 20 ms."""
    ends = (frame_times(len(audio), rate) * rate).astype(int)
    energy = np.concatenate([[0.0], np.cumsum(np.square(audio, dtype=float))])
    return 10 * np.log10((energy[ends] - energy[np.maximum(ends - int(0.02 * rate), 0)]) / (0.02 * rate) + 1e-12)


def note(path: Path, pitch: float) -> Sound:
    """One file: its pitch holds from 60 ms after its start to its last sounding frame."""
    audio = read(path)
    decibels = level(audio, RATE)
    sounding = decibels > decibels.max() - SOUNDING_DB
    settled = sounding.copy()
    settled[: int(np.argmax(sounding)) + int(0.06 * FRAME_RATE)] = False
    return Sound(path.stem, audio, RATE, np.where(sounding, pitch, 0.0), settled)


def notes(data: Path, patterns: list[str], low: float, high: float, octaves_up: int = 0) -> list[Sound]:
    """The files of `patterns` whose named pitch lies within `low` to `high` Hz."""
    found = sorted(path for pattern in patterns for path in data.glob(pattern))
    pitched = [(path, named_pitch(path, octaves_up)) for path in found]
    return [note(path, pitch) for path, pitch in pitched if 0.99 * low <= pitch <= 1.01 * high]


def low_cello(data: Path) -> list[Sound]:
    folders = ["cello/karoryfer-bigcat_notes/*.flac", "cello/karoryfer-bigcat_short_notes/*.flac"]
    return notes(data, folders, 65.4, 123.5, octaves_up=1)  # named an octave low


def low_bass(data: Path) -> list[Sound]:
    """Bowed and plucked, E1 to B2. The plucked ones are named an octave high; those called D flat hold other notes."""
    plucked = notes(data, ["electric_bass/*/[a-ceg]*.flac"], 41.2, 123.5, octaves_up=-1)
    return notes(data, ["double_bass/*/*.flac"], 41.2, 123.5) + plucked


def steady(sound: Sound, seconds: float, skip: float = 0.3) -> np.ndarray:
    """A stretch from `skip` seconds into the sound, at unit RMS."""
    start = (np.argmax(sound.f0 > 0) / FRAME_RATE + skip) * RATE
    piece = sound.audio[int(start) : int(start) + int(seconds * RATE)]
    return piece / np.sqrt(np.mean(np.square(piece)) + 1e-12)


def joined(name: str, pieces: list[tuple[np.ndarray, float]], every: float, fade: float, room: bool = False) -> Sound:
    """`pieces` (audio, Hz) begun `every` seconds apart, each fading in and out over `fade` seconds."""
    hop, length = int(every * RATE), int(fade * RATE)
    ramp = np.sin(0.5 * np.pi * (np.arange(length) + 0.5) / length)
    audio = np.zeros(hop * len(pieces) + RATE // 2)
    truth = np.zeros(len(frame_times(len(audio), RATE)))
    settled = np.zeros(len(truth), bool)
    time = np.arange(len(truth)) / FRAME_RATE
    for i, (piece, pitch) in enumerate(pieces):
        piece = piece.copy()
        piece[:length] *= ramp
        piece[-length:] *= ramp[::-1]
        audio[i * hop : i * hop + len(piece)] += piece
        start, end = i * every + 0.5 * fade, i * every + len(piece) / RATE - 0.5 * fade
        truth[(time >= start) & (time < end)] = pitch
        same = i > 0 and pieces[i - 1][1] == pitch
        settled[(time >= start + (0.012 if same else 0.06)) & (time < end)] = True
    if room:
        rng = np.random.default_rng(8)
        tail = rng.standard_normal(RATE) * np.exp(-6.9 * np.arange(RATE) / RATE / 1.2)
        tail *= 0.35 / np.sqrt(np.sum(tail**2))
        audio = audio + np.fft.irfft(np.fft.rfft(audio, 2**20) * np.fft.rfft(tail, 2**20))[: len(audio)]
    return Sound(name, (0.1 * audio).astype(np.float32), RATE, truth, settled)


def legato(sounds: list[Sound], name: str, room: bool) -> Sound:
    rng = np.random.default_rng(9)
    chosen = [sounds[i] for i in rng.permutation(len(sounds))]
    pieces = [(steady(s, 0.3), s.f0.max()) for s in chosen if len(steady(s, 0.3)) == int(0.3 * RATE)]
    return joined(name, pieces[:60], 0.27, 0.03, room)


def tremolo(sounds: list[Sound], name: str) -> Sound:
    """Five strokes of 90 ms a note, each from another place of the recording."""
    pieces = []
    for s in sounds:
        strokes = [(steady(s, 0.09, 0.3 + 0.11 * k), s.f0.max()) for k in range(5)]
        pieces += [p for p in strokes if len(p[0]) == int(0.09 * RATE)]
    return joined(name, pieces, 0.09, 0.012)


def staccato(sounds: list[Sound], name: str, room: bool) -> Sound:
    """Attacks of 120 ms with gaps of 80 ms."""
    pieces = []
    for s in sounds:
        start = max(0, int((np.argmax(s.f0 > 0) / FRAME_RATE - 0.02) * RATE))
        piece = s.audio[start : start + int(0.14 * RATE)].astype(float)
        if len(piece) == int(0.14 * RATE):
            pieces += [(piece / np.sqrt(np.mean(piece**2)), s.f0.max())] * 2
    return joined(name, pieces, 0.2, 0.015, room)
