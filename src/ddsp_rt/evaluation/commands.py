"""`ddsp-rt evaluate` and `ddsp-rt compare`: the measures of an instrument, and two instruments side by side."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ddsp_rt import arguments, console
from ddsp_rt.errors import UsageError


def evaluate(
    instrument: arguments.Installed,
    recordings: arguments.Recordings,
    last: Annotated[
        float | None, typer.Option(metavar="SECONDS", help="Judge only the last SECONDS of every recording.")
    ] = None,
    truth: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER", help="Folder of known notes: a CSV (start_s, end_s, midi_pitch) for each recording."
        ),
    ] = None,
    manifest: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="CSV with file and notes (C2, or a list of notes). [default: manifest.csv near each]"
        ),
    ] = None,
    name_octaves: Annotated[
        int, typer.Option("--name-octaves", metavar="N", help="Octaves to add to the notes in file names.")
    ] = 0,
    transfer: Annotated[
        list[Path],
        typer.Option(
            "--transfer",
            metavar="PERFORMANCES",
            parser=arguments.path,
            help="Also measure transfers of these performances (a file or a folder).",
        ),
    ] = [],
    life: Annotated[
        float, typer.Option("--life", metavar="PER CENT", help="How much held notes move by themselves, 0 to 150.")
    ] = 0.0,
    channel: arguments.Channel = None,
    json: Annotated[bool, typer.Option("--json", help="Print the measurements as JSON.")] = False,
) -> None:
    """Measure an instrument on recordings of its own: each is resynthesised from its features and compared.

    With --transfer also on other performances: how their melody, dynamics and pauses are kept. docs/evaluation.md
    explains every measure.

    Example: ddsp-rt evaluate violin test-recordings --last 30 --transfer sung-phrases
    """
    import ddsp_rt
    from ddsp_rt.evaluation.report import evaluate as measure
    from ddsp_rt.evaluation.tables import show
    from ddsp_rt.evaluation.truth import Truths
    from ddsp_rt.manifest import read_manifest
    from ddsp_rt.morph import one_instrument
    from ddsp_rt.progress import Progress

    if last is not None and not last > 0:
        raise UsageError(f"--last {last:g}: give seconds above 0")
    if truth is not None and not truth.is_dir():
        raise UsageError(f"--truth {truth}: no such folder")
    if manifest is not None and not manifest.is_file():
        raise UsageError(f"--manifest {manifest}: no such file")
    if manifest is not None and not {"file", "notes"} <= set(getattr(read_manifest(manifest), "columns", ())):
        raise UsageError(f"--manifest {manifest}: has no columns file and notes")
    if not -4 <= name_octaves <= 4:
        raise UsageError(f"--name-octaves {name_octaves}: give -4 to 4")
    if not 0 <= life <= 150:
        raise UsageError(f"--life {life:g}: give 0 to 150")
    truths = Truths(truth, manifest, name_octaves)
    files, others = _files(recordings, channel), _files(transfer, channel) if transfer else []
    with Progress("Evaluating", len(files) + len(others), "files") as progress:
        loaded = one_instrument(ddsp_rt.load(instrument))
        result = measure(loaded, files, last, truths, progress.advance, others, channel=channel, life=life / 100)
    if json:
        console.result(console.as_json(result))
        return
    show(result)


def compare(
    first: Annotated[str, typer.Argument(metavar="A", help="Name of an instrument, or a .ddsp file.")],
    second: Annotated[str, typer.Argument(metavar="B", help="The instrument to compare it with.")],
    recordings: Annotated[
        list[Path],
        typer.Argument(metavar="RECORDINGS...", parser=arguments.path, help="Performances: audio files, or folders."),
    ],
    output: Annotated[str, typer.Option("-o", "--output", metavar="PAGE", help="The page to make (.html).")],
    own: Annotated[
        bool, typer.Option("--own", help="RECORDINGS are of the instruments themselves: resynthesise, without fitting.")
    ] = False,
    seconds: Annotated[
        float, typer.Option("--seconds", metavar="S", help="How much of each recording can be heard.")
    ] = 15.0,
    channel: arguments.Channel = None,
    named: Annotated[
        bool, typer.Option("--named", help="Say which is which from the start, in place of a blind test.")
    ] = False,
) -> None:
    """Play performances on two instruments, and make one page to listen, look and compare the measures.

    The page needs no other file and no network. It is a blind test: which version is which, and the measures, show when
    asked for. Sounds are level-matched.

    Example: ddsp-rt compare violin mine.ddsp sung-phrases -o comparison.html
    """
    import ddsp_rt
    from ddsp_rt.evaluation.comparison import measure_both, play_both
    from ddsp_rt.evaluation.comparison_page import page
    from ddsp_rt.morph import one_instrument
    from ddsp_rt.progress import Progress
    from ddsp_rt.whole_files import write_whole

    if not 1 <= seconds <= 600:
        raise UsageError(f"--seconds {seconds:g}: give 1 to 600")
    if Path(output).suffix.lower() not in (".html", ".htm"):
        raise UsageError(f"-o {output}: name a page, such as comparison.html")
    instruments = one_instrument(ddsp_rt.load(first)), one_instrument(ddsp_rt.load(second))
    names = tuple(instrument.name for instrument in instruments)
    if names[0] == names[1]:
        names = str(first), str(second)
    files = _files(recordings, channel)
    with Progress("Comparing", 3 * len(files), "files") as progress:
        sounds = []
        for path in files:
            sounds.append(play_both(instruments, path, seconds, own, channel))
            progress.advance(1)
        rows, notes = measure_both(instruments, files, own, progress.advance, channel)
    write_whole(output, page(names, sounds, rows, notes, blind=not named).encode())
    console.say(f"{console.as_text(output)}: open it in a browser")


def _files(recordings: list[Path], channel: int | None) -> list[Path]:
    """The sound files in files and folders; what else lies there is told.

    DataError when there are none, or one cannot be read: told before the work that would end there.
    """
    from ddsp_rt.audio import AudioReader
    from ddsp_rt.sound_files.finder import find_sound_files

    found = find_sound_files(recordings)
    for line in found.notes():
        console.note(line)
    for file in found.files:
        AudioReader(file.path, channel).close()
    return [file.path for file in found.files]
