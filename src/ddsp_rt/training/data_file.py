"""Prepared data sets: what training reads, in portable safetensors shards that are never held in memory.

A data set is one file, or several of about an hour each: `data.safetensors`, `data.2.safetensors`, ... The first
names the others. Recording `i` of a shard has tensors `i/audio` [samples] at the model rate, full scale 1;
`i/f0` [frames] Hz; `i/periodicity` [frames] 0..1; `i/loudness`, `i/fast_loudness` and
`i/balance` [frames] dB; `i/mfcc` [frames, 30] (float16);
`i/usable` [frames] 0 or 1. Frame k is the analysis at audio sample k * model_rate / 250 and drives the samples from
there on. The shard's metadata is one JSON table under "ddsp_rt_data". In it a recording has "held_out" where `prepare`
decided whether it is trained on, and "joined" (the names of the notes) where it is a phrase that was made of others.
"""

from __future__ import annotations

import json
import os
import weakref
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ddsp_rt import tensor_layout
from ddsp_rt.errors import DataError
from ddsp_rt.whole_files import whole_file

FORMAT_VERSION = 2
METADATA_KEY = "ddsp_rt_data"
MAX_HEADER = 64 << 20  # bytes
COPY_BLOCK = 1 << 20  # bytes
TENSORS = ("audio", "f0", "periodicity", "loudness", "fast_loudness", "balance", "mfcc", "usable")


class NotWritten(DataError):
    """What the folder or the disk refused; `reason` in its own words."""

    reason = ""


@dataclass(frozen=True)
class Span:
    """Where a tensor lies in a file."""

    path: str
    offset: int  # bytes from the start of the file
    dtype: np.dtype
    shape: tuple[int, ...]

    @property
    def nbytes(self) -> int:
        return int(np.prod(self.shape, dtype=np.int64)) * self.dtype.itemsize


def read_header(path: str | os.PathLike[str]) -> tuple[dict[str, Any], dict[str, Span]]:
    """The metadata table and the tensors' places. Raises DataError with one line when the file is not a data set."""
    try:
        with open(path, "rb") as file:
            size = os.fstat(file.fileno()).st_size
            labels, entries, start = tensor_layout.read_header(file, size, MAX_HEADER, "a prepared data set")
        text = labels.get(METADATA_KEY)
        if not isinstance(text, str):
            raise DataError(f"{path}: not a prepared data set")
        table = tensor_layout.parse_json(text, "metadata")
        places = tensor_layout.places(entries, size - start)
    except OSError as error:
        raise DataError(f"{path}: {error.strerror or error}") from None
    except tensor_layout.LayoutError as error:
        raise DataError(f"{path}: {error}; prepare the recordings again") from None
    if not isinstance(table, dict) or table.get("format_version") != FORMAT_VERSION:
        raise DataError(f"{path}: prepared by another version of ddsp-rt; prepare the recordings again")
    return table, {name: Span(str(path), start + at.begin, at.dtype, at.shape) for name, at in places.items()}


def read_tensor(span: Span) -> np.ndarray:
    """A whole tensor, as stored."""
    count = int(np.prod(span.shape))
    return np.fromfile(span.path, span.dtype, count=count, offset=span.offset).reshape(span.shape)


def is_data_set(path: str | os.PathLike[str]) -> bool:
    """Whether the path looks like a prepared data set rather than recordings."""
    return os.path.isfile(path) and str(path).endswith(".safetensors")


def write_tensors(path: Path, table: dict[str, Any], tensors: dict[str, np.ndarray | Span]) -> None:
    """Write one shard under a temporary name and rename it; tensors that lie in other files are copied in blocks.

    Raises NotWritten when the folder or the disk refuses; what was there before stays.
    """
    labels = {METADATA_KEY: json.dumps(table, ensure_ascii=False)}
    try:
        with whole_file(path) as file:
            file.write(tensor_layout.header_of(labels, tensors))
            for tensor in tensors.values():
                if isinstance(tensor, Span):
                    _copy(tensor, file)
                else:
                    file.write(np.ascontiguousarray(tensor).data)
    except OSError as error:
        refused = NotWritten(f"{path}: could not be written: {error.strerror or error}; what was there stays")
        refused.reason = error.strerror or str(error)
        raise refused from None


def _copy(span: Span, file) -> None:
    with open(span.path, "rb") as source:
        source.seek(span.offset)
        left = span.nbytes
        while left:
            block = source.read(min(left, COPY_BLOCK))
            if not block:
                raise DataError(f"{span.path}: cut short")
            file.write(block)
            left -= len(block)


class PreparedData:
    """A prepared data set, read piece by piece with plain reads (no mapping, so memory does not grow with it).

    `table` is the first shard's metadata without its recordings; `recordings` are the tables of all recordings, in
    order. May be sent to other processes and read from several threads.
    """

    def __init__(self, path: str | os.PathLike[str]):
        self.path = Path(path)
        self.table, spans = read_header(self.path)
        self.recordings: list[dict[str, Any]] = []
        self._spans: list[dict[str, Span]] = []
        self._open_none()
        others = [self.path.with_name(Path(name).name) for name in (self.table.get("shards") or [])[1:]]
        for shard in [self.path, *others]:  # the first shard is this file, whatever it is called by now
            table, spans = read_header(shard)
            for index, recording in enumerate(table["recordings"]):
                self.recordings.append(recording)
                try:
                    self._spans.append({tensor: spans[f"{index}/{tensor}"] for tensor in TENSORS})
                except KeyError as missing:
                    raise DataError(f"{shard}: tensor {missing} is missing; prepare the recordings again") from None
        self.table.pop("recordings", None)
        self.model_rate = int(self.table["model_rate"])

    def __len__(self) -> int:
        return len(self.recordings)

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in self.__dict__.items() if name != "_files"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._open_none()

    def _open_none(self) -> None:
        self._files: dict[str, int] = {}  # descriptors, which go with this object
        weakref.finalize(self, _close, self._files)

    def is_joined(self, index: int) -> bool:
        """Whether recording `index` was joined out of others."""
        return "joined" in self.recordings[index]

    def frames(self, index: int) -> int:
        """Frames of recording `index`."""
        return self._spans[index]["f0"].shape[0]

    def read(self, index: int, name: str, start: int = 0, stop: int | None = None) -> np.ndarray:
        """Rows `start` to `stop` of a tensor of recording `index`, as stored. Raises DataError."""
        span = self._spans[index][name]
        stop = span.shape[0] if stop is None else stop
        row = span.nbytes // max(span.shape[0], 1)
        size = (stop - start) * row
        try:
            data = os.pread(self._descriptor(span.path), size, span.offset + start * row)
        except OSError as error:
            raise DataError(f"{span.path}: {error.strerror or error}") from None
        if len(data) != size:
            raise DataError(f"{span.path}: cut short while it was read")
        return np.frombuffer(data, span.dtype).reshape(stop - start, *span.shape[1:])

    def _descriptor(self, path: str) -> int:
        if path not in self._files:
            opened = os.open(path, os.O_RDONLY)
            if self._files.setdefault(path, opened) != opened:  # another thread was first
                os.close(opened)
        return self._files[path]


def _close(descriptors: dict[str, int]) -> None:
    while descriptors:
        os.close(descriptors.popitem()[1])
