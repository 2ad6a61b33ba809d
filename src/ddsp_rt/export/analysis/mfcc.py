"""Mel cepstra of a spectrum; the engine's `Mfcc`."""

import itertools

import numpy as np
import torch
from torch import Tensor, nn

from ddsp_rt.architecture import MFCC_COUNT
from ddsp_rt.export.analysis.spectrum import Spectrum

BANDS = 64
LOWEST, HIGHEST = 40.0, 7000.0  # Hz


def triangle(x: float, low: float, centre: float, high: float) -> float:
    """Height 1 at the centre, 0 at the ends."""
    if not low < x < high:
        return 0.0
    return (x - low) / (centre - low) if x < centre else (high - x) / (high - centre)


def overlap(place: int, low: float, centre: float, high: float) -> float:
    """Integral of a band's triangle times that of one bin, in bins; by Simpson's rule, exact between the corners."""
    corners = sorted([low, centre, high, place - 1.0, float(place), place + 1.0])

    def product(x: float) -> float:
        return triangle(x, low, centre, high) * triangle(x, place - 1.0, place, place + 1.0)

    pairs = itertools.pairwise(corners)
    return sum((b - a) / 6.0 * (product(a) + 4.0 * product(0.5 * (a + b)) + product(b)) for a, b in pairs)


class Mfcc(nn.Module):
    """Magnitudes [bins] of a spectrum -> [30] coefficients."""

    def __init__(self, spectrum: Spectrum) -> None:
        super().__init__()
        scale = spectrum.length / (6.0 * (spectrum.bins - 1))
        mels = np.linspace(*(2595.0 * np.log10(1.0 + hz / 700.0) for hz in (LOWEST, HIGHEST)), BANDS + 2)
        edges = 700.0 * (10.0 ** (mels / 2595.0) - 1.0) / spectrum.bin_hz  # bins
        weights = np.zeros((BANDS, spectrum.bins))
        for band in range(BANDS):
            low, centre, high = edges[band : band + 3]
            if high > spectrum.bins - 1:
                continue  # reaches beyond Nyquist: empty
            for place in range(max(0, int(np.ceil(low - 1.0))), min(spectrum.bins - 1, int(high + 1.0)) + 1):
                weights[band, place] = scale * overlap(place, low, centre, high)
        rows, columns = np.arange(MFCC_COUNT)[:, None], np.arange(BANDS) + 0.5
        cosines = np.sqrt(np.where(rows == 0, 1.0, 2.0) / BANDS) * np.cos(np.pi * rows * columns / BANDS)
        self.register_buffer("weights", torch.from_numpy(weights.astype(np.float32)))
        self.register_buffer("cosines", torch.from_numpy(cosines.astype(np.float32)))

    def forward(self, magnitudes: Tensor) -> Tensor:
        power = torch.mv(self.weights, magnitudes.square())
        return torch.mv(self.cosines, torch.log((power + 1e-5 * power.sum()).clamp(min=1e-10)))
