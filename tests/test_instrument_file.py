"""Instrument files in Python: what is written comes back, and nothing hostile gets in."""

import json
import os
import random
import struct
import subprocess
import sys

import numpy as np
import pytest

from ddsp_rt import instrument_file
from ddsp_rt.architecture import Architecture, DecoderSpec, EncoderSpec
from ddsp_rt.instrument_file import InstrumentError, load_instrument, save_instrument

TINY = Architecture(
    DecoderSpec(
        features=("f0", "loudness", "periodicity", "z"),
        hidden=3, layers=1, gru=4, out_hidden=5, out_layers=1, harmonics=6, noise_bands=7, z_dims=2,
    ),
    EncoderSpec(gru=3, z_dims=2),
    reverb_length=10,
)  # fmt: skip


def tiny_metadata():
    return {
        "format_version": 1,
        "requires": [],
        "name": "Tiny",
        "architecture": TINY.to_dict(),
        "model_rate": 16000,
        "frame_rate": 250,
        "analyser": {"version": 2, "f0_low": 40, "f0_high": 3000},
        "quantiles": {
            "probabilities": [0.01, 0.5, 0.99],
            "pitch_midi": [50, 60, 70.5],
            "loudness_db": [-60, -30, -10],
            "periodicity_median": 0.9,
        },
        "gate_db": -70.0,
        "notes": {"attack": 80.5, "vibrato_depth": 0},
        "training": {"steps": 0},
        "scores": {},
        "licence": "CC0-1.0",
        "attribution": ["nobody"],
    }


def tiny_tensors():
    random_numbers = np.random.default_rng(3)
    return {name: random_numbers.normal(size=shape).astype("f4") for name, shape in TINY.tensor_shapes().items()}


@pytest.fixture
def path(tmp_path):
    save_instrument(tmp_path / "tiny.ddsp", tiny_tensors(), tiny_metadata())
    return tmp_path / "tiny.ddsp"


def split(path):
    data = path.read_bytes()
    (length,) = struct.unpack_from("<Q", data)
    return json.loads(data[8 : 8 + length]), data[8 + length :]


def join(path, header, data):
    encoded = header if isinstance(header, bytes) else json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(encoded)) + encoded + data)


def fault(path):
    """The message, checked to be one short line that names the file."""
    with pytest.raises(InstrumentError) as caught:
        load_instrument(path)
    message = str(caught.value)
    assert message.startswith(str(path)) and "\n" not in message and len(message) < len(str(path)) + 250
    return message


@pytest.mark.parametrize("dtype", ["float16", "float32"])
def test_what_is_saved_comes_back(tmp_path, dtype):
    save_instrument(tmp_path / "a.ddsp", tiny_tensors(), tiny_metadata(), dtype)
    metadata, tensors = load_instrument(tmp_path / "a.ddsp")
    assert metadata == tiny_metadata()
    for name, values in tiny_tensors().items():
        assert tensors[name].dtype == dtype
        assert np.array_equal(tensors[name], values.astype(dtype))


def test_the_safetensors_package_reads_it(path):
    numpy_side = pytest.importorskip("safetensors.numpy")
    tensors = numpy_side.load_file(path)
    assert np.array_equal(tensors["decoder.head.bias"], tiny_tensors()["decoder.head.bias"].astype("f2"))


def test_missing_empty_and_folder(tmp_path):
    assert "No such file" in fault(tmp_path / "none.ddsp")
    (tmp_path / "empty.ddsp").touch()
    assert "too short" in fault(tmp_path / "empty.ddsp")
    assert "directory" in fault(tmp_path)


def test_truncated_anywhere(path):
    data = path.read_bytes()
    for length in [*range(0, len(data), 7), len(data) - 1]:
        path.write_bytes(data[:length])
        fault(path)


def test_random_bytes_and_flipped_header_bytes(path):
    data, dice = path.read_bytes(), random.Random(5)
    for _ in range(200):
        path.write_bytes(dice.randbytes(dice.randrange(400)))
        fault(path)
    for _ in range(300):
        broken = bytearray(data)
        broken[dice.randrange(2000)] = dice.randrange(256)
        path.write_bytes(broken)
        said = ""
        try:
            load_instrument(path)
        except InstrumentError as error:
            said = str(error)
        assert "\n" not in said


@pytest.mark.parametrize("length", [1 << 23, 1 << 40, (1 << 64) - 1])
def test_oversized_header(path, length):
    data = path.read_bytes()
    path.write_bytes(struct.pack("<Q", length) + data[8:])
    assert "header" in fault(path)


@pytest.mark.parametrize("header", [b"[]", b"{}", b"[" * 100_000, b'{"__metadata__": NaN}', b'"\xff"', b"9" * 9999])
def test_headers_that_are_none(path, header):
    join(path, header, b"")
    fault(path)


