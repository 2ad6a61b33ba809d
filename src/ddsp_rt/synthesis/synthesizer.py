"""Harmonic oscillators plus filtered noise, through the reverb if there is one."""

from typing import NamedTuple

from torch import Tensor, nn

from .filtered_noise import FilteredNoise, NoiseState
from .harmonic_oscillators import HarmonicOscillators, OscillatorState
from .reverb import Reverb


class SynthesizerState(NamedTuple):
    """What sounds on from the last frame; `room` is that of `Reverb`, None where there is none."""

    oscillators: OscillatorState
    noise: NoiseState
    room: Tensor | None


class Synthesizer(nn.Module):
    """Controls in, audio out, in one go or frame by frame: any cutting gives the same sound.

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
        self,
        f0: Tensor,
        amplitude: Tensor,
        harmonics: Tensor,
        noise: Tensor,
        excitation: Tensor | None = None,
        state: SynthesizerState | None = None,
    ) -> tuple[Tensor, SynthesizerState]:
        """Render whole frames.

        Shape:
            - f0: [batch, frames], Hz; amplitude: [batch, frames]; harmonics: [batch, frames, harmonics];
              noise: [batch, frames, bands]
            - excitation: [batch, frames, filtered_noise.size], in [-1, 1), in place of the engine's white noise
            - state: what the last call returned; None starts from silence
            - returns [batch, samples] from the frames' first to their last sample, and the state
        """
        if state is None:
            state = SynthesizerState(
                self.harmonic_oscillators.start(f0, amplitude), self.filtered_noise.start(f0.shape[0]), None
            )
        tone, oscillators = self.harmonic_oscillators(f0, amplitude, harmonics, state.oscillators)
        hiss, noises = self.filtered_noise(noise, excitation, state.noise)
        audio, room = tone + hiss, state.room
        if self.reverb is not None:
            audio, room = self.reverb(audio, state=room)
        return audio, SynthesizerState(oscillators, noises, room)
