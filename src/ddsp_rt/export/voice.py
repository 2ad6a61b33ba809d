"""One sounding line, with its state: features in, sound out. The engine's `Voice`, its parameters and its room."""

from typing import NamedTuple

import torch
from torch import Tensor, nn

from ddsp_rt.export.room import StreamingRoom
from ddsp_rt.network import InstrumentModel, Usual
from ddsp_rt.synthesis import Breath, Life, Synthesizer, SynthesizerState
from ddsp_rt.synthesis.frame_clock import frame_lengths, join_frames, max_frame_length

# Parameters as they sound, one column each; as in the engine's SmoothedParameters.
HARMONIC_GAIN, NOISE_GAIN, BRIGHTNESS, REVERB, OUTPUT_GAIN, BREATH, LIFE = range(7)


class Heard(NamedTuple):
    """Features, [batch, frames] each, in the engine's units; mfcc [batch, frames, 30]. What may be None is then what is
    usual at the loudness, or the mean z."""

    f0: Tensor
    periodicity: Tensor
    loudness: Tensor
    fast_loudness: Tensor | None
    balance: Tensor | None
    mfcc: Tensor | None


class Gate(nn.Module):
    """Turns a voice off below a loudness, softly; the engine's `Gate`.

    It opens at the threshold and closes 6 dB below it; the gain falls to 0 in five frames and is back at 1 in one.
    """

    open: Tensor  # bool [batch]
    steps: Tensor  # float [batch], of five

    def __init__(self) -> None:
        super().__init__()
        self.open = torch.zeros(0, dtype=torch.bool)
        self.steps = torch.zeros(0)

    @torch.jit.export
    def start(self, batch: int) -> None:
        self.open = torch.zeros(batch, dtype=torch.bool)
        self.steps = torch.zeros(batch)

    def forward(self, loudness: Tensor, threshold: float) -> Tensor:
        """Loudness [batch, frames], dB -> gain [batch, frames], 0 to 1."""
        gains = [torch.zeros(0)]
        gains.clear()
        sounds, loud, held = loudness > -100.0, loudness >= threshold, loudness >= threshold - 6.0
        opens, holds = sounds & loud, sounds & held
        for frame in range(loudness.shape[1]):
            self.open = opens[:, frame] | (self.open & holds[:, frame])
            self.steps = torch.where(self.open, 5.0, (self.steps - 1.0).clamp(min=0.0))
            gains.append(self.steps / 5.0)
        return torch.stack(gains, dim=1)


