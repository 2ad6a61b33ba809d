"""`ddsp-rt analyse`: what is heard in a performance, as notes and as a table."""

from __future__ import annotations

import contextlib
import csv
import io
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from ddsp_rt import arguments, console
from ddsp_rt.analysis import Features
from ddsp_rt.audio import AudioReader
from ddsp_rt.audio_writer import is_standard_output
from ddsp_rt.checks import nearest_rate
from ddsp_rt.errors import DataError, UsageError, UserError
from ddsp_rt.note_names import note_name, span
from ddsp_rt.segmentation import Segmentation, segment
from ddsp_rt.sound_files.finder import SoundFile, find_sound_files
from ddsp_rt.sound_files.source import STANDARD_INPUT, shown
from ddsp_rt.transfer import analyse_file
from ddsp_rt.whole_files import ToStandardOutput, WholeFile

SHOWN = 40  # notes listed of one file
MIDI_SUFFIXES = (".mid", ".midi")
CSV_SUFFIXES = (".csv",)
COLUMNS = ("seconds", "f0_hz", "note", "cents", "periodicity", "loudness_db", "voiced")


def analyse(
    source: Annotated[
        Path,
        typer.Argument(
            metavar="INPUT", parser=arguments.path, help="A sound file, a folder of them, or - for standard input."
        ),
    ],
    midi: Annotated[
        str | None,
        typer.Option(
            "--midi", metavar="OUT", parser=arguments.output, help="Write the notes, with bends, to a MIDI file."
        ),
    ] = None,
    table: Annotated[
        str | None,
        typer.Option(
            "--csv", metavar="OUT", parser=arguments.output, help="Write pitch and loudness, every 4 ms, to a CSV file."
        ),
    ] = None,
    channel: arguments.Channel = None,
    json: Annotated[bool, typer.Option("--json", help="Print the notes as JSON.")] = False,
) -> None:
    """Write what is heard in a performance: its notes, its pitch and its loudness.

    Of a folder every file is analysed, and OUT is a folder too; it may be - for standard output. MIDI files hold bends
    of up to 12 semitones either way and say so; `ddsp-rt play` and most synthesizers follow that.

    Example: ddsp-rt analyse voice.wav --midi voice.mid --csv voice.csv
    """
    if midi is not None:
        import mido  # noqa: F401  (before any work is done)
    found = find_sound_files([source], must_exist=False)
    for line in found.notes():
        console.note(line)
    jobs = list(
        zip(
            found.files,
            _targets(found.files, midi, "--midi", MIDI_SUFFIXES),
            _targets(found.files, table, "--csv", CSV_SUFFIXES),
        )
    )
    printed = [json, *(out is not None and is_standard_output(out) for out in (midi, table))]
    if sum(printed) > 1:
        raise UsageError("one thing at a time fits on standard output; give --midi or --csv the name of a file")
    reports, bad = [], 0
    for file, song, sheet in jobs:
        try:
            reports.append(_one(file, song, sheet, channel, None if any(printed) else console.say))
        except UserError as error:
            if len(jobs) == 1:
                raise
            console.error(f"ddsp-rt: skipped {error}")
            bad += 1
    if json:
        console.result(console.as_json(reports[0] if len(jobs) == 1 else reports))
    if bad:
        raise DataError(f"{bad} of {len(jobs)} inputs skipped, {len(jobs) - bad} done")


def _one(
    file: SoundFile, song: Path | None, sheet: Path | None, channel: int | None, say: Callable[[str], None] | None
) -> dict:
    from ddsp_rt.progress import Progress

    with AudioReader(file.path, channel) as reader, Progress(file.name, 1.0) as bar:
        features, notes = analyse_file(reader, nearest_rate(reader.rate), bar.advance)
        seconds = reader.frames_read / reader.rate
    heard = segment(features)
    if song is not None:
        from ddsp_rt.midi_file import song_bytes

        stem = "standard input" if str(file.path) == STANDARD_INPUT else file.path.stem
        _write(song, song_bytes(heard.events, stem))
    if sheet is not None:
        _write(sheet, _as_csv(features).encode())
    if say is not None:
        _show(
            "standard input" if file.name == STANDARD_INPUT else file.name, seconds, features, heard, song, sheet, say
        )
    for line in notes:
        console.note(line)
    return _report(file, seconds, features, heard)


