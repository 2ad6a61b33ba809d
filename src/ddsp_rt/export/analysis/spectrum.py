"""Magnitudes of a trailing frame; the engine's `Spectrum`."""

import numpy as np
import torch
from torch import Tensor, nn

from ddsp_rt.synthesis.filtered_noise import good_size

PEAK = 0.75  # of the frame: where the window is 1


class Spectrum(nn.Module):
    """A Hann window that rises over three quarters of the frame, zero-padded, as magnitudes: a sine of amplitude A in
    the middle of a bin reads A.

    Args:
        rate: of the samples, Hz; seconds: of the frame.
    """

    def __init__(self, rate: float, seconds: float = 0.032) -> None:
        super().__init__()
        self.length = int(np.floor(seconds * rate + 0.5))
        self.size = good_size(self.length)
        self.bins = self.size // 2 + 1
        self.bin_hz = rate / self.size
        t, peak = np.arange(self.length), PEAK * self.length
        phase = np.where(t < peak, t / peak, (self.length - t) / (self.length - peak))
        window = (1.0 - np.cos(np.pi * phase)) * 2.0 / self.length
        self.register_buffer("window", torch.from_numpy(window.astype(np.float32)))

    def forward(self, history: Tensor) -> Tensor:
        """float [samples], the newest last -> [bins]."""
        return torch.fft.rfft(self.window * history[history.shape[0] - self.length :], n=self.size).abs()
