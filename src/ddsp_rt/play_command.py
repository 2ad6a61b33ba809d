"""`ddsp-rt play`: a MIDI file on an instrument, to an audio file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from ddsp_rt import arguments, console
from ddsp_rt.audio_writer import check_output, is_standard_output, write_played
from ddsp_rt.checks import as_rate
from ddsp_rt.errors import UsageError
from ddsp_rt.instrument import OCTAVES, Instrument, check_octave, load
from ddsp_rt.midi_file import Song, read_song
from ddsp_rt.note_names import span
from ddsp_rt.notes import Notes
from ddsp_rt.progress import Progress
from ddsp_rt.sound_files.finder import SoundFile
from ddsp_rt.sound_files.source import shown
from ddsp_rt.transfer_command import check_figure, done_to_it, output_name, plan, say_elsewhere

BLOCK = 4096  # samples
MARGIN = 2.0  # semitones around what an instrument was trained on that it still plays well


def play(
    song: Annotated[Path, typer.Argument(metavar="SONG.mid", parser=arguments.path, help="A MIDI file.")],
    to: arguments.To,
    output: arguments.Output = None,
    octave: arguments.Octave = "0",
    channel: Annotated[
        int | None, typer.Option(metavar="N", help="Only this channel, 1 to 16. [default: all but drums]")
    ] = None,
    bend_range: Annotated[
        float, typer.Option(metavar="SEMITONES", help="Range of a full pitch bend, where the file does not say.")
    ] = 2.0,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="NAME=VALUE", help="A parameter, such as attack=40; may be given again."),
    ] = None,
    sample_rate: Annotated[int, typer.Option(metavar="HZ", help="Sample rate of the result, 8000 to 192000.")] = 48_000,
    bit_depth: arguments.BitDepth = "16",
    figure: Annotated[
        Path | None, typer.Option(metavar="PNG", parser=arguments.path, help="Also draw the notes and their sound.")
    ] = None,
) -> None:
    """Play a MIDI file on an instrument, up to eight notes at once.

    Velocity, pedal, pitch bend, pressure, expression and MPE are followed. Where more notes are down than there are
    voices, the oldest give way, and are counted.

    Example: ddsp-rt play song.mid --to violin -o song.wav --octave auto
    """
    rate, octave = as_rate(sample_rate), check_octave(octave)
    if channel is not None and not 1 <= channel <= 16:
        raise UsageError(f"--channel {channel}: give a channel from 1 to 16")
    if not 0 <= bend_range <= 96:
        raise UsageError(f"--bend-range {bend_range:g}: give 0 to 96 semitones")
    instrument = load(to)
    jobs = plan([SoundFile(song, song.name)], output, instrument)
    ((_, target),) = jobs
    check_output(target, bit_depth)
    if figure is not None:
        check_figure(figure, jobs)
    notes = instrument.notes(rate)
    _set_all(notes, settings or [])
    read = read_song(song, channel)
    shift = _octave(octave, read, instrument)
    notes.set("transpose", notes.get("transpose") + 12 * shift)
    replaced = not is_standard_output(target) and target.exists()
    heard: list[np.ndarray] = []

    def performed() -> Iterator[np.ndarray]:
        heard.clear()
        with Progress(song.name, read.seconds) as bar:
            for block in _blocks(notes, read, bend_range):
                yield block
                bar.advance(len(block) / rate)
                if figure is not None:
                    heard.append(block)

    written = write_played(target, rate, bit_depth, performed)
    say = say_elsewhere if is_standard_output(target) else console.say
    done = done_to_it(shift, 20 * float(np.log10(written.gain)), replaced)
    say(f"{output_name(target)}: {console.counted(len(read.keys), 'note')}, {read.seconds:.1f} s, {rate} Hz{done}")
    for line in _remarks(read, instrument, shift, notes):
        console.note(line)
    if figure is not None:
        from ddsp_rt.figures.notes_figure import draw_notes

        draw_notes(read, np.concatenate(heard) * np.float32(written.gain), rate, instrument, shift, figure)
        say(f"{shown(figure)}: the notes and their sound")


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


def _octave(octave: int | str, song: Song, instrument: Instrument) -> int:
    """The whole octaves that bring most notes into the range, the fewest of them, or what was asked for."""
    if octave != "auto":
        return int(octave)
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
            remarks.append(
                f"{count} of {console.counted(len(keys), 'note')} {lie} {where} the instrument's range ({names})"
            )
    if song.drums:
        notes_are = f"{console.counted(song.drums, 'drum note')} (channel 10) {'is' if song.drums == 1 else 'are'}"
        remarks.append(f"{notes_are} left out; --channel 10 plays {'it' if song.drums == 1 else 'them'}")
    if song.others:
        are = "is" if song.others == 1 else "are"
        remarks.append(f"{console.counted(song.others, 'note')} on other channels {are} left out")
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
        name = name.strip()
        notes.get(name)  # that there is one
        limits = next((row["minimum"], row["maximum"]) for row in notes.parameters() if row["name"] == name)
        if not limits[0] <= number <= limits[1]:
            raise UsageError(f"--set {setting}: give {name} from {limits[0]:g} to {limits[1]:g}")
        notes.set(name, number)
