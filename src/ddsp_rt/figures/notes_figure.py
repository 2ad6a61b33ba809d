"""Draws a song: its notes within the instrument's range, and the sound they became."""

from __future__ import annotations

import os
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from ddsp_rt.console import counted
from ddsp_rt.figures import axes as style
from ddsp_rt.figures.drawing import paint

if TYPE_CHECKING:
    from ddsp_rt.instrument import Instrument
    from ddsp_rt.midi_file import Song

LEVELS = 600  # points of the level's curve
QUIETEST = -70.0  # dB


def draw_notes(
    song: Song, audio: np.ndarray, rate: int, instrument: Instrument, octave: int, path: str | os.PathLike
) -> None:
    """Writes three panels over one time axis: notes (hatched outside the range), level, spectrogram.

    Args:
        song: what was played; audio: float32 [samples] at `rate` Hz, what came of it.
        octave: by which the notes were shifted.
        path: .png, .pdf or .svg.
    """
    paint(path, lambda figure: _panels(figure, song, audio, rate, instrument, octave))


def _panels(figure, song: Song, audio: np.ndarray, rate: int, instrument: Instrument, octave: int) -> None:
    roll, level, picture = figure.subplots(
        3, 1, sharex=True, height_ratios=(3, 1, 2),
        gridspec_kw={"left": 0.08, "right": 0.97, "top": 0.92, "bottom": 0.06, "hspace": 0.25},
    )  # fmt: skip
    seconds = max(len(audio) / rate, 1e-3)
    _roll(roll, song, instrument, octave)
    edges = np.linspace(0, len(audio), LEVELS + 1).astype(int)
    power = [np.sqrt(np.mean(np.square(audio[a : max(b, a + 1)]))) if a < len(audio) else 0.0
             for a, b in pairwise(edges)]  # fmt: skip
    level.plot(np.linspace(0, seconds, LEVELS), np.maximum(style.decibels(power), QUIETEST), color=style.BLUE, lw=0.8)
    level.set_ylim(QUIETEST, 0)
    level.set_ylabel("level (dBFS)")
    level.set_title("2  Level of the result")
    highest = min(rate / 2, 16000.0)
    image = style.spectrogram(audio, rate, highest)
    low, high = np.log2(style.LOWEST), np.log2(highest)
    picture.imshow(
        image, origin="lower", aspect="auto", cmap=style.MAP, extent=(0, seconds, low, high),
        vmin=image.max() - style.RANGE, vmax=image.max(), interpolation="nearest",
    )  # fmt: skip
    style.log_frequency(picture, style.LOWEST, highest)
    picture.set_title(f"3  The result: {instrument.name} (spectrogram, {style.RANGE:.0f} dB)")
    picture.set_xlabel("time (s)")
    picture.set_xlim(0, seconds)
    figure.suptitle(
        f"{song.path.name} played on {instrument.name} ({counted(len(song.keys), 'note')}, {rate} Hz)", fontsize=11
    )


def _roll(axis, song: Song, instrument: Instrument, octave: int) -> None:
    pitch = instrument.metadata["quantiles"]["pitch_midi"]
    axis.axhspan(pitch[0] - 0.5, pitch[-1] + 0.5, color=style.GREY, alpha=0.15, lw=0)
    keys = [key + 12 * octave for key in song.keys]
    for start, end, key, channel in song.notes():
        sounding = key + 12 * octave
        outside = not pitch[0] - 0.5 <= sounding <= pitch[-1] + 0.5
        colour = (style.BLUE, style.ORANGE, style.RED, style.YELLOW)[channel % 4]
        axis.barh(
            sounding, max(end - start, 0.01), left=start, height=0.8, color="none" if outside else colour,
            edgecolor="0.2", hatch="////" if outside else None, lw=0.6,
        )  # fmt: skip
    low, high = min(min(keys), pitch[0]) - 2, max(max(keys), pitch[-1]) + 2
    ticks = [n for n in range(int(np.ceil(low)), int(high) + 1) if n % 12 in (0, 7)]
    axis.set_yticks(ticks, [style.note(n) for n in ticks])
    axis.set_ylim(low, high)
    axis.set_ylabel("note")
    axis.set_title("1  Notes (the band is the instrument's range; hatched notes lie outside it)")
