"""`ddsp-rt life`: how an instrument's held notes move, told or stored in it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ddsp_rt import arguments, console
from ddsp_rt.errors import DataError
from ddsp_rt.instrument_file import load_instrument
from ddsp_rt.sound_files.source import shown
from ddsp_rt.training.options import base_path

if TYPE_CHECKING:
    from ddsp_rt.training.life import Sound

FILES = 60  # that are listened to, at the most
LONGEST, SHORTEST = 60.0, 3.0  # seconds of one of them


def life(
    instrument: arguments.Installed,
    recordings: Annotated[
        list[Path],
        typer.Argument(metavar="RECORDINGS...", parser=arguments.path, help="Recordings of it: files, or folders."),
    ],
    hold_out: Annotated[
        float,
        typer.Option(
            metavar="S",
            min=0.0,
            help="Leave out the last S seconds of every recording longer than a minute, for tests.",
        ),
    ] = 0.0,
    channel: arguments.Channel = None,
    store: Annotated[bool, typer.Option("--store", help="Keep what was measured in the instrument's file.")] = False,
) -> None:
    """Measure how far an instrument's held notes move less than in recordings of it.

    With --store the instrument keeps it and plays it: the parameter life says how much of it. All else in the file
    stays as it is.

    Example: ddsp-rt life my-violin.ddsp my-violin/ --store
    """
    from ddsp_rt.progress import Progress
    from ddsp_rt.sound_files.finder import find_sound_files
    from ddsp_rt.training.life import PASSES, in_words, life_of, store_life

    file = base_path(instrument)
    load_instrument(file)  # before the work is done
    found = find_sound_files(recordings)
    for line in found.notes():
        console.note(line)
    step = -(-len(found.files) // FILES)  # of many notes some from everywhere
    sounds = _excerpts([file.path for file in found.files][::step], hold_out, channel)
    seconds = sum(len(audio) / rate for audio, rate in sounds)
    console.note(f"Listening to {seconds:.0f} s of {len(sounds)} of {len(found.files)} recordings")
    with Progress("Measuring", len(sounds) * (PASSES + 1), "files") as progress:
        depth = life_of(file, sounds, progress.advance)
    if depth.table is None:
        raise DataError("The recordings have no held notes that could tell how they move.")
    if store:
        store_life(file, depth.table)
    console.result(f"{shown(file)}: {in_words(depth)}" + ("; stored" if store else ""))


def _excerpts(paths: list[Path], hold_out: float, channel: int | None) -> list[Sound]:
    """The middle of each recording, an equal share of them, so that all together are not too long."""
    from ddsp_rt.audio import read_audio
    from ddsp_rt.training.life import ENOUGH, excerpt
    from ddsp_rt.training.parts import HOLD_OUT_ABOVE

    sounds = []
    for path in paths:
        audio, rate = read_audio(path, channel=channel)
        if len(audio) > HOLD_OUT_ABOVE * rate:
            audio = audio[: max(len(audio) - round(hold_out * rate), 0)]
        sounds.append((excerpt(audio, rate, LONGEST), rate))
    share = min(1.0, ENOUGH / max(sum(len(audio) / rate for audio, rate in sounds), 1e-9))
    return [(excerpt(audio, rate, max(share * len(audio) / rate, SHORTEST)), rate) for audio, rate in sounds]
