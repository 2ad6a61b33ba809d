"""Audio files in and out: mono float32 blocks from whatever libsndfile reads, and outputs that are whole or not there.

Reading never trusts a header for a size: samples are taken block by block until they end, so an hour-long file, or one that
claims to be, costs a block of memory. Writing goes to a temporary name beside the target and is renamed when complete.
"""

from __future__ import annotations

import os
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from ddsp_rt.errors import DataError, UsageError

READABLE = "WAV, FLAC, OGG, MP3 or AIFF"
BLOCK = 1 << 16  # frames read at a time
LOWEST_RATE, HIGHEST_RATE = 1_000, 768_000  # Hz; a header outside is not believed

FORMATS = {".wav": "WAV", ".flac": "FLAC", ".aif": "AIFF", ".aiff": "AIFF"}
SUBTYPES = {"16": "PCM_16", "24": "PCM_24", "float": "FLOAT"}
WAV_LIMIT = 4_000_000_000  # bytes; RF64 beyond
DITHER_SEED = 16


class AudioReader:
    """A file as mono float32 blocks: the mean of its channels, NaN and Inf taken as silence.

    Use as a context manager. `rate` is in Hz. `frames` is what the header says (a hint, for progress); `frames_read` what came.
    `bad_samples` counts frames that held NaN or Inf, `clipped_samples` frames at or beyond full scale.

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
            while len(block := self._file.read(size, dtype="float32", always_2d=True)):
                yield self._mono(block)
        except (soundfile.SoundFileError, RuntimeError):
            seconds = self.frames_read / self.rate
            raise DataError(f"{self.path}: damaged {seconds:.1f} s from its start; export it anew") from None
        if self.frames_read == 0:
            raise DataError(f"{self.path}: holds no samples")

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
        """What the user should know of the samples read so far, or an empty string."""
        if not self.bad_samples:
            return ""
        return f"{self.path}: {_count(self.bad_samples, 'sample')} not a number, taken as silence"


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


class AudioWriter:
    """A mono file written block by block under a temporary name beside the target and renamed by `commit`.

    Use as a context manager: leaving it without `commit` removes what was written, and a file that was there before stays.
    16-bit samples get triangular dither of one step (fixed seed, so equal audio gives equal files); exact zeros stay zero.
    Integer samples beyond full scale are limited and counted in `limited`; float is written as it is. `peak` is the largest
    magnitude seen.

    Raises:
        UsageError: a name or bit depth that cannot be written.
        DataError: the folder or the disk refuses.
    """

    def __init__(self, path: str | os.PathLike, rate: int, bit_depth: str = "16", frames_hint: int = 0):
        import soundfile

        self.path = Path(path)
        self.limited = 0
        self.peak = 0.0
        self.frames = 0
        self._depth = str(bit_depth)
        self._random = np.random.default_rng(DITHER_SEED)
        kind, subtype = check_output(self.path, self._depth)
        if kind == "WAV" and frames_hint * {"16": 2, "24": 3, "float": 4}[self._depth] > WAV_LIMIT:
            kind = "RF64"
        self._target = Path(os.path.realpath(self.path))  # through a link, so the link stays one
        self._file = None
        try:
            self._target.parent.mkdir(parents=True, exist_ok=True)
            self._handle, temporary = tempfile.mkstemp(dir=self._target.parent, prefix=f".{self._target.stem}-", suffix=".part")
        except OSError as error:
            raise DataError(f"{self.path}: cannot be written: {error.strerror}") from None
        self._temporary = Path(temporary)
        try:
            self._file = soundfile.SoundFile(
                self._handle, "w", int(rate), 1, subtype, format=kind, closefd=False
            )
        except (soundfile.SoundFileError, RuntimeError, TypeError, ValueError) as error:
            raise self._failure(error) from None

    def __enter__(self) -> AudioWriter:
        return self

    def __exit__(self, *_) -> None:
        self._discard()

    def write(self, block: np.ndarray) -> None:
        """Append float32 [samples], full scale at ±1."""
        import soundfile

        block = np.asarray(block, dtype=np.float32)
        if len(block) == 0:
            return
        self.peak = max(self.peak, float(np.abs(block).max()))
        try:
            self._file.write(self._samples(block))
        except (soundfile.SoundFileError, RuntimeError, AssertionError, OSError) as error:
            raise self._failure(error) from None
        self.frames += len(block)

    def commit(self) -> None:
        """Finish the file and give it its name."""
        import soundfile

        try:
            self._file.close()
            self._file = None
            os.fsync(self._handle)
            # libsndfile's close tells of no error, so look at what is there.
            if soundfile.info(str(self._temporary)).frames != self.frames:
                raise OSError("incomplete")
            umask = os.umask(0)
            os.umask(umask)
            os.fchmod(self._handle, 0o666 & ~umask)
            os.replace(self._temporary, self._target)
        except (soundfile.SoundFileError, RuntimeError, OSError) as error:
            raise self._failure(error) from None
        os.close(self._handle)
        self._handle = None

    def _samples(self, block: np.ndarray) -> np.ndarray:
        """Quantise to what libsndfile takes without touching it again: float32, int16, or int32 whose top 24 bits count."""
        if self._depth == "float":
            return block
        full_scale = 32768.0 if self._depth == "16" else 8388608.0
        scaled = block.astype(np.float64) * full_scale
        if self._depth == "16":
            dither = self._random.random(len(block)) - self._random.random(len(block))
            scaled += np.where(block == 0, 0.0, dither)
        self.limited += int(((block > 1) | (block < -1)).sum())
        steps = np.clip(np.rint(scaled), -full_scale, full_scale - 1)
        return steps.astype(np.int16) if self._depth == "16" else steps.astype(np.int32) << 8

    def _failure(self, error: Exception) -> DataError:
        """The reason as one line. libsndfile hides the system's, so ask the file for one more block of bytes."""
        reason = error.strerror if isinstance(error, OSError) else None
        if reason is None and self._handle is not None:
            try:
                os.lseek(self._handle, 0, os.SEEK_END)
                os.write(self._handle, bytes(1 << 16))
            except OSError as probe:
                reason = probe.strerror
        self._discard()
        reason = (reason or "the write was cut short").lower()
        return DataError(f"{self.path}: cannot be written: {reason}; nothing was changed")

    def _discard(self) -> None:
        if self._file is not None:
            try:
                self._file.close()
            except Exception:  # the file is thrown away; what its close says matters to nobody
                pass
            self._file = None
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None
            self._temporary.unlink(missing_ok=True)


