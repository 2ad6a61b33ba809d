"""The A curve of sound level meters, for what judges and what teaches; the engine's meter shares no code with it."""

from __future__ import annotations

import numpy as np


def a_weighting(frequency) -> np.ndarray:
    """Gain (linear) of the A curve at `frequency` Hz, 1 at 997 Hz (IEC 61672-1, annex E)."""

    def curve(f):
        f2 = np.square(np.asarray(f, np.float64))
        return 12194.0**2 * f2**2 / (
            (f2 + 20.6**2) * np.sqrt((f2 + 107.7**2) * (f2 + 737.9**2)) * (f2 + 12194.0**2)
        )  # fmt: skip

    return curve(frequency) / curve(997.0)
