"""Instrument files (`*.ddsp`): written and read, every field checked. docs/instrument-file.md is the specification.

`tensor_layout` reads and writes the safetensors file that holds metadata and tensors.
"""

from __future__ import annotations

import io
import itertools
import json
import os
from collections.abc import Mapping
from typing import Any

import numpy as np

from ddsp_rt import tensor_layout
from ddsp_rt.analysis import FRAME_RATE, HIGHEST_F0, LOWEST_F0
from ddsp_rt.architecture import COMPLETED, Architecture, ArchitectureError
from ddsp_rt.errors import DataError
from ddsp_rt.tensor_layout import LayoutError, header_of, parse_json, places, read_header
from ddsp_rt.whole_files import write_whole

FORMAT_VERSION = 1
ANALYSER_VERSIONS = (2,)  # analysers the engine still has
ANALYSER = {"version": ANALYSER_VERSIONS[-1], "f0_low": LOWEST_F0, "f0_high": HIGHEST_F0}  # of new files
SUPPORTED_REQUIRES: frozenset[str] = frozenset()  # features of the format a file may insist on
METADATA_KEY = "ddsp_rt"
MAX_HEADER = 1 << 20  # bytes
MAX_FILE = 512 << 20  # bytes
DTYPES = ("F16", "F32")
LARGEST_VALUE = 65504.0  # half precision's; whatever is computed from such weights stays finite
MAX_REVERB_SECONDS = 10
MAX_QUANTILES = 64
LONGEST_NAME, LONGEST_LICENCE = 100, 10_000  # characters
# What a file may say of its notes, in the names and units of the note door's parameters, each with its range.
NOTES = {"attack": (0, 2000), "vibrato_rate": (0.1, 12), "vibrato_depth": (0, 200), "vibrato_delay": (0, 2000)}


class InstrumentError(DataError, ValueError):
    """An instrument file that cannot be used; one line names the file, the field and what is wrong with it."""


class _FileError(Exception):
    """What is wrong, before the file's name stands in front of it."""


def _number(table: Mapping[str, Any], name: str, low: float, high: float, where: str = "") -> float:
    value = table.get(name)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not low <= value <= high:
        raise _FileError(f"{where}{name} must be a number from {low:g} to {high:g}")
    return value


def _whole(table: Mapping[str, Any], name: str, low: int, high: int, where: str = "") -> int:
    value = _number(table, name, low, high, where)
    if not isinstance(value, int):
        raise _FileError(f"{where}{name} must be a whole number")
    return value


def _text(table: Mapping[str, Any], name: str, longest: int, default: str | None = None) -> str:
    value = table.get(name, default)
    if not isinstance(value, str) or len(value) > longest or (default is None and not value.strip()):
        raise _FileError(f"{name} must be a text of at most {longest} characters")
    return value


def _texts(table: Mapping[str, Any], name: str) -> list[str]:
    value = table.get(name, [])
    if not isinstance(value, list) or not all(isinstance(entry, str) for entry in value):
        raise _FileError(f"{name} must be a list of texts")
    return value


def _rising(table: Mapping[str, Any], name: str, low: float, high: float) -> list[float]:
    values = table.get(name)
    where = f"quantiles.{name}"
    if not isinstance(values, list) or not 2 <= len(values) <= MAX_QUANTILES:
        raise _FileError(f"{where} must be a list of 2 to {MAX_QUANTILES} numbers")
    checked = [_number({where: value}, where, low, high) for value in values]
    if any(after < before for before, after in itertools.pairwise(checked)):
        raise _FileError(f"{where} must not fall")
    return checked


