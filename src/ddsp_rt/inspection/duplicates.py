"""Finds recordings that are there twice: the same bytes, or the same performance in another file."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ddsp_rt.analysis import FRAME_RATE

PRINT_RATE = 25  # values per second of a fingerprint
LEAST = 1.0  # seconds that two recordings must share
SHARED = 0.5  # of the shorter one
ALIKE = 0.9  # correlation of the loudness that makes a pair worth a look
SAME_PITCH = 0.9  # share of voiced frames within half a semitone
SAME_WAVE = 0.8  # correlation of the waveforms that makes it the same performance
PIECE = 3.0  # seconds of waveform compared


def fingerprint(midi: np.ndarray, voiced: np.ndarray, loudness: np.ndarray) -> np.ndarray:
    """Loudness (dB) and pitch (MIDI, NaN unvoiced) 25 times a second: [2, values]."""
    step = FRAME_RATE // PRINT_RATE
    length = len(loudness) // step * step
    level = loudness[:length].reshape(-1, step).mean(axis=1)
    pitch = np.where(voiced, midi, np.nan)[step // 2 : length : step][: len(level)]
    return np.stack([np.maximum(level, -80.0), pitch]).astype(np.float32)


def find_duplicates(
    paths: list[Path], hashes: list[str], prints: list[np.ndarray], seconds: list[float], channel: int | None = None
) -> list[dict]:
    """Pairs (indices `first` < `second`) with `kind` "same file" or "same performance" and `offset` seconds.

    Loudness contours are correlated at every offset; a pair that agrees there and in pitch is settled by its
    waveforms, so that two takes of the same note stay apart.
    """
    pairs = []
    for second in range(len(paths)):
        for first in range(second):
            if hashes[first] == hashes[second]:
                pairs.append({"first": first, "second": second, "kind": "same file", "offset": 0.0})
                break
            offset = _alike(prints[first], prints[second])
            if offset is None:
                continue
            pieces = _shared(paths[first], paths[second], offset, seconds[first], seconds[second], channel)
            if _same_wave(*pieces):
                pairs.append({"first": first, "second": second, "kind": "same performance", "offset": offset})
                break
    return pairs


def _alike(a: np.ndarray, b: np.ndarray) -> float | None:
    """Seconds into the first at which the second begins when both sound alike, else None."""
    length = min(a.shape[1], b.shape[1])
    least = max(int(LEAST * PRINT_RATE), int(SHARED * length))
    if length < least or a[0].std() < 0.5 or b[0].std() < 0.5:
        return None
    x, y = a[0] - a[0].mean(), b[0] - b[0].mean()
    size = 1 << int(np.ceil(np.log2(len(x) + len(y))))
    cross = np.fft.irfft(np.fft.rfft(x, size) * np.conj(np.fft.rfft(y, size)), size)
    for shift in np.argsort(cross)[::-1][:3]:
        shift = int(shift) if shift < len(x) else int(shift) - size
        left, right = (a[:, shift:], b) if shift >= 0 else (a, b[:, -shift:])
        shared = min(left.shape[1], right.shape[1])
        if shared < least:
            continue
        left, right = left[:, :shared], right[:, :shared]
        if left[0].std() < 0.5 or right[0].std() < 0.5 or np.corrcoef(left[0], right[0])[0, 1] < ALIKE:
            continue
        voiced = np.isfinite(left[1]) & np.isfinite(right[1])
        if voiced.any() and np.mean(np.abs(left[1] - right[1])[voiced] < 0.5) >= SAME_PITCH:
            return shift / PRINT_RATE
    return None


def _shared(
    first: Path, second: Path, offset: float, length_a: float, length_b: float, channel: int | None
) -> tuple[np.ndarray, np.ndarray]:
    """The middle of what both share, and a little more of the second."""
    start = max(offset, 0.0)
    shared = min(length_a - start, length_b - max(-offset, 0.0))
    middle = start + max(shared - PIECE, 0) / 2
    a = _piece(first, middle, min(PIECE, shared), channel)
    return a, _piece(second, middle - offset - 0.1, min(PIECE, shared) + 0.2, channel)


def _same_wave(a: np.ndarray, b: np.ndarray) -> bool:
    """Whether `a` is somewhere in `b`."""
    if min(len(a), len(b)) < 1000:
        return False
    size = 1 << int(np.ceil(np.log2(len(a) + len(b))))
    cross = np.fft.irfft(np.fft.rfft(b, size) * np.conj(np.fft.rfft(a, size)), size)
    where = int(np.argmax(np.abs(cross)))
    where = where if where < len(b) else where - size
    aligned = b[max(where, 0) : max(where, 0) + len(a)]
    part = a[max(-where, 0) : max(-where, 0) + len(aligned)]
    aligned = aligned[: len(part)]
    scale = np.linalg.norm(part) * np.linalg.norm(aligned)
    return bool(scale > 0 and abs(part @ aligned) >= SAME_WAVE * scale and len(part) > len(a) // 2)


def _piece(path: Path, start: float, seconds: float, channel: int | None) -> np.ndarray:
    """Part of a file at 8 kHz without DC, mono."""
    from ddsp_rt.audio import read_audio
    from ddsp_rt.evaluation.signals import resample

    audio, rate = read_audio(path, channel=channel)
    first = min(max(int(start * rate), 0), len(audio))
    audio = resample(audio[first : first + int(seconds * rate)], rate, 8000)
    return audio - audio.mean() if len(audio) else audio
