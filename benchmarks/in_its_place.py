"""How an instrument sings what others perform: in tune, in its range, as dynamic, its pauses kept, with its own timbre.

    python benchmarks/in_its_place.py INSTRUMENT --own RECORDINGS... [--source NAME=RECORDINGS]...

Plays each source fitted and without the room, and hears what comes out as the engine hears: excursions a minute of the
source and of what is played; f0 of what is played against what was heard of the source, octave shift and best lag taken
out (median, semitones, and the share beyond half an octave); share of what is played that lies beyond the instrument's
range; slope of the dynamics; by how much pauses rise (dB); level in 2 to 8 Hz while the source stands still (pumping,
dB, in and out); and with at least 60 s, the timbre's distance to `--own` as a share of the source's. A whistled tune,
synthesised, is always among the sources.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

import numpy as np
import soundfile

import ddsp_rt
from ddsp_rt.analysis import FRAME_RATE
from ddsp_rt.audio import read_audio
from ddsp_rt.evaluation.dynamics import dynamics
from ddsp_rt.evaluation.excursions import excursions_per_minute
from ddsp_rt.evaluation.gaps import gap_depth
from ddsp_rt.evaluation.loudness import measure_loudness
from ddsp_rt.evaluation.rendering import LIVE_RATE, perform
from ddsp_rt.evaluation.report import TIMBRE_SECONDS
from ddsp_rt.evaluation.sounding import sounding
from ddsp_rt.evaluation.timbre import timbre_distance, timbre_frames
from ddsp_rt.sound_files.finder import find_sound_files

SECONDS = 90.0  # of each source, and of the instrument's own recordings, spread over them
SHORTEST = 3.0  # seconds of a recording
WHISTLE = (76, 79, 83, 81, 79, 76, 74, 76, 0, 88, 86, 84, 83, 79, 81, 76)  # MIDI notes, 0 a rest
LAGS = range(8)  # frames between what is heard and what is played
STEADY = 0.4  # seconds of one note with a level that stands still
SLOW = (2.0, 8.0)  # Hz


def whistle(path: Path) -> None:
    """A tune of pure tones with vibrato, glides, a little breath, and pauses between its phrases."""
    rate, parts = LIVE_RATE, []
    for number in WHISTLE:
        parts.append(np.full(rate // 2, float(number) if number else np.nan))
    midi = np.concatenate(parts)
    sounds = np.isfinite(midi)
    midi = np.interp(np.arange(len(midi)), np.flatnonzero(sounds), midi[sounds])
    width = rate // 25
    midi = np.convolve(np.pad(midi, width // 2, mode="edge"), np.ones(width) / width, "valid")[: len(midi)]
    time = np.arange(len(midi)) / rate
    f0 = 440 * 2 ** ((midi + 0.2 * np.sin(2 * np.pi * 5.5 * time) - 69) / 12)
    edge = rate // 30
    level = np.convolve(sounds.astype(float), np.hanning(edge) / np.hanning(edge).sum(), "same")
    tone = np.sin(2 * np.pi * np.cumsum(f0) / rate) + 0.01 * np.random.default_rng(1).standard_normal(len(time))
    soundfile.write(path, 0.1 * level * tone * (1 + 0.3 * np.sin(2 * np.pi * 0.4 * time)), rate)


def excerpts(recordings: list[str], folder: Path) -> list[Path]:
    """All of the recordings, or where they are longer, the middle of each, as much as makes `SECONDS`."""
    files = [file.path for file in find_sound_files(recordings).files]
    files = files[:: max(1, int(len(files) * SHORTEST / SECONDS))]
    sounds, found = [read_audio(path) for path in files], []
    whole = sum(len(audio) / rate for audio, rate in sounds)
    share = np.inf if whole <= SECONDS else SECONDS / len(files)
    for number, (audio, rate) in enumerate(sounds):
        length = int(min(len(audio), share * rate))
        start = (len(audio) - length) // 2
        found.append(folder / f"{number}.wav")
        soundfile.write(found[-1], audio[start : start + length], rate)
    return found


def cut(features: ddsp_rt.Features, frames: int) -> ddsp_rt.Features:
    return ddsp_rt.Features(*(track[:frames] for track in (features.f0, features.periodicity, features.loudness)))


def melody(heard: ddsp_rt.Features, played: ddsp_rt.Features, octave: int) -> np.ndarray:
    """Semitones between what is played and what was heard, of the frames that are voiced in both, at the best lag."""
    found = []
    for lag in LAGS:
        ends = slice(None, len(heard) - lag), slice(lag, len(heard))
        both = heard.voiced[ends[0]] & played.voiced[ends[1]]
        ratio = played.f0[ends[1]][both] / heard.f0[ends[0]][both]
        found.append(np.abs(12 * np.log2(ratio) - 12 * octave))
    return min(found, key=np.median)


def slow_movement(level: np.ndarray, steady: np.ndarray) -> float:
    """Standard deviation in dB of the level in 2 to 8 Hz over the steady stretches; NaN without any."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], steady.astype(int), [0]])))
    found, weights = [], []
    for start, stop in zip(edges[::2], edges[1::2]):
        if stop - start < STEADY * FRAME_RATE:
            continue
        at, part = np.arange(stop - start), level[start:stop].astype(float)
        part -= np.polyval(np.polyfit(at, part, 1), at)
        spectrum, hertz = np.fft.rfft(part), np.fft.rfftfreq(len(part), 1 / FRAME_RATE)
        spectrum[(hertz < SLOW[0]) | (hertz > SLOW[1])] = 0
        found.append(np.var(np.fft.irfft(spectrum, len(part))))
        weights.append(len(part))
    return float(np.sqrt(np.average(found, weights=weights))) if found else float("nan")


