"""The command `ddsp-rt train-all`: a rack of instruments from one manifest."""

from __future__ import annotations

import os
from json import loads as from_json
from pathlib import Path
from typing import Annotated, Any

import typer

from ddsp_rt import arguments, console
from ddsp_rt.errors import DataError, UsageError
from ddsp_rt.sound_files.source import shown

AT_ONCE_ON_A_CLUSTER = 1000  # what its queue is for


def train_all(
    manifest: Annotated[
        Path, typer.Argument(metavar="MANIFEST", parser=arguments.path, help="What to make, and from what (.toml).")
    ],
    data: Annotated[
        Path, typer.Option("--data", metavar="FOLDER", parser=arguments.path, help="The recordings that it names.")
    ],
    output: Annotated[
        Path,
        typer.Option("-o", "--output", metavar="FOLDER", parser=arguments.path, help="Folder for the instruments."),
    ] = Path("trained"),
    jobs: Annotated[
        int | None,
        typer.Option(metavar="N", min=1, help="How many at once. [default: 1; on a cluster all that can be]"),
    ] = None,
    only: Annotated[
        list[str],
        typer.Option("--only", metavar="NAME", help="Make only NAME and what it starts from. May be given repeatedly."),
    ] = [],
    force: Annotated[bool, typer.Option("--force", help="Make again also what is there, from the beginning.")] = False,
    submitit: Annotated[
        list[str],
        typer.Option(
            "--submitit",
            metavar="KEY=VALUE",
            help="Run on a cluster, with a parameter of submitit's executor, such as timeout_min=240. May be repeated.",
        ),
    ] = [],
    json: Annotated[bool, typer.Option("--json", help="Print the results as JSON.")] = False,
) -> None:
    """Train all instruments of a manifest, each by a process `ddsp-rt train`, and show one table of results.

    Called again it goes on: what is done is left alone, what was begun is resumed. Each has a log beside it. Of those
    that fail the reason is given at the end, and the exit code is 1. docs/training.md explains the manifest.

    Example: ddsp-rt train-all instruments/manifest.toml --data recordings -o trained --jobs 2
    """
    from ddsp_rt.training.rack.cluster import Cluster
    from ddsp_rt.training.rack.manifest import read_rack, with_bases
    from ddsp_rt.training.rack.places import ThisMachine
    from ddsp_rt.training.rack.results import results, show
    from ddsp_rt.training.rack.schedule import run

    entries = read_rack(manifest)
    entries = with_bases(entries, only) if only else entries
    data, output = (Path(os.path.abspath(folder)) for folder in (data, output))
    if not data.is_dir():
        raise DataError(f"--data {shown(data)}: no such folder")
    made = [_job(entry, data, output, force, f"{shown(manifest)}: [{entry.stem}]") for entry in entries]
    output.mkdir(parents=True, exist_ok=True)
    place: ThisMachine | Cluster = ThisMachine(jobs or 1)
    if submitit:
        place = Cluster(output / "submitit", jobs or AT_ONCE_ON_A_CLUSTER, dict(map(_parameter, submitit)))
    outcomes = run(made, {entry.stem: entry.base for entry in entries}, place, _tell)
    found = results(made, outcomes)
    if json:
        console.result(console.as_json(found))
    else:
        show(found)
    missing = [job for job in made if not outcomes[job.name].is_there]
    for job in missing:
        log = f" ({job.log})" if job.log.exists() else ""
        console.error(f"ddsp-rt: {job.name}: {outcomes[job.name].state}: {outcomes[job.name].why}{log}")
    if missing:
        raise typer.Exit(1)


def _job(entry: Any, data: Path, output: Path, force: bool, where: str):
    from ddsp_rt.training.rack.job import Job
    from ddsp_rt.training.rack.recordings import digest, recordings_of

    paths = recordings_of(entry, data, where)
    target = output / f"{entry.stem}.ddsp"
    base = None if entry.base is None else output / f"{entry.base}.ddsp"
    words = [*map(str, paths), "-o", str(target), *entry.options]
    words += [] if base is None else ["--from", str(base)]
    return Job(target, words, digest(paths), base, force)


def _parameter(text: str) -> tuple[str, Any]:
    key, equals, value = text.partition("=")
    if not (equals and key.isidentifier() and value):
        raise UsageError(f"--submitit {text}: give KEY=VALUE, such as timeout_min=240")
    try:
        return key, from_json(value)  # numbers, true, lists
    except ValueError:
        return key, value


def _tell(line: str) -> None:
    if console.verbosity > console.QUIET:
        console.error(line)
