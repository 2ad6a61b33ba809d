"""An instrument while it learns: the network, its synthesizer, and a room for every place it was recorded in."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ddsp_rt.architecture import Architecture
from ddsp_rt.network.instrument_model import InstrumentModel
from ddsp_rt.synthesis.filtered_noise import FilteredNoise
from ddsp_rt.synthesis.harmonic_oscillators import HarmonicOscillators
from ddsp_rt.training.rooms import Rooms


class TrainingModel(nn.Module):
    """Features in, audio out, with a gradient where it is scored.

    Args:
        architecture: of the network; its reverb length is ignored.
        model_rate: Hz.
        rooms: None for a dry instrument.
    """

    def __init__(self, architecture: Architecture, model_rate: int, rooms: Rooms | None):
        super().__init__()
        spec = architecture.decoder
        self.network = InstrumentModel(Architecture(spec, architecture.encoder, 0))
        self.rooms = rooms
        self.oscillators = HarmonicOscillators(model_rate, model_rate, spec.harmonics)
        self.noise = FilteredNoise(model_rate, model_rate, spec.noise_bands)
        self.length = model_rate // 250  # samples per frame

    def forward(self, batch: dict[str, Tensor], excitation: Tensor, preroll: int) -> Tensor:
        """Render crops; their first `preroll` frames only fill the network's state and the room.

        `batch` is what `Crops.batch` gives; with `detune` [batch], the network hears f0 off by as many octaves, while it
        sounds as recorded. excitation: [batch, preroll + scored, noise.size].
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
        f0, periodicity, loudness = (batch[name][:, part] for name in ("f0", "periodicity", "loudness"))
        if "detune" in batch:
            f0 = f0 * batch["detune"].exp2().unsqueeze(-1)
        amplitude, harmonics, noise, decoder_state = self.network.decoder(f0, periodicity, loudness, z, decoder_state)
        return (amplitude, harmonics, noise), (decoder_state, encoder_state)

    def _dry(self, f0: Tensor, controls: tuple[Tensor, Tensor, Tensor], excitation: Tensor) -> Tensor:
        amplitude, harmonics, noise = controls
        return self.oscillators(f0, amplitude, harmonics) + self.noise(noise, excitation)
