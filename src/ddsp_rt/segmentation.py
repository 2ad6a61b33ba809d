"""A performance as notes: the engine's segmenter over features that were heard before."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ddsp_rt import _engine
from ddsp_rt.analysis import FRAME_RATE, Features

SPAN = 30.0  # dB from velocity 1 to velocity 127: an instrument's soft notes to its loud ones
LOUD = 95  # percentile of what has a pitch, that velocity 127 stands for


@dataclass(frozen=True)
class HeardNote:
    """Seconds from the start of the audio; `pitch` is the median of what was played, a MIDI note number.

    `key` is the MIDI key that stands for the note, `velocity` 0 to 1, `loudness` the loudest 4 ms, A-weighted dB.
    """

    start: float
    end: float
    key: int
    pitch: float
    velocity: float
    loudness: float

    @property
    def cents(self) -> float:
        """How far the pitch lies from the nearest note."""
        return 100 * (self.pitch - round(self.pitch))


@dataclass(frozen=True)
class NoteEvent:
    """What a player would do at `seconds`: `kind` and `value` are as in `ddsp_rt.notes.Notes`."""

    seconds: float
    kind: str
    key: int
    value: float


@dataclass(frozen=True)
class Segmentation:
    """The notes of a performance, and all that a player of the note door would have to do for them, both in time order.

    A note that is slurred to begins before the one before it ends.
    """

    notes: list[HeardNote]
    events: list[NoteEvent]


def segment(features: Features) -> Segmentation:
    """Hear notes in a performance.

    Velocities follow loudness, dB for dB, from the performance's loud level down; within a note `pressure` and
    `expression` carry its swells. Times are corrected by the 20 ms that the analysis takes to hear a change.
    """
    loudness = features.loudness[features.voiced]
    loudest = float(np.percentile(loudness, LOUD)) if len(loudness) else 0.0
    segmenter = _engine.NoteSegmenter(_engine.LONGEST_NOTE_DELAY, loudest - SPAN, loudest)
    told = segmenter.process(features.f0, features.periodicity, features.loudness, features.outside)
    told += segmenter.finish()
    events, notes = [], []
    down: dict[int, tuple[int, float]] = {}
    for frame, kind, key, value in told:
        events.append(NoteEvent(_seconds(frame), kind, key, value))
        if kind == "note_on":
            down[key] = (frame, value)
        elif kind == "note_off":
            begin, velocity = down.pop(key)
            notes.append(_note(features, begin, frame, key, velocity))
    return Segmentation(sorted(notes, key=lambda note: note.start), events)


def _note(features: Features, begin: int, end: int, key: int, velocity: float) -> HeardNote:
    part = slice(begin, max(end, begin + 1))
    pitch = features.midi[part][features.voiced[part]]
    median = float(np.median(pitch)) if len(pitch) else float(key)
    return HeardNote(_seconds(begin), _seconds(end), key, median, velocity, float(features.loudness[part].max()))


def _seconds(frame: int) -> float:
    return max(frame - _engine.HEARD_AFTER, 0) / FRAME_RATE
