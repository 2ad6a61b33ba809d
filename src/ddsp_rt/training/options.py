"""What a caller of `train` may ask for, checked before PyTorch is loaded."""

from __future__ import annotations

import math
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ddsp_rt.architecture import DecoderSpec
from ddsp_rt.errors import UsageError
from ddsp_rt.instrument_file import LONGEST_LICENCE, LONGEST_NAME, load_instrument
from ddsp_rt.training.settings import Settings

MODEL_RATES = (16_000, 48_000)  # Hz
DEVICES = ("auto", "cpu", "cuda")


@dataclass(frozen=True)
class TrainOptions:
    """The options of `ddsp_rt.training.train`, those of the command line among them.

    None is what nobody asked for: a new run takes the default, a resumed one what it began with. With neither `minutes`
    nor `steps` training ends when the held-out loss stops falling.
    """

    name: str | None = None  # of the instrument; default: the output file's
    resume: bool = False  # go on from the checkpoint of the run with the same output
    force: bool = False  # replace the instrument and the run that are there
    base: str | os.PathLike[str] | None = None  # the instrument to start from (fine-tuning), a path or a name
    minutes: float | None = None  # of training, at most
    steps: int | None = None  # of the optimiser, at most
    sample_rate: int | None = None  # the model rate, Hz, when recordings are given; default: the base's, or 16000
    z: bool = False  # learn an encoder of the source's spectral content as well
    networks: int | None = None  # that learn apart, before one learns the mean of what they play; default: 1
    seed: int | None = None  # default: 0
    device: str = "auto"  # "cpu" or "cuda"; "auto" takes a GPU where there is one
    devices: int = 1  # processes per machine
    nodes: int = 1  # machines
    room: str | None = None  # whose response is shipped, "dry", or one of `MADE_ROOMS`; default: that with most data;
    # several, joined by commas, get one for all of them
    channel: int | None = None  # of every recording, counted from 1; default: a mix of all
    hold_out: float | None = None  # seconds at the end of long recordings that `prepare` keeps out; default: none
    from_notes: bool | None = None  # join single notes into phrases as well; default: where most of the data are such
    licence: str | None = None  # default: those in the recordings' manifest
    attribution: str | None = None  # likewise
    decoder: DecoderSpec | None = None  # the network; default: see `new_decoder`, or that of the base
    settings: Settings | None = None  # the recipe; `seed`, `minutes`, `steps` and `networks` above replace its own

    @property
    def rate(self) -> int:
        """The model rate of a new data set, Hz. Raises UserError when the base cannot be read."""
        if self.sample_rate is not None:
            return self.sample_rate
        return MODEL_RATES[0] if self.base is None else load_instrument(base_path(self.base))[0]["model_rate"]

    def check(self, output: str | os.PathLike[str]) -> None:
        """Raises UsageError for what cannot be meant."""
        if Path(output).suffix != ".ddsp":
            raise UsageError(f"{output}: end the name of an instrument in .ddsp")
        if self.resume and self.force:
            raise UsageError("--resume goes on with a run and --force replaces it: give one of them")
        for option, value, wanted, right in (
            ("--sample-rate", self.sample_rate, "16000 or 48000", lambda v: v in MODEL_RATES),
            ("--device", self.device, "auto, cpu or cuda", lambda v: v in DEVICES),
            ("--minutes", self.minutes, "a number above 0", lambda v: 0 < v < math.inf),
            ("--steps", self.steps, "a number above 0", lambda v: v >= 1),
            ("--hold-out", self.hold_out, "seconds, 0 or more", lambda v: 0 <= v < math.inf),
            ("--channel", self.channel, "1 or more", lambda v: v >= 1),
            (
                "--name",
                self.name or Path(output).stem,
                f"1 to {LONGEST_NAME} characters",
                lambda v: len(v) <= LONGEST_NAME,
            ),
            ("--licence", self.licence, f"at most {LONGEST_LICENCE} characters", lambda v: len(v) <= LONGEST_LICENCE),
            ("--seed", self.seed, "a whole number from 0 to 2147483647", lambda v: 0 <= v < 1 << 31),
            ("--networks", self.networks, "1 or more", lambda v: v >= 1),
            ("--devices", self.devices, "1 or more", lambda v: v >= 1),
            ("--nodes", self.nodes, "1 or more", lambda v: v >= 1),
        ):
            if value is not None and not _is(right, value):
                text = str(value)
                raise UsageError(f"{option} {text if len(text) < 50 else text[:40] + '...'}: give {wanted}")
        for option, given, why in (
            ("--z", self.z, "what z means differs from network to network"),
            ("--from", self.base is not None, "networks that begin alike learn alike"),
        ):
            if given and (self.networks or 1) > 1:
                raise UsageError(f"--networks with {option}: {why}; give one of them")
        processes, batch = self.devices * self.nodes, (self.settings or Settings()).batch
        if batch % processes:
            raise UsageError(f"{processes} processes cannot share a batch of {batch} crops evenly")


def _is(right: Any, value: Any) -> bool:
    try:
        return bool(right(value))
    except TypeError:
        return False


def base_path(base: str | os.PathLike[str]) -> Path:
    """The file of the instrument to start from, given by path or name. Raises UserError when there is none."""
    if os.path.isfile(base):
        return Path(base)
    from ddsp_rt.instrument import load
    from ddsp_rt.morph import one_instrument

    return one_instrument(load(base)).path
