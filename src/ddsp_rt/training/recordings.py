"""Which recordings to learn from, which room each was made in, and whose they are."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from ddsp_rt.credits import Credits
from ddsp_rt.errors import UsageError
from ddsp_rt.sound_files.finder import find_sound_files
from ddsp_rt.sound_files.source import shown
from ddsp_rt.training.data_file import is_data_set


@dataclass(frozen=True)
class Recording:
    """A file to learn from. `room` groups recordings that share a reverberation: those of one folder."""

    path: Path
    name: str
    room: str
    licence: str = ""
    attribution: str = ""


def find_recordings(
    paths: str | os.PathLike[str] | Iterable[str | os.PathLike[str]],
    report: Callable[[str], None] = lambda line: None,
) -> list[Recording]:
    """All sound files below the given files and folders, in a fixed order, each once.

    A file `manifest.csv` beside them or up to three folders above, with columns `file` (relative to it), `licence`
    and `attribution`, says whose they are. `report` hears of files that are left out and of credits that match none.
    Raises DataError when a path does not exist, nothing is found or a manifest cannot be read, and UsageError for a
    data set, which holds what is learnt from already.
    """
    paths = [paths] if isinstance(paths, (str, os.PathLike)) else list(paths)
    for path in filter(is_data_set, paths):
        raise UsageError(f"{shown(path)}: is a prepared data set; train learns from one alone, without recordings")
    found = find_sound_files(paths)
    credit = Credits()
    recordings = []
    for file in found.files:
        parts = Path(file.name).parent.parts
        room = "/".join(parts) or file.path.resolve().parent.name or "room"
        recordings.append(Recording(file.path, file.name, room, *credit.of(file.path)))
    for line in found.notes() + credit.notes():
        report(line)
    return recordings
