"""`ddsp-rt play`: a MIDI file on an instrument, to an audio file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from ddsp_rt import console
from ddsp_rt.audio_writer import AudioWriter, check_output, fitting_gain
from ddsp_rt.checks import as_rate
from ddsp_rt.errors import UsageError
from ddsp_rt.info_command import span
from ddsp_rt.instrument import Instrument, load
from ddsp_rt.midi_file import Song, read_song
from ddsp_rt.notes import Notes
from ddsp_rt.progress import Progress

BLOCK = 4096  # samples
VOICES = 8
OCTAVES = (-4, 4)
MARGIN = 2.0  # semitones around what an instrument was trained on that it still plays well


def play(
    song: Annotated[Path, typer.Argument(metavar="SONG.mid", help="A MIDI file.")],
    to: Annotated[
        str, typer.Option("--to", metavar="INSTRUMENT", help="Name of an instrument, or path of a .ddsp file.")
    ],
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", metavar="OUT", help="File. [default: SONG-INSTRUMENT.wav here]"),
    ] = None,
    octave: Annotated[
        str, typer.Option(metavar="auto|N", help="Octaves to shift by, -4 to 4; auto brings the notes into the range.")
    ] = "0",
    channel: Annotated[
        int | None, typer.Option(metavar="N", help="Only this channel, 1 to 16. [default: all but drums]")
    ] = None,
    bend_range: Annotated[
        float, typer.Option(metavar="SEMITONES", help="Of a full pitch bend, where the file does not say.")
    ] = 2.0,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="NAME=VALUE", help="A parameter, such as attack=40; may be given again."),
    ] = None,
    sample_rate: Annotated[int, typer.Option(metavar="HZ", help="Of the result, 8000 to 192000.")] = 48_000,
    bit_depth: Annotated[str, typer.Option(metavar="16|24|float", help="Of the result.")] = "16",
    figure: Annotated[Path | None, typer.Option(metavar="PNG", help="Also draw the notes and their sound.")] = None,
) -> None:
    """Play a MIDI file on an instrument, up to eight notes at once.

    Velocity, pedal, pitch bend, pressure, expression and MPE are followed. Further notes take over voices, and are
    counted.

    Example: ddsp-rt play song.mid --to violin -o song.wav --octave auto
    """
    rate = as_rate(sample_rate)
    if channel is not None and not 1 <= channel <= 16:
        raise UsageError(f"--channel {channel}: give a channel from 1 to 16")
    if not 0 <= bend_range <= 96:
        raise UsageError(f"--bend-range {bend_range:g}: give 0 to 96 semitones")
    instrument = load(to)
    target = output or Path(f"{song.stem}-{instrument.path.stem}.wav")
    target = target if target.suffix else target.with_name(target.name + ".wav")
    check_output(target, bit_depth)
    _check_figure(figure, target)
    notes = instrument.notes(rate)
    _set_all(notes, settings or [])
    read = read_song(song, channel)
    shift = _octave(octave, read, instrument)
    notes.set("transpose", notes.get("transpose") + 12 * shift)
    heard = _render(notes, read, target, bit_depth, bend_range, figure is not None)
    console.say(
        f"{target}: {len(read.keys)} notes, {read.seconds:.1f} s, {rate} Hz" + _shifted(shift) + heard.turned_down
    )
    for line in _remarks(read, instrument, shift, notes):
        console.note(line)
    if figure is not None:
        from ddsp_rt.figures.notes_figure import draw_notes

        draw_notes(read, heard.audio, rate, instrument, shift, figure)
        console.say(f"{figure}: the notes and their sound")


class _Heard:
    """What became of a song: its audio, where it is wanted, and what was done to make it fit."""

    def __init__(self) -> None:
        self.audio = np.zeros(0, np.float32)
        self.turned_down = ""


def _render(notes: Notes, song: Song, target: Path, bit_depth: str, bend_range: float, keep: bool) -> _Heard:
    heard, gain = _Heard(), 1.0
    while True:
        parts = []
        bar = Progress(song.path.name, song.seconds)
        with AudioWriter(target, notes.sample_rate, bit_depth) as writer, bar:
            for block in _blocks(notes, song, bend_range):
                writer.write(block * np.float32(gain))
                bar.advance(len(block) / notes.sample_rate)
                parts.append(block if keep else block[:0])
            needed = gain * fitting_gain(writer.peak, bit_depth)
            if needed >= gain * 0.9999:
                writer.commit()
                break
            gain = needed
    heard.audio = np.concatenate(parts) * np.float32(gain)
    if gain < 1:
        heard.turned_down = f", turned down by {-20 * np.log10(gain):.1f} dB to fit"
    return heard


def _blocks(notes: Notes, song: Song, bend_range: float):
    notes.reset()
    notes.set_bend_range(bend_range)
    rate, start = notes.sample_rate, 0
    end = round(song.seconds * rate) + 1
    waiting = iter(song.messages)
    message = next(waiting, None)
    while start < end:
        count = min(BLOCK, end - start)
        while message is not None and round(message[0] * rate) < start + count:
            notes.midi(message[1], round(message[0] * rate) - start)
            message = next(waiting, None)
        yield notes.process(count)
        start += count
    yield notes.tail()


def _octave(octave: str, song: Song, instrument: Instrument) -> int:
    """The whole octaves that bring most notes into the range, the fewest of them, or what was asked for."""
    if octave != "auto":
        try:
            number = int(octave)
        except ValueError:
            number = OCTAVES[1] + 1
        if not OCTAVES[0] <= number <= OCTAVES[1]:
            raise UsageError(f"--octave {octave}: give auto, or a whole number from {OCTAVES[0]} to {OCTAVES[1]}")
        return number
    low, high = _range(instrument)
    keys = np.array(song.keys)

    def outside(shift: int) -> tuple[float, int]:
        moved = keys + 12 * shift
        return float(np.mean((moved < low) | (moved > high))), abs(shift)

    return min(range(OCTAVES[0], OCTAVES[1] + 1), key=outside)


def _range(instrument: Instrument) -> tuple[float, float]:
    pitch = instrument.metadata["quantiles"]["pitch_midi"]
    return pitch[0] - MARGIN, pitch[-1] + MARGIN


def _remarks(song: Song, instrument: Instrument, shift: int, notes: Notes) -> list[str]:
    remarks = []
    keys = np.array(song.keys) + 12 * shift
    low, high = _range(instrument)
    names = span(instrument.metadata["quantiles"]["pitch_midi"])
    for count, where in ((int((keys < low).sum()), "below"), (int((keys > high).sum()), "above")):
        if count:
            lie = "lies" if count == 1 else "lie"
            remarks.append(f"{count} of {len(keys)} notes {lie} {where} the instrument's range ({names})")
    if song.drums:
        remarks.append(f"{song.drums} drum notes (channel 10) are left out; --channel 10 plays them")
    if song.others:
        remarks.append(f"{song.others} notes on other channels are left out")
    voices = int(notes.get("voices"))
    if song.together > voices:
        remarks.append(
            f"{song.together} notes are down at once at {song.crowded:.1f} s; {voices} sound, the oldest give way"
        )
    return remarks


def _set_all(notes: Notes, settings: list[str]) -> None:
    for setting in settings:
        name, equals, value = setting.partition("=")
        try:
            number = float(value)
        except ValueError:
            equals = ""
            number = 0.0
        if not equals:
            raise UsageError(f"--set {setting}: give NAME=VALUE, such as attack=40")
        notes.set(name.strip(), number)


def _shifted(octaves: int) -> str:
    return f", shifted by {octaves:+d} octave{'s' if abs(octaves) > 1 else ''}" if octaves else ""


def _check_figure(figure: Path | None, target: Path) -> None:
    if figure is None:
        return
    if figure.suffix.lower() not in (".png", ".pdf", ".svg"):
        raise UsageError(f"--figure {figure}: end the name in .png, .pdf or .svg")
    if figure.is_dir() or figure.absolute() == target.absolute():
        raise UsageError(f"--figure {figure}: give the name of a file that is nothing else")
