"""The command `ddsp-rt`: reads the arguments, hands the work on, and says in one line what went wrong.

Commands that live elsewhere (training, evaluation, figures) are imported when called, so that `ddsp-rt --help` is quick
and needs neither PyTorch nor matplotlib.
"""

from __future__ import annotations

import contextlib
import os
import re
import signal
import sys
import threading
import traceback
from importlib import import_module
from pathlib import Path
from typing import Annotated

import typer
from typer.core import TyperGroup

import ddsp_rt
from ddsp_rt import arguments, console
from ddsp_rt.arguments import QUIET, VERBOSE, with_verbosity
from ddsp_rt.errors import UserError

# name: (module, function, one line of help)
ELSEWHERE = {
    "inspect": ("ddsp_rt.inspection.commands", "inspect", "Check recordings before training on them."),
    "prepare": ("ddsp_rt.training.commands", "prepare", "Analyse recordings once, for training anywhere."),
    "train": ("ddsp_rt.training.commands", "train", "Train an instrument from recordings."),
    "train-all": ("ddsp_rt.training.rack.commands", "train_all", "Train all instruments of a manifest."),
    "notes": ("ddsp_rt.training.notes_command", "notes", "Measure the attack and vibrato of an instrument's notes."),
    "life": ("ddsp_rt.training.life_command", "life", "Measure how an instrument's held notes move."),
    "evaluate": ("ddsp_rt.evaluation.commands", "evaluate", "Measure an instrument on recordings."),
    "compare": ("ddsp_rt.evaluation.commands", "compare", "Hear and measure two instruments side by side."),
    "room": ("ddsp_rt.room_command", "room", "Give an instrument a small room, a hall or none."),
    "export": ("ddsp_rt.export.commands", "export", "Write an instrument for programs without ddsp-rt."),
    "benchmark": ("ddsp_rt.benchmark", "benchmark", "Measure speed and latency on this machine."),
    "analyse": ("ddsp_rt.analyse_command", "analyse", "Write what is heard: notes, pitch, loudness."),
    "live": ("ddsp_rt.live", "live", "Play an instrument live, by voice or by keys."),
    "play": ("ddsp_rt.play_command", "play", "Play a MIDI file on an instrument."),
    "figure": ("ddsp_rt.figures", "figure", "Draw a transfer, the sound taken apart."),
}
# the extra of the package that brings a module
EXTRAS = {
    "torch": "train",
    "lightning": "train",
    "tensorboard": "train",
    "tomli": "train",
    "swift_f0": "evaluate",
    "librosa": "evaluate",
    "mido": "midi",
    "sounddevice": "live",
    "rtmidi": "live",
    "onnx": "export",
    "onnxscript": "export",
}
# what typer says of a text where a number is wanted or of one out of range, and what to say
NO_NUMBERS = {
    r"Input should be a valid integer.*": "give a whole number",
    r"Input should be a valid number.*": "give a number",
    r"Input should be greater than or equal to (\S+)": r"give \1 or more",
    r"Input should be less than or equal to (\S+)": r"give \1 or less",
}
INTERRUPTED = 130  # exit code after Ctrl-C
HELP = {"help_option_names": ["-h", "--help"]}


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
    alone.command(name, cls=arguments.Command, context_settings=HELP)(with_verbosity(command))
    return typer.main.get_command(alone)


app = typer.Typer(
    cls=Commands,
    context_settings=HELP,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    invoke_without_command=True,
)


def _version(value: bool) -> None:
    if value:
        console.result(f"ddsp-rt {ddsp_rt.__version__}")
        raise typer.Exit()


