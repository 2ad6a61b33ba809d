"""How an instrument that was trained on notes plays what no note is: softness, slurs, tonguing, repeated notes.

    python benchmarks/articulation.py INSTRUMENT... [--phrases RECORDINGS...]

Plays clean notes with exactly known levels and joins, in the middle of each instrument's range, unfitted and with its
room as it is, and prints beside what it should be: how many dB softer it plays what is 10 to 40 dB softer; and how deep
the level dips between notes (median of eight joins) in the source and in what is played. With --phrases also how deep
it dips between the notes of performances (20 s of each): where the source dips by 6 to 40 dB, medians, and the 10th and
90th percentile of how much deeper it dips as played, fitted and without the room.
"""

from __future__ import annotations

import argparse
import sys

import numpy as np

import ddsp_rt
from ddsp_rt.audio import read_audio
from ddsp_rt.errors import UserError
from ddsp_rt.note_names import hz_from_midi
from ddsp_rt.single_notes import SingleNote, single_note
from ddsp_rt.sound_files.finder import find_sound_files
from ddsp_rt.training.phrase_audio import phrase_audio, place
from ddsp_rt.training.phrase_plan import Event, Phrase

RATE = 48_000  # Hz
LEVEL = -16.0  # dB, A-weighted, of a loud note before it is brought to the instrument's own loud level
UNDER_LOUD = 3.0  # dB under the instrument's loud level
SOFTER = (-10, -20, -30, -40)  # dB
FALL = np.linspace(0.0, -60.0, 31)  # dB in each frame of a release
HEARD = 5  # frames after which the analyser tells of a change
MELODY = (0, 2, -1, 1, 4, 0, -2, 3, 0)  # semitones
JOINS = {  # link, quiet in seconds, notes
    "slurred": ("slur", 0.0, MELODY),
    "tongued": ("joined", 0.0, MELODY),
    "tongued, 20 ms apart": ("gap", 0.02, MELODY),
    "repeated": ("joined", 0.0, (0,) * 9),
}

SECONDS = 20  # of a performance
DIPS, WITHIN = (6.0, 40.0), 20.0  # dB that the source dips by; dB under loud that both sides must reach
SIDE, AROUND, NEAR = 40, 15, 5  # frames in which the sides of a dip are looked for, about its lowest, and as played
LAGS = 8  # frames that may lie between source and output


