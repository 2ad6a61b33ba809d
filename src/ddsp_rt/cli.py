"""The command `ddsp-rt`: reads the arguments, hands the work on, and says in one line what went wrong.

Commands that live elsewhere (training, evaluation, figures) are imported when called, so that `ddsp-rt --help` is quick
and needs neither PyTorch nor matplotlib.
"""

from __future__ import annotations

import os
import sys
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer
from typer.core import TyperGroup

import ddsp_rt
from ddsp_rt.errors import UserError

# name: (module, function, one line of help)
ELSEWHERE = {
    "inspect": ("ddsp_rt.inspection", "inspect", "See what recordings hold before training on them."),
    "prepare": ("ddsp_rt.training.commands", "prepare", "Analyse recordings once, for training anywhere."),
    "train": ("ddsp_rt.training.commands", "train", "Train an instrument from recordings."),
    "evaluate": ("ddsp_rt.evaluation.commands", "evaluate", "Measure an instrument on recordings."),
    "benchmark": ("ddsp_rt.benchmark", "benchmark", "Measure speed and latency on this machine."),
    "figure": ("ddsp_rt.figures", "figure", "Draw a transfer, the sound taken apart."),
}
# the extra of the package that brings a module
EXTRAS = {"torch": "train", "lightning": "train", "tensorboard": "train", "swift_f0": "evaluate", "librosa": "evaluate"}
INTERRUPTED = 130  # exit code after Ctrl-C


def _exists(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:
        return False


class Commands(TyperGroup):
    """A group whose commands from elsewhere are stubs until one is called by name."""

    def resolve_command(self, ctx, args):
        if args and args[0] in self.commands and args[0] in ELSEWHERE:
            self.commands[args[0]] = _from_elsewhere(args[0])
        return super().resolve_command(ctx, args)


def _from_elsewhere(name: str):
    module, function, _ = ELSEWHERE[name]
    command = getattr(import_module(module), function)
    alone = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
    alone.command(name)(command)
    return typer.main.get_command(alone)


app = typer.Typer(
    cls=Commands,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    invoke_without_command=True,
)


def _version(value: bool) -> None:
    if value:
        print(f"ddsp-rt {ddsp_rt.__version__}")
        raise typer.Exit()


@app.callback()
def _start(
    context: typer.Context,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Neural timbre transfer: any monophonic performance plays a trained instrument.

    Example: ddsp-rt transfer voice.wav --to violin -o violin.wav
    """
    if context.invoked_subcommand is None:
        print(context.get_help())


@app.command()
def transfer(
    inputs: Annotated[
        list[Path], typer.Argument(metavar="INPUT...", help="Performances: WAV, FLAC, OGG, MP3 or AIFF.")
    ],
    to: Annotated[
        str, typer.Option("--to", metavar="INSTRUMENT", help="Name of an instrument, or path of a .ddsp file.")
    ],
    output: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--output",
            metavar="OUT",
            help="File (.wav, .flac, .aiff), or folder. [default: INPUT-INSTRUMENT.wav here]",
        ),
    ] = None,
    octave: Annotated[
        str, typer.Option(metavar="auto|N", help="Octaves to shift by, -4 to 4; auto fits the range.")
    ] = "auto",
    loudness: Annotated[
        str, typer.Option(metavar="auto|DB", help="Offset in dB, -60 to 60; auto maps quantile to quantile.")
    ] = "auto",
    sample_rate: Annotated[
        int | None, typer.Option(metavar="HZ", help="Of the result, 8000 to 192000. [default: the input's]")
    ] = None,
    bit_depth: Annotated[str, typer.Option(metavar="16|24|float", help="Of the result.")] = "16",
    reverb: Annotated[
        float, typer.Option(metavar="G", help="Gain of the instrument's room; 0 is dry, 2 the most.")
    ] = 1.0,
    z: Annotated[
        str,
        typer.Option(
            metavar="source|mean", help="For instruments with z: the performance's timbre, or the instrument's mean."
        ),
    ] = "source",
    figure: Annotated[
        Path | None, typer.Option(metavar="PNG", help="Also draw the sound taken apart (one INPUT only).")
    ] = None,
) -> None:
    """Play performances on another instrument.

    The result carries the room's tail on until it stays below -80 dBFS. Several INPUTs go to a folder; a bad one is
    named and skipped, and the exit code is 1.

    Example: ddsp-rt transfer voice.wav --to violin -o violin.wav --octave 1
    """
    from ddsp_rt.transfer_command import transfer_all

    transfer_all(inputs, to, output, octave, loudness, sample_rate, bit_depth, reverb, z, figure)


@app.command()
def info(
    instrument: Annotated[
        str, typer.Argument(metavar="INSTRUMENT", help="Name of an instrument, or path of a .ddsp file.")
    ],
    json: Annotated[bool, typer.Option("--json", help="Print the file's metadata as JSON.")] = False,
) -> None:
    """Tell what an instrument is: range, training, scores, licence.

    Example: ddsp-rt info violin
    """
    from ddsp_rt.info_command import describe, metadata_json

    loaded = ddsp_rt.load(instrument)
    print(metadata_json(loaded) if json else describe(loaded))


@app.command()
def instruments() -> None:
    """List the instruments that can be named.

    Looks into DDSP_RT_PATH, the user's data folder and what came with the package.

    Example: ddsp-rt instruments
    """
    from ddsp_rt.info_command import listing

    print(listing())


def _stub(summary: str):
    def command() -> None: ...

    command.__doc__ = summary
    return command


for _name, (_module, _function, _summary) in ELSEWHERE.items():
    if _exists(_module):
        app.command(_name)(_stub(_summary))


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; returns the exit code. A `UserError` ends in its one line, a bug in a traceback."""
    try:
        code = app(arguments, prog_name="ddsp-rt", standalone_mode=False)
        sys.stdout.flush()
        if code == INTERRUPTED:  # some versions of typer turn Ctrl-C into this
            raise KeyboardInterrupt
        return code if isinstance(code, int) else 0
    except UserError as error:
        return _fail(str(error), error.exit_code)
    except (KeyboardInterrupt, typer.Abort):
        return _fail("stopped; nothing half-made is left", INTERRUPTED)
    except BrokenPipeError:  # whoever read our output has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except MemoryError:
        return _fail("out of memory", 1)
    except ImportError as error:
        extra = EXTRAS.get((error.name or "").split(".")[0])
        if extra is not None:
            return _fail(f"this needs {error.name}, which is not installed: pip install 'ddsp-rt[{extra}]'", 1)
        if "_engine" in str(error):
            return _fail("the engine is not built; install the package: pip install .", 1)
        raise
    except Exception as error:
        if hasattr(error, "format_message"):  # what typer says of the arguments
            command = getattr(getattr(error, "ctx", None), "command_path", "ddsp-rt")
            return _fail(f"{error.format_message().rstrip('.')} (see {command} --help)", 2)
        raise


def _fail(message: str, code: int) -> int:
    print(f"ddsp-rt: {message}", file=sys.stderr)
    return code


if __name__ == "__main__":
    sys.exit(main())
