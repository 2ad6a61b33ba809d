"""[ddsp~] in a real Pd: pitch, envelope and modulation go in and are found again in the sound."""

import numpy as np
import pytest
from conftest import tiny_metadata, tiny_tensors
from pure_data import RATE, Patch, Session, needs_pd

import ddsp_rt
from ddsp_rt import _engine
from ddsp_rt.instrument_file import save_instrument

pytestmark = needs_pd
LOUD_DB = -12.0  # the tiny instrument's 95 % loudness
DRY = "@reverb 0 @noise_gain -60"


@pytest.fixture(scope="module")
def following_path(tmp_path_factory):
    """An instrument whose level rises with the loudness that it is asked for."""
    metadata = tiny_metadata("following")
    tensors = tiny_tensors(metadata)
    for name in tensors:
        if not name.startswith("reverb") and "norm" not in name and name != "decoder.head.bias":
            tensors[name][:] = 0
    hidden = np.arange(1, 8) % 2 - 0.5
    tensors["decoder.inputs.loudness.0.dense.weight"][0] = 4
    tensors["decoder.inputs.loudness.0.dense.bias"][1:] = 2 * hidden
    tensors["decoder.inputs.loudness.0.dense.bias"][0] = -2.75  # zero at -25 dB
    for name in ("decoder.inputs.loudness.0.norm.bias", "decoder.out.0.norm.bias"):
        tensors[name][:] = 0
        tensors[name][0] = 2  # clear of the leaky side
    tensors["decoder.out.0.dense.weight"][0, 16 + 8] = 2  # after the GRU's 16 and f0's 8: the rising one
    tensors["decoder.out.0.dense.bias"][0] = -4
    tensors["decoder.out.0.dense.bias"][1:] = np.arange(1, 16) % 2 - 0.5
    tensors["decoder.head.weight"][0, 0] = 1.5
    tensors["decoder.head.bias"][0] = -3.5
    path = tmp_path_factory.mktemp("following") / "following.ddsp"
    save_instrument(path, tensors, metadata)
    return path


def play(folder, text, f0, level, ratio=None, modulator=None, block=None, messages=()):
    """The sound of one object driven by arrays (or an f0 that is one number), and the console."""
    session = Session(folder, len(level) / RATE)
    p = session.patch
    if block is None:
        target = p.obj(text)
    else:
        inner = Patch()
        inlets = [inner.obj("inlet~"), inner.obj("inlet"), inner.obj("inlet~"), inner.obj("inlet~")]
        node, outlet = inner.obj(text), inner.obj("outlet~")
        inner.obj(f"block~ {block}")
        for index, inlet in enumerate(inlets):
            inner.connect(inlet, 0, node, index)
        inner.connect(node, 0, outlet, 0)
        target = p.sub("inner", inner)
    if np.isscalar(f0):
        session.send(target, f"{f0}")
    else:
        p.connect(session.play("f0", f0), 0, target, 0)
    p.connect(session.play("level", level), 0, target, 2)
    if modulator is not None:
        p.connect(session.play("modulator", modulator), 0, target, 3)
    if ratio is not None:
        session.send(target, f"{ratio}", inlet=1)
    for message in messages:
        session.send(target, message)
    session.record(target)
    sound, console = session.run()
    return sound["out"], console


def constant(value, seconds=1.0):
    return np.full(round(seconds * RATE), value, np.float32)


def sine(hertz, seconds=1.0):
    return np.sin(2 * np.pi * hertz * np.arange(round(seconds * RATE)) / RATE).astype(np.float32)


