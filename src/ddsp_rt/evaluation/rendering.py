"""Renders what the measures judge: resynthesis from a recording's own features, and transfers."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ddsp_rt.errors import DataError
from ddsp_rt.evaluation.signals import resample

LEAST = 0.5  # seconds
LIVE_RATE = 48000  # Hz


@dataclass(frozen=True)
class Rendering:
    """A recording and its rendering in step, float64 [samples] each.

    At `rate` Hz: recording, output, and other_seed, the output once more with other noise. At LIVE_RATE, as a stream
    plays it without reverb: live_recording, live. start: seconds into the file.
    """

    path: Path
    start: float
    rate: int
    recording: np.ndarray
    output: np.ndarray
    other_seed: np.ndarray
    live_recording: np.ndarray
    live: np.ndarray


def resynthesise(instrument, path: str | os.PathLike, last: float | None = None) -> Rendering:
    """A recording rendered from reset from its own features, without fitting, at the model rate and live."""
    from ddsp_rt import _engine
    from ddsp_rt.analysis import analyse

    rate = instrument.model_rate
    audio, own_rate, start = read_part(path, last)
    recording = resample(audio, own_rate, rate)
    with_z = "z" in instrument.metadata["architecture"]["decoder"]["features"]
    features = analyse(recording.astype(np.float32), rate, mfcc=with_z)
    tracks = [features.f0, features.periodicity, features.loudness] + ([features.mfcc] if with_z else [])
    voice = _engine.Voice(instrument.engine, rate)
    outputs = []
    for seed in (1, 2):
        noise = np.random.default_rng(seed).uniform(-1, 1, (len(features), voice.excitation_size)).astype(np.float32)
        parts = voice.render_parts(*tracks, gate_db=instrument.metadata["gate_db"], excitation=noise)
        outputs.append(np.asarray(parts["audio"], np.float64)[: len(recording)])
    live_recording = resample(audio, own_rate, LIVE_RATE)
    live = instrument.stream(LIVE_RATE, reverb=0.0).process(live_recording.astype(np.float32)).astype(np.float64)
    length = min(len(recording), len(outputs[0]))
    return Rendering(Path(path), start, rate, recording[:length], *outputs, live_recording, live)


def transfer(instrument, path: str | os.PathLike) -> tuple[np.ndarray, np.ndarray, int]:
    """A recording at LIVE_RATE, how the instrument plays it, fitted, without reverb, and the octave shift."""
    from ddsp_rt.analysis import analyse

    audio, own_rate, _ = read_part(path, None)
    sound = resample(audio, own_rate, LIVE_RATE).astype(np.float32)
    fitting = instrument.fit(analyse(sound, LIVE_RATE))
    output = instrument.stream(LIVE_RATE, fitting, reverb=0.0).process(sound)
    return sound.astype(np.float64), output.astype(np.float64), fitting.octave


def read_part(path: str | os.PathLike, last: float | None) -> tuple[np.ndarray, int, float]:
    """The last seconds of a recording, float32 [samples], its rate, and where in the file they begin (seconds)."""
    from ddsp_rt.audio import read_audio

    audio, rate = read_audio(path)
    start = 0 if last is None else max(len(audio) - round(last * rate), 0)
    if len(audio) - start < LEAST * rate:
        raise DataError(f"{path}: {len(audio) / rate:.2f} s is too short to judge")
    return audio[start:], rate, start / rate
