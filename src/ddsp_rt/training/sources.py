"""What a run learns from, by content: so that one that is resumed can tell whether it is given the same."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from ddsp_rt.content_hash import content_hash
from ddsp_rt.errors import DataError
from ddsp_rt.made_rooms import MADE_ROOMS
from ddsp_rt.training.data_file import PreparedData, is_data_set
from ddsp_rt.training.recordings import find_recordings

DRY = "dry"  # the name of no room


def no_room(room: str | None, rooms: Iterable[str]) -> str:
    """What is said of a room that is neither a folder of the data nor one of `MADE_ROOMS`."""
    return f"The data has no room {room!r}. Give one of its own ({', '.join(rooms)}), {DRY}, {' or '.join(MADE_ROOMS)}."


def several_rooms(room: str, rooms: Iterable[str]) -> list[str]:
    """Folders that are to have one room together, their names joined by commas; [] for any other room."""
    names, rooms = [name.strip() for name in room.split(",")], list(rooms)
    return names if room not in rooms and len(names) > 1 and all(name in rooms for name in names) else []


@dataclass(frozen=True)
class Sources:
    """`contents`: the recordings' names, by a hash of what is in them; `rooms`: the folders they lie in."""

    contents: dict[str, str]
    rooms: tuple[str, ...]

    def check_room(self, room: str | None) -> None:
        """Raises DataError for a room that there is not."""
        if room not in (None, DRY, *MADE_ROOMS, *self.rooms) and not several_rooms(room, self.rooms):
            raise DataError(no_room(room, self.rooms))


def find_sources(recordings: str | os.PathLike[str] | Iterable[str | os.PathLike[str]]) -> Sources:
    """Of a data set, or of the files that `prepare` would read. Raises DataError when there are none."""
    if isinstance(recordings, (str, os.PathLike)) and is_data_set(recordings):
        return sources_of(PreparedData(recordings))
    found = find_recordings(recordings)
    contents = {content_hash(recording.path): recording.name for recording in found}
    return Sources(contents, tuple(sorted({recording.room for recording in found})))


def sources_of(data: PreparedData) -> Sources:
    """What a data set holds."""
    recorded = [table for index, table in enumerate(data.recordings) if not data.is_joined(index)]
    contents = {_content(table): str(table["name"]) for table in recorded}
    return Sources(contents, tuple(sorted({str(table["room"]) for table in data.recordings})))


def difference(before: dict[str, str], now: dict[str, str]) -> str:
    """In words, what of `before` is missing in `now` and what is new; "" for equal contents."""
    gone, new = ({n for c, n in a.items() if c not in b} for a, b in ((before, now), (now, before)))
    changed = gone & new
    parts = (("changed", changed), ("missing", gone - changed), ("new", new - changed))
    return "; ".join(f"{word}: {_few(names)}" for word, names in parts if names)


def _few(names: set[str]) -> str:
    listed = sorted(names)
    return ", ".join(listed[:5]) + (f" and {len(listed) - 5} more" if len(listed) > 5 else "")


def _content(table: dict[str, Any]) -> str:
    """A hash, or for data sets without one what tells recordings apart otherwise."""
    return str(table.get("sha256") or f"{table['name']}: {table['seconds']} s")
