"""What training lowers, in one pass with its gradient.

The multi-scale spectral loss (Wang, Takaki and Yamagishi 2019; Engel et al. 2020), and the difference in A-weighted
loudness: the thousands of weak bins that the former counts leave a performer's dynamics too little to say. So it is
with how bright a sound is above 8 kHz, where bins count little and chance decides most of each: there the levels of
third octaves, in which chance evens out, are told apart.
"""

from __future__ import annotations

import math
from functools import lru_cache
from itertools import pairwise
from typing import Any, NamedTuple

import torch
from torch import Tensor

from ddsp_rt.evaluation.third_octaves import EDGES
from ddsp_rt.weighting import a_weighting

SCALES = (2048, 1024, 512, 256, 128, 64)  # FFT sizes, samples at BASE_RATE; as long at its multiples
BASE_RATE = 16_000  # Hz; in its band all bins count alike, above as (its edge / their frequency)^4
EPSILON = 1e-7
OVERLAP = 4  # a window every quarter of its length, for reporting
LOUDNESS_WINDOW = 0.032  # seconds, about: the scale nearest to it
LOUDNESS_ABOVE = -60.0  # dB (A) of the target
HIGH_ABOVE = -100.0  # dB of the target's band: under it lies the recording's own floor
ROWS = 2  # of a batch worked on at once on a CPU, so that spectra stay in its caches


def mss(
    output: Tensor,
    target: Tensor,
    overlap: int = OVERLAP,
    usable: Tensor | None = None,
    rate: int = BASE_RATE,
    highs: bool = True,
) -> Tensor:
    """Multi-scale spectral loss: lower is nearer; 0 for identical signals.

    With m = |STFT| / sqrt(N), periodic Hann windows of N = 2048, 1024, ..., 64 samples without padding, it is the sum
    over N of mean |m - m'| + mean |ln(m + 1e-7) - ln(m' + 1e-7)|. Gradients go to `output` only.

    At `rate` 48000 windows last as long, and what lies below 8 kHz counts as it would at 16000. With `highs`, what
    lies above is added with a weight that falls steeply: bins there are twice as many, ears tell few of them apart, and
    some recordings hold nothing but their coder's or converter's floor.

    Args:
        output, target: [batch, samples].
        overlap: windows per window length; 4 for reporting, 2 is enough for training.
        usable: bool [batch, frames] of equal length in samples; windows that touch an unusable frame do not count.
    """
    return SpectralLoss.apply(output, target.detach(), overlap, usable, 0.0, rate, highs, 0.0)


def training_loss(
    output: Tensor,
    target: Tensor,
    rate: int,
    overlap: int,
    usable: Tensor | None,
    loudness: float,
    high_bands: float = 0.0,
) -> Tensor:
    """`mss` plus `loudness` times the mean difference in loudness, dB (A), of windows of about 32 ms above -60 dB, plus
    `high_bands` times that in the levels, dB, of the three third octaves from 8 to 16 kHz in the same windows.

    Args:
        output, target: [batch, samples] at `rate` Hz; under 32 kHz there are no such bands.
        overlap, usable: as for `mss`, whose highs count.
    """
    return SpectralLoss.apply(output, target.detach(), overlap, usable, loudness, rate, True, high_bands)


class Levels(NamedTuple):
    """Levels that are told apart: 10 log10 of the squared magnitudes summed with `curves` [bins, levels], a decibel by
    `weights` [levels], where loudness, which is the first, and the level itself are above `floors` [levels] dB."""

    curves: Tensor
    weights: Tensor
    floors: Tensor


