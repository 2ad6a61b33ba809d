"""`prepare`: a folder of recordings becomes one data set, analysed by the same engine that plays instruments."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterable
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ddsp_rt.analysis import FRAME_RATE
from ddsp_rt.console import counted, say
from ddsp_rt.content_hash import content_hash
from ddsp_rt.errors import DataError, UserError
from ddsp_rt.gates import silent_frames, usable_frames
from ddsp_rt.inspection.reverberation import band_level, decay_times
from ddsp_rt.instrument_file import ANALYSER
from ddsp_rt.progress import Progress
from ddsp_rt.training.data_file import FORMAT_VERSION, TENSORS, read_header, write_tensors
from ddsp_rt.training.processes import side_by_side
from ddsp_rt.training.recordings import Recording, find_recordings
from ddsp_rt.training.statistics import Statistics

PREPARE_VERSION = 5  # raised when the same recording and analyser would give other tensors
SHARD_SECONDS = 3600.0  # a shard is closed when it holds this much
HOLD_OUT_ABOVE = 60.0  # seconds: shorter recordings are notes, of which nothing is held out
MOST_DECAYS = 8  # kept per recording
DIGITAL_SILENCE = -99.0  # dB: below this there is no noise floor to measure


@dataclass(frozen=True)
class Job:
    """One recording to analyse into a part file of the data set."""

    recording: Recording
    folder: Path  # of the part files
    model_rate: int
    hold_out: float  # seconds
    channel: int | None = None  # counted from 1; None mixes them down


def prepare(
    recordings: str | os.PathLike[str] | Iterable[str | os.PathLike[str]],
    output: str | os.PathLike[str],
    *,
    model_rate: int = 16_000,
    hold_out: float = 0.0,
    channel: int | None = None,
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
        workers: processes; one per core when None, and 1 is this one.
        report: called with one line of text for everything worth saying.

    Returns:
        {"recordings", "skipped", "seconds", "usable_seconds", "left_out": {reason: seconds}, "path", "errors"}.

    Raises:
        DataError: nothing usable, or the output cannot be written.
    """
    output = Path(output)
    if output.suffix != ".safetensors":
        raise DataError(f"{output}: end the name of a data set in .safetensors")
    found = find_recordings(recordings, report)
    folder = output.with_name(f".{output.name}.parts")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DataError(f"{output}: cannot be written: {error.strerror}") from None
    jobs = [Job(recording, folder, model_rate, hold_out, channel) for recording in found]
    parts, errors = _analyse_all(jobs, workers or os.cpu_count() or 1, report)
    used = _without_copies([(job.recording, part) for job, part in zip(jobs, parts) if part], report)
    if not used:
        raise DataError(f"none of {len(found)} recordings can be used" + (f"; {errors[0]}" if errors else ""))
    summary = _write_shards(output, used, model_rate, hold_out, channel)
    shutil.rmtree(folder, ignore_errors=True)
    summary |= {"skipped": len(errors), "errors": errors, "path": str(output)}
    if errors:
        report(f"skipped {len(errors)} of {len(found)} files")
    return summary


def cache_folder() -> Path:
    """Where analyses are kept: `$DDSP_RT_CACHE`, or `ddsp-rt` in the user's cache folder.

    Where the user has no home the system's folder of temporary files takes its place; a relative `$XDG_CACHE_HOME` is
    ignored, as the XDG specification wants it.
    """
    if own := os.environ.get("DDSP_RT_CACHE"):
        return Path(os.path.expanduser(own))
    for base in (os.environ.get("XDG_CACHE_HOME", ""), os.path.join(os.path.expanduser("~"), ".cache")):
        if os.path.isabs(base):
            return Path(base) / "ddsp-rt"
    return Path(tempfile.gettempdir()) / "ddsp-rt-cache"


def _analyse_all(jobs: list[Job], workers: int, report) -> tuple[list[Path | None], list[str]]:
    """The part file of each job, None where it failed, and one line per failure."""
    parts: list[Path | None] = [None] * len(jobs)
    errors: list[str] = []
    bar = Progress("analysing", len(jobs), "files", report)
    with side_by_side(_analyse_safely, jobs, workers) as results, bar as progress:
        for index, result in results:
            try:
                part, error = result()
            except BrokenProcessPool:
                raise DataError(f"{jobs[index].recording.path}: the analysis was killed (out of memory?)") from None
            parts[index] = part
            if part is not None and (note := read_header(part)[0]["recordings"][0].get("note")):
                progress.say(f"note: {note}")
            if error:
                errors.append(error)
                progress.say(f"skipped {error}")
            progress.advance()
    return parts, errors


