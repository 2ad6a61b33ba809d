"""Draws the eight panels of a sound taken apart."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from ddsp_rt.analysis import FRAME_RATE, VOICED
from ddsp_rt.errors import DataError
from ddsp_rt.figures import axes as style
from ddsp_rt.figures.parts import Parts
from ddsp_rt.whole_files import whole_file

SIZE = 11.69, 8.27  # inches: A4 across
DPI = 150
FONT = {
    "font.size": 8,
    "axes.titlesize": 8.5,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.titlepad": 4,
    "axes.labelsize": 7.5,
    "xtick.labelsize": 7,
    "ytick.labelsize": 7,
    "legend.fontsize": 7,
    "axes.linewidth": 0.6,
    "axes.grid": False,
}
MARGINS = {"left": 0.07, "right": 0.94, "top": 0.905, "bottom": 0.055, "hspace": 0.36, "wspace": 0.31}
QUIETEST = -70.0  # dB shown of loudness at least
SILENT = -40.0  # dB at the top of a scale at least, or silence would be drawn as loud


def draw(parts: Parts, path: str | os.PathLike) -> None:
    """Draws a transfer taken apart into a file."""
    paint(path, lambda figure: panels(figure, parts))


def paint(path: str | os.PathLike, fill: Callable[[Any], None]) -> None:
    """Writes a picture that `fill` draws (by the name's ending: .png, .pdf, .svg), whole or not at all."""
    import matplotlib as mpl
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    path = Path(path)
    with mpl.rc_context(FONT):
        figure = Figure(figsize=SIZE, dpi=DPI)
        FigureCanvasAgg(figure)
        fill(figure)
        try:
            with whole_file(path) as file:
                _save(figure, file, path.suffix.lower()[1:] or "png")
        except OSError as error:
            raise DataError(f"{path}: cannot be written: {error.strerror or error}") from None


def panels(figure, parts: Parts) -> None:
    """Fills a figure: analysis down the left, synthesis down the right."""
    grid = figure.subplots(4, 2, gridspec_kw=MARGINS)
    left, right = grid[:, 0], grid[:, 1]
    highest = min(parts.rate / 2, 16000.0)
    images = [style.spectrogram(audio, parts.rate, highest) for audio in (parts.recording, parts.dry, parts.result)]
    for axis, image, title in (
        (left[0], images[0], f"1  The performance: {parts.source}" if parts.source else "1  The performance"),
        (right[1], images[1], "6  Harmonics and noise together, before the room"),
        (right[3], images[2], f"8  The result: {parts.name}"),
    ):
        _spectrogram(figure, axis, image, parts.seconds, highest)
        axis.set_title(title)
    _pitch(left[1], parts)
    _loudness(left[2], parts)
    _harmonics(figure, left[3], parts)
    _noise(figure, right[0], parts)
    _room(right[2], parts)
    for axis in (*left, right[0], right[1], right[3]):
        axis.set_xlim(0, parts.seconds)
        last = axis in (left[3], right[3])
        axis.set_xlabel("time (s)" if last else "")
        axis.tick_params(axis="x", labelbottom=last)
    what = f"{parts.source} played on {parts.name}" if parts.source else f"Played on {parts.name}"
    where = f", from {parts.start:.1f} s" if parts.start else ""
    facts = f"{parts.seconds:.1f} s{where}, {shift(parts)}, {parts.rate} Hz"
    figure.suptitle(f"{what}: the sound taken apart ({facts})", fontsize=11, y=0.988)
    for axis, heading in ((left[0], "Heard, and asked for  ↓"), (right[0], "Made of it  ↓")):
        place = {"textcoords": "offset points", "ha": "center"}
        axis.annotate(heading, (0.5, 1), (0, 16), "axes fraction", color="0.35", fontsize=9, **place)


def shift(parts: Parts) -> str:
    """The octave shift in words."""
    return "at pitch" if parts.octave == 0 else f"{parts.octave:+d} octave{'s' if abs(parts.octave) > 1 else ''}"


def _spectrogram(figure, axis, image: np.ndarray, seconds: float, highest: float) -> None:
    top = 10 * np.ceil(image.max(initial=SILENT) / 10)
    extent = (0, seconds, np.log2(style.LOWEST), np.log2(highest))
    _image(figure, axis, image, extent, top - style.RANGE, top, "level (dB)")
    style.log_frequency(axis, style.LOWEST, highest)


def _pitch(axis, parts: Parts) -> None:
    time = np.arange(len(parts.f0)) / FRAME_RATE
    voiced = parts.periodicity >= VOICED
    shown = parts.f0[voiced] if voiced.any() else np.array([220.0])
    tracks = np.concatenate([shown, parts.f0_played[voiced]]) if voiced.any() else shown
    low, high = np.percentile(tracks, [0.5, 99.5]) * (2 ** (-5 / 12), 2 ** (6 / 12))
    step = np.abs(np.diff(np.log2(np.maximum(parts.f0, 1)), prepend=np.log2(max(parts.f0[0], 1)))) > 1.5 / 12
    for track, colour, line, label in (
        (parts.f0, style.BLUE, "-", "f0 heard"),
        (parts.f0_played, style.RED, "--", f"f0 played ({shift(parts)})"),
    ):
        if track is parts.f0_played and parts.octave == 0:
            continue
        height = np.where(voiced & ~step, np.log2(np.maximum(track, 1)), np.nan)
        axis.plot(time, height, line, color=colour, lw=1.1, label=label)
    style.note_frequency(axis, low, high)
    axis.grid(axis="y", color="0.88", lw=0.5)
    second = axis.twinx()
    second.fill_between(time, parts.periodicity, color=style.GREY, alpha=0.35, lw=0, label="periodicity")
    second.set_ylim(0, 4)
    second.set_yticks([0, 0.5, 1])
    second.set_ylabel("periodicity (0–1)", y=0.2, fontsize=6.5)
    axis.set_zorder(second.get_zorder() + 1)
    axis.patch.set_visible(False)
    axis.set_title("2  Pitch, and how periodic the sound is")
    handles = [h for a in (axis, second) for h in a.get_legend_handles_labels()[0]]
    axis.legend(handles, [h.get_label() for h in handles], loc="upper right", ncols=3, framealpha=0.85, borderpad=0.2)


def _loudness(axis, parts: Parts) -> None:
    from ddsp_rt.evaluation.loudness import measure_loudness

    time = np.arange(len(parts.loudness)) / FRAME_RATE
    heard = measure_loudness(parts.result, parts.rate)[: len(time)]
    axis.plot(time, parts.loudness, color=style.BLUE, lw=1.0, label="in: heard")
    axis.plot(time, parts.loudness_asked, "--", color=style.ORANGE, lw=1.1, label="asked of the instrument")
    axis.plot(time[: len(heard)], heard, color=style.PALE_GREEN, lw=3.5, label="out: result", zorder=1)
    axis.axhline(parts.gate, color="0.4", lw=0.7, ls=":", label="gate")
    loud = max(parts.loudness.max(), parts.loudness_asked.max(), heard.max(initial=-100.0))
    axis.set_ylim(min(QUIETEST, parts.gate - 5), max(5 * np.ceil(loud / 5) + 14, -20))
    axis.grid(axis="y", color="0.88", lw=0.5)
    axis.set_ylabel("loudness (dB, A)")
    axis.set_title("3  Loudness, in and out")
    axis.legend(loc="upper right", ncols=4, framealpha=0.85, borderpad=0.2)


def _harmonics(figure, axis, parts: Parts) -> None:
    level = style.decibels(parts.harmonics).T
    top = 10 * np.ceil(level.max(initial=SILENT) / 10)
    audible = np.flatnonzero((level > top - style.RANGE).mean(axis=1) > 0.01)
    count = int(np.clip(audible[-1] + 1 if len(audible) else 10, 10, level.shape[0]))
    extent = (0, parts.seconds, 0.5, count + 0.5)
    _image(figure, axis, _fewer(level[:count]), extent, top - style.RANGE, top, "amplitude (dB)")
    axis.set_ylabel("harmonic (number)")
    axis.set_title(f"4  Amplitudes of the harmonics, over time ({count} of {level.shape[0]} shown)")


def _noise(figure, axis, parts: Parts) -> None:
    level = style.decibels(parts.noise_magnitudes).T
    top = 10 * np.ceil(level.max(initial=-60.0) / 10)
    extent = (0, parts.seconds, 0, parts.model_rate / 2000)
    _image(figure, axis, _fewer(level), extent, top - 60, top, "magnitude (dB)")
    axis.set_ylabel("frequency (kHz)")
    axis.set_title(f"5  The noise part: magnitudes of {level.shape[0]} bands")


def _room(axis, parts: Parts) -> None:
    axis.set_title("7  The room: level of its impulse response")
    axis.set_xlabel("time after the sound (s)", labelpad=1)
    axis.set_ylabel("level (dB)")
    axis.grid(color="0.88", lw=0.5)
    if parts.impulse_response is None or not np.any(parts.impulse_response):
        axis.text(0.5, 0.5, "no room: played dry", transform=axis.transAxes, ha="center", va="center")
        axis.set_ylim(-80, 0)
        return
    response = parts.impulse_response.astype(np.float64)
    width = max(int(0.001 * parts.model_rate), 1)
    count = len(response) // width
    power = np.sqrt(np.mean(response[: count * width].reshape(count, width) ** 2, axis=1))
    time = (np.arange(count) + 0.5) * width / parts.model_rate
    axis.plot(time, style.decibels(power), color=style.BLUE, lw=0.7, label="RMS of every millisecond")
    remaining = 10 * np.log10(np.cumsum(response[::-1] ** 2)[::-1] + 1e-12)
    taps = np.arange(len(response)) / parts.model_rate
    axis.plot(taps, remaining, "--", color=style.RED, lw=1.2, label="energy still to come")
    top = max(style.decibels(power).max(), remaining[0])
    axis.set_ylim(top - 85, top + 5)
    axis.set_xlim(0, len(response) / parts.model_rate)
    axis.legend(loc="upper right", framealpha=0.85, borderpad=0.2)


def _image(figure, axis, image, extent, low: float, high: float, label: str) -> None:
    drawn = axis.imshow(image, origin="lower", aspect="auto", extent=extent, cmap=style.MAP, vmin=low, vmax=high)
    bar = figure.colorbar(drawn, cax=axis.inset_axes((1.012, 0, 0.018, 1)))
    bar.set_label(label)
    bar.outline.set_linewidth(0.5)


def _save(figure, file: BinaryIO, kind: str) -> None:
    """A PNG with 256 colours, which suffice here and keep it small; other kinds as matplotlib writes them."""
    if kind != "png":
        figure.savefig(file, dpi=DPI, format=kind)
        return
    from PIL import Image

    figure.canvas.draw()
    picture = Image.fromarray(np.asarray(figure.canvas.buffer_rgba())[..., :3])
    picture = picture.quantize(256, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
    picture.save(file, format="PNG", dpi=(DPI, DPI), optimize=True)


def _fewer(image: np.ndarray) -> np.ndarray:
    """[rows, frames] with at most about two columns a pixel: the loudest of neighbours."""
    step = max(image.shape[1] // (2 * style.COLUMNS), 1)
    length = image.shape[1] // step * step
    return image[:, :length].reshape(image.shape[0], -1, step).max(axis=2)
