"""`ddsp-rt export`: an instrument for programs that do not have the engine."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ddsp_rt import arguments, console
from ddsp_rt.checks import as_rate
from ddsp_rt.errors import UsageError

LIVE_RATE = 48_000  # Hz
ENDINGS = {"torchscript": (".ts", ".pt"), "onnx": (".onnx",), "wav-ir": (".wav",)}


def export(
    instrument: arguments.Installed,
    kind: Annotated[
        str,
        typer.Option(
            "--format",
            metavar="torchscript|onnx|wav-ir",
            help="The whole instrument for PyTorch and nn~, its control network, or its room.",
        ),
    ],
    output: Annotated[
        Path,
        typer.Option(
            "-o", "--output", metavar="FILE", parser=arguments.path, help="A name ending in .ts, .onnx or .wav."
        ),
    ],
    sample_rate: Annotated[
        int | None,
        typer.Option(
            metavar="HZ",
            help="Rate that TorchScript plays at (8000 to 192000, 48000 unless given), or of the room "
            "(the model's unless given).",
        ),
    ] = None,
) -> None:
    """Write an instrument in a form that other programs play, without ddsp-rt.

    torchscript: audio or features in, sound out, for PyTorch (Python and C++) and for nn~ in Max and Pure Data. onnx:
    the control network, frame by frame. Both need pip install 'ddsp-rt[export]'. wav-ir: the room, for any convolution
    reverb. docs/export.md tells how to play them.

    Example: ddsp-rt export violin --format torchscript -o violin.ts
    """
    from ddsp_rt.instrument import load
    from ddsp_rt.morph import one_instrument

    check_output(kind, output)
    if sample_rate is not None:
        if kind == "onnx":
            raise UsageError("--sample-rate: a control network has no sample rate; leave it out")
        sample_rate = as_rate(sample_rate)
    loaded = one_instrument(load(instrument))
    if output.exists() and output.samefile(loaded.path):
        raise UsageError(f"{console.as_text(output)}: is the instrument itself; give another name")
    replaced = output.exists()
    if kind == "torchscript":
        from ddsp_rt.export.torchscript import export_torchscript

        export_torchscript(loaded.path, output, sample_rate or LIVE_RATE)
    elif kind == "onnx":
        from ddsp_rt.export.onnx_file import export_onnx

        export_onnx(loaded.path, output)
    else:
        from ddsp_rt.export.impulse_response import export_impulse_response

        export_impulse_response(loaded.path, output, sample_rate)
    console.say(f"{console.as_text(output)}: {loaded.name} as {kind}{', replacing the old file' if replaced else ''}")


def check_output(kind: str, output: Path) -> None:
    """UsageError for a format that there is not, or a name that belongs to another."""
    if kind not in ENDINGS:
        raise UsageError(f"--format {kind}: give {', '.join(list(ENDINGS)[:-1])} or {list(ENDINGS)[-1]}")
    if output.suffix.lower() not in ENDINGS[kind]:
        raise UsageError(
            f"-o {console.as_text(output)}: the name of what is written as {kind} ends in {' or '.join(ENDINGS[kind])}"
        )
    if output.is_dir():
        raise UsageError(f"-o {console.as_text(output)}: is a folder; give the name of a file")
