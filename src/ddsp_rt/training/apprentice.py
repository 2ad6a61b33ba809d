"""An instrument while it learns: the network, its synthesizer, and a room for every place it was recorded in."""

from __future__ import annotations

import math
from typing import Optional

import torch
from torch import Tensor, nn

from ddsp_rt.architecture import Architecture
from ddsp_rt.network.instrument_model import InstrumentModel
from ddsp_rt.synthesis.filtered_noise import FilteredNoise, good_size
from ddsp_rt.synthesis.harmonic_oscillators import HarmonicOscillators

FIRST_TAP = 1e-3  # standard deviation of an untrained impulse response before it decays


class Rooms(nn.Module):
    """One impulse response per room, each a decaying envelope times free taps.

    The envelope falls by 60 dB in the room's reverberation time, so a late tap can only learn what decays; a penalty
    on the free taps (`penalty`) is then a prior that says the response decays at that rate.

    Args:
        names: of the rooms.
        length: samples at the model rate.
        times: reverberation time of each room, in samples.
    """

    def __init__(self, names: list[str], length: int, times: list[float]):
        super().__init__()
        self.names = list(names)
        generator = torch.Generator().manual_seed(len(names))
        self.taps = nn.Parameter(FIRST_TAP * torch.randn(len(names), length, generator=generator))
        time = torch.arange(length).unsqueeze(0) / torch.tensor(times, dtype=torch.float32).unsqueeze(1)
        self.register_buffer("envelope", torch.exp(-math.log(1e3) * time))

    def responses(self) -> Tensor:
        """[rooms, length]; the first tap is masked, as in `Reverb`."""
        return nn.functional.pad((self.taps * self.envelope)[:, 1:], [1, 0])

    def forward(self, audio: Tensor, room: Tensor, preroll: int) -> Tensor:
        """Play each of a batch in its room: [batch, samples] -> [batch, samples - preroll], the first samples dropped.

        What a circular convolution wraps around falls into the dropped samples, so the transform can be short.
        """
        responses = self.responses()
        samples = audio.shape[-1]
        size = good_size(samples + max(0, responses.shape[-1] - 1 - preroll))
        spectrum = torch.fft.rfft(audio, n=size) * torch.fft.rfft(responses, n=size)[room]
        return audio[:, preroll:] + torch.fft.irfft(spectrum, n=size)[:, preroll:samples]

    def penalty(self) -> Tensor:
        """Mean over rooms of the free taps' mean square relative to a response as loud as the dry sound."""
        loudest = 1.0 / self.envelope.square().sum(-1)
        return (self.taps.square().mean(-1) / loudest).mean()


class Apprentice(nn.Module):
    """Features in, audio out, with a gradient where it is scored.

    Args:
        architecture: of the network; its reverb length is ignored.
        model_rate: Hz.
        rooms: None for a dry instrument.
    """

    def __init__(self, architecture: Architecture, model_rate: int, rooms: Optional[Rooms]):
        super().__init__()
        spec = architecture.decoder
        self.network = InstrumentModel(Architecture(spec, architecture.encoder, 0))
        self.rooms = rooms
        self.oscillators = HarmonicOscillators(model_rate, model_rate, spec.harmonics)
        self.noise = FilteredNoise(model_rate, model_rate, spec.noise_bands)
        self.length = model_rate // 250  # samples per frame

    def forward(self, batch: dict[str, Tensor], excitation: Tensor, preroll: int) -> Tensor:
        """Render crops; their first `preroll` frames only fill the network's state and the room.

        `batch` is what `Crops.batch` gives; excitation: [batch, preroll + scored, noise.size].
        Returns [batch, scored * samples per frame].
        """
        with torch.no_grad():
            before, states = self._controls(batch, slice(None, preroll), (None, None))
            head = self._dry(batch["f0"][:, :preroll], before, excitation[:, :preroll])
        after, _ = self._controls(batch, slice(preroll, None), states)
        # The last frame of the pre-roll is played again, so that amplitudes ramp from it.
        joined = tuple(torch.cat([early[:, -1:], late], dim=1) for early, late in zip(before, after))
        tail = self._dry(batch["f0"][:, preroll - 1 :], joined, excitation[:, preroll - 1 :])
        audio = torch.cat([head, tail[:, self.length :]], dim=1)
        if self.rooms is not None:
            return self.rooms(audio, batch["room"], preroll * self.length)
        return audio[:, preroll * self.length :]

    def _controls(self, batch: dict[str, Tensor], part: slice, states):
        """(amplitude, harmonics, noise) of some frames, and the states of decoder and encoder after them."""
        decoder_state, encoder_state = states
        z = None
        if self.network.encoder is not None:
            z, encoder_state = self.network.encoder.step(batch["mfcc"][:, part], encoder_state)
        features = (batch[name][:, part] for name in ("f0", "periodicity", "loudness"))
        amplitude, harmonics, noise, decoder_state = self.network.decoder(*features, z, decoder_state)
        return (amplitude, harmonics, noise), (decoder_state, encoder_state)

    def _dry(self, f0: Tensor, controls: tuple[Tensor, Tensor, Tensor], excitation: Tensor) -> Tensor:
        amplitude, harmonics, noise = controls
        return self.oscillators(f0, amplitude, harmonics) + self.noise(noise, excitation)
