"""How an instrument's held notes move: what the recordings vary by and the instrument's own resynthesis does not.

Both are heard with their rooms, since a vibrato through a room moves harmonics too: only the deficit is stored, of slow
movement and of fast, and the engine's `Life` plays it.
"""

from __future__ import annotations

import math
import tempfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

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
from ddsp_rt.evaluation.signals import periodic_hann, resample
from ddsp_rt.evaluation.spectral_loss import excerpt_losses
from ddsp_rt.instrument_file import load_instrument, save_instrument

HERTZ = (200, 330, 540, 880, 1450, 2400, 3900, 6400)  # where depths are stored
BANDS = SLOW, FAST  # Hz, in which each of the two processes makes up for what is missing
MOST = np.array([[0.65], [0.15]])  # depths; what high harmonics vary by beyond is noise between them, and costs loss
SMALL = 6.14  # dB of a harmonic's level for a depth of 1, while depths are small: 20 / ln 10 / sqrt 2
NEXT_TO_NONE = 0.02  # depth below which nothing is heard
LEAST = 12  # windows and harmonics about a frequency for a result of its own
FAINT = 30.0  # dB under the strongest below which a harmonic does not tell
ROUNDS = 3  # of playing with what was found and correcting it, frequency by frequency
TRIMS = 3  # rounds at the most in which all depths are made smaller together
COST = 0.12  # mss that life may add to the resynthesis of what was listened to
DEAR = np.array([1.0, 5.0])  # what a dB² of movement in either band costs: what is slow is kept before what is fast
GROWTH = 1.4  # power of the depth with which that rises
ENOUGH = 180.0  # seconds of recordings
PASSES = 1 + ROUNDS + TRIMS  # over all recordings, at the most

Sound = tuple[np.ndarray, int]  # float [samples], Hz
Depth = dict[str, list[float]]  # as in the instrument file


@dataclass(frozen=True)
class LifeDepth:
    """`table`: in the words of the instrument file, None where no note is steady. In dB, root mean squares over
    windows and harmonics: `recorded`, `still` without life, `moving` with it. `cost`: what life adds to the `mss` of
    the resynthesis, NaN without an excerpt of 4 s. `windows`: of 256 ms that told."""

    table: Depth | None
    recorded: float = math.nan
    still: float = math.nan
    moving: float = math.nan
    cost: float = math.nan
    windows: int = 0


class Take:
    """A recording with steady notes: `audio` [samples] at `rate` Hz, `starts` of its steady windows in seconds."""

    def __init__(self, audio: np.ndarray, rate: int) -> None:
        self.audio, self.rate = np.asarray(audio, np.float64), rate
        f0 = centred_f0(self.audio, rate, FRAME_RATE)
        self.starts = steady_windows(f0, measure_loudness(self.audio, rate))
        levels = steady_levels(self.audio, rate, f0, self.starts)
        self.recorded, self.hertz = _variation(levels, f0, self.starts)
        strength = levels.mean(axis=-1)
        if len(strength):  # what noise does between harmonics that hardly sound is not theirs
            self.recorded[:, strength < np.fmax.reduce(strength, axis=1, keepdims=True) - FAINT] = np.nan

    def variation(self, audio: np.ndarray) -> np.ndarray:
        """What harmonics of `audio`, in step with the recording, vary by in BANDS: dB² [2, windows, harmonics]."""
        f0 = centred_f0(audio, self.rate, FRAME_RATE)
        return _variation(steady_levels(audio, self.rate, f0, self.starts), f0, self.starts)[0]


Play = Callable[[Depth | None], Iterable[np.ndarray]]  # every take resynthesised, with depths or without


