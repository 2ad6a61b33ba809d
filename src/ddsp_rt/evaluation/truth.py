"""What a recording's pitch truly is, where that is known: aligned notes, a manifest, or the name of a single-note file.

A manifest is a CSV file with the columns `file` (relative to it) and `notes`: a note (C2, or its MIDI number) for a
recording of that one note, or the path of aligned notes (CSV: start_s, end_s, midi_pitch), relative to the manifest.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from pathlib import Path

from ddsp_rt.errors import DataError
from ddsp_rt.manifest import fold, places, read_manifest
from ddsp_rt.sound_files.finder import MANIFEST

LOWEST, HIGHEST = 48.0, 96.0  # MIDI (C3, C7): beyond them the judges are not asked where the note is known
STEPS = {"c": 0, "d": 2, "e": 4, "f": 5, "g": 7, "a": 9, "b": 11}
SIGNS = {"": 0, "#": 1, "s": 1, "♯": 1, "b": -1, "♭": -1}
NOTE = re.compile(r"([A-Ga-g])([#s♯b♭]?)(-?\d)")


@dataclass(frozen=True)
class Truths:
    """Where to look for the truth of recordings.

    folder: aligned notes named after the recordings. manifest: a file, in place of the one that lies near a recording.
    name_octaves: octaves to add to the notes in file names, for libraries that count octaves otherwise.
    """

    folder: Path | None = None
    manifest: Path | None = None
    name_octaves: int = 0
    _entries: dict[Path, dict[str, str]] = field(default_factory=dict, repr=False, compare=False)  # as read

    def of(self, path: Path) -> Path | float | None:
        """Aligned notes (a path), the one note that sounds (MIDI), or None where nothing is known."""
        if self.folder is not None and (self.folder / f"{path.stem}.csv").is_file():
            return self.folder / f"{path.stem}.csv"
        listed = self._listed(path)
        if listed is not None:
            return listed
        named = note_in_name(path.stem)
        return None if named is None else named + 12 * self.name_octaves

    def _listed(self, path: Path) -> Path | float | None:
        manifest = self.manifest or nearest_manifest(path)
        if manifest is None:
            return None
        if manifest not in self._entries:
            self._entries[manifest] = _notes_of(manifest)
        entry = self._entries[manifest].get(fold(os.path.realpath(path)))
        if not entry:
            return None
        note = midi_of(entry)
        if note is not None:
            return note
        aligned = manifest.parent / entry.replace("\\", "/")
        if not aligned.is_file():
            raise DataError(f"{manifest}: notes '{entry}' of {path.name} are neither a note (C2, 36) nor a file")
        return aligned


def nearest_manifest(path: Path) -> Path | None:
    """The manifest.csv in the recording's folder or the nearest above it."""
    for folder in path.resolve().parents:
        if (folder / MANIFEST).is_file():
            return folder / MANIFEST
    return None


def midi_of(text: str) -> float | None:
    """The MIDI number of "C2", "Db4", "f#3" or "36"; None for anything else. C4 is 60."""
    text = text.strip()
    if re.fullmatch(r"\d+(\.\d+)?", text):
        return float(text)
    found = NOTE.fullmatch(text)
    if found is None:
        return None
    return 12.0 * (int(found[3]) + 1) + STEPS[found[1].lower()] + SIGNS[found[2]]


def note_in_name(stem: str) -> float | None:
    """The note (MIDI) in a name like cello_A2 or c#3_f_up; None when there is none, or more than one."""
    notes = [midi_of(part) for part in re.split(r"[_\s.\-]+", stem) if NOTE.fullmatch(part)]
    return notes[0] if len(notes) == 1 else None


def _notes_of(manifest: Path) -> dict[str, str]:
    """The column `notes` by the folded path of the recording; empty for a manifest without one."""
    table = read_manifest(manifest)
    return {
        place: row["notes"]
        for row in (table.rows if table else [])
        if row["file"] and row.get("notes")
        for place in places(manifest, row["file"])
    }
