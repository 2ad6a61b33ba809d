"""An instrument as one module that plays by itself: what `torch.jit.load` gives back."""

import torch
from torch import Tensor, nn

from ddsp_rt.export.analysis.analyser import Analyser
from ddsp_rt.export.voice import Heard, Voice
from ddsp_rt.synthesis.frame_clock import frame_start, join_frames

METHODS = {"transfer": [1, 1, 2, 1], "analyse": [1, 1, 3, 64]}  # for nn~: channels in, ratio, channels out, ratio


class Playable(nn.Module):
    """An instrument at one rate, with all its state. Scripted and saved, it needs nothing but PyTorch.

    Parameters are set by methods that `script` adds: `set_NAME(value) -> 0`, `get_NAME() -> [value]`. They are the
    engine's, by the same names, in the same units and ranges; what changes is smoothed.

    Args:
        voice: what sounds; analyser: what listens, at the same rate; table: the parameters, as the engine describes
        them.
    """

    gathered: Tensor  # samples since the frame began
    rest: Tensor  # [4, any], of the frame: its sound and what was heard, not given out yet

    def __init__(self, voice: Voice, analyser: Analyser, table: list[dict]) -> None:
        super().__init__()
        self.voice, self.analyser = voice, analyser
        self.sample_rate, self.longest = voice.rate, voice.longest
        self.pace = 1.0  # of the host, relative to sample_rate
        self.transpose = self.fine_tune = self.input_gain = self.gate = self.brightness = 0.0
        self.harmonic_gain = self.noise_gain = self.output_gain = 0.0
        self.breath, self.life, self.reverb = 0.0, 100.0, 1.0
        for row in table:
            setattr(self, row["name"], float(row["initial"]))
        self.names = [row["name"] for row in table]
        for name, shape in METHODS.items():
            self.register_buffer(f"{name}_params", torch.tensor(shape))
        self.gathered, self.rest = torch.zeros(0), torch.zeros(4, 0)
        self.frame, self.length, self.input_factor = 0, 0, -1.0

    def forward(
        self,
        f0: Tensor,
        periodicity: Tensor,
        loudness: Tensor,
        fast_loudness: Tensor | None = None,
        balance: Tensor | None = None,
        mfcc: Tensor | None = None,
    ) -> Tensor:
        """Play whole frames; each call goes on where the last one ended.

        Shape:
            - f0: Hz, periodicity: 0 to 1, loudness: dB, each [batch, frames] or [frames]; 250 frames a second
            - fast_loudness, balance: dB, likewise; what is usual at the loudness where one is not given
            - mfcc: [batch, frames, 30] or [frames, 30], for an instrument with z; without it the mean z is played
            - returns [batch, samples] or [samples], from the first frame's first sample to the last one's last
        """
        alone = f0.dim() == 1
        if alone:
            f0, periodicity, loudness = f0.unsqueeze(0), periodicity.unsqueeze(0), loudness.unsqueeze(0)
            if fast_loudness is not None and balance is not None:
                fast_loudness, balance = fast_loudness.unsqueeze(0), balance.unsqueeze(0)
            if mfcc is not None:
                mfcc = mfcc.unsqueeze(0)
        loudness = loudness.nan_to_num(-100.0, 20.0, -100.0)
        f0, periodicity = f0.nan_to_num(220.0), periodicity.nan_to_num(0.0)
        audio = self.play(Heard(f0, periodicity, loudness, fast_loudness, balance, mfcc), 1.0)
        return audio[0] if alone else audio

    @torch.jit.export
    def transfer(self, audio: Tensor) -> Tensor:
        """Play what is performed: [1, 1, samples] -> [1, 2, samples], the instrument and the pitch heard, Hz.

        Blocks of any size; nothing is delayed but by the analysis. NaN and infinities count as silence.
        """
        n = audio.shape[-1]
        heard, mfcc = self.hear(audio)
        if heard.shape[0] > 0:
            first = self.frame - heard.shape[0]
            columns = heard.t().unsqueeze(1)  # [5, 1, frames]
            features = Heard(columns[0], columns[1], columns[2], columns[3], columns[4], mfcc)
            sound = self.play(features, self.pace)
            self.keep(heard, sound, first)
        given, self.rest = self.rest[:2, :n], self.rest[:, n:]
        return given.unsqueeze(0)

    @torch.jit.export
    def analyse(self, audio: Tensor) -> Tensor:
        """What `transfer` hears, without its sound: [1, 1, samples] -> [1, 3, samples / 64], f0 in Hz, periodicity and
        loudness in dB."""
        n = audio.shape[-1]
        heard, _ = self.hear(audio)
        if heard.shape[0] > 0:
            first = self.frame - heard.shape[0]
            silence = torch.zeros(1, frame_start(self.frame, self.sample_rate) - frame_start(first, self.sample_rate))
            self.keep(heard, silence, first)
        given, self.rest = self.rest[1:, :n], self.rest[:, n:]
        return given[:, 63::64].unsqueeze(0)

    @torch.jit.export
    def reset(self) -> None:
        """Back to silence; parameters stay."""
        self.voice.start(1)
        self.analyser.start()
        self.gathered, self.rest = torch.zeros(0), torch.zeros(4, 0)
        self.frame, self.length, self.input_factor = 0, 0, -1.0

    @torch.jit.export
    def set_sample_rate(self, rate: int) -> int:
        """The rate a host plays `transfer` at, Hz: pitches stay right where it is not the one exported for."""
        self.pace = float(rate) / self.sample_rate if rate > 0 else 1.0
        return 0

    @torch.jit.export
    def get_methods(self) -> list[str]:
        return ["transfer", "analyse"]

    @torch.jit.export
    def get_attributes(self) -> list[str]:
        return self.names

    def play(self, heard: Heard, pace: float) -> Tensor:
        """The instrument [batch, samples] from features, with the parameters as they are set."""
        f0 = heard.f0 * 2.0 ** ((self.transpose + self.fine_tune / 100.0) / 12.0)
        shifted = Heard(f0, heard.periodicity, heard.loudness, heard.fast_loudness, heard.balance, heard.mfcc)
        tone, noise, output = gain(self.harmonic_gain), gain(self.noise_gain), gain(self.output_gain)
        wanted = [tone, noise, self.brightness, self.reverb, output, gain(self.breath), self.life / 100.0]
        return self.voice(shifted, wanted, self.gate, pace)

    def hear(self, audio: Tensor) -> tuple[Tensor, Tensor | None]:
        """Features [frames, 5] of the frames that begin within a block, and their MFCCs [1, frames, 30]."""
        if audio.numel() != audio.shape[-1]:
            raise ValueError("give one channel of audio, [1, 1, samples]")
        factor = 10.0 ** (self.input_gain / 20.0)
        before = factor if self.input_factor < 0.0 else self.input_factor
        self.input_factor = factor
        block = audio.reshape(-1)
        if before != factor:
            block = block * torch.linspace(before, factor, block.shape[0])
        elif factor != 1.0:
            block = block * factor
        samples = torch.cat([self.gathered, block])
        rows: list[list[float]] = []
        cepstra: list[Tensor] = []
        start = 0
        while start + self.length < samples.shape[0]:
            row, mfcc = self.analyser(samples[start : start + self.length])
            row[0] = row[0] * self.pace
            rows.append(row)
            if mfcc is not None:
                cepstra.append(mfcc)
            start += self.length
            self.length = frame_start(self.frame + 1, self.sample_rate) - frame_start(self.frame, self.sample_rate)
            self.frame += 1
        self.gathered = samples[start:]
        heard = torch.tensor(rows).reshape(-1, 5)
        return heard, torch.stack(cepstra).unsqueeze(0) if len(cepstra) > 0 else None

    def keep(self, heard: Tensor, sound: Tensor, first: int) -> None:
        """Put by the sound [1, samples] of frames from `first` on, and what was heard in each."""
        told = heard[:, :3].t().unsqueeze(2).expand(3, heard.shape[0], self.longest)
        told = join_frames(told, self.sample_rate, first)
        self.rest = torch.cat([self.rest, torch.cat([sound, told])], dim=1)


def gain(decibels: float) -> float:
    """Linear; the lowest level mutes."""
    return 0.0 if decibels <= -60.0 else 10.0 ** (decibels / 20.0)
