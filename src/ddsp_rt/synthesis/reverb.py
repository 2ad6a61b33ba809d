"""A learned room: convolution with a trainable impulse response, added to the dry sound."""

import torch
from torch import Tensor, nn

from .filtered_noise import good_size


def wet_sound(audio: Tensor, response: Tensor, dropped: int = 0, which: Tensor | None = None) -> Tensor:
    """`audio` convolved with `response`, whose first tap counts as zero, without the first `dropped` samples.

    Shape:
        - audio: [batch, samples]; response: [taps], or [batch, taps], or with `which` [batch] one of [any, taps]
          for each
        - output: [batch, samples - dropped]; what lies beyond the end is cut off

    The convolution is circular: what it wraps around falls into the dropped samples, so the transform can be short.
    """
    samples = audio.shape[-1]
    response = nn.functional.pad(response[..., 1 : max(samples, 2)].to(torch.float32), [1, 0])
    size = good_size(samples + max(0, response.shape[-1] - 1 - dropped))
    spectrum = torch.fft.rfft(response, n=size)
    if which is not None:
        spectrum = spectrum[which]
    spectrum = torch.fft.rfft(audio.to(torch.float32), n=size) * spectrum
    return torch.fft.irfft(spectrum, n=size)[..., dropped:samples]


class Reverb(nn.Module):
    """wet = dry + gain * (response convolved with dry), the response's first tap held at zero.

    Args:
        length: of the impulse response, samples at the model rate. It starts at zero, which leaves the sound dry.
    """

    def __init__(self, length: int):
        super().__init__()
        self.length = int(length)
        self.impulse_response = nn.Parameter(torch.zeros(self.length))

    def forward(
        self, audio: Tensor, gain: float = 1.0, impulse_response: Tensor | None = None, state: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """Another response of any length may be given, one for all or one for each of the batch.

        Shape:
            - audio: [batch, samples]; impulse_response: [taps] or [batch, taps]
            - state: [batch, taps - 1], the dry sound before, as the last call returned it; None starts from silence
            - returns [batch, samples], no delay, and the state, in which the tail beyond the end lies
        """
        response = self.impulse_response if impulse_response is None else impulse_response
        if state is None:
            heard = audio
        else:
            heard = torch.cat([state, audio], dim=-1)
        before = heard.shape[-1] - audio.shape[-1]
        played = audio + gain * wet_sound(heard, response, before)
        kept = response.shape[-1] - 1
        missing = max(0, kept - heard.shape[-1])
        return played, nn.functional.pad(heard, [missing, 0])[..., heard.shape[-1] + missing - kept :].detach()
