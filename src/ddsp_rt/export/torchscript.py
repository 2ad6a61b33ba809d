"""`--format torchscript`: an instrument that plain PyTorch plays, in Python and in C++."""

from __future__ import annotations

import io
import json
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.jit._recursive import create_script_module, infer_methods_to_compile

from ddsp_rt import _engine
from ddsp_rt.export.analysis.analyser import Analyser
from ddsp_rt.export.impulse_response import room_at
from ddsp_rt.export.playable import METHODS, Playable
from ddsp_rt.export.voice import Voice
from ddsp_rt.instrument_file import load_instrument
from ddsp_rt.network import InstrumentModel, Usual
from ddsp_rt.note_names import hz_from_midi
from ddsp_rt.synthesis import Life
from ddsp_rt.whole_files import write_whole

CARD = "instrument.json"  # in the archive: the instrument's metadata
PARAMETERS = (
    "transpose", "fine_tune", "input_gain", "gate",
    "harmonic_gain", "noise_gain", "breath", "life", "brightness", "reverb", "output_gain",
)  # fmt: skip
FLOAT = 2  # nn~'s code for the type of an attribute


def export_torchscript(instrument: Path, output: Path, rate: int = 48_000) -> dict[str, Any]:
    """Write the instrument file `instrument` as TorchScript for `rate` Hz.

    Returns the metadata of the instrument. Raises DataError when a file cannot be read or written.
    """
    metadata, tensors = load_instrument(instrument)
    frozen = script(playable(metadata, tensors, rate))
    data = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        torch.jit.save(frozen, data, _extra_files={CARD: json.dumps({**metadata, "sample_rate": rate})})
    write_whole(output, data.getbuffer())
    return metadata


def playable(metadata: dict[str, Any], tensors: dict[str, np.ndarray], rate: int) -> Playable:
    """The module that plays an instrument at `rate` Hz."""
    model = InstrumentModel(metadata["architecture"])
    model.load_tensors(tensors)
    response = torch.from_numpy(room_at(metadata, tensors, rate))
    mean_z = torch.tensor(metadata.get("z_mean", [0.0] * model.architecture.decoder.z_dims))
    voice = Voice(
        model, rate, metadata["model_rate"], metadata["gate_db"], response, mean_z, Usual(metadata), life_of(metadata)
    )
    known = {row["name"]: row for row in _engine.parameters()}
    heard = metadata["analyser"]
    analyser = Analyser(rate, heard["f0_low"], heard["f0_high"], model.encoder is not None)
    return Playable(voice, analyser, [known[name] for name in PARAMETERS]).eval()


def life_of(metadata: dict[str, Any]) -> Life | None:
    """How the instrument's harmonics move by themselves, if its file says."""
    if not (life := metadata.get("life")):
        return None
    quantiles = metadata["quantiles"]
    median = np.interp(0.5, quantiles["probabilities"], quantiles["pitch_midi"])
    harmonics = metadata["architecture"]["decoder"]["harmonics"]
    start = hz_from_midi(median)
    return Life(life["hertz"], life["depth"], metadata["model_rate"], harmonics, start, fast=life.get("fast"))


def script(module: Playable) -> torch.jit.ScriptModule:
    """Compile, with a setter and a getter for each parameter, and freeze.

    Frozen, all that PyTorch's own Python layer adds is inlined down to operators, which older versions of libtorch
    know as well; state and parameters stay, since methods set them.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        known = {row["name"]: row for row in _engine.parameters()}
        for name in PARAMETERS:
            module.register_buffer(f"{name}_params", torch.tensor([FLOAT]))
        # A type of its own: `torch.jit.script` would give a second module the first one's, which has these methods.
        scripted = create_script_module(module, infer_methods_to_compile, share_types=False)
        for name in PARAMETERS:
            row = known[name]
            low, high, initial = (float(row[key]) for key in ("minimum", "maximum", "initial"))
            scripted.define(
                f"def set_{name}(self, value: float) -> int:\n"
                f"    if value < {low!r}:\n        self.{name} = {low!r}\n"
                f"    elif value <= {high!r}:\n        self.{name} = value\n"
                f"    elif value > {high!r}:\n        self.{name} = {high!r}\n"
                f"    else:\n        self.{name} = {initial!r}\n"  # NaN
                f"    return 0\n"
            )
            scripted.define(f"def get_{name}(self) -> List[float]:\n    return [self.{name}]\n")
        return torch.jit.freeze(scripted, preserved_attrs=kept(scripted))


def kept(scripted: torch.jit.ScriptModule) -> list[str]:
    """Every method and attribute that a host may ask for."""
    methods = [name for name in scripted._c._method_names() if name != "forward"]
    return [*methods, *(f"{name}_params" for name in (*PARAMETERS, *METHODS)), *PARAMETERS, "sample_rate"]
