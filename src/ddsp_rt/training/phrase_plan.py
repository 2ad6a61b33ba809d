"""What the phrases are that single notes are joined into: which notes, how joined, how loud. Numbers only, no sound.

The melody walks by small steps over the notes there are. How loud it is meant to be is drawn first, from the loudest of
the notes to 50 dB below; each note is one that was played about as loudly, so that soft tones are soft playing as far
as there was any, and what is then missing is a matter of gain.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ddsp_rt.analysis import FRAME_RATE
from ddsp_rt.single_notes import SingleNote

SPAN = 50.0  # dB from the loudest note to the softest that phrases play
SOFTEST = -72.0  # dB, A-weighted
SHARES = (0.5, 0.3, 0.2)  # of the curve's points in each of
DEPTHS = ((0.0, 18.0), (10.0, 40.0), (35.0, SPAN))  # dB under the loudest note
POINTS = (0.7, 3.5)  # seconds between points of the curve

REPEATED = 0.2  # share of notes that are the one before again
STEP = 2.5  # semitones of the mean step of the others
SAME = 0.5  # semitones within which two notes are the same
USED = 0.7  # semitones that a note is the further away for every time it was used
TOO_SOFT = 1.0  # semitones for a decibel by which a note would have to be raised
TOO_LOUD = 0.25  # or lowered

LINKS = {"slur": 0.35, "joined": 0.15, "over": 0.1, "gap": 0.4}  # shares of how a note follows another
WIDEST_SLUR = 12.5  # semitones
GAPS = (0.015, 0.15)  # seconds of quiet between tongued notes
RESTS = (0.3, 1.5)  # and between phrases
REST = 0.15  # share of gaps that are rests
LENGTHS = (0.12, 2.5)  # seconds that a note stands, before it is left
HELD, LONG = 0.08, 5.0  # share of notes that are held longer, and how long at the most

FALLS = (0.3, 1.2)  # times as long as usual that releases take
MET = 3.5  # semitones up to which slurred notes glide into each other; wider ones lean towards each other
LEAN = (0.2, 1.0)  # semitones
GLIDE = (0.015, 0.06)  # seconds, of each of the two
AT_ONCE = 0.4  # share of slurs without, as keys and fingers make them
SCOOP, SCOOPED, SCOOP_TIME = 0.15, (15.0, 60.0), (0.05, 0.15)  # share, cents below and seconds of notes that slide in
VIBRATO, AFTER = 0.25, 0.6  # share of the notes longer than so many seconds
RATES, DEPTH, DELAYS = (4.5, 6.5), (8.0, 35.0), (0.0, 0.4)  # Hz, cents to either side, seconds


@dataclass(frozen=True)
class Vibrato:
    """Rate in Hz, depth in cents to either side, delay in seconds after the note's beginning."""

    rate: float
    depth: float
    delay: float


@dataclass(frozen=True)
class Event:
    """A note of a phrase and how it follows the one before.

    `link`: "slur", crossfaded where both stand, without an attack; "joined", its attack cuts the other off; "over", its
    attack falls on the other's release; "gap", after the other's release and `gap` seconds of quiet. It stands for
    `seconds` and, when slurred, begins `offset` seconds into its standing part. Its pitch comes from `bend` cents away
    in `glide` seconds, and leaves by `leave` cents in `leaving` seconds. A release that has to be made takes `fall`
    times as long as usual.
    """

    note: int
    link: str
    gap: float
    seconds: float
    offset: float = 0.0
    bend: float = 0.0
    glide: float = 0.0
    leave: float = 0.0
    leaving: float = 0.0
    vibrato: Vibrato | None = None
    fall: float = 1.0


@dataclass(frozen=True)
class Phrase:
    """Events in order; `times` (seconds) and `levels` (dB) of the curve of loudness; `bed`: the note in whose
    recording's pause the floor is heard, None for silence."""

    events: tuple[Event, ...]
    times: tuple[float, ...]
    levels: tuple[float, ...]
    bed: int | None = None


