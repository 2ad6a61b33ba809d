"""`--format onnx`: the control network, one frame with its state, for any runtime of ONNX."""

from __future__ import annotations

import contextlib
import io
import json
import logging
import warnings
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from ddsp_rt.analysis import FRAME_RATE
from ddsp_rt.architecture import MFCC_COUNT
from ddsp_rt.instrument_file import load_instrument
from ddsp_rt.network import InstrumentModel
from ddsp_rt.whole_files import write_whole

OPSET = 18
RANGES = {  # of what goes in
    "f0": "Hz, 1 and up; unvoiced frames hold the last voiced value",
    "periodicity": "0 to 1, voiced from 0.5",
    "loudness": "dB, A-weighted, -100 to 20",
    "fast_loudness": "dB, A-weighted, -100 to 20",
    "balance": "dB, -60 to 20",
    "mfcc": "30 coefficients",
}
OUTPUTS = {
    "amplitude": "linear, of all harmonics together, 0 to 2",
    "harmonics": "share of each harmonic, above 0, not normalised",
    "noise": "linear magnitude of each band, evenly spaced from 0 Hz to half the model rate",
}


class Frame(nn.Module):
    """One frame of an instrument's network, every state explicit: tensors in the order of `names`, controls and the
    states after the frame out."""

    def __init__(self, model: InstrumentModel) -> None:
        super().__init__()
        self.decoder, self.encoder = model.decoder, model.encoder
        features = [name for name in model.architecture.decoder.features if name != "z"]
        self.names = [*features, *(["mfcc", "encoder_state"] if self.encoder is not None else []), "state"]

    def forward(self, *tensors: Tensor) -> tuple[Tensor, ...]:
        given = dict(zip(self.names, tensors))
        z, more = None, []
        if self.encoder is not None:
            z, encoder_state = self.encoder.step(given["mfcc"], given["encoder_state"])
            more.append(encoder_state)
        # What the network does not read, its graph does not hold.
        unread = torch.zeros(1, 1)
        amplitude, harmonics, noise, state = self.decoder(
            given.get("f0", unread), given.get("periodicity", unread), given.get("loudness", unread), z, given["state"],
            given.get("fast_loudness"), given.get("balance"),
        )  # fmt: skip
        return (amplitude, harmonics, noise, *more, state)

    def example(self) -> tuple[Tensor, ...]:
        """A silent frame after silence."""
        shapes = {"mfcc": (1, 1, MFCC_COUNT), "state": (1, 1, self.decoder.gru.hidden_size)}
        if self.encoder is not None:
            shapes["encoder_state"] = (1, 1, self.encoder.gru.hidden_size)
        values = {"f0": 220.0, "loudness": -100.0, "fast_loudness": -100.0}
        return tuple(torch.full(shapes.get(name, (1, 1)), values.get(name, 0.0)) for name in self.names)


def export_onnx(instrument: Path, output: Path) -> dict[str, Any]:
    """Write the control network of the instrument file `instrument` as ONNX, a frame at a time.

    Inputs are the features the network reads, each [1, 1], and `state` [1, 1, width], zeros before the first frame;
    outputs are `amplitude` [1, 1], `harmonics` [1, 1, count], `noise` [1, 1, bands] and `next_state`. An instrument
    with z has `mfcc` [1, 1, 30], `encoder_state` and `next_encoder_state` besides. Rates, units and ranges stand in
    the file's metadata.

    Returns the metadata of the instrument. Raises DataError when a file cannot be read or written.
    """
    import onnx
    import onnxscript  # noqa: F401, what PyTorch's exporter needs; its absence is told in one line

    metadata, tensors = load_instrument(instrument)
    model = InstrumentModel(metadata["architecture"])
    model.load_tensors(tensors)
    frame = Frame(model).eval()
    states = [name for name in frame.names if name.endswith("state")]
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()), torch.no_grad():
        warnings.simplefilter("ignore")
        made = torch.onnx.export(
            frame,
            frame.example(),
            input_names=frame.names,
            output_names=[*OUTPUTS, *(f"next_{name}" for name in states)],
            opset_version=OPSET,
            dynamo=True,
            verbose=False,
        )
    proto = made.model_proto
    onnx.helper.set_model_props(proto, described(metadata, frame.names))
    onnx.checker.check_model(proto)
    write_whole(output, proto.SerializeToString())
    return metadata


def described(metadata: dict[str, Any], names: list[str]) -> dict[str, str]:
    """The metadata of the ONNX file: texts."""
    return {
        "name": metadata["name"],
        "licence": metadata.get("licence", ""),
        "attribution": "\n".join(metadata.get("attribution", [])),
        "frame_rate": str(FRAME_RATE),
        "model_rate": str(metadata["model_rate"]),
        "analyser_version": str(metadata["analyser"]["version"]),
        "gate_db": str(metadata["gate_db"]),
        "inputs": json.dumps({name: RANGES[name] for name in names if name in RANGES}),
        "outputs": json.dumps(OUTPUTS),
        "instrument": json.dumps(metadata),
    }
