"""How the notes of recordings begin and move: what the note door does until it is told otherwise.

A note is a stretch of one pitch. Its attack is the straight line in dB, 40 dB high, that rises as its loudness does.
Its vibrato is the sine that is found in its pitch by least squares, beside a slow drift.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np

from ddsp_rt.analysis import FRAME_RATE, VOICED
from ddsp_rt.instrument_file import NOTES
from ddsp_rt.note_names import midi_from_hz
from ddsp_rt.training.data_file import PreparedData

FEWEST = 3  # notes, for a figure of them
SLOW = 50  # frames over which vibrato averages out
STEP = 0.6  # semitones by which another note is told from this one
LONG = 160  # frames of a note that would have vibrato by now

WINDOW, HOP = 150, 12  # frames in which vibrato is looked for
RATES = np.arange(3.0, 9.01, 0.1)  # Hz
LEAST_DEPTH = 4.0  # cents
LEAST_SHARE = 0.6  # of what moves in a window
ONSET = 0.2  # seconds in which the note door's vibrato reaches its depth

ATTACK_DB = 40.0  # of which the time is told
NEARLY = 3.0  # dB below its loudness a note has arrived
RISES = (12.0, 30.0)  # dB from which an attack is told, at the least and at the most
ARRIVES = 100  # frames in which a note does
EARLY = 15  # frames before its pitch is heard that it may begin to rise


@dataclass
class NoteManner:
    """Collects what the notes of recordings do. `table` has it in the words of the instrument file."""

    attacks: list[float] = field(default_factory=list)  # ms
    vibratos: list[tuple[float, float, float]] = field(default_factory=list)  # Hz, cents, ms; of notes that have one
    still: int = 0  # long notes without

    def add(self, f0: np.ndarray, periodicity: np.ndarray, loudness: np.ndarray, usable: np.ndarray) -> None:
        """Listen to one recording: f0 in Hz, periodicity, loudness in dB and whether it is usable, each [frames]."""
        usable = np.asarray(usable) > 0
        midi = midi_from_hz(np.maximum(np.asarray(f0, np.float64), 1.0))
        loudness = np.asarray(loudness, np.float64)
        for start, stop in notes(midi, usable & (np.asarray(periodicity) >= VOICED)):
            attack = attack_time(loudness, start, stop)
            if attack is not None:
                self.attacks.append(attack)
            if stop - start >= LONG:
                found = vibrato(midi[start:stop])
                if found is None:
                    self.still += 1
                else:
                    self.vibratos.append(found)

    def table(self) -> dict[str, float]:
        """Medians by the names of the note door's parameters; those of which too few notes tell are left out."""
        told: dict[str, float] = {}
        if len(self.attacks) >= FEWEST:
            told["attack"] = round(float(np.median(self.attacks)), 1)
        if len(self.vibratos) + self.still >= FEWEST:
            depths = [0.0] * self.still + [depth for _, depth, _ in self.vibratos]
            told["vibrato_depth"] = round(float(np.median(depths)), 1)
        if self.vibratos and told.get("vibrato_depth"):
            told["vibrato_rate"] = round(float(np.median([rate for rate, _, _ in self.vibratos])), 2)
            told["vibrato_delay"] = round(float(np.median([delay for _, _, delay in self.vibratos])), 1)
        return {name: min(max(value, NOTES[name][0]), NOTES[name][1]) for name, value in told.items()}


def in_words(told: Mapping[str, float]) -> str:
    """What a table says."""
    words = []
    if "attack" in told:
        words.append(f"they rise by 40 dB in {told['attack']:.0f} ms")
    if "vibrato_rate" in told:
        words.append(
            f"vibrato of {told['vibrato_rate']:.1f} Hz and {told['vibrato_depth']:.0f} cents to either side, after "
            f"{told['vibrato_delay']:.0f} ms"
        )
    elif "vibrato_depth" in told:
        words.append("no vibrato")
    return "; ".join(words) or "too few to tell"


