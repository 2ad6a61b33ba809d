"""The control network: features of the performance in, controls of the synthesizer out."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from ddsp_rt.architecture import DecoderSpec

# Numbers stand as literals where TorchScript, which sees no globals, compiles them.
LEAK = 0.01  # slope of the leaky ReLU below zero
NORM_EPSILON = 1e-5
QUIET_BIAS = -1.5  # of the untrained amplitude: about 0.04


def scale_output(x: Tensor) -> Tensor:
    """Map network outputs to positive controls: 2 sigmoid(x)^ln(10) + 1e-7 (Engel et al. 2020, section B.5)."""
    return 2.0 * torch.sigmoid(x) ** math.log(10.0) + 1e-7


def unscale_output(control: float) -> float:
    """The x that `scale_output` maps to `control`, which lies between 1e-7 and 2."""
    share = ((control - 1e-7) / 2.0) ** (1.0 / math.log(10.0))
    return math.log(share / (1.0 - share))


class Waves(nn.Module):
    """A feature as a network reads it: its value, then sin(π k turn) for each k, then cos(π k turn).

    What depends on pitch or level sharply is learnt sooner from these than from one number (Tancik et al. 2020,
    "Fourier features let networks learn high frequency functions in low dimensional domains").

    Shape:
        - value, turn: [...]
        - returns [..., 1 + 2 len(multiples)]
    """

    def __init__(self, multiples: Sequence[float]) -> None:
        super().__init__()
        self.register_buffer("multiples", torch.tensor(multiples, dtype=torch.float32), persistent=False)

    def forward(self, value: Tensor, turn: Tensor) -> Tensor:
        angle = math.pi * self.multiples * turn.unsqueeze(-1)
        return torch.cat([value.unsqueeze(-1), torch.sin(angle), torch.cos(angle)], dim=-1)


class DenseLayer(nn.Module):
    """Dense, layer norm, leaky ReLU: [..., inputs] -> [..., width]."""

    def __init__(self, inputs: int, width: int) -> None:
        super().__init__()
        self.dense = nn.Linear(inputs, width)
        self.norm = nn.LayerNorm(width, eps=NORM_EPSILON)
        self.activation = nn.LeakyReLU(LEAK)

    def forward(self, x: Tensor) -> Tensor:
        return self.activation(self.norm(self.dense(x)))


def dense_stack(inputs: int, width: int, layers: int) -> nn.Sequential:
    return nn.Sequential(*[DenseLayer(width if layer else inputs, width) for layer in range(layers)])


class Decoder(nn.Module):
    """Features to controls, one frame after the other.

    Each feature is read by dense layers of its own, where the spec says so as sines and cosines too; together they
    drive a GRU; its output and the features pass through dense layers to the controls (the decoder of Engel et al.,
    ICLR 2020, made smaller).

    `spec` is a `DecoderSpec` or the table of one.

    Shape:
        - f0: [batch, frames] Hz; periodicity: [batch, frames] 0..1; loudness: [batch, frames] dB
        - fast_loudness, balance: [batch, frames] dB, where the spec names them
        - z: [batch, frames, z_dims], where the spec names it
        - state: [1, batch, gru], what the last call returned; None starts from silence
        - returns amplitude [batch, frames], harmonics [batch, frames, harmonics] (not normalised),
          noise [batch, frames, noise_bands], state
    """

    __jit_ignored_attributes__ = ["spec"]

    def __init__(self, spec: DecoderSpec | dict[str, Any] | None = None) -> None:
        super().__init__()
        if isinstance(spec, dict):
            spec = DecoderSpec(**{**spec, "features": tuple(spec.get("features", DecoderSpec.features))})
        self.spec = spec = spec or DecoderSpec()
        self.harmonic_count = spec.harmonics
        self.noise_bands = spec.noise_bands
        self.waves = nn.ModuleList([Waves(spec.waves_of(name)) for name in spec.features])
        joined = spec.hidden * len(spec.features)
        self.inputs = nn.ModuleDict(
            {name: dense_stack(spec.feature_width(name), spec.hidden, spec.layers) for name in spec.features}
        )
        self.gru = nn.GRU(joined, spec.gru, batch_first=True)
        self.out = dense_stack(spec.gru + joined, spec.out_hidden, spec.out_layers)
        self.head = nn.Linear(spec.out_hidden, spec.outputs)
        self._start_quietly()

    @torch.no_grad()
    def _start_quietly(self) -> None:
        """Untrained, the instrument is a quiet tone whose harmonics fall as 1/h."""
        self.head.weight.mul_(0.1)
        self.head.bias.zero_()
        self.head.bias[0] = QUIET_BIAS
        for harmonic in range(1, self.harmonic_count + 1):
            self.head.bias[harmonic] = unscale_output(1.0 / harmonic)

    def forward(
        self,
        f0: Tensor,
        periodicity: Tensor,
        loudness: Tensor,
        z: Tensor | None = None,
        state: Tensor | None = None,
        fast_loudness: Tensor | None = None,
        balance: Tensor | None = None,
    ) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        read = []
        for (name, layers), waves in zip(self.inputs.items(), self.waves):
            if name == "f0":
                octaves = torch.log2(f0.clamp(min=1.0) / 440.0)
                feature = waves((69.0 + 12.0 * octaves) / 127.0, 0.5 * octaves)
            elif name == "loudness":
                feature = waves(loudness / 80.0 + 1.0, loudness / 80.0 + 1.0)
            elif name == "periodicity":
                feature = waves(periodicity, periodicity)
            elif name == "fast_loudness":
                assert fast_loudness is not None, "this instrument needs fast_loudness"
                feature = waves(fast_loudness / 80.0 + 1.0, fast_loudness / 80.0 + 1.0)
            elif name == "balance":
                assert balance is not None, "this instrument needs balance"
                feature = waves(balance / 30.0, balance / 30.0)
            else:
                assert z is not None, "this instrument needs z"
                feature = z
            read.append(layers(feature))
        joined = torch.cat(read, dim=-1)
        recurrent, state = self.gru(joined, state)
        x = self.head(self.out(torch.cat([recurrent, joined], dim=-1)))
        amplitude = scale_output(x[..., 0])
        harmonics = scale_output(x[..., 1 : 1 + self.harmonic_count])
        noise = scale_output(x[..., 1 + self.harmonic_count :] - 5.0)  # untrained: near silent
        return amplitude, harmonics, noise, state