class Planner:
    """Draws phrases out of `notes`, of which it knows how often each was used.

    In a `wet` room no note is cut while it sounds, for the room's answer would be cut too: notes overlap as recorded.
    `fall`: seconds that a made release takes.
    """

    def __init__(self, notes: list[SingleNote], wet: bool, fall: float, random: np.random.Generator):
        self.notes, self.wet, self.fall, self.random = notes, wet, fall, random
        self.used = np.zeros(len(notes))
        self._pitch = np.array([note.pitch for note in notes])
        self._level = np.array([note.level for note in notes])
        self._beds = [index for index, note in enumerate(notes) if note.floor[1] > note.floor[0]]

    def phrase(self, seconds: float) -> Phrase:
        """One of about so many seconds."""
        times, levels = self._curve(seconds)
        events: list[Event] = []
        now, pitch = 0.0, float(self.random.choice(self._pitch))
        while now < seconds:
            index = self._choose(pitch, float(np.interp(now, times, levels)), events)
            event = self._event(index, events)
            if event.link == "slur":
                events[-1], event = self._glide(events[-1], event)
            events.append(event)
            now += event.gap + event.seconds + (0.5 * self.fall if event.link == "gap" else 0.0)
            self.used[index] += 1.0
            pitch = self._next_pitch(index)
        bed = int(self.random.choice(self._beds)) if self._beds and self.random.random() < 0.5 else None
        return Phrase(tuple(events), times, levels, bed)

    def _curve(self, seconds: float) -> tuple[tuple[float, ...], tuple[float, ...]]:
        loud = float(np.percentile(self._level, 95))
        times, levels = [0.0], []
        while times[-1] < 2.0 * seconds:
            times.append(times[-1] + self.random.uniform(*POINTS))
        for _ in times:
            depth = self.random.uniform(*DEPTHS[self.random.choice(len(SHARES), p=SHARES)])
            levels.append(max(loud - depth, SOFTEST))
        return tuple(times), tuple(levels)

    def _choose(self, pitch: float, level: float, events: list[Event]) -> int:
        """The note that is nearest to a pitch and a level and was used least."""
        away = np.abs(self._pitch - pitch)
        cost = away + USED * self.used + self.random.exponential(0.5, len(away))
        cost += np.where(self._level < level, TOO_SOFT * (level - self._level), TOO_LOUD * (self._level - level))
        cost += np.where(away < SAME, 0.0, 2.0)
        if events and len(away) > 1:
            cost[events[-1].note] += 3.0  # the same again, if another take of it is far
        return int(np.argmin(cost))

    def _next_pitch(self, index: int) -> float:
        pitch = self._pitch[index]
        if self.random.random() < REPEATED:
            return float(pitch)
        wanted = pitch + self.random.choice((-1.0, 1.0)) * (0.5 + self.random.exponential(STEP))
        low, high = self._pitch.min(), self._pitch.max()
        if not low <= wanted <= high:
            wanted = 2.0 * (low if wanted < low else high) - wanted
        return float(np.clip(wanted, low, high))

    def _event(self, index: int, events: list[Event]) -> Event:
        random, note = self.random, self.notes[index]
        link = str(random.choice(list(LINKS), p=list(LINKS.values()))) if events else "gap"
        if events and link == "slur" and not self._slurs(events[-1].note, index):
            link = "joined"
        if self.wet and link in ("slur", "joined"):
            link = "over"
        gap = 0.0
        if link == "gap":
            gap = random.uniform(*(RESTS if random.random() < REST or not events else GAPS))
        stands = stand(note, self.fall)
        seconds = float(np.exp(random.uniform(*np.log(LENGTHS))))
        if random.random() < HELD:
            seconds = random.uniform(LENGTHS[1], LONG)
        offset = 0.0
        if link == "slur":
            offset = random.uniform(0.0, max(stands - seconds, 0.0))
        seconds = min(seconds, max(stands - offset, 0.0))
        bend = glide = 0.0
        if link != "slur" and random.random() < SCOOP:
            bend, glide = -random.uniform(*SCOOPED), random.uniform(*SCOOP_TIME)
        vibrato = None
        if note.sustained and seconds > AFTER and random.random() < VIBRATO:
            vibrato = Vibrato(random.uniform(*RATES), random.uniform(*DEPTH), random.uniform(*DELAYS))
        fall = 1.0 if self.wet else float(np.exp(random.uniform(*np.log(FALLS))))
        return Event(index, link, gap, seconds, offset, bend, glide, vibrato=vibrato, fall=fall)

    def _slurs(self, before: int, index: int) -> bool:
        """Whether two notes can be slurred: both stand, at other pitches."""
        notes = self.notes[before], self.notes[index]
        interval = abs(notes[0].pitch - notes[1].pitch)
        return all(note.sustained and stand(note, self.fall) > LENGTHS[0] for note in notes) and (
            SAME < interval < WIDEST_SLUR
        )

    def _glide(self, before: Event, event: Event) -> tuple[Event, Event]:
        """Two slurred events, whose pitches meet half way, lean towards each other, or change at once.

        In a change at once the analyser's window holds two notes, and hears little period in them. Of glides alone a
        network would learn that where there is little, a note begins, and would let every such slur dip.
        """
        if self.random.random() < AT_ONCE:
            return before, event
        interval = self.notes[event.note].pitch - self.notes[before.note].pitch
        half = interval / 2 if abs(interval) <= MET else np.sign(interval) * self.random.uniform(*LEAN)
        leaving, glide = self.random.uniform(*GLIDE, 2)
        before = replace(before, leave=100.0 * half, leaving=min(leaving, 0.5 * before.seconds))
        return before, replace(event, bend=-100.0 * half, glide=min(glide, 0.5 * event.seconds))


def stand(note: SingleNote, fall: float) -> float:
    """Seconds that a note can be held: where no release was recorded, one has to be made out of its end."""
    last = note.leaves if note.let_go else note.end - round(fall * FRAME_RATE)
    return max(last - note.arrived, 0) / FRAME_RATE