def tone(midi: float, seconds: float = 1.0, attack: float = 0.04, release: float = 0.1) -> np.ndarray:
    """A bright note of some MIDI number with silence around it, float32 [samples]."""
    time = np.arange(int(seconds * RATE)) / RATE
    f0 = hz_from_midi(midi)
    audio = sum(np.sin(2 * np.pi * h * f0 * time + h * h) / h for h in range(1, max(int(7000 // f0), 1) + 1))
    for edge, width in ((time, attack), (seconds - time, release)):
        audio *= np.sin(0.5 * np.pi * np.clip(edge / width, 0, 1)) ** 2
    return np.pad(audio, (RATE // 10, 2 * RATE // 5)).astype(np.float32)


def loudness(audio: np.ndarray) -> np.ndarray:
    return ddsp_rt.analyse(audio, RATE).loudness


def measured(audio: np.ndarray) -> SingleNote:
    features = ddsp_rt.analyse(audio, RATE)
    found = single_note(features.f0, features.periodicity, features.loudness)
    assert found is not None
    return found


def source_notes(instrument: ddsp_rt.Instrument) -> tuple[int, dict[int, np.ndarray]]:
    """The middle of an instrument's range, and notes about it at nearly its loud level."""
    quantiles = instrument.metadata["quantiles"]
    middle = round(float(np.interp(0.5, quantiles["probabilities"], quantiles["pitch_midi"])))
    loud = float(np.interp(0.95, quantiles["probabilities"], quantiles["loudness_db"]))
    sounds = {step: tone(middle + step) for step in range(-5, 6)}
    gain = np.float32(10 ** ((loud - UNDER_LOUD - measured(sounds[0]).level) / 20))
    return middle, {step: gain * sound for step, sound in sounds.items()}


def softness(instrument: ddsp_rt.Instrument, note: np.ndarray) -> list[float]:
    """dB by which what is softer is played softer."""
    stands = slice(110, 240)
    levels = [0, *SOFTER]
    played = [
        float(np.median(loudness(_play(instrument, note * np.float32(10 ** (level / 20))))[stands])) for level in levels
    ]
    return [level - played[0] for level in played[1:]]


def dips(instrument: ddsp_rt.Instrument, sounds: dict[int, np.ndarray], link: str, gap: float, steps) -> np.ndarray:
    """Median dip at the joins of a melody in dB, in the source and as played: [2]."""
    order = sorted(sounds)
    notes, numbers = [measured(sounds[step]) for step in order], [order.index(step) for step in steps]
    events = tuple(
        Event(number, link if at else "gap", gap, 0.3, offset=0.2 if link == "slur" and at else 0.0, fall=0.5)
        for at, number in enumerate(numbers)
    )
    level = notes[order.index(0)].level
    phrase, sound = Phrase(events, (0.0, 99.0), (level, level)), lambda number: sounds[order[number]]
    audio = phrase_audio(phrase, notes, sound, RATE, FALL)
    found = []
    for track in (loudness(audio), loudness(_play(instrument, audio))):
        onsets = [(p.begin + p.onset) * 250 // RATE + HEARD for p in place(phrase, notes, sound, RATE, FALL)]
        found.append(
            np.median([np.median(track[on + 15 : on + 60]) - track[on - 35 : on + 12].min() for on in onsets[1:]])
        )
    return np.array(found)


def phrase_dips(instrument: ddsp_rt.Instrument, audio: np.ndarray, rate: int) -> np.ndarray:
    """Dips between the notes of a performance in dB, in the source and as played: [dips, 2]."""
    played = instrument.transfer(audio, rate, reverb=0.0, tail=False)
    source, output = (ddsp_rt.analyse(sound, rate).loudness.astype(float) for sound in (audio, played))
    loud = np.percentile(source, 95)
    heard = source > loud - 30.0
    lag = min(range(LAGS), key=lambda k: np.std((output[k:] - source[: len(output) - k])[heard[: len(output) - k]]))
    output, source = output[lag:], source[: len(output) - lag]
    found, frame = [], SIDE
    while frame < len(source) - SIDE:
        depth, side = _dip(source, frame, 0)
        if source[frame] == source[frame - AROUND : frame + AROUND + 1].min() and (
            DIPS[0] <= depth <= DIPS[1] and side > loud - WITHIN
        ):
            found.append((depth, _dip(output, frame, NEAR)[0]))
            frame += AROUND
        frame += 1
    return np.array(found).reshape(-1, 2)


def _dip(level: np.ndarray, frame: int, near: int) -> tuple[float, float]:
    """How far the level about a frame lies under the lower of its two sides, and that side."""
    side = min(level[max(frame - SIDE, 0) : frame].max(), level[frame : frame + SIDE].max())
    return side - level[max(frame - near, 0) : frame + near + 1].min(), side


def _play(instrument: ddsp_rt.Instrument, audio: np.ndarray) -> np.ndarray:
    return instrument.transfer(audio, RATE, octave=0, loudness=0.0, tail=False)


def main(words: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("instruments", nargs="+", metavar="INSTRUMENT")
    parser.add_argument("--phrases", nargs="+", default=[], metavar="RECORDINGS")
    arguments = parser.parse_args(words)
    files = find_sound_files(arguments.phrases).files if arguments.phrases else []
    for name in arguments.instruments:
        try:
            instrument = ddsp_rt.load(name)
        except UserError as error:
            print(error, file=sys.stderr)
            return 1
        middle, sounds = source_notes(instrument)
        print(f"{name}: about MIDI note {middle}")
        for step in (-5, 0, 5):
            heard = ", ".join(
                f"{wanted} -> {level:.1f}" for wanted, level in zip(SOFTER, softness(instrument, sounds[step]))
            )
            print(f"  {middle + step} softer by (dB): {heard}")
        for kind, join in JOINS.items():
            source, played = dips(instrument, sounds, *join)
            print(f"  {kind}: dips by {source:.1f} dB in the source, {played:.1f} dB as played")
        for file in files:
            audio, rate = read_audio(file.path)
            found = phrase_dips(instrument, audio[: SECONDS * rate], rate)
            if len(found):
                (source, played), deeper = np.median(found, axis=0), np.percentile(found[:, 1] - found[:, 0], (10, 90))
                print(
                    f"  {file.name}: {len(found)} dips, {source:.1f} dB in the source, {played:.1f} dB as played, "
                    f"{deeper[0]:+.1f} to {deeper[1]:+.1f} dB deeper"
                )
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