class Voice(nn.Module):
    """Features to sound at one rate: network, gate, synthesizer, room.

    Args:
        model: the instrument.
        rate: of the sound, Hz; model_rate: that of training.
        gate_db: loudness below which it is silent.
        response: [taps], the room at `rate`; empty for none.
        mean_z: [z_dims], that of training.
        usual: what is fed for the features that are not given; life: how its harmonics move, if they do.
    """

    synthesizer_state: SynthesizerState | None
    breath_state: Tensor | None
    life_state: tuple[Tensor, Tensor] | None
    decoder_state: Tensor  # [1, batch, width]
    encoder_state: Tensor
    now: list[float]  # parameters of the last frame

    def __init__(
        self,
        model: InstrumentModel,
        rate: int,
        model_rate: int,
        gate_db: float,
        response: Tensor,
        mean_z: Tensor,
        usual: Usual,
        life: Life | None,
    ) -> None:
        super().__init__()
        spec = model.decoder.spec
        self.rate, self.model_rate, self.gate_db = int(rate), int(model_rate), float(gate_db)
        self.longest = max_frame_length(rate)
        self.decoder = model.decoder
        self.encoder = model.encoder
        self.usual = usual
        self.breath = Breath(model_rate, spec.harmonics, spec.noise_bands)
        self.breath_state = None
        self.life = life
        self.life_state = None
        self.gate = Gate()
        self.synthesizer = Synthesizer(rate, model_rate, spec.harmonics, spec.noise_bands)
        self.room = StreamingRoom(response) if len(response) else None
        self.decoder_width = spec.gru
        self.encoder_width = model.encoder.spec.gru if model.encoder is not None else 0
        spacing = 0.5 * model_rate / (spec.noise_bands - 1)
        # Where the tilt of brightness finds each control, in octaves from 1 kHz; DC keeps its level.
        bands = torch.arange(spec.noise_bands, dtype=torch.float32) * spacing
        self.register_buffer("band_octaves", torch.log2(bands.clamp(min=1e-3) / 1000.0) * (bands > 0.0))
        self.register_buffer("mean_z", mean_z)
        self.register_buffer("number", torch.arange(1, spec.harmonics + 1, dtype=torch.float32))
        self.synthesizer_state = None
        self.decoder_state = torch.zeros(1, 0, spec.gru)
        self.encoder_state = torch.zeros(1, 0, max(self.encoder_width, 1))
        self.now = []
        self.frame = 0

    @torch.jit.export
    def start(self, batch: int) -> None:
        """Begin anew, from silence, with parameters at once where they are set."""
        self.synthesizer_state = None
        self.breath_state = None
        self.life_state = None
        self.decoder_state = torch.zeros(1, batch, self.decoder_width)
        self.encoder_state = torch.zeros(1, batch, self.encoder_width)
        self.gate.start(batch)
        if self.room is not None:
            self.room.start(batch)
        self.now.clear()
        self.frame = 0

    def forward(self, heard: Heard, wanted: list[float], gate: float, pace: float) -> Tensor:
        """Play whole frames.

        Shape:
            - pace: how much faster than `rate` the sound is played back, which its pitch allows for
            - wanted: the parameters, in the order above; gate: dB above the instrument's threshold
            - returns [batch, samples]
        """
        f0, periodicity, loudness, fast_loudness, balance, mfcc = heard
        batch, frames = f0.shape
        if self.decoder_state.shape[1] != batch:
            self.start(batch)
        z: Tensor | None = None
        if self.encoder is not None:
            if mfcc is None:
                z = self.mean_z.expand(batch, frames, self.mean_z.shape[0])
            else:
                z, self.encoder_state = self.encoder.step(mfcc, self.encoder_state)
        if fast_loudness is None or balance is None:
            fast_loudness, balance = self.usual(loudness)
        amplitude, harmonics, noise, self.decoder_state = self.decoder(
            f0, periodicity, loudness, z, self.decoder_state, fast_loudness, balance
        )
        path = self.moved(wanted, frames)  # [frames + 1, parameters]
        amplitude, noise, self.breath_state = self.breath(
            f0, periodicity, balance, amplitude, harmonics, noise, self.breath_state, path[1:, 5]
        )
        if self.life is not None:
            amplitude, harmonics, self.life_state = self.life(f0, wanted[6], amplitude, harmonics, self.life_state)
        level = self.gate(loudness, self.gate_db + gate)
        amplitude = amplitude * level * path[1:, 0]
        noise = noise * (level * path[1:, 1]).unsqueeze(-1)
        tilt = path[1:, 2].reshape(1, frames, 1)
        if bool((tilt != 0.0).any()):
            octaves = torch.log2(f0.clamp(min=1e-3).unsqueeze(-1) * self.number / 1000.0)
            harmonics = harmonics * torch.pow(10.0, tilt * octaves / 20.0)
            noise = noise * torch.pow(10.0, tilt * self.band_octaves / 20.0)
        audio, self.synthesizer_state = self.synthesizer(
            f0 / pace, amplitude, harmonics, noise, None, self.synthesizer_state
        )
        if self.room is not None:
            audio = audio + self.ramp(path[:, 3]) * self.room(audio)
        audio = audio * self.ramp(path[:, 4])
        self.frame += frames
        return audio

    def moved(self, wanted: list[float], frames: int) -> Tensor:
        """The parameters [frames + 1, parameters] from where they were; each frame goes a quarter of the way."""
        if len(self.now) == 0:
            self.now = wanted
        still = True
        for index in range(len(wanted)):
            still = still and wanted[index] == self.now[index]
        if still:
            return torch.tensor(wanted).unsqueeze(0).expand(frames + 1, len(wanted))
        rows = [self.now]
        for _ in range(frames):
            here: list[float] = []
            for index in range(len(wanted)):
                way = wanted[index] - self.now[index]
                here.append(wanted[index] if abs(way) < 1e-5 else self.now[index] + 0.25 * way)
            self.now = here
            rows.append(here)
        return torch.tensor(rows)

    def ramp(self, values: Tensor) -> Tensor:
        """[frames + 1], at the frames' edges -> [samples], straight between them."""
        frames = values.shape[0] - 1
        lengths = frame_lengths(frames, self.rate, values.device, self.frame).unsqueeze(1)
        share = torch.arange(1, self.longest + 1) / lengths
        rising = values[:-1].unsqueeze(1) + (values[1:] - values[:-1]).unsqueeze(1) * share
        return join_frames(rising.unsqueeze(0), self.rate, self.frame)
