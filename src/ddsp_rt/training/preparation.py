"""`prepare`: a folder of recordings becomes one data set, analysed by the same engine that plays instruments."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import Any

from ddsp_rt.analysis import FRAME_RATE
from ddsp_rt.console import counted, say
from ddsp_rt.errors import DataError, UsageError
from ddsp_rt.instrument_file import ANALYSER
from ddsp_rt.progress import Progress
from ddsp_rt.training.data_file import (
    FORMAT_VERSION,
    TENSORS,
    NotWritten,
    PreparedData,
    read_header,
    read_tensor,
    write_tensors,
)
from ddsp_rt.training.joined import in_phrases, joined_in
from ddsp_rt.training.parts import Job, analyse_safely
from ddsp_rt.training.phrases import Joined, PhraseJob, join
from ddsp_rt.training.processes import side_by_side
from ddsp_rt.training.recordings import Recording, find_recordings
from ddsp_rt.training.statistics import Statistics

SHARD_SECONDS = 3600.0  # a shard is closed when it holds this much


def prepare(
    recordings: str | os.PathLike[str] | Iterable[str | os.PathLike[str]],
    output: str | os.PathLike[str],
    *,
    model_rate: int = 16_000,
    hold_out: float = 0.0,
    channel: int | None = None,
    from_notes: bool | None = None,
    workers: int | None = None,
    report: Callable[[str], None] = say,
) -> dict[str, Any]:
    """Analyse recordings into a data set at `output` (`*.safetensors`; further shards beside it above an hour).

    Files are analysed at their own rate in parallel processes and resampled to `model_rate` with zero phase. What was
    analysed once is kept (by content and analyser version) in the user's cache, and an interrupted run goes on where
    it stopped. Files that cannot be used are named to `report`, skipped and counted.

    Args:
        recordings: an audio file, a folder, or several of them.
        model_rate: Hz, 16000 or 48000.
        hold_out: the last so many seconds of every recording longer than a minute stay out of the data set.
        channel: which one to take of every recording, counted from 1; None mixes them down.
        from_notes: join recordings of single notes into phrases as well; None: where most of the data are such.
        workers: processes; one per core when None, and 1 is this one.
        report: called with one line of text for everything worth saying.

    Returns:
        {"recordings", "skipped", "seconds", "usable_seconds", "left_out": {reason: seconds}, "path", "errors",
        "joined": None or what was joined, see `joined_in`}.

    Raises:
        UsageError: a name that no data set has, or a data set in place of recordings.
        DataError: nothing in them can be learnt from, no notes where they are to be joined, or the output cannot be
            written.
    """
    output = Path(output)
    if output.suffix != ".safetensors":
        raise UsageError(f"{output}: end the name of a data set in .safetensors")
    found = find_recordings(recordings, report)
    folder = output.with_name(f".{output.name}.parts")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DataError(f"{output}: cannot be written: {error.strerror}") from None
    workers = workers or os.cpu_count() or 1
    jobs = [Job(recording, folder, model_rate, hold_out, channel) for recording in found]
    parts, errors = _analyse_all("analysing", jobs, workers, output, report)
    used = _without_copies([(job.recording, part) for job, part in zip(jobs, parts) if part], report)
    heard = [read_header(part)[0]["recordings"][0] for _, part in used]
    if not any(table["usable_seconds"] for table in heard):
        shutil.rmtree(folder, ignore_errors=True)
        why = _listed(_left_out(heard)) or "; ".join(errors[:1])
        raise DataError(f"none of {counted(len(found), 'recording')} can be used" + (f": {why}" if why else ""))
    entries = [_entry(recording, part) for recording, part in used]
    joined = Joined()
    if from_notes is not False:
        joined = join(used, from_notes is True, folder, model_rate, channel, report)
    for index, held_out in joined.marks.items():
        entries[index][0]["held_out"] = held_out
    phrases, failed = _analyse_all("joining notes", joined.jobs, workers, output, report)
    if failed:
        raise DataError(f"the notes could not be joined: {failed[0]}")
    entries += [_phrase_entry(job, part) for job, part in zip(joined.jobs, phrases) if part]
    common = {"model_rate": model_rate, "hold_out": hold_out, "channel": channel}
    common |= {"from_notes": bool(joined.jobs), "rooms": joined.rooms}
    summary = _write_shards(output, entries, common)
    summary["joined"] = joined_in(PreparedData(output)) if joined.jobs else None
    shutil.rmtree(folder, ignore_errors=True)
    summary |= {"skipped": len(errors), "errors": errors, "path": str(output)}
    if errors:
        report(f"skipped {len(errors)} of {len(found)} files")
    return summary


def _analyse_all(
    what: str, jobs: Sequence[Job | PhraseJob], workers: int, output: Path, report: Callable[[str], None]
) -> tuple[list[Path | None], list[str]]:
    """The part file of each job, None where it failed, and one line per failure."""
    if not jobs:
        return [], []
    parts: list[Path | None] = [None] * len(jobs)
    errors: list[str] = []
    bar = Progress(what, len(jobs), "files" if isinstance(jobs[0], Job) else "phrases", report)
    with side_by_side(analyse_safely, jobs, workers) as results, bar as progress:
        for index, result in results:
            try:
                part, error = result()
            except NotWritten as refused:
                raise DataError(f"{output}: could not be written: {refused.reason}") from None
            except BrokenProcessPool:
                raise DataError(f"{jobs[index].name}: the analysis was killed (out of memory?)") from None
            parts[index] = part
            if part is not None and (note := read_header(part)[0]["recordings"][0].get("note")):
                progress.say(f"note: {note}")
            if error:
                errors.append(error)
                if len(jobs) > 1:  # of a single one the reason is all there is to say
                    progress.say(f"skipped {error}")
            progress.advance()
    return parts, errors


def _without_copies(used: list[tuple[Recording, Path]], report) -> list[tuple[Recording, Path]]:
    """Each content once: copies of a file share its part."""
    seen: dict[Path, Recording] = {}
    for recording, part in used:
        if part in seen:
            report(f"{recording.path}: the same content as {seen[part].path}; used once")
        else:
            seen[part] = recording
    return [(recording, part) for part, recording in seen.items()]


Entry = tuple[dict[str, Any], Path]  # what a data set says of a recording before what its part says, and the part


def _entry(recording: Recording, part: Path) -> Entry:
    origin = {"name": recording.name, "file": recording.path.name, "room": recording.room}
    return origin | {"licence": recording.licence, "attribution": recording.attribution}, part


def _phrase_entry(job: PhraseJob, part: Path) -> Entry:
    """Of a phrase; whose notes it is made of is said with them."""
    room = job.notes[0].recording.room
    return {"name": job.name, "file": "", "room": room, "licence": "", "attribution": "", **job.table}, part


def _write_shards(output: Path, entries: list[Entry], asked: dict[str, Any]) -> dict[str, Any]:
    """Join the parts into shards; the first, which names the others, is written last."""
    shards: list[list[tuple[dict[str, Any], Path]]] = [[]]
    filled = 0.0
    recorded, heard = Statistics(), Statistics()  # of what was recorded, and of all that is learnt from
    for about, part in entries:
        table, spans = read_header(part)
        frames = {name: read_tensor(spans[f"0/{name}"]) for name in Statistics.READS}
        for statistics in (heard,) if "joined" in about else (recorded, heard):
            statistics.add(frames)
        seconds = table["recordings"][0]["seconds"]
        if shards[-1] and filled + seconds > SHARD_SECONDS:
            shards.append([])
            filled = 0.0
        filled += seconds
        shards[-1].append(({**about, **table["recordings"][0]}, part))
    names = [output.name] + [f"{output.stem}.{number}.safetensors" for number in range(2, len(shards) + 1)]
    tables = [table for shard in shards for table, _ in shard if "joined" not in table]
    common = {"format_version": FORMAT_VERSION, "frame_rate": FRAME_RATE, "analyser": ANALYSER, **asked}
    for number in reversed(range(len(shards))):
        tensors = {}
        for index, (_, part) in enumerate(shards[number]):
            _, spans = read_header(part)
            tensors |= {f"{index}/{name}": spans[f"0/{name}"] for name in TENSORS}
        whole = {**common, "recordings": [table for table, _ in shards[number]]}
        if number == 0:
            floors = [table["noise_floor_db"] for table in tables]
            # What is usual and when to be silent follow from all that the network heard; what is loud and what is high,
            # from how the instrument was played.
            told = heard.table(floors)
            whole |= {"shards": names, **recorded.table(floors), "usual": told["usual"], "gate_db": told["gate_db"]}
        write_tensors(output.with_name(names[number]), whole, tensors)
    return {
        "recordings": len(tables),
        "seconds": round(sum(table["seconds"] for table in tables), 3),
        "usable_seconds": round(sum(table["usable_seconds"] for table in tables), 3),
        "left_out": _left_out(tables),
        "held_out_seconds": round(sum(table["held_out_seconds"] for table in tables), 3),
        "shards": names,
    }


def _left_out(tables: list[dict[str, Any]]) -> dict[str, float]:
    """Seconds of all recordings by the reason why they are left out."""
    return {n: round(sum(t["left_out"][n] for t in tables), 3) for n in (tables[0]["left_out"] if tables else ())}


def _listed(left_out: dict[str, float]) -> str:
    return ", ".join(f"{name} {seconds:.0f} s" for name, seconds in left_out.items() if seconds >= 0.5)


def describe(summary: dict[str, Any]) -> str:
    """One line on what was prepared and what was left out."""
    left_out = _listed(summary["left_out"])
    minutes, usable = summary["seconds"] / 60, summary["usable_seconds"] / 60
    line = f"{counted(summary['recordings'], 'recording')}, {minutes:.1f} min, {usable:.1f} usable"
    if left_out:
        line += f" (left out: {left_out})"
    if summary["held_out_seconds"]:
        line += f"; {summary['held_out_seconds']:.0f} s kept out"
    if summary["joined"]:
        line += f"; {in_phrases(summary['joined'])}"
    return line
