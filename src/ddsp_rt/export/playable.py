"""An instrument as one module that plays by itself: what `torch.jit.load` gives back."""

import torch
from torch import Tensor, nn

from ddsp_rt.export.voice import Voice


class Playable(nn.Module):
    """An instrument at one rate, with all its state. Scripted and saved, it needs nothing but PyTorch.

    `parameters` are set by methods that `script` adds: `set_NAME(value) -> 0`, `get_NAME() -> [value]`. A set of the
    engine's, by the same names, in the same units and ranges; what changes is smoothed.

    Args:
        voice: what sounds; table: the parameters, as the engine describes them.
    """

    def __init__(self, voice: Voice, table: list[dict]) -> None:
        super().__init__()
        self.voice = voice
        self.sample_rate = voice.rate
        self.transpose = self.fine_tune = self.gate = self.brightness = 0.0
        self.harmonic_gain = self.noise_gain = self.output_gain = 0.0
        self.reverb = 1.0
        for row in table:
            setattr(self, row["name"], float(row["initial"]))

    def forward(self, f0: Tensor, periodicity: Tensor, loudness: Tensor, mfcc: Tensor | None = None) -> Tensor:
        """Play whole frames; each call goes on where the last one ended.

        Shape:
            - f0: Hz, periodicity: 0 to 1, loudness: dB, each [batch, frames] or [frames]; 250 frames a second
            - mfcc: [batch, frames, 30] or [frames, 30], for an instrument with z; without it the mean z is played
            - returns [batch, samples] or [samples], from the first frame's first sample to the last one's last
        """
        alone = f0.dim() == 1
        if alone:
            f0, periodicity, loudness = f0.unsqueeze(0), periodicity.unsqueeze(0), loudness.unsqueeze(0)
            if mfcc is not None:
                mfcc = mfcc.unsqueeze(0)
        f0 = f0.nan_to_num(220.0) * 2.0 ** ((self.transpose + self.fine_tune / 100.0) / 12.0)
        loudness = loudness.nan_to_num(-100.0, 20.0, -100.0)
        wanted = [gain(self.harmonic_gain), gain(self.noise_gain), self.brightness, self.reverb, gain(self.output_gain)]
        audio = self.voice(f0, periodicity.nan_to_num(0.0), loudness, mfcc, wanted, self.gate)
        return audio[0] if alone else audio

    @torch.jit.export
    def reset(self) -> None:
        """Back to silence; parameters stay."""
        self.voice.start(1)


def gain(decibels: float) -> float:
    """Linear; the lowest level mutes."""
    return 0.0 if decibels <= -60.0 else 10.0 ** (decibels / 20.0)
