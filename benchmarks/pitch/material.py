"""Sounds whose pitch is known because they are made here, and noises that have none."""

from dataclasses import dataclass, field

import numpy as np

from ddsp_rt.analysis import FRAME_RATE


@dataclass
class Sound:
    """`f0` [frames] is the true pitch in Hz (0: none); `settled` marks the frames at least 60 ms into a note."""

    name: str
    audio: np.ndarray
    rate: int
    f0: np.ndarray
    settled: np.ndarray
    notes: list[tuple[float, float, float]] = field(default_factory=list)  # (start s, end s, Hz)


def frame_times(samples: int, rate: int) -> np.ndarray:
    """Time of each frame, s."""
    return np.arange(int(np.ceil(samples * FRAME_RATE / rate))) / FRAME_RATE


def from_notes(name: str, audio: np.ndarray, rate: int, notes: list[tuple[float, float, float]]) -> Sound:
    """A sound that plays `notes` (start s, end s, Hz)."""
    time = frame_times(len(audio), rate)
    f0 = np.zeros(len(time))
    settled = np.zeros(len(time), bool)
    for start, end, pitch in notes:
        f0[(time >= start) & (time < end)] = pitch
        settled[(time >= start + 0.06) & (time < end)] = True
    return Sound(name, audio.astype(np.float32), rate, f0, settled, notes)


