"""`manifest.csv`, what somebody wrote down of recordings: a table as people and spreadsheets write it."""

from __future__ import annotations

import codecs
import csv
import io
import os
import unicodedata
from pathlib import Path
from typing import NamedTuple

from ddsp_rt.errors import DataError
from ddsp_rt.sound_files.source import shown

MEANINGS = {  # what columns are called, in lower case
    "file": "file", "filename": "file", "file name": "file", "path": "file", "recording": "file",
    "licence": "licence", "license": "licence",
    "attribution": "attribution", "credit": "attribution", "credits": "attribution", "author": "attribution",
    "notes": "notes",
}  # fmt: skip


class Table(NamedTuple):
    """`columns` by what they mean, "" for others; `rows`: the cells of those that mean something, by column."""

    columns: list[str]
    rows: list[dict[str, str]]


def read_manifest(path: Path) -> Table | None:
    """The table in a manifest, None where there is none. Raises DataError when it cannot be read."""
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
    if not table:
        return Table([], [])
    columns = [MEANINGS.get(name.strip().lower(), "") for name in table[0]]
    rows = [{name: cell.strip() for name, cell in zip(columns, cells) if name} for cells in table[1:]]
    for row in rows:
        row["file"] = row.get("file", "").replace("\\", "/")
    return Table(columns, rows)


def places(manifest: Path, name: str) -> set[str]:
    """Where the file lies that a row names, folded: by its own path, and by what that links to."""
    file = os.path.join(manifest.parent, name)
    return {fold(os.path.abspath(file)), fold(os.path.realpath(file))}


def fold(name: str) -> str:
    """One spelling for names that macOS, Windows and spreadsheets write differently."""
    return unicodedata.normalize("NFC", name).casefold()


def _text(data: bytes) -> str:
    """UTF-8 or UTF-16 with or without its mark, else what western Windows writes."""
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return data.decode("utf-16", "replace")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace")