def _targets(files: list[SoundFile], out: str | None, option: str, suffixes: tuple[str, ...]) -> list[Path | None]:
    """Where the result of each file goes: to `out` itself where it is a file, else below it under the source's name."""
    if out is None:
        return [None] * len(files)
    if is_standard_output(out) or Path(out).suffix.lower() in suffixes:
        if len(files) > 1:
            raise UsageError(f"{option} {shown(out)}: several inputs go to a folder; give the name of one")
        return [Path(out)]
    if Path(out).suffix and not os.path.isdir(out) and not out.endswith(os.sep):
        raise UsageError(f"{option} {shown(out)}: the name of such a file ends in {suffixes[0]}")
    targets: list[Path | None] = []
    for file in files:
        stem = "standard-input" if str(file.path) == STANDARD_INPUT else file.path.stem
        below = Path(file.name).parent if file.folder is not None else Path()
        target, number = Path(out) / below / f"{stem}{suffixes[0]}", 1
        while target in targets:
            number += 1
            target = target.with_name(f"{stem}-{number}{suffixes[0]}")
        targets.append(target)
    return targets


def _write(path: Path, content: bytes) -> None:
    whole = ToStandardOutput() if is_standard_output(path) else WholeFile(path)
    try:
        with os.fdopen(os.dup(whole.handle), "wb") as file:
            file.write(content)
        whole.commit()
    finally:
        with contextlib.suppress(OSError):
            whole.discard()


def _as_csv(features: Features) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(_rows(features))
    return text.getvalue()


def _rows(features: Features) -> Iterator[tuple]:
    columns = (features.times, features.f0, features.midi, features.periodicity, features.loudness, features.voiced)
    for seconds, f0, midi, periodicity, loudness, voiced in zip(*(column.tolist() for column in columns)):
        pitch = (f"{f0:.3f}", note_name(midi), f"{100 * (midi - round(midi)):.1f}") if voiced else ("", "", "")
        yield (f"{seconds:.3f}", *pitch, f"{periodicity:.3f}", f"{loudness:.2f}", int(voiced))


def _report(file: SoundFile, seconds: float, features: Features, heard: Segmentation) -> dict:
    return {
        "file": str(file.path),
        "seconds": round(seconds, 3),
        "voiced_seconds": round(float(features.voiced.mean()) * seconds, 3) if len(features) else 0.0,
        "loudness_db": _middle(features.loudness[features.voiced]),
        "notes": [
            {
                "start": round(note.start, 3),
                "end": round(note.end, 3),
                "key": note.key,
                "note": note_name(note.pitch),
                "cents": round(note.cents, 1),
                "velocity": round(127 * note.velocity),
                "loudness_db": round(note.loudness, 1),
            }
            for note in heard.notes
        ],
    }


def _middle(values: np.ndarray) -> float | None:
    return round(float(np.median(values)), 1) if len(values) else None


def _show(
    name: str,
    seconds: float,
    features: Features,
    heard: Segmentation,
    song: Path | None,
    sheet: Path | None,
    say: Callable[[str], None],
) -> None:
    if song is None and sheet is None:
        for note in heard.notes[:SHOWN]:
            length = 1000 * (note.end - note.start)
            say(
                f"{note.start:8.2f} s  {note_name(note.pitch):<4}{note.cents:+4.0f} cents  {length:5.0f} ms  "
                f"{note.loudness:6.1f} dB"
            )
        if len(heard.notes) > SHOWN:
            say(f"... and {len(heard.notes) - SHOWN} more; --json, --midi and --csv give all")
    count = f"{len(heard.notes)} note{'' if len(heard.notes) == 1 else 's'}"
    pitches = sorted(note.pitch for note in heard.notes)
    where = f", {span(pitches)}" if pitches else ""
    say(f"{shown(name)}: {seconds:.1f} s, {count}{where}")
    if song is not None:
        say(f"{shown(song)}: {count}, with bends")
    if sheet is not None:
        say(f"{shown(sheet)}: {len(features)} rows, one every 4 ms")
