"""Renders what the measures judge: resynthesis from a recording's own features, and transfers."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ddsp_rt.errors import DataError
from ddsp_rt.evaluation.signals import resample

LEAST = 0.5  # seconds


@dataclass(frozen=True)
class Rendering:
    """A recording and its rendering in step, float64 [samples] each at `rate` Hz.

    dry: without reverb; other_seed: the output once more with other noise; start: seconds into the file.
    """

    path: Path
    rate: int
    start: float
    recording: np.ndarray
    output: np.ndarray
    dry: np.ndarray
    other_seed: np.ndarray


class Voices:
    """Renders with one instrument."""

    def __init__(self, instrument):
        self.instrument = instrument

    def resynthesise(self, path: str | os.PathLike, last: float | None = None) -> Rendering:
        """A recording rendered from reset from its own features, without fitting, at the model rate."""
        from ddsp_rt import _engine
        from ddsp_rt.analysis import analyse

        rate = self.instrument.model_rate
        audio, start = read_part(path, rate, last)
        with_z = "z" in self.instrument.metadata["architecture"]["decoder"]["features"]
        features = analyse(audio.astype(np.float32), rate, mfcc=with_z)
        tracks = [features.f0, features.periodicity, features.loudness] + ([features.mfcc] if with_z else [])
        renders = []
        for seed in (1, 2):
            voice = _engine.Voice(self.instrument.engine, rate, seed=seed)
            renders.append(voice.render_parts(*tracks))
        parts = renders[0]
        output, other = (np.asarray(render["audio"], np.float64) for render in renders)
        dry = np.asarray(parts["harmonic"], np.float64) + parts["noise"]
        length = min(len(audio), len(output))
        return Rendering(Path(path), rate, start, audio[:length], output[:length], dry[:length], other[:length])

    def transfer(self, path: str | os.PathLike, rate: int = 48000) -> tuple[Rendering, int]:
        """A recording played on the instrument, fitted, reverb off; and the octave shift."""
        from ddsp_rt.analysis import analyse

        audio, start = read_part(path, rate, None)
        sound = audio.astype(np.float32)
        fitting = self.instrument.fit(analyse(sound, rate))
        output = self.instrument.stream(rate, fitting, reverb=0.0).process(sound).astype(np.float64)
        return Rendering(Path(path), rate, start, audio, output, output, output), fitting.octave


def read_part(path: str | os.PathLike, rate: int, last: float | None) -> tuple[np.ndarray, float]:
    """The last seconds of a recording at `rate` Hz, float64 [samples], and where in the file they begin (seconds)."""
    from ddsp_rt.audio import read_audio

    audio, own_rate = read_audio(path)
    start = 0 if last is None else max(len(audio) - int(round(last * own_rate)), 0)
    if len(audio) - start < LEAST * own_rate:
        raise DataError(f"{path}: {len(audio) / own_rate:.2f} s is too short to judge")
    return resample(audio[start:], own_rate, rate), start / own_rate
