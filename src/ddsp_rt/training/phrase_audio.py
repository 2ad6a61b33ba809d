"""The sound of a phrase that is joined out of recordings of single notes.

Notes are laid over each other, so what rings after a note goes on under the next, as in a room. Where two are slurred
their pitches glide into each other and the crossfade falls where their waves agree. A note that is left early but whose
release was recorded loses its middle instead of its end.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ddsp_rt.analysis import FRAME_RATE
from ddsp_rt.note_names import hz_from_midi
from ddsp_rt.single_notes import SingleNote
from ddsp_rt.training.phrase_plan import Event, Phrase

PRE, FADE_IN, FADE_OUT = 0.012, 0.003, 0.015  # seconds before a note's start, and of its outer edges
CORNER = 0.01  # seconds over which a made release begins
CROSSFADE = 0.02  # seconds over which slurred notes change
CUT_OFF = 0.025  # seconds in which a note ends under the attack of the next
SPLICE = 0.03  # seconds over which a middle is left out
BEFORE_RELEASE = 0.04  # seconds of a note that stay before it leaves its level
ALIKE = 0.6  # correlation that a splice needs
NEAR = 4.0  # dB that its sides may differ by
FALLEN = 30.0  # dB under its level at which a note is over
GAINS = (-60.0, 6.0)  # dB
OVERSAMPLED = 4
START = 0.1  # seconds before the first note
REST = 0.6  # seconds after the last
GRAIN = 0.25  # seconds of the floor that are laid beside each other


@dataclass
class Segment:
    """A note as it is played, [samples]: where in it its onset is, where it is let go and where it has fallen; and
    where in the phrase it begins."""

    audio: np.ndarray
    onset: int
    release: int
    fallen: int
    begin: int = 0


Sound = Callable[[int], np.ndarray]  # the recording of a note, by its number


def phrase_audio(phrase: Phrase, notes: list[SingleNote], sound: Sound, rate: int, fall: np.ndarray) -> np.ndarray:
    """Play a phrase: float32 [samples].

    Args:
        notes: which the events' numbers mean.
        sound: gives the recording of each, float32 [samples] at `rate`.
        fall: dB by which a note has fallen each frame after it was let go, where its release has to be made.
    """
    placed = place(phrase, notes, sound, rate, fall)
    whole = np.zeros(max(part.begin + len(part.audio) for part in placed) + round(REST * rate))
    for part, event in zip(placed, phrase.events, strict=True):
        gain = _gain(phrase, notes[event.note].level, part.begin, len(part.audio), rate)
        whole[part.begin : part.begin + len(part.audio)] += part.audio * gain
    if phrase.bed is not None:
        whole += _bed(sound(phrase.bed), notes[phrase.bed].floor, len(whole), rate)
    return whole.astype(np.float32)


def place(phrase: Phrase, notes: list[SingleNote], sound: Sound, rate: int, fall: np.ndarray) -> list[Segment]:
    """Each of a phrase's notes as it is played, but for its gain, and where. Arguments as for `phrase_audio`."""
    placed: list[Segment] = []
    for number, event in enumerate(phrase.events):
        after = phrase.events[number + 1].link if number + 1 < len(phrase.events) else None
        note = notes[event.note]
        segment = _segment(event, after, note, sound(event.note), rate, fall)
        if not placed:
            segment.begin = round((START + event.gap) * rate) - segment.onset
        else:
            before = placed[-1]
            if event.link == "slur":
                segment = _slur(before, segment, note, rate)
            until = before.fallen + round(event.gap * rate) if event.link == "gap" else before.release
            segment.begin = max(before.begin + until - segment.onset, 0)
        placed.append(segment)
    return placed


def curve(phrase: Phrase, seconds: np.ndarray) -> np.ndarray:
    """The level in dB that a phrase is meant to have at some times: half waves between its points."""
    times, levels = np.array(phrase.times), np.array(phrase.levels)
    where = np.clip(np.searchsorted(times, seconds, side="right") - 1, 0, len(times) - 2)
    share = np.clip((seconds - times[where]) / (times[where + 1] - times[where]), 0.0, 1.0)
    return levels[where] + (levels[where + 1] - levels[where]) * 0.5 * (1.0 - np.cos(np.pi * share))


def _gain(phrase: Phrase, level: float, begin: int, length: int, rate: int) -> np.ndarray:
    """Factors [length] that bring a note of some level to the phrase's curve."""
    step = rate // FRAME_RATE
    at = np.arange(0, length + step, step)
    gain = np.clip(curve(phrase, (begin + at) / rate) - level, *GAINS)
    return 10.0 ** (np.interp(np.arange(length), at, gain) / 20.0)


