"""Which files a folder of recordings holds, which room each was made in, and whose they are."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from ddsp_rt.errors import DataError

SUFFIXES = {".wav", ".flac", ".ogg", ".oga", ".opus", ".mp3", ".aif", ".aiff"}
MANIFEST = "manifest.csv"
MANIFEST_LEVELS = 3  # folders above a recording in which a manifest is looked for


@dataclass(frozen=True)
class Recording:
    """A file to learn from. `room` groups recordings that share a reverberation: those of one folder."""

    path: Path
    name: str
    room: str
    licence: str = ""
    attribution: str = ""


def find_recordings(paths: str | os.PathLike[str] | Iterable[str | os.PathLike[str]]) -> list[Recording]:
    """All audio files below the given files and folders, in a fixed order, each once.

    A file `manifest.csv` beside them or up to three folders above, with columns `file` (relative to it), `licence`
    and `attribution`, says whose they are. Raises DataError when a path does not exist or nothing is found.
    """
    if isinstance(paths, (str, os.PathLike)):
        paths = [paths]
    found: dict[Path, Recording] = {}
    manifests: dict[Path, dict[Path, dict[str, str]]] = {}
    for root in map(Path, paths):
        if not root.exists():
            raise DataError(f"{root}: no such file or folder")
        files = sorted(p for p in root.rglob("*") if _is_audio(p)) if root.is_dir() else [root]
        for path in files:
            real = path.resolve()
            if real in found:
                continue
            folder = path.parent.relative_to(root) if root.is_dir() else Path()
            room = folder.as_posix() if folder.parts else real.parent.name
            name = path.relative_to(root).as_posix() if root.is_dir() else path.name
            row = _manifest_row(real, manifests)
            licence, attribution = (str(row.get(key) or "").strip() for key in ("licence", "attribution"))
            found[real] = Recording(path, name, room or "room", licence, attribution)
    if not found:
        raise DataError(f"{', '.join(map(str, paths))}: no audio files ({', '.join(sorted(SUFFIXES))})")
    return list(found.values())


def _is_audio(path: Path) -> bool:
    return path.suffix.lower() in SUFFIXES and not path.name.startswith(".") and path.is_file()


def _manifest_row(path: Path, manifests: dict[Path, dict[Path, dict[str, str]]]) -> dict[str, str]:
    for folder in list(path.parents)[:MANIFEST_LEVELS]:
        if folder not in manifests:
            manifests[folder] = _read_manifest(folder / MANIFEST)
        if path in manifests[folder]:
            return manifests[folder][path]
    return {}


def _read_manifest(path: Path) -> dict[Path, dict[str, str]]:
    try:
        with open(path, newline="", encoding="utf-8") as file:
            rows = [row for row in csv.DictReader(file) if row.get("file")]
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{path}: cannot be read: {error}") from None
    return {(path.parent / row["file"]).resolve(): row for row in rows}