class SpectralLoss(torch.autograd.Function):
    """`training_loss`; the gradient is made along the way, while the spectra are at hand, so nothing large is kept."""

    @staticmethod
    def forward(
        ctx: Any,
        output: Tensor,
        target: Tensor,
        overlap: int,
        usable: Tensor | None,
        loudness: float,
        rate: int,
        highs: bool,
        high_bands: float,
    ) -> Tensor:
        both = torch.cat([output, target]).to(torch.float32)
        batch = len(output)
        gradient = torch.zeros_like(output, dtype=torch.float32) if ctx.needs_input_grad[0] else None
        total = both.new_zeros(())
        rows = ROWS if both.device.type == "cpu" else batch
        levels_size = _loudness_size(rate) if loudness or high_bands else 0
        for size in scales(rate):
            if size > both.shape[-1]:
                continue
            hop = size // overlap
            weight = _weights(usable, both[:batch], size, hop)
            levels = _levels(size, rate, both.device, loudness, high_bands) if size == levels_size else None
            shares = _bin_shares(size, rate, both.device, highs)
            for part in (slice(row, row + rows) for row in range(0, batch, rows)):
                pair = torch.cat([both[:batch][part], both[batch:][part]])
                slopes = None if gradient is None else gradient[part]
                total += _scale(pair, _window(size, rate, both.device), hop, weight[part], slopes, shares, levels)
        ctx.save_for_backward(gradient)
        return total

    @staticmethod
    def backward(ctx: Any, grad: Tensor):
        (gradient,) = ctx.saved_tensors
        return gradient * grad, None, None, None, None, None, None, None


def _scale(
    both: Tensor,
    window: Tensor,
    hop: int,
    weight: Tensor,
    gradient: Tensor | None,
    shares: Tensor | None,
    levels: Levels | None,
) -> Tensor:
    """The loss at one scale, windows weighted by `weight` [batch, windows]; its gradient is added to `gradient`.

    `shares` [bins]: of a mean over bins; None: all alike. With `levels` it is also that of these.
    """
    batch, size = both.shape[0] // 2, len(window)
    spectrum = torch.fft.rfft(both.unfold(-1, size, hop) * window)  # the window holds the 1 / sqrt(N)
    magnitude = spectrum.abs()
    logarithm = (magnitude + EPSILON).log_()
    difference = magnitude[:batch] - magnitude[batch:]
    log_difference = logarithm[:batch] - logarithm[batch:]
    if shares is None:
        per_bin = weight / difference.shape[-1]
        loss = ((difference.abs().sum(-1) + log_difference.abs().sum(-1)) * per_bin).sum()
    else:
        loss = ((difference.abs() @ shares + log_difference.abs() @ shares) * weight).sum()
    predicted = magnitude[:batch]
    if gradient is not None:  # by the magnitude, over the magnitude
        slope = difference.sign_().add_(log_difference.sign_().div_(predicted + EPSILON)).div_(predicted + 1e-12)
        slope *= per_bin.unsqueeze(-1) if shares is None else weight.unsqueeze(-1) * shares
    if levels is not None:
        power = magnitude.square() @ levels.curves + 1e-12  # -120 dB
        level = 10.0 * power.log10()
        sounding = level[batch:] > levels.floors
        counts = weight.unsqueeze(-1) * levels.weights * (sounding & sounding[..., :1])
        off = (level[:batch] - level[batch:]) * counts
        loss = loss + off.abs().sum()
        if gradient is not None:
            slope += (20.0 / math.log(10.0) * off.sign() * counts / power[:batch]) @ levels.curves.T
    if gradient is not None:
        # The adjoint of a real transform counts the bins that stand for two once, DC and Nyquist are their own.
        slope[..., 1:-1] *= 0.5
        frames = torch.fft.irfft(spectrum[:batch] * slope, n=size, norm="forward") * window
        _overlap_add(frames, hop, gradient)
    return loss


