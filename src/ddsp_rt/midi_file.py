"""Standard MIDI files as the messages and seconds that an instrument plays."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from ddsp_rt.errors import DataError

DRUMS = 9  # the channel, from 0, on which General MIDI plays percussion
LONGEST = 3 * 3600.0  # seconds: a delta time gone wrong makes days


@dataclass
class Song:
    """`messages`: (seconds, bytes) in time order; `seconds`: when the last one is due."""

    path: Path
    messages: list[tuple[float, bytes]]
    seconds: float
    drums: int = 0  # notes left out since they are on the drum channel
    others: int = 0  # notes left out since their channel was not asked for
    keys: list[int] = field(default_factory=list)  # of the notes that are played
    together: int = 0  # notes that are down at once, at most
    crowded: float = 0.0  # seconds at which that is

    def notes(self) -> Iterator[tuple[float, float, int, int]]:
        """(start in seconds, end, key, channel) of each note, by its end."""
        down: dict[tuple[int, int], float] = {}
        for seconds, message in self.messages:
            kind, channel = message[0] & 0xF0, message[0] & 0x0F
            if kind not in (0x80, 0x90):
                continue
            start = down.pop((channel, message[1]), None)
            if start is not None:
                yield start, seconds, message[1], channel
            if kind == 0x90 and message[2]:
                down[channel, message[1]] = seconds
        for (channel, key), start in down.items():
            yield start, self.seconds, key, channel


def read_song(path: str | os.PathLike, channel: int | None = None) -> Song:
    """Read a MIDI file, its tracks together and its tempo changes in force.

    Args:
        path: of a Standard MIDI File, format 0 or 1.
        channel: 1 to 16: only what is said on it; None: all but the drums' channel, 10.

    Raises:
        DataError: the file cannot be read, or holds no note to play.
        ImportError: mido is not installed.
    """
    import mido

    path = Path(path)
    try:
        file = mido.MidiFile(os.fspath(path), clip=True)
    except OSError as error:
        # mido says of a file that is none that it ended, or lacks its header.
        raise DataError(f"{path}: {error.strerror.lower() if error.strerror else 'not a MIDI file'}") from None
    except (ValueError, EOFError, LookupError, mido.KeySignatureError):
        raise DataError(f"{path}: not a MIDI file, or a damaged one") from None
    if file.type == 2:
        raise DataError(f"{path}: holds independent songs (format 2); export it as format 0 or 1")
    song = Song(path, [], 0.0)
    seconds, down = 0.0, set()
    for message in file:
        seconds += message.time
        if seconds > LONGEST:
            raise DataError(f"{path}: lasts longer than {LONGEST / 3600:.0f} hours")
        if message.is_meta or message.type == "sysex" or not hasattr(message, "channel"):
            continue
        strikes = message.type == "note_on" and message.velocity > 0
        if channel is not None and message.channel != channel - 1:
            song.others += strikes
            continue
        if channel is None and message.channel == DRUMS:
            song.drums += strikes
            continue
        song.messages.append((seconds, bytes(message.bytes())))
        if strikes:
            song.keys.append(message.note)
            down.add((message.channel, message.note))
            if len(down) > song.together:
                song.together, song.crowded = len(down), seconds
        elif message.type in ("note_on", "note_off"):
            down.discard((message.channel, message.note))
    song.seconds = seconds
    if not song.keys:
        where = f" on channel {channel}" if channel is not None else " but drums" if song.drums else ""
        raise DataError(f"{path}: no notes{where} to play")
    return song
