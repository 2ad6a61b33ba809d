"""What the engine hears in a performance, every 4 ms: pitch, how sure it is of it, and loudness."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ddsp_rt.checks import as_mono, as_rate
from ddsp_rt.note_names import midi_from_hz

if TYPE_CHECKING:
    from ddsp_rt import _engine

FRAME_RATE = 250  # frames per second, one every 4 ms
VOICED = 0.5  # periodicity from which a frame counts as voiced
LOWEST_F0, HIGHEST_F0 = 40, 3000  # Hz, the pitches that are followed


@dataclass(frozen=True)
class Features:
    """One value per frame; frame k falls at sample round(k rate / 250) and has heard what lies before it, nothing
    later.

    f0: float32 [frames], Hz; an unvoiced or silent frame holds the last value before it.
    periodicity: float32 [frames], 0..1; voiced from 0.5 up.
    loudness: float32 [frames], A-weighted dB re a full-scale 997 Hz sine, from -100.
    mfcc: float32 [frames, 30], or None when not asked for.
    outside: float32 [frames], -1 where a pitch sounds below the range that is followed, 1 above it, else 0; such frames
        are unvoiced. None where frames were made, not heard.
    fast_loudness: float32 [frames], dB as loudness, over a window half as long. None where frames were made.
    balance: float32 [frames], dB, power above 3.5 kHz against that below. None where frames were made.
    """

    f0: np.ndarray
    periodicity: np.ndarray
    loudness: np.ndarray
    mfcc: np.ndarray | None = None
    outside: np.ndarray | None = None
    fast_loudness: np.ndarray | None = None
    balance: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.f0)

    @property
    def voiced(self) -> np.ndarray:
        """bool [frames]"""
        return np.asarray(self.periodicity >= VOICED)

    @property
    def midi(self) -> np.ndarray:
        """f0 as a MIDI note number [frames]; 69 is 440 Hz."""
        return np.asarray(midi_from_hz(self.f0))

    @property
    def times(self) -> np.ndarray:
        """Seconds [frames] from the start of the audio."""
        return np.arange(len(self)) / FRAME_RATE

    def outside_share(self, sounding: np.ndarray | None = None) -> tuple[float, float]:
        """Shares of the frames (of those `sounding`, bool [frames]) whose pitch lies below and above the range."""
        outside = np.zeros(len(self)) if self.outside is None else self.outside
        if sounding is not None:
            outside = outside[sounding]
        return (float(np.mean(outside < 0)), float(np.mean(outside > 0))) if len(outside) else (0.0, 0.0)

    @classmethod
    def from_parts(cls, parts: list[dict[str, np.ndarray]]) -> Features:
        """Join what `_engine.Analyser.process` gave for consecutive blocks."""

        def joined(name: str) -> np.ndarray | None:
            arrays = [part[name] for part in parts if name in part]
            return np.concatenate(arrays) if arrays else None

        empty = np.zeros(0, np.float32)
        f0, periodicity, loudness = (joined(name) for name in ("f0", "periodicity", "loudness"))
        if f0 is None or periodicity is None or loudness is None:
            return cls(empty, empty, empty, None, empty, empty, empty)
        more = (joined(name) for name in ("mfcc", "outside", "fast_loudness", "balance"))
        return cls(f0, periodicity, loudness, *more)

    def tracks(self) -> dict[str, np.ndarray]:
        """What an instrument may be given, by name, without what is None: the arguments of `_engine.Voice`."""
        names = ("f0", "periodicity", "loudness", "fast_loudness", "balance", "mfcc")
        return {name: track for name in names if (track := getattr(self, name)) is not None}

    def fitted(self, fitting: _engine.Fitting) -> Features:
        """As `fitting` bends them to an instrument, without `outside`."""
        given = {name: track for name, track in self.tracks().items() if name != "mfcc"}
        asked = fitting.apply(**given)
        return Features(**{name: asked[name] for name in given}, mfcc=self.mfcc)


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
