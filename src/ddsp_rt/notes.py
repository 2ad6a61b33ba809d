"""The note door: keys, pedals and bends in, an instrument out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ddsp_rt import _engine
from ddsp_rt.checks import as_name, as_number, as_rate, as_whole
from ddsp_rt.errors import UsageError
from ddsp_rt.instrument import one_thread

if TYPE_CHECKING:
    from ddsp_rt.instrument import Instrument

CHANNELS = 16
ALL_CHANNELS = -1


class Notes:
    """An instrument played from keys, up to eight voices in its room. One thread plays; others may say and set.

    What is said (`note_on`, `bend`, ...) is heard in the next block, `offset` samples from its start, and sounds 4 ms
    later, to the sample. Channels are numbered from 0; a bend, a pressure, a timbre or an expression concerns every
    note of its channel, so a controller that gives each note a channel of its own (MPE) moves notes one by one.
    """

    def __init__(self, instrument: Instrument, sample_rate: int):
        self.instrument = instrument
        self.sample_rate = as_rate(sample_rate)
        self._notes = _engine.Notes(instrument.instruments, self.sample_rate)
        self._notes.set("morph", instrument.amount)
        self._notes.reset()  # there from the start

    def note_on(self, key: int, velocity: float = 0.8, channel: int = 0, offset: int = 0) -> None:
        """Press a key (MIDI, 69 is 440 Hz) with a velocity above 0 to 1."""
        if not 0 < as_number("velocity", velocity) <= 1:
            raise UsageError(f"velocity {velocity}: give a number above 0 and up to 1")
        self._say("note_on", channel, offset, velocity, key)

    def note_off(self, key: int, channel: int = 0, offset: int = 0) -> None:
        """Lift a key."""
        self._say("note_off", channel, offset, 0.0, key)

    def bend(self, semitones: float, channel: int = ALL_CHANNELS, offset: int = 0) -> None:
        """Move the pitch of a channel's notes, -96 to 96 semitones."""
        self._say("bend", channel, offset, _within("bend", semitones, -96.0, 96.0))

    def pressure(self, amount: float, channel: int = ALL_CHANNELS, offset: int = 0) -> None:
        """Swell a channel's notes, 0 to 1: up to 6 dB louder."""
        self._say("pressure", channel, offset, _within("pressure", amount, 0.0, 1.0))

    def timbre(self, amount: float, channel: int = ALL_CHANNELS, offset: int = 0) -> None:
        """Tilt a channel's notes, 0 (dark) to 1 (bright); 0.5 is neutral."""
        self._say("timbre", channel, offset, _within("timbre", amount, 0.0, 1.0))

    def expression(self, amount: float, channel: int = ALL_CHANNELS, offset: int = 0) -> None:
        """Turn a channel's notes down, from 1 (as they are) towards 0."""
        self._say("expression", channel, offset, _within("expression", amount, 0.0, 1.0))

    def sustain(self, down: bool, channel: int = ALL_CHANNELS, offset: int = 0) -> None:
        """Move the sustain pedal."""
        self._say("sustain", channel, offset, 1.0 if down else 0.0)

    def legato(self, on: bool, channel: int = ALL_CHANNELS, offset: int = 0) -> None:
        """Move the legato footswitch: notes of the channel slur from one that is down, in one line."""
        self._say("legato", channel, offset, 1.0 if on else 0.0)

    def all_notes_off(self, channel: int = ALL_CHANNELS, offset: int = 0) -> None:
        """Release every note, whatever the pedal does."""
        self._say("all_notes_off", channel, offset, 0.0)

    def all_sound_off(self, channel: int = ALL_CHANNELS, offset: int = 0) -> None:
        """End every note within 20 ms; the room rings out."""
        self._say("all_sound_off", channel, offset, 0.0)

    def midi(self, message: bytes, offset: int = 0) -> None:
        """Say a MIDI channel message of up to three bytes; bend ranges (RPN 0) and MPE zones (RPN 6) are followed."""
        try:
            status, *data = bytes(memoryview(message) if isinstance(message, int) else message)
        except (TypeError, ValueError):
            raise UsageError(f"the MIDI message {message!r}: give one to three bytes") from None
        if len(data) > 2:
            raise UsageError(f"a MIDI channel message has one to three bytes, not {len(data) + 1}")
        self._notes.midi(status, *(*data, 0, 0)[:2], _offset(offset))

    def set_bend_range(self, semitones: float) -> None:
        """Of a full MIDI pitch bend, 0 to 96 semitones, on channels that no message gives another."""
        self._notes.set_bend_range(_within("bend range", semitones, 0.0, 96.0))

    def process(self, samples: int) -> np.ndarray:
        """Play a block: float32 [samples]. The same samples come out however the time is cut into blocks."""
        if isinstance(samples, bool) or not isinstance(samples, (int, np.integer)) or samples < 0:
            raise UsageError(f"samples {samples}: give a whole number of samples, 0 or more")
        with one_thread("these notes"):
            return self._notes.process(int(samples))

    def sounding(self) -> list[tuple[int, int, float, float]]:
        """(channel, key, f0 in Hz, loudness in dB) of each note that sounds or fades."""
        return self._notes.sounding()

    def tail(self) -> np.ndarray:
        """What still sounds once every note is released, to the last sample above -80 dBFS."""
        self.all_notes_off()
        with one_thread("these notes"):
            return self._notes.tail()

    def reset(self) -> None:
        """Back to silence, pedals up and bends centred; parameters stay."""
        with one_thread("these notes"):
            self._notes.reset()

    def set(self, name: str, value: float) -> None:
        """Set a parameter (see `parameters`); UsageError when there is none of that name.

        A value beyond the range counts as the nearest within it, as from C++ and in Pd. NaN leaves the parameter alone
        again: attack and vibrato are then the instrument's own, where its file states them.
        """
        self._notes.set(as_name(name), as_number(name, value))

    def get(self, name: str) -> float:
        """The present value of a parameter; what nobody has set is the instrument's own, or the initial value."""
        return self._notes.get(as_name(name))

    @staticmethod
    def parameters() -> list[dict]:
        """The name, title, unit, range, initial value and description of everything that can be set."""
        return _engine.parameters("notes")

    def _say(self, kind: str, channel: int, offset: int, value: float, key: int = 0) -> None:
        channel = as_whole("channel", channel, ALL_CHANNELS, CHANNELS - 1, f" ({ALL_CHANNELS} for all)")
        key = as_whole("key", key, 0, 127, " (69 is 440 Hz)")
        self._notes.say(kind, channel, key, float(value), _offset(offset))


def _within(what: str, value: float, low: float, high: float) -> float:
    number = as_number(what, value)
    if not low <= number <= high:
        raise UsageError(f"{what} {value}: give a number from {low:g} to {high:g}")
    return number


def _offset(offset: int) -> int:
    return as_whole("offset", offset, 0, 2**31 - 1, " of samples from the start of the block,")
