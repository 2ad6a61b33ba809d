"""Controls of two models as one sound: each harmonic and each band of noise on its way from one to the other."""

from typing import NamedTuple

import torch
from torch import Tensor, nn

from .breath import a_curve
from .filtered_noise import band_gains, good_size
from .frame_clock import max_frame_length
from .harmonic_oscillators import nyquist_fade

STEP = 25.0  # Hz between the weights of harmonics
NOTHING = 1e-4  # of the whole, an amplitude: as good as missing


class ControlFormat(NamedTuple):
    """What a model's controls are given in: its rate in Hz, and how many harmonics and bands."""

    model_rate: int
    harmonics: int
    bands: int


class ControlBlend(nn.Module):
    """Both models' controls are first read as what they sound like: the amplitude of each harmonic, by its number, and
    the gain of each bin of the host's noise. Each level moves evenly in dB, what is missing counting as 80 dB under
    the model's whole; then harmonics, noise and the whole are brought to the A-weighted level that lies as far between
    both models'. The twin of the engine's.

    Args:
        sample_rate: of the audio, Hz.
        first, second: formats of the controls.
    """

    def __init__(self, sample_rate: int, first: ControlFormat, second: ControlFormat):
        super().__init__()
        self.highest = 0.5 * sample_rate
        self.formats = (first, second)
        self.harmonics = max(first.harmonics, second.harmonics)
        size = good_size(2 * max_frame_length(sample_rate))
        for name, one in (("first", first), ("second", second)):
            gains = band_gains(sample_rate, one.model_rate, one.bands, size)[:, 1:]
            self.register_buffer(f"{name}_gains", gains, persistent=False)
        scale = a_curve(torch.tensor(1000.0, dtype=torch.float64))
        place = STEP * torch.arange(int(self.highest / STEP) + 2, dtype=torch.float64)
        bin_hertz = sample_rate / size * torch.arange(1, size // 2 + 1, dtype=torch.float64)
        # Of an amplitude of 1, half its square; of a gain of 1, the mean square of uniform samples, shared by all bins.
        self.register_buffer("harmonic_weights", (0.5 * a_curve(place) / scale).float(), persistent=False)
        self.register_buffer(
            "noise_weights", (2.0 / (3.0 * size) * a_curve(bin_hertz) / scale).float(), persistent=False
        )

    def forward(
        self, f0: Tensor, first: tuple[Tensor, Tensor, Tensor], second: tuple[Tensor, Tensor, Tensor], share: float
    ) -> tuple[Tensor, Tensor]:
        """What lies `share` of the way, between 0 and 1, from the first to the second.

        Shape:
            - f0: [batch, frames], Hz
            - first, second: amplitude [batch, frames], harmonics [batch, frames, harmonics], positive, any scale, and
              noise [batch, frames, bands], linear, each in its format
            - returns [batch, frames, harmonics], amplitudes of the longer of both, and [batch, frames, bins], gains of
              the noise's bins from the first to the host's Nyquist
        """
        tones = [self.amplitudes(f0, *c[:2], one.model_rate) for c, one in zip((first, second), self.formats)]
        hisses = [torch.matmul(first[2], self.first_gains), torch.matmul(second[2], self.second_gains)]
        tone_powers = [self.harmonic_power(f0, tone) for tone in tones]
        hiss_powers = [self.noise_power(hiss) for hiss in hisses]
        wholes = [tone + hiss for tone, hiss in zip(tone_powers, hiss_powers)]
        wholes[0] = torch.maximum(wholes[0], NOTHING**2 * wholes[1])
        wholes[1] = torch.maximum(wholes[1], NOTHING**2 * wholes[0])

        def between(a: Tensor, b: Tensor) -> Tensor:
            return a * torch.exp2(share * torch.log2(b / a))

        def parts(levels: list[Tensor], powers: list[Tensor], power) -> tuple[Tensor, Tensor, Tensor]:
            floors = [NOTHING * whole.sqrt().unsqueeze(-1) for whole in wholes]
            mixed = between(*(torch.maximum(level, floor) for level, floor in zip(levels, floors)))
            mixed = torch.where((levels[0] > 0) | (levels[1] > 0), mixed, 0.0)
            wanted = between(*(torch.maximum(p, NOTHING**2 * whole) for p, whole in zip(powers, wholes)))
            return mixed, wanted, power(mixed)

        tone, tone_wanted, tone_power = parts(tones, tone_powers, lambda levels: self.harmonic_power(f0, levels))
        hiss, hiss_wanted, hiss_power = parts(hisses, hiss_powers, self.noise_power)
        whole = between(*wholes) / (tone_wanted + hiss_wanted)
        return (
            tone * (tone_wanted * whole / tone_power).sqrt().unsqueeze(-1),
            hiss * (hiss_wanted * whole / hiss_power).sqrt().unsqueeze(-1),
        )

    def amplitudes(self, f0: Tensor, amplitude: Tensor, harmonics: Tensor, model_rate: int) -> Tensor:
        """What a model asks of each oscillator, before the host's Nyquist: [batch, frames, harmonics of the longer]."""
        number = torch.arange(1, harmonics.shape[-1] + 1, device=f0.device)
        kept = harmonics * nyquist_fade(f0.unsqueeze(-1) * number, 0.5 * model_rate)
        kept = kept * (amplitude.unsqueeze(-1) / kept.sum(-1, keepdim=True).clamp(min=1e-7))
        return nn.functional.pad(kept, (0, self.harmonics - harmonics.shape[-1]))

    def harmonic_power(self, f0: Tensor, amplitudes: Tensor) -> Tensor:
        """A-weighted, of the harmonics below the host's Nyquist: [batch, frames]."""
        number = torch.arange(1, self.harmonics + 1, device=f0.device)
        hertz = f0.unsqueeze(-1) * number
        at = (hertz / STEP).clamp(max=len(self.harmonic_weights) - 1.001)
        below = at.long()
        low, high = self.harmonic_weights[below], self.harmonic_weights[below + 1]
        weight = (low + (at - below) * (high - low)) * (hertz < self.highest)
        return (weight * amplitudes.square()).sum(-1)

    def noise_power(self, gains: Tensor) -> Tensor:
        """A-weighted: [batch, frames]."""
        return (self.noise_weights * gains.square()).sum(-1)
