"""How an instrument's held notes move: what the recordings vary by and the instrument's own resynthesis does not.

Both are heard with their rooms, since a vibrato through a room moves harmonics too: only the deficit is stored, and
the engine's `Life` plays it.
"""

from __future__ import annotations

import math
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ddsp_rt.evaluation.lags import centred_f0
from ddsp_rt.evaluation.loudness import measure_loudness
from ddsp_rt.evaluation.micro_variation import (
    FAST,
    FRAME_RATE,
    HARMONICS,
    LEVEL_RATE,
    SLOW,
    WINDOW,
    steady_levels,
    steady_windows,
)
from ddsp_rt.evaluation.signals import periodic_hann
from ddsp_rt.instrument_file import load_instrument, save_instrument

HERTZ = (200, 330, 540, 880, 1450, 2400, 3900, 6400)  # where depths are stored
MOST = 0.65  # depth; what high harmonics vary by beyond it is noise between them, and costs spectral loss
SMALL = 6.14  # dB of a harmonic's level for a depth of 1, while depths are small: 20 / ln 10 / sqrt 2
LEAST = 12  # windows and harmonics about a frequency for a result of its own
ROUNDS = 3  # of playing with what was found and correcting it
ENOUGH = 180.0  # seconds of recordings

Sound = tuple[np.ndarray, int]  # float [samples], Hz


@dataclass(frozen=True)
class LifeDepth:
    """`table`: in the words of the instrument file, None where no note is steady. In dB, root mean squares over the
    frequencies: `recorded`, `still` without life, `moving` with it. `windows`: of 256 ms that told."""

    table: dict[str, list[float]] | None
    recorded: float = math.nan
    still: float = math.nan
    moving: float = math.nan
    windows: int = 0


def life_of(instrument: Path, sounds: Iterable[Sound], report: Callable[[int], None] = lambda count: None) -> LifeDepth:
    """Measure the depths with which an instrument varies as recordings of its own do.

    Args:
        instrument: its file; what it holds of its life is left aside.
        sounds: recordings; three minutes of them are heard at most.
        report: called once for each of the recordings in each of four passes.
    """
    metadata, tensors = load_instrument(instrument)
    metadata.pop("life", None)
    takes = [take for take in (_Take.of(*sound, metadata) for sound in _enough(sounds)) if take is not None]
    if not takes:
        return LifeDepth(None)
    recorded, counts = _pooled(take.recorded for take in takes), _counts(takes)
    still = _pooled(take.played(metadata, tensors, None, report) for take in takes)
    missing = np.sqrt(np.maximum(recorded - still, 0.0))
    depth = np.minimum(missing / SMALL, MOST)
    moving = still
    for _ in range(ROUNDS):
        if not depth.any():
            break
        moving = _pooled(take.played(metadata, tensors, depth, report) for take in takes)
        gained = np.sqrt(np.maximum(moving - still, 0.04 * (recorded - still)).clip(min=1e-9))
        depth = np.minimum(depth * np.clip(missing / gained, 0.5, 2.0), MOST)
    depth = _filled(depth, counts)
    table = {"hertz": [float(f) for f in HERTZ], "depth": [round(float(d), 4) for d in depth]}
    means = (math.sqrt(float(np.average(v, weights=counts))) for v in (recorded, still, moving))
    return LifeDepth(table, *means, windows=sum(len(take.starts) for take in takes))


def store_life(path: Path, table: dict[str, list[float]]) -> None:
    """Put the depths into an instrument's file; all else stays. Raises DataError."""
    metadata, tensors = load_instrument(path)
    dtype = "float16" if all(values.dtype == "float16" for values in tensors.values()) else "float32"
    save_instrument(path, tensors, metadata | {"life": table}, dtype)


def in_words(depth: LifeDepth) -> str:
    """One line for people."""
    depths = depth.table["depth"] if depth.table else []
    return (
        f"harmonics of held notes vary by {depth.recorded:.1f} dB, {depth.still:.1f} dB without life and "
        f"{depth.moving:.1f} dB with it; depths {', '.join(f'{value:.2f}' for value in depths)}"
    )


