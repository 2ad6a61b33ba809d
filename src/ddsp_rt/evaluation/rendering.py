"""Renders what the measures judge: resynthesis from a recording's own features, and transfers."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ddsp_rt.analysis import Features, analyse
from ddsp_rt.errors import DataError
from ddsp_rt.evaluation.signals import resample

if TYPE_CHECKING:
    from ddsp_rt.instrument import Instrument

LEAST = 0.5  # seconds
LIVE_RATE = 48000  # Hz
SEEDS = 7  # of the noise, over which melody figures are averaged: chance in soft endings must not decide


@dataclass(frozen=True)
class Rendering:
    """A recording and its resynthesis in step, with the room: float64 [samples] each, at `rate` Hz.

    other_seed: the output once more with other noise.
    """

    rate: int
    recording: np.ndarray
    output: np.ndarray
    other_seed: np.ndarray


@dataclass(frozen=True)
class Performance:
    """A source and the instrument playing it, in step, at LIVE_RATE, without reverb: float64 [samples] each.

    harmonic: the harmonic part; noises: the noise part by each seed, the engine's own first. features: what the engine
    heard of the source; fitted_db: its loudness [frames] after fitting; octave: the shift. start: seconds into
    the file.
    """

    path: Path
    start: float
    source: np.ndarray
    harmonic: np.ndarray
    noises: tuple[np.ndarray, ...]
    features: Features
    fitted_db: np.ndarray
    octave: int

    @property
    def output(self) -> np.ndarray:
        """By the engine's own noise."""
        return self.harmonic + self.noises[0]

    @property
    def outputs(self) -> list[np.ndarray]:
        """What is heard, by each seed of the noise."""
        return [self.harmonic + noise for noise in self.noises]


def resynthesise(instrument: Instrument, audio: np.ndarray, own_rate: int, life: float = 0.0) -> Rendering:
    """A recording rendered from reset from its own features, without fitting, at the model rate.

    life: share of the instrument's own, by which held notes move.
    """
    from ddsp_rt import _engine

    rate = instrument.model_rate
    recording = resample(audio, own_rate, rate)
    features = _analysed(instrument, recording, rate)
    voice = _engine.Voice(instrument.instruments, rate)
    outputs = []
    for seed in (1, 2):
        parts = voice.render_parts(
            **features.tracks(),
            gate_db=instrument.metadata["gate_db"],
            excitation=_white(voice, len(features), seed),
            life=life,
        )
        outputs.append(np.asarray(parts["audio"], np.float64)[: len(recording)])
    return Rendering(rate, recording[: len(outputs[0])], *outputs)


def perform(
    instrument: Instrument,
    path: str | os.PathLike,
    last: float | None = None,
    fit: bool = True,
    seeds: int = SEEDS,
    channel: int | None = None,
    life: float = 0.0,
) -> Performance:
    """A recording played by the instrument as a stream plays it, taken apart.

    Args:
        last: seconds at the end of the recording to play; None plays all of it.
        fit: whether octave and loudness are fitted; without, they are taken as they are.
        seeds: how many times over, each with other noise.
        channel: of the recording, counted from 1; None mixes them down.
        life: share of the instrument's own, by which held notes move.
    """
    from ddsp_rt import _engine

    audio, own_rate, start = read_part(path, last, channel)
    source = resample(audio, own_rate, LIVE_RATE)
    heard = _analysed(instrument, source, LIVE_RATE)
    fitting = instrument.fit(heard) if fit else _engine.Fitting()
    played = heard.fitted(fitting)
    voice = _engine.Voice(instrument.instruments, LIVE_RATE)
    harmonic, noises = np.zeros(0), []
    for seed in range(seeds):
        white = _white(voice, len(heard), seed) if seed else None
        parts = voice.render_parts(
            **played.tracks(), gate_db=instrument.engine.gate_db, reverb=0.0, excitation=white, life=life
        )
        harmonic, noise = (np.asarray(parts[name], np.float64)[: len(source)] for name in ("harmonic", "noise"))
        noises.append(noise)
    return Performance(
        Path(path), start, source, harmonic, tuple(noises), heard, np.asarray(played.loudness), fitting.octave
    )


def _analysed(instrument: Instrument, audio: np.ndarray, rate: int) -> Features:
    with_z = "z" in instrument.metadata["architecture"]["decoder"]["features"]
    return analyse(audio.astype(np.float32), rate, mfcc=with_z)


def _white(voice, frames: int, seed: int) -> np.ndarray:
    """Noise of its own to drive a voice with."""
    shape = (frames, voice.excitation_size)
    return 2 * np.random.default_rng(seed).random(shape, np.float32) - 1


def read_part(path: str | os.PathLike, last: float | None, channel: int | None = None) -> tuple[np.ndarray, int, float]:
    """The last seconds of a recording, float32 [samples], its rate, and where in the file they begin (seconds)."""
    from ddsp_rt.audio import read_audio

    audio, rate = read_audio(path, channel=channel)
    start = 0 if last is None else max(len(audio) - round(last * rate), 0)
    if len(audio) - start < LEAST * rate:
        raise DataError(f"{path}: {len(audio) / rate:.2f} s is too short to judge")
    return audio[start:], rate, start / rate
