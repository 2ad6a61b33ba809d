"""Formats that libsndfile does not know (phones', video's), read by PyAV or by the program ffmpeg, where one is there.

What a file is, its first bytes tell: only what is known for sound or video is handed to a decoder, since ffmpeg would
also follow playlists to other files.
"""

from __future__ import annotations

import importlib.util
import os
import shlex
import shutil
import struct
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from ddsp_rt.sound_files.spliced import Spliced

SUFFIXES = frozenset(
    """.m4a .mp4 .m4b .m4r .m4v .mov .qt .aac .webm .weba .mka .mkv .amr .awb .3gp .3g2 .3ga .wma .wmv .asf .ac3 .eac3
    .ape .wv .tta .dsf .dff .mpc .spx .mp2 .mpga .ra .rm .adts .alac .flv .avi .ogv .ogx .mpg .mpeg""".split()
)
MAGIC = (  # (offset, bytes)
    (4, b"ftyp"), (4, b"moov"), (4, b"mdat"), (4, b"wide"), (0, b"#!AMR"), (0, b"\x1aE\xdf\xa3"), (0, b"caff"),
    (0, b"\x30\x26\xb2\x75\x8e\x66\xcf\x11"), (0, b"OggS"), (0, b"MAC "), (0, b"wvpk"), (0, b"TTA"), (0, b"DSD "),
    (0, b"FRM8"), (0, b"MPCK"), (0, b"MP+"), (0, b"\x0bw"), (0, b".RMF"), (0, b"FLV\x01"), (0, b"RIFF"), (0, b"FORM"),
    (0, b"RF64"), (0, b".snd"), (0, b"fLaC"), (0, b"ID3"), (0, b"\x00\x00\x01\xba"),
)  # fmt: skip
FREQUENCY, CHANNELS = 3, 4  # words of an AU header


class NotDecoded(Exception):
    """A decoder could not make anything of the file."""


def is_known(file) -> bool:
    """Whether the first bytes are those of a container or stream that may hold sound."""
    file.seek(0)
    head = file.read(16)
    if any(head[offset : offset + len(magic)] == magic for offset, magic in MAGIC):
        return True
    return len(head) > 1 and head[0] == 0xFF and head[1] & 0xE0 == 0xE0  # MPEG audio or ADTS


def have_decoder() -> bool:
    """Whether PyAV or ffmpeg is at hand."""
    return _has_av() or shutil.which("ffmpeg") is not None


def how_to_read(name: str) -> str:
    """What to do about a file that only a decoder reads: commands to paste."""
    target = shlex.quote(f"{os.path.splitext(name)[0]}.wav")
    return (
        "no decoder for it is installed; install ffmpeg or run: pip install 'ddsp-rt[formats]' "
        f"(elsewhere: ffmpeg -i {shlex.quote(name)} {target})"
    )


def open_decoder(path: Path, file) -> PyAv | Ffmpeg:
    """A decoder for the file, `file` being it, open. Raises NotDecoded."""
    if _has_av():
        return PyAv(file)
    if shutil.which("ffmpeg") is not None:
        return Ffmpeg(path)
    raise NotDecoded


def _has_av() -> bool:
    return importlib.util.find_spec("av") is not None


class PyAv:
    """The first sound stream of a file through PyAV. `frames` is the length that the container tells of, or 0."""

    format = "AV"

    def __init__(self, file):
        import av

        # Seen through Spliced a file takes any place to go to, as damaged ones ask for, without a word.
        self._av, self._file = av, Spliced(file, [(0, os.fstat(file.fileno()).st_size)])
        with self._open() as container:
            stream = container.streams.audio[0]
            self.rate, self.channels = int(stream.rate), int(stream.channels)
            length = stream.duration and float(stream.duration * stream.time_base)
            length = length or (container.duration and container.duration / av.time_base) or 0.0
            self.frames = round(length * self.rate)
        self.broken = False

    def _open(self):
        self._file.seek(0)
        try:
            container = self._av.open(self._file)
        except Exception:
            raise NotDecoded from None
        stream = next(iter(container.streams.audio), None)
        if stream is None or stream.codec_context is None or not stream.rate or not stream.channels:
            container.close()
            raise NotDecoded
        return container

    def blocks(self, size: int) -> Iterator[np.ndarray]:
        """Yield float32 [samples, channels]."""
        self.broken = False
        with self._open() as container:
            layout = container.streams.audio[0].layout.name
            to_float = self._av.AudioResampler(format="flt", layout=layout, rate=self.rate)
            frames = container.decode(audio=0)
            while True:
                try:
                    frame = next(frames, None)
                    made = to_float.resample(frame)
                except Exception:
                    self.broken = True
                    return
                for part in made:
                    yield part.to_ndarray().reshape(-1, self.channels).astype(np.float32, copy=False)
                if frame is None:
                    return

    def close(self) -> None:
        pass


class Ffmpeg:
    """The first sound stream of a file through the program ffmpeg, which pours it into a pipe as AU."""

    format = "AV"

    def __init__(self, path: Path):
        self._path = path
        self._said = tempfile.TemporaryFile()
        self.frames = 0
        self.broken = False
        process = self._start()
        header = self._header(process)
        _end(process)
        if header is None:
            raise NotDecoded
        self.rate, self.channels = header

    def _start(self) -> subprocess.Popen:
        # "file:", since a name may look like an address; and no other protocol, whatever the file asks for
        command = ["ffmpeg", "-v", "error", "-protocol_whitelist", "file,pipe", "-i", f"file:{self._path.absolute()}"]
        command += ["-map", "0:a:0", "-c:a", "pcm_f32be", "-f", "au", "-"]
        self._said.truncate(0)
        return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=self._said)

    @staticmethod
    def _header(process: subprocess.Popen) -> tuple[int, int] | None:
        head = process.stdout.read(24)
        if len(head) < 24 or head[:4] != b".snd":
            return None
        words = struct.unpack(">4s5I", head)
        process.stdout.read(words[1] - 24)
        return words[FREQUENCY + 1], words[CHANNELS + 1]

    def blocks(self, size: int) -> Iterator[np.ndarray]:
        """Yield float32 [samples, channels]."""
        process = self._start()
        try:
            if self._header(process) is None:
                raise NotDecoded
            step = 4 * self.channels
            while data := process.stdout.read(size * step):
                whole = len(data) // step * step
                yield np.frombuffer(data[:whole], ">f4").astype(np.float32).reshape(-1, self.channels)
            self.broken = process.wait() != 0 or os.fstat(self._said.fileno()).st_size > 0
        finally:
            _end(process)

    def close(self) -> None:
        self._said.close()


def _end(process: subprocess.Popen) -> None:
    process.stdout.close()
    if process.poll() is None:
        process.kill()
    process.wait()
