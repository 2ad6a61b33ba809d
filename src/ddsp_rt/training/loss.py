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
FRAME_RATE = 250  # frames per second of `usable`


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
        gradient = torch.zeros_like(output, dtype=torch.float32) if ctx.needs_input_grad[0] else None
        total = both.new_zeros(())
        for size in SCALES:
            if size <= both.shape[-1]:
                total = total + _scale(both, size, size // overlap, usable, gradient)
        ctx.save_for_backward(gradient)
        return total

    @staticmethod
    def backward(ctx: Any, grad: Tensor):
        (gradient,) = ctx.saved_tensors
        return gradient * grad, None, None, None


def _scale(both: Tensor, size: int, hop: int, usable: Optional[Tensor], gradient: Optional[Tensor]) -> Tensor:
    """The loss at one scale; its gradient is added to `gradient` [batch, samples]."""
    batch = both.shape[0] // 2
    window = _window(size, both.device)
    spectrum = torch.fft.rfft(both.unfold(-1, size, hop) * window)  # the window holds the 1 / sqrt(N)
    magnitude = spectrum.abs()
    logarithm = (magnitude + EPSILON).log_()
    difference = magnitude[:batch] - magnitude[batch:]
    log_difference = logarithm[:batch] - logarithm[batch:]
    weight = _weights(usable, spectrum.shape[1], size, hop, both.shape[-1])
    if weight is None:
        scale = 1.0 / difference.numel()
        loss = (difference.abs().sum() + log_difference.abs().sum()) * scale
    else:
        weight = weight / (weight.sum() * difference.shape[-1]).clamp(min=1.0)
        loss = ((difference.abs().sum(-1) + log_difference.abs().sum(-1)) * weight).sum()
    if gradient is not None:
        predicted = magnitude[:batch]
        slope = difference.sign_().add_(log_difference.sign_().div_(predicted + EPSILON)).div_(predicted + 1e-12)
        slope *= scale if weight is None else weight.unsqueeze(-1)
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


def _weights(usable: Optional[Tensor], count: int, size: int, hop: int, samples: int) -> Optional[Tensor]:
    """1 for windows whose frames are all usable, 0 for others: [batch, count]; None when all are usable."""
    if usable is None or bool(usable.all()):
        return None
    length = samples // usable.shape[1]
    bad = torch.nn.functional.pad((~usable).to(torch.int32).cumsum(-1), [1, 0])
    start = torch.arange(count, device=usable.device) * hop
    first = torch.div(start, length, rounding_mode="floor")
    last = torch.div(start + size - 1, length, rounding_mode="floor").clamp(max=usable.shape[1] - 1)
    return (bad[:, last + 1] == bad[:, first]).to(torch.float32)
