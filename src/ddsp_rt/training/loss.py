"""Multi-scale spectral loss (Wang, Takaki and Yamagishi 2019; Engel et al. 2020), in one pass with its gradient."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any, Optional

import torch
from torch import Tensor

SCALES = (2048, 1024, 512, 256, 128, 64)  # FFT sizes, samples
EPSILON = 1e-7
OVERLAP = 4  # a window every quarter of its length, for reporting
ROWS = 2  # of a batch worked on at once on a CPU, so that spectra stay in its caches


def mss(output: Tensor, target: Tensor, overlap: int = OVERLAP, usable: Optional[Tensor] = None) -> Tensor:
    """Multi-scale spectral loss: lower is nearer; 0 for identical signals.

    With m = |STFT| / sqrt(N), periodic Hann windows of N = 2048, 1024, ..., 64 samples without padding, it is the sum
    over N of mean |m - m'| + mean |ln(m + 1e-7) - ln(m' + 1e-7)|. Gradients go to `output` only.

    Args:
        output, target: [batch, samples].
        overlap: windows per window length; 4 for reporting, 2 is enough for training.
        usable: bool [batch, frames] of equal length in samples; windows that touch an unusable frame do not count.
    """
    return SpectralLoss.apply(output, target.detach(), overlap, usable)


class SpectralLoss(torch.autograd.Function):
    """`mss`; the gradient is made along the way, while the spectra are at hand, so nothing large is kept."""

    @staticmethod
    def forward(ctx: Any, output: Tensor, target: Tensor, overlap: int, usable: Optional[Tensor]) -> Tensor:
        both = torch.cat([output, target]).to(torch.float32)
        batch = len(output)
        gradient = torch.zeros_like(output, dtype=torch.float32) if ctx.needs_input_grad[0] else None
        total = both.new_zeros(())
        rows = ROWS if both.device.type == "cpu" else batch
        for size in SCALES:
            if size > both.shape[-1]:
                continue
            hop = size // overlap
            weight = _weights(usable, batch, size, hop, output.shape[-1])
            for part in (slice(row, row + rows) for row in range(0, batch, rows)):
                pair = torch.cat([both[:batch][part], both[batch:][part]])
                total += _scale(pair, size, hop, weight[part], None if gradient is None else gradient[part])
        ctx.save_for_backward(gradient)
        return total

    @staticmethod
    def backward(ctx: Any, grad: Tensor):
        (gradient,) = ctx.saved_tensors
        return gradient * grad, None, None, None


def _scale(both: Tensor, size: int, hop: int, weight: Tensor, gradient: Optional[Tensor]) -> Tensor:
    """The loss at one scale, windows weighted by `weight` [batch, windows]; its gradient is added to `gradient`."""
    batch = both.shape[0] // 2
    window = _window(size, both.device)
    spectrum = torch.fft.rfft(both.unfold(-1, size, hop) * window)  # the window holds the 1 / sqrt(N)
    magnitude = spectrum.abs()
    logarithm = (magnitude + EPSILON).log_()
    difference = magnitude[:batch] - magnitude[batch:]
    log_difference = logarithm[:batch] - logarithm[batch:]
    weight = weight / difference.shape[-1]
    loss = ((difference.abs().sum(-1) + log_difference.abs().sum(-1)) * weight).sum()
    if gradient is not None:
        predicted = magnitude[:batch]
        slope = difference.sign_().add_(log_difference.sign_().div_(predicted + EPSILON)).div_(predicted + 1e-12)
        slope *= weight.unsqueeze(-1)
        # The adjoint of a real transform counts the bins that stand for two once, DC and Nyquist are their own.
        slope[..., 1:-1] *= 0.5
        frames = torch.fft.irfft(spectrum[:batch] * slope, n=size, norm="forward") * window
        _overlap_add(frames, hop, gradient)
    return loss


@lru_cache(maxsize=64)
def _window(size: int, device: torch.device) -> Tensor:
    return torch.hann_window(size, periodic=True, device=device) / math.sqrt(size)


def _overlap_add(frames: Tensor, hop: int, out: Tensor) -> None:
    """Add windows [batch, count, size], one every `hop` samples, onto `out` [batch, samples]."""
    batch, count, size = frames.shape
    pieces = size // hop
    length = (count + pieces - 1) * hop
    blocks = out[:, :length].unflatten(1, (count + pieces - 1, hop))
    for piece in range(pieces):
        blocks[:, piece : piece + count] += frames[:, :, piece * hop : (piece + 1) * hop]


def _weights(usable: Optional[Tensor], batch: int, size: int, hop: int, samples: int) -> Tensor:
    """Equal weights for all windows whose frames are all usable, 0 for others, with the sum 1: [batch, windows]."""
    count = (samples - size) // hop + 1
    if usable is None or bool(usable.all()):
        device = None if usable is None else usable.device
        return torch.full((batch, count), 1.0 / (batch * count), device=device)
    length = samples // usable.shape[1]
    bad = torch.nn.functional.pad((~usable).to(torch.int32).cumsum(-1), [1, 0])
    start = torch.arange(count, device=usable.device) * hop
    first = torch.div(start, length, rounding_mode="floor")
    last = torch.div(start + size - 1, length, rounding_mode="floor").clamp(max=usable.shape[1] - 1)
    weight = (bad[:, last + 1] == bad[:, first]).to(torch.float32)
    return weight / weight.sum().clamp(min=1.0)
