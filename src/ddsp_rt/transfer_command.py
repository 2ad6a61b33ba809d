"""`ddsp-rt transfer`: which input goes to which output, what is said of each, and what a bad one costs."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from ddsp_rt.analysis import as_rate
from ddsp_rt.audio import FORMATS, check_output
from ddsp_rt.errors import DataError, UsageError, UserError
from ddsp_rt.instrument import Instrument, check_loudness, check_octave, check_reverb, check_z, load
from ddsp_rt.progress import progress
from ddsp_rt.transfer import Made, transfer_file


def transfer_all(
    inputs: list[Path],
    to: str,
    output: Path | None,
    octave: str,
    loudness: str,
    sample_rate: int | None,
    bit_depth: str,
    reverb: float,
    z: str,
    figure: Path | None,
) -> None:
    """Transfer every input; a bad one among several is named, skipped and counted.

    Raises UsageError before anything is done, and DataError at the end when an input was bad.
    """
    octave, loudness, reverb = check_octave(octave), check_loudness(loudness), check_reverb(reverb)
    z = check_z(z)
    if sample_rate is not None:
        sample_rate = as_rate(sample_rate)
    instrument = load(to)
    targets = plan(inputs, output, instrument)
    for target in targets:
        check_output(target, bit_depth)
    _check_figure(inputs, targets, figure)

    def one(source: Path, target: Path) -> None:
        with progress(source.name, 1.0) as advance:
            made = transfer_file(
                instrument, source, target, octave, loudness, reverb, sample_rate, bit_depth, z, advance
            )
        print(_summary(made, bit_depth))
        for note in made.notes:
            print(f"note: {note}", file=sys.stderr)

    if len(inputs) == 1:
        one(inputs[0], targets[0])
        if figure is not None:
            _draw(instrument, inputs[0], figure, octave, loudness, reverb)
        return
    bad = 0
    for source, target in zip(inputs, targets):
        try:
            one(source, target)
        except UserError as error:
            print(f"ddsp-rt: skipped {error}", file=sys.stderr)
            bad += 1
    if bad:
        raise DataError(f"{bad} of {len(inputs)} inputs skipped, {len(inputs) - bad} done")


def plan(inputs: list[Path], output: Path | None, instrument: Instrument) -> list[Path]:
    """The output of each input. Never an input itself, never the same twice; UsageError where that cannot be."""
    names_folder = output is not None and (output.is_dir() or str(output).endswith(os.sep))
    if len(inputs) == 1 and output is not None and not names_folder:
        if not str(output).strip():
            raise UsageError("-o: the name of the output is empty")
        targets = [output if output.suffix else output.with_name(output.name + ".wav")]
    else:
        folder = Path(".") if output is None else output
        if (folder.exists() and not folder.is_dir()) or (not folder.exists() and folder.suffix.lower() in FORMATS):
            raise UsageError(f"-o {output}: several inputs go to a folder; give the name of one")
        targets = []
        for source in inputs:
            number, target = 1, folder / f"{source.stem}-{instrument.path.stem}.wav"
            while target in targets:
                number += 1
                target = folder / f"{source.stem}-{instrument.path.stem}-{number}.wav"
            targets.append(target)
    for target in targets:
        for source in [*inputs, instrument.path]:
            if _same(source, target):
                raise UsageError(f"{target}: the output would replace {source}; give another name with -o")
    return targets


def _same(one: Path, other: Path) -> bool:
    try:
        return os.path.samefile(one, other)
    except OSError:
        return os.path.abspath(one) == os.path.abspath(other)


def _check_figure(inputs: list[Path], targets: list[Path], figure: Path | None) -> None:
    if figure is None:
        return
    if len(inputs) > 1:
        raise UsageError("--figure draws one input; give one INPUT")
    if figure.suffix.lower() not in (".png", ".pdf", ".svg"):
        raise UsageError(f"--figure {figure}: end the name in .png, .pdf or .svg")
    if figure.is_dir() or any(_same(figure, path) for path in [*inputs, *targets]):
        raise UsageError(f"--figure {figure}: give the name of a file that is nothing else")


def _draw(instrument: Instrument, source: Path, figure: Path, octave, loudness, reverb: float) -> None:
    from ddsp_rt.figures import draw_transfer

    draw_transfer(instrument, source, figure, octave=octave, loudness=loudness, reverb=reverb)
    print(f"{figure}: the sound taken apart")


def _summary(made: Made, bit_depth: str) -> str:
    depth = "float" if bit_depth == "float" else f"{bit_depth} bit"
    line = f"{made.path}: {made.seconds:.1f} s + {made.tail:.1f} s tail, {made.rate} Hz, {depth}"
    if made.octave:
        line += f", shifted by {made.octave:+d} octave{'s' if abs(made.octave) > 1 else ''}"
    if made.gain_db < -0.005:
        line += f", turned down by {-made.gain_db:.1f} dB to fit"
    return line