class _Take:
    """A recording with steady notes, and the instrument that plays it."""

    def __init__(self, audio: np.ndarray, rate: int, starts: np.ndarray, f0: np.ndarray) -> None:
        self.audio, self.rate, self.starts = audio, rate, starts
        self.recorded = _variation(steady_levels(audio, rate, f0, starts), f0, starts)

    @classmethod
    def of(cls, audio: np.ndarray, rate: int, metadata: dict[str, Any]) -> _Take | None:
        from ddsp_rt.evaluation.signals import resample

        audio = resample(audio, rate, metadata["model_rate"])
        rate = metadata["model_rate"]
        f0 = centred_f0(audio, rate, FRAME_RATE)
        starts = steady_windows(f0, measure_loudness(audio, rate))
        return cls(audio, rate, starts, f0) if len(starts) else None

    def played(self, metadata: dict, tensors: dict, depth: np.ndarray | None, report: Callable[[int], None]) -> Any:
        from ddsp_rt import _engine
        from ddsp_rt.analysis import analyse

        life = {} if depth is None else {"life": {"hertz": list(map(float, HERTZ)), "depth": depth.tolist()}}
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "moving.ddsp"
            save_instrument(path, tensors, metadata | life, "float32")
            instrument = _engine.Instrument.load(path)
        with_z = "z" in metadata["architecture"]["decoder"]["features"]
        heard = analyse(self.audio.astype(np.float32), self.rate, mfcc=with_z)
        extra = {"mfcc": heard.mfcc} if with_z else {}
        voice = _engine.Voice(_engine.Instruments(instrument), self.rate)
        parts = voice.render_parts(
            heard.f0, heard.periodicity, heard.loudness, heard.fast_loudness, heard.balance,
            gate_db=metadata["gate_db"], life=0.0 if depth is None else 1.0, **extra,
        )  # fmt: skip
        output = np.asarray(parts["audio"], np.float64)[: len(self.audio)]
        f0 = centred_f0(output, self.rate, FRAME_RATE)
        report(1)
        return _variation(steady_levels(output, self.rate, f0, self.starts), f0, self.starts)


def _variation(levels: np.ndarray, f0: np.ndarray, starts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Variance (dB²) of each harmonic's level in 4-100 Hz, and the harmonic's frequency: [windows, harmonics] each."""
    time = np.arange(WINDOW) - (WINDOW - 1) / 2
    slope = (levels @ time)[..., None] / (time @ time)
    window = periodic_hann(WINDOW)
    moving = (levels - levels.mean(axis=-1, keepdims=True) - slope * time) * window / np.sqrt(np.mean(window**2))
    frequency = np.fft.rfftfreq(WINDOW, 1 / LEVEL_RATE)
    band = (frequency >= SLOW[0]) & (frequency < FAST[1])
    variance = (2 * np.abs(np.fft.rfft(moving)) ** 2 / WINDOW**2)[..., band].sum(axis=-1)
    centre = np.minimum(np.round((np.asarray(starts) + WINDOW / LEVEL_RATE / 2) * FRAME_RATE).astype(int), len(f0) - 1)
    return variance, f0[centre, None] * np.arange(1, HARMONICS + 1)


def _about(hertz: np.ndarray) -> np.ndarray:
    """Weights [places, ...] of the stored frequencies nearest to `hertz` on either side."""
    at = np.interp(np.log(np.maximum(hertz, 1.0)), np.log(HERTZ), np.arange(len(HERTZ)))
    return np.maximum(0.0, 1.0 - np.abs(at - np.arange(len(HERTZ)).reshape(-1, *[1] * hertz.ndim)))


def _pooled(found: Iterable[tuple[np.ndarray, np.ndarray]]) -> np.ndarray:
    """Mean variance about each stored frequency, 0 where nothing told."""
    pairs = list(found)
    variance, hertz = (np.concatenate([pair[n].ravel() for pair in pairs]) for n in (0, 1))
    kept = np.isfinite(variance) & np.isfinite(hertz)
    weights = _about(hertz[kept])
    return weights @ variance[kept] / np.maximum(weights.sum(axis=1), 1e-9)


def _counts(takes: list[_Take]) -> np.ndarray:
    variance, hertz = (np.concatenate([take.recorded[n].ravel() for take in takes]) for n in (0, 1))
    return _about(hertz[np.isfinite(variance) & np.isfinite(hertz)]).sum(axis=1)


def _filled(depth: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Where too little told, what its neighbours have."""
    told = counts >= LEAST
    return np.interp(np.arange(len(depth)), np.flatnonzero(told), depth[told]) if told.any() else 0.0 * depth


def _enough(sounds: Iterable[Sound]) -> Iterable[Sound]:
    heard = 0.0
    for audio, rate in sounds:
        if heard >= ENOUGH:
            return
        kept = audio[: round((ENOUGH - heard) * rate)]
        heard += len(kept) / rate
        if len(kept) > 0.5 * rate:
            yield kept, rate
