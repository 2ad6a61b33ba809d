"""An instrument with z: it follows the performance's timbre, or keeps its own mean."""

import numpy as np
import pytest
from conftest import tiny_metadata, tiny_tensors

import ddsp_rt
from ddsp_rt.architecture import Architecture, DecoderSpec, EncoderSpec
from ddsp_rt.instrument_file import InstrumentError, load_instrument, save_instrument

RATE = 16_000
Z_DIMS = 4


@pytest.fixture
def metadata():
    decoder = DecoderSpec(
        features=("f0", "loudness", "periodicity", "z"),
        hidden=8, layers=1, gru=16, out_hidden=16, out_layers=1, harmonics=30, noise_bands=17, z_dims=Z_DIMS,
    )  # fmt: skip
    architecture = Architecture(decoder, EncoderSpec(gru=12, z_dims=Z_DIMS), reverb_length=1600)
    return tiny_metadata() | {"architecture": architecture.to_dict(), "z_mean": [0.5, -0.5, 1.0, 0.0]}


@pytest.fixture
def path(tmp_path, metadata):
    tensors = tiny_tensors(metadata)
    for name in tensors:
        if name.startswith("encoder.") or "decoder.head.weight" in name or ".z" in name:
            tensors[name] = tensors[name] * 5  # so that z is heard
    save_instrument(tmp_path / "z.ddsp", tensors, metadata)
    return tmp_path / "z.ddsp"


def tone(brightness):
    """Two seconds of 300 Hz at -20 dB (A); harmonics fall as 1/h^(1 / brightness)."""
    t = np.arange(2 * RATE) / RATE
    audio = sum(np.sin(2 * np.pi * h * 300 * t) / h ** (1 / brightness) for h in range(1, 20)).astype(np.float32)
    loudness = np.median(ddsp_rt.analyse(audio, RATE).loudness)
    return audio * np.float32(10 ** ((-20 - loudness) / 20))


def spectrum(instrument, audio, z):
    """dB of the first harmonics, down to 50 dB below the strongest.

    Weaker ones are what leaks from their neighbours, and higher ones suffer from the smallest wavering of the pitch.
    """
    features = ddsp_rt.analyse(audio, RATE)
    fitting = instrument.fit(features, octave=0, loudness=0)
    stream = instrument.stream(RATE, fitting, reverb=0, z=z)
    stream.set("noise_gain", -60)  # its chance would blur the weak harmonics
    played = stream.process(audio)[RATE:]
    magnitudes = np.abs(np.fft.rfft(played * np.hanning(len(played))))
    levels = 20 * np.log10(magnitudes[[300 * h for h in range(1, 9)]] + 1e-9)
    return np.maximum(levels, levels.max() - 50)


def test_source_follows_the_timbre_and_mean_does_not(path):
    instrument = ddsp_rt.load(path)
    dark, bright = tone(0.5), tone(2.0)
    followed = np.abs(spectrum(instrument, dark, "source") - spectrum(instrument, bright, "source")).max()
    kept = np.abs(spectrum(instrument, dark, "mean") - spectrum(instrument, bright, "mean")).max()
    assert followed > 1 and followed > 3 * kept


def test_the_mean_is_the_files(path, metadata, tmp_path):
    audio, z = tone(1.0), [3.0, 3.0, -3.0, 3.0]
    save_instrument(tmp_path / "other.ddsp", load_instrument(path)[1], metadata | {"z_mean": z})
    here, there = (spectrum(ddsp_rt.load(p), audio, "mean") for p in (path, tmp_path / "other.ddsp"))
    assert np.abs(here - there).max() > 1


@pytest.mark.parametrize("wrong", [[1.0], "text", [1, 2, 3, float("nan")], {}])
def test_a_wrong_mean_is_refused_by_name(path, metadata, tmp_path, wrong):
    with pytest.raises(InstrumentError, match="z_mean"):
        save_instrument(tmp_path / "bad.ddsp", load_instrument(path)[1], metadata | {"z_mean": wrong})


def test_z_is_source_or_mean(path):
    with pytest.raises(ddsp_rt.UsageError, match="source or mean"):
        ddsp_rt.load(path).transfer(tone(1.0), RATE, z="both")
