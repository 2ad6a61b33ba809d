"""What is played through both builds: the bundled phrase, and signals made to reach what it does not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import soundfile
import soxr

RATES = (44_100, 48_000, 96_000)


def phrase(path: Path, rate: int, seconds: float = 4.0) -> np.ndarray:
    """The opening of a recording at `rate` Hz, float32 [samples]."""
    audio, own = soundfile.read(path, dtype="float32")
    return np.asarray(soxr.resample(audio[: round(seconds * own)], own, rate), np.float32)


def notes(rate: int, seconds: float = 7.0) -> np.ndarray:
    """Low tongued notes over a noise floor, with vibrato, hiss, a leap of two octaves, a rest and hostile samples."""
    t = np.arange(round(seconds * rate)) / rate
    random = np.random.default_rng(7)
    score = (98.0, 110.0, 123.5, 98.0, 392.0, 110.0, 147.0)  # Hz, one a half second, then again
    f0 = np.array(score)[(2 * t).astype(int) % len(score)] * (1 + 0.008 * np.sin(2 * np.pi * 5.5 * t))
    phase = 2 * np.pi * np.cumsum(f0) / rate
    tone = sum(0.25 / h * np.sin(h * phase) for h in range(1, 12))
    within = (2 * t) % 1
    envelope = np.clip(within / 0.04, 0, 1) * np.clip((0.86 - within) / 0.1, 0, 1)
    audio = tone * envelope * (0.3 + 0.7 * t / seconds)
    audio += 0.1 * random.standard_normal(len(t)) * ((t % 1.7 > 1.45) & (t % 1.7 < 1.6))  # consonants
    audio += 2e-4 * random.standard_normal(len(t))
    audio[(t > 3.0) & (t < 3.4)] = 0.0
    audio = audio.astype(np.float32)
    audio[round(1.25 * rate)] = np.nan
    audio[round(1.26 * rate)] = np.inf
    return audio


def control(rate: int, seconds: float = 3.0) -> dict[str, np.ndarray]:
    """Signals for the control door: pitch in Hz, level 0..1 and in dB, a modulator of ±1."""
    t = np.arange(round(seconds * rate)) / rate
    f0 = np.where(t < 0.5 * seconds, 220.0 * 2 ** (t / seconds), 660.0)
    level = 0.9 * np.clip(np.sin(2 * np.pi * 1.3 * t), 0, 1) ** 0.5
    decibels = -60 + 60 * level
    modulator = np.sin(2 * np.pi * np.cumsum(2.0 * f0) / rate) * np.clip(t / seconds, 0, 1)
    signals = {"f0": f0, "level": level, "decibels": decibels, "modulator": modulator}
    return {name: values.astype(np.float32) for name, values in signals.items()}