@app.callback()
def _start(
    context: typer.Context,
    version: Annotated[
        bool, typer.Option("-V", "--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
    verbose: VERBOSE = False,
    quiet: QUIET = False,
) -> None:
    """Neural timbre transfer: any monophonic performance plays a trained instrument.

    Example: ddsp-rt transfer voice.wav --to violin -o violin.wav
    """
    if context.invoked_subcommand is None:
        console.result(context.get_help())


@app.command(cls=arguments.Command)
@with_verbosity
def transfer(
    inputs: Annotated[
        list[Path],
        typer.Argument(
            metavar="INPUT...",
            parser=arguments.path,
            help="Performances: sound files, folders of them, or - for standard input.",
        ),
    ],
    to: arguments.To,
    output: arguments.Output = None,
    octave: arguments.Octave = "auto",
    loudness: arguments.Loudness = "auto",
    loudness_range: Annotated[
        float,
        typer.Option(
            "--loudness-range", metavar="R", help="Multiplies the dynamics, 0.25 to 4; 1 leaves them as played."
        ),
    ] = 1.0,
    sample_rate: Annotated[
        int | None, typer.Option(metavar="HZ", help="Sample rate of the result, 8000 to 192000. [default: the input's]")
    ] = None,
    bit_depth: arguments.BitDepth = "16",
    reverb: arguments.Reverb = 1.0,
    z: Annotated[
        str,
        typer.Option(
            metavar="source|mean", help="Timbre of instruments that have z: the performance's, or their own mean."
        ),
    ] = "source",
    channel: arguments.Channel = None,
    figure: Annotated[
        Path | None,
        typer.Option(
            metavar="PNG",
            parser=arguments.path,
            help="Also draw the parts of the sound (of a single INPUT on a single INSTRUMENT; the first 60 s).",
        ),
    ] = None,
) -> None:
    """Play performances on another instrument.

    The result includes the room's tail, down to -80 dBFS. Of several INPUTs a bad one is named and
    skipped, and the exit code is 1.

    Example: ddsp-rt transfer voice.wav --to violin -o violin.wav --octave 1
    """
    from ddsp_rt.transfer_command import transfer_all

    transfer_all(
        inputs, to, output, octave, loudness, sample_rate, bit_depth, reverb, z, figure, channel, loudness_range
    )


@app.command(cls=arguments.Command)
@with_verbosity
def info(
    instrument: arguments.Installed,
    json: Annotated[bool, typer.Option("--json", help="Print the file's metadata as JSON.")] = False,
) -> None:
    """Describe an instrument: its range, its training, its licence.

    Example: ddsp-rt info violin
    """
    from ddsp_rt.info_command import describe, metadata_json
    from ddsp_rt.morph import one_instrument

    loaded = one_instrument(ddsp_rt.load(instrument))
    console.result(metadata_json(loaded) if json else describe(loaded))


@app.command(cls=arguments.Command)
@with_verbosity
def instruments(
    json: Annotated[bool, typer.Option("--json", help="Print the list as JSON.")] = False,
) -> None:
    """List the installed instruments.

    They are looked up in DDSP_RT_PATH, the user's data folder and the package itself.

    Example: ddsp-rt instruments
    """
    from ddsp_rt.info_command import listing, listing_json

    console.result(listing_json() if json else listing())


def _stub(summary: str):
    def command() -> None: ...

    command.__doc__ = summary
    return command


for _name, (_, _, _summary) in ELSEWHERE.items():
    app.command(_name, cls=arguments.Command)(_stub(_summary))


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; returns the exit code. A `UserError` ends in its one line, a bug in a traceback."""
    console.prepare()
    console.verbosity = console.NORMAL
    signals = _EndedBySignals()
    try:
        with signals:
            code = app(arguments, prog_name="ddsp-rt", standalone_mode=False)
            sys.stdout.flush()
        if code == INTERRUPTED:  # some versions of typer turn Ctrl-C into this
            raise KeyboardInterrupt
        return code if isinstance(code, int) else 0
    except UserError as error:
        return _fail(str(error), error.exit_code)
    except (KeyboardInterrupt, typer.Abort):
        return _fail("stopped; nothing half-made is left", 128 + signals.number)
    except BrokenPipeError:  # whoever read our output has seen enough
        _forget_output()
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
    except OSError as error:
        if console.verbosity >= console.VERBOSE:
            traceback.print_exc()
        name = "" if error.filename is None else f"{console.as_text(error.filename)}: "
        _forget_output()
        return _fail(f"{name}{(error.strerror or str(error) or type(error).__name__).lower()}", 1)
    except Exception as error:
        if hasattr(error, "format_message"):  # what typer says of the arguments
            command = getattr(getattr(error, "ctx", None), "command_path", "ddsp-rt")
            message = error.format_message().rstrip(".")
            for said, wanted in NO_NUMBERS.items():
                message = re.sub(said, wanted, message)
            return _fail(f"{message} (see {command} --help)", 2)
        raise


class _EndedBySignals:
    """Until it is left, SIGTERM and SIGHUP end the work as Ctrl-C does: what is half-made is removed."""

    number = signal.SIGINT

    def __init__(self):
        self._old = {}

    def __enter__(self) -> None:
        if threading.current_thread() is not threading.main_thread():
            return
        for name in ("SIGTERM", "SIGHUP"):
            number = getattr(signal, name, None)
            if number is not None and signal.getsignal(number) == signal.SIG_DFL:
                self._old[number] = signal.signal(number, self._end)

    def __exit__(self, *_) -> None:
        for number, old in self._old.items():
            signal.signal(number, old)

    def _end(self, number: int, frame: object) -> None:
        self.number = number
        raise KeyboardInterrupt


def _fail(message: str, code: int) -> int:
    console.error(f"ddsp-rt: {message}")
    if message.startswith("standard output"):
        _forget_output()
    return code


def _forget_output() -> None:
    """Nothing more can be written: what is left in the buffer must not fail once more at the end."""
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


if __name__ == "__main__":
    sys.exit(main())
