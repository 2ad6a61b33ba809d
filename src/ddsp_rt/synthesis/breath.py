"""Unvoiced sound plays as noise: what fades of the harmonics is given to the noise."""

import math

import torch
from torch import Tensor, nn

from .harmonic_oscillators import smooth_step


def a_curve(hertz: Tensor) -> Tensor:
    """Squared magnitude of the A curve (IEC 61672-1), not normalised."""
    square = (hertz / 1000.0).square()
    upper = square + 148.6989
    lower = (square + 4.243187e-4).square() * (square + 1.158909e-2) * (square + 0.5444407)
    return square.square().square() / (lower * upper.square())


class Breath(nn.Module):
    """Bends the controls that the network gave, as the engine's voice does.

    Harmonics are whole at a periodicity of 0.5 and gone at 0.35. A single frame in which the tracker loses a note
    changes nothing; from then on they fade by a third a frame at the fastest. Of a consonant, which its balance
    tells (from -6 dB up, wholly at -2), they are gone at once. They come back at once. The noise takes over their
    A-weighted power, and the source's balance about 3.5 kHz where its bands lie no wider apart. Voiced frames are left
    untouched.

    Args:
        model_rate: the rate the model was trained at, Hz.
        harmonics: how many; bands: magnitudes of noise per frame.
    """

    def __init__(self, model_rate: int, harmonics: int, bands: int):
        super().__init__()
        self.nyquist = 0.5 * model_rate
        self.voiced, self.unvoiced = 0.5, 0.35  # periodicity from which up, and down, all is tone, and none
        self.fall = 1.0 / 3.0  # a frame, at the fastest
        self.whole = 1.0 + self.fall  # a voiced frame: one more goes by before the fall is heard
        self.nearly = 0.48  # periodicity: more has what nearly is a tone, or one beyond the range
        self.dull, self.hissing = -6.0, -2.0  # dB of balance: of tones nearly all, and of consonants
        self.scale = a_curve(torch.tensor(1000.0, dtype=torch.float64)).item()
        hertz = torch.linspace(0.0, self.nyquist, bands, dtype=torch.float64)
        share = torch.full([bands], 1.0 / (bands - 1), dtype=torch.float64)
        share[0] *= 0.5
        share[-1] *= 0.5
        white = 1.0 / 3.0  # mean square of the noise generator's samples
        weights = white * share * a_curve(hertz) / self.scale
        width = self.nyquist / (bands - 1)
        self.balances = width <= 3500.0  # wider apart they cannot carry a balance
        low, high = hertz - 0.5 * width, (hertz + 0.5 * width).clamp(max=self.nyquist)

        def within(start: float, stop: float) -> Tensor:
            return (high.clamp(max=stop) - low.clamp(min=start)).clamp(min=0.0) / self.nyquist

        up = 1.0 / (1.0 + (3500.0 / hertz).pow(12))  # from one side of the edge to the other
        self.farthest = 40.0  # dB that the noise is tilted by
        self.least_moved = 0.25  # dB of balance for one of tilt, for what is hardly tilted at all
        self.steps = 4  # of Newton's method: within 0.1 dB
        self.register_buffer("weights", weights.to(torch.float32), persistent=False)
        self.register_buffer("below", within(60.0, 3500.0).to(torch.float32), persistent=False)
        self.register_buffer("above", within(3500.0, 7000.0).to(torch.float32), persistent=False)
        self.register_buffer("tilt", (2.0 * up - 1.0).to(torch.float32), persistent=False)
        self.register_buffer("number", torch.arange(1.0, harmonics + 1.0), persistent=False)

    def forward(
        self, f0: Tensor, periodicity: Tensor, balance: Tensor, amplitude: Tensor, harmonics: Tensor, noise: Tensor,
        state: Tensor | None = None, gain: Tensor | None = None,
    ) -> tuple[Tensor, Tensor, Tensor]:  # fmt: skip
        """Amplitude and noise as they are played.

        Shape:
            - f0: [batch, frames], Hz; periodicity, amplitude: [batch, frames]; balance: [batch, frames], dB;
              harmonics: [batch, frames, harmonics], positive, any scale; noise: [batch, frames, bands]
            - state: [batch], how voiced the last frame was, as the last call returned it; None starts from silence
            - gain: [frames], linear, of the noise of what is unvoiced; None leaves it
            - returns amplitude, noise and the state
        """
        if state is None:
            state = torch.zeros_like(periodicity[:, 0])
        above = ((periodicity - self.unvoiced) / (self.voiced - self.unvoiced)).clamp(min=0.0)
        now = above.masked_fill(periodicity >= self.voiced, self.whole).to(torch.float64)
        # voiced[t] = max(now[t], voiced[t - 1] - fall), for all t at once
        fallen = self.fall * torch.arange(1, now.shape[1] + 1, device=now.device, dtype=torch.float64)
        before = torch.maximum(now + fallen, state.to(torch.float64).unsqueeze(1))
        voiced = (before.cummax(1)[0] - fallen).clamp(min=0.0).to(amplitude.dtype)
        hiss = ((self.hissing - balance) / (self.hissing - self.dull)).clamp(0.0, 1.0)
        tone = smooth_step(torch.where(periodicity < self.nearly, torch.minimum(voiced, hiss), voiced).clamp(max=1.0))

        taken = (1.0 - tone.square()) * self.harmonic_power(f0, amplitude, harmonics)
        whole = torch.matmul(noise.square(), self.weights) + 1e-20 + taken
        balanced = noise * self.balance(1.0 - tone, balance, noise) if self.balances else noise
        louder = (whole / (torch.matmul(balanced.square(), self.weights) + 1e-20)).sqrt()
        if gain is not None:
            louder = louder * (tone + (1.0 - tone) * gain)
        return amplitude * tone, balanced * louder.unsqueeze(-1), voiced[:, -1]

    def balance(self, share: Tensor, wanted: Tensor, noise: Tensor) -> Tensor:
        """Gains [batch, frames, bands] that move the noise `share` of the way to a balance of `wanted` dB.

        A tilt by so many decibels moves the balance by fewer, since what lies near the edge is hardly tilted: the right
        one is found by Newton's method.
        """
        power, shift = noise.detach().square(), torch.zeros_like(wanted)
        for _ in range(self.steps):
            tilted = power * self.tilted(shift).square()
            above, below = torch.matmul(tilted, self.above) + 1e-20, torch.matmul(tilted, self.below) + 1e-20
            up, down = torch.matmul(tilted, self.above * self.tilt), torch.matmul(tilted, self.below * self.tilt)
            moves = (0.5 * (up / above - down / below)).clamp(min=self.least_moved)
            missing = wanted - 10.0 * (above / below).log10()
            shift = (shift + missing / moves).clamp(-self.farthest, self.farthest)
        return self.tilted(share * shift)

    def tilted(self, shift: Tensor) -> Tensor:
        """Gains [..., bands] of magnitudes of noise that is tilted by `shift` [...] dB: half of it up, half down."""
        return torch.exp((shift / 40.0 * math.log(10.0)).unsqueeze(-1) * self.tilt)

    def harmonic_power(self, f0: Tensor, amplitude: Tensor, harmonics: Tensor) -> Tensor:
        """A-weighted, of the harmonics below the model's Nyquist: [batch, frames]."""
        hertz = f0.unsqueeze(-1) * self.number
        share = harmonics * (hertz < self.nyquist)
        weighted = (share.square() * a_curve(hertz) / self.scale).sum(-1)
        return 0.5 * amplitude.square() * weighted / (share.sum(-1) + 1e-7).square()