def stands(features: ddsp_rt.Features) -> np.ndarray:
    """bool [frames]: one voiced note whose pitch and level hardly move, away from its ends."""
    midi = 12 * np.log2(np.maximum(features.f0, 1.0))
    wide = 12  # frames
    still = np.zeros(len(midi), bool)
    for frame in range(wide, len(midi) - wide):
        around = slice(frame - wide, frame + wide)
        still[frame] = (
            features.voiced[around].all() and np.ptp(midi[around]) < 1.0 and np.ptp(features.loudness[around]) < 4.0
        )
    return still


def mean(rows: list[tuple]) -> np.ndarray:
    """Of each column, what is a number; NaN where nothing is."""
    columns = (np.array(column, float) for column in zip(*rows))
    return np.array([c[np.isfinite(c)].mean() if np.isfinite(c).any() else np.nan for c in columns])


def judged(instrument: ddsp_rt.Instrument, name: str, files: list[Path], own: np.ndarray) -> str:
    quantiles = instrument.metadata["quantiles"]["pitch_midi"]
    rows, source_timbre, played_timbre, octaves, seconds = [], [], [], set(), 0.0
    for path in files:
        one = perform(instrument, path, seeds=1)
        played = ddsp_rt.analyse(one.output.astype(np.float32), LIVE_RATE)
        length = min(len(one.features), len(played))
        heard, played = cut(one.features, length), cut(played, length)
        levels = [measure_loudness(audio, LIVE_RATE)[:length] for audio in (one.source, one.output)]
        loud = sounding(levels[0])[:length]
        midi = 69 + 12 * np.log2(played.f0[played.voiced & loud] / 440)
        gaps, follows = gap_depth(*levels), dynamics(*levels, loud & heard.voiced)
        off, steady = melody(heard, played, one.octave), stands(heard) & loud
        rows.append(
            (
                excursions_per_minute(heard.f0, loud & heard.voiced),
                excursions_per_minute(played.f0, sounding(levels[1])[:length] & played.voiced),
                np.median(off) if len(off) else np.nan,
                100 * np.mean(off > 6) if len(off) else np.nan,
                100 * np.mean((midi < quantiles[0] - 1) | (midi > quantiles[-1] + 1)) if len(midi) else np.nan,
                follows.slope if follows else np.nan,
                gaps.raised_db if gaps else np.nan,
                slow_movement(heard.loudness, steady),
                slow_movement(played.loudness, steady),
            )
        )
        source_timbre.append(timbre_frames(one.source, LIVE_RATE))
        played_timbre.append(timbre_frames(one.output, LIVE_RATE))
        octaves.add(one.octave)
        seconds += len(one.source) / LIVE_RATE
    r = mean(rows)
    line = (
        f"  {name} ({seconds:.0f} s, octaves {', '.join(f'{octave:+d}' for octave in sorted(octaves))}): "
        f"excursions {r[0]:.1f} -> {r[1]:.1f} a minute; f0 off {r[2]:.3f} semitones, {r[3]:.2f} % flip, "
        f"{r[4]:.1f} % out of range; dynamics {r[5]:.2f} dB/dB, pauses {r[6]:+.1f} dB, steady notes move "
        f"{r[7]:.2f} -> {r[8]:.2f} dB"
    )
    if len(own) and seconds >= TIMBRE_SECONDS:
        distances = [timbre_distance(own, np.concatenate(pool)) for pool in (source_timbre, played_timbre)]
        line += f"; timbre {distances[0]:.0f} -> {distances[1]:.0f}, a share of {distances[1] / distances[0]:.2f}"
    return line


def main(words: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("instrument", metavar="INSTRUMENT")
    parser.add_argument("--own", nargs="+", default=[], metavar="RECORDINGS")
    parser.add_argument("--source", action="append", default=[], metavar="NAME=RECORDINGS")
    arguments = parser.parse_args(words)
    instrument = ddsp_rt.load(arguments.instrument)
    with tempfile.TemporaryDirectory() as folder:
        own = np.zeros((0, 19))

        def fresh() -> Path:
            return Path(tempfile.mkdtemp(dir=folder))

        if arguments.own:
            pool = [read_audio(path) for path in excerpts(arguments.own, fresh())]
            frames = [timbre_frames(audio, rate) for audio, rate in pool]
            own = np.concatenate(frames)
            spread = timbre_distance(np.concatenate(frames[::2]), np.concatenate(frames[1::2]))
            print(f"{instrument.name}: its recordings' two halves are {spread:.0f} apart in timbre")
        tune = fresh() / "whistle.wav"
        whistle(tune)
        print(judged(instrument, "whistle", [tune], own), flush=True)
        for source in arguments.source:
            name, _, recordings = source.partition("=")
            print(judged(instrument, name, excerpts(recordings.split(","), fresh()), own), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
