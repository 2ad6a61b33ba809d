"""What one recording holds."""

from __future__ import annotations

import importlib.util
import os
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from ddsp_rt import gates
from ddsp_rt.analysis import FRAME_RATE
from ddsp_rt.content_hash import content_hash
from ddsp_rt.inspection.duplicates import fingerprint
from ddsp_rt.inspection.hum import mains_hum
from ddsp_rt.inspection.reverberation import reverberation_time
from ddsp_rt.inspection.soft_clipping import is_soft_clipped
from ddsp_rt.inspection.timbre import NUMBERS, timbres
from ddsp_rt.single_notes import single_note
from ddsp_rt.sound_files.source import shown

NOTES = 128  # MIDI numbers counted
DOUBT = 0.5  # semitones within which another tracker's octave must lie
HAS_SWIFT = importlib.util.find_spec("swift_f0") is not None and importlib.util.find_spec("onnxruntime") is not None


@dataclass(frozen=True)
class Recording:
    """seconds: of sound in all; usable, sounding, and left_out per reason of `gates`, in seconds too.

    note_seconds: [128], usable voiced seconds per MIDI number. loudness: [frames of sounding], dB. noise_floor: dB of
    its quietest twentieth; clipped: samples; t60: seconds or NaN; octave_doubts: share of voiced frames, NaN unknown.
    outside: seconds whose pitch lies below and above what the tracker follows; single: whether it is one note.
    hum: 50 or 60 Hz, None without; soft_clipped: whether its peaks were pressed to a ceiling.
    heard: seconds within 40 dB of loud playing; pitched: those of them that have a pitch, also one out of range.
    timbres: of its notes, see `timbre.timbres`.
    remark: what reading the file had to mend, such as channels that cancel.
    """

    path: Path
    rate: int
    seconds: float
    usable: float
    sounding: float
    left_out: dict[str, float]
    note_seconds: np.ndarray
    loudness: np.ndarray
    noise_floor: float
    clipped: int
    t60: float
    octave_doubts: float
    outside: tuple[float, float]
    voiced: float
    hash: str
    print: np.ndarray
    single: bool = False
    hum: int | None = None
    soft_clipped: bool = False
    heard: float = 0.0
    pitched: float = 0.0
    timbres: np.ndarray = field(default_factory=lambda: np.zeros((0, NUMBERS)))
    remark: str = ""


def inspect_recording(
    path: str | os.PathLike, compare_octaves: bool = HAS_SWIFT, channel: int | None = None
) -> Recording:
    """Analyses one file, or one channel of it (counted from 1), with the engine; DataError when it cannot be read."""
    from ddsp_rt.analysis import analyse
    from ddsp_rt.audio import read_audio
    from ddsp_rt.checks import nearest_rate
    from ddsp_rt.evaluation.signals import resample

    remarks: list[str] = []
    audio, rate = read_audio(path, remarks.append, channel=channel)
    engine_rate = nearest_rate(rate)
    heard = audio if rate == engine_rate else resample(audio, rate, engine_rate).astype(np.float32)
    features = analyse(heard, engine_rate)
    verdict = gates.usable_frames(heard, engine_rate, features.f0, features.periodicity, features.loudness)
    sounding = ~gates.silent_frames(features.loudness)
    voiced = features.voiced & sounding
    notes = np.clip(np.round(features.midi[voiced & verdict.usable]), 0, NOTES - 1).astype(int)
    doubts = octave_doubts(heard, engine_rate, features.f0, voiced) if compare_octaves else float("nan")
    below, above = features.outside_share(sounding)
    prominent = gates.heard_frames(features.loudness)
    pitched = float((prominent & features.voiced).sum() + sum(features.outside_share(prominent)) * prominent.sum())
    return Recording(
        path=Path(path),
        rate=rate,
        seconds=len(audio) / rate,
        usable=verdict.usable_seconds,
        sounding=float(sounding.sum()) / FRAME_RATE,
        left_out=verdict.left_out_seconds(),
        note_seconds=np.bincount(notes, minlength=NOTES) / FRAME_RATE,
        loudness=features.loudness[sounding],
        noise_floor=noise_floor(features.loudness),
        clipped=int(gates.clipped_samples(audio).sum()),
        t60=reverberation_time(heard, engine_rate),
        octave_doubts=doubts,
        outside=(below * float(sounding.sum()) / FRAME_RATE, above * float(sounding.sum()) / FRAME_RATE),
        voiced=float(voiced.sum()) / FRAME_RATE,
        hash=content_hash(path),
        print=fingerprint(features.midi, features.voiced, features.loudness),
        single=single_note(features.f0, features.periodicity, features.loudness) is not None,
        hum=mains_hum(heard, engine_rate, features.loudness),
        heard=float(prominent.sum()) / FRAME_RATE,
        pitched=pitched / FRAME_RATE,
        timbres=timbres(heard, engine_rate, features),
        soft_clipped=is_soft_clipped(audio, rate),
        remark="".join(remarks).removeprefix(f"{shown(path)}: "),
    )


def noise_floor(loudness: np.ndarray) -> float:
    """A-weighted dB of the quietest tenths of a second (5th percentile): noise where there are pauses, else a bound."""
    length = len(loudness) // 25 * 25
    if length == 0:
        return float("nan")
    return float(np.percentile(loudness[:length].reshape(-1, 25).mean(axis=1), 5))


def octave_doubts(audio, rate: int, f0: np.ndarray, voiced: np.ndarray) -> float:
    """Share of voiced frames that SwiftF0 hears one or two octaves away; NaN when it judges too few."""
    from ddsp_rt.evaluation.judges import swift_f0

    other = swift_f0(audio, rate)
    length = min(len(other), len(f0))
    # The engine's frame tells of some milliseconds ago; its neighbours count so that note changes are no doubts.
    distance = np.stack([12 * np.log2(np.roll(other[:length], shift) / f0[:length]) for shift in (0, 3, 6)])
    judged = voiced[:length] & np.isfinite(distance).all(axis=0)
    if judged.sum() < 25:
        return float("nan")
    octaves = np.round(distance / 12)
    wrong = (octaves != 0) & (np.abs(distance - 12 * octaves) < DOUBT)
    return float(wrong.all(axis=0)[judged].mean())
