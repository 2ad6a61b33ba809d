"""Features in, audio out: the engine's whole voice against its PyTorch twin, and against a file that never changes."""

from pathlib import Path

import numpy as np
import pytest
from safetensors import safe_open

from ddsp_rt import _engine
from ddsp_rt.instrument_file import load_instrument

DATA = Path(__file__).parent / "data"
RATE = 16_000
FRAMES = 2500  # 10 s


def performance(frames=FRAMES):
    """A line of notes with vibrato, swells, breaths and rests: float32 [frames] each of f0, periodicity, loudness."""
    t = np.arange(frames) / 250
    note = np.array([57, 64, 62, 69, 76, 81, 45, 60])[(t / 0.8).astype(int) % 8]
    f0 = 440 * 2 ** ((note - 69 + 0.4 * np.sin(2 * np.pi * 5.3 * t)) / 12)
    loudness = -35 + 20 * np.sin(2 * np.pi * 0.37 * t) - 8 * (t % 0.8)
    periodicity = 0.5 + 0.49 * np.cos(2 * np.pi * 0.61 * t)
    loudness[(t % 3.1) > 2.8] = -99  # digital silence, -100, would close the gate, which the twin has not
    return [x.astype(np.float32) for x in (f0, periodicity, loudness)]


@pytest.mark.parametrize("reverb", [0.0, 1.0])
@pytest.mark.parametrize("rate", [16_000, 48_000])
def test_the_engine_renders_what_the_twin_renders(reverb, rate, instrument_path):
    torch = pytest.importorskip("torch")
    from ddsp_rt.network import InstrumentModel
    from ddsp_rt.synthesis import Breath, Synthesizer

    path = str(instrument_path)
    metadata, tensors = load_instrument(path)
    model = InstrumentModel(metadata["architecture"])
    model.load_tensors(tensors)
    decoder = metadata["architecture"]["decoder"]
    if reverb and rate != metadata["model_rate"]:
        pytest.skip("the twin holds its room at the model rate; the engine's resampling has tests of its own")
    synthesizer = Synthesizer(rate, metadata["model_rate"], decoder["harmonics"], decoder["noise_bands"])
    synthesizer.reverb = model.reverb if reverb else None

    f0, periodicity, loudness = performance()
    voice = _engine.Voice(_engine.Instrument.load(path), rate)
    excitation = np.random.default_rng(1).uniform(-1, 1, (FRAMES, voice.excitation_size)).astype(np.float32)
    balance = (20 * np.sin(np.arange(FRAMES) / 30) - 10).astype(np.float32)
    parts = voice.render_parts(f0, periodicity, loudness, balance=balance, reverb=reverb, excitation=excitation)
    with torch.no_grad():
        batch = [torch.from_numpy(x)[None] for x in (f0, periodicity, loudness)]
        amplitude, harmonics, noise, _ = model.decoder(*batch)
        breath = Breath(metadata["model_rate"], decoder["harmonics"], decoder["noise_bands"])
        amplitude, noise, _ = breath(batch[0], batch[1], torch.from_numpy(balance)[None], amplitude, harmonics, noise)
        audio = synthesizer(batch[0], amplitude, harmonics, noise, torch.from_numpy(excitation)[None])[0][0].numpy()

    np.testing.assert_allclose(parts["amplitude"], amplitude[0].numpy(), atol=1e-5)
    np.testing.assert_allclose(parts["harmonics"], harmonics[0].numpy(), atol=1e-5)
    np.testing.assert_allclose(parts["noise_magnitudes"], noise[0].numpy(), atol=1e-5)
    assert np.abs(audio).max() > 0.01
    np.testing.assert_allclose(parts["audio"], audio, atol=1e-4)


def test_the_golden_instrument_sounds_the_same_for_ever():
    """tests/data/make_golden.py says how the file was made. A change here breaks every instrument out there."""
    with safe_open(DATA / "golden_network.safetensors", "np") as stored:
        features = {name: stored.get_tensor(name) for name in ("f0", "periodicity", "loudness", "mfcc")}
    golden = np.load(DATA / "golden_audio.npy")
    voice = _engine.Voice(_engine.Instrument.load(str(DATA / "golden.ddsp")), RATE)
    parts = voice.render_parts(**features, gate_db=-70.0)
    assert np.abs(golden).max() > 1e-3
    np.testing.assert_allclose(parts["audio"], golden, atol=1e-5)


def test_stems_add_up_to_the_dry_sound(instrument_path):
    voice = _engine.Voice(_engine.Instrument.load(str(instrument_path)), 44_100)
    parts = voice.render_parts(*performance(250), reverb=0.0)
    np.testing.assert_allclose(parts["audio"], parts["harmonic"] + parts["noise"], atol=1e-6)
    assert np.abs(parts["harmonic"]).max() > 0.01 and np.abs(parts["noise"]).max() > 1e-4
