"""`ddsp-rt evaluate`: the measures of an instrument as a table or as JSON."""

from __future__ import annotations

import json as jsonlib
from pathlib import Path
from typing import Annotated

import typer

from ddsp_rt.errors import DataError, UsageError

AUDIO = (".wav", ".flac", ".ogg", ".mp3", ".aif", ".aiff")


def evaluate(
    instrument: Annotated[str, typer.Argument(metavar="INSTRUMENT", help="Name of an instrument, or a .ddsp file.")],
    recordings: Annotated[list[Path], typer.Argument(metavar="RECORDINGS...", help="Audio files, or folders of them.")],
    last: Annotated[
        float | None, typer.Option(metavar="SECONDS", help="Judge only the last SECONDS of each recording.")
    ] = None,
    truth: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="Known notes (CSV: start_s, end_s, midi_pitch), named as recordings."),
    ] = None,
    transfer: Annotated[
        list[Path],
        typer.Option("--transfer", metavar="PERFORMANCES", help="Also play these (file or folder) and judge that."),
    ] = [],  # noqa: B006 (typer copies it)
    json: Annotated[bool, typer.Option("--json", help="Print everything measured as JSON.")] = False,
) -> None:
    """Measure an instrument on recordings of its own: each is resynthesised from its features and compared.

    With --transfer also on other performances: how their melody, dynamics and pauses are kept. docs/evaluation.md
    explains every measure.

    Example: ddsp-rt evaluate violin test-recordings --last 30 --transfer sung-phrases
    """
    import ddsp_rt
    from ddsp_rt.evaluation.report import evaluate as measure
    from ddsp_rt.evaluation.tables import show
    from ddsp_rt.progress import progress

    if last is not None and not last > 0:
        raise UsageError(f"--last {last:g}: give seconds above 0")
    if truth is not None and not truth.is_dir():
        raise UsageError(f"--truth {truth}: no such folder")
    files, others = audio_files(recordings), audio_files(transfer) if transfer else []
    with progress("Evaluating", len(files) + len(others)) as advance:
        result = measure(ddsp_rt.load(instrument), files, last, truth, advance, others)
    if json:
        print(jsonlib.dumps(result, indent=2))
        return
    show(result)


def audio_files(recordings: list[Path]) -> list[Path]:
    """Files as they are, folders as the audio files in them, sorted; DataError when there are none."""
    found = []
    for path in recordings:
        if path.is_dir():
            found += sorted(p for p in path.rglob("*") if p.suffix.lower() in AUDIO and p.is_file())
        elif path.exists():
            found.append(path)
        else:
            raise DataError(f"{path}: no such file or folder")
    if not found:
        raise DataError(f"{', '.join(map(str, recordings))}: no audio files ({', '.join(AUDIO)})")
    return found