def write_audio(path: str | os.PathLike, audio: np.ndarray, rate: int, bit_depth: str | int = "16") -> float:
    """Write mono audio as WAV, FLAC or AIFF (by the name's ending), whole or not at all.

    Integer formats cannot hold samples beyond full scale: louder audio is turned down as a whole until its peak fits.

    Args:
        audio: float32 [samples], full scale at ±1.
        rate: Hz.
        bit_depth: "16" (dithered), "24" or "float".

    Returns:
        The gain applied in dB: 0.0, or negative when the audio was turned down.

    Raises:
        UsageError: a name or bit depth that cannot be written.
        DataError: the folder or the disk refuses; an old file of that name is left as it was.
    """
    audio = np.nan_to_num(np.asarray(audio, dtype=np.float32).reshape(-1), posinf=0.0, neginf=0.0)
    gain = fitting_gain(float(np.abs(audio).max()) if len(audio) else 0.0, bit_depth)
    with AudioWriter(path, rate, str(bit_depth), len(audio)) as writer:
        for start in range(0, len(audio), BLOCK):
            block = audio[start : start + BLOCK]
            writer.write(block if gain == 1 else block * np.float32(gain))
        writer.commit()
    return 20 * float(np.log10(gain))


def fitting_gain(peak: float, bit_depth: str | int) -> float:
    """The gain (at most 1) that makes a peak fit the bit depth, with two steps left for dither."""
    room = 1 - 2 / 32768
    return 1.0 if str(bit_depth) == "float" or peak <= room else room / peak


def check_output(path: Path, bit_depth: str | int) -> tuple[str, str]:
    """libsndfile's format and subtype for a name and a bit depth, or a UsageError that says what to give."""
    bit_depth = str(bit_depth)
    kind = FORMATS.get(path.suffix.lower())
    if kind is None:
        raise UsageError(f"{path}: cannot write '{path.suffix or path.name}'; end the name in {', '.join(FORMATS)}")
    if bit_depth not in SUBTYPES:
        raise UsageError(f"--bit-depth {bit_depth}: give {', '.join(SUBTYPES)}")
    if kind == "FLAC" and bit_depth == "float":
        raise UsageError(f"{path}: FLAC holds no float samples; give --bit-depth 24 or a name ending in .wav")
    if path.is_dir():
        raise UsageError(f"{path}: is a folder; give the name of a file")
    if path.exists() and not path.is_file():
        raise UsageError(f"{path}: is not a regular file, and will not be replaced")
    return kind, SUBTYPES[bit_depth]


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


def _count(number: int, noun: str) -> str:
    return f"{number} {noun} is" if number == 1 else f"{number} {noun}s are"