def _segment(
    event: Event, after: str | None, note: SingleNote, sound: np.ndarray, rate: int, fall: np.ndarray
) -> Segment:
    """The note of an event, to the end that the link to the next one asks for, with its bends and vibrato."""
    arrived = _sample(note.arrived, sound, rate)
    if event.link == "slur":
        first = onset = arrived + round(event.offset * rate)
    else:
        onset = _sample(note.start, sound, rate)
        first = max(onset - round(PRE * rate), 0)
    leave = max(arrived, first) + round(event.seconds * rate)
    if after in ("slur", "joined"):
        last = min(leave + round((CROSSFADE if after == "slur" else CUT_OFF) * rate), len(sound))
        audio = sound[first:last].astype(np.float64)
        segment = Segment(audio, onset - first, leave - first, last - first)
    else:
        segment = _to_its_end(note, sound, first, leave, rate, _falls(fall, event.fall, rate))
        segment.onset = onset - first
    if event.link != "slur":
        _fade_in(segment.audio, round(FADE_IN * rate))
    segment = _warp(segment, event, rate)
    if after == "joined":
        _fade_out(segment.audio, segment.release)
    elif after != "slur":
        _fade_out(segment.audio, len(segment.audio) - round(FADE_OUT * rate))
    return segment


def _sample(frame: int, sound: np.ndarray, rate: int) -> int:
    """Where in a recording a frame begins."""
    return min(round(frame * (rate / FRAME_RATE)), len(sound))


def _to_its_end(note: SingleNote, sound: np.ndarray, first: int, leave: int, rate: int, falls: np.ndarray) -> Segment:
    """From `first`, left at about `leave`: with its recorded release, or with one that is made by factors `falls`."""
    leaves, release, end = (_sample(frame, sound, rate) for frame in (note.leaves, note.release, note.end))
    if note.let_go:
        again = leaves - round(BEFORE_RELEASE * rate)
        tail = np.cumsum(sound[release:end].astype(np.float64)[::-1] ** 2)[::-1] if end > release else np.zeros(1)
        fallen = int(np.argmax(tail <= 10 ** (-FALLEN / 10) * tail[0])) or len(tail)
        if leave >= again:
            audio = sound[first:end].astype(np.float64)
            return Segment(audio, 0, release - first, release + fallen - first)
        spliced = _without_middle(sound, first, leave, again, end, note.pitch, rate)
        if spliced is not None:
            audio, gone = spliced
            return Segment(audio, 0, release - gone - first, release + fallen - gone - first)
    leave = max(min(leave, len(sound) - len(falls)), first + round(0.02 * rate))
    audio = sound[first : leave + len(falls)].astype(np.float64)
    kept = len(audio) - (leave - first)
    if kept > 0:
        audio[-kept:] *= falls[:kept]
    over = np.flatnonzero(falls <= 10 ** (-FALLEN / 20))
    return Segment(audio, 0, leave - first, leave - first + (int(over[0]) if len(over) else len(falls)))


def _falls(fall: np.ndarray, times: float, rate: int) -> np.ndarray:
    """Factors, a sample each, of a fall (dB, a frame each) that takes so many times as long; without a corner."""
    frames = np.arange(round(len(fall) * times * rate / FRAME_RATE)) / (times * rate / FRAME_RATE)
    falls = 10.0 ** (np.interp(frames, np.arange(len(fall)), fall) / 20.0)
    bow = np.hanning(round(CORNER * rate) + 2)
    return np.convolve(np.pad(falls, (len(bow) - 1, 0), constant_values=1.0), bow / bow.sum(), "valid")


def _without_middle(
    sound: np.ndarray, first: int, leave: int, again: int, end: int, pitch: float, rate: int
) -> tuple[np.ndarray, int] | None:
    """first..leave and again..end, crossfaded where the waves agree: the sound and how much is left out, or None."""
    width, period = round(SPLICE * rate), round(rate / hz_from_midi(pitch))
    if again - leave < 2 * width + period or again + width + period > len(sound):
        return None
    one = sound[leave : leave + width].astype(np.float64)
    lag, alike = _agreement(one, sound[again - period : again + width].astype(np.float64))
    there = again - period + lag
    other = sound[there : there + width].astype(np.float64)
    differ = 10.0 * np.log10((np.sum(one**2) + 1e-20) / (np.sum(other**2) + 1e-20))
    if alike < ALIKE or abs(differ) > NEAR:
        return None
    parts = sound[first:leave], _crossfade(one, other, alike), sound[there + width : end]
    return np.concatenate(parts).astype(np.float64), there - leave


def _slur(before: Segment, segment: Segment, note: SingleNote, rate: int) -> Segment:
    """The segment from where its wave agrees with the end of the one before; that end is faded out in place."""
    width = len(before.audio) - before.release
    period = min(round(rate / hz_from_midi(note.pitch)), max(len(segment.audio) - width - 1, 0))
    lag, alike = _agreement(before.audio[before.release :], segment.audio[: width + period])
    audio = segment.audio[lag:]
    width = min(width, len(audio))
    down, up = _weights(width, max(alike, 0.0))
    before.audio[before.release :] *= np.pad(down, (0, len(before.audio) - before.release - width))
    audio[:width] *= up
    return Segment(audio, 0, max(segment.release - lag, 0), max(segment.fallen - lag, 0))


