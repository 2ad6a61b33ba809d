"""Which recordings an entry of a rack is trained on: what its globs match, without what is held out."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from ddsp_rt.errors import DataError, UsageError
from ddsp_rt.sound_files.finder import find_sound_files
from ddsp_rt.training.rack.manifest import Entry


def recordings_of(entry: Entry, data: Path, where: str) -> list[Path]:
    """Folders and files for `ddsp-rt train`: folders whole, where nothing in them is held out, else by their files.

    Raises UserError, which begins with `where`, for a glob that is none or matches nothing and when nothing is left.
    """
    held_out = {os.path.realpath(path) for path in held_out_of(entry, data, where)}
    chosen: list[Path] = []
    for glob in entry.recordings:
        for path in _matches(glob, data, f"{where} recordings"):
            files = _sounds(path)
            kept = [file for file in files if os.path.realpath(file) not in held_out]
            chosen += [path] if len(kept) == len(files) else kept
    chosen = list(dict.fromkeys(chosen))
    if not any(_sounds(path) for path in chosen):
        what = "everything is held out" if held_out else "there are no sound files"
        raise DataError(f"{where} recordings: {what} in {', '.join(entry.recordings)}")
    return chosen


def held_out_of(entry: Entry, data: Path, where: str) -> list[Path]:
    """The files that are never trained on. Raises UserError for a glob that is none or matches nothing."""
    return [
        file for glob in entry.held_out for path in _matches(glob, data, f"{where} held-out") for file in _sounds(path)
    ]


def digest(paths: list[Path]) -> str:
    """Tells recordings from others by names and sizes, without reading them."""
    files = [file for path in paths for file in _sounds(path)]
    lines = "\n".join(f"{file} {file.stat().st_size}" for file in files)
    return hashlib.sha256(os.fsencode(lines)).hexdigest()


def _matches(glob: str, data: Path, where: str) -> list[Path]:
    try:
        found = sorted(data.glob(glob))
    except ValueError as error:  # such as **x
        raise UsageError(f"{where}: {glob!r} is no glob: {error}") from None
    if not found:
        raise DataError(f"{where}: {glob!r} matches nothing in {data}")
    return found


def _sounds(path: Path) -> list[Path]:
    if not path.is_dir():
        return [path]
    try:
        return [file.path for file in find_sound_files(path).files]
    except DataError:  # a folder without any
        return []
