"""Audio files out: written under a temporary name beside the target and renamed when complete: whole or not there."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from ddsp_rt.checks import as_mono, as_path, as_whole
from ddsp_rt.errors import DataError, UsageError
from ddsp_rt.sound_files.source import shown
from ddsp_rt.whole_files import ToStandardOutput, WholeFile

BLOCK = 1 << 16  # samples written at a time
FORMATS = {".wav": "WAV", ".flac": "FLAC", ".aif": "AIFF", ".aiff": "AIFF"}
SUBTYPES = {"16": "PCM_16", "24": "PCM_24", "float": "FLOAT"}
WAV_LIMIT = 4_000_000_000  # bytes; RF64 beyond
DITHER_SEED = 16
HIGHEST_RATE = 655_350  # Hz; FLAC's header holds no more


class AudioWriter:
    """A file written block by block under a temporary name beside the target and renamed by `commit`.

    "-" is standard output, which gets the file (WAV) when it is complete.

    Use as a context manager: leaving it without `commit` removes what was written, and a file that was there before
    stays. 16-bit samples get triangular dither of one step (fixed seed, so equal audio gives equal files); exact zeros
    stay zero. Integer samples beyond full scale are limited; float is written as it is. `peak` is the largest magnitude
    seen.

    Raises:
        UsageError: a name or bit depth that cannot be written.
        DataError: the folder or the disk refuses.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        rate: int,
        bit_depth: str = "16",
        frames_hint: int = 0,
        channels: int = 1,
    ):
        import soundfile

        self.path = as_path(path)
        self.name = "standard output" if is_standard_output(path) else shown(path)
        self.peak = 0.0
        self.frames = 0
        self._depth = str(bit_depth)
        self._random = np.random.default_rng(DITHER_SEED)
        kind, subtype = check_output(self.path, self._depth)
        if kind == "WAV" and frames_hint * channels * {"16": 2, "24": 3, "float": 4}[self._depth] > WAV_LIMIT:
            kind = "RF64"
        self._file: Any = None  # soundfile.SoundFile until it is closed
        try:
            self._whole = ToStandardOutput() if is_standard_output(path) else WholeFile(self.path)
        except OSError as error:
            raise DataError(f"{self.name}: cannot be written: {(error.strerror or str(error)).lower()}") from None
        try:
            self._file = soundfile.SoundFile(
                self._whole.handle, "w", int(rate), channels, subtype, format=kind, closefd=False
            )
        except (soundfile.SoundFileError, RuntimeError, TypeError, ValueError) as error:
            raise self._failure(error) from None

    def __enter__(self) -> AudioWriter:
        return self

    def __exit__(self, *_: object) -> None:
        self._discard()

    def write(self, block: np.ndarray) -> None:
        """Append float32 [samples], of several channels [samples, channels], full scale at ±1."""
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
            # libsndfile's close tells of no error, so look at what is there.
            os.lseek(self._whole.handle, 0, os.SEEK_SET)
            with soundfile.SoundFile(self._whole.handle, closefd=False) as written:
                if written.frames != self.frames:
                    raise OSError("incomplete")
            self._whole.commit()
        except (soundfile.SoundFileError, RuntimeError, OSError) as error:
            raise self._failure(error) from None

    def _samples(self, block: np.ndarray) -> np.ndarray:
        """Quantise to what libsndfile writes untouched: float32, int16, or int32 whose top 24 bits count."""
        if self._depth == "float":
            return block
        full_scale = 32768.0 if self._depth == "16" else 8388608.0
        scaled = block.astype(np.float64) * full_scale
        if self._depth == "16":  # two numbers a sample, drawn in its turn: blocks of any size get the same
            first, second = np.moveaxis(self._random.random((*block.shape, 2)), -1, 0)
            scaled += np.where(block == 0, 0.0, first - second)
        steps = np.clip(np.rint(scaled), -full_scale, full_scale - 1)
        return steps.astype(np.int16) if self._depth == "16" else steps.astype(np.int32) << 8

    def _failure(self, error: Exception) -> DataError:
        """The reason as one line. libsndfile hides the system's, so ask the file for one more block of bytes."""
        reason = error.strerror if isinstance(error, OSError) else None
        if reason is None:
            try:
                os.lseek(self._whole.handle, 0, os.SEEK_END)
                os.write(self._whole.handle, bytes(1 << 16))
            except OSError as probe:
                reason = probe.strerror
        self._discard()
        reason = (reason or "the write was cut short").lower()
        return DataError(f"{self.name}: cannot be written: {reason}; nothing was changed")

    def _discard(self) -> None:
        if self._file is not None:
            with contextlib.suppress(Exception):  # the file is thrown away; what its close says matters to nobody
                self._file.close()
            self._file = None
        self._whole.discard()


