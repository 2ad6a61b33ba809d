"""The encoder: what timbre remains when pitch and loudness are taken out, as a few numbers per frame (z)."""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn

from ddsp_rt.architecture import MFCC_COUNT, EncoderSpec
from ddsp_rt.network.decoder import NORM_EPSILON


class Encoder(nn.Module):
    """MFCCs to z: layer norm, GRU, dense (the z encoder of Engel et al., ICLR 2020).

    Shape:
        - mfcc: [batch, frames, 30]
        - state: [1, batch, gru], what the last `step` returned; None starts from silence
        - `forward` returns z [batch, frames, z_dims]; `step` returns z and the state, for streaming
    """

    __jit_ignored_attributes__ = ["spec"]

    def __init__(self, spec: EncoderSpec | dict[str, Any] | None = None) -> None:
        super().__init__()
        self.spec = spec = EncoderSpec(**spec) if isinstance(spec, dict) else spec or EncoderSpec()
        self.norm = nn.LayerNorm(MFCC_COUNT, eps=NORM_EPSILON)
        self.gru = nn.GRU(MFCC_COUNT, spec.gru, batch_first=True)
        self.dense = nn.Linear(spec.gru, spec.z_dims)

    def forward(self, mfcc: Tensor) -> Tensor:
        return self.step(mfcc)[0]

    def step(self, mfcc: Tensor, state: Tensor | None = None) -> tuple[Tensor, Tensor]:
        recurrent, state = self.gru(self.norm(mfcc), state)
        return self.dense(recurrent), state
