"""An instrument without a sound of its own: harmonics whose amplitude is the loudness heard.

Made on the fly, to measure the engine's own delays with.
"""

from __future__ import annotations

import os

import numpy as np

from ddsp_rt.analysis import FRAME_RATE
from ddsp_rt.architecture import Architecture, DecoderSpec
from ddsp_rt.instrument_file import ANALYSER, FORMAT_VERSION, save_instrument

HARMONICS = 10
RATE = 48_000  # Hz
PLAIN_DB = -40.0  # output re input: the output scaling is exponential only where it is small
FIRM = 30.0  # dwarfs what a layer carries, so that layer norm divides by nearly a constant


def write_plain_instrument(path: str | os.PathLike) -> None:
    """Writes an instrument that answers a loudness of L dB by ten harmonics, falling as 1/h, of amplitude L - 40 dB.

    Nothing in it remembers: the GRU's weights are zero, and each layer hands its one value on. A layer norm leaves that
    alone (within 0.1 %) because the layer also carries two large constants of opposite sign.
    """
    decoder = DecoderSpec(
        ("loudness",), hidden=4, layers=1, gru=1, out_hidden=4, out_layers=1, harmonics=HARMONICS, noise_bands=2
    )
    architecture = Architecture(decoder)
    tensors = {name: np.zeros(shape, np.float32) for name, shape in architecture.tensor_shapes().items()}
    spread = np.sqrt(2 * FIRM**2 / 4)  # what a layer norm divides by
    above = 2.0  # added, to stay on the straight side of the leaky ReLU
    for layer in ("decoder.inputs.loudness.0", "decoder.out.0"):
        weight = tensors[f"{layer}.dense.weight"]
        carried = weight.shape[1] - 4 if "out" in layer else 0  # the GRU's output comes before the layer's
        weight[0, carried], weight[1, carried] = 1.0, -1.0
        tensors[f"{layer}.dense.bias"][2:] = FIRM, -FIRM
        tensors[f"{layer}.norm.weight"][0], tensors[f"{layer}.norm.bias"][0] = spread, above
    tensors["decoder.out.0.dense.bias"][:2] = -above, above
    # The network sees 1 + L/80; its output o becomes the amplitude 2 * 10^o where o is well below 0.
    tensors["decoder.head.weight"][0, 0] = 4.0
    tensors["decoder.head.bias"][0] = -4.0 * (above + 1.0) - np.log10(2.0) + PLAIN_DB / 20
    tensors["decoder.head.bias"][1 : 1 + HARMONICS] = -1.0 - np.log10(np.arange(1, 1 + HARMONICS))
    tensors["decoder.head.bias"][1 + HARMONICS :] = -20.0
    metadata = {
        "format_version": FORMAT_VERSION,
        "requires": [],
        "name": "plain",
        "architecture": architecture.to_dict(),
        "model_rate": RATE,
        "frame_rate": FRAME_RATE,
        "analyser": ANALYSER,
        "quantiles": {
            "probabilities": [0.05, 0.5, 0.95],
            "pitch_midi": [40.0, 64.0, 88.0],
            "loudness_db": [-50.0, -30.0, -10.0],
            "periodicity_median": 0.9,
        },
        "gate_db": -80.0,
        "licence": "MIT",
        "attribution": [],
    }
    save_instrument(path, tensors, metadata, dtype="float32")
