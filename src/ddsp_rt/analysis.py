"""What the engine hears in a performance, every 4 ms: pitch, how sure it is of it, and loudness."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ddsp_rt.errors import UsageError

FRAME_RATE = 250  # frames per second, one every 4 ms
VOICED = 0.5  # periodicity from which a frame counts as voiced
LOWEST_RATE, HIGHEST_RATE = 8_000, 192_000  # Hz that the engine runs at


@dataclass(frozen=True)
class Features:
    """One value per frame; frame k falls at sample round(k rate / 250) and has heard what lies before it, nothing
    later.

    f0: float32 [frames], Hz; an unvoiced frame holds the last voiced value.
    periodicity: float32 [frames], 0..1; voiced from 0.5 up.
    loudness: float32 [frames], A-weighted dB re a full-scale 997 Hz sine, from -100.
    mfcc: float32 [frames, 30], or None when not asked for.
    """

    f0: np.ndarray
    periodicity: np.ndarray
    loudness: np.ndarray
    mfcc: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.f0)

    @property
    def voiced(self) -> np.ndarray:
        """bool [frames]"""
        return self.periodicity >= VOICED

    @property
    def midi(self) -> np.ndarray:
        """f0 as a MIDI note number [frames]; 69 is 440 Hz."""
        return 69 + 12 * np.log2(self.f0 / np.float32(440))

    @property
    def times(self) -> np.ndarray:
        """Seconds [frames] from the start of the audio."""
        return np.arange(len(self)) / FRAME_RATE

    @classmethod
    def from_parts(cls, parts: list[dict]) -> Features:
        """Join what `_engine.Analyser.process` gave for consecutive blocks."""

        def joined(name):
            arrays = [part[name] for part in parts if part.get(name) is not None]
            return np.concatenate(arrays) if arrays else None

        empty = np.zeros(0, np.float32)
        f0, periodicity, loudness = (joined(name) for name in ("f0", "periodicity", "loudness"))
        if f0 is None:
            return cls(empty, empty, empty)
        return cls(f0, periodicity, loudness, joined("mfcc"))


def analyse(audio: np.ndarray, sample_rate: int, mfcc: bool = False) -> Features:
    """Analyse a whole performance with the analyser that runs live.

    Args:
        audio: [samples], full scale at ±1; NaN and Inf count as silence.
        sample_rate: Hz, 8000 to 192000.
        mfcc: whether to compute the 30 MFCCs too.

    Raises:
        UsageError: audio that is not one channel of floats, or a rate out of range.
    """
    from ddsp_rt import _engine

    return Features.from_parts([_engine.analyse(as_mono(audio), as_rate(sample_rate), mfcc=mfcc)])


def as_mono(audio: np.ndarray) -> np.ndarray:
    """The audio as contiguous float32 [samples], or a UsageError that says what is wrong with it."""
    audio = np.asarray(audio)
    if audio.ndim != 1:
        raise UsageError(f"audio has the shape {list(audio.shape)}; give one channel, [samples]")
    if not np.issubdtype(audio.dtype, np.floating):
        raise UsageError(f"audio is of type {audio.dtype}; give floats with full scale at ±1")
    return np.ascontiguousarray(audio, dtype=np.float32)


def as_rate(sample_rate: int) -> int:
    """The rate as an int the engine runs at, or a UsageError."""
    if sample_rate != int(sample_rate) or not LOWEST_RATE <= sample_rate <= HIGHEST_RATE:
        raise UsageError(f"sample rate {sample_rate}: give a whole number of Hz from {LOWEST_RATE} to {HIGHEST_RATE}")
    return int(sample_rate)
