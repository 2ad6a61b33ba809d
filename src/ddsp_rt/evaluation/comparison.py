"""Two instruments side by side on the same performances: played, level-matched, measured and drawn."""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ddsp_rt.evaluation.loudness import measure_loudness
from ddsp_rt.evaluation.rendering import read_part
from ddsp_rt.evaluation.signals import frames_of, periodic_hann
from ddsp_rt.evaluation.sounding import sounding
from ddsp_rt.evaluation.tables import Row, playing_rows, resynthesis_rows, timbre_rows

if TYPE_CHECKING:
    from ddsp_rt.instrument import Instrument

SECONDS = 15.0  # of each recording that can be heard
PEAK = 0.89  # full scale: -1 dB
LEVEL = -20.0  # dB, A-weighted, that all is brought to where the peaks allow it
FADE = 0.02  # seconds, where a recording is cut
PICTURE = (4.2, 2.0)  # inches: the text must be readable at a third of a page's width
DYNAMICS = 70.0  # dB that a picture shows


@dataclass(frozen=True)
class Heard:
    """A recording, and what A and B make of it, in equal loudness: float32 [samples] each, at `rate` Hz."""

    name: str
    rate: int
    source: np.ndarray
    played: tuple[np.ndarray, np.ndarray]


def play_both(
    instruments: tuple[Instrument, Instrument],
    path: str | os.PathLike,
    seconds: float = SECONDS,
    own: bool = False,
    channel: int | None = None,
) -> Heard:
    """The beginning of a recording played by both, with their rooms.

    own: the recording is of the instrument itself, so that octave and loudness are taken as they are.
    """
    audio, rate, _ = read_part(path, None, channel)
    source = np.array(audio[: round(seconds * rate)], np.float32)
    if len(source) < len(audio):
        edge = round(FADE * rate)
        source[-edge:] *= np.linspace(1, 0, edge, dtype=np.float32)
    fit = {"octave": 0, "loudness": 0.0} if own else {"octave": "auto", "loudness": "auto"}
    played = [instrument.transfer(source, rate, **fit) for instrument in instruments]
    source, first, second = level_matched_sounds([source, *played], rate)
    return Heard(Path(path).name, rate, source, (first, second))


def level_matched_sounds(sounds: list[np.ndarray], rate: int) -> list[np.ndarray]:
    """The sounds at equal A-weighted loudness, the mean power of their sounding frames; peaks stay under -1 dB."""
    levels = []
    for sound in sounds:
        loudness = measure_loudness(sound, rate)
        counts = sounding(loudness)
        levels.append(10 * np.log10(np.mean(10 ** (loudness[counts] / 10))) if counts.any() else None)
    gains = [1.0 if level is None else 10 ** ((LEVEL - level) / 20) for level in levels]
    highest = max(gain * float(np.abs(sound).max(initial=0)) for gain, sound in zip(gains, sounds))
    common = min(1.0, PEAK / highest) if highest > 0 else 1.0
    return [(sound * np.float32(gain * common)).astype(np.float32) for gain, sound in zip(gains, sounds)]


def measure_both(
    instruments: tuple[Instrument, Instrument],
    recordings: Iterable[Path],
    own: bool = False,
    advance: Callable[[float], None] = lambda amount: None,
    channel: int | None = None,
) -> tuple[list[tuple[Row, Row]], list[str]]:
    """Rows of the tables of `evaluate` for A and B, and the notes that go with them."""
    from ddsp_rt.evaluation.report import evaluate

    recordings = list(recordings)
    rows, notes = [], []
    for instrument in instruments:
        if own:
            result = evaluate(instrument, recordings, advance=advance, channel=channel)
            rows.append([*resynthesis_rows(result), *playing_rows(result)])
        else:
            result = evaluate(instrument, [], advance=advance, transfers=recordings, channel=channel)
            played = result["transfers"]
            rows.append([*playing_rows(played), *(timbre_rows(played["timbre"]) if played["timbre"] else [])])
        notes += result["notes"]
    return list(zip(*rows)), list(dict.fromkeys(notes))


def spectrogram(audio: np.ndarray, rate: int, highest: float = 12000.0) -> np.ndarray:
    """dB under the loudest bin, [bins up to `highest` Hz, windows of 43 ms, about 1000 at most]."""
    size = 2 ** round(np.log2(rate * 0.043))
    hop = max(size // 4, (len(audio) - size) // 1000 + 1)
    frames = frames_of(np.concatenate([audio, np.zeros(size, audio.dtype)]), size, hop)
    bins = int(min(highest, rate / 2) * size / rate) + 1
    level = 20 * np.log10(np.abs(np.fft.rfft(frames * periodic_hann(size)))[:, :bins] + 1e-9)
    return (level - level.max()).T


def picture(audio: np.ndarray, rate: int, span: float | None = None) -> bytes:
    """A spectrogram in greys, dark where it is loud, under its waveform: a PNG file. span: seconds along the axis."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=PICTURE, dpi=180)
    FigureCanvasAgg(figure)
    wave, tones = figure.subplots(2, 1, sharex=True, height_ratios=[1, 3])
    seconds = len(audio) / rate
    step = max(len(audio) // 2000, 1)
    blocks = audio[: len(audio) // step * step].reshape(-1, step)
    time = np.arange(len(blocks)) * step / rate
    wave.fill_between(time, blocks.min(axis=1), blocks.max(axis=1), color="0.25", linewidth=0)
    highest = max(float(np.abs(audio).max(initial=0)), 1e-3)
    wave.set(ylim=(-highest, highest), yticks=[])
    level = spectrogram(audio, rate)
    top = min(12000.0, rate / 2) / 1000
    tones.imshow(
        level, origin="lower", aspect="auto", cmap="Greys", vmin=-DYNAMICS, vmax=0, extent=(0, seconds, 0, top)
    )
    tones.set(xlabel="s", ylabel="kHz", xlim=(0, span or seconds))
    figure.tight_layout(pad=0.3, h_pad=0.1)
    file = io.BytesIO()
    figure.savefig(file, format="png")
    return file.getvalue()
