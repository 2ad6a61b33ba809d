"""The commands `ddsp-rt prepare` and `ddsp-rt train`; `cli` registers them. PyTorch waits until options are right."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ddsp_rt import arguments, console
from ddsp_rt.errors import UsageError
from ddsp_rt.sound_files.source import shown

RecordingsOrData = Annotated[
    list[Path],
    typer.Argument(
        metavar="RECORDINGS...", parser=arguments.path, help="Audio files or folders, or one data set made by prepare."
    ),
]
Rate = Annotated[int, typer.Option(metavar="16000|48000", help="Model rate, Hz.")]
HoldOut = Annotated[
    float,
    typer.Option(
        metavar="S", min=0.0, help="Leave out the last S seconds of every recording longer than a minute, for tests."
    ),
]

TrainingRate = Annotated[
    int | None,
    typer.Option(metavar="16000|48000", help="Model rate, Hz. [default: 16000, or that of --from or the data set]"),
]
TrainingHoldOut = Annotated[
    float | None,
    typer.Option(
        metavar="S", min=0.0, help="Leave out the last S seconds of every recording longer than a minute, for tests."
    ),
]
FromNotes = Annotated[
    bool | None,
    typer.Option(
        "--from-notes/--no-from-notes",
        help="Join recordings of single notes into phrases as well. [default: where most of the data are such]",
    ),
]


def prepare(
    recordings: arguments.Recordings,
    output: Annotated[
        Path,
        typer.Option("-o", "--output", metavar="DATA", parser=arguments.path, help="Data set to write (.safetensors)."),
    ],
    sample_rate: Rate = 16_000,
    hold_out: HoldOut = 0.0,
    channel: arguments.Channel = None,
    from_notes: FromNotes = None,
    jobs: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="Number of processes. [default: one per core]")
    ] = None,
) -> None:
    """Analyse recordings once, so that an instrument can be trained from the result on any machine.

    What cannot be learnt from (silence, clipping, several notes at once) is left out. An interrupted run continues
    where it stopped; unreadable files are named and skipped, and the exit code is 1.

    Example: ddsp-rt prepare my-violin/ -o violin.safetensors --hold-out 30
    """
    from ddsp_rt.training.preparation import describe
    from ddsp_rt.training.preparation import prepare as run

    _check_rate(sample_rate)
    summary = run(
        recordings,
        output,
        model_rate=sample_rate,
        hold_out=hold_out,
        channel=channel,
        from_notes=from_notes,
        workers=jobs,
    )
    console.say(f"{describe(summary)}: {shown(output)}")
    if summary["skipped"]:
        raise typer.Exit(1)


def train(
    recordings: RecordingsOrData,
    output: Annotated[
        Path,
        typer.Option(
            "-o", "--output", metavar="INSTRUMENT", parser=arguments.path, help="Instrument to write (.ddsp)."
        ),
    ],
    name: Annotated[str | None, typer.Option(metavar="N", help="Name of the instrument. [default: the file's]")] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Continue the run with this output where it stopped.")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace an instrument or run that exists already.")] = False,
    base: Annotated[
        str | None, typer.Option("--from", metavar="INSTRUMENT", help="Start from another instrument (fine-tuning).")
    ] = None,
    minutes: Annotated[float | None, typer.Option(metavar="M", help="Train for M minutes.")] = None,
    steps: Annotated[int | None, typer.Option(metavar="N", min=1, help="Train for N steps.")] = None,
    sample_rate: TrainingRate = None,
    z: Annotated[
        bool, typer.Option("--z", help="Also learn how the performance's timbre is to colour the sound.")
    ] = False,
    seed: Annotated[
        int | None, typer.Option(metavar="N", min=0, max=2**31 - 1, help="Random seed. [default: 0]")
    ] = None,
    networks: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            min=1,
            help="Train N networks apart, and one that plays the mean of them all; each takes two thirds of the time "
            "again. [default: 1]",
        ),
    ] = None,
    device: Annotated[str, typer.Option(metavar="auto|cpu|cuda", help="Device to train on.")] = "auto",
    devices: Annotated[int, typer.Option(metavar="N", min=1, help="Number of processes (GPUs) per machine.")] = 1,
    nodes: Annotated[int, typer.Option(metavar="N", min=1, help="Number of machines.")] = 1,
    room: Annotated[
        str | None,
        typer.Option(
            "--room",
            metavar="ROOM",
            help="Folder whose room the instrument gets (several, joined by commas, get one together), or dry, small "
            "or hall. [default: that of most data]",
        ),
    ] = None,
    hold_out: TrainingHoldOut = None,
    channel: arguments.Channel = None,
    from_notes: FromNotes = None,
    licence: Annotated[
        str | None, typer.Option(metavar="TEXT", help="Licence of the instrument. [default: the manifest's]")
    ] = None,
    attribution: Annotated[
        str | None, typer.Option(metavar="TEXT", help="Whom to credit. [default: the manifest's]")
    ] = None,
) -> None:
    """Train an instrument from recordings of one monophonic instrument.

    Without --minutes or --steps it trains until the held-out loss stops falling. The instrument is written as soon as
    there is one and whenever it gets better; Ctrl-C ends the run and keeps what was learnt; --resume continues it. An
    instrument or a run that exists already is replaced with --force only. A file manifest.csv (columns file, licence,
    attribution) beside the recordings gives the credits.

    Example: ddsp-rt train my-violin/ -o my-violin.ddsp --minutes 30
    """
    from ddsp_rt.training import train as run

    run(
        recordings,
        output,
        name=name,
        resume=resume,
        force=force,
        base=base,
        minutes=minutes,
        steps=steps,
        sample_rate=sample_rate,
        z=z,
        seed=seed,
        networks=networks,
        device=device,
        devices=devices,
        nodes=nodes,
        room=room,
        hold_out=hold_out,
        channel=channel,
        from_notes=from_notes,
        licence=licence,
        attribution=attribution,
    )


def _check_rate(rate: int) -> None:
    if rate not in (16_000, 48_000):
        raise UsageError(f"--sample-rate {rate}: give 16000 or 48000")
