"""`ddsp-rt notes`: how the notes of recordings begin and move, told or stored in an instrument."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Annotated

import typer

from ddsp_rt import console
from ddsp_rt.errors import DataError
from ddsp_rt.instrument_file import load_instrument, save_instrument
from ddsp_rt.sound_files.source import shown
from ddsp_rt.training.commands import RecordingsOrData
from ddsp_rt.training.data_file import PreparedData, is_data_set
from ddsp_rt.training.note_manner import NoteManner, in_words, manner_of
from ddsp_rt.training.options import base_path


def notes(
    recordings: RecordingsOrData,
    into: Annotated[
        str | None,
        typer.Option(
            "--into", metavar="INSTRUMENT", help="Instrument to store the figures in: its name, or the path of a .ddsp."
        ),
    ] = None,
) -> None:
    """Measure the attack and the vibrato of an instrument's notes.

    An instrument that holds these figures begins and moves its notes so when it is played from keys, until they are set
    otherwise. Training stores them by itself; --into adds them to an instrument that was trained before, or replaces
    those it has, and leaves all else in it as it is.

    Example: ddsp-rt notes my-violin/ --into my-violin.ddsp
    """
    file = None if into is None else base_path(into)
    if file is not None:
        load_instrument(file)  # before the work is done
    manner = _listen(recordings)
    if file is None:
        console.result(f"notes: {in_words(manner.table())}")
        return
    if not manner.table():
        raise DataError(
            "The recordings have too few notes with a rest before them, or long ones, to tell how they are."
        )
    store(file, manner)
    console.say(f"{shown(file)}: its notes: {in_words(manner.table())}")


def store(path: Path, manner: NoteManner) -> None:
    """Put the figures into an instrument's file; all else stays. Raises DataError."""
    metadata, tensors = load_instrument(path)
    save_instrument(path, tensors, metadata | {"notes": manner.table()}, None)


def _listen(recordings: list[Path]) -> NoteManner:
    if len(recordings) == 1 and is_data_set(recordings[0]):
        return manner_of(PreparedData(recordings[0]))
    from ddsp_rt.training.preparation import prepare

    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "data.safetensors"
        prepare(recordings, data, from_notes=False, report=console.note)
        return manner_of(PreparedData(data))
