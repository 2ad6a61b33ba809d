"""ONNX: the control network, frame by frame, is the one that PyTorch and the engine run."""

import functools
import json
from pathlib import Path

import numpy as np
import pytest
from safetensors import safe_open

torch = pytest.importorskip("torch")
onnxruntime = pytest.importorskip("onnxruntime")
pytest.importorskip("onnxscript")

from test_voice_parity import performance

import ddsp_rt
from ddsp_rt.cli import main
from ddsp_rt.instrument_file import load_instrument
from ddsp_rt.network import InstrumentModel

GOLDEN = Path(__file__).parent / "data" / "golden.ddsp"


@pytest.fixture(scope="module")
def session(tmp_path_factory):
    """A function: an instrument as ONNX, which takes seconds, once for each."""

    @functools.cache
    def make(instrument):
        path = tmp_path_factory.mktemp("export") / "network.onnx"
        assert main(["-q", "export", str(instrument), "--format", "onnx", "-o", str(path)]) == 0
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1  # more wait busily for the next frame
        return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])

    return make


def stream(network, features):
    """Frame by frame with the state handed on: each control [frames, ...]."""
    shapes = {given.name: given.shape for given in network.get_inputs()}
    states = {name: np.zeros(shape, np.float32) for name, shape in shapes.items() if name.endswith("state")}
    assert set(shapes) == set(features) | set(states)
    names = [made.name for made in network.get_outputs()]
    frames = []
    for frame in range(len(features["f0"])):
        given = {name: track[frame].reshape(shapes[name]) for name, track in features.items()}
        out = dict(zip(names, network.run(None, given | states)))
        states = {name: out[f"next_{name}"] for name in states}
        frames.append([out[name][0, 0] for name in ("amplitude", "harmonics", "noise")])
    return [np.array(control) for control in zip(*frames)]


def test_it_plays_as_the_network_does_with_its_state_carried(session):
    violin = ddsp_rt.load("violin")
    f0, periodicity, loudness = performance(1000)
    heard = {"f0": f0, "periodicity": periodicity, "loudness": loudness}
    heard |= {"fast_loudness": loudness + 1, "balance": -20 + 5 * np.sin(loudness)}
    metadata, tensors = load_instrument(violin.path)
    features = {name: heard[name].astype(np.float32) for name in metadata["architecture"]["decoder"]["features"]}
    played = stream(session(violin.path), features)
    model = InstrumentModel(metadata["architecture"])
    model.load_tensors(tensors)
    with torch.no_grad():
        told = {name: torch.from_numpy(track.astype(np.float32))[None] for name, track in heard.items()}
        wanted = model.decoder(**told)[:3]
    for ours, theirs in zip(played, wanted):
        np.testing.assert_allclose(ours, theirs[0].numpy(), atol=1e-5)


def test_an_instrument_with_z_brings_its_encoder(session):
    with safe_open(GOLDEN.parent / "golden_network.safetensors", "np") as stored:
        features = {name: stored.get_tensor(name)[:100] for name in ("f0", "periodicity", "loudness", "mfcc")}
    played = stream(session(GOLDEN), features)
    metadata, tensors = load_instrument(GOLDEN)
    model = InstrumentModel(metadata["architecture"])
    model.load_tensors(tensors)
    with torch.no_grad():
        told = {name: torch.from_numpy(track)[None] for name, track in features.items()}
        z = model.encoder(told.pop("mfcc"))
        wanted = model.decoder(**told, z=z)[:3]
    for ours, theirs in zip(played, wanted):
        np.testing.assert_allclose(ours, theirs[0].numpy(), atol=1e-5)


def test_the_file_says_what_it_is(session):
    violin = ddsp_rt.load("violin")
    told = session(violin.path).get_modelmeta().custom_metadata_map
    metadata, _ = load_instrument(violin.path)
    assert told["frame_rate"] == "250" and told["model_rate"] == str(metadata["model_rate"])
    assert told["name"] == metadata["name"] and told["licence"] == metadata["licence"]
    assert set(json.loads(told["inputs"])) == set(metadata["architecture"]["decoder"]["features"])
    assert json.loads(told["instrument"]) == metadata