def solve(takes: Sequence[Take], play: Play) -> LifeDepth:
    """The depths with which an instrument varies as recordings of its own do.

    First band by band and frequency by frequency, as far as MOST; then all of a band together are made smaller until
    harmonics on the whole vary no more in it than recorded, and the fast before the slow until the resynthesis is no
    further off than life is worth.

    Args:
        takes: those with steady windows count.
        play: resyntheses of the takes in their order, their rooms included.
    """
    if not any(len(take.starts) for take in takes):
        return LifeDepth(None)
    still = _heard(takes, play(None))
    told = still.counts >= LEAST  # the same in both bands
    missing = np.sqrt(np.maximum(still.recorded - still.played, 0.0))
    depth = _filled(np.minimum(missing / SMALL, MOST), told)
    moving = still
    for turn in range(ROUNDS + TRIMS):
        if depth.max() < NEXT_TO_NONE:
            break
        moving = _heard(takes, play(_table(depth)))
        if turn < ROUNDS:
            gained = np.sqrt(np.maximum(moving.played - still.played, np.maximum(0.04 * missing**2, 1e-9)))
            depth = _filled(np.minimum(depth * np.clip(missing / gained, 0.5, 2.0), MOST), told)
            continue
        share = _affordable(still, moving)
        if share.min() > 0.98:
            break
        depth = depth * share
    cost = moving.loss - still.loss
    levels = (math.sqrt(value.sum()) for value in (still.whole_recorded, still.whole, moving.whole))
    return LifeDepth(_table(depth), *levels, cost, windows=sum(len(take.starts) for take in takes))


def life_of(instrument: Path, sounds: Iterable[Sound], report: Callable[[int], None] = lambda count: None) -> LifeDepth:
    """See `solve`: an instrument's file, which the engine plays; what it holds of its life is left aside.

    Args:
        sounds: recordings of it.
        report: called once for each of them when it has been listened to, and once in each of PASSES at the most.
    """
    metadata, tensors = load_instrument(instrument)
    metadata.pop("life", None)
    rate, takes = metadata["model_rate"], []
    for audio, own_rate in sounds:
        takes.append(Take(resample(audio, own_rate, rate), rate))
        report(1)
    return solve(takes, _Resynthesis(metadata, tensors, takes, report))


def store_life(path: Path, table: Depth) -> None:
    """Put the depths into an instrument's file; all else stays. Raises DataError."""
    metadata, tensors = load_instrument(path)
    save_instrument(path, tensors, metadata | {"life": table}, None)


def in_words(found: LifeDepth) -> str:
    """One line for people."""
    slow, fast = (found.table[name] if found.table else [] for name in ("depth", "fast"))
    cost = f" (mss {found.cost:+.2f})" if math.isfinite(found.cost) else ""
    return (
        f"harmonics of held notes vary by {found.recorded:.1f} dB, {found.still:.1f} dB without life and "
        f"{found.moving:.1f} dB with it{cost}; depths {', '.join(f'{d:.2f}' for d in slow)}, "
        f"fast {', '.join(f'{d:.2f}' for d in fast)}"
    )


def excerpt(audio: np.ndarray, rate: int, seconds: float) -> np.ndarray:
    """The middle of a recording, `seconds` of it at most."""
    length = min(len(audio), round(seconds * rate))
    first = (len(audio) - length) // 2
    return audio[first : first + length]


class _Resynthesis:
    """An instrument that plays takes from their own features."""

    def __init__(self, metadata: dict, tensors: dict, takes: list[Take], report: Callable[[int], None]) -> None:
        from ddsp_rt.analysis import analyse

        self.metadata, self.tensors, self.takes, self.report = metadata, tensors, takes, report
        with_z = "z" in metadata["architecture"]["decoder"]["features"]
        self.heard = [analyse(take.audio.astype(np.float32), take.rate, mfcc=with_z) for take in takes]

    def __call__(self, depth: Depth | None) -> Iterable[np.ndarray]:
        from ddsp_rt import _engine

        life = {} if depth is None else {"life": depth}
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "moving.ddsp"
            save_instrument(path, self.tensors, self.metadata | life, "float32")
            instrument = _engine.Instrument.load(path)
        for take, heard in zip(self.takes, self.heard, strict=True):
            voice = _engine.Voice(_engine.Instruments(instrument), take.rate)
            gate, amount = self.metadata["gate_db"], 0.0 if depth is None else 1.0
            yield np.asarray(voice.render_parts(**heard.tracks(), gate_db=gate, life=amount)["audio"], np.float64)
            self.report(1)


@dataclass(frozen=True)
class _Heard:
    """Variances (dB²) of what was recorded and played alike in BANDS: about each stored frequency [2, places], from so
    many `counts` [places], and as a whole [2]. `loss`: mss, NaN without an excerpt."""

    recorded: np.ndarray
    played: np.ndarray
    counts: np.ndarray
    whole_recorded: np.ndarray
    whole: np.ndarray
    loss: float


