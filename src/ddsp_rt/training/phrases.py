"""Joins recordings of single notes into phrases: what `prepare` adds where most instruments come as notes.

Each phrase is audio, made of notes of one folder, and then heard by the engine as any recording is: its features are
those that a performance would have. Of the notes a part is held out, and so are the phrases made of that part.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from ddsp_rt.analysis import FRAME_RATE
from ddsp_rt.console import say
from ddsp_rt.errors import DataError
from ddsp_rt.single_notes import LONGEST, SingleNote, single_note
from ddsp_rt.training.data_file import read_header, read_tensor
from ddsp_rt.training.held_out import share_held_out
from ddsp_rt.training.phrase_plan import Phrase, Planner
from ddsp_rt.training.recordings import Recording

VERSION = 4  # raised when the same notes would give other phrases
MOSTLY = 0.5  # share of the usable seconds that lie in single notes, from which they are joined unasked
FEWEST, FEWEST_HELD_OUT = 4, 2  # notes of a folder that are joined
CLEAN = 0.9  # share of a note's frames that can be used, so that it is joined
TIMES, MOST_TIMES = 2.0, 5.0  # seconds of phrases for each usable second of notes; and where these are few
LEAST, MOST, MOST_HELD_OUT = 1200.0, 1500.0, 48.0  # seconds of phrases, at about
LENGTH = 30.0  # seconds of a phrase
FALL_LONGEST = 2.0  # seconds of a release
SILENT = -60.0  # dB at which it ends
FEWEST_RELEASES = 3  # recorded, from which one is made
USUAL_FALL = 0.12  # seconds by 60 dB where too few were recorded
RINGS = 0.7  # seconds of reverberation from which nothing is cut while it sounds
DRY_BELOW = 0.4  # seconds of reverberation that a hand or a breath takes to end a note as well
QUICKEST = 0.2  # share of releases that fall as quickly as the room lets them


@dataclass(frozen=True)
class NoteOf:
    """A note, the recording that holds it, and what of it is known: the content's hash, native rate and features."""

    recording: Recording
    note: SingleNote
    content: str
    rate: int
    usable_seconds: float
    fall: np.ndarray = field(repr=False)  # dB under its loudness in each frame after it was let go; empty without
    decays: tuple[tuple[float, float], ...] = ()  # of its level after that: T60, seconds it was seen


@dataclass(frozen=True)
class PhraseJob:
    """A phrase to make and analyse into a part file of the data set."""

    name: str
    phrase: Phrase
    notes: tuple[NoteOf, ...]
    fall: tuple[float, ...]
    rate: int  # Hz, at which it is joined
    held_out: bool
    folder: Path
    model_rate: int
    channel: int | None

    @property
    def content(self) -> str:
        """A hash of all that the phrase's samples follow from."""
        sources = [note.content for note in self.notes]
        told = repr((VERSION, self.phrase, [n.note for n in self.notes], sources, self.fall, self.rate, self.channel))
        return hashlib.sha256(told.encode()).hexdigest()

    @property
    def table(self) -> dict[str, Any]:
        """What the data set says of it."""
        used = sorted({event.note for event in self.phrase.events})
        return {"joined": [self.notes[index].recording.name for index in used], "held_out": self.held_out}


@dataclass(frozen=True)
class Joined:
    """What notes are joined into. `marks`: which recordings, by number, are held out and which are not.
    `rooms`: seconds of reverberation of each folder of notes, 0 where it is dry."""

    jobs: list[PhraseJob] = field(default_factory=list)
    marks: dict[int, bool] = field(default_factory=dict)
    rooms: dict[str, float] = field(default_factory=dict)


def join(
    used: list[tuple[Recording, Path]],
    wanted: bool,
    folder: Path,
    model_rate: int,
    channel: int | None,
    report: Callable[[str], None] = say,
    seed: int = 0,
) -> Joined:
    """Plan the phrases of recordings that were analysed into part files.

    Where most of the data are single notes, or where it is `wanted`, the notes of each folder are joined, those held
    out apart from the others. The same notes and seed give the same phrases. `report` hears why notes are not joined;
    where they were wanted, DataError says so.
    """
    found: dict[int, NoteOf] = {}
    tables = []
    for index, (recording, part) in enumerate(used):
        table, spans = read_header(part)
        tables.append(table["recordings"][0])
        names = ("f0", "periodicity", "loudness", "usable")
        note = find_note(recording, tables[-1], {name: read_tensor(spans[f"0/{name}"]) for name in names})
        if note is not None:
            found[index] = note
    if not wanted and not are_notes(found, tables):
        return Joined()
    seconds = sum(table["seconds"] for table in tables)
    rooms = sorted({note.recording.room for note in found.values()})
    groups = [_split({i: note for i, note in found.items() if note.recording.room == room}, seconds) for room in rooms]
    groups = [(learnt, held_out) for learnt, held_out in groups if len(learnt) >= FEWEST]
    if not groups:
        few = (
            f"no folder has {FEWEST} recordings of single notes, each of one pitch and under {LONGEST:.0f} s; put "
            "those of one microphone and room into one folder"
        )
        if wanted:
            raise DataError(f"--from-notes: {few}, or train without it")
        report(f"The notes are not joined into phrases: {few}")
        return Joined()
    jobs, marks = [], {}
    usual = made_fall([note for group in groups for note in group[0].values()])
    learnt_seconds = sum(note.usable_seconds for learnt, _ in groups for note in learnt.values())
    for_each = min(max(TIMES, min(MOST_TIMES, LEAST / learnt_seconds)), MOST / learnt_seconds)
    for group in groups:
        for notes, held_out in zip(group, (False, True), strict=True):
            marks |= dict.fromkeys(notes, held_out)
            if len(notes) < FEWEST_HELD_OUT:
                continue
            share = sum(note.usable_seconds for note in notes.values())
            length = for_each * share
            if held_out:
                length = min(length, MOST_HELD_OUT / len(groups))
            own = list(notes.values())
            enough = sum(len(note.fall) > 0 for note in own) >= FEWEST_RELEASES
            fall = made_fall(own) if enough else usual
            jobs += phrase_jobs(own, fall, length, held_out, seed, folder, model_rate, channel)
    times = {room: room_time([note for note in found.values() if note.recording.room == room]) for room in rooms}
    return Joined(jobs, dict(sorted(marks.items())), times)


