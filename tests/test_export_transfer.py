"""TorchScript that hears: `transfer` plays audio as the engine does, and keeps what nn~ asks of a module."""

from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from test_export_torchscript import as_new

import ddsp_rt
from ddsp_rt import _engine
from ddsp_rt.audio import read_audio
from ddsp_rt.evaluation.signals import resample
from ddsp_rt.export.analysis.analyser import Analyser
from ddsp_rt.export.torchscript import PARAMETERS, playable, script
from ddsp_rt.instrument_file import load_instrument
from ddsp_rt.synthesis.frame_clock import frame_start

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")
ROOT = Path(__file__).parents[1]
RATE = 48_000


@pytest.fixture(scope="module")
def phrase():
    """Two and a half seconds of the bundled phrase at 48 kHz."""
    audio, rate = read_audio(ROOT / "examples" / "sung_phrase.flac")
    return resample(audio[rate : 7 * rate // 2], rate, RATE).astype(np.float32)


@pytest.fixture
def violin(loaded_violin):
    as_new(loaded_violin)
    return loaded_violin


def perform(method, audio, block):
    """[samples] -> [channels, samples / ratio], block by block."""
    given = torch.from_numpy(audio)[None, None]
    with torch.inference_mode():
        return torch.cat([method(part) for part in given.split(block, dim=2)], dim=2)[0].numpy()


def heard_in_tensors(audio, rate, frames):
    """Features [frames, 5] and MFCCs [frames, 30] by the exported analyser."""
    analyser = torch.jit.script(Analyser(rate, 40.0, 3000.0, mfcc=True).eval())
    rows, cepstra = [], []
    samples = torch.from_numpy(audio)
    with torch.inference_mode():
        for frame in range(frames):
            row, mfcc = analyser(samples[frame_start(max(frame - 1, 0), rate) : frame_start(frame, rate)])
            rows.append(row)
            cepstra.append(mfcc.numpy())
    return np.array(rows), np.stack(cepstra)


@pytest.mark.parametrize("rate", [16_000, 44_100, 48_000])
def test_it_hears_what_the_engine_hears(rate, phrase):
    audio = resample(phrase, RATE, rate).astype(np.float32)
    audio[rate // 2 : rate // 2 + 2] = np.nan, np.inf  # count as silence
    wanted = ddsp_rt.analyse(audio, rate, mfcc=True)
    rows, cepstra = heard_in_tensors(audio, rate, len(wanted))
    f0, periodicity, loudness, fast_loudness, balance = rows.T
    voiced = wanted.voiced
    assert 0.5 < voiced.mean() < 0.98
    cents = 1200 * np.abs(np.log2(f0 / wanted.f0))[voiced]
    assert np.mean((cents < 10) & (np.abs(loudness - wanted.loudness)[voiced] < 0.5)) > 0.97
    assert np.mean((periodicity >= 0.5) == voiced) > 0.99
    assert np.quantile(np.abs(fast_loudness - wanted.fast_loudness), 0.97) < 0.5
    assert np.quantile(np.abs(balance - wanted.balance), 0.97) < 0.5
    assert np.quantile(np.abs(cepstra - wanted.mfcc), 0.97) < 0.1


def test_it_keeps_the_octave_of_a_low_note_as_the_engine_does():
    """Odd harmonics that are 11 dB down for 70 ms now and then."""
    rate, low = 44_100, 104.0
    time = np.arange(rate * 7 // 10) / rate
    odd = np.where((time > 0.2) & (time < 0.27) | (time > 0.4) & (time < 0.47), 0.16, 0.6)
    tone = sum((odd if h % 2 else 1.0) / h**0.5 * np.sin(2 * np.pi * h * low * time + h * h) for h in range(1, 21))
    audio = (0.2 * tone + 0.003 * np.random.default_rng(1).standard_normal(len(time))).astype(np.float32)
    wanted = ddsp_rt.analyse(audio, rate)
    assert np.median(np.abs(np.log2(wanted.f0[25:] / low))) < 0.01
    rows, _ = heard_in_tensors(audio, rate, len(wanted))
    assert np.mean(np.abs(np.log2(rows[25:, 0] / wanted.f0[25:])) < 0.01) > 0.99


@pytest.mark.parametrize("block", [64, 100, 1024, 4096])
def test_blocks_of_any_size_sound_as_the_engine_plays_them(block, violin, phrase):
    phrase = phrase[:RATE]
    wanted = ddsp_rt.load("violin").stream(RATE).process(phrase)
    sound, _ = perform(violin.transfer, phrase, block)
    assert sound.shape == wanted.shape
    assert np.abs(wanted).max() > 0.1
    assert np.sqrt(np.mean((sound - wanted) ** 2)) < 1e-2 * np.sqrt(np.mean(wanted**2))


def test_it_keeps_the_melody(violin, phrase):
    violin.set_reverb(0.0)
    violin.set_transpose(12.0)  # into the violin's range
    stream = ddsp_rt.load("violin").stream(RATE, reverb=0.0)
    stream.set("transpose", 12.0)
    by_engine, exported = stream.process(phrase), perform(violin.transfer, phrase, 1024)[0]
    sung, engine, ours = (ddsp_rt.analyse(x, RATE) for x in (phrase, by_engine, exported))
    both = engine.voiced & ours.voiced & sung.voiced
    assert both.sum() > 0.5 * sung.voiced.sum()

    def l1(played):
        return np.mean(np.abs(played.midi - 12 - sung.midi)[both])

    assert abs(l1(ours) - l1(engine)) < 0.1


def test_its_second_outlet_and_its_helper_tell_the_pitch(violin, phrase):
    told = perform(violin.transfer, phrase, 1024)[1]
    heard = ddsp_rt.analyse(phrase, RATE)
    in_frames = told[96::192][: len(heard)]  # the middle of each frame
    assert np.median(np.abs(1200 * np.log2(in_frames / heard.f0))[heard.voiced]) < 1
    violin.reset()
    every_64th = perform(violin.analyse, phrase, 1024)
    assert every_64th.shape == (3, len(phrase) // 64)
    np.testing.assert_allclose(every_64th[0], told[63::64], rtol=1e-6)
    np.testing.assert_allclose(every_64th[2][1::3], heard.loudness[: len(every_64th[2][1::3])], atol=0.5)


def test_reset_begins_anew(violin, phrase):
    first = perform(violin.transfer, phrase[:RATE], 1000)
    violin.reset()
    np.testing.assert_array_equal(perform(violin.transfer, phrase[:RATE], 1000), first)


def test_a_softer_input_plays_softer(violin, phrase):
    def loudness(gain):
        violin.set_input_gain(gain)
        violin.reset()
        return perform(violin.transfer, phrase[:RATE], 4096)[0].std()

    assert loudness(-15.0) < 0.6 * loudness(0.0)


def test_a_host_at_another_rate_gets_the_pitch_it_played(violin, phrase):
    """44.1 kHz come in as if they were 48: what goes out sounds, at 44.1 kHz, at the pitch that went in."""
    sung = resample(phrase, RATE, 44_100).astype(np.float32)
    assert violin.set_sample_rate(44_100) == 0
    violin.set_reverb(0.0)
    played, told = perform(violin.transfer, sung, 1024)
    before, after = ddsp_rt.analyse(sung, 44_100), ddsp_rt.analyse(played, 44_100)
    both = before.voiced & after.voiced
    assert both.sum() > 200
    assert abs(np.median((after.midi - before.midi)[both])) < 0.1
    where = [frame_start(k, 44_100) + 20 for k in range(len(before) - 1)]
    assert np.median(np.abs(12 * np.log2(told[where] / before.f0[:-1]))[before.voiced[:-1]]) < 0.1


def test_silence_in_is_silence_out(violin):
    assert not perform(violin.transfer, np.zeros(RATE // 2, np.float32), 1024)[0].any()


def test_several_channels_are_refused(violin):
    with pytest.raises(Exception, match="one channel"):
        violin.transfer(torch.zeros(1, 2, 64))


def test_it_has_what_nn_tilde_asks_for(violin):
    """TorchScript as nn~ takes it: shapes of methods, types of attributes, getters that give lists, setters 0."""
    assert violin.get_methods() == ["transfer", "analyse"]
    assert violin.transfer_params.tolist() == [1, 1, 2, 1]
    assert violin.analyse_params.tolist() == [1, 1, 3, 64]
    assert violin.get_attributes() == list(PARAMETERS)
    initial = {row["name"]: row["initial"] for row in _engine.parameters()}
    for name in PARAMETERS:
        assert getattr(violin, f"{name}_params").tolist() == [2]  # a float
        assert getattr(violin, f"get_{name}")() == [pytest.approx(initial[name])]
        assert getattr(violin, f"set_{name}")(0.5) == 0
        assert getattr(violin, f"get_{name}")() == [pytest.approx(0.5)]


def operators(module):
    """The schemas of all that a script calls."""
    used = set()

    def walk(block):
        for node in block.nodes():
            schema = node.schema()
            used.add(node.kind() if schema == "(no schema)" else schema)
            for inner in node.blocks():
                walk(inner)

    for name in module._c._method_names():
        walk(module.inlined_graph if name == "forward" else getattr(module, name).inlined_graph)
    return used


@pytest.mark.parametrize("which", ["violin", "with all parts"])
def test_every_operator_is_one_that_libtorch_2_5_has(which, violin):
    listed = (ROOT / "tests/data/libtorch_2_5_operators.txt").read_text().splitlines()
    known = {line for line in listed if not line.startswith("#")}
    if which != "violin":
        metadata, tensors = load_instrument(ROOT / "tests/data/golden.ddsp")
        life = {"hertz": [100.0, 800.0, 4000.0], "depth": [0.1, 0.4, 0.6]}
        violin = script(playable(metadata | {"life": life}, tensors, 44_100))
    used = operators(violin)
    assert len(used) > 100
    assert used <= known, sorted(used - known)
