"""Recordings whose pitch is known from a score, from how they were made, or from two trackers that agree."""

import csv
from pathlib import Path

import numpy as np
import soundfile as sf
from material import Sound, frame_times, from_notes
from reference import agreed_f0

from ddsp_rt.analysis import FRAME_RATE

TEST_SECONDS = 30.0  # the end of each violin performance, held out


def read_notes(path: Path) -> list[tuple[float, float, float]]:
    """(start s, end s, Hz at A = 440) by start; notes that overlap another by more than 50 ms are dropped."""
    with path.open() as file:
        rows = sorted((float(r["start_s"]), float(r["end_s"]), float(r["midi_pitch"])) for r in csv.DictReader(file))
    notes = [(start, end, 440 * 2 ** ((midi - 69) / 12)) for start, end, midi in rows]
    return [
        note
        for i, note in enumerate(notes)
        if not any(min(note[1], other[1]) - max(note[0], other[0]) > 0.05 for j, other in enumerate(notes) if j != i)
    ]


def harmonic_energy(audio: np.ndarray, rate: int, times: np.ndarray, f0: float, other: float) -> np.ndarray:
    """Energy [times] at the harmonics of `f0` that `other` does not share, in centred 40 ms Hann frames."""
    size = int(0.04 * rate)
    partials = [h * f0 for h in range(1, 9) if h * f0 < 6000]
    apart = [f for f in partials if abs(f / other - round(f / other)) * other > 30]
    starts = np.clip((times * rate).astype(int) - size // 2, 0, len(audio) - size)
    frames = audio[starts[:, None] + np.arange(size)] * np.hanning(size)
    basis = np.exp(-2j * np.pi * np.outer(np.arange(size) / rate, apart or partials))
    return (np.abs(frames @ basis) ** 2).sum(axis=1)


def takeover(sound: Sound, at: float, old: float, new: float) -> float | None:
    """When, within 80 ms of `at`, the harmonics of `new` come to hold more energy than those of `old`, or None."""
    times = at + np.arange(-0.08, 0.08, 0.002)
    ahead = harmonic_energy(sound.audio, sound.rate, times, new, old) > harmonic_energy(
        sound.audio, sound.rate, times, old, new
    )
    return times[len(ahead) - np.argmin(ahead[::-1])] if ahead[-1] and not ahead[0] else None


def sounding_changes(sound: Sound) -> list[tuple[float, float]]:
    """(time s, new Hz) of each direct change of note, where it sounds."""
    changes = []
    for (_, end, old), (start, stop, new) in zip(sound.notes, sound.notes[1:]):
        if start - end > 0.05 or stop - start < 0.1 or abs(np.log2(new / old)) < 0.05:
            continue
        time = takeover(sound, start, old, new)
        if time is not None:
            changes.append((time, new))
    return changes


def realigned(sound: Sound) -> Sound:
    """The same sound with its notes moved to where they sound: score alignments are some tens of ms off.

    A note is kept if its start is heard (it takes over from the one before, or a rest comes before it). It ends with
    the score but at least 20 ms before the next takes over, or 50 ms before the next is due where that is not heard.
    """
    notes = []
    for before, note, after in zip([None, *sound.notes[:-1]], sound.notes, [*sound.notes[1:], None]):
        start, end, pitch = note
        heard, until = start, end
        if before is not None and start - before[1] <= 0.05:
            repeated = abs(np.log2(pitch / before[2])) < 0.05
            heard = start if repeated else takeover(sound, start, before[2], pitch)
        if after is not None and after[0] - end <= 0.05 and abs(np.log2(pitch / after[2])) >= 0.05:
            left = takeover(sound, after[0], pitch, after[2])
            until = after[0] - 0.05 if left is None else min(end, left - 0.02)
        if heard is not None and until > heard:
            notes.append((heard, until, pitch))
    return from_notes(sound.name, sound.audio, sound.rate, notes)


def saxophone(data: Path) -> list[Sound]:
    """Phrases rendered from single notes."""
    sounds = []
    for path in sorted((data / "saxophone/SYNTH_weresax_phrases").glob("*.flac")):
        audio, rate = sf.read(path, dtype="float32")
        notes = read_notes(data / "saxophone/score_alignments" / f"{path.stem}.csv")
        sounds.append(from_notes(f"sax {path.stem}", audio, rate, notes))
    return sounds


def violin(data: Path, held_out: bool) -> list[Sound]:
    """Performances with aligned scores, boundaries as they sound: all but the last 30 s of each, or only those."""
    sounds = []
    for path in sorted(data.glob("violin/bach-*_mono/*.flac")):
        audio, rate = sf.read(path, dtype="float32")
        split = len(audio) / rate - TEST_SECONDS
        notes = read_notes(data / "violin/score_alignments" / f"{path.stem}.csv")
        if held_out:
            kept = [(a - split, b - split, f) for a, b, f in notes if a > split]
            sounds.append(realigned(from_notes(f"violin {path.stem}", audio[int(split * rate) :], rate, kept)))
        else:
            kept = [note for note in notes if note[1] < split]
            sounds.append(realigned(from_notes(f"violin {path.stem}", audio[: int(split * rate)], rate, kept)))
    return sounds


def agreed(data: Path, pattern: str, cache: Path) -> list[Sound]:
    """Recordings judged where SwiftF0 and pYIN agree; settled 60 ms into a stretch of agreement."""
    sounds = []
    for path in sorted(data.glob(pattern)):
        audio, rate = sf.read(path, dtype="float32")
        name = path.relative_to(data).as_posix()
        f0 = agreed_f0(audio, rate, cache / (name.replace("/", "_") + ".npz"))
        f0 = np.pad(f0, (0, max(0, len(frame_times(len(audio), rate)) - len(f0))))[: len(frame_times(len(audio), rate))]
        run = np.zeros(len(f0), int)
        for k in range(1, len(f0)):
            steady = f0[k] > 0 and f0[k - 1] > 0 and abs(np.log2(f0[k] / f0[k - 1])) < 80 / 1200
            run[k] = run[k - 1] + 1 if steady else 0
        sounds.append(Sound(name, audio, rate, f0, run >= 0.06 * FRAME_RATE))
    return sounds
