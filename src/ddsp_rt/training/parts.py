"""One recording analysed into a part file: a data set of its own, of which `prepare` makes the whole."""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from ddsp_rt.analysis import FRAME_RATE
from ddsp_rt.content_hash import content_hash
from ddsp_rt.errors import DataError, UserError
from ddsp_rt.gates import silent_frames, usable_frames
from ddsp_rt.inspection.reverberation import band_level, decay_times
from ddsp_rt.instrument_file import ANALYSER
from ddsp_rt.training.data_file import FORMAT_VERSION, TENSORS, NotWritten, read_header, read_tensor, write_tensors
from ddsp_rt.training.phrase_audio import phrase_audio
from ddsp_rt.training.phrases import PhraseJob
from ddsp_rt.training.recordings import Recording

PREPARE_VERSION = 5  # raised when the same recording and analyser would give other tensors
HOLD_OUT_ABOVE = 60.0  # seconds: shorter recordings are notes, of which nothing is held out
MOST_DECAYS = 8  # kept per recording
SOUNDS = 8  # recordings of notes held in memory
DIGITAL_SILENCE = -99.0  # dB: below this there is no noise floor to measure


@dataclass(frozen=True)
class Job:
    """One recording to analyse into a part file of the data set."""

    recording: Recording
    folder: Path  # of the part files
    model_rate: int
    hold_out: float  # seconds
    channel: int | None = None  # counted from 1; None mixes them down

    @property
    def name(self) -> str:
        return str(self.recording.path)


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


def analyse_safely(job: Job | PhraseJob) -> tuple[Path | None, str]:
    """The part file of a recording or a phrase, or None and why there is none. Raises NotWritten."""
    try:
        return (_phrase(job) if isinstance(job, PhraseJob) else _recording(job)), ""
    except NotWritten:
        raise  # whatever comes next would not be written either
    except UserError as error:
        return None, str(error)
    except MemoryError:
        return None, f"{job.name}: too long for the memory at hand; cut it into pieces"
    except OSError as error:
        return None, f"{job.name}: {error.strerror or error}"


def _recording(job: Job) -> Path:
    """Write the part file of one recording unless it is there already; returns its path."""
    from ddsp_rt.audio import read_audio

    content = content_hash(job.recording.path)
    heard = content[:32] + (f"-c{job.channel}" if job.channel else "")
    key = f"{heard}-a{ANALYSER['version']}-p{PREPARE_VERSION}-{job.model_rate}-{job.hold_out:g}"
    part = job.folder / f"{key}.safetensors"
    if part.exists():
        return part
    notes: list[str] = []
    audio, rate = read_audio(job.recording.path, report=notes.append, channel=job.channel)
    seconds, held = len(audio) / rate, 0.0
    if seconds > HOLD_OUT_ABOVE and job.hold_out > 0:
        held = min(job.hold_out, seconds)
    about = {"sha256": content, "note": " ".join(notes), "held_out_seconds": held}
    until = seconds - held if held else None
    return _write(part, heard, audio, rate, job.model_rate, about, job.name, until)


def _phrase(job: PhraseJob) -> Path:
    """Write the part file of a phrase unless it is there already; returns its path."""
    from ddsp_rt.audio import read_audio

    heard = f"{job.content[:32]}-joined"
    part = job.folder / f"{heard}-a{ANALYSER['version']}-p{PREPARE_VERSION}-{job.model_rate}.safetensors"
    if part.exists():
        return part

    @lru_cache(maxsize=SOUNDS)
    def sound(index: int) -> np.ndarray:
        audio, rate = read_audio(job.notes[index].recording.path, report=lambda line: None, channel=job.channel)
        return _resample(audio, rate, job.rate)

    notes = [note.note for note in job.notes]
    audio = phrase_audio(job.phrase, notes, sound, job.rate, np.array(job.fall))
    return _write(part, heard, audio, job.rate, job.model_rate, {"note": "", "held_out_seconds": 0.0}, job.name, None)


def _write(
    part: Path,
    heard: str,
    audio: np.ndarray,
    rate: int,
    model_rate: int,
    about: dict[str, Any],
    name: str,
    until: float | None,
) -> Path:
    """Analyse `audio`, by its name `heard` in the cache, and write what is learnt from `until` so many seconds."""
    features = _features(heard, audio, rate)
    gates = usable_frames(audio, rate, features["f0"], features["periodicity"], features["loudness"])
    length = model_rate // FRAME_RATE
    resampled = _resample(audio, rate, model_rate)
    frames = min(len(features["f0"]), len(resampled) // length)
    if until is not None:
        frames = min(frames, int(until * FRAME_RATE))
    if frames < 1:
        raise DataError(f"{name}: too short to learn from")
    tensors = {name: value[:frames] for name, value in features.items()}
    tensors["audio"] = resampled[: frames * length]
    tensors["usable"] = gates.usable[:frames].astype(np.uint8)
    left_out = {name: float(np.sum(mask[:frames])) / FRAME_RATE for name, mask in gates.reasons.items()}
    table = {
        **about,
        "native_rate": rate,
        "seconds": frames / FRAME_RATE,
        "usable_seconds": float(np.sum(tensors["usable"])) / FRAME_RATE,
        "left_out": {name: round(value, 3) for name, value in left_out.items()},
        "outside_seconds": _outside(tensors["outside"], tensors["loudness"]),
        "noise_floor_db": _noise_floor(tensors["loudness"]),
        "decays": _decays(tensors["audio"], model_rate),
    }
    whole = {"format_version": FORMAT_VERSION, "model_rate": model_rate, "recordings": [table]}
    write_tensors(part, whole, {f"0/{name}": tensors[name] for name in TENSORS})
    return part


def _features(heard: str, audio: np.ndarray, rate: int) -> dict[str, np.ndarray]:
    """The engine's analysis, from the cache where it has been made before of what is `heard`, by its name there."""
    names = ("f0", "periodicity", "loudness", "fast_loudness", "balance", "outside", "mfcc")
    cached = cache_folder() / "features" / f"{heard}-a{ANALYSER['version']}-p{PREPARE_VERSION}.safetensors"
    try:
        _, spans = read_header(cached)
        return {name: read_tensor(spans[name]) for name in names}
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
