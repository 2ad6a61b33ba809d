"""`ddsp-rt inspect`: the data doctor's report in the terminal or as JSON."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Annotated

import typer

from ddsp_rt import arguments, console
from ddsp_rt.errors import DataError

WIDE = 110  # columns from which remarks stand in the table
BAR = 40  # characters of the longest bar
WORKERS = 4  # files at once: the engine works outside Python's lock


def inspect(
    recordings: arguments.Recordings,
    channel: arguments.Channel = None,
    json: Annotated[bool, typer.Option("--json", help="Print the findings as JSON.")] = False,
) -> None:
    """See what recordings hold before an hour is spent on them, and what to do about it.

    Minutes and usable minutes, pitch coverage, loudness, noise, hum, hard and soft clipping, reverberation, polyphony,
    octave doubts, silence, rates, duplicates, files of another instrument; per file and in total. What is left out is
    what training leaves out.

    Example: ddsp-rt inspect my-recordings
    """
    from ddsp_rt.progress import Progress
    from ddsp_rt.sound_files.finder import find_sound_files

    found = find_sound_files(recordings)
    files = [file.path for file in found.files]
    with Progress("Listening", len(files), "files") as progress:
        report = inspect_files(files, progress.advance, channel)
    for line in found.notes():
        console.note(line)
    if json:
        console.result(console.as_json(report))
    elif report["files"]:
        show(report)
    reasons = list(report["failed"].values())
    if len(files) == len(reasons) == 1:
        raise DataError(reasons[0])
    for reason in reasons:
        console.error(f"skipped: {reason}")
    if not report["files"]:
        raise DataError(f"none of {len(files)} files could be read")
    if report["failed"]:
        raise typer.Exit(1)


def inspect_files(files: list[Path], advance=lambda amount: None, channel: int | None = None) -> dict:
    """The report on files, or on one channel of each: see `summary.summarise`.

    Those that cannot be read are named under `failed`.
    """
    from ddsp_rt.inspection.duplicates import find_duplicates
    from ddsp_rt.inspection.recording import inspect_recording
    from ddsp_rt.inspection.summary import summarise

    def one(path):
        try:
            return inspect_recording(path, channel=channel)
        except DataError as error:
            return str(error)
        finally:
            advance(1)

    with ThreadPoolExecutor(WORKERS) as pool:
        results = list(pool.map(one, files))
    failed = {str(path): result for path, result in zip(files, results) if isinstance(result, str)}
    good = [result for result in results if not isinstance(result, str)]
    columns = ([getattr(result, name) for result in good] for name in ("path", "hash", "print", "seconds"))
    twins = find_duplicates(*columns, channel)
    return summarise(good, failed, twins)


def show(report: dict) -> None:
    """The report as text on standard output."""
    out = console.tables()
    total = report["total"]
    if len(report["files"]) > 1:
        out.print(file_table(report["files"], remarks=out.width >= WIDE))
        if out.width < WIDE:
            for entry in report["files"]:
                if entry["advice"]:
                    out.print(console.cell(f"{Path(entry['file']).name}: {_remarks(entry)}"), soft_wrap=True)
            out.print()
    out.print(total_table(total))
    for line in histogram(total["note_seconds"], console.is_unicode()):
        out.print(line)
    out.print()
    out.print("What to do" if total["advice"] else "Nothing to do: good material.", style="bold")
    for line in total["advice"]:
        out.print(console.cell(f"  - {line}"), soft_wrap=True)


def total_table(total: dict):
    from rich.table import Table

    out = {name: value for name, value in total["left_out_seconds"].items() if value > 0}
    loud = total["loudness_db"]
    pitch = total["pitch_range"]
    single, doubts, rates = total["single_notes"], total["octave_doubts"], ", ".join(map(str, total["rates"]))
    rows = [
        ("recordings", f"{total['files']} of {total['seconds'] / 60:.1f} min at {rates} Hz"),
        ("single notes", f"{single} (train can join them into phrases)" if single else "none"),
        ("usable", f"{total['usable_seconds'] / 60:.1f} min"),
        ("left out", ", ".join(f"{name} {value:.0f} s" for name, value in out.items()) or "nothing"),
        ("silence", f"{100 * (1 - total['sounding_seconds'] / max(total['seconds'], 1e-9)):.0f} %"),
        ("pitch", f"{pitch[0]} to {pitch[1]}, evenness {total['pitch_evenness']:.2f} of 1" if pitch else "none found"),
        ("loudness", f"{loud[0]:.0f} to {loud[2]:.0f} dB, median {loud[1]:.0f} dB" if loud else "–"),
        ("noise floor", "–" if total["noise_floor_db"] is None else f"{total['noise_floor_db']:.0f} dB, A-weighted"),
        ("clipping", f"{total['clipped_samples']} samples"),
        ("reverberation", _seconds(total["reverberation_seconds"])),
        ("octave doubts", "not judged: pip install 'ddsp-rt[evaluate]'" if doubts is None else f"{100 * doubts:.1f} %"),
    ]
    table = Table(show_header=False, box=None, pad_edge=False)
    for name, value in rows:
        table.add_row(name, console.cell(value))
    return table


def file_table(files: list[dict], remarks: bool = True):
    """One row for each file; their remarks need room for themselves."""
    table = console.table()
    names = ["recording", "min", "usable", "pitch", "loudness dB", "noise dB", "T60 s", "chords %"]
    for name in [*names, "remarks"] if remarks else names:
        words = name in ("recording", "pitch", "remarks")
        table.add_column(name, justify="left" if words else "right", overflow="fold", no_wrap=name == "pitch")
    for entry in files:
        loud, pitch = entry["loudness_db"], entry["pitch_range"]
        share = entry["left_out_seconds"]["polyphony"] / max(entry["sounding_seconds"], 1e-9)
        table.add_row(
            console.cell(Path(entry["file"]).name),
            f"{entry['seconds'] / 60:.2f}",
            f"{entry['usable_seconds'] / 60:.2f}",
            f"{pitch[0]}–{pitch[1]}" if pitch else "–",
            f"{loud[0]:.0f}…{loud[2]:.0f}" if loud else "–",
            "–" if entry["noise_floor_db"] is None else f"{entry['noise_floor_db']:.0f}",
            "–" if entry["reverberation_seconds"] is None else f"{entry['reverberation_seconds']:.1f}",
            f"{100 * share:.0f}",
            *([console.cell(_remarks(entry))] if remarks else []),
        )
    return table


def _remarks(entry: dict) -> str:
    return "; ".join(line.split(": ")[0] for line in entry["advice"])


def histogram(note_seconds: dict[str, float], blocks: bool = True) -> list[str]:
    """Usable seconds of every note of the range as bars, one line each, high notes on top; of blocks, or plain."""
    longest = max(note_seconds.values(), default=0.0)
    lines = ["", "seconds of each note"] if note_seconds else []
    for name, seconds in reversed(note_seconds.items()):
        eighths = round(8 * BAR * seconds / max(longest, 1e-9))
        bar = "█" * (eighths // 8) + ("" if eighths % 8 == 0 else " ▏▎▍▌▋▊▉"[eighths % 8])
        if not blocks:
            bar = "#" * round(eighths / 8)
        lines.append(f"{name:>4} {bar} {seconds:.1f}")
    return lines


def _seconds(value) -> str:
    return "not judged: too few pauses" if value is None else f"{value:.1f} s (T60, from the ends of notes)"
