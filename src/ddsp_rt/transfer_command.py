"""`ddsp-rt transfer`: which input goes to which output, what is said of each, and what a bad one costs."""

from __future__ import annotations

import os
from pathlib import Path

from ddsp_rt import console
from ddsp_rt.audio import FORMATS, check_output
from ddsp_rt.audio_writer import is_standard_output
from ddsp_rt.checks import as_rate
from ddsp_rt.errors import DataError, UsageError, UserError
from ddsp_rt.instrument import (
    Instrument,
    check_loudness,
    check_loudness_range,
    check_octave,
    check_reverb,
    check_z,
    load,
)
from ddsp_rt.morph import one_instrument
from ddsp_rt.progress import Progress
from ddsp_rt.sound_files.finder import SoundFile, find_sound_files
from ddsp_rt.sound_files.source import STANDARD_INPUT, shown
from ddsp_rt.transfer import Made, transfer_file

LONGEST_NAME = 255  # bytes, on most file systems


def transfer_all(
    inputs: list[Path],
    to: str,
    output: str | None,
    octave: str,
    loudness: str,
    sample_rate: int | None,
    bit_depth: str,
    reverb: float,
    z: str,
    figure: Path | None,
    channel: int | None = None,
    loudness_range: float = 1.0,
) -> None:
    """Transfer every input; a bad one among several is named, skipped and counted.

    Raises UsageError before anything is done, and DataError at the end when an input was bad.
    """
    octave, loudness, reverb = check_octave(octave), check_loudness(loudness), check_reverb(reverb)
    z, loudness_range = check_z(z), check_loudness_range(loudness_range)
    if sample_rate is not None:
        sample_rate = as_rate(sample_rate)
    instrument = load(to)
    found = find_sound_files(inputs, must_exist=False)
    for line in found.notes():
        console.note(line)
    jobs = plan(found.files, output, instrument)
    for _, target in jobs:
        check_output(target, bit_depth)
    if figure is not None:
        one_instrument(instrument)
        check_figure(figure, jobs)
    console.detail(f"{instrument.name}: {', '.join(map(str, instrument.files))}")
    say = console.say if output is None or not is_standard_output(output) else say_elsewhere

    def one(source: Path, target: Path) -> None:
        replaced = not is_standard_output(target) and target.exists()
        with Progress(source.name, 1.0) as bar:
            made = transfer_file(
                instrument,
                source,
                target,
                octave,
                loudness,
                reverb,
                sample_rate,
                bit_depth,
                z,
                bar.advance,
                channel,
                loudness_range,
            )
        say(_summary(made, bit_depth, replaced))
        for line in made.notes:
            console.note(line)

    if len(jobs) == 1:
        one(*jobs[0])
        if figure is not None:
            _draw(instrument, jobs[0][0], figure, octave, loudness, reverb, channel, loudness_range)
            say(f"{shown(figure)}: the sound taken apart")
        return
    bad = 0
    for source, target in jobs:
        try:
            one(source, target)
        except UserError as error:
            console.error(f"ddsp-rt: skipped {error}")
            bad += 1
    if bad:
        raise DataError(f"{bad} of {len(jobs)} inputs skipped, {len(jobs) - bad} done")


def plan(inputs: list[SoundFile], output: str | None, instrument: Instrument) -> list[tuple[Path, Path]]:
    """Each input with its output. Never an input itself, never the same twice; UsageError where that cannot be.

    `output` is a folder when it is one, ends in a separator or has no ending; else it is a file.
    """
    if output is not None and not _is_folder(output):
        if len(inputs) > 1:
            raise UsageError(f"-o {shown(output)}: several inputs go to a folder; give the name of one")
        jobs = [(inputs[0].path, Path(output))]
    else:
        folder = Path(output or ".")
        if folder.exists() and not folder.is_dir():
            endings = ", ".join(FORMATS)
            raise UsageError(f"-o {shown(folder)}: is a file, and not a folder; a name of a file ends in {endings}")
        jobs = _into(folder, inputs, instrument)
    targets = {os.path.abspath(target) for _, target in jobs}
    for file in [file for file in inputs if file.folder and os.path.abspath(file.path) in targets]:
        console.note(f"{shown(file.path)}: the result of an earlier transfer, left out")
        jobs = [(source, target) for source, target in jobs if source != file.path]
    for _, target in jobs:
        for source in [*(source for source, _ in jobs), *instrument.files]:
            if not is_standard_output(target) and _same(source, target):
                raise UsageError(
                    f"{shown(target)}: the output would replace {shown(source)}; give another name with -o"
                )
    return jobs


