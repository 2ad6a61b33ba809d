"""An instrument while it learns: the network, its synthesizer, and a room for every place it was recorded in."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ddsp_rt.analysis import FRAME_RATE
from ddsp_rt.architecture import Architecture
from ddsp_rt.network.instrument_model import InstrumentModel
from ddsp_rt.synthesis.breath import Breath
from ddsp_rt.synthesis.synthesizer import Synthesizer
from ddsp_rt.training.crops import TRACKS
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
        self.breath = Breath(model_rate, spec.harmonics, spec.noise_bands)
        self.synthesizer = Synthesizer(model_rate, model_rate, spec.harmonics, spec.noise_bands)
        self.length = model_rate // FRAME_RATE  # samples per frame

    def forward(self, batch: dict[str, Tensor], excitation: Tensor, preroll: int) -> Tensor:
        """Render crops; their first `preroll` frames only fill the state of network, synthesizer and room.

        `batch` is what `Crops.batch` gives; with `detune` [batch], the network hears f0 off by as many octaves, and
        with `told_periodicity` [batch, frames] another periodicity, while it sounds as recorded.
        excitation: [batch, preroll + scored, synthesizer.filtered_noise.size].
        Returns [batch, scored * samples per frame].
        """
        return self.in_rooms(self.dry(batch, excitation, preroll), batch["room"], preroll)

    def dry(self, batch: dict[str, Tensor], excitation: Tensor, preroll: int) -> Tensor:
        """Crops as `forward` renders them, all of their frames, before they are in a room."""
        with torch.no_grad():
            before, states = self._dry(batch, excitation, slice(None, preroll), (None, None, None, None))
        audio, _ = self._dry(batch, excitation, slice(preroll, None), states)
        return torch.cat([before, audio], dim=1)

    def in_rooms(self, audio: Tensor, room: Tensor, preroll: int) -> Tensor:
        """What `dry` returns, each crop in its room, without their first `preroll` frames."""
        if self.rooms is None:
            return audio[:, preroll * self.length :]
        return self.rooms(audio, room, preroll * self.length)

    def controls(
        self, batch: dict[str, Tensor], part: slice, states: tuple = (None, None, None)
    ) -> tuple[tuple[Tensor, Tensor, Tensor, Tensor], tuple]:
        """f0, amplitude, harmonics and noise of some frames, and the states of encoder, decoder and breath after."""
        encoder, decoder, breath = states
        z = None
        if self.network.encoder is not None:
            z, encoder = self.network.encoder.step(batch["mfcc"][:, part], encoder)
        f0, periodicity, loudness, fast_loudness, balance = (batch[name][:, part] for name in TRACKS)
        told = f0 * batch["detune"].exp2().unsqueeze(-1) if "detune" in batch else f0
        told_periodicity = batch["told_periodicity"][:, part] if "told_periodicity" in batch else periodicity
        amplitude, harmonics, noise, decoder = self.network.decoder(
            told, told_periodicity, loudness, z, decoder, fast_loudness=fast_loudness, balance=balance
        )
        amplitude, noise, breath = self.breath(f0, periodicity, balance, amplitude, harmonics, noise, breath)
        return (f0, amplitude, harmonics, noise), (encoder, decoder, breath)

    def _dry(self, batch: dict[str, Tensor], excitation: Tensor, part: slice, states: tuple) -> tuple[Tensor, tuple]:
        """The dry sound of some frames, and the states of encoder, decoder, breath and synthesizer after them."""
        *before, synthesizer = states
        controls, before = self.controls(batch, part, tuple(before))
        audio, synthesizer = self.synthesizer(*controls, excitation[:, part], synthesizer)
        return audio, (*before, synthesizer)
