"""White noise shaped by 4 ms magnitude curves, in overlapping segments of equal power."""

import math
from typing import NamedTuple

import torch
from torch import Tensor, nn

from .frame_clock import frame_lengths, join_frames, max_frame_length
from .noise_generator import NoiseGenerator


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


class NoiseState(NamedTuple):
    """frame: the number of the next one; fading: [batch, longest frame], what sounds on from the last; generator: of
    `NoiseGenerator`."""

    frame: int
    fading: Tensor
    generator: Tensor


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
        self.generator = NoiseGenerator(self.size)

    @torch.jit.unused
    def draw(self, batch: int, frames: int, generator: torch.Generator | None = None) -> Tensor:
        """Excitation from PyTorch's generator: uniform in [-1, 1), [batch, frames, size], on the module's device."""
        device = generator.device if generator is not None else self.weights.device
        white = torch.rand(batch, frames, self.size, generator=generator, device=device)
        return (2.0 * white - 1.0).to(self.weights.device)

    @torch.jit.export
    def start(self, batch: int) -> NoiseState:
        """The state before the first frame: silence, and the generator's first sample."""
        fading = torch.zeros(batch, self.longest, device=self.weights.device)
        return NoiseState(0, fading, self.generator.start(batch))

    def forward(
        self, noise: Tensor, excitation: Tensor | None = None, state: NoiseState | None = None
    ) -> tuple[Tensor, NoiseState]:
        """Render whole frames.

        Shape:
            - noise: [batch, frames, bands], linear magnitudes; excitation: [batch, frames, size], in [-1, 1), in place
              of the generator's
            - state: what the last call returned; None starts from silence
            - returns [batch, samples] from the frames' first to their last sample, and the state
        """
        batch, frames, _ = noise.shape
        if state is None:
            state = self.start(batch)
        generator = state.generator
        if excitation is None:
            excitation, generator = self.generator(noise != 0.0, generator)
        gains = torch.matmul(noise.to(torch.float32), self.weights)
        segments = torch.fft.irfft(torch.fft.rfft(excitation) * gains, n=self.size)
        # A segment fades in over its own frame and out over the one that follows, which may be longer by a sample.
        lengths = frame_lengths(frames + 1, self.sample_rate, noise.device, state.frame)
        sample = torch.arange(self.longest, device=noise.device)
        angle = (sample + 0.5) * (0.5 * math.pi / lengths.unsqueeze(1))
        rising = segments[:, :, : self.longest] * torch.sin(angle[:-1])
        if self.sample_rate % 250 == 0:
            late = segments[:, :, self.longest : 2 * self.longest]
        else:
            after = lengths[:-1].unsqueeze(1) + sample
            late = segments.gather(2, after.unsqueeze(0).expand(batch, frames, self.longest))
        falling = torch.cat([state.fading.unsqueeze(1), late * torch.cos(angle[1:])], dim=1)
        audio = join_frames(rising + falling[:, :-1], self.sample_rate, state.frame)
        return audio, NoiseState(state.frame + frames, falling[:, -1], generator)