def harmonic(f0: np.ndarray, rate: int, weights: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Sum of harmonics of the sample-by-sample `f0`, none above 7 kHz."""
    phase = np.cumsum(f0) / rate
    out = np.zeros(len(f0))
    for h, weight in enumerate(weights, 1):
        if weight:
            inside = h * f0 < min(7000.0, 0.45 * rate)
            out += weight * inside * np.sin(2 * np.pi * (h * phase + rng.random()))
    return out


def spectra(rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Harmonic weights of a few timbres."""
    h = np.arange(1, 31)
    weak = 1.0 / h
    weak[0] = 0.03
    formant = np.exp(-0.5 * ((h - rng.integers(3, 7)) / 1.5) ** 2) + 0.2 / h
    return {
        "saw": 1.0 / h,
        "bright": 1.0 / np.sqrt(h),
        "dull": 1.0 / h**3,
        "hollow": np.where(h % 2 == 1, 1.0 / h, 0.02 / h),
        "weak fundamental": weak,
        "formant": formant,
        "sine": (h == 1).astype(float),
    }


def add_noise(audio: np.ndarray, snr_db: float, rng: np.random.Generator) -> np.ndarray:
    """White noise at `snr_db` below the sound."""
    level = np.sqrt(np.mean(audio**2)) * 10 ** (-snr_db / 20)
    return audio + level * rng.standard_normal(len(audio))


def tones(rate: int = 48000, snr_db: float = 20.0, low: float = 60.0, high: float = 2000.0) -> list[Sound]:
    """Half-second notes 60 to 2000 Hz in every timbre, a whole tone apart, then noise for 0.1 s."""
    rng = np.random.default_rng(1)
    sounds = []
    for index, timbre in enumerate(spectra(rng)):
        pieces, notes, at = [], [], 0.0
        pitch = low * 2 ** (index / 40)
        while pitch <= high:
            time = np.arange(int(0.5 * rate)) / rate
            note = harmonic(np.full(len(time), pitch), rate, spectra(rng)[timbre], rng)
            note *= np.minimum(1, time / 0.01) * np.minimum(1, (0.5 - time) / 0.02) / np.sqrt(np.mean(note**2))
            pieces += [note, np.zeros(int(0.1 * rate))]
            notes.append((at, at + 0.47, pitch))
            at += 0.6
            pitch *= 2 ** (1 / 6)
        sounds.append(from_notes(f"tones {timbre}", 0.1 * add_noise(np.concatenate(pieces), snr_db, rng), rate, notes))
    return sounds


def steps(rate: int = 48000) -> Sound:
    """A legato line of random intervals, 60 to 1000 Hz, 200 ms a note, 30 dB SNR."""
    rng = np.random.default_rng(2)
    pitches = np.clip(
        60 * 2 ** (np.cumsum(rng.choice([-7, -5, -4, -2, -1, 1, 2, 3, 4, 5, 7, 12], 150)) % 48 / 12), 60, 1000
    )
    n = int(0.2 * rate)
    audio = harmonic(np.repeat(pitches, n), rate, 1.0 / np.arange(1, 21), rng)
    notes = [(0.2 * i, 0.2 * (i + 1), p) for i, p in enumerate(pitches)]
    return from_notes("steps", 0.1 * add_noise(audio, 30, rng), rate, notes)


def moving(rate: int = 48000) -> list[Sound]:
    """Vibrato (5.5 Hz, +-50 cents) and glides (an octave a second, up and down) around 98, 196 and 400 Hz."""
    rng = np.random.default_rng(3)
    time = np.arange(4 * rate) / rate
    shapes = {
        "vibrato": 50 / 1200 * np.sin(2 * np.pi * 5.5 * time),
        "glide": 0.25 - np.abs((time % 1.0) - 0.5),
    }
    sounds = []
    for shape, octaves in shapes.items():
        for centre in (98, 196, 400):
            f0 = centre * 2**octaves
            audio = 0.1 * harmonic(f0, rate, 1.0 / np.arange(1, 21), rng)
            frames = frame_times(len(audio), rate)
            truth = f0[np.minimum((frames * rate).astype(int), len(f0) - 1)]
            sounds.append(Sound(f"{shape} {centre}", audio.astype(np.float32), rate, truth, frames > 0.1))
    return sounds


def coloured(rng: np.random.Generator, n: int, rate: int, gain) -> np.ndarray:
    """Noise of spectrum gain(Hz), unit RMS."""
    spectrum = np.fft.rfft(rng.standard_normal(n)) * gain(np.maximum(np.fft.rfftfreq(n, 1 / rate), 1.0))
    noise = np.fft.irfft(spectrum, n)
    return noise / np.sqrt(np.mean(noise**2))


def noises(rate: int = 48000, seconds: float = 8.0, seed: int = 4) -> list[Sound]:
    """Silence and noises: none of their frames has a pitch."""
    rng = np.random.default_rng(seed)
    n = int(seconds * rate)
    low = np.where

    def breath(f):
        return (
            np.exp(-0.5 * (np.log2(f / 1500) / 0.8) ** 2) + 0.5 * np.exp(-0.5 * (np.log2(f / 5000) / 0.4) ** 2) + 0.02
        )

    puffs = np.maximum(0, np.sin(2 * np.pi * 0.7 * np.arange(n) / rate)) ** 0.5
    made = {
        "silence": np.zeros(n),
        "white": 0.1 * coloured(rng, n, rate, lambda f: f**0),
        "pink": 0.1 * coloured(rng, n, rate, lambda f: f**-0.5),
        "brown": 0.1 * coloured(rng, n, rate, lambda f: 1 / f),
        "hiss": 0.003 * coloured(rng, n, rate, lambda f: low(f > 3000, 1.0, 0.05)),
        "breath": 0.05 * puffs * coloured(rng, n, rate, breath),
        "room": 0.0005 * coloured(rng, n, rate, lambda f: f**-0.8 + 0.001),
        "low-passed 4 kHz": 0.1 * coloured(rng, n, rate, lambda f: 1 / (1 + (f / 4000) ** 4)),
        "low-passed 1 kHz": 0.1 * coloured(rng, n, rate, lambda f: 1 / (1 + (f / 1000) ** 4)),
        "low-passed 300 Hz": 0.1 * coloured(rng, n, rate, lambda f: 1 / (1 + (f / 300) ** 2)),
    }
    empty = np.zeros(len(frame_times(n, rate)))
    return [Sound(name, audio.astype(np.float32), rate, empty, empty > 0) for name, audio in made.items()]