def _analyse_safely(job: Job) -> tuple[Path | None, str]:
    try:
        return _analyse(job), ""
    except UserError as error:
        return None, str(error)
    except MemoryError:
        return None, f"{job.recording.path}: too long for the memory at hand; cut it into pieces"
    except OSError as error:
        return None, f"{job.recording.path}: {error.strerror or error}"


def _analyse(job: Job) -> Path:
    """Write the part file of one recording (a data set of its own) unless it is there already; returns its path."""
    from ddsp_rt.audio import read_audio

    content = content_hash(job.recording.path)
    heard = content[:32] + (f"-c{job.channel}" if job.channel else "")
    key = f"{heard}-a{ANALYSER['version']}-p{PREPARE_VERSION}-{job.model_rate}-{job.hold_out:g}"
    part = job.folder / f"{key}.safetensors"
    if part.exists():
        return part
    notes: list[str] = []
    audio, rate = read_audio(job.recording.path, report=notes.append, channel=job.channel)
    features = _features(heard, audio, rate)
    gates = usable_frames(audio, rate, features["f0"], features["periodicity"], features["loudness"])
    length = job.model_rate // FRAME_RATE
    resampled = _resample(audio, rate, job.model_rate)
    frames = min(len(features["f0"]), len(resampled) // length)
    seconds, held = len(audio) / rate, 0.0
    if seconds > HOLD_OUT_ABOVE and job.hold_out > 0:
        held = min(job.hold_out, seconds)
        frames = min(frames, int((seconds - held) * FRAME_RATE))
    if frames < 1:
        raise DataError(f"{job.recording.path}: too short to learn from")
    tensors = {name: value[:frames] for name, value in features.items()}
    tensors["audio"] = resampled[: frames * length]
    tensors["usable"] = gates.usable[:frames].astype(np.uint8)
    left_out = {name: float(np.sum(mask[:frames])) / FRAME_RATE for name, mask in gates.reasons.items()}
    table = {
        "sha256": content,
        "note": " ".join(notes),
        "native_rate": rate,
        "seconds": frames / FRAME_RATE,
        "held_out_seconds": held,
        "usable_seconds": float(np.sum(tensors["usable"])) / FRAME_RATE,
        "left_out": {name: round(value, 3) for name, value in left_out.items()},
        "outside_seconds": _outside(tensors["outside"], tensors["loudness"]),
        "noise_floor_db": _noise_floor(tensors["loudness"]),
        "decays": _decays(tensors["audio"], job.model_rate),
    }
    whole = {"format_version": FORMAT_VERSION, "model_rate": job.model_rate, "recordings": [table]}
    write_tensors(part, whole, {f"0/{name}": tensors[name] for name in TENSORS})
    return part


def _features(heard: str, audio: np.ndarray, rate: int) -> dict[str, np.ndarray]:
    """The engine's analysis, from the cache where it has been made before of what is `heard`, by its name there."""
    names = ("f0", "periodicity", "loudness", "fast_loudness", "balance", "outside", "mfcc")
    name = f"{heard}-a{ANALYSER['version']}-p{PREPARE_VERSION}.safetensors"
    cached = cache_folder() / "features" / name
    try:
        _, spans = read_header(cached)
        stored = {n: np.fromfile(cached, spans[n].dtype, offset=spans[n].offset, count=-1) for n in names}
        return {n: stored[n][: int(np.prod(spans[n].shape))].reshape(spans[n].shape) for n in names}
    except (DataError, KeyError, OSError):
        pass
    from ddsp_rt import _engine

    found = _engine.analyse(np.ascontiguousarray(audio, np.float32), rate, mfcc=True)
    features = {name: np.asarray(found[name], np.float16 if name == "mfcc" else np.float32) for name in names}
    try:
        cached.parent.mkdir(parents=True, exist_ok=True)
        write_tensors(cached, {"format_version": FORMAT_VERSION}, features)
    except (DataError, OSError):
        pass  # a cache that cannot be written costs time only
    return features


def _resample(audio: np.ndarray, rate: int, model_rate: int) -> np.ndarray:
    import soxr

    return audio if rate == model_rate else soxr.resample(audio, rate, model_rate, quality="HQ").astype(np.float32)


def _outside(outside: np.ndarray, loudness: np.ndarray) -> float:
    """Seconds of sound whose pitch lies below or above what the tracker follows."""
    return float(np.sum((outside != 0) & ~silent_frames(loudness))) / FRAME_RATE


def _noise_floor(loudness: np.ndarray) -> float | None:
    """Median loudness of the pauses in dB; None where there are no pauses, or only digital silence."""
    quiet = loudness[silent_frames(loudness) & (loudness > DIGITAL_SILENCE)]
    return round(float(np.median(quiet)), 2) if len(quiet) >= FRAME_RATE // 10 else None


def _decays(audio: np.ndarray, rate: int) -> list[list[float]]:
    """Free falls of the level: [T60, seconds it was seen], the longest first; training pools them by room."""
    times, lengths = decay_times(band_level(audio, rate))
    order = np.argsort(-lengths)[:MOST_DECAYS]
    return [[round(float(times[i]), 3), round(float(lengths[i]), 3)] for i in order]


def _without_copies(used: list[tuple[Recording, Path]], report) -> list[tuple[Recording, Path]]:
    """Each content once: copies of a file share its part."""
    seen: dict[Path, Recording] = {}
    for recording, part in used:
        if part in seen:
            report(f"{recording.path}: the same content as {seen[part].path}; used once")
        else:
            seen[part] = recording
    return [(recording, part) for part, recording in seen.items()]


def _write_shards(
    output: Path, used: list[tuple[Recording, Path]], model_rate: int, hold_out: float, channel: int | None
) -> dict[str, Any]:
    """Join the parts into shards; the first, which names the others, is written last."""
    shards: list[list[tuple[Recording, Path, dict[str, Any]]]] = [[]]
    filled = 0.0
    statistics = Statistics()
    for recording, part in used:
        table, spans = read_header(part)
        statistics.add({name: _load(spans[f"0/{name}"]) for name in Statistics.READS})
        seconds = table["recordings"][0]["seconds"]
        if shards[-1] and filled + seconds > SHARD_SECONDS:
            shards.append([])
            filled = 0.0
        filled += seconds
        shards[-1].append((recording, part, table["recordings"][0]))
    names = [output.name] + [f"{output.stem}.{number}.safetensors" for number in range(2, len(shards) + 1)]
    tables = [entry[2] for shard in shards for entry in shard]
    common = {
        "format_version": FORMAT_VERSION,
        "model_rate": model_rate,
        "frame_rate": FRAME_RATE,
        "analyser": ANALYSER,
        "hold_out": hold_out,
        "channel": channel,
    }
    for number in reversed(range(len(shards))):
        recordings, tensors = [], {}
        for index, (recording, part, table) in enumerate(shards[number]):
            origin = {"name": recording.name, "file": recording.path.name, "room": recording.room}
            credit = {"licence": recording.licence, "attribution": recording.attribution}
            recordings.append({**origin, **credit, **table})
            _, spans = read_header(part)
            tensors |= {f"{index}/{name}": spans[f"0/{name}"] for name in TENSORS}
        whole = {**common, "recordings": recordings}
        if number == 0:
            whole |= {"shards": names, **statistics.table([table["noise_floor_db"] for table in tables])}
        write_tensors(output.with_name(names[number]), whole, tensors)
    return {
        "recordings": len(tables),
        "seconds": round(sum(table["seconds"] for table in tables), 3),
        "usable_seconds": round(sum(table["usable_seconds"] for table in tables), 3),
        "left_out": {n: round(sum(t["left_out"][n] for t in tables), 3) for n in tables[0]["left_out"]},
        "held_out_seconds": round(sum(table["held_out_seconds"] for table in tables), 3),
        "shards": names,
    }


def _load(span) -> np.ndarray:
    return np.fromfile(span.path, span.dtype, count=int(np.prod(span.shape)), offset=span.offset).reshape(span.shape)


def describe(summary: dict[str, Any]) -> str:
    """One line on what was prepared and what was left out."""
    left_out = ", ".join(f"{name} {seconds:.0f} s" for name, seconds in summary["left_out"].items() if seconds >= 0.5)
    minutes, usable = summary["seconds"] / 60, summary["usable_seconds"] / 60
    line = f"{counted(summary['recordings'], 'recording')}, {minutes:.1f} min, {usable:.1f} usable"
    if left_out:
        line += f" (left out: {left_out})"
    if summary["held_out_seconds"]:
        line += f"; {summary['held_out_seconds']:.0f} s kept out"
    return line
