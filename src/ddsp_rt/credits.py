"""Whose recordings are, and under which licence, by the `manifest.csv` near them."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from ddsp_rt.errors import DataError
from ddsp_rt.manifest import fold, places, read_manifest
from ddsp_rt.sound_files.finder import MANIFEST
from ddsp_rt.sound_files.source import shown

LEVELS = 3  # folders above a recording in which a manifest is looked for
SHOWN = 3  # names given in a line


@dataclass
class Credits:
    """The manifests around some recordings. `of` looks one up; `notes` then tells of rows and recordings left alone."""

    _manifests: dict[Path, _Manifest | None] = field(default_factory=dict)
    _without: dict[Path, list[Path]] = field(default_factory=dict)

    def of(self, path: Path) -> tuple[str, str]:
        """Licence and attribution of a recording, empty where no manifest beside it or above has a row for it.

        Raises:
            DataError: a manifest that cannot be read, or has no column for the file.
        """
        nearest = None
        for place in dict.fromkeys((Path(os.path.abspath(path)), path.resolve())):  # a link's own place first
            for folder in list(place.parents)[:LEVELS]:
                if folder not in self._manifests:
                    self._manifests[folder] = _read(folder / MANIFEST)
                manifest = self._manifests[folder]
                if manifest is not None:
                    nearest = nearest or manifest
                    row = manifest.take(place)
                    if row is not None:
                        return row
        if nearest is not None:
            self._without.setdefault(nearest.path, []).append(path)
        return "", ""

    def notes(self) -> list[str]:
        """One line for each manifest with rows that match no file, and for one that lacks recordings."""
        lines = []
        for manifest in self._manifests.values():
            if manifest is None:
                continue
            lost = manifest.lost()
            if lost:
                lines.append(
                    f"{shown(manifest.path)}: no file for {_several('row', lost)}; what it says is used nowhere"
                )
            if without := self._without.get(manifest.path):
                names = [path.name for path in without]
                lines.append(
                    f"{shown(manifest.path)}: no row for {_several('recording', names)}, left without a credit"
                )
        return lines


@dataclass
class _Manifest:
    path: Path
    rows: dict[str, _Row] = field(default_factory=dict)  # by the folded path of the file

    def take(self, path: Path) -> tuple[str, str] | None:
        row = self.rows.get(fold(os.fspath(path)))
        if row is None:
            return None
        row.taken = True
        return row.licence, row.attribution

    def lost(self) -> list[str]:
        """What rows name that is not there."""
        return list(dict.fromkeys(row.name for row in self.rows.values() if not row.taken and not self._is_there(row)))

    def _is_there(self, row: _Row) -> bool:
        path = self.path.parent / row.name
        try:
            return path.exists() or any(fold(name) == fold(path.name) for name in os.listdir(path.parent))
        except OSError:
            return False


@dataclass
class _Row:
    name: str
    licence: str
    attribution: str
    taken: bool = False


def _read(path: Path) -> _Manifest | None:
    table = read_manifest(path)
    if table is None:
        return None
    if table.columns and "file" not in table.columns:
        raise DataError(f"{shown(path)}: its first line names no column 'file'; begin with file,licence,attribution")
    manifest = _Manifest(path)
    for cells in table.rows:
        name = cells["file"]
        if not name:
            raise DataError(f"{shown(path)}: a row names no file: {' '.join(filter(None, cells.values()))[:80]}")
        row = _Row(name, cells.get("licence", ""), cells.get("attribution", ""))
        manifest.rows |= dict.fromkeys(places(path, name), row)
    return manifest


def _several(what: str, names: Iterable[str]) -> str:
    names = list(names)
    listed = ", ".join(shown(name) for name in names[:SHOWN])
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return f"{len(names)} {what}{'s' if len(names) > 1 else ''} ({listed}{more})"
