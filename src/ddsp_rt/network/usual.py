"""What nobody heard, as it usually is at a loudness: the twin of the engine's `Instrument::complete`."""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn

PLAIN = {"fast_loudness": {"offset": 0.0, "slope": 1.0}, "balance": {"offset": 0.0, "slope": 0.0}}


class Usual(nn.Module):
    """Loudness to fast loudness and balance, by the lines that an instrument's `metadata` holds.

    Shape:
        - loudness: [...], dB
        - returns fast_loudness [...], dB, and balance [...], dB
    """

    def __init__(self, metadata: dict[str, Any]) -> None:
        super().__init__()
        lines = PLAIN | metadata.get("usual", {})
        self.fast_offset, self.fast_slope = (float(lines["fast_loudness"][name]) for name in ("offset", "slope"))
        self.balance_offset, self.balance_slope = (float(lines["balance"][name]) for name in ("offset", "slope"))
        seen = metadata["quantiles"]["loudness_db"]
        self.softest, self.loudest = float(seen[0]), float(seen[-1])

    def forward(self, loudness: Tensor) -> tuple[Tensor, Tensor]:
        within = loudness.clamp(self.softest, self.loudest)  # where it was seen
        fast = loudness + (self.fast_offset + self.fast_slope * within - within)
        silent = loudness <= -100.0
        return fast.masked_fill(silent, -100.0), self.balance_offset + self.balance_slope * within
