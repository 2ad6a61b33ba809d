"""What several commands take: instruments, files in and out, common options, and -v and -q after any command."""

from __future__ import annotations

import functools
import inspect
import os
import re
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperCommand

from ddsp_rt import console
from ddsp_rt.errors import UsageError

LIMITS = re.compile(r"; [\d.<=]*x[<=>][\d.<=>]+(?=\])|\s*\[[\d.<=]*x[<=>][\d.<=>]+\]")  # messages speak of them


def path(text: str) -> Path:
    """A path as typed. An empty one, as an unset variable of the shell leaves it, is refused: it would mean "here"."""
    text = os.fspath(text)
    if not text.strip():
        raise UsageError("the name of a file is empty; is a variable of the shell not set?")
    return Path(text + os.sep) if text.endswith(os.sep) else Path(text)


def output(text: str) -> str:
    """The name of an output; its ending tells a file from a folder, so it stays a text."""
    if not os.fspath(text).strip():
        raise UsageError("-o: the name of the output is empty; is a variable of the shell not set?")
    return os.fspath(text)


class Command(TyperCommand):
    """A command whose help names arguments as people do, without the types that Python has for them."""

    def format_usage(self, ctx, formatter) -> None:
        arguments = [_argument(param) for param in self.get_params(ctx) if param.param_type_name == "argument"]
        formatter.write_usage(ctx.command_path, " ".join([*arguments, "[OPTIONS]"]))

    def format_options(self, ctx, formatter) -> None:
        rows: dict[str, list[tuple[str, str]]] = {"Arguments": [], "Options": []}
        for param in self.get_params(ctx):
            if (record := param.get_help_record(ctx)) is not None:
                name, text = record[0], LIMITS.sub("", record[1].replace("\\[", "["))  # older typers escape it
                if param.param_type_name == "argument":
                    rows["Arguments"].append((_argument(param), text.removesuffix("[required]").rstrip()))
                else:
                    rows["Options"].append((name, text))
        for title, those in rows.items():
            if those:
                with formatter.section(title):
                    formatter.write_dl(those)


def _argument(param) -> str:
    return param.metavar or param.human_readable_name.upper()


def instrument_names(incomplete: str) -> list[str]:
    """Installed instruments, for the shell's completion."""
    from ddsp_rt.instrument import list_instruments

    return [found.stem for found in list_instruments() if found.stem.startswith(incomplete)]


# What several commands take. The default of an option with "auto|N" is the command's own.
Installed = Annotated[
    str,
    typer.Argument(
        metavar="INSTRUMENT", autocompletion=instrument_names, help="Name of an instrument, or path of a .ddsp file."
    ),
]
To = Annotated[
    str,
    typer.Option(
        "--to",
        metavar="INSTRUMENT",
        autocompletion=instrument_names,
        help="Name of an instrument, or path of a .ddsp file; two with weights, violin:0.6,cello:0.4, play what lies "
        "between.",
    ),
]
ToOne = Annotated[
    str,
    typer.Option(
        "--to",
        metavar="INSTRUMENT",
        autocompletion=instrument_names,
        help="Name of an instrument, or path of a .ddsp file.",
    ),
]
Output = Annotated[
    str | None,
    typer.Option(
        "-o",
        "--output",
        metavar="OUT",
        parser=output,
        help="A file if it ends in .wav, .flac or .aiff, - for standard output, else a folder. "
        "[default: INPUT-INSTRUMENT.wav here]",
    ),
]
Recordings = Annotated[
    list[Path], typer.Argument(metavar="RECORDINGS...", parser=path, help="Audio files, or folders of them.")
]
Octave = Annotated[
    str,
    typer.Option(
        "--octave",
        metavar="auto|N",
        help="Octaves to shift the pitch by, from -4 to 4; auto brings it into the instrument's range.",
    ),
]
Loudness = Annotated[
    str,
    typer.Option(
        "--loudness", metavar="auto|DB", help="Loudness offset in dB, from -60 to 60; auto fits the instrument's."
    ),
]
Reverb = Annotated[
    float,
    typer.Option("--reverb", metavar="G", help="How much of the instrument's room is heard: 0 is dry, 2 is the most."),
]
Channel = Annotated[
    int | None,
    typer.Option("--channel", metavar="N", min=1, help="Channel to read, counted from 1. [default: a mix of all]"),
]
BitDepth = Annotated[str, typer.Option("--bit-depth", metavar="16|24|float", help="Sample format of the result.")]


def _louder(value: bool) -> None:
    if value:
        console.verbosity = console.VERBOSE


def _quieter(value: bool) -> None:
    if value:
        console.verbosity = console.QUIET


VERBOSE = Annotated[
    bool, typer.Option("-v", "--verbose", callback=_louder, is_eager=True, help="Say more about what is being done.")
]
QUIET = Annotated[bool, typer.Option("-q", "--quiet", callback=_quieter, is_eager=True, help="Say nothing but errors.")]


def with_verbosity(command: Any) -> Any:
    """The command with options -v and -q added."""

    @functools.wraps(command)
    def wrapped(**arguments: Any) -> Any:
        arguments.pop("verbose")
        arguments.pop("quiet")
        return command(**arguments)

    signature = inspect.signature(command, eval_str=True)
    more = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=False, annotation=kind)
        for name, kind in (("verbose", VERBOSE), ("quiet", QUIET))
    ]
    wrapped.__signature__ = signature.replace(parameters=[*signature.parameters.values(), *more])
    wrapped.__annotations__ = {p.name: p.annotation for p in wrapped.__signature__.parameters.values()}
    del wrapped.__wrapped__
    return wrapped