@pytest.mark.parametrize(
    ("field", "value"),
    [("dtype", "BF16"), ("dtype", 3), ("dtype", []), ("shape", [1 << 62, 1 << 62]), ("shape", [-1, -73]),
     ("shape", "x"), ("shape", [1.5]), ("shape", [73]), ("data_offsets", [0, 1 << 60]), ("data_offsets", [4, 2]),
     ("data_offsets", {}), ("data_offsets", [0, 28]), ("data_offsets", [True, True]), ("shape", [1] * 5000)],
)  # fmt: skip
def test_tensor_entries_that_lie(path, field, value):
    header, data = split(path)
    header["decoder.head.bias"][field] = value
    join(path, header, data)
    assert "tensor decoder." in fault(path)


def test_overlapping_tensors_and_trailing_bytes(path):
    header, data = split(path)
    join(path, header, data + b"\0\0")
    assert "after the last" in fault(path)
    twin = [name for name, entry in header.items() if entry.get("shape") == [3]]
    header[twin[0]]["data_offsets"] = header[twin[1]]["data_offsets"]
    join(path, header, data)
    assert "overlaps" in fault(path)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_weights_that_are_no_numbers(tmp_path, value):
    tensors = tiny_tensors()
    tensors["decoder.head.bias"][2] = value
    with pytest.raises(InstrumentError, match="decoder.head.bias"):
        save_instrument(tmp_path / "a.ddsp", tensors, tiny_metadata())
    assert not any(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("keys", "value", "word"),
    [(["format_version"], 2, "format_version is 2"), (["format_version"], "1", "format_version"),
     (["requires"], ["time-travel"], "time-travel"), (["requires"], "x", "requires"), (["name"], 3, "name"),
     (["model_rate"], 0, "model_rate"), (["model_rate"], 16000.5, "model_rate"), (["frame_rate"], 50, "frame_rate"),
     (["analyser"], None, "analyser"), (["analyser", "version"], 9, "analyser.version"),
     (["analyser", "f0_high"], 30, "f0_high"), (["quantiles", "pitch_midi"], [1, 2], "pitch_midi"),
     (["quantiles", "loudness_db"], [3, 2, 1], "loudness_db"), (["quantiles", "probabilities"], [[]] * 3, "probab"),
     (["notes"], [], "notes"), (["notes", "attack"], -1, "notes.attack"),
     (["notes", "vibrato_rate"], "fast", "notes.vibrato_rate"),
     (["gate_db"], "loud", "gate_db"), (["gate_db"], 1e999, "metadata"), (["attribution"], [1], "attribution"),
     (["architecture"], [], "decoder"), (["architecture", "decoder", "gru"], 1 << 40, "decoder.gru"),
     (["architecture", "decoder", "gru"], 5, "decoder.gru"), (["architecture", "encoder"], None, "encoder"),
     (["architecture", "reverb", "length"], 11, "reverb"), (["architecture", "decoder", "features"], [[]], "features"),
     (["architecture", "decoder", "waves"], 3, "waves"),
     (["architecture", "decoder", "waves"], {"f0": [1]}, "waves.f0"),
     (["architecture", "decoder", "waves"], {"f0": [2, 1]}, "waves.f0"),
     (["architecture", "decoder", "waves"], {"f0": [1, 65]}, "waves.f0"),
     (["architecture", "decoder", "features"], ["f0", "loudness", "balance", "z"], "usual.balance")],
)  # fmt: skip
def test_metadata_that_cannot_be(path, keys, value, word):
    header, data = split(path)
    metadata = tiny_metadata()
    table = metadata
    for key in keys[:-1]:
        table = table[key]
    table[keys[-1]] = value
    header["__metadata__"]["ddsp_rt"] = json.dumps(metadata)
    join(path, header, data)
    assert word in fault(path)


def test_unknown_keys_and_tensors_are_ignored(path):
    header, data = split(path)
    metadata = {**tiny_metadata(), "colour": "red"}
    header["__metadata__"]["ddsp_rt"] = json.dumps(metadata)
    header["future.tensor"] = {"dtype": "F32", "shape": [2], "data_offsets": [len(data), len(data) + 8]}
    join(path, header, data + bytes(8))
    loaded, tensors = load_instrument(path)
    assert loaded["colour"] == "red" and "future.tensor" not in tensors


def test_a_full_disk_leaves_the_old_file(path, monkeypatch):
    before = path.read_bytes()

    def full(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(instrument_file.os, "fsync", full)
    with pytest.raises(InstrumentError, match="No space left"):
        save_instrument(path, tiny_tensors(), tiny_metadata())
    assert path.read_bytes() == before and os.listdir(path.parent) == [path.name]


def test_no_torch_is_needed(path):
    code = (
        f"import sys, ddsp_rt.instrument_file as file; file.load_instrument({str(path)!r}); "
        "assert 'torch' not in sys.modules"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    subprocess.run([sys.executable, "-c", code], check=True, env=environment)
