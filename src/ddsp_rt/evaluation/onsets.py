"""Onset latency: from an abrupt tone after silence to the moment the answer sounds; its jitter over random phases."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ddsp_rt.evaluation.rendering import LIVE_RATE
from ddsp_rt.note_names import hz_from_midi

SILENCE, TONE = 0.35, 0.30  # seconds, of each trial
LEVEL_FROM, LEVEL_TO = 0.150, 0.250  # seconds after the onset, where the level is taken
RMS = 0.005  # seconds
BLOCK = 960  # samples an instrument plays at once: its answer does not depend on it
DROP = 6.0  # dB below that level at which the onset counts as heard


@dataclass(frozen=True)
class OnsetLatency:
    """Milliseconds over all trials that answered; `missed` counts those that stayed silent."""

    median: float
    percentile_95: float
    trials: int
    missed: int

    @property
    def jitter(self) -> float:
        return self.percentile_95 - self.median


def instrument_onset(instrument, trials: int = 100) -> OnsetLatency:
    """That of an instrument at 48 kHz on a tone amid its range, its attack included."""
    quantiles = instrument.metadata["quantiles"]
    middle = len(quantiles["probabilities"]) // 2
    f0 = hz_from_midi(quantiles["pitch_midi"][middle])
    level = min(quantiles["loudness_db"][middle], -6.0)
    return onset_latency(instrument.stream(LIVE_RATE, reverb=0.0), LIVE_RATE, f0, level, trials, BLOCK)


def onset_latency(stream, rate: int, f0: float = 440.0, level: float = -20.0, trials: int = 100, block: int = 64,
                  seed: int = 0) -> OnsetLatency:  # fmt: skip
    """Plays abrupt tones through `stream` and times the answers.

    Args:
        stream: has process(block) -> block, float32 [samples]; its reverb off.
        rate: Hz.
        f0: Hz of the tone, ten harmonics falling as 1/h.
        level: dB of its RMS re full scale.
        trials: onsets, each at a random phase of the block and of the frame clock.
        block: samples handed over at once. Host buffering is not part of the figure.
    """
    random = np.random.default_rng(seed)
    starts, parts, position = [], [], 0
    time = np.arange(int(TONE * rate)) / rate
    numbers = [h for h in range(1, 11) if h * f0 < 0.45 * rate]
    for _ in range(trials):
        silence = int(SILENCE * rate) + int(random.integers(0, max(rate // 50, block)))
        tone = sum(np.sin(2 * np.pi * h * f0 * time + random.uniform(0, 2 * np.pi)) / h for h in numbers)
        tone *= 10 ** (level / 20) / np.sqrt(np.mean(tone**2))
        position += silence
        starts.append(position)
        position += len(tone)
        parts += [np.zeros(silence), tone]
    audio = np.concatenate([*parts, np.zeros(block)]).astype(np.float32)
    output = np.concatenate([stream.process(audio[i : i + block]) for i in range(0, len(audio) - block + 1, block)])
    return latencies(output, starts, rate)


def latencies(output: np.ndarray, starts: list[int], rate: int) -> OnsetLatency:
    """The figure from an output and the samples at which the tones began."""
    window = max(int(RMS * rate), 1)
    energy = np.concatenate([np.zeros(window), np.cumsum(np.square(output.astype(np.float64)))])
    rms = np.sqrt(np.maximum(energy[window:] - energy[:-window], 0) / window)  # over the 5 ms that end here
    heard = []
    for start in starts:
        level = np.sqrt(np.mean(np.square(rms[start + int(LEVEL_FROM * rate) : start + int(LEVEL_TO * rate)])))
        if not level > 1e-6:
            continue
        passed = rms[start : start + int(LEVEL_TO * rate)] >= level * 10 ** (-DROP / 20)
        if passed.any():
            heard.append(1000 * np.argmax(passed) / rate)
    if not heard:
        return OnsetLatency(float("nan"), float("nan"), len(starts), len(starts))
    median, high = np.percentile(heard, [50, 95])
    return OnsetLatency(float(median), float(high), len(starts), len(starts) - len(heard))