def partial(audio, hertz):
    """Amplitude of the sine at `hertz` in the second half."""
    x = audio[len(audio) // 2 :]
    window = np.hanning(len(x))
    return 2 * abs(np.sum(window * x * np.exp(-2j * np.pi * hertz * np.arange(len(x)) / RATE))) / window.sum()


def decibels(ratio):
    return 20 * np.log10(ratio)


def test_plays_the_voice_that_python_plays(tmp_path, instrument_path):
    """f0 and envelope read at each frame's first sample, periodicity the training set's."""
    t = np.arange(RATE) / RATE
    f0 = (330 * 2 ** (0.3 * np.sin(2 * np.pi * 3 * t))).astype(np.float32)
    level = (np.clip(1 - t, 0, 1) ** 2).astype(np.float32)
    played, console = play(tmp_path, f"ddsp~ {instrument_path}", f0, level)
    assert "error" not in console
    instrument = ddsp_rt.load(instrument_path)
    frames = [_engine.frame_start(k, RATE) for k in range(250)]
    loudness = LOUD_DB + 20 * np.log10(np.maximum(level[frames], 1e-9))
    loudness = np.maximum(loudness, -100).astype(np.float32)
    periodicity = np.full(250, instrument.metadata["quantiles"]["periodicity_median"], np.float32)
    voice = _engine.Voice(instrument.engine, RATE)
    expected = voice.render_parts(f0[frames], periodicity, loudness, gate_db=instrument.engine.gate_db)["audio"]
    assert np.abs(expected).max() > 1e-3
    assert np.allclose(played, expected, atol=1e-3 * np.abs(expected).max())


def test_any_block_gives_the_same_samples(tmp_path, instrument_path):
    level, modulator = constant(0.7, 0.5), sine(97, 0.5)
    text = f"ddsp~ {instrument_path}"
    f0 = constant(220, 0.5)
    plain, _ = play(tmp_path, text, f0, level, 0.3, modulator)
    for block in (1, 16, 64):
        played, _ = play(tmp_path, text, f0, level, 0.3, modulator, block)
        assert np.array_equal(played, plain), block
    played, _ = play(tmp_path, text, f0, level, 0.3, modulator, 2048)
    assert np.isfinite(played).all() and np.abs(played).max() > 0.5 * np.abs(plain).max()


def test_a_glide_of_the_pitch_is_found_in_the_sound(tmp_path, instrument_path):
    t = np.arange(round(1.5 * RATE)) / RATE
    f0 = (220 * 2 ** np.clip(t - 0.25, 0, 1)).astype(np.float32)  # an octave in a second
    played, _ = play(tmp_path, f"ddsp~ {instrument_path} {DRY}", f0, constant(1, 1.5))
    heard = ddsp_rt.analyse(played, RATE)
    for at in (0.2, 0.5, 0.75, 1.0, 1.4):
        lag = 0.012  # of oscillators and analysis
        assert heard.f0[round(250 * (at + lag))] == pytest.approx(f0[round(at * RATE)], rel=0.01)


def test_the_glide_parameter_moves_to_a_new_note(tmp_path, instrument_path):
    f0 = np.concatenate([constant(220, 0.4), constant(440, 0.6)])
    text = f"ddsp~ {instrument_path} {DRY}"
    at_once, _ = play(tmp_path, text, f0, constant(1))
    gliding, _ = play(tmp_path, f"{text} @glide 300", f0, constant(1))
    middle = round(250 * 0.46)
    assert ddsp_rt.analyse(at_once, RATE).f0[middle] == pytest.approx(440, rel=0.01)
    assert 250 < ddsp_rt.analyse(gliding, RATE).f0[middle] < 400
    assert ddsp_rt.analyse(gliding, RATE).f0[-1] == pytest.approx(440, rel=0.02)


def test_the_envelope_is_found_in_the_sound(tmp_path, following_path):
    t = np.arange(round(1.2 * RATE)) / RATE
    level = np.interp(t, [0, 0.1, 0.5, 0.6, 1.0, 1.1], [0, 1, 0.05, 0.05, 1, 0]).astype(np.float32)
    played, _ = play(tmp_path, f"ddsp~ {following_path} {DRY}", 300, level)
    heard = ddsp_rt.analyse(played, RATE).loudness
    at = {seconds: heard[round(250 * (seconds + 0.012))] for seconds in (0.1, 0.3, 0.5, 0.6, 0.8, 1.0)}
    assert at[0.1] > at[0.3] + 1 > at[0.5] + 2
    assert at[1.0] > at[0.8] + 1 > at[0.6] + 2
    assert at[1.0] == pytest.approx(at[0.1], abs=0.5)
    assert heard[-5] == -100  # closed


def test_decibels_are_the_same_envelope_in_another_unit(tmp_path, following_path):
    linear = np.linspace(0.02, 1, RATE, dtype=np.float32)
    text = f"ddsp~ {following_path} {DRY}"
    one, _ = play(tmp_path, text, 300, linear)
    other, _ = play(tmp_path, f"{text} @units db", 300, 20 * np.log10(linear))
    assert np.allclose(one, other, atol=1e-4)


def test_without_a_ratio_the_modulator_does_nothing(tmp_path, instrument_path):
    text = f"ddsp~ {instrument_path}"
    plain, _ = play(tmp_path, text, 400, constant(1))
    assert np.array_equal(play(tmp_path, text, 400, constant(1), 0, sine(130))[0], plain)
    assert np.array_equal(play(tmp_path, text, 400, constant(1), 0.5)[0], plain)  # nor a ratio without modulator


def test_a_ratio_makes_sidebands_at_the_modulators_frequency(tmp_path, instrument_path):
    text = f"ddsp~ {instrument_path} {DRY}"
    still, _ = play(tmp_path, text, 400, constant(1), 0, sine(130))
    moving, _ = play(tmp_path, text, 400, constant(1), 0.2, sine(130))
    for sideband in (270, 530, 660):
        assert decibels(partial(still, sideband) / partial(still, 400)) < -50
    # J1 / J0 and J2 / J0 at the index 0.2 x 400 / 130
    assert decibels(partial(moving, 530) / partial(moving, 400)) == pytest.approx(-9.86, abs=1)
    assert decibels(partial(moving, 660) / partial(moving, 400)) == pytest.approx(-25.7, abs=1.5)
    vibrato, _ = play(tmp_path, text, 400, constant(1), 0.03, sine(5))
    heard = ddsp_rt.analyse(vibrato, RATE).f0[125:]
    assert heard.max() / heard.min() == pytest.approx(1.03 / 0.97, rel=0.01)


def test_parameters_and_mistakes(tmp_path, instrument_path):
    text = f"ddsp~ {instrument_path}"
    plain, _ = play(tmp_path, text, 300, constant(1, 0.4))
    softer, _ = play(tmp_path, text, 300, constant(1, 0.4), messages=["output_gain -20"])
    assert np.allclose(softer[1000:], 0.1 * plain[1000:], atol=1e-6)
    same, console = play(tmp_path, text, 300, constant(1, 0.4), messages=["units furlongs, reverb, instrument nowhere"])
    assert len([line for line in console.splitlines() if "error" in line]) == 3
    assert np.array_equal(same, plain)
