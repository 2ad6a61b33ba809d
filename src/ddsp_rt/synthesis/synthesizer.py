"""Harmonic oscillators plus filtered noise, through the reverb if there is one."""

from torch import Tensor, nn

from .filtered_noise import FilteredNoise
from .harmonic_oscillators import HarmonicOscillators
from .reverb import Reverb


class Synthesizer(nn.Module):
    """Controls in, audio out.

    Args:
        sample_rate: of the audio, Hz.
        model_rate: the rate the model was trained at, Hz.
        harmonics: oscillators; bands: noise magnitudes per frame.
        reverb: at `sample_rate`, or None for dry sound.
    """

    def __init__(self, sample_rate: int, model_rate: int, harmonics: int, bands: int, reverb: Reverb | None = None):
        super().__init__()
        self.harmonic_oscillators = HarmonicOscillators(sample_rate, model_rate, harmonics)
        self.filtered_noise = FilteredNoise(sample_rate, model_rate, bands)
        self.reverb = reverb

    def forward(
        self, f0: Tensor, amplitude: Tensor, harmonics: Tensor, noise: Tensor, excitation: Tensor | None = None
    ) -> Tensor:
        """Render whole frames from silence.

        Shape:
            - f0: [batch, frames], Hz; amplitude: [batch, frames]; harmonics: [batch, frames, harmonics];
              noise: [batch, frames, bands]; excitation: [batch, frames, filtered_noise.size], in [-1, 1)
            - output: [batch, samples], samples = frame_start(frames)
        """
        audio = self.harmonic_oscillators(f0, amplitude, harmonics) + self.filtered_noise(noise, excitation)
        if self.reverb is not None:
            audio = self.reverb(audio)
        return audio
