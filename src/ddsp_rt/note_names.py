"""MIDI note numbers: in Hz, and as musicians name them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

NAMES = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")


def hz_from_midi(midi: Any) -> Any:
    """The frequency of a note number, or of an array of them; 69 is 440 Hz."""
    return 440.0 * 2.0 ** ((midi - 69.0) / 12.0)


def midi_from_hz(hz: Any) -> Any:
    """The note number, with fractions, of a frequency above 0, or of an array of them."""
    return 69.0 + 12.0 * np.log2(hz / 440.0)


def note_name(midi: float) -> str:
    """The nearest note; 69 is A4."""
    number = round(midi)
    return f"{NAMES[number % 12]}{number // 12 - 1}"


def span(pitch: Sequence[float]) -> str:
    """The outermost of rising MIDI notes, by name."""
    return f"{note_name(pitch[0])} to {note_name(pitch[-1])}"
