"""Whose recordings are, and under which licence: `manifest.csv`, as people and spreadsheets write it."""

from __future__ import annotations

import codecs
import csv
import io
import os
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from ddsp_rt.errors import DataError
from ddsp_rt.sound_files.finder import MANIFEST
from ddsp_rt.sound_files.source import shown

LEVELS = 3  # folders above a recording in which a manifest is looked for
MEANINGS = {  # what columns are called, in lower case
    "file": "file", "filename": "file", "file name": "file", "path": "file", "recording": "file",
    "licence": "licence", "license": "licence",
    "attribution": "attribution", "credit": "attribution", "credits": "attribution", "author": "attribution",
}  # fmt: skip
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
        row = self.rows.get(_fold(os.fspath(path)))
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
            return path.exists() or any(_fold(name) == _fold(path.name) for name in os.listdir(path.parent))
        except OSError:
            return False


@dataclass
class _Row:
    name: str
    licence: str
    attribution: str
    taken: bool = False


def _fold(name: str) -> str:
    """One spelling for names that macOS, Windows and spreadsheets write differently."""
    return unicodedata.normalize("NFC", name).casefold()


def _read(path: Path) -> _Manifest | None:
    try:
        data = path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise DataError(f"{shown(path)}: cannot be read: {error.strerror or error}") from None
    text = _text(data)
    lines = text.splitlines()
    separator = None
    if lines and lines[0].lower().startswith("sep=") and len(lines[0]) > 4:  # a spreadsheet's own mark
        separator, text = lines[0][4], "\n".join(lines[1:])
    head = next((line for line in text.splitlines() if line.strip()), "")
    separator = separator or max(",;\t|", key=head.count)
    try:
        table = [
            row for row in csv.reader(io.StringIO(text, newline=""), delimiter=separator) if any(map(str.strip, row))
        ]
    except csv.Error as error:
        raise DataError(f"{shown(path)}: cannot be read: {error}") from None
    manifest = _Manifest(path)
    if not table:
        return manifest
    columns = [MEANINGS.get(name.strip().lower(), "") for name in table[0]]
    if "file" not in columns:
        raise DataError(f"{shown(path)}: its first line names no column 'file'; begin with file,licence,attribution")
    for cells in table[1:]:
        values = {name: cell.strip() for name, cell in zip(columns, cells) if name}
        name = values.get("file", "").replace("\\", "/")
        if not name:
            raise DataError(f"{shown(path)}: a row names no file: {' '.join(filter(None, cells))[:80]}")
        row = _Row(name, values.get("licence", ""), values.get("attribution", ""))
        file = os.path.join(path.parent, name)
        for place in (os.path.abspath(file), os.path.realpath(file)):
            manifest.rows[_fold(place)] = row
    return manifest


def _text(data: bytes) -> str:
    """UTF-8 or UTF-16 with or without its mark, else what western Windows writes."""
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return data.decode("utf-16", "replace")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace")


def _several(what: str, names: Iterable[str]) -> str:
    names = list(names)
    listed = ", ".join(shown(name) for name in names[:SHOWN])
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return f"{len(names)} {what}{'s' if len(names) > 1 else ''} ({listed}{more})"
