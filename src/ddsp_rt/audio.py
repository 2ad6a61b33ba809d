"""Audio files in (and, by way of audio_writer, out): mono float32 blocks from whatever libsndfile reads.

No header is trusted for a size: samples are taken block by block until they end, so an hour-long file, or one that
claims to be, costs a block of memory.
"""

from __future__ import annotations

import os
import stat
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from ddsp_rt.audio_writer import FORMATS, AudioWriter, check_output, fitting_gain, write_audio
from ddsp_rt.errors import DataError

__all__ = [
    "FORMATS", "READABLE", "AudioReader", "AudioWriter", "check_output", "fitting_gain", "read_audio", "write_audio",
]  # fmt: skip

READABLE = "WAV, FLAC, OGG, MP3 or AIFF"
BLOCK = 1 << 16  # frames read at a time
CUT_SHORT = 0.98  # share of the promised frames below which the user is told
LOWEST_RATE, HIGHEST_RATE = 1_000, 768_000  # Hz; a header outside is not believed


class AudioReader:
    """A file as mono float32 blocks: the mean of its channels, NaN and Inf taken as silence.

    Use as a context manager. `rate` is in Hz. `frames` is what the header says (a hint, for progress); `frames_read`
    what came. `bad_samples` counts frames that held NaN or Inf, `clipped_samples` frames at or beyond full scale.

    Raises:
        DataError: missing, a folder, empty, without samples, not audio, or broken off, with the file's name.
    """

    def __init__(self, path: str | os.PathLike):
        import soundfile

        self.path = Path(path)
        self.frames_read = 0
        self.bad_samples = 0
        self.clipped_samples = 0
        _check_readable(self.path)
        try:
            with _quiet:
                self._file = soundfile.SoundFile(str(self.path))
        except (soundfile.SoundFileError, RuntimeError, TypeError, ValueError):
            raise DataError(f"{self.path}: not audio that can be read; give {READABLE}") from None
        self.rate = int(self._file.samplerate)
        self.channels = int(self._file.channels)
        self.frames = int(self._file.frames)
        if not LOWEST_RATE <= self.rate <= HIGHEST_RATE:
            self.close()
            raise DataError(f"{self.path}: its header gives a sample rate of {self.rate} Hz, which cannot be right")
        if self.frames <= 0:
            self.close()
            raise DataError(f"{self.path}: holds no samples")

    def __enter__(self) -> AudioReader:
        return self

    def __exit__(self, *_) -> None:
        self.close()

    def close(self) -> None:
        self._file.close()

    def blocks(self) -> Iterator[np.ndarray]:
        """Yield float32 [samples] from the start to the end of the file. May be called again."""
        import soundfile

        self.frames_read = self.bad_samples = self.clipped_samples = 0
        size = max(1024, BLOCK // self.channels)
        try:
            if self._file.tell() != 0:
                self._file.seek(0)
            while len(block := self._read(size)):
                yield self._mono(block)
        except (soundfile.SoundFileError, RuntimeError):
            where = (
                f"about {self.frames_read / self.rate:.1f} s from its start" if self.frames_read else "near its start"
            )
            raise DataError(f"{self.path}: damaged {where}; export it anew") from None
        if self.frames_read == 0:
            raise DataError(f"{self.path}: holds no samples")

    def _read(self, size: int) -> np.ndarray:
        if self._file.format != "MP3":
            return self._file.read(size, dtype="float32", always_2d=True)
        with _quiet:
            return self._file.read(size, dtype="float32", always_2d=True)

    def _mono(self, block: np.ndarray) -> np.ndarray:
        finite = np.isfinite(block)
        if not finite.all():
            self.bad_samples += int((~finite.all(axis=1)).sum())
            block = np.where(finite, block, np.float32(0))
        self.clipped_samples += int((np.abs(block) >= 32767 / 32768).any(axis=1).sum())
        self.frames_read += len(block)
        return block[:, 0].copy() if block.shape[1] == 1 else block.mean(axis=1, dtype=np.float32)

    @property
    def note(self) -> str:
        """What the user should know once all blocks are read, or an empty string."""
        parts = []
        if self.bad_samples:
            parts.append(f"{_count(self.bad_samples, 'sample')} not a number, taken as silence")
        if self.frames_read < CUT_SHORT * self.frames:
            parts.append(f"cut short, {self.frames_read / self.rate:.1f} of {self.frames / self.rate:.1f} s are there")
        return f"{self.path}: {'; '.join(parts)}" if parts else ""


def read_audio(path: str | os.PathLike, report=None) -> tuple[np.ndarray, int]:
    """Read a whole file.

    Args:
        path: WAV, FLAC, OGG, MP3 or AIFF, any rate and channel count.
        report: called with one line of text when something in the file should be known (NaN samples taken as silence).

    Returns:
        Mono float32 [samples] (the mean of the channels, always finite) and the sample rate in Hz.

    Raises:
        DataError: as `AudioReader`.
    """
    with AudioReader(path) as reader:
        audio = np.concatenate(list(reader.blocks()))
        if report is not None and reader.note:
            report(reader.note)
        return audio, reader.rate


def _check_readable(path: Path) -> None:
    try:
        status = os.stat(path)
    except FileNotFoundError:
        raise DataError(f"{path}: no such file") from None
    except (OSError, ValueError) as error:
        raise DataError(f"{path}: cannot be opened: {getattr(error, 'strerror', None) or error}") from None
    if stat.S_ISDIR(status.st_mode):
        raise DataError(f"{path}: is a folder; name the audio files in it")
    if not stat.S_ISREG(status.st_mode):
        raise DataError(f"{path}: is not a regular file")
    if status.st_size == 0:
        raise DataError(f"{path}: is empty (0 bytes)")
    if not os.access(path, os.R_OK):
        raise DataError(f"{path}: may not be read (permissions)")


class _Quiet:
    """Keeps the MP3 decoder's chatter off standard error while a file is opened or read. Threads may share it."""

    def __init__(self):
        self._lock = threading.Lock()
        self._depth = 0
        self._kept: int | None = None

    def __enter__(self) -> None:
        with self._lock:
            self._depth += 1
            if self._depth > 1:
                return
            try:
                self._kept = os.dup(2)
            except OSError:  # no standard error to keep quiet
                return
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, 2)
            os.close(nowhere)

    def __exit__(self, *_) -> None:
        with self._lock:
            self._depth -= 1
            if self._depth == 0 and self._kept is not None:
                os.dup2(self._kept, 2)
                os.close(self._kept)
                self._kept = None


_quiet = _Quiet()


def _count(number: int, noun: str) -> str:
    return f"{number} {noun} is" if number == 1 else f"{number} {noun}s are"
