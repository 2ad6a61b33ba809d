"""Which channels of a recording become the one line that is played.

The mean of all, unless that would lose it: channels of opposite polarity cancel, and a silent one costs 6 dB.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from ddsp_rt.errors import DataError

SILENT = 1e-4  # of the loudest channel's power (-40 dB): a channel below it adds nothing but its share of the mean
CANCELS = 0.5  # of the power that unrelated channels would have in the mean; opposite polarity leaves less


@dataclass(frozen=True)
class Mix:
    """The channels whose mean is played, counted from 0, and what the user should know of the choice."""

    channels: tuple[int, ...]
    note: str = ""

    def __call__(self, block: np.ndarray) -> np.ndarray:
        """float32 [samples, channels] -> [samples]."""
        if len(self.channels) == 1:
            return block[:, self.channels[0]].copy()
        if len(self.channels) < block.shape[1]:
            block = block[:, list(self.channels)]
        return block.mean(axis=1, dtype=np.float32)


def chosen(channel: int, channels: int, name: str) -> Mix:
    """The user's choice, counted from 1."""
    if not 1 <= channel <= channels:
        has = "has one channel" if channels == 1 else f"has {channels} channels"
        raise DataError(f"{name}: {has}; there is no channel {channel}")
    return Mix((channel - 1,))


def decide(blocks: Iterable[np.ndarray], channels: int) -> Mix:
    """Listens to the whole recording, float32 [samples, channels] block by block."""
    if channels == 1:
        return Mix((0,))
    products = np.zeros((channels, channels))
    for block in blocks:
        block = np.nan_to_num(block, posinf=0.0, neginf=0.0).astype(np.float64)
        products += block.T @ block
    power = np.diag(products)
    loudest = int(np.argmax(power))
    sounding = np.flatnonzero(power > SILENT * power[loudest])
    if len(sounding) == 0:
        return Mix(tuple(range(channels)))
    kept = products[np.ix_(sounding, sounding)]
    if len(sounding) > 1 and kept.sum() < CANCELS * np.trace(kept):
        return Mix((loudest,), f"its channels cancel out (opposite polarity), so only channel {loudest + 1} is played")
    if len(sounding) < channels:
        silent = [str(number + 1) for number in range(channels) if number not in sounding]
        are = f"channel {silent[0]} is" if len(silent) == 1 else f"channels {', '.join(silent)} are"
        return Mix(tuple(int(number) for number in sounding), f"{are} silent and left out of the mix")
    return Mix(tuple(range(channels)))