def write_audio(path: str | os.PathLike[str], audio: np.ndarray, rate: int, bit_depth: str | int = "16") -> float:
    """Write mono audio as WAV, FLAC or AIFF (by the name's ending), whole or not at all.

    Integer formats cannot hold samples beyond full scale: louder audio is turned down as a whole until its peak fits.

    Args:
        audio: floats [samples], full scale at ±1; NaN and Inf count as silence.
        rate: Hz, up to 655350 (what the formats' headers hold).
        bit_depth: "16" (dithered), "24" or "float".

    Returns:
        The gain applied in dB: 0.0, or negative when the audio was turned down.

    Raises:
        UsageError: a name, rate or bit depth that cannot be written, or audio that is not one channel of floats.
        DataError: the folder or the disk refuses; an old file of that name is left as it was.
    """
    audio = np.nan_to_num(as_mono(audio), posinf=0.0, neginf=0.0)
    rate = as_whole("sample rate", rate, 1, HIGHEST_RATE, " of Hz")
    gain = fitting_gain(float(np.abs(audio).max()) if len(audio) else 0.0, bit_depth)
    with AudioWriter(path, rate, str(bit_depth), len(audio)) as writer:
        for start in range(0, len(audio), BLOCK):
            block = audio[start : start + BLOCK]
            writer.write(block if gain == 1 else block * np.float32(gain))
        writer.commit()
    return 20 * float(np.log10(gain))


def is_standard_output(path: str | os.PathLike[str]) -> bool:
    """Whether the name "-" is given, which means standard output."""
    return os.fspath(path) == "-"


class Written(NamedTuple):
    """gain: linear, by which the whole was turned down, at most 1; peak: largest magnitude; frames: samples."""

    gain: float
    peak: float
    frames: int


def write_played(
    path: str | os.PathLike[str],
    rate: int,
    bit_depth: str,
    play: Callable[[], Iterable[np.ndarray]],
    frames_hint: int = 0,
) -> Written:
    """Write the float32 blocks that `play()` yields, whole or not at all, and never clipped.

    Where they would not fit the bit depth they are played once more, and turned down as a whole.

    Raises:
        UsageError, DataError: as `AudioWriter`, and what `play` raises; an old file of that name is left as it was.
    """
    gain = 1.0
    while True:
        with AudioWriter(path, rate, bit_depth, frames_hint) as writer:
            for block in play():
                writer.write(block * np.float32(gain))
            needed = gain * fitting_gain(writer.peak, bit_depth)
            if needed >= gain * 0.9999:
                writer.commit()
                return Written(gain, writer.peak, writer.frames)
            gain = needed


def fitting_gain(peak: float, bit_depth: str | int) -> float:
    """The gain (at most 1) that makes a peak fit the bit depth, with two steps left for dither."""
    room = 1 - 2 / 32768
    return 1.0 if str(bit_depth) == "float" or peak <= room else room / peak


def check_output(path: Path, bit_depth: str | int) -> tuple[str, str]:
    """libsndfile's format and subtype for a name and a bit depth, or a UsageError that says what to give."""
    bit_depth = str(bit_depth)
    kind = "WAV" if is_standard_output(path) else FORMATS.get(path.suffix.lower())
    if kind is None:
        ending = path.suffix or path.name
        raise UsageError(f"{shown(path)}: cannot write '{shown(ending)}'; end the name in {', '.join(FORMATS)}")
    if bit_depth not in SUBTYPES:
        raise UsageError(f"--bit-depth {bit_depth}: give {', '.join(SUBTYPES)}")
    if kind == "FLAC" and bit_depth == "float":
        raise UsageError(f"{path}: FLAC cannot hold float samples; give --bit-depth 24 or a name that ends in .wav")
    if is_standard_output(path):
        return kind, SUBTYPES[bit_depth]
    try:
        mode = os.stat(path).st_mode
    except FileNotFoundError:
        pass
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise UsageError(f"{shown(path)}: is a link that leads back to itself") from None
    else:
        if stat.S_ISDIR(mode):
            raise UsageError(f"{shown(path)}: is a folder; give the name of a file")
        if not stat.S_ISREG(mode):
            raise UsageError(f"{shown(path)}: is not a regular file, and will not be replaced")
    return kind, SUBTYPES[bit_depth]