def _check_metadata(metadata: Any) -> Architecture:
    """Check all fields that this version knows; returns the architecture."""
    if not isinstance(metadata, dict):
        raise _FileError("metadata must be an object")
    version = _whole(metadata, "format_version", 1, 1 << 30)
    if version > FORMAT_VERSION:
        newer = f"of a newer ddsp-rt; this one reads up to {FORMAT_VERSION}: update it"
        raise _FileError(f"format_version is {version}, {newer}")
    for name in _texts(metadata, "requires"):
        if name not in SUPPORTED_REQUIRES:
            raise _FileError(f"it requires {name[:80]!r}, which this ddsp-rt does not have")
    _text(metadata, "name", LONGEST_NAME)
    architecture = _architecture(metadata)
    longest = MAX_REVERB_SECONDS * _whole(metadata, "model_rate", 8000, 192_000)
    if architecture.reverb_length > longest:
        raise _FileError(f"reverb.length must be a whole number from 1 to {longest}")
    if _whole(metadata, "frame_rate", 1, 10_000) != FRAME_RATE:
        raise _FileError(f"frame_rate must be {FRAME_RATE}")
    analyser = metadata.get("analyser")
    if not isinstance(analyser, dict):
        raise _FileError("analyser must be an object")
    if _whole(analyser, "version", 1, 1 << 30, "analyser.") not in ANALYSER_VERSIONS:
        raise _FileError(f"analyser.version is {analyser['version']}, which this ddsp-rt does not have")
    low = _number(analyser, "f0_low", 20, 1050, "analyser.")
    if _number(analyser, "f0_high", 40, 3000, "analyser.") < 2 * low:
        raise _FileError("analyser.f0_high must be an octave or more above analyser.f0_low")
    quantiles = metadata.get("quantiles")
    if not isinstance(quantiles, dict):
        raise _FileError("quantiles must be an object")
    count = len(_rising(quantiles, "probabilities", 0, 1))
    for name, least, most in (("pitch_midi", -50, 200), ("loudness_db", -200, 100)):
        if len(_rising(quantiles, name, least, most)) != count:
            raise _FileError(f"quantiles.{name} must be as long as quantiles.probabilities")
    _number(quantiles, "periodicity_median", 0, 1, "quantiles.")
    _number(metadata, "gate_db", -200, 100)
    _check_usual(metadata, architecture)
    if metadata.get("notes") is not None:
        notes = metadata["notes"]
        if not isinstance(notes, dict):
            raise _FileError("notes must be an object")
        for name, limits in NOTES.items():
            if notes.get(name) is not None:
                _number(notes, name, *limits, "notes.")
    if metadata.get("life") is not None:
        _check_life(metadata["life"])
    if metadata.get("z_mean") is not None:
        z_mean = metadata["z_mean"]
        if not isinstance(z_mean, list) or len(z_mean) != architecture.decoder.z_dims:
            raise _FileError(f"z_mean must be a list of {architecture.decoder.z_dims} numbers")
        for value in z_mean:
            _number({"z_mean": value}, "z_mean", -1e6, 1e6)
    _text(metadata, "licence", LONGEST_LICENCE, "")
    _texts(metadata, "attribution")
    return architecture


def _check_life(life: Any) -> None:
    """How deeply harmonics fade, by their frequency."""
    hertz, depth = (life.get(name) if isinstance(life, dict) else None for name in ("hertz", "depth"))
    if not isinstance(hertz, list) or not isinstance(depth, list) or not 2 <= len(hertz) <= MAX_QUANTILES:
        raise _FileError(f"life must hold hertz and depth, lists of 2 to {MAX_QUANTILES} numbers")
    if len(hertz) != len(depth):
        raise _FileError("life.depth must be as long as life.hertz")
    places = [_number({"life.hertz": value}, "life.hertz", 1, 1e5) for value in hertz]
    if any(after <= before for before, after in itertools.pairwise(places)):
        raise _FileError("life.hertz must rise")
    for value in depth:
        _number({"life.depth": value}, "life.depth", 0, 3)
    if (fast := life.get("fast")) is not None:
        if not isinstance(fast, list) or len(fast) != len(hertz):
            raise _FileError("life.fast must be a list as long as life.hertz")
        for value in fast:
            _number({"life.fast": value}, "life.fast", 0, 3)


def _check_usual(metadata: Mapping[str, Any], architecture: Architecture) -> None:
    """The lines by which the doors that analyse nothing feed some features, where the decoder reads those."""
    for name in COMPLETED:
        if name in architecture.decoder.features:
            usual = metadata.get("usual")
            line = usual.get(name) if isinstance(usual, dict) else None
            if not isinstance(line, dict):
                raise _FileError(f"usual.{name} is missing, but the decoder reads {name}")
            _number(line, "offset", -1000, 1000, f"usual.{name}.")
            _number(line, "slope", -10, 10, f"usual.{name}.")


