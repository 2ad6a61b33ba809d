"""Chooses among the lags at which the signal repeats; the engine's `OctaveMemory`."""

import math

import torch
from torch import Tensor, nn


def interval(a: float, b: float) -> float:
    """Octaves between two frequencies, at least 0."""
    return abs(math.log(a / b)) / math.log(2.0)


def is_multiple(octaves: float) -> bool:
    """Whether an interval is that of 2:1, 3:1, ... 8:1."""
    if octaves < 0.5:
        return False
    ratio = 2.0**octaves
    whole = math.floor(ratio + 0.5)
    return whole >= 2 and whole <= 8 and interval(ratio, float(whole)) < 0.06


class OctaveMemory(nn.Module):
    """Forward Viterbi decision over a handful of candidates a frame."""

    octaves: Tensor  # log2 of the last frame's lags
    costs: Tensor  # of the paths to them, least 0

    def __init__(self) -> None:
        super().__init__()
        self.long_from = math.log2(0.008)  # of a lag in s
        self.octaves, self.costs = torch.zeros(0), torch.zeros(0)

    @torch.jit.export
    def start(self) -> None:
        self.octaves, self.costs = torch.zeros(0), torch.zeros(0)

    def forward(self, lags: Tensor, heights: Tensor, sums: Tensor) -> int:
        """Index of the candidate that the cheapest path ends in; lags in s, heights and harmonic sums 0 to 1."""
        octaves = torch.log2(lags)
        beyond = (octaves - self.long_from).clamp(min=0.0)  # there the spectrum is long enough to judge
        prior = 0.6 * (octaves - beyond) + 0.1 * beyond
        costs = torch.log((1.0 - heights).clamp(min=0.0) + 0.06) + prior - 6.0 * torch.log(0.15 + sums)
        if self.octaves.shape[0] > 0:
            distance = (octaves.unsqueeze(1) - self.octaves).abs()
            ratio = torch.exp2(distance)
            whole = (ratio + 0.5).floor()
            multiple = (torch.log2(ratio / whole).abs() < 0.06) & (distance >= 0.5) & (whole >= 2.0) & (whole <= 8.0)
            steps = 0.3 * (distance / 0.06).clamp(max=1.0) + multiple.to(torch.float32)
            costs = costs + (0.7 * self.costs + steps).amin(dim=1)
        best = int(costs.argmin())
        self.octaves, self.costs = octaves, costs - costs[best]
        return best
