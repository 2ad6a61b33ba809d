"""What many tests need: a tiny instrument that plays, made here so that no test waits for a trained one."""

import faulthandler
import functools
import gc
import importlib.util
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from _pytest.faulthandler import fault_handler_stderr_fd_key

from ddsp_rt.architecture import Architecture, DecoderSpec
from ddsp_rt.instrument_file import load_instrument, save_instrument

MODEL_RATE = 16_000
REVERB_SECONDS = 0.4
LIFE = {"hertz": [200.0, 1000.0, 6000.0], "depth": [0.2, 0.5, 0.3], "fast": [0.05, 0.1, 0.2]}


def pytest_collection_finish():
    """What has been imported stays: a search for garbage need not go through all of PyTorch each time."""
    gc.collect()
    gc.freeze()


def pytest_runtest_setup(item):
    """A crash is told, whatever ran before: Lightning ends a run by setting every signal as Python remembers it."""
    if fault_handler_stderr_fd_key in item.config.stash:
        faulthandler.enable(item.config.stash[fault_handler_stderr_fd_key])


@functools.cache
def slow_noise(count, rate, seed):
    """Six times noise below some Hz, of power 1: [6, count]."""
    random = np.random.default_rng(seed)
    weight = 1 + (np.fft.rfftfreq(count, 1 / rate) / 8) ** 4
    slow = [np.fft.irfft(np.fft.rfft(random.standard_normal(count)) / weight) for _ in range(6)]
    return np.array([noise / noise.std() for noise in slow])


def fluttering(depth, hertz=330.0, seconds=4.0, rate=16_000, seed=0):
    """A tone of six harmonics, each of which fades by itself like 1 + depth n."""
    time = np.arange(round(seconds * rate)) / rate
    tones = enumerate(slow_noise(len(time), rate, seed), 1)
    return sum(0.1 / h * np.abs(1 + depth * slow) * np.sin(2 * np.pi * h * hertz * time) for h, slow in tones)


def tiny_metadata(name="tiny"):
    """Metadata of an instrument with a violin's range and no training."""
    architecture = Architecture(
        DecoderSpec(hidden=8, layers=1, gru=16, out_hidden=16, out_layers=1, harmonics=30, noise_bands=17),
        reverb_length=int(REVERB_SECONDS * MODEL_RATE),
    )
    return {
        "format_version": 1,
        "requires": [],
        "name": name,
        "architecture": architecture.to_dict(),
        "model_rate": MODEL_RATE,
        "frame_rate": 250,
        "analyser": {"version": 2, "f0_low": 40, "f0_high": 3000},
        "quantiles": {
            "probabilities": [0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99],
            "pitch_midi": [55, 57, 60, 65, 70, 75, 80, 84, 90],
            "loudness_db": [-50, -45, -40, -30, -25, -20, -15, -12, -10],
            "periodicity_median": 0.9,
        },
        "gate_db": -60.0,
        "training": {"steps": 0, "seconds": 0.0},
        "scores": {"mss": 9.5},
        "licence": "CC0-1.0",
        "attribution": ["made by a test"],
    }


def tiny_tensors(metadata, seed=5):
    """Random weights under biases that make a soft, falling spectrum, and a decaying room."""
    random = np.random.default_rng(seed)
    tensors = {}
    for name, shape in Architecture.from_dict(metadata["architecture"]).tensor_shapes().items():
        tensors[name] = (0.1 * random.standard_normal(shape)).astype(np.float32)
        if name.endswith("norm.weight"):
            tensors[name][:] = 1
    bias = tensors["decoder.head.bias"]
    harmonics = metadata["architecture"]["decoder"]["harmonics"]
    bias[0] = -0.5
    bias[1 : 1 + harmonics] = -0.3 * np.arange(harmonics)
    bias[1 + harmonics :] = 2
    length = tensors["reverb.impulse_response"].shape[0]
    tensors["reverb.impulse_response"] *= np.exp(-7 * np.arange(length) / length).astype(np.float32)
    return tensors


@pytest.fixture(scope="session")
def instrument_path(tmp_path_factory):
    """A `.ddsp` file named tiny.ddsp in a folder of its own."""
    path = tmp_path_factory.mktemp("instruments") / "tiny.ddsp"
    metadata = tiny_metadata()
    save_instrument(path, tiny_tensors(metadata), metadata)
    return path


@pytest.fixture(scope="session")
def living_path(instrument_path, tmp_path_factory):
    """The tiny instrument, its notes moving."""
    metadata, tensors = load_instrument(instrument_path)
    path = tmp_path_factory.mktemp("life") / "living.ddsp"
    save_instrument(path, tensors, metadata | {"life": LIFE}, "float32")
    return path


@pytest.fixture(scope="session")
def load_benchmark():
    """A function: a script of benchmarks/, by its name, as a module."""

    def load(name):
        spec = importlib.util.spec_from_file_location(name, Path(__file__).parents[1] / "benchmarks" / f"{name}.py")
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module  # dataclasses look their module up
        spec.loader.exec_module(module)
        return module

    return load


@pytest.fixture
def tone():
    """A function: float32 sine of a level at a rate."""

    def make(rate=16_000, seconds=1.0, hertz=440.0, level=0.3):
        return (level * np.sin(2 * np.pi * hertz * np.arange(round(rate * seconds)) / rate)).astype(np.float32)

    return make


def shorten_ends(put):
    """What a training run draws, hears and plays beside learning is little from here on: it took most of the tests'
    time. put(module, name, value) as setattr does."""
    from matplotlib.figure import Figure

    from ddsp_rt.training import assessment, tensorboard_callback, trained_life, trainer

    for drawn in ("spectrograms", "decays"):
        put(tensorboard_callback, drawn, lambda *_: Figure(figsize=(0.5, 0.5), dpi=20))
    put(assessment, "FURTHER", 2)
    put(assessment, "STEPS", 3)
    put(trained_life, "CROPS", 1)
    put(trainer, "ONSETS", 3)


@pytest.fixture
def short_ends(monkeypatch):
    pytest.importorskip("lightning")
    shorten_ends(monkeypatch.setattr)


@pytest.fixture
def few_onsets(monkeypatch):
    """An evaluation times five onsets, not a hundred."""
    from ddsp_rt.evaluation import report

    usual = report.instrument_onset
    monkeypatch.setattr(report, "instrument_onset", lambda instrument: usual(instrument, trials=5))


@pytest.fixture
def no_judges(monkeypatch):
    """An evaluation goes without the trackers that judge pitch, as where they are not installed."""
    from ddsp_rt.evaluation import judges

    monkeypatch.setattr(judges, "NEEDED", {"no_such_module": "swift-f0"})


@pytest.fixture
def run_here(capfd):
    """A function: runs the command in this process, since to start one takes longer: returncode, stdout, stderr."""
    from ddsp_rt.cli import main

    def run(*arguments):
        capfd.readouterr()
        code = main([str(argument) for argument in arguments])
        return subprocess.CompletedProcess(arguments, code, *capfd.readouterr())

    return run


@pytest.fixture(scope="session")
def violin_script(tmp_path_factory):
    """The violin as TorchScript at 48 kHz."""
    from ddsp_rt.cli import main

    path = tmp_path_factory.mktemp("export") / "violin.ts"
    assert main(["-q", "export", "violin", "--format", "torchscript", "-o", str(path)]) == 0
    return path


@pytest.fixture(scope="session")
def loaded_violin(violin_script):
    """That, loaded, which takes a second. Whoever plays it takes it back to how it was first."""
    import torch

    return torch.jit.load(violin_script)
