"""Standard MIDI files as the messages and seconds that an instrument plays."""

from __future__ import annotations

import io
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from ddsp_rt.errors import DataError
from ddsp_rt.segmentation import NoteEvent

DRUMS = 9  # the channel, from 0, on which General MIDI plays percussion
BEND_RANGE = 12  # semitones, of files that are written
TICKS, TEMPO = 960, 500_000  # a quarter note, and the microseconds it lasts: half a millisecond a tick
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


def song_bytes(events: Iterable[NoteEvent], name: str) -> bytes:
    """A Standard MIDI File of one track and one channel.

    Args:
        events: in time order, of the kinds note_on, note_off, bend, pressure and expression.
        name: of the track.

    Raises:
        ImportError: mido is not installed.
    """
    import mido

    track = mido.MidiTrack([mido.MetaMessage("track_name", name=name.encode("latin-1", "replace").decode("latin-1"))])
    track.append(mido.MetaMessage("set_tempo", tempo=TEMPO))
    # RPN 0, the range of the pitch wheel; then none is chosen, so that nothing later moves it. And the legato
    # footswitch: notes that overlap were slurred, and a player that attacks each would blur every change of pitch.
    for control, value in ((101, 0), (100, 0), (6, BEND_RANGE), (38, 0), (101, 127), (100, 127), (68, 127)):
        track.append(mido.Message("control_change", control=control, value=value))
    told = 0
    for event in events:
        at = round(event.seconds * 1e6 / TEMPO * TICKS)
        track.append(_message(event).copy(time=at - told))
        told = at
    file = mido.MidiFile(type=0, ticks_per_beat=TICKS)
    file.tracks.append(track)
    out = io.BytesIO()
    file.save(file=out)
    return out.getvalue()


def _message(event: NoteEvent):
    import mido

    level = min(max(round(127 * event.value), 0), 127)
    if event.kind in ("note_on", "note_off"):
        return mido.Message(event.kind, note=event.key, velocity=max(level, 1) if event.kind == "note_on" else 0)
    if event.kind == "bend":
        return mido.Message("pitchwheel", pitch=min(max(round(8192 * event.value / BEND_RANGE), -8192), 8191))
    if event.kind == "pressure":
        return mido.Message("aftertouch", value=level)
    return mido.Message("control_change", control=11, value=level)
