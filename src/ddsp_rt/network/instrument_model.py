"""A whole instrument as one PyTorch module, whose tensor names are those of the instrument file."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import nn

from ddsp_rt.architecture import Architecture
from ddsp_rt.network.decoder import Decoder
from ddsp_rt.network.encoder import Encoder


class InstrumentModel(nn.Module):
    """What an instrument file holds: `.decoder`, and where the architecture has them `.encoder` and `.reverb`.

    `architecture` is an `Architecture` or the table of one. What these parts make of features is up to the caller:
    rendering needs a host rate, which is no property of an instrument.
    """

    __jit_ignored_attributes__ = ["architecture"]

    def __init__(self, architecture: Architecture | dict[str, Any] | None = None) -> None:
        super().__init__()
        if isinstance(architecture, dict):
            architecture = Architecture.from_dict(architecture)
        self.architecture = architecture = architecture or Architecture()
        self.decoder = Decoder(architecture.decoder)
        self.encoder = Encoder(architecture.encoder) if architecture.encoder else None
        if architecture.reverb_length:
            from ddsp_rt.synthesis.reverb import Reverb

            self.reverb = Reverb(architecture.reverb_length)
        else:
            self.reverb = None

    def tensors(self) -> dict[str, np.ndarray]:
        """The weights by name, float32, ready for `ddsp_rt.instrument_file.save_instrument`."""
        state = self.state_dict()
        return {name: state[name].detach().cpu().float().numpy() for name in self.architecture.tensor_shapes()}

    @torch.no_grad()
    def load_tensors(self, tensors: dict[str, np.ndarray]) -> None:
        """Take the weights of an instrument file of the same architecture."""
        state = self.state_dict()
        for name in self.architecture.tensor_shapes():
            state[name].copy_(torch.from_numpy(np.array(tensors[name], dtype=np.float32)))