def _is_folder(output: str) -> bool:
    if is_standard_output(output):
        return False
    return output.endswith(("/", os.sep)) or os.path.isdir(output) or not Path(output).suffix


def _into(folder: Path, inputs: list[SoundFile], instrument: Instrument) -> list[tuple[Path, Path]]:
    """Outputs named after inputs and instrument, below `folder` as the inputs lie below the folder they came from."""
    jobs: list[tuple[Path, Path]] = []
    taken: set[str] = set()
    for file in inputs:
        below = Path(file.name).parent if file.folder is not None else Path()
        stem = "standard-input" if str(file.path) == STANDARD_INPUT else file.path.stem
        number, ending = 1, f"-{instrument.stem}.wav"
        while (target := folder / below / _shortened(stem, ending)) and str(target).casefold() in taken:
            number += 1
            ending = f"-{instrument.stem}-{number}.wav"
        taken.add(str(target).casefold())
        jobs.append((file.path, target))
    return jobs


def _shortened(stem: str, ending: str) -> str:
    """A name that the file system takes."""
    room = LONGEST_NAME - len(os.fsencode(ending))
    while len(os.fsencode(stem)) > room:
        stem = stem[:-1]
    return stem + ending


def say_elsewhere(line: str) -> None:
    """Standard output carries the sound."""
    if console.verbosity > console.QUIET:
        console.error(line)


def _same(one: Path, other: Path) -> bool:
    try:
        return os.path.samefile(one, other)
    except OSError:
        return os.path.abspath(one) == os.path.abspath(other)


def check_figure(figure: Path, jobs: list[tuple[Path, Path]]) -> None:
    """UsageError where no picture can be drawn of the jobs, or not under that name."""
    if len(jobs) > 1:
        raise UsageError("--figure draws one input; give one INPUT")
    if str(jobs[0][0]) == STANDARD_INPUT:
        raise UsageError("--figure reads its input once more; give a file instead of standard input")
    if figure.suffix.lower() not in (".png", ".pdf", ".svg"):
        raise UsageError(f"--figure {shown(figure)}: end the name in .png, .pdf or .svg")
    if figure.is_dir() or any(_same(figure, path) for path in jobs[0]):
        raise UsageError(f"--figure {shown(figure)}: give the name of a file that is nothing else")


def _draw(
    instrument: Instrument,
    source: Path,
    figure: Path,
    octave,
    loudness,
    reverb: float,
    channel: int | None,
    loudness_range: float,
) -> None:
    from ddsp_rt.figures import draw_transfer

    draw_transfer(instrument, source, figure, octave, loudness, reverb, channel=channel, loudness_range=loudness_range)


def _summary(made: Made, bit_depth: str, replaced: bool) -> str:
    depth = "float" if bit_depth == "float" else f"{bit_depth} bit"
    line = f"{output_name(made.path)}: {made.seconds:.1f} s + {made.tail:.1f} s tail, {made.rate} Hz, {depth}"
    return line + done_to_it(made.octave, made.gain_db, replaced)


def output_name(path: Path) -> str:
    """An output as it is spoken of."""
    return "standard output" if is_standard_output(path) else shown(path)


def done_to_it(octave: int, gain_db: float, replaced: bool) -> str:
    """The end of a line on a result: what was done to make it fit."""
    words = ""
    if octave:
        words += f", shifted by {octave:+d} octave{'s' if abs(octave) > 1 else ''}"
    if gain_db < -0.005:
        words += f", turned down by {-gain_db:.1f} dB to fit"
    return f"{words}, replacing the old file" if replaced else words
