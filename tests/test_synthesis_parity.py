"""The engine's synthesis against its PyTorch twin: the same controls and excitation give the same audio."""

import math

import numpy as np
import pytest

torch = pytest.importorskip("torch")
engine = pytest.importorskip("ddsp_rt._engine")

from ddsp_rt.architecture import Architecture, DecoderSpec
from ddsp_rt.instrument_file import save_instrument
from ddsp_rt.synthesis import Reverb, Synthesizer

MODEL_RATE, HARMONICS, BANDS = 16000, 100, 65
FRAMES = 2500  # ten seconds
METADATA = {
    "format_version": 1,
    "requires": [],
    "name": "Parity",
    "model_rate": MODEL_RATE,
    "frame_rate": 250,
    "analyser": {"version": 2, "f0_low": 40, "f0_high": 3000},
    "quantiles": {
        "probabilities": [0.05, 0.5, 0.95],
        "pitch_midi": [50.0, 60.0, 70.0],
        "loudness_db": [-60.0, -40.0, -20.0],
        "periodicity_median": 0.9,
    },
    "gate_db": -80.0,
    "training": {},
    "scores": {},
    "licence": "CC0-1.0",
    "attribution": [],
}


@pytest.fixture(scope="module")
def impulse_response():
    rng = np.random.default_rng(3)
    return (0.05 * rng.normal(size=8000) * np.exp(-np.arange(8000) / 1500)).astype(np.float32)


@pytest.fixture(scope="module")
def instrument(tmp_path_factory, impulse_response):
    architecture = Architecture(
        DecoderSpec(hidden=8, layers=1, gru=16, out_hidden=16, out_layers=1, harmonics=HARMONICS, noise_bands=BANDS),
        reverb_length=len(impulse_response),
    )
    tensors = {name: np.zeros(shape, np.float32) for name, shape in architecture.tensor_shapes().items()}
    tensors["reverb.impulse_response"] = impulse_response
    path = tmp_path_factory.mktemp("parity") / "parity.ddsp"
    save_instrument(path, tensors, METADATA | {"architecture": architecture.to_dict()}, dtype="float32")
    return engine.Instrument.load(str(path))


def varied_controls(seed=5):
    """Glides, vibrato, jumps and silences, 45 Hz to 2.1 kHz: what a voice might ask for in ten seconds."""
    rng = np.random.default_rng(seed)
    time = np.arange(FRAMES) / 250
    pitch = 60 + 25 * np.sin(2 * np.pi * 0.13 * time) + 0.5 * np.sin(2 * np.pi * 6 * time)
    pitch += 12 * (np.floor(time * 2) % 3 - 1)  # an octave up or down twice a second
    f0 = np.clip(440 * 2 ** ((pitch - 69) / 12), 45, 2100)
    amplitude = 0.4 * (0.5 + 0.5 * np.sin(2 * np.pi * 0.7 * time)) * (time % 3 < 2.8)
    harmonics = rng.uniform(size=(FRAMES, HARMONICS)) / np.arange(1, HARMONICS + 1)
    noise = 0.05 * rng.uniform(size=(FRAMES, BANDS)) * (time % 4 < 3.7)[:, None]
    return [x.astype(np.float32) for x in (f0, amplitude, harmonics, noise)]


@pytest.mark.parametrize("rate", [16000, 22050, 44100, 48000])
def test_engine_and_twin_agree(rate, instrument):
    f0, amplitude, harmonics, noise = varied_controls()
    twin = Synthesizer(rate, MODEL_RATE, HARMONICS, BANDS)
    excitation = twin.filtered_noise.draw(1, FRAMES, torch.Generator().manual_seed(9))
    voice = engine.Voice(instrument, rate)
    assert voice.excitation_size == twin.filtered_noise.size
    played = voice.render_controls(f0, amplitude, harmonics, noise, 0.0, excitation[0].numpy())["audio"]
    with torch.no_grad():
        controls = [torch.from_numpy(x)[None] for x in (f0, amplitude, harmonics, noise)]
        wanted = twin(*controls, excitation)[0][0].numpy()
    assert played.shape == wanted.shape
    assert np.abs(wanted).max() > 0.1
    assert np.abs(played - wanted).max() < 1e-4


def test_engine_and_twin_agree_with_reverb(instrument, impulse_response):
    f0, amplitude, harmonics, noise = varied_controls(seed=6)
    reverb = Reverb(len(impulse_response))
    with torch.no_grad():
        reverb.impulse_response.copy_(torch.from_numpy(impulse_response))
    twin = Synthesizer(MODEL_RATE, MODEL_RATE, HARMONICS, BANDS, reverb)
    excitation = twin.filtered_noise.draw(1, FRAMES, torch.Generator().manual_seed(10))
    voice = engine.Voice(instrument, MODEL_RATE)
    played = voice.render_controls(f0, amplitude, harmonics, noise, 1.0, excitation[0].numpy())["audio"]
    with torch.no_grad():
        controls = [torch.from_numpy(x)[None] for x in (f0, amplitude, harmonics, noise)]
        wanted = twin(*controls, excitation)[0][0].numpy()
    assert np.abs(played - wanted).max() < 1e-4


@pytest.mark.parametrize("rate", [16000, 22050, 48000])
def test_the_twin_draws_the_engines_noise(rate, instrument):
    """Without excitation from outside both take their own, and it is the same, across pauses too."""
    f0, amplitude, harmonics, noise = varied_controls(seed=7)
    assert (noise == 0).all(axis=1).any()
    played = engine.Voice(instrument, rate).render_controls(f0, amplitude, harmonics, noise, 0.0)["audio"]
    with torch.no_grad():
        controls = [torch.from_numpy(x)[None] for x in (f0, amplitude, harmonics, noise)]
        wanted = Synthesizer(rate, MODEL_RATE, HARMONICS, BANDS)(*controls)[0][0].numpy()
    assert np.abs(played - wanted).max() < 1e-4


@pytest.mark.parametrize("f0", [61.3, 440.0, 1777.7])
@pytest.mark.parametrize("rate", [16000, 44100, 48000, 96000])
def test_a_tone_keeps_its_pitch_within_a_cent(rate, f0, instrument):
    frames = 1000
    harmonics = np.zeros((frames, HARMONICS), np.float32)
    harmonics[:, 0] = 1.0
    voice = engine.Voice(instrument, rate)
    audio = voice.render_controls(
        np.full(frames, f0, np.float32),
        np.full(frames, 0.5, np.float32),
        harmonics,
        np.zeros((frames, BANDS), np.float32),
        0.0,
    )["audio"][rate // 10 :]
    spectrum = np.abs(np.fft.rfft(audio * np.hanning(len(audio)), 4 * len(audio)))
    peak = int(spectrum.argmax())
    left, middle, right = np.log(spectrum[peak - 1 : peak + 2])
    frequency = (peak + 0.5 * (left - right) / (left - 2 * middle + right)) * rate / (4 * len(audio))
    assert abs(1200 * math.log2(frequency / f0)) < 1.0
