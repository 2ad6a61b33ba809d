"""How tensors lie in a file: a length, a JSON header, the tensors' bytes (https://huggingface.co/docs/safetensors).

Nothing in such a file is ever executed, and no size is believed before it is compared with the bytes that are there.
"""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Iterable, Mapping
from typing import Any, BinaryIO, NamedTuple

import numpy as np

DTYPES: dict[str, np.dtype[Any]] = {"F16": np.dtype("<f2"), "F32": np.dtype("<f4"), "U8": np.dtype("u1")}
NAMES = {dtype: name for name, dtype in DTYPES.items()}
METADATA = "__metadata__"
MOST_AXES = 8


class LayoutError(ValueError):
    """What is wrong with a file, in one line without its name."""


class Place(NamedTuple):
    """A tensor's bytes, counted from the end of the header."""

    dtype: np.dtype[Any]
    shape: tuple[int, ...]
    begin: int
    end: int


def read_header(file: BinaryIO, size: int, longest: int, kind: str) -> tuple[dict[str, Any], dict[str, Any], int]:
    """The texts and the tensors' entries in the header of a file of `size` bytes, and where the tensors' bytes start.

    `longest`: bytes that a header may have; `kind`: what the file ought to be, for the message. Raises LayoutError.
    """
    start = file.read(8)
    if len(start) < 8:
        raise LayoutError(f"too short for {kind}")
    (length,) = struct.unpack("<Q", start)
    if length > longest:
        raise LayoutError(f"not {kind}, or its header is too long")
    if length > size - 8:
        raise LayoutError("the file is cut short inside its header")
    header = parse_json(file.read(length), "header")
    if not isinstance(header, dict):
        raise LayoutError("header must be an object")
    labels = header.pop(METADATA, None)
    return labels if isinstance(labels, dict) else {}, header, 8 + length


def places(entries: Mapping[str, Any], room: int, dtypes: Iterable[str] = DTYPES) -> dict[str, Place]:
    """Where the tensors of a header lie in the `room` bytes behind it, which they must fill without gap or overlap."""
    found: dict[str, Place] = {}
    labels: dict[str, str] = {}
    for name, entry in entries.items():
        labels[name] = label = f"tensor {name[:80] if name.isprintable() else repr(name[:80])}"
        found[name] = _place(entry, room, tuple(dtypes), label)
    reached = 0
    for begin, end, label in sorted((place.begin, place.end, labels[name]) for name, place in found.items()):
        if begin != reached:
            raise LayoutError(f"{label} overlaps another or leaves a gap")
        reached = end
    if reached != room:
        raise LayoutError("bytes after the last tensor")
    return found


def _place(entry: Any, room: int, dtypes: tuple[str, ...], label: str) -> Place:
    if not isinstance(entry, dict):
        raise LayoutError(f"{label} must be an object")
    dtype, shape, offsets = entry.get("dtype"), entry.get("shape"), entry.get("data_offsets")
    if not isinstance(dtype, str) or dtype not in dtypes:
        raise LayoutError(f"{label} has a dtype that is not one of {', '.join(dtypes)}")
    if not isinstance(shape, list) or len(shape) > MOST_AXES or not all(map(_is_size, shape)):
        raise LayoutError(f"{label} has an impossible shape")
    if not isinstance(offsets, list) or len(offsets) != 2 or not all(map(_is_size, offsets)):
        raise LayoutError(f"{label} has impossible data_offsets")
    begin, end = offsets
    if not begin <= end <= room:
        raise LayoutError(f"{label} lies outside the file: cut short?")
    if end - begin != math.prod(shape) * DTYPES[dtype].itemsize:
        raise LayoutError(f"{label} has data_offsets that do not fit its shape")
    return Place(DTYPES[dtype], tuple(shape), begin, end)


def _is_size(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 1 << 62


def header_of(labels: Mapping[str, str], tensors: Mapping[str, Any]) -> bytes:
    """The start of a file that holds `tensors` (whatever has dtype, shape and nbytes) one after the other."""
    header: dict[str, Any] = {METADATA: dict(labels)}
    reached = 0
    for name, tensor in tensors.items():
        offsets = [reached, reached + tensor.nbytes]
        header[name] = {"dtype": NAMES[tensor.dtype], "shape": list(tensor.shape), "data_offsets": offsets}
        reached += tensor.nbytes
    encoded = json.dumps(header, ensure_ascii=False, separators=(",", ":")).encode()
    encoded += b" " * (-len(encoded) % 8)
    return struct.pack("<Q", len(encoded)) + encoded


def parse_json(text: bytes | str, what: str) -> Any:
    """JSON and nothing beyond it: no NaN, no Infinity. LayoutError says that `what` is none."""
    try:
        return json.loads(text if isinstance(text, str) else text.decode(), parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        raise LayoutError(f"{what} is not JSON") from None


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")
