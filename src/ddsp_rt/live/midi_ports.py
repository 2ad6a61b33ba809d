"""MIDI keyboards: found by number or part of a name, or waited for at a port of our own."""

from __future__ import annotations

import contextlib
import os
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

from ddsp_rt.errors import DataError, UsageError

OWN = "virtual"  # for --midi: a port of our own, which others connect to
NAME = "ddsp-rt"
LOOKS = 0.5  # seconds from one look at the ports to the next
GONE = 2.0  # seconds after which a port that was missed is told of: by then a sound system that ended has told itself


@contextlib.contextmanager
def _silent() -> Iterator[None]:
    """Without what C libraries write on standard error of every system that is not there."""
    sys.stderr.flush()
    kept = os.dup(2)
    with open(os.devnull, "wb") as nowhere:
        os.dup2(nowhere.fileno(), 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)


def _inputs() -> Iterator[Any]:
    """An input of each MIDI system that works here."""
    import rtmidi

    for api in rtmidi.get_compiled_api():
        if api == rtmidi.API_RTMIDI_DUMMY:
            continue
        try:
            with _silent():
                midi = rtmidi.MidiIn(api, name=NAME)
        except Exception:  # a system that is not there; rtmidi has its own kind for every one
            continue
        yield midi


def find_ports() -> list[str]:
    """The names of all ports that notes may come from, in the order of their numbers."""
    names = []
    for midi in _inputs():
        with _silent():
            names += midi.get_ports()
        midi.delete()
    return names


class MidiPort:
    """An open port; `hear(status, first, second)` is called for each channel message. `check` says when it is gone."""

    def __init__(self, wanted: str, hear: Callable[[int, int, int], object]):
        """Open the port meant by `wanted`: its number, part of its name, or "virtual".

        Raises:
            UsageError: no port fits, or several.
            DataError: there are none, or it cannot be opened.
            ImportError: python-rtmidi is not installed.
        """
        self._hear = hear
        self._midi: Any = None
        self._looked = time.monotonic()
        self._missed: float | None = None
        self._own = wanted == OWN
        ports, inputs = [], list(_inputs())
        try:
            for midi in inputs:
                with _silent():
                    ports += [(midi, place, name) for place, name in enumerate(midi.get_ports())]
            if not inputs:
                raise DataError("no MIDI system is running: ALSA's sequencer or JACK is needed")
            if self._own:
                self._midi, self.name = inputs[0], f"a port called {NAME}"
            else:
                self._midi, place, self.name = ports[_chosen(wanted, [name for _, _, name in ports])]
        finally:  # JACK waits for seconds for a client that left without a word
            for midi in inputs:
                if midi is not self._midi:
                    midi.delete()
        self._midi.ignore_types(sysex=True, timing=True, active_sense=True)
        self._midi.set_callback(self._told)
        try:
            with _silent():
                if self._own:
                    self._midi.open_virtual_port("keys")
                else:
                    self._midi.open_port(place, "keys")
        except Exception as error:  # rtmidi has its own kind for every system
            raise DataError(f"--midi {wanted}: cannot be opened: {error}") from None

    def check(self) -> None:
        """DataError where the port has gone, even if one of its name has come again: nothing is heard from that."""
        now = time.monotonic()
        if self._missed is not None and now - self._missed > GONE:
            raise DataError(f"{self.name}: the MIDI port is gone")
        if self._own or self._missed is not None or now - self._looked < LOOKS:
            return
        self._looked = now
        try:
            there = self.name in self._midi.get_ports()
        except Exception:  # rtmidi has its own kind for every system
            there = False
        if not there:
            self._missed = now

    def close(self) -> None:
        with contextlib.suppress(Exception):  # the port may be gone already
            self._midi.close_port()
            self._midi.delete()

    def _told(self, event: tuple[list[int], float], _: object) -> None:
        message = event[0]
        if message and message[0] < 0xF0:
            status, first, second = (*message, 0, 0)[:3]
            self._hear(status, first, second)


def _chosen(wanted: str, names: list[str]) -> int:
    if not names:
        raise DataError(
            f"--midi {wanted}: no MIDI port found; connect a keyboard, or give virtual for one to connect to"
        )
    every = ", ".join(f"{number} ({name})" for number, name in enumerate(names))
    if wanted.isdecimal():
        if int(wanted) < len(names):
            return int(wanted)
        raise UsageError(f"--midi {wanted}: no port has that number; there are {every}")
    fitting = [number for number, name in enumerate(names) if wanted.lower() in name.lower()]
    if len(fitting) == 1:
        return fitting[0]
    if not fitting:
        raise UsageError(f"--midi {wanted}: no port has that in its name; there are {every}")
    several = ", ".join(f"{number} ({names[number]})" for number in fitting)
    raise UsageError(f"--midi {wanted}: fits {several}; give one's number")
