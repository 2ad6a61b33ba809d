"""Files that are whole or not there: written under a short temporary name beside the target, and renamed."""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import shutil
import sys
import tempfile
import time
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from ddsp_rt.errors import DataError
from ddsp_rt.file_lock import lock_file

PREFIX, SUFFIX = ".ddsp-rt-", ".part"
YOUNG = 1.0  # seconds for which a file may not have its lock yet
_swept: set[Path] = set()  # folders that this process has looked through


class WholeFile:
    """A file that takes its name by `commit`; until then, and after `discard`, what was there before stays.

    `handle` is its file descriptor, `temporary` its path meanwhile: unique and short, so that a name of the greatest
    length can be written. A link is written through and stays one; an old file hands its permissions on. Missing
    folders are made. What a killed process left under such a name in the folder is removed.

    Raises:
        OSError: the folder or the disk refuses, or links lead in a circle.
    """

    def __init__(self, path: str | os.PathLike[str]):
        if not os.fspath(path):
            raise OSError(errno.ENOENT, "the name is empty")
        self.target = Path(os.path.realpath(path))
        if self.target.is_symlink():
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), str(path))
        try:
            self.target.parent.mkdir(parents=True, exist_ok=True)
        except FileExistsError as error:
            raise OSError(errno.ENOTDIR, f"{error.filename} is a file, not a folder") from None
        _sweep(self.target.parent)
        self.temporary = self.target.parent / f"{PREFIX}{secrets.token_hex(6)}{SUFFIX}"
        self._done = False
        # From before the file is there: a signal may come before whoever writes it can clean up.
        self._remove = weakref.finalize(self, self.temporary.unlink, missing_ok=True)
        self.handle = os.open(self.temporary, os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o600)
        _lock(self.handle)  # while it is held, the file is nobody's leftover; it goes with the process

    def commit(self) -> None:
        """Make sure that everything is on the disk, then give it its name."""
        os.fsync(self.handle)
        os.chmod(self.temporary, self._mode())
        os.replace(self.temporary, self.target)
        self._done = True
        self._remove.detach()
        os.close(self.handle)

    def discard(self) -> None:
        """Remove what was written, if it has no name yet."""
        if not self._done:
            self._done = True
            os.close(self.handle)
            self._remove()

    def _mode(self) -> int:
        try:
            return os.stat(self.target).st_mode & 0o7777
        except OSError:
            umask = os.umask(0)
            os.umask(umask)
            return 0o666 & ~umask


def _sweep(folder: Path) -> None:
    """Remove the temporary files that nobody writes any more; once in each folder."""
    if folder in _swept:
        return
    _swept.add(folder)
    with contextlib.suppress(OSError):
        for entry in os.scandir(folder):
            if entry.name.startswith(PREFIX) and entry.name.endswith(SUFFIX) and _is_left(entry.path):
                with contextlib.suppress(OSError):
                    os.unlink(entry.path)


def _is_left(path: str) -> bool:
    try:
        handle = os.open(path, os.O_RDWR)
    except OSError:
        return False
    try:
        return time.time() - os.fstat(handle).st_mtime > YOUNG and _lock(handle)
    finally:
        os.close(handle)


def _lock(handle: int) -> bool:
    """Whether this file is ours now: False when another has it, or where nobody can tell.

    Windows needs no lock: it removes no file that is open.
    """
    return sys.platform == "win32" or lock_file(handle) is True


class ToStandardOutput:
    """The same towards standard output: kept on the disk until it is complete, so that nothing half-made comes out."""

    def __init__(self):
        if sys.stdout is None:
            raise OSError(errno.EBADF, "it is closed")
        if sys.stdout.isatty():
            raise OSError(errno.EINVAL, "it is a terminal; redirect it, or name a file")
        self._file = tempfile.TemporaryFile(prefix=PREFIX[1:])
        self.handle = self._file.fileno()

    def commit(self) -> None:
        os.lseek(self.handle, 0, os.SEEK_SET)
        sys.stdout.flush()
        shutil.copyfileobj(self._file, sys.stdout.buffer, 1 << 20)
        sys.stdout.flush()
        self._file.close()

    def discard(self) -> None:
        self._file.close()


@contextlib.contextmanager
def whole_file(path: str | os.PathLike[str]) -> Iterator[BinaryIO]:
    """A binary file to write to, which takes its name at the end of the block unless an exception ends it."""
    whole = WholeFile(path)
    try:
        with os.fdopen(os.dup(whole.handle), "wb") as file:
            yield file
        whole.commit()
    finally:
        whole.discard()


def write_whole(path: str | os.PathLike[str], data: bytes | memoryview, fault: type[DataError] = DataError) -> None:
    """Write a whole file at once; `fault`, in one line, where the folder or the disk refuses."""
    try:
        with whole_file(path) as file:
            file.write(data)
    except OSError as error:
        raise fault(f"{path}: could not be written: {error.strerror or error}") from None
