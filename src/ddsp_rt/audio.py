"""Audio files in (and, by way of audio_writer, out): mono float32 blocks from whatever can be read.

No header is trusted for a size: samples are taken block by block until they end, so an hour-long file, or one that
claims to be, costs a block of memory.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator

import numpy as np

from ddsp_rt.audio_writer import FORMATS, AudioWriter, check_output, fitting_gain, write_audio
from ddsp_rt.errors import DataError
from ddsp_rt.sound_files import mixing
from ddsp_rt.sound_files.clipping import flat_tops
from ddsp_rt.sound_files.source import READABLE, Source

__all__ = [
    "FORMATS", "READABLE", "AudioReader", "AudioWriter", "check_output", "fitting_gain", "read_audio", "write_audio",
]  # fmt: skip

BLOCK = 1 << 16  # frames read at a time
CUT_SHORT = 0.98  # share of the promised frames below which the user is told


class AudioReader:
    """A file as mono float32 blocks: the mean of its channels, NaN and Inf taken as silence.

    Channels that are silent are left out of the mean; where the channels would cancel, the loudest is played alone.
    `channel`, counted from 1, takes that one instead. "-" is standard input.

    Use as a context manager. `rate` is in Hz. `frames` is what the header says (a hint, for progress; 0 if unknown);
    `frames_read` what came. `bad_samples` counts frames that held NaN or Inf, `clipped_samples` frames on a flat top at
    the format's ceiling.

    Raises:
        DataError: missing, a folder, empty, without samples, not audio, or without that channel, with the file's name.
    """

    def __init__(self, path: str | os.PathLike[str], channel: int | None = None):
        self._source = Source(path)
        self.path, self.name = self._source.path, self._source.name
        self.rate, self.channels, self.frames = self._source.rate, self._source.channels, self._source.frames
        self.frames_read = self.bad_samples = self.clipped_samples = 0
        self._length: int | None = None  # what the first reading found; later ones end there
        try:
            self._mix = None if channel is None else mixing.chosen(channel, self.channels, self.name)
        except DataError:
            self.close()
            raise

    def __enter__(self) -> AudioReader:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._source.close()

    def blocks(self) -> Iterator[np.ndarray]:
        """Yield float32 [samples] from the start to the end of the file. May be called again, and gives the same."""
        size = max(1024, BLOCK // self.channels)
        if self._mix is None:
            self._mix = mixing.decide(self._source.blocks(size), self.channels)
        self.frames_read = self.bad_samples = self.clipped_samples = 0
        for block in self._source.blocks(size):
            if self._length is not None:
                block = block[: self._length - self.frames_read]
                if not len(block):
                    break
            yield self._mono(block)
        if self.frames_read == 0:
            raise DataError(f"{self.name}: {'damaged near its start' if self._source.damaged else 'holds no samples'}")
        if self._length is None:
            self._length = self.frames_read
            self._grew = self._source.grew

    def _mono(self, block: np.ndarray) -> np.ndarray:
        assert self._mix is not None
        finite = np.isfinite(block)
        if not finite.all():
            self.bad_samples += int((~finite.all(axis=1)).sum())
            block = np.where(finite, block, np.float32(0))
        clipped = [flat_tops(block[:, channel], self._source.subtype) for channel in self._mix.channels]
        self.clipped_samples += int(np.any(clipped, axis=0).sum())
        self.frames_read += len(block)
        return self._mix(block)

    @property
    def note(self) -> str:
        """What the user should know once all blocks are read, or an empty string."""
        parts = []
        if self._mix is not None and self._mix.note:
            parts.append(f"{self._mix.note} (--channel chooses)")
        if self.bad_samples:
            parts.append(f"{_count(self.bad_samples, 'sample')} not a number, taken as silence")
        if self._source.header_note:
            parts.append(self._source.header_note)
        promised = max(self.frames, self._length or 0, self.frames_read * self._source.whole)
        if self._source.damaged:
            whole = f" of {promised / self.rate:.1f}" if promised > 1.02 * self.frames_read else ""
            parts.append(f"damaged, only the first {self.frames_read / self.rate:.1f}{whole} s can be read")
        elif self.frames_read < CUT_SHORT * promised:
            parts.append(f"cut short, {self.frames_read / self.rate:.1f} of {promised / self.rate:.1f} s are there")
        if self._length is not None and self._grew:
            parts.append(f"still being written; the first {self.frames_read / self.rate:.1f} s are taken")
        return f"{self.name}: {'; '.join(parts)}" if parts else ""


def read_audio(
    path: str | os.PathLike[str], report: Callable[[str], None] | None = None, channel: int | None = None
) -> tuple[np.ndarray, int]:
    """Read a whole file.

    Args:
        path: WAV, FLAC, OGG, MP3, AIFF or whatever else libsndfile reads, any rate and channel count; phones' formats
            (M4A, AMR, WMA, ...) where PyAV or ffmpeg is installed. "-" is standard input.
        report: called with one line of text when something in the file should be known (NaN samples taken as silence,
            a file cut short).
        channel: which one to take, counted from 1; None mixes them down as `AudioReader` does.

    Returns:
        Mono float32 [samples] (always finite) and the sample rate in Hz.

    Raises:
        DataError: as `AudioReader`.
    """
    with AudioReader(path, channel) as reader:
        audio = np.concatenate(list(reader.blocks()))
        if report is not None and reader.note:
            report(reader.note)
        return audio, reader.rate


def _count(number: int, noun: str) -> str:
    return f"{number} {noun} is" if number == 1 else f"{number} {noun}s are"
