"""Whether two arrays of samples are the same, bit for bit, and where they part."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Difference:
    """What `compare` found. An empty `text` means that every bit is the same."""

    text: str = ""

    def __bool__(self) -> bool:
        return bool(self.text)


def compare(old: np.ndarray, new: np.ndarray) -> Difference:
    """Two arrays [samples] or [samples, channels] of one type; NaNs are equal when their bits are; 0.0 is not -0.0."""
    if old.dtype != new.dtype or old.shape[1:] != new.shape[1:]:
        return Difference(f"{_kind(old)} became {_kind(new)}")
    shared = min(len(old), len(new))
    apart = (_bits(old[:shared]) != _bits(new[:shared])).reshape(shared, -1)
    texts = []
    if apart.any():
        first = int(np.flatnonzero(apart.any(axis=1))[0])
        with np.errstate(invalid="ignore"):
            distance = np.abs(new[:shared].astype(np.float64) - old[:shared].astype(np.float64)).reshape(shared, -1)
        largest = np.nanmax(np.where(apart, distance, 0.0))  # inf - inf and NaN say nothing of a size
        texts.append(f"differs from sample {first} on, {int(apart.sum())} values, largest difference {largest:.3g}")
    if len(old) != len(new):
        texts.append(f"{len(old)} samples became {len(new)}")
    return Difference("; ".join(texts))


def _bits(values: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(values).view(f"u{values.dtype.itemsize}")


def _kind(values: np.ndarray) -> str:
    return f"{values.dtype} {list(values.shape[1:])}" if values.ndim > 1 else str(values.dtype)
