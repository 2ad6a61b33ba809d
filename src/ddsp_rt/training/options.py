"""What a caller of `train` may ask for, checked before PyTorch is loaded."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path

from ddsp_rt.architecture import DecoderSpec
from ddsp_rt.errors import UsageError
from ddsp_rt.training.settings import Settings

MODEL_RATES = (16_000, 48_000)  # Hz
DEVICES = ("auto", "cpu", "cuda")


@dataclass(frozen=True)
class TrainOptions:
    """The options of `ddsp_rt.training.train`, those of the command line among them.

    With neither `minutes` nor `steps` training ends when the held-out loss stops falling.
    """

    name: str | None = None  # of the instrument; default: the output file's
    resume: bool = False  # go on from the checkpoint of the run with the same output, with its sizes and settings
    base: str | os.PathLike[str] | None = None  # the instrument to start from (fine-tuning), a path or a name
    minutes: float | None = None  # of training, at most
    steps: int | None = None  # of the optimiser, at most
    sample_rate: int = 16_000  # the model rate, Hz, when recordings are given
    z: bool = False  # learn an encoder of the source's spectral content as well
    seed: int | None = None  # default: 0
    device: str = "auto"  # "cpu" or "cuda"; "auto" takes a GPU where there is one
    devices: int = 1  # processes per machine
    nodes: int = 1  # machines
    room: str | None = None  # whose impulse response is shipped, or "dry"; default: that with most data
    hold_out: float = 0.0  # seconds at the end of long recordings that `prepare` keeps out
    licence: str | None = None  # default: those in the recordings' manifest
    attribution: str | None = None  # likewise
    decoder: DecoderSpec = field(default_factory=DecoderSpec)  # sizes of the network
    settings: Settings = field(
        default_factory=Settings
    )  # the recipe; `seed`, `minutes` and `steps` above replace its own

    def check(self, output: str | os.PathLike[str]) -> None:
        """Raises UsageError for what cannot be meant."""
        if Path(output).suffix != ".ddsp":
            raise UsageError(f"{output}: end the name of an instrument in .ddsp")
        if self.sample_rate not in MODEL_RATES:
            raise UsageError(f"--sample-rate {self.sample_rate}: give 16000 or 48000")
        if self.device not in DEVICES:
            raise UsageError(f"--device {self.device}: give auto, cpu or cuda")
        processes = self.devices * self.nodes
        if self.settings.batch % processes:
            raise UsageError(f"{processes} processes cannot share a batch of {self.settings.batch} crops evenly")