def notes(midi: np.ndarray, sounding: np.ndarray) -> Iterator[tuple[int, int]]:
    """First frame and end of each stretch of one note."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], sounding, [False]]).astype(np.int8)))
    for begin, end in zip(edges[::2], edges[1::2], strict=True):
        if end - begin < SLOW:
            continue
        slow = _moving_median(midi[begin:end], SLOW)
        start = 0
        while start < len(slow):
            centre = np.median(slow[start : start + SLOW])
            away = np.flatnonzero(np.abs(slow[start:] - centre) > STEP)
            stop = start + int(away[0]) if len(away) else len(slow)
            if stop - start >= SLOW // 2:
                yield int(begin) + start, int(begin) + stop
            start = max(stop, start + 1)


def attack_time(loudness: np.ndarray, start: int, stop: int) -> float | None:
    """Milliseconds in which a note rises by 40 dB, as steeply as it came; None where no rest is before it."""
    top = float(np.max(loudness[start : min(stop, start + ARRIVES)]))
    arrived = start + int(np.argmax(loudness[start:stop] >= top - NEARLY))
    rest = max(start - EARLY, 0)
    before = loudness[rest : arrived + 1]
    low = min(top - float(before.min()) - NEARLY, RISES[1])
    if low < RISES[0]:
        return None
    first = rest + int(np.flatnonzero(before <= top - low)[-1])
    times = [_crossing(loudness, frame, level) for frame, level in ((first, top - low), (arrived - 1, top - NEARLY))]
    return (times[1] - times[0]) * 1000.0 / FRAME_RATE * ATTACK_DB / (low - NEARLY)


def _crossing(values: np.ndarray, frame: int, level: float) -> float:
    """Where between a frame and the next the values pass a level."""
    low, high = values[frame], values[frame + 1]
    return frame + (float(np.clip((level - low) / (high - low), 0.0, 1.0)) if high > low else 0.0)


def vibrato(midi: np.ndarray) -> tuple[float, float, float] | None:
    """Rate in Hz, depth in cents to either side and delay in ms of a note's vibrato; None where it has none."""
    cents = 100.0 * (midi - np.median(midi))
    windows = np.lib.stride_tricks.sliding_window_view(cents, WINDOW)[::HOP]
    rates, depths, shares = _strongest_sine(windows)
    inside = (rates > RATES[0]) & (rates < RATES[-1])  # what fits best at an end is slower, or faster
    moving = inside & (depths >= LEAST_DEPTH) & (shares >= LEAST_SHARE)
    if moving.sum() < max(2, len(moving) // 4):
        return None
    rate, depth = float(np.median(rates[moving])), float(np.median(depths[moving]))
    return rate, depth, _delay(cents, rate, depth)


def _delay(cents: np.ndarray, rate: float, depth: float) -> float:
    """Milliseconds after which the note door begins the vibrato that reaches half its depth when this one does."""
    period = round(FRAME_RATE / rate)
    windows = np.lib.stride_tricks.sliding_window_view(cents, period)
    reached = _sines(windows, np.array([rate]), 1)[1][:, 0] >= 0.5 * depth
    steady = np.flatnonzero(_moving_median(reached.astype(float), period) >= 0.5)
    if len(steady) == 0 or steady[0] == 0:  # moving from its first frame on
        return 0.0
    return max((steady[0] + 0.5 * period) / FRAME_RATE - 0.5 * ONSET, 0.0) * 1000.0


def _strongest_sine(windows: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Of each window [windows, frames]: the rate (Hz), amplitude and share of what moves of the sine that fits best."""
    shares, amplitudes = _sines(windows, RATES, 2)
    best = shares.argmax(axis=1)
    rows, inner = np.arange(len(best)), np.clip(best, 1, len(RATES) - 2)
    left, mid, right = (shares[rows, inner + side] for side in (-1, 0, 1))
    bend = np.minimum(left - 2.0 * mid + right, -1e-9)
    offset = np.where(best == inner, 0.5 * (left - right) / bend, 0.0)
    return RATES[best] + offset * (RATES[1] - RATES[0]), amplitudes[rows, best], shares[rows, best]


def _sines(windows: np.ndarray, rates: np.ndarray, degree: int) -> tuple[np.ndarray, np.ndarray]:
    """Least squares of a sine beside a slow drift, a polynomial of some degree: the share of what the drift leaves that
    the sine is, and its amplitude, each [windows, rates]."""
    frames = windows.shape[1]
    time = np.linspace(-1.0, 1.0, frames)
    drift, _ = np.linalg.qr(np.stack([time**power for power in range(degree + 1)], axis=1))
    turns = 2.0 * np.pi * rates[:, None] * np.arange(frames) / FRAME_RATE
    waves = np.stack([np.sin(turns), np.cos(turns)], axis=2)
    basis, mixed = np.linalg.qr(waves - drift @ (drift.T @ waves))
    rest = windows - (windows @ drift) @ drift.T
    found = np.einsum("wn,rnk->wrk", rest, basis)
    shares = np.square(found).sum(axis=2) / np.maximum(np.square(rest).sum(axis=1, keepdims=True), 1e-9)
    return shares, np.linalg.norm(np.einsum("rjk,wrk->wrj", np.linalg.inv(mixed), found), axis=2)


def _moving_median(values: np.ndarray, width: int) -> np.ndarray:
    """Median over a centred window, which is cut at the ends."""
    half = width // 2
    padded = np.pad(values, (half, half), mode="edge")
    return np.median(np.lib.stride_tricks.sliding_window_view(padded, 2 * half + 1), axis=1)


def manner_of(data: PreparedData) -> NoteManner:
    """What the notes of a whole data set do."""
    manner = NoteManner()
    for index in range(len(data)):
        if data.is_joined(index):
            continue  # its notes are as they were joined
        f0, periodicity, loudness, usable = (
            data.read(index, name) for name in ("f0", "periodicity", "loudness", "usable")
        )
        manner.add(f0, periodicity, loudness, usable)
    return manner
