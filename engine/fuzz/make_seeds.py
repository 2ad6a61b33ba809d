"""Writes the loader's seeds, small instruments of random weights.

plain.ddsp is in fp32, full.ddsp in fp16 with z and a room, rich.ddsp reads all features but z, some as waves.

Run once; the files are kept:  python engine/fuzz/make_seeds.py
"""

from pathlib import Path

import numpy as np

from ddsp_rt.architecture import Architecture, DecoderSpec, EncoderSpec
from ddsp_rt.instrument_file import save_instrument

CORPUS = Path(__file__).parent / "corpus" / "loader"
SIZES = {"hidden": 2, "layers": 1, "gru": 3, "out_hidden": 3, "out_layers": 1, "harmonics": 4, "noise_bands": 3}
PLAIN = Architecture(DecoderSpec(**SIZES))
Z = ("f0", "loudness", "periodicity", "z")
FULL = Architecture(DecoderSpec(features=Z, z_dims=2, **SIZES), EncoderSpec(gru=2, z_dims=2), reverb_length=40)
ALL = ("f0", "loudness", "periodicity", "fast_loudness", "balance")
RICH = Architecture(DecoderSpec(features=ALL, waves={"f0": (1, 2), "loudness": (1, 4)}, **SIZES))
METADATA = {
    "format_version": 1,
    "requires": [],
    "model_rate": 16000,
    "frame_rate": 250,
    "analyser": {"version": 2, "f0_low": 40, "f0_high": 3000},
    "quantiles": {
        "probabilities": [0.05, 0.5, 0.95],
        "pitch_midi": [56.5, 67.0, 79.0],
        "loudness_db": [-50.0, -30.0, -19.0],
        "periodicity_median": 0.93,
    },
    "usual": {"fast_loudness": {"offset": 0.5, "slope": 1.0}, "balance": {"offset": -8.0, "slope": 0.3}},
    "gate_db": -70.0,
}


def main() -> None:
    rng = np.random.default_rng(7)
    for name, architecture, dtype in (
        ("plain", PLAIN, "float32"),
        ("full", FULL, "float16"),
        ("rich", RICH, "float16"),
    ):
        tensors = {name: rng.normal(size=shape).astype("f4") for name, shape in architecture.tensor_shapes().items()}
        metadata = METADATA | {"name": name, "architecture": architecture.to_dict()}
        if name != "rich":
            del metadata["usual"]
        save_instrument(CORPUS / f"{name}.ddsp", tensors, metadata, dtype=dtype)


if __name__ == "__main__":
    main()