def _heard(takes: Sequence[Take], outputs: Iterable[np.ndarray]) -> _Heard:
    variances: list[np.ndarray] = []
    losses: list[np.ndarray] = []
    for take, output in zip(takes, outputs, strict=True):
        output = np.pad(output, (0, max(len(take.audio) - len(output), 0)))[: len(take.audio)]
        losses.append(excerpt_losses(take.audio, output, take.rate))
        variances.append(np.concatenate([take.hertz[None], take.recorded, take.variation(output)]).reshape(5, -1))
    told = np.concatenate(variances, axis=1)
    told = told[:, np.isfinite(told).all(axis=0)]
    recorded, played = told[1:3], told[3:]
    weights = _about(told[0])
    counts = weights.sum(axis=1)
    per_place = ((values @ weights.T) / np.maximum(counts, 1e-9) for values in (recorded, played))
    whole = (values.mean(axis=1) if values.size else np.zeros(len(BANDS)) for values in (recorded, played))
    loss = np.concatenate(losses)
    return _Heard(*per_place, counts, *whole, float(loss.mean()) if len(loss) else math.nan)


def _affordable(still: _Heard, moving: _Heard) -> np.ndarray:
    """By what to multiply the depths of each band [2, 1] so that they add no more than what is missing, and both
    together cost no more than COST."""
    missing, added = np.maximum(moving.whole_recorded - still.whole, 0.0), moving.whole - still.whole
    too_far = (moving.whole > moving.whole_recorded) & (added > 0.0)
    share = np.where(too_far, np.sqrt(missing / np.where(too_far, added, 1.0)), 1.0)
    cost = moving.loss - still.loss
    if cost > COST:
        of_each = np.maximum(added, 1e-9) * DEAR
        slow, fast = cost * of_each / of_each.sum()
        left = np.array([COST / slow, max(COST - slow, 0.0) / fast])
        share = np.minimum(share, np.minimum(left, 1.0) ** (1.0 / GROWTH))
    return share[:, None]


def _variation(levels: np.ndarray, f0: np.ndarray, starts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Variance (dB²) of each harmonic's level in BANDS [2, windows, harmonics], and its frequency, Hz [windows,
    harmonics]."""
    time = np.arange(WINDOW) - (WINDOW - 1) / 2
    slope = (levels @ time)[..., None] / (time @ time)
    window = periodic_hann(WINDOW)
    moving = (levels - levels.mean(axis=-1, keepdims=True) - slope * time) * window / np.sqrt(np.mean(window**2))
    frequency = np.fft.rfftfreq(WINDOW, 1 / LEVEL_RATE)
    spectra = 2 * np.abs(np.fft.rfft(moving)) ** 2 / WINDOW**2
    variance = np.stack([spectra[..., (frequency >= low) & (frequency < high)].sum(axis=-1) for low, high in BANDS])
    centre = np.minimum(np.round((np.asarray(starts) + WINDOW / LEVEL_RATE / 2) * FRAME_RATE).astype(int), len(f0) - 1)
    return variance, f0[centre, None] * np.arange(1, HARMONICS + 1)


def _about(hertz: np.ndarray) -> np.ndarray:
    """Weights [places, ...] of the stored frequencies nearest to `hertz` on either side."""
    at = np.interp(np.log(np.maximum(hertz, 1.0)), np.log(HERTZ), np.arange(len(HERTZ)))
    return np.maximum(0.0, 1.0 - np.abs(at - np.arange(len(HERTZ)).reshape(-1, *[1] * hertz.ndim)))


def _filled(depth: np.ndarray, told: np.ndarray) -> np.ndarray:
    """Where too little told, what its neighbours have: [2, places]."""
    places = np.arange(depth.shape[1])
    return np.stack([np.interp(places, places[told], row[told]) if told.any() else np.zeros_like(row) for row in depth])


def _table(depth: np.ndarray) -> Depth:
    slow, fast = ([round(float(d), 4) for d in row] for row in depth)
    return {"hertz": [float(f) for f in HERTZ], "depth": slow, "fast": fast}
