"""`ddsp-rt figure`, and what `transfer --figure` calls."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from ddsp_rt import arguments, console
from ddsp_rt.errors import DataError, UsageError
from ddsp_rt.sound_files.finder import find_sound_files
from ddsp_rt.sound_files.source import shown

LONGEST = 60.0  # seconds: more would not be legible on one page
LEAST = 0.1  # seconds
ENDINGS = (".png", ".pdf", ".svg")


def figure(
    source: Annotated[
        Path,
        typer.Argument(
            metavar="INPUT", parser=arguments.path, help="A performance: a sound file, or - for standard input."
        ),
    ],
    to: arguments.ToOne,
    output: Annotated[
        Path,
        typer.Option(
            "-o", "--output", metavar="FIG", parser=arguments.path, help="Picture to write (.png, .pdf or .svg)."
        ),
    ],
    start: Annotated[
        float, typer.Option(metavar="SECONDS", help="Where in the input the picture begins, in seconds.")
    ] = 0.0,
    seconds: Annotated[
        float, typer.Option("--seconds", metavar="SECONDS", help="How much of the input is drawn, at most 60 s.")
    ] = LONGEST,
    octave: arguments.Octave = "auto",
    loudness: arguments.Loudness = "auto",
    reverb: arguments.Reverb = 1.0,
    channel: arguments.Channel = None,
) -> None:
    """Draw a transfer and the parts of its sound, in the order of the signal path.

    Example: ddsp-rt figure voice.wav --to violin -o voice-violin.png --start 5 --seconds 10
    """
    import ddsp_rt
    from ddsp_rt.instrument import check_loudness, check_octave, check_reverb
    from ddsp_rt.morph import one_instrument

    if output.suffix.lower() not in ENDINGS:
        raise UsageError(f"-o {output}: end the name in {', '.join(ENDINGS)}")
    if not start >= 0 or not LEAST <= seconds <= LONGEST:
        limits = f"give a start from 0 and {LEAST:g} to {LONGEST:g} seconds"
        raise UsageError(f"--start {start:g} --seconds {seconds:g}: {limits}")
    octave, loudness, reverb = check_octave(octave), check_loudness(loudness), check_reverb(reverb)
    instrument = one_instrument(ddsp_rt.load(to))
    source = _one(source)
    draw_transfer(instrument, source, output, octave, loudness, reverb, start, seconds, channel, report=console.note)
    console.say(f"{shown(output)}: the sound taken apart")


def _one(source: Path) -> Path:
    """The file itself, or the only one in a folder."""
    found = find_sound_files(source, must_exist=False)
    if len(found.files) > 1:
        raise UsageError(f"{shown(source)}: holds {len(found.files)} sound files; name the one to draw")
    for line in found.notes():
        console.note(line)
    return found.files[0].path


def draw_transfer(
    instrument,
    source: str | os.PathLike,
    path: str | os.PathLike,
    octave="auto",
    loudness="auto",
    reverb: float = 1.0,
    start: float = 0.0,
    seconds: float = LONGEST,
    channel: int | None = None,
    loudness_range: float = 1.0,
    report: Callable[[str], None] = lambda line: None,
) -> None:
    """Draws a transfer of the file `source` into `path`, from `start` on and at most `seconds` long.

    `report` hears of what was mended in reading, of what is not drawn, and of a picture without a pitch.
    """
    from ddsp_rt.analysis import VOICED
    from ddsp_rt.audio import read_audio
    from ddsp_rt.checks import nearest_rate
    from ddsp_rt.evaluation.signals import resample
    from ddsp_rt.figures.drawing import draw
    from ddsp_rt.figures.parts import take_apart

    audio, rate = read_audio(source, report=report, channel=channel)
    first = int(start * rate)
    if len(audio) - first < LEAST * rate:
        raise DataError(f"{source}: nothing to draw from {start:g} s on; it lasts {len(audio) / rate:.2f} s")
    whole = len(audio) - first
    audio = audio[first : first + int(seconds * rate)]
    if seconds == LONGEST and len(audio) < whole:  # nobody asked for less
        report(f"{console.as_text(source)}: {LONGEST:g} of {whole / rate:.0f} s are drawn; --start says from where")
    engine_rate = nearest_rate(rate)
    if engine_rate != rate:
        audio = resample(audio, rate, engine_rate)
    name = Path(source).name
    parts = take_apart(instrument, audio, engine_rate, name, start, octave, loudness, reverb, loudness_range)
    if not (parts.periodicity >= VOICED).any():
        report(f"{shown(name)}: no pitch found in it")
    draw(parts, path)
