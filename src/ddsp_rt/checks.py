"""What callers hand in, checked at the door: the value as it is needed, or a UsageError of one line."""

from __future__ import annotations

import os
from pathlib import Path
from typing import SupportsFloat, SupportsIndex

import numpy as np

from ddsp_rt.errors import UsageError

LOWEST_RATE, HIGHEST_RATE = 8_000, 192_000  # Hz that the engine runs at


def as_mono(audio: np.ndarray) -> np.ndarray:
    """The audio as contiguous float32 [samples], or a UsageError that says what is wrong with it."""
    try:
        samples = np.asarray(audio)
    except (TypeError, ValueError):  # rows of different lengths, for instance
        raise UsageError("audio is not an array; give floats [samples], with full scale at ±1") from None
    if samples.ndim != 1:
        raise UsageError(f"audio has the shape {list(samples.shape)}; give one channel, [samples]")
    if not np.issubdtype(samples.dtype, np.floating):
        raise UsageError(f"audio is of type {samples.dtype}; give floats with full scale at ±1")
    with np.errstate(over="ignore"):  # what is beyond float32 is infinite, and so silence
        return np.ascontiguousarray(samples, dtype=np.float32)


def as_rate(sample_rate: int) -> int:
    """The rate as an int the engine runs at, or a UsageError."""
    return as_whole("sample rate", sample_rate, LOWEST_RATE, HIGHEST_RATE, " of Hz")


def nearest_rate(rate: int) -> int:
    """The rate that the engine runs at for a recording of `rate` Hz: its own, or the nearest in the range."""
    return min(max(rate, LOWEST_RATE), HIGHEST_RATE)


def as_whole(what: str, value: SupportsIndex | float, low: int, high: int, unit: str = "") -> int:
    """A whole number within its range, or a UsageError that names it."""
    number = np.asarray(value)
    if number.ndim == 0 and number.dtype.kind in "iuf" and low <= number <= high and number == np.rint(number):
        return int(number)
    raise UsageError(f"{what} {value}: give a whole number{unit} from {low} to {high}")


def as_number(what: str, value: SupportsFloat | str) -> float:
    """The number, NaN and infinities among them, or a UsageError that names it."""
    try:
        return float(value)
    except (TypeError, ValueError):
        raise UsageError(f"{what} {value}: give a number") from None


def as_name(name: str) -> str:
    """The name of a parameter, or a UsageError when it is no text."""
    if not isinstance(name, str):
        raise UsageError(f"the name of a parameter is of type {type(name).__name__}; give a text, such as 'reverb'")
    return name


def as_path(path: str | os.PathLike[str]) -> Path:
    """The path, or a UsageError when it is none."""
    try:
        if os.fspath(path) == "":
            raise UsageError("the path is empty; give the name or the path of a file")
        return Path(path)
    except TypeError:
        raise UsageError(f"the path is of type {type(path).__name__}; give the name or the path of a file") from None
