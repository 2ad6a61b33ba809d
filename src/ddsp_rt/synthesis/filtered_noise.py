"""White noise shaped by 4 ms magnitude curves, in overlapping segments of equal power."""

import math

import torch
from torch import Tensor, nn

from .frame_clock import frame_starts, max_frame_length


def good_size(minimum: int) -> int:
    """The smallest even size from `minimum` up whose factors are 2, 3 and 5 only, as in the engine's transforms."""
    size = max(4, minimum + minimum % 2) - 2
    rest = 0
    while rest != 1:
        size += 2
        rest = size // 2
        for factor in (5, 3, 2):
            while rest % factor == 0:
                rest = rest // factor
    return size


def band_gains(sample_rate: int, model_rate: int, bands: int, size: int) -> Tensor:
    """Weights [bands, size / 2 + 1] that take band magnitudes to the gains of a transform's bins.

    Bands are points spaced evenly over 0..model Nyquist, joined by straight lines in Hz; bins at DC and above the
    model's Nyquist get nothing. The factor sqrt(sample_rate / model_rate) keeps the noise density per Hz.
    """
    frequency = torch.arange(size // 2 + 1, dtype=torch.float64) * sample_rate / size
    position = frequency / (0.5 * model_rate) * (bands - 1)
    distance = (position.unsqueeze(0) - torch.arange(bands, dtype=torch.float64).unsqueeze(1)).abs()
    weights = (1.0 - distance).clamp(min=0.0) * math.sqrt(sample_rate / model_rate)
    weights[:, frequency > 0.5 * model_rate] = 0.0
    weights[:, 0] = 0.0
    return weights.to(torch.float32)


class FilteredNoise(nn.Module):
    """Each frame filters `size` fresh white samples by its magnitudes; its segment fades in over the frame and out
    over the next with sine and cosine, so that independent segments add to a steady power.

    Args:
        sample_rate: of the audio, Hz.
        model_rate: the rate the model was trained at, Hz.
        bands: magnitudes per frame, 0 Hz to the model's Nyquist.
    """

    def __init__(self, sample_rate: int, model_rate: int, bands: int):
        super().__init__()
        self.sample_rate = int(sample_rate)
        self.model_rate = int(model_rate)
        self.bands = int(bands)
        self.longest = max_frame_length(self.sample_rate)
        self.size = good_size(2 * self.longest)  # white samples per frame
        weights = band_gains(self.sample_rate, self.model_rate, self.bands, self.size)
        self.register_buffer("weights", weights, persistent=False)

    @torch.jit.unused
    def draw(self, batch: int, frames: int, generator: torch.Generator | None = None) -> Tensor:
        """White excitation for `forward`, uniform in [-1, 1): [batch, frames, size], on the module's device."""
        device = generator.device if generator is not None else self.weights.device
        white = torch.rand(batch, frames, self.size, generator=generator, device=device)
        return (2.0 * white - 1.0).to(self.weights.device)

    def forward(self, noise: Tensor, excitation: Tensor | None = None) -> Tensor:
        """Render whole frames from silence; fresh noise from PyTorch's global generator unless given.

        Shape:
            - noise: [batch, frames, bands], linear magnitudes; excitation: [batch, frames, size].
            - output: [batch, samples], samples = frame_start(frames).
        """
        batch, frames, _ = noise.shape
        if excitation is None:
            excitation = 2.0 * torch.rand(batch, frames, self.size, device=noise.device) - 1.0
        gains = torch.matmul(noise.to(torch.float32), self.weights)
        segments = torch.fft.irfft(torch.fft.rfft(excitation) * gains, n=self.size)
        starts = frame_starts(frames, self.sample_rate, noise.device)
        if self.sample_rate % 250 == 0:
            length = self.longest
            angle = (torch.arange(length, device=noise.device) + 0.5) * (0.5 * math.pi / length)
            rising = segments[:, :, :length] * torch.sin(angle)
            falling = segments[:, :-1, length : 2 * length] * torch.cos(angle)
            return (rising + nn.functional.pad(falling, [0, 0, 1, 0])).reshape(batch, frames * length)
        lengths = starts[1:] - starts[:-1]
        frame = torch.repeat_interleave(torch.arange(frames, device=noise.device), lengths)  # of each sample
        offset = torch.arange(frame.shape[0], device=noise.device) - starts[frame]
        angle = (offset + 0.5) * (0.5 * math.pi) / lengths[frame]
        flat = segments.reshape(batch, frames * self.size)
        out = flat[:, frame * self.size + offset] * torch.sin(angle)
        before = (frame - 1).clamp(min=0)
        falling = flat[:, before * self.size + lengths[before] + offset] * torch.cos(angle)
        return out + falling * (frame > 0)
