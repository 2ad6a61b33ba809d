"""What the engine's voice makes of features against its PyTorch twin: same stored weights, ten seconds of them."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")
_engine = pytest.importorskip("ddsp_rt._engine")

from conftest import MODEL_RATE, tiny_metadata

from ddsp_rt.architecture import Architecture, DecoderSpec, EncoderSpec
from ddsp_rt.instrument_file import load_instrument, save_instrument
from ddsp_rt.network import InstrumentModel, Usual
from ddsp_rt.synthesis import Breath

FRAMES = 2500
USUAL = {"fast_loudness": {"offset": 1.0, "slope": 1.02}, "balance": {"offset": -8.0, "slope": 0.3}}
Z = ("f0", "loudness", "periodicity", "z")
ARCHITECTURES = {
    "shipped": Architecture(),
    "shipped with z": Architecture(DecoderSpec(features=Z, z_dims=16), EncoderSpec()),
    "odd sizes": Architecture(
        DecoderSpec(Z, hidden=7, layers=3, gru=33, out_hidden=19, out_layers=1, harmonics=5, noise_bands=2, z_dims=1),
        EncoderSpec(gru=5, z_dims=1),
    ),
    "rich": Architecture(
        DecoderSpec(
            ("f0", "loudness", "periodicity", "fast_loudness", "balance"),
            waves={"f0": (1, 2, 4, 8, 12), "loudness": (1, 2, 4), "fast_loudness": (1, 2, 4), "balance": (0.5, 1)},
        )
    ),
    "other order": Architecture(DecoderSpec(("loudness", "f0"), hidden=32, layers=1, gru=64, out_hidden=48)),
}


def performance(rng):
    """Leaps, glides, vibrato, rests (above digital silence, which would close the gate), noise: float32 [frames]."""
    seconds = np.arange(FRAMES) / 250
    steps = np.repeat(rng.uniform(36, 90, FRAMES // 50), 50)
    midi = steps + 0.5 * np.sin(2 * np.pi * 5.5 * seconds) + 12 * np.sin(seconds)
    sounding = np.repeat(rng.random(FRAMES // 50) < 0.8, 50)
    return {
        "f0": (440 * 2 ** ((midi - 69) / 12)).astype("f4"),
        "periodicity": np.where(sounding, rng.uniform(0.5, 1, FRAMES), rng.uniform(0, 0.5, FRAMES)).astype("f4"),
        "loudness": np.where(sounding, rng.uniform(-70, 0, FRAMES), -99).astype("f4"),
        "fast_loudness": np.where(sounding, rng.uniform(-75, 5, FRAMES), -99).astype("f4"),
        "balance": rng.uniform(-60, 20, FRAMES).astype("f4"),
        "mfcc": (rng.normal(size=(FRAMES, 30)) * 10).astype("f4"),
    }


@pytest.mark.parametrize("dtype", ["float16", "float32"])
@pytest.mark.parametrize("name", ARCHITECTURES)
def test_engine_agrees_with_twin(tmp_path, name, dtype):
    torch.manual_seed(2)
    architecture = ARCHITECTURES[name]
    model = InstrumentModel(architecture)
    with torch.no_grad():  # an untrained head says nearly the same for everything
        model.decoder.head.weight.mul_(20)
        model.decoder.head.bias[1 + architecture.decoder.harmonics :] += 4
    path = tmp_path / "it.ddsp"
    save_instrument(
        path, model.tensors(), {**tiny_metadata(), "architecture": architecture.to_dict(), "usual": USUAL}, dtype
    )
    model.load_tensors(load_instrument(path)[1])

    given = performance(np.random.default_rng(3))
    batch = {name: torch.from_numpy(values)[None] for name, values in given.items()}
    mfcc = given.pop("mfcc")
    with torch.no_grad():
        z = model.encoder(batch["mfcc"]) if model.encoder else None
        extra = {name: batch[name] for name in ("fast_loudness", "balance")}
        controls = model.decoder(batch["f0"], batch["periodicity"], batch["loudness"], z, **extra)[:3]
        breath = Breath(MODEL_RATE, architecture.decoder.harmonics, architecture.decoder.noise_bands)
        amplitude, noise, _ = breath(batch["f0"], batch["periodicity"], batch["balance"], *controls)
        wanted = (amplitude, controls[1], noise)
    voice = _engine.Voice(_engine.Instrument.load(path), 16_000)
    got = voice.render_parts(**given, mfcc=mfcc if model.encoder else None)
    for part, want in zip(("amplitude", "harmonics", "noise_magnitudes"), wanted):
        want = want[0].numpy()
        assert np.ptp(want) > 1e-3, "this test listens to something that moves"
        assert np.abs(got[part] - want).max() < 1e-5


def test_what_nobody_heard_is_the_same_in_engine_and_twin(tmp_path):
    torch.manual_seed(5)
    model = InstrumentModel(ARCHITECTURES["rich"])
    with torch.no_grad():
        model.decoder.head.weight.mul_(20)
    metadata = {**tiny_metadata(), "architecture": model.architecture.to_dict(), "usual": USUAL}
    save_instrument(tmp_path / "it.ddsp", model.tensors(), metadata, "float32")
    given = dict(performance(np.random.default_rng(4)).items())
    given = {name: given[name] for name in ("f0", "periodicity", "loudness")}
    given["periodicity"] = np.maximum(given["periodicity"], 0.5)  # as noise nothing is left of the amplitude
    given["loudness"][::7] = -100
    f0, periodicity, loudness = (torch.from_numpy(track)[None] for track in given.values())
    with torch.no_grad():
        usual = dict(zip(("fast_loudness", "balance"), Usual(metadata)(loudness)))
        wanted = model.decoder(f0, periodicity, loudness, **usual)[0][0].numpy()
    voice = _engine.Voice(_engine.Instrument.load(tmp_path / "it.ddsp"), 16_000)
    amplitude = voice.render_parts(**given)["amplitude"]
    sounds = given["loudness"] > -100
    assert np.abs(amplitude - wanted)[sounds].max() < 1e-5


def test_python_and_engine_want_to_be_told_what_is_usual(tmp_path):
    model = InstrumentModel(ARCHITECTURES["rich"])
    path = tmp_path / "it.ddsp"
    metadata = {**tiny_metadata(), "architecture": model.architecture.to_dict(), "usual": USUAL}
    save_instrument(path, model.tensors(), metadata)
    path.write_bytes(path.read_bytes().replace(b"usual", b"other"))
    for load in (load_instrument, _engine.Instrument.load):
        with pytest.raises((ValueError, RuntimeError), match="usual"):
            load(path)


@pytest.mark.parametrize("problem", ["truncated", "not an instrument", "missing"])
def test_python_and_engine_refuse_the_same_files(tmp_path, instrument_path, problem):
    path = tmp_path / "bad.ddsp"
    if problem != "missing":
        path.write_bytes(instrument_path.read_bytes()[:1000] if problem == "truncated" else b"RIFF" * 100)
    for load in (load_instrument, _engine.Instrument.load):
        with pytest.raises((ValueError, RuntimeError)) as caught:
            load(path)
        assert str(caught.value).startswith(str(path)) and "\n" not in str(caught.value)
