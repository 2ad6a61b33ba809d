"""What one note of a recording is like: where it begins, stands and ends. Shared by `inspect` and `train`.

All places are frames of the 4 ms clock.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ddsp_rt.analysis import FRAME_RATE, VOICED
from ddsp_rt.note_names import midi_from_hz

LONGEST = 30.0  # seconds of a recording of one note
SOUNDS = 30.0  # dB under its loud level down to which a note sounds
SILENT = -75.0  # dB, whatever the recording's level
SHORTEST = 0.1  # seconds with a pitch
ONE_PITCH = 0.8  # semitones about its median in which a note stays, vibrato and all
MOSTLY = 0.85  # share of its frames that do, and of the sound that is the note's
BREAK = 0.06  # seconds of quiet that end a note
EARLY = 0.3  # seconds before a note is loud that it may begin to rise
RISES = 45.0  # dB under its level at which it begins at the latest
ARRIVED = 3.0  # dB under its level at which a note has arrived
LETS_GO = 8.0  # dB under its level below which it never rises again once it is released
RELEASED = 25.0  # dB under its level that a recorded release reaches at the least
DECAYS = 8.0  # dB from the first to the last third of a note that dies by itself
NEAR_FLOOR = 3.0  # dB over the recording's quietest, where a tail ends
TAIL = 60.0  # dB under its level at which it ends at the latest
PAUSE = 0.3  # seconds without the note that tell the recording's floor
BESIDE = 0.04  # seconds between it and the note


@dataclass(frozen=True)
class SingleNote:
    """One note. `pitch` is a MIDI note number, `level` its A-weighted dB.

    It begins to sound at `start`, stands at its level from `arrived` to `leaves`, does not rise again after `release`,
    and is heard up to `end`.
    `released` says whether its release was recorded, `sustained` whether it stands at its level rather than dying,
    `floor` from where to where its recording has a pause, (0, 0) where it has none.
    """

    pitch: float
    level: float
    start: int
    arrived: int
    leaves: int
    release: int
    end: int
    released: bool
    sustained: bool
    floor: tuple[int, int] = (0, 0)

    @property
    def let_go(self) -> bool:
        """Whether somebody let it go in the recording; a note that dies by itself is let go nowhere."""
        return self.released and self.sustained


def single_note(f0: np.ndarray, periodicity: np.ndarray, loudness: np.ndarray) -> SingleNote | None:
    """The note of a recording that holds one; None for others. f0 in Hz, periodicity, loudness in dB, each [frames]."""
    if not 0 < len(f0) <= LONGEST * FRAME_RATE:
        return None
    loudness = np.asarray(loudness, np.float64)
    quiet_below = max(float(np.percentile(loudness, 95)) - SOUNDS, SILENT)
    start, stop, share = _longest(loudness >= quiet_below)
    voiced = np.flatnonzero(np.asarray(periodicity[start:stop]) >= VOICED) + start
    if len(voiced) < SHORTEST * FRAME_RATE or share < MOSTLY:
        return None
    midi = midi_from_hz(np.maximum(np.asarray(f0, np.float64)[voiced], 1.0))
    pitch = float(np.median(midi))
    if np.mean(np.abs(midi - pitch) <= ONE_PITCH) < MOSTLY:
        return None
    sounding = loudness[start:stop]
    third = max(len(sounding) // 3, 1)
    first, last = (float(np.percentile(part, 75)) for part in (sounding[:third], sounding[third : 2 * third]))
    sustained = first - last < DECAYS
    level = float(np.percentile(sounding, 75 if sustained else 95))
    arrived = start + int(np.argmax(sounding >= level - ARRIVED))
    release = start + int(np.flatnonzero(sounding >= level - LETS_GO)[-1])
    begins, ends = _begins(loudness, start, level), _ends(loudness, release, level)
    return SingleNote(
        pitch=pitch,
        level=level,
        start=begins,
        arrived=arrived,
        leaves=start + int(np.flatnonzero(sounding >= level - ARRIVED)[-1]),
        release=max(release, arrived + 1),
        end=max(ends, arrived + 2),
        released=float(loudness[release:].min()) <= level - RELEASED,
        sustained=sustained,
        floor=_floor(loudness, begins, ends, level),
    )


def _longest(sounding: np.ndarray) -> tuple[int, int, float]:
    """First frame and end of the longest stretch of sound without a break, and what share of all the sound it is."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], sounding, [False]]).astype(np.int8)))
    stretches: list[list[int]] = []
    for begin, end in zip(edges[::2], edges[1::2], strict=True):
        if stretches and begin - stretches[-1][1] < BREAK * FRAME_RATE:
            stretches[-1][1] = int(end)
        else:
            stretches.append([int(begin), int(end)])
    if not stretches:
        return 0, 0, 0.0
    begin, end = max(stretches, key=lambda stretch: stretch[1] - stretch[0])
    return begin, end, float(sounding[begin:end].sum() / sounding.sum())


def _begins(loudness: np.ndarray, start: int, level: float) -> int:
    """Where the rise to `start` begins: out of the recording's floor, or 45 dB under the note's level."""
    first = max(start - round(EARLY * FRAME_RATE), 0)
    before = loudness[first : start + 1]
    low = max(float(np.percentile(before, 25)) + NEAR_FLOOR, level - RISES)
    quiet = np.flatnonzero(before <= low)
    return first + (int(quiet[-1]) if len(quiet) else 0)


def _ends(loudness: np.ndarray, release: int, level: float) -> int:
    """Where the fall after `release` has come to the floor."""
    after = loudness[release:]
    return release + int(np.argmax(after <= max(float(after.min()) + NEAR_FLOOR, level - TAIL))) + 1


def _floor(loudness: np.ndarray, begins: int, ends: int, level: float) -> tuple[int, int]:
    """The longer of the pauses before and after a note; (0, 0) where neither is quiet and long enough."""
    beside = round(BESIDE * FRAME_RATE)
    begin, end = max((0, begins - beside), (ends + beside, len(loudness)), key=lambda pause: pause[1] - pause[0])
    if end - begin < PAUSE * FRAME_RATE or float(loudness[begin:end].max()) > level - SOUNDS:
        return 0, 0
    return begin, end
