"""Which sound files the given files and folders hold: one rule for every command, which accounts for every file."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from ddsp_rt.errors import DataError
from ddsp_rt.sound_files import decoders
from ddsp_rt.sound_files.source import STANDARD_INPUT, shown

MANIFEST = "manifest.csv"
HEADERLESS = {"RAW", "SD2"}  # nothing in such a file tells its rate (of SD2 it stands in another file)
ALSO = {  # further endings of libsndfile's formats
    "WAV": "wave bwf", "AIFF": "aif aifc", "AU": "snd", "SVX": "iff 8svx", "NIST": "sph", "IRCAM": "sf",
    "OGG": "oga opus", "MAT4": "mat", "MAT5": "mat", "PAF": "fap",
}  # fmt: skip
OTHER_USES = frozenset(".mat .iff .sf .htk .sds .xi .snd .sph .nist .avr .voc".split())  # looked into before they count
HIDDEN = ("__MACOSX", "$RECYCLE.BIN", "System Volume Information", "lost+found")  # besides what starts with a dot
SHOWN = 3  # names given of a kind of file that is left out


@dataclass(frozen=True)
class SoundFile:
    """A file to read. `name`: its own, with the folders below the `folder` that was given, if one was."""

    path: Path
    name: str
    folder: Path | None = None


@dataclass
class Found:
    """`files` in a fixed order, each once; `left_out`: what else lay in the folders, by ending or reason."""

    files: list[SoundFile] = field(default_factory=list)
    left_out: dict[str, list[Path]] = field(default_factory=dict)

    def notes(self) -> list[str]:
        """One line for each kind of file that was left out for want of a decoder, one for all others."""
        lines, others = [], []
        for kind in sorted(self.left_out):
            paths = self.left_out[kind]
            counted = f"{len(paths)} {kind} ({_names(paths)})"
            if kind in decoders.SUFFIXES:
                lines.append(f"left out: {counted}; {decoders.how_to_read(paths[0].name)}")
            else:
                others.append(counted)
        return lines + ([f"left out: {', '.join(others)}"] if others else [])

    def note(self, reason: str, path: Path) -> None:
        self.left_out.setdefault(reason, []).append(path)


@cache
def suffixes() -> frozenset[str]:
    """The endings of all formats that libsndfile reads by themselves, in lower case with their dot."""
    import soundfile

    names = [name for name in soundfile.available_formats() if name not in HEADERLESS]
    return frozenset("." + ending for name in names for ending in [name.lower(), *ALSO.get(name, "").split()])


def find_sound_files(
    paths: str | os.PathLike[str] | Iterable[str | os.PathLike[str]], must_exist: bool = True
) -> Found:
    """All sound files among the given files and below the given folders.

    A file that is named is taken whatever it is called; "-" is standard input. In folders the ending decides, upper
    case as well; linked folders are followed once; files and folders whose names begin with a dot, and what systems
    leave behind (`__MACOSX`), are passed over; everything else is accounted for in `left_out`. Without `must_exist` a
    named file that is not there is left for its reader to complain of.

    Raises:
        DataError: a path does not exist, or nothing is found; says what lies there instead.
    """
    if isinstance(paths, (str, os.PathLike)):
        paths = [paths]
    found = Found()
    seen: set[str] = set()
    paths = [Path(path) for path in paths]
    for path in paths:
        if str(path) == STANDARD_INPUT or not path.is_dir():
            if must_exist:
                _check(path)
            files = [SoundFile(path, path.name)]
        else:
            files = list(_below(path, found))
            if not files:
                found.note("folder without sound", path)
        for file in files:
            real = os.path.realpath(file.path) if str(file.path) != STANDARD_INPUT else STANDARD_INPUT
            if real not in seen:
                seen.add(real)
                found.files.append(file)
    if not found.files:
        where = ", ".join(map(shown, paths))
        found.left_out.pop("folder without sound", None)
        lines = "; ".join(found.notes())
        raise DataError(
            f"{where}: no audio files in {'this folder' if len(paths) == 1 else 'these folders'}{lines and '; '}{lines}"
        )
    return found


def _check(path: Path) -> None:
    """A file that is named must be there; what it holds is seen when it is read."""
    if str(path) == STANDARD_INPUT:
        return
    try:
        os.stat(path)
    except FileNotFoundError:
        raise DataError(f"{shown(path)}: no such file or folder") from None
    except (OSError, ValueError) as error:
        raise DataError(f"{shown(path)}: cannot be opened: {getattr(error, 'strerror', None) or error}") from None


def _below(root: Path, found: Found) -> Iterator[SoundFile]:
    """The sound files below a folder, sorted; of several links to one, itself if it is there."""
    paths = sorted(_walk(root, found), key=lambda path: path.parts)
    own = {os.path.realpath(path) for path in paths if not path.is_symlink()}
    for path in paths:
        if path.is_symlink() and os.path.realpath(path) in own:
            continue
        yield SoundFile(path, path.relative_to(root).as_posix(), root)


def _walk(root: Path, found: Found) -> Iterator[Path]:
    """Audio files below a folder; everything else goes to `found.left_out`."""
    visited: set[tuple[int, int]] = set()
    folders, links = [root], []
    while folders or links:  # links last, so that a folder is known by its own name
        folder = folders.pop() if folders else links.pop(0)
        try:
            status = os.stat(folder)
            if (status.st_dev, status.st_ino) in visited:
                continue
            visited.add((status.st_dev, status.st_ino))
            entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
        except OSError as error:
            found.note(f"closed folder: {(error.strerror or str(error)).lower()}", folder)
            continue
        for entry in entries:
            if entry.name.startswith(".") or entry.name in HIDDEN:
                continue
            path = Path(folder, entry.name)
            try:
                mode = os.stat(path).st_mode
            except OSError:
                found.note("broken link" if entry.is_symlink() else "unreadable entry", path)
                continue
            if stat.S_ISDIR(mode):
                (links if entry.is_symlink() else folders).append(path)
            elif not stat.S_ISREG(mode):
                found.note("pipe or device", path)
            elif _is_sound(path):
                yield path
            elif entry.name != MANIFEST:
                found.note(path.suffix.lower() or "without an ending", path)


def _is_sound(path: Path) -> bool:
    suffix = path.suffix.lower()
    if suffix in decoders.SUFFIXES:
        return decoders.have_decoder() or _opens(path)
    return suffix in suffixes() and (suffix not in OTHER_USES or _opens(path))


def _opens(path: Path) -> bool:
    """Whether libsndfile knows what is in a file."""
    import soundfile

    try:
        with open(path, "rb") as file, soundfile.SoundFile(file.fileno(), closefd=False):
            return True
    except (soundfile.SoundFileError, RuntimeError, OSError, ValueError):
        return False


def _names(paths: list[Path]) -> str:
    names = [shown(path.name) for path in paths[:SHOWN]]
    return ", ".join(names) + (f" and {len(paths) - SHOWN} more" if len(paths) > SHOWN else "")
