"""Writes golden.ddsp, a small instrument of random weights; golden_network.safetensors: features, and what the PyTorch
twin makes of them in double precision; golden_audio.npy: what the engine played from them when the format was new.

Run once; the files are kept, and every later version must read them and answer the same:

    python tests/data/make_golden.py
"""

from pathlib import Path

import numpy as np
import torch
from safetensors.numpy import save_file

from ddsp_rt import _engine
from ddsp_rt.architecture import Architecture, DecoderSpec, EncoderSpec
from ddsp_rt.instrument_file import load_instrument, save_instrument
from ddsp_rt.network import InstrumentModel

HERE = Path(__file__).parent
FRAMES = 150
ARCHITECTURE = Architecture(
    DecoderSpec(
        features=("f0", "loudness", "periodicity", "z"),
        hidden=8, layers=2, gru=24, out_hidden=18, out_layers=2, harmonics=12, noise_bands=9, z_dims=3,
    ),
    EncoderSpec(gru=10, z_dims=3),
    reverb_length=400,
)  # fmt: skip
METADATA = {
    "format_version": 1,
    "requires": [],
    "name": "Golden",
    "architecture": ARCHITECTURE.to_dict(),
    "model_rate": 16000,
    "frame_rate": 250,
    "analyser": {"version": 2, "f0_low": 40, "f0_high": 3000},
    "quantiles": {
        "probabilities": [0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99],
        "pitch_midi": [55.0, 56.5, 58.0, 62.0, 67.0, 72.0, 76.0, 79.0, 84.0],
        "loudness_db": [-62.0, -50.0, -44.0, -36.0, -30.0, -25.0, -21.0, -19.0, -15.0],
        "periodicity_median": 0.93,
    },
    "gate_db": -70.0,
    "training": {},
    "scores": {},
    "licence": "CC0-1.0",
    "attribution": [],
}


def weights(rng: np.random.Generator) -> dict[str, np.ndarray]:
    tensors = {}
    for name, shape in ARCHITECTURE.tensor_shapes().items():
        values = rng.normal(size=shape)
        if name.endswith("norm.weight"):
            values = 1.0 + 0.2 * values
        elif name == "reverb.impulse_response":
            values *= 0.05 * np.exp(-np.arange(shape[0]) / 80.0)
        elif len(shape) == 2:
            values *= 1.5 / np.sqrt(shape[1])
        else:
            values *= 0.3
        tensors[name] = values.astype("f4")
    tensors["decoder.head.bias"][0] -= 1.0  # moderate levels, and a noise that is heard
    tensors["decoder.head.bias"][1 + ARCHITECTURE.decoder.harmonics :] += 3.5
    return tensors


def features(rng: np.random.Generator, frames: int = FRAMES) -> dict[str, np.ndarray]:
    """A tune of held and gliding notes with rests, [frames] each."""
    seconds = np.arange(frames) / 250
    midi = 62 + 7 * np.sign(np.sin(9 * seconds)) + 0.4 * np.sin(35 * seconds) + 10 * np.sin(1.3 * seconds)
    sounding = np.sin(11 * seconds + 1) > -0.7
    return {
        "f0": (440 * 2 ** ((midi - 69) / 12)).astype("f4"),
        "periodicity": np.where(sounding, 0.9, 0.2 * rng.random(frames)).astype("f4"),
        "loudness": np.where(sounding, -25 + 12 * np.sin(17 * seconds), -100).astype("f4"),
        "mfcc": (rng.normal(size=(frames, 30)) * 10 - np.arange(30) / 3).astype("f4"),
    }


@torch.no_grad()
def answers(path: Path, given: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """What the twin makes of the stored weights, computed in double precision."""
    model = InstrumentModel(ARCHITECTURE).double()
    model.load_tensors(load_instrument(path)[1])
    batch = {name: torch.from_numpy(values).double()[None] for name, values in given.items()}
    z = model.encoder(batch["mfcc"])
    amplitude, harmonics, noise, _ = model.decoder(batch["f0"], batch["periodicity"], batch["loudness"], z)
    outputs = {"z": z, "amplitude": amplitude, "harmonics": harmonics, "noise": noise}
    return {name: values[0].float().numpy() for name, values in outputs.items()}


def main() -> None:
    rng = np.random.default_rng(2001)
    save_instrument(HERE / "golden.ddsp", weights(rng), METADATA)
    given = features(rng)
    save_file({**given, **answers(HERE / "golden.ddsp", given)}, HERE / "golden_network.safetensors")
    voice = _engine.Voice(_engine.Instrument.load(str(HERE / "golden.ddsp")), METADATA["model_rate"])
    np.save(HERE / "golden_audio.npy", voice.render_parts(**given, gate_db=METADATA["gate_db"])["audio"])


if __name__ == "__main__":
    main()
