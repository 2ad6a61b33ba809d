"""Accuracy, lag and voicing of the pitch tracker on material whose pitch is known.

    DATA=recordings python benchmarks/pitch/measure.py        (without DATA: only what is made here)

Shares are in per cent, uncompensated for lag; frames count from 60 ms into a note. Needs the extra
[evaluate]. About a minute once the references of SwiftF0 and pYIN are cached (build/pitch-reference; the first time
some minutes more).
"""

import argparse
import json
import os
from pathlib import Path

import material
import numpy as np
import recordings
from material import Sound

import ddsp_rt
from ddsp_rt.analysis import FRAME_RATE

VOICED = 0.5  # periodicity


def cents(f0: np.ndarray, truth: np.ndarray) -> np.ndarray:
    return 1200 * np.log2(np.maximum(f0, 1e-3) / truth)


def accuracy(sounds: list[Sound], track, tuned: bool = True) -> dict[str, float]:
    """Share of settled frames within 50 cents, of octave errors by direction, and of frames called voiced.

    With `tuned` false the player's tuning, the median difference of each sound, is taken off first.
    """
    errors, voiced = [], []
    for sound in sounds:
        heard = track(sound.audio, sound.rate)
        f0, periodicity = heard.f0, heard.periodicity
        n = min(len(f0), len(sound.f0))
        judged = sound.settled[:n] & (sound.f0[:n] > 0)
        error = cents(f0[:n][judged], sound.f0[:n][judged])
        if not tuned:
            error -= np.median(error[np.abs(error) < 100])
        errors.append(error)
        voiced.append(periodicity[:n][judged] >= VOICED)
    error, voiced = np.concatenate(errors), np.concatenate(voiced)
    return {
        "within_50_cents": 100 * np.mean(np.abs(error) < 50),
        "octave_down": 100 * np.mean(np.abs(error + 1200) < 50),
        "octave_up": 100 * np.mean(np.abs(error - 1200) < 50),
        "voiced": 100 * np.mean(voiced),
        "frames": len(error),
    }


def prompt(sounds: list[Sound], track, changes=recordings.sounding_changes) -> dict[str, float]:
    """Share of note changes after which three frames running, begun within 30 ms, are right."""
    right = []
    for sound in sounds:
        f0 = track(sound.audio, sound.rate).f0
        judged = sound.settled[: len(f0)] & (sound.f0[: len(f0)] > 0)
        error = cents(f0[judged], sound.f0[: len(f0)][judged])
        tuning = np.median(error[np.abs(error) < 100])
        for time, new in changes(sound):
            first, last = int(np.ceil((time - 0.012) * FRAME_RATE)), int((time + 0.03) * FRAME_RATE + 1e-6)
            near = np.abs(cents(f0[first : last + 3], np.full(len(f0[first : last + 3]), new)) - tuning) < 50
            right.append(any(near[i : i + 3].all() for i in range(len(near) - 2)))
    return {"right_within_30_ms": 100 * np.mean(right), "changes": len(right)}


def lag(sound: Sound, track) -> dict[str, float]:
    """The delay in ms at which the track fits the truth best, and the mean error in cents there."""
    f0 = track(sound.audio, sound.rate).f0
    time = np.arange(len(f0)) / FRAME_RATE
    judged = (time > 0.15) & (time < time[-1] - 0.05)
    delays = np.arange(-2.0, 40.0, 0.25)
    fits = [
        np.mean(
            np.abs(cents(f0[judged], np.interp(time[judged] - d / 1000, time[: len(sound.f0)], sound.f0[: len(time)])))
        )
        for d in delays
    ]
    return {"lag_ms": delays[int(np.argmin(fits))], "error_cents": min(fits)}


def across_rates(track) -> float:
    """Greatest difference in cents between the f0 of one band-limited tone read at different rates."""
    worst = 0.0
    for f0 in (60.0, 131.0, 333.0, 880.0, 1900.0):
        readings = []
        for rate in (16000, 22050, 44100, 48000, 96000, 192000):
            rng = np.random.default_rng(5)
            audio = 0.1 * material.harmonic(np.full(rate // 2, f0), rate, 1.0 / np.arange(1, 21), rng)
            readings.append(track(audio.astype(np.float32), rate).f0[50:120])
        worst = max(worst, np.max(np.abs(cents(np.array(readings), np.array(readings)[:1]))))
    return worst


def measure(track, data: Path | None, cache: Path) -> dict[str, dict[str, float]]:
    """Every figure, by kind of material. `track` is ddsp_rt.analyse or the like."""
    result = {"tones 20 dB": accuracy(material.tones(), track)}
    result["tones 10 dB"] = accuracy(material.tones(snr_db=10.0), track)
    result["tones, worst timbre"] = min(
        (accuracy([s], track) for s in material.tones()), key=lambda r: r["within_50_cents"]
    )
    result["low tones 41-60 Hz"] = accuracy(material.tones(low=41.0, high=60.0), track)
    steps = material.steps()
    result["steps"] = accuracy([steps], track) | prompt([steps], track, lambda s: [(n[0], n[2]) for n in s.notes[1:]])
    for sound in material.moving():
        result[sound.name] = lag(sound, track)
    result["noise"] = {
        s.name: 100 * float(np.mean(track(s.audio, s.rate).periodicity >= VOICED)) for s in material.noises()
    }
    result["rates"] = {"difference_cents": across_rates(track)}
    if data is None:
        return result
    sax = recordings.saxophone(data)
    result["sax, rendered"] = accuracy(sax, track) | prompt(sax, track)
    for name, held_out in (("violin", False), ("violin, held out", True)):
        sounds = recordings.violin(data, held_out)
        result[name] = accuracy(sounds, track, tuned=False) | prompt(sounds, track)
    patterns = {
        "voice, vocadito": "voice/vocadito/*.flac",
        "voice, phrases": "voice/sms-tools_phrases/*.flac",
        "voice, vowels": "voice/berklee_vowel-notes/*.flac",
        "sax, real": "saxophone/sms-tools_phrases/*.flac",
        "cello": "cello/sms-tools_phrase/*.flac",
        "flute": "flute/berklee_trills/*.flac",
    }
    for name, pattern in patterns.items():
        result[name] = accuracy(recordings.agreed(data, pattern, cache), track)
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=os.environ.get("DATA"), help="folder of recordings (or DATA=)")
    parser.add_argument("--cache", type=Path, default=Path("build/pitch-reference"), help="where references are kept")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    result = measure(ddsp_rt.analyse, Path(arguments.data) if arguments.data else None, arguments.cache)
    if arguments.json:
        print(json.dumps(result, indent=1, default=float))
        return
    for name, figures in result.items():
        print(f"{name:22}", "  ".join(f"{key} {value:.2f}" for key, value in figures.items()))


if __name__ == "__main__":
    main()
