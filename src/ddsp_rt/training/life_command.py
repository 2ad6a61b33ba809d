"""`ddsp-rt life`: how an instrument's held notes move, told or stored in it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ddsp_rt import arguments, console
from ddsp_rt.errors import DataError
from ddsp_rt.sound_files.source import shown


def life(
    instrument: Annotated[
        Path, typer.Argument(metavar="INSTRUMENT", parser=arguments.path, help="The instrument (.ddsp).")
    ],
    recordings: Annotated[
        list[Path],
        typer.Argument(metavar="RECORDINGS...", parser=arguments.path, help="Recordings of it: files, or folders."),
    ],
    store: Annotated[bool, typer.Option("--store", help="Keep what was measured in the instrument's file.")] = False,
) -> None:
    """Measure how far an instrument's held notes move less than in recordings of it.

    With --store the instrument keeps it and plays it: the parameter life says how much of it. All else in the file
    stays as it is.

    Example: ddsp-rt life my-violin.ddsp my-violin/ --store
    """
    from ddsp_rt.audio import read_audio
    from ddsp_rt.progress import Progress
    from ddsp_rt.sound_files.finder import find_sound_files
    from ddsp_rt.training.life import ENOUGH, ROUNDS, in_words, life_of, store_life

    found = find_sound_files(recordings)
    for line in found.notes():
        console.note(line)
    step = max(1, len(found.files) // 60)  # of many notes some from everywhere
    files = [file.path for file in found.files][::step]
    console.note(f"Listening to {len(files)} of {len(found.files)} recordings, {ENOUGH:.0f} s at most")
    with Progress("Measuring", len(files) * (ROUNDS + 1), "files") as progress:
        depth = life_of(instrument, (read_audio(path) for path in files), progress.advance)
    if depth.table is None:
        raise DataError("The recordings have no held notes that could tell how they move.")
    if store:
        store_life(instrument, depth.table)
    console.result(f"{shown(instrument)}: {in_words(depth)}" + ("; stored" if store else ""))
