"""What a figure shows: the signals between a performance and what an instrument made of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Parts:
    """One transfer taken apart; audio float [samples] at `rate` Hz, the rest float [frames], one frame every 4 ms.

    recording: the performance. f0: as heard, Hz; f0_played: after the octave shift; periodicity: 0-1.
    loudness: as heard, dB; loudness_asked: after the fitting; gate: dB, below which the instrument is silent.
    harmonics: amplitude of every harmonic [frames, harmonics]; noise_magnitudes [frames, bands], the bands evenly from
    0 to half of `model_rate` Hz. dry: harmonics and noise before the room; result: what is heard.
    impulse_response: [taps] at `model_rate`, or None when there is no room.
    """

    name: str
    source: str
    rate: int
    model_rate: int
    start: float  # seconds into the source
    octave: int
    recording: np.ndarray
    f0: np.ndarray
    f0_played: np.ndarray
    periodicity: np.ndarray
    loudness: np.ndarray
    loudness_asked: np.ndarray
    gate: float
    harmonics: np.ndarray
    noise_magnitudes: np.ndarray
    dry: np.ndarray
    result: np.ndarray
    impulse_response: np.ndarray | None

    @property
    def seconds(self) -> float:
        return len(self.recording) / self.rate


def take_apart(instrument, audio, rate: int, source: str = "", start: float = 0.0, octave="auto", loudness="auto",
               reverb: float = 1.0, loudness_range: float = 1.0) -> Parts:  # fmt: skip
    """Renders a transfer of `audio` (float [samples] at `rate` Hz) and keeps everything on its way.

    octave, loudness, reverb, loudness_range: as in `Instrument.transfer`.
    """
    from ddsp_rt import _engine
    from ddsp_rt.analysis import analyse
    from ddsp_rt.instrument_file import load_instrument

    audio = np.ascontiguousarray(audio, np.float32)
    metadata, tensors = load_instrument(instrument.path)
    with_z = "z" in metadata["architecture"]["decoder"]["features"]
    features = analyse(audio, rate, mfcc=with_z)
    fitting = instrument.fit(features, octave, loudness, loudness_range=loudness_range)
    asked = features.fitted(fitting)
    gate = metadata["gate_db"]
    parts = _engine.Voice(instrument.instruments, rate).render_parts(**asked.tracks(), gate_db=gate, reverb=reverb)
    dry = np.asarray(parts["harmonic"]) + np.asarray(parts["noise"])
    response = tensors.get("reverb.impulse_response")
    return Parts(
        name=instrument.name,
        source=source,
        rate=rate,
        model_rate=instrument.model_rate,
        start=start,
        octave=fitting.octave,
        recording=audio,
        f0=features.f0,
        f0_played=asked.f0,
        periodicity=features.periodicity,
        loudness=features.loudness,
        loudness_asked=asked.loudness,
        gate=gate,
        harmonics=amplitudes(parts["amplitude"], parts["harmonics"]),
        noise_magnitudes=np.asarray(parts["noise_magnitudes"]),
        dry=dry,
        result=np.asarray(parts["audio"]),
        impulse_response=None if response is None or reverb == 0 else np.ravel(response).astype(np.float32),
    )


def amplitudes(amplitude, distribution) -> np.ndarray:
    """Amplitude of every harmonic [frames, harmonics] from the whole amplitude [frames] and its distribution."""
    distribution = np.asarray(distribution, np.float64)
    total = np.maximum(distribution.sum(axis=1, keepdims=True), 1e-7)
    return np.asarray(amplitude, np.float64)[:, None] * distribution / total