def _split(notes: dict[int, NoteOf], seconds: float) -> tuple[dict[int, NoteOf], dict[int, NoteOf]]:
    """The notes of a folder that are learnt from, and those held out of `seconds` of data: every so many, from the
    lowest to the highest."""
    order = sorted(notes, key=lambda index: (notes[index].note.pitch, notes[index].note.level, index))
    stride = max(round(1.0 / share_held_out(seconds)), 2)
    held_out = set(order[stride // 2 :: stride])
    return {i: notes[i] for i in notes if i not in held_out}, {i: notes[i] for i in notes if i in held_out}


def find_note(recording: Recording, table: dict[str, Any], features: dict[str, np.ndarray]) -> NoteOf | None:
    """The note that a recording of a data set holds, None when it holds something else."""
    found = single_note(features["f0"], features["periodicity"], features["loudness"])
    if found is None or np.mean(features["usable"][found.start : found.end] > 0) < CLEAN:
        return None
    fall = np.zeros(0)
    if found.let_go:
        after = features["loudness"][found.release : found.release + round(FALL_LONGEST * FRAME_RATE)].astype(float)
        fall = np.minimum.accumulate(after - after[0])
    decays = tuple((time, seen) for time, seen in table["decays"]) if found.let_go else ()
    return NoteOf(recording, found, table["sha256"], table["native_rate"], table["usable_seconds"], fall, decays)


def are_notes(found: dict[int, NoteOf], tables: list[dict[str, Any]]) -> bool:
    """Whether most of the usable seconds of recordings lie in single notes. `found`: by number of the recording."""
    notes = sum(note.usable_seconds for note in found.values())
    return len(found) >= FEWEST and notes > MOSTLY * sum(table["usable_seconds"] for table in tables)


def phrase_jobs(
    notes: list[NoteOf],
    fall: np.ndarray,
    seconds: float,
    held_out: bool,
    seed: int,
    folder: Path,
    model_rate: int,
    channel: int | None,
) -> list[PhraseJob]:
    """The phrases of one folder's notes, `seconds` of them in all, the same for the same notes and seed."""
    room = notes[0].recording.room
    rates = [note.rate for note in notes]
    rate = max(sorted(set(rates)), key=rates.count)
    label = f"{room} {'held out' if held_out else 'trained on'}"
    key = int.from_bytes(hashlib.sha256(label.encode()).digest()[:8], "little")
    random = np.random.Generator(np.random.Philox(key=[seed, key]))
    planner = Planner([note.note for note in notes], rings(notes), len(fall) / FRAME_RATE, random)
    jobs = []
    for number in range(max(1, round(seconds / LENGTH))):
        phrase = planner.phrase(min(LENGTH, max(seconds, 8.0)))
        name = f"{room}/{'held-out ' if held_out else ''}phrase {number + 1}"
        jobs.append(PhraseJob(name, phrase, tuple(notes), tuple(fall), rate, held_out, folder, model_rate, channel))
    return jobs


def made_fall(notes: list[NoteOf]) -> np.ndarray:
    """How a note falls that was let go, where that has to be made: the median of the recorded ones, dB [frames]."""
    recorded = [note.fall for note in notes if len(note.fall)]
    if len(recorded) < FEWEST_RELEASES:
        return np.linspace(0.0, SILENT, round(USUAL_FALL * FRAME_RATE) + 1)
    longest = max(len(fall) for fall in recorded)
    fall = np.median([np.pad(fall, (0, longest - len(fall)), mode="edge") for fall in recorded], axis=0)
    arrived = int(np.argmax(fall <= fall[-1] + 1.0))  # at the recordings' floor, which is no part of it
    ramp = np.linspace(fall[arrived], SILENT, 1 + max(round((fall[arrived] - SILENT) / 2.0), 1))
    return np.concatenate([fall[:arrived], ramp])


def rings(notes: list[NoteOf]) -> bool:
    """Whether what falls after the notes of a folder falls as slowly as in a room (or a body) that goes on ringing."""
    times = [time for note in notes for time, _ in note.decays]
    return len(times) >= FEWEST_RELEASES and float(np.median(times)) >= RINGS


def room_time(notes: list[NoteOf]) -> float:
    """T60 of the room of a folder of notes in seconds, 0 for a dry one.

    A release can be slower than the room, never quicker. What dies by itself, or was cut off, tells of no room.
    """
    times = [time for note in notes for time, _ in note.decays]
    quickest = float(np.quantile(times, QUICKEST)) if len(times) >= FEWEST_RELEASES else 0.0
    return round(quickest, 3) if quickest >= DRY_BELOW else 0.0