def _architecture(metadata: Mapping[str, Any]) -> Architecture:
    try:
        return Architecture.from_dict(metadata.get("architecture"))
    except ArchitectureError as error:
        raise _FileError(f"architecture.{error}") from None


def _parse(data: bytes) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    labels, entries, start = read_header(io.BytesIO(data), len(data), MAX_HEADER, "an instrument file")
    text = labels.get(METADATA_KEY)
    if not isinstance(text, str):
        raise _FileError(f"no '{METADATA_KEY}' metadata: not an instrument file")
    metadata = parse_json(text, "metadata")
    shapes = _check_metadata(metadata).tensor_shapes()
    found = places(entries, len(data) - start, DTYPES)
    tensors = {}
    for name, shape in shapes.items():
        if name not in found:
            raise _FileError(f"tensor {name} is missing")
        place = found[name]
        if place.shape != shape:
            raise _FileError(f"tensor {name} has shape {list(place.shape)}, the architecture says {list(shape)}")
        stored = memoryview(data)[start + place.begin : start + place.end]
        tensors[name] = np.frombuffer(stored, place.dtype).reshape(shape)
        if not (np.abs(tensors[name]) <= LARGEST_VALUE).all():  # not so for NaN
            raise _FileError(f"tensor {name} holds a value that is no number or beyond {LARGEST_VALUE:g}")
    return metadata, tensors


def load_instrument(path: str | os.PathLike[str]) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Read an instrument file.

    Returns its metadata and its tensors by name, float16 or float32 as stored (read-only). Unknown keys and tensors
    are ignored. Raises InstrumentError: no such file, truncated, not an instrument, wrong type, size or version.
    """
    try:
        with open(path, "rb") as file:
            size = os.fstat(file.fileno()).st_size
            if size > MAX_FILE:
                raise _FileError(f"larger than {MAX_FILE >> 20} MiB")
            return _parse(file.read(size))
    except (_FileError, LayoutError, ArchitectureError) as fault:
        raise InstrumentError(f"{path}: {fault}") from None
    except (OSError, ValueError) as error:
        raise InstrumentError(f"{path}: {getattr(error, 'strerror', None) or error}") from None


def save_instrument(
    path: str | os.PathLike[str],
    tensors: Mapping[str, np.ndarray],
    metadata: Mapping[str, Any],
    dtype: str | None = "float16",
) -> None:
    """Write an instrument file that `load_instrument` and the engine accept.

    `tensors` are those of the architecture in `metadata` (others are left out), stored as `dtype`, "float16" or
    "float32", or with None as they were read. The file appears whole or not at all: when the disk fills up, what was
    there before stays. Raises InstrumentError.
    """
    if dtype is None:
        dtype = "float16" if all(values.dtype == "float16" for values in tensors.values()) else "float32"
    if dtype not in ("float16", "float32"):
        raise InstrumentError(f"{path}: dtype must be float16 or float32, not {dtype}")
    try:
        data = _serialise(tensors, metadata, "F16" if dtype == "float16" else "F32")
        _parse(data)  # what we would refuse to read, we do not write
    except (_FileError, LayoutError, ArchitectureError) as fault:
        raise InstrumentError(f"{path}: {fault}") from None
    write_whole(path, data, InstrumentError)


def _serialise(tensors: Mapping[str, np.ndarray], metadata: Mapping[str, Any], dtype: str) -> bytes:
    shapes = _check_metadata(dict(metadata)).tensor_shapes()
    try:
        text = json.dumps(metadata, allow_nan=False, ensure_ascii=False)
        text.encode()
    except (TypeError, ValueError) as error:
        raise _FileError(f"metadata cannot be written as JSON: {error}") from None
    stored = {}
    for name in shapes:
        if name not in tensors:
            raise _FileError(f"tensor {name} is missing")
        with np.errstate(over="ignore"):
            stored[name] = np.ascontiguousarray(tensors[name], dtype=tensor_layout.DTYPES[dtype])
        if np.isinf(stored[name]).any() and np.isfinite(tensors[name]).all():
            raise _FileError(f"tensor {name} holds values too large for {dtype}")
    return b"".join([header_of({METADATA_KEY: text}, stored), *(values.tobytes() for values in stored.values())])
