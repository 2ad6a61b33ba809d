"""What the engine hears in a performance, every 4 ms: pitch, how sure it is of it, and loudness."""

from __future__ import annotations

from dataclasses import dataclass
from typing import SupportsIndex

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
        return np.asarray(self.periodicity >= VOICED)

    @property
    def midi(self) -> np.ndarray:
        """f0 as a MIDI note number [frames]; 69 is 440 Hz."""
        return np.asarray(69 + 12 * np.log2(self.f0 / np.float32(440)))

    @property
    def times(self) -> np.ndarray:
        """Seconds [frames] from the start of the audio."""
        return np.arange(len(self)) / FRAME_RATE

    @classmethod
    def from_parts(cls, parts: list[dict[str, np.ndarray]]) -> Features:
        """Join what `_engine.Analyser.process` gave for consecutive blocks."""

        def joined(name: str) -> np.ndarray | None:
            arrays = [part[name] for part in parts if name in part]
            return np.concatenate(arrays) if arrays else None

        empty = np.zeros(0, np.float32)
        f0, periodicity, loudness = (joined(name) for name in ("f0", "periodicity", "loudness"))
        if f0 is None or periodicity is None or loudness is None:
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
    try:
        samples = np.asarray(audio)
    except (TypeError, ValueError):  # rows of different lengths, for instance
        raise UsageError("audio is not an array; give floats [samples], with full scale at ±1") from None
    if samples.ndim != 1:
        raise UsageError(f"audio has the shape {list(samples.shape)}; give one channel, [samples]")
    if not np.issubdtype(samples.dtype, np.floating):
        raise UsageError(f"audio is of type {samples.dtype}; give floats with full scale at ±1")
    with np.errstate(over="ignore"):  # what is beyond float32 is infinite, and so silence
        return np.ascontiguousarray(samples, dtype=np.float32)


def as_rate(sample_rate: int) -> int:
    """The rate as an int the engine runs at, or a UsageError."""
    return as_whole("sample rate", sample_rate, LOWEST_RATE, HIGHEST_RATE, " of Hz")


def as_whole(what: str, value: SupportsIndex | float, low: int, high: int, unit: str = "") -> int:
    """A whole number within its range, or a UsageError that names it."""
    number = np.asarray(value)
    if number.ndim == 0 and number.dtype.kind in "iuf" and low <= number <= high and number == np.rint(number):
        return int(number)
    raise UsageError(f"{what} {value}: give a whole number{unit} from {low} to {high}")
