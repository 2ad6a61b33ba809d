"""The room as it streams from a script: long impulse responses in partitions, without delay."""

import torch
from torch import Tensor, nn

from ddsp_rt.synthesis.filtered_noise import good_size

PARTITION = 2048  # taps


class StreamingRoom(nn.Module):
    """Convolution with a response: the wet sound alone, block by block.

    The first partition of the response is applied as the samples come, without delay. The others answer a partition of
    the input once it is complete, for the partition of output after it (uniformly partitioned overlap-save; Gardner,
    "Efficient convolution without input-output delay", 1995).

    Args:
        response: [taps], at the rate of the audio.
    """

    history: Tensor  # [batch, 2 partitions], the newest dry samples
    answered: Tensor  # [batch, partition], what the later partitions give for the one being filled
    spectra: Tensor  # complex [batch, partitions, partition + 1], of the input, the newest first
    filled: int  # samples of the partition that came

    def __init__(self, response: Tensor) -> None:
        super().__init__()
        self.partition = PARTITION
        self.register_buffer("head", response[:PARTITION].clone())
        late = response[PARTITION:]
        count = -(-late.shape[0] // PARTITION)
        late = nn.functional.pad(late, [0, count * PARTITION - late.shape[0]]).reshape(count, PARTITION)
        if count:
            self.register_buffer("late", torch.fft.rfft(late, n=2 * PARTITION))
        else:
            self.register_buffer("late", torch.zeros(0, PARTITION + 1, dtype=torch.complex64))
        self.history = torch.zeros(0, 0)
        self.answered = torch.zeros(0, 0)
        self.spectra = torch.zeros(0, 0, 0, dtype=torch.complex64)
        self.filled = 0

    @torch.jit.export
    def start(self, batch: int) -> None:
        """Forget the past."""
        self.history = torch.zeros(batch, 2 * self.partition)
        self.answered = torch.zeros(batch, self.partition)
        self.spectra = torch.zeros(batch, self.late.shape[0], self.partition + 1, dtype=torch.complex64)
        self.filled = 0

    def forward(self, audio: Tensor) -> Tensor:
        """[batch, samples] -> the wet sound [batch, samples]."""
        samples = audio.shape[1]
        heard = torch.cat([self.history, audio], dim=1)
        before = 2 * self.partition
        reach = self.head.shape[0] - 1
        size = good_size(samples + reach)
        spectrum = torch.fft.rfft(heard[:, before - reach :], n=size) * torch.fft.rfft(self.head, n=size)
        wet = torch.fft.irfft(spectrum, n=size)[:, reach : reach + samples]  # what wraps around lies before
        if self.late.shape[0] > 0:
            late = [torch.zeros(0)]
            late.clear()
            place = 0
            while place < samples:
                taken = min(samples - place, self.partition - self.filled)
                late.append(self.answered[:, self.filled : self.filled + taken])
                place += taken
                self.filled += taken
                if self.filled == self.partition:
                    newest = torch.fft.rfft(heard[:, place : place + before]).unsqueeze(1)
                    self.spectra = torch.cat([newest, self.spectra[:, :-1]], dim=1)
                    total = (self.spectra * self.late).sum(1)
                    self.answered = torch.fft.irfft(total, n=before)[:, self.partition :]
                    self.filled = 0
            wet = wet + torch.cat(late, dim=1)
        self.history = heard[:, samples:]
        return wet
