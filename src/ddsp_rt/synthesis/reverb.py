"""A learned room: convolution with a trainable impulse response, added to the dry sound."""

import torch
from torch import Tensor, nn

from .filtered_noise import good_size


class Reverb(nn.Module):
    """wet = dry + gain * (response convolved with dry), the response's first tap held at zero.

    Args:
        length: of the impulse response, samples at the model rate. It starts at zero, which leaves the sound dry.
    """

    def __init__(self, length: int):
        super().__init__()
        self.length = int(length)
        self.impulse_response = nn.Parameter(torch.zeros(self.length))

    def forward(self, audio: Tensor, gain: float = 1.0, impulse_response: Tensor | None = None) -> Tensor:
        """Another response of any length may be given, one for all or one for each of the batch.

        Shape:
            - audio: [batch, samples]; impulse_response: [taps] or [batch, taps]
            - output: [batch, samples], no delay, the tail beyond the end cut off.
        """
        response = self.impulse_response if impulse_response is None else impulse_response
        samples = audio.shape[-1]
        response = response[..., : max(samples, 1)].to(torch.float32)
        masked = nn.functional.pad(response[..., 1:], [1, 0])
        size = good_size(samples + masked.shape[-1] - 1)
        spectrum = torch.fft.rfft(audio.to(torch.float32), n=size) * torch.fft.rfft(masked, n=size)
        return audio + gain * torch.fft.irfft(spectrum, n=size)[..., :samples]
