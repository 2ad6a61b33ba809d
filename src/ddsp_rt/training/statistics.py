"""What an instrument file says of its training data: quantiles of pitch and loudness, the noise floor, the gate."""

from __future__ import annotations

from typing import Any

import numpy as np

from ddsp_rt.analysis import VOICED
from ddsp_rt.architecture import COMPLETED
from ddsp_rt.note_names import midi_from_hz

PROBABILITIES = (0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99)
PITCH = np.arange(0.0, 127.0, 0.02)  # MIDI, histogram edges
LOUDNESS = np.arange(-100.0, 21.0, 0.05)  # dB
PERIODICITY = np.arange(0.0, 1.0005, 0.0005)
GATE_BELOW_SOFT = 12.0  # dB under the softest twentieth of voiced frames, at least
GATE_LIMITS = (-85.0, -45.0)  # dB


class Statistics:
    """Histograms over usable, voiced frames, so that any amount of data takes the same memory."""

    READS = ("f0", "periodicity", "loudness", "fast_loudness", "balance", "usable")

    def __init__(self) -> None:
        self._pitch = np.zeros(len(PITCH) - 1, np.int64)
        self._loudness = np.zeros(len(LOUDNESS) - 1, np.int64)
        self._periodicity = np.zeros(len(PERIODICITY) - 1, np.int64)
        self._lines = {name: Line() for name in COMPLETED}

    def add(self, frames: dict[str, np.ndarray]) -> None:
        """Count one recording's f0 (Hz), periodicity, loudness, fast loudness, balance (dB) and usable, each
        [frames]."""
        kept = (frames["usable"] > 0) & (frames["periodicity"] >= VOICED)
        midi = midi_from_hz(np.maximum(frames["f0"][kept], 1.0))
        for counts, edges, values in (
            (self._pitch, PITCH, midi),
            (self._loudness, LOUDNESS, frames["loudness"][kept]),
            (self._periodicity, PERIODICITY, frames["periodicity"][kept]),
        ):
            counts += np.histogram(np.clip(values, edges[0], edges[-1]), edges)[0]
        for name, line in self._lines.items():
            line.add(frames["loudness"][kept], frames[name][kept])

    def table(self, noise_floors: list[float | None]) -> dict[str, Any]:
        """{"quantiles", "usual", "noise_floor_db", "gate_db"} in the words of the instrument file."""
        known = [floor for floor in noise_floors if floor is not None]
        soft = float(_quantile(self._loudness, LOUDNESS, 0.05))
        floor = float(np.median(known)) if known else soft - 2 * GATE_BELOW_SOFT
        # Down to the quietest recording's floor the network has heard notes fade: they are played to their end. The
        # gate closes 6 dB lower, where no recording was.
        gate = float(np.clip(min(min(known, default=floor), soft - GATE_BELOW_SOFT), *GATE_LIMITS))
        return {
            "quantiles": {
                "probabilities": list(PROBABILITIES),
                "pitch_midi": [round(_quantile(self._pitch, PITCH, p), 3) for p in PROBABILITIES],
                "loudness_db": [round(_quantile(self._loudness, LOUDNESS, p), 3) for p in PROBABILITIES],
                "periodicity_median": round(_quantile(self._periodicity, PERIODICITY, 0.5), 4),
            },
            "usual": {name: line.table() for name, line in self._lines.items()},
            "noise_floor_db": round(floor, 2),
            "gate_db": round(gate, 2),
        }


class Line:
    """The straight line of least squares through points that are not kept."""

    def __init__(self) -> None:
        self._sums = np.zeros(5)  # 1, x, y, x x, x y

    def add(self, x: np.ndarray, y: np.ndarray) -> None:
        """Points x, y [count]."""
        x, y = x.astype(np.float64), y.astype(np.float64)
        self._sums += (len(x), x.sum(), y.sum(), (x * x).sum(), (x * y).sum())

    def table(self) -> dict[str, float]:
        """y = offset + slope x, as an instrument file says it; level where the points do not tell a slope."""
        count, x, y, xx, xy = self._sums
        spread = count * xx - x * x
        slope = (count * xy - x * y) / spread if spread > 1e-6 * max(count, 1.0) ** 2 else 0.0
        return {"offset": round((y - slope * x) / max(count, 1.0), 3), "slope": round(slope, 4)}


def _quantile(counts: np.ndarray, edges: np.ndarray, probability: float) -> float:
    """The value below which the given share of a histogram lies; the lowest edge when it is empty."""
    total = np.concatenate([[0], np.cumsum(counts)])
    if total[-1] == 0:
        return float(edges[0])
    return float(np.interp(probability * total[-1], total, edges))
