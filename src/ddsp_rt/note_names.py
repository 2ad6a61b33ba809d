"""MIDI numbers as musicians name them."""

from __future__ import annotations

from collections.abc import Sequence

NAMES = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")


def note_name(midi: float) -> str:
    """The nearest note; 69 is A4."""
    number = round(midi)
    return f"{NAMES[number % 12]}{number // 12 - 1}"


def span(pitch: Sequence[float]) -> str:
    """The outermost of rising MIDI notes, by name."""
    return f"{note_name(pitch[0])} to {note_name(pitch[-1])}"