def a_weighted_level(audio: Tensor, rate: int) -> Tensor:
    """Loudness, dB (A), of windows of about 32 ms around every frame of 4 ms: [batch, samples] -> [batch, frames]."""
    size = _loudness_size(rate)
    hop = rate // 250
    padded = torch.nn.functional.pad(audio.to(torch.float32), [size // 2, size // 2 - hop])
    spectrum = torch.fft.rfft(padded.unfold(-1, size, hop) * _window(size, rate, audio.device))
    return 10.0 * (spectrum.abs().square() @ _a_weighting(size, rate, audio.device) + 1e-12).log10()


def scales(rate: int) -> tuple[int, ...]:
    """FFT sizes at `rate`, samples."""
    return tuple(size * _multiple(rate) for size in SCALES)


def _multiple(rate: int) -> int:
    return max(1, round(rate / BASE_RATE))


def _loudness_size(rate: int) -> int:
    return min(scales(rate), key=lambda size: abs(math.log(size / (rate * LOUDNESS_WINDOW))))


@lru_cache(maxsize=64)
def _window(size: int, rate: int, device: torch.device) -> Tensor:
    """Scaled so that what lies in the band of BASE_RATE has the magnitudes it has there."""
    return torch.hann_window(size, periodic=True, device=device) / math.sqrt(size * _multiple(rate))


@lru_cache(maxsize=64)
def _bin_shares(size: int, rate: int, device: torch.device, highs: bool) -> Tensor | None:
    """What each bin adds to a mean over the bins [bins] of the band of BASE_RATE; None where that is all."""
    if _multiple(rate) == 1:
        return None
    frequency = torch.fft.rfftfreq(size, 1.0 / rate)
    low = frequency <= 0.5 * BASE_RATE
    weight = (0.5 * BASE_RATE / frequency.clamp(min=1.0)).clamp(max=1.0) ** 4 if highs else low.to(torch.float32)
    return (weight / low.sum()).to(device)


@lru_cache(maxsize=16)
def _levels(size: int, rate: int, device: torch.device, loudness: float, high_bands: float) -> Levels:
    frequency = torch.fft.rfftfreq(size, 1.0 / rate, device=device)
    edges = EDGES if high_bands and rate >= 2 * EDGES[-1] else ()
    bands = [(frequency >= low) & (frequency < high) for low, high in pairwise(edges)]
    curves = [_a_weighting(size, rate, device), *(band / _sine_energy(size, rate) for band in bands)]
    weights = [loudness] + [high_bands / max(len(bands), 1)] * len(bands)
    floors = [LOUDNESS_ABOVE] + [HIGH_ABOVE] * len(bands)
    return Levels(torch.stack(curves, dim=1), torch.tensor(weights, device=device), torch.tensor(floors, device=device))


@lru_cache(maxsize=16)
def _a_weighting(size: int, rate: int, device: torch.device) -> Tensor:
    """Weights [bins] of squared magnitudes that sum to the A-weighted power, 1 for a full-scale 997 Hz sine."""
    power = torch.from_numpy(a_weighting(torch.fft.rfftfreq(size, 1.0 / rate).double().numpy()) ** 2)
    return (power / _sine_energy(size, rate)).to(torch.float32).to(device)


def _sine_energy(size: int, rate: int) -> float:
    """Squared magnitudes of a full-scale sine, summed over the bins."""
    # A sine of amplitude 1 has |X|^2 = (sum of the window / 2)^2, spread over the bins of the main lobe (Parseval).
    return float(0.5 * size * _window(size, rate, torch.device("cpu")).double().square().sum() / 2.0)


def _overlap_add(frames: Tensor, hop: int, out: Tensor) -> None:
    """Add windows [batch, count, size], one every `hop` samples, onto `out` [batch, samples]."""
    _batch, count, size = frames.shape
    pieces = size // hop
    length = (count + pieces - 1) * hop
    blocks = out[:, :length].unflatten(1, (count + pieces - 1, hop))
    for piece in range(pieces):
        blocks[:, piece : piece + count] += frames[:, :, piece * hop : (piece + 1) * hop]


def _weights(usable: Tensor | None, signal: Tensor, size: int, hop: int) -> Tensor:
    """Weights [batch, windows] of sum 1: equal for windows of `signal` whose frames are all usable, 0 for others.

    Nothing waits for the device: a batch that is usable throughout is treated as any other.
    """
    batch, samples = signal.shape
    count = (samples - size) // hop + 1
    if usable is None:
        return signal.new_full((batch, count), 1.0 / (batch * count))
    length = samples // usable.shape[1]
    bad = torch.nn.functional.pad((~usable).to(torch.int32).cumsum(-1), [1, 0])
    start = torch.arange(count, device=usable.device) * hop
    first = torch.div(start, length, rounding_mode="floor")
    last = torch.div(start + size - 1, length, rounding_mode="floor").clamp(max=usable.shape[1] - 1)
    weight = (bad[:, last + 1] == bad[:, first]).to(torch.float32)
    return weight / weight.sum().clamp(min=1.0)
