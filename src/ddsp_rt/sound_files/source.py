"""A sound file opened for reading: float32 [samples, channels] block by block, from whatever is there of it.

The file is opened once and stays open, so that it may lose its name while it is read. What it holds decides how it is
read, not how it is called.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import stat
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from ddsp_rt.checks import as_path
from ddsp_rt.errors import DataError
from ddsp_rt.sound_files import decoders, headers, mp3, ogg
from ddsp_rt.sound_files.quiet import quiet
from ddsp_rt.sound_files.spliced import Spliced

READABLE = "WAV, FLAC, OGG, MP3 or AIFF"
LOWEST_RATE, HIGHEST_RATE = 1_000, 768_000  # Hz; a header outside is not believed
STANDARD_INPUT = "-"
PIPE_PATIENCE = 1.0  # seconds a pipe may be without a writer


class Source:
    """What an open file gives: `rate` in Hz, `channels`, `frames` as far as known beforehand (0: not at all).

    After `blocks` has run, `damaged` tells that the decoder gave up before the end. `whole` is how many times more the
    header promises than there is; `header_note` what was wrong with it.

    Raises:
        DataError: missing, a folder, empty, without samples, not audio, with the file's name.
    """

    def __init__(self, path: str | os.PathLike):
        self.path = as_path(path)
        self.name = "standard input" if str(path) == STANDARD_INPUT else shown(path)
        self.damaged = False
        self.whole, self.header_note = 1.0, ""
        self._file, self._real_path = _open(self.path, self.name)
        try:
            self._size = os.fstat(self._file.fileno()).st_size
            if self._size == 0:
                raise DataError(f"{self.name}: is empty (0 bytes)")
            self._decoder = None
            self._spliced: Spliced | None = None
            self._more: list[Spliced] = []  # what follows it in the file, as links of a chain
            self._first_look()
        except BaseException:
            self.close()
            raise

    def _first_look(self) -> None:
        import soundfile

        reading = headers.look(self._file, self._size)
        self._spliced, self.whole = reading.file, reading.whole
        self.header_note = reading.note or ogg.look(self._file, self._size)
        chained = ogg.links(self._file, self._size)
        if chained:
            self._spliced, *self._more = (Spliced(self._file, [link]) for link in chained)
        try:
            sound = self._sound()
            if sound.format == "MP3" and self._spliced is None:
                sound.close()
                self._spliced = mp3.look(self._file, self._size)
                sound = self._sound()
        except (soundfile.SoundFileError, RuntimeError, TypeError, ValueError):
            self._decoder = self._decode()
            self.rate, self.channels, self.frames = (getattr(self._decoder, n) for n in ("rate", "channels", "frames"))
            self.subtype = ""
        else:
            self.rate, self.channels, self.subtype = int(sound.samplerate), int(sound.channels), sound.subtype
            self.frames = int(sound.frames)
            sound.close()
            self._chain()
        if self.channels < 1:
            raise DataError(f"{self.name}: its header gives no channels, which cannot be right")
        if not LOWEST_RATE <= self.rate <= HIGHEST_RATE:
            raise DataError(f"{self.name}: its header gives a sample rate of {self.rate} Hz, which cannot be right")
        if self.frames <= 0 and self._decoder is None:
            raise DataError(f"{self.name}: holds no samples")
        if self.frames >= 1 << 62:  # libsndfile's "not known"
            self.frames = 0

    def _chain(self) -> None:
        """Keep of the recordings that follow in the same file those that can be played with the first."""
        import soundfile

        kept = []
        for piece in self._more:
            with contextlib.suppress(soundfile.SoundFileError, RuntimeError), self._sound(piece) as sound:
                if (sound.samplerate, sound.channels) == (self.rate, self.channels):
                    kept.append(piece)
                    self.frames += int(sound.frames)
        left_out = len(self._more) - len(kept)
        if left_out:
            parts = "a part" if left_out == 1 else f"{left_out} parts"
            self.header_note = f"{parts} of another rate or channel count, or damaged, left out"
        self._more = kept

    def _sound(self, piece: Spliced | None = None):
        import soundfile

        class Unlimited(soundfile.SoundFile):
            """Reads on until nothing comes, whatever length the header tells of."""

            def seekable(self) -> bool:
                return False

        with quiet:
            piece = piece or self._spliced
            if piece is not None:
                piece.seek(0)
                return Unlimited(piece)
            os.lseek(self._file.fileno(), 0, os.SEEK_SET)
            return Unlimited(self._file.fileno(), closefd=False)

    def _decode(self):
        if not decoders.is_known(self._file):
            raise DataError(f"{self.name}: not audio that can be read; give {READABLE}") from None
        try:
            return decoders.open_decoder(self._real_path, self._file)
        except decoders.NotDecoded:
            pass
        if not decoders.have_decoder() and self.path.suffix.lower() in decoders.SUFFIXES:
            raise DataError(f"{self.name}: {decoders.how_to_read(self.path.name)}") from None
        raise DataError(f"{self.name}: not audio that can be read; give {READABLE}") from None

    def blocks(self, size: int) -> Iterator[np.ndarray]:
        """Yield float32 [samples, channels] from the start to the end, or to where it is damaged."""
        self.damaged = False
        if self._decoder is not None:
            try:
                yield from self._decoder.blocks(size)
            except decoders.NotDecoded:  # somebody has written other bytes into the file
                self.damaged = True
            self.damaged |= self._decoder.broken
            return
        for piece in [None, *self._more]:
            yield from self._blocks_of(piece, size)
            if self.damaged:
                return

    def _blocks_of(self, piece: Spliced | None, size: int) -> Iterator[np.ndarray]:
        import soundfile

        try:
            sound = self._sound(piece)
        except (soundfile.SoundFileError, RuntimeError):  # it has changed since it was looked at
            self.damaged = True
            return
        # mpg123 writes of what it meets on its way to standard error
        hush = quiet if sound.format == "MP3" else _loud
        try:
            while True:
                block = np.full((size, self.channels), np.nan, np.float32)
                try:
                    with hush:
                        block = sound.read(size, always_2d=True, out=block)
                except (soundfile.SoundFileError, RuntimeError):
                    self.damaged = True
                    came = ~np.isnan(block).all(axis=1)  # what was decoded before the fault
                    block = block[: len(came) if came.all() else int(np.argmin(came))]
                if len(block):
                    yield block
                if len(block) == 0 or self.damaged:
                    return
        finally:
            sound.close()

    @property
    def grew(self) -> bool:
        """Whether the file is longer now than when it was opened."""
        return os.fstat(self._file.fileno()).st_size > self._size

    def close(self) -> None:
        if getattr(self, "_decoder", None) is not None:
            self._decoder.close()
        self._file.close()


class _Loud:
    def __enter__(self) -> None: ...

    def __exit__(self, *_) -> None: ...


_loud = _Loud()


def shown(path: str | os.PathLike) -> str:
    """A name fit for one line of text: control characters are escaped."""
    return "".join(c if c.isprintable() or "\udc80" <= c <= "\udcff" else repr(c)[1:-1] for c in os.fspath(path))


def _open(path: Path, name: str):
    """The file, open for reading from its start, and its path on the disk, to which pipes are copied first."""
    if name == "standard input":
        if sys.stdin is None or sys.stdin.isatty():
            raise DataError(
                "standard input: nothing is piped into it; pipe a file, as in ffmpeg -i song.m4a -f wav - | ddsp-rt ..."
            )
        return _spooled(sys.stdin.buffer)
    try:
        status = os.stat(path)
        if stat.S_ISDIR(status.st_mode):
            raise DataError(f"{name}: is a folder; name the audio files in it")
        if stat.S_ISFIFO(status.st_mode):
            return _pipe(path, name)
        if not stat.S_ISREG(status.st_mode):
            raise DataError(f"{name}: is not a regular file")
        return open(path, "rb", buffering=0), path  # libsndfile moves its place as well
    except FileNotFoundError:
        raise DataError(f"{name}: no such file") from None
    except PermissionError:
        raise DataError(f"{name}: may not be read (permissions)") from None
    except (OSError, ValueError) as error:
        raise DataError(f"{name}: cannot be opened: {getattr(error, 'strerror', None) or error}") from None


def _pipe(path: Path, name: str):
    # Not blocking, or a pipe into which nobody writes would be waited for without end.
    handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    with os.fdopen(handle, "rb") as pipe:
        begun, start = time.monotonic(), b""
        try:
            while not start and time.monotonic() < begun + PIPE_PATIENCE:
                start = os.read(handle, 1 << 16)
                time.sleep(0 if start else 0.02)
        except BlockingIOError:  # somebody is there, and will write
            start = None
        if start == b"":
            raise DataError(f"{name}: is not a regular file but a pipe, and nothing is written into it")
        os.set_blocking(handle, True)
        return _spooled(pipe, start or b"")


def _spooled(stream, start: bytes = b""):
    """A stream copied into a temporary file that goes when it is closed."""
    file = tempfile.NamedTemporaryFile(prefix="ddsp-rt-")
    try:
        file.write(start)
        shutil.copyfileobj(stream, file, 1 << 20)
        file.flush()
    except OSError as error:
        file.close()
        raise DataError(f"the input cannot be kept in {tempfile.gettempdir()}: {error.strerror or error}") from None
    return file, Path(file.name)