def _agreement(one: np.ndarray, other: np.ndarray) -> tuple[int, float]:
    """Where in `other` the wave `one` fits best, and the correlation there."""
    if len(one) == 0 or len(other) < len(one):
        return 0, 0.0
    total = np.concatenate([[0.0], np.cumsum(other**2)])
    energy = total[len(one) :] - total[: len(other) - len(one) + 1]
    found = np.correlate(other, one, "valid") / np.sqrt(energy * np.sum(one**2) + 1e-20)
    return int(np.argmax(found)), float(found.max())


def _weights(width: int, alike: float) -> tuple[np.ndarray, np.ndarray]:
    """Falling and rising factors [width] that keep the power of two waves of some correlation."""
    up = 0.5 * (1.0 - np.cos(np.pi * (np.arange(width) + 0.5) / max(width, 1)))
    down = 1.0 - up
    power = np.sqrt(up**2 + down**2 + 2.0 * alike * up * down)
    return down / power, up / power


def _crossfade(one: np.ndarray, other: np.ndarray, alike: float) -> np.ndarray:
    down, up = _weights(len(one), alike)
    return down * one + up * other


def _warp(segment: Segment, event: Event, rate: int) -> Segment:
    """The segment with the event's bends and vibrato, by reading it faster and slower."""
    import soxr

    bent = (event.bend and event.glide) or (event.leave and event.leaving)
    if not bent and event.vibrato is None:
        return segment
    length = len(segment.audio)
    time = np.arange(length) / rate
    cents = np.zeros(length)
    if event.bend and event.glide:
        cents += event.bend * _half_wave(1.0 - (time - segment.onset / rate) / event.glide)
    if event.leave and event.leaving:
        cents += event.leave * _half_wave(1.0 - (segment.release / rate - time) / event.leaving)
    if event.vibrato is not None:
        since = time - segment.onset / rate - event.vibrato.delay
        depth = event.vibrato.depth * _half_wave(since / 0.3)
        cents += depth * np.sin(2.0 * np.pi * event.vibrato.rate * np.maximum(since, 0.0))
    place = np.concatenate([[0.0], np.cumsum(2.0 ** (cents / 1200.0))])
    place = place[place < length - 1]
    fine = soxr.resample(segment.audio, rate, OVERSAMPLED * rate, quality="HQ")
    marks = (int(np.searchsorted(place, mark)) for mark in (segment.onset, segment.release, segment.fallen))
    return Segment(_read(fine, OVERSAMPLED * place), *marks)


def _half_wave(share: np.ndarray) -> np.ndarray:
    """0 to 1 along half a wave, as `share` goes from 0 to 1."""
    return 0.5 * (1.0 - np.cos(np.pi * np.clip(share, 0.0, 1.0)))


def _read(audio: np.ndarray, place: np.ndarray) -> np.ndarray:
    """Values between samples, by the cubic polynomial through the four around each."""
    whole = np.clip(place.astype(int), 1, len(audio) - 3)
    t = place - whole
    a, b, c, d = (audio[whole + shift] for shift in (-1, 0, 1, 2))
    return (
        -t * (t - 1.0) * (t - 2.0) / 6.0 * a
        + (t + 1.0) * (t - 1.0) * (t - 2.0) / 2.0 * b
        - (t + 1.0) * t * (t - 2.0) / 2.0 * c
        + (t + 1.0) * t * (t - 1.0) / 6.0 * d
    )


def _bed(sound: np.ndarray, floor: tuple[int, int], length: int, rate: int) -> np.ndarray:
    """The floor of a recording for as long as wanted: grains of its pause, crossfaded at equal power."""
    pause = sound[round(floor[0] * rate / FRAME_RATE) : round(floor[1] * rate / FRAME_RATE)].astype(np.float64)
    grain = min(round(GRAIN * rate), len(pause))
    hop = grain // 2
    window = np.sin(np.pi * (np.arange(grain) + 0.5) / grain)
    bed = np.zeros(length + grain)
    starts = np.random.default_rng(length)
    for begin in range(0, length, hop):
        first = int(starts.integers(len(pause) - grain + 1))
        bed[begin : begin + grain] += window * pause[first : first + grain]
    return bed[:length]


def _fade_in(audio: np.ndarray, width: int) -> None:
    width = min(width, len(audio))
    audio[:width] *= _half_wave((np.arange(width) + 0.5) / max(width, 1))


def _fade_out(audio: np.ndarray, start: int) -> None:
    start = max(start, 0)
    width = len(audio) - start
    audio[start:] *= _half_wave(1.0 - (np.arange(width) + 0.5) / max(width, 1))
