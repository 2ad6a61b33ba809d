"""[ddsp.transfer~] in a real Pd: the same samples as Python's, and every message measured in the sound."""

import re
import shutil

import numpy as np
import pytest
from conftest import tiny_metadata, tiny_tensors
from pure_data import RATE, Patch, Session, needs_pd

import ddsp_rt
from ddsp_rt import _engine
from ddsp_rt.instrument_file import save_instrument

pytestmark = needs_pd
TARGET = "ddsp.transfer~"


def phrase(seconds=1.6, rate=RATE, f0=330.0):
    """A tone of eight harmonics with vibrato, with a rest in the middle."""
    t = np.arange(round(seconds * rate)) / rate
    phase = 2 * np.pi * np.cumsum(f0 * (1 + 0.01 * np.sin(2 * np.pi * 5.5 * t))) / rate
    x = sum(0.2 / h * np.sin(h * phase) for h in range(1, 9))
    return (x * ((t > 0.1) & (np.abs(t - 0.5 * seconds) > 0.1))).astype(np.float32)


def add(patch, text, block=None):
    """An object, in a subpatch of that block~ where one is given; a node with the object's signal inlet and outlet."""
    if block is None:
        return patch.obj(text)
    inner = Patch()
    nodes = [inner.obj("inlet~"), inner.obj(text), inner.obj("outlet~")]
    inner.obj(f"block~ {block}")
    inner.connect(nodes[0], 0, nodes[1], 0)
    inner.connect(nodes[1], 0, nodes[2], 0)
    return patch.sub("inner", inner)


def play(folder, audio, text, messages=(), block=None, rate=RATE, printed=()):
    """The sound of one object, and the console. `messages`: (text, ms after the start); 0: before it."""
    session = Session(folder, len(audio) / rate, rate)
    source = session.play("in", audio)
    target = add(session.patch, text, block)
    session.patch.connect(source, 0, target, 0)
    for message, at in messages:
        session.send(target, message, at)
    for outlet in printed:
        session.patch.connect(target, outlet, session.patch.obj(f"print out{outlet}"), 0)
    session.record(target)
    sound, console = session.run()
    return sound["out"], console


def python(path, audio, rate=RATE, fitting=None, **parameters):
    """What the Python package plays, with parameters set from the start."""
    stream = ddsp_rt.load(path).stream(rate, fitting)
    for name, value in parameters.items():
        stream.set(name, value)
    stream.reset()
    return stream.process(audio)


def errors(console):
    return [line for line in console.splitlines() if "error" in line or "couldn't" in line]


def pitch(audio, rate=RATE):
    features = ddsp_rt.analyse(audio, rate)
    return float(np.median(features.f0[features.voiced]))


@pytest.fixture
def mute_path(tmp_path):
    """An instrument that makes no sound to speak of, beside the patches of this test."""
    metadata = tiny_metadata("mute")
    tensors = tiny_tensors(metadata)
    bias = tensors["decoder.head.bias"]
    bias[0], bias[31:] = -30, -30
    save_instrument(tmp_path / "mute.ddsp", tensors, metadata)
    return tmp_path / "mute.ddsp"


def test_equals_python_whatever_the_block(tmp_path, instrument_path):
    audio = phrase()
    for block in (None, 1, 16, 64, 256, 2048):
        played, console = play(tmp_path, audio, f"{TARGET} {instrument_path}", block=block)
        assert not errors(console)
        gathered = max(block or 64, 64) - 64  # samples of silence that Pd puts before the first larger block
        expected = python(instrument_path, np.concatenate([np.zeros(gathered, np.float32), audio]))[: len(played)]
        assert np.abs(expected).max() > 1e-3
        assert np.array_equal(played, expected), block


@pytest.mark.parametrize("rate", [8_000, 44_100, 96_000])
def test_equals_python_at_any_rate(tmp_path, instrument_path, rate):
    audio = phrase(0.8, rate)
    played, _ = play(tmp_path, audio, f"{TARGET} {instrument_path}", rate=rate)
    assert np.array_equal(played, python(instrument_path, audio, rate))


def test_equals_a_fitted_transfer_of_the_same_phrase(tmp_path, instrument_path):
    audio = phrase(f0=110.0)
    instrument = ddsp_rt.load(instrument_path)
    fitting = instrument.fit(ddsp_rt.analyse(audio, RATE), octave=1, loudness=3)
    constants = f"fit 1 3 {fitting.gate_db:.9g}"
    played, _ = play(tmp_path, audio, f"{TARGET} {instrument_path}", [(constants, 0)])
    assert np.array_equal(played, instrument.transfer(audio, RATE, octave=1, loudness=3, tail=False))


def test_every_parameter_does_what_it_does_in_python(tmp_path, living_path):
    """All in one patch, so that many instances play at once; half by message, half by creation argument."""
    values = {
        "transpose": 7, "fine_tune": 40, "input_gain": -12, "gate": 35, "harmonic_gain": -60, "noise_gain": -60,
        "breath": -20, "life": 50, "brightness": 3, "reverb": 0, "dry_wet": 0.25, "output_gain": -6,
        "glide": 200, "auto_fit": 1,
    }  # fmt: skip
    # mean z needs an instrument with z, and morph a second one
    assert set(values) == {parameter["name"] for parameter in _engine.parameters()} - {"mean_z", "morph"}
    audio = phrase(f0=147.0)
    session = Session(tmp_path, len(audio) / RATE)
    source = session.play("in", audio)
    for index, (name, value) in enumerate(values.items()):
        argument = f"@{name} {value}" if index % 2 else ""
        target = session.patch.obj(f"{TARGET} {living_path} {argument}")
        if not argument:
            session.send(target, f"{name} {value}")
        session.patch.connect(source, 0, target, 0)
        session.record(target, name=name)
    played, console = session.run()
    assert not errors(console)
    plain = python(living_path, audio)
    for name, value in values.items():
        assert np.array_equal(played[name], python(living_path, audio, **{name: value})), name
        assert not np.array_equal(played[name], plain), name


def test_transpose_and_output_gain_are_heard(tmp_path, instrument_path):
    audio = phrase(f0=220.0)
    text = f"{TARGET} {instrument_path} @reverb 0 @noise_gain -60"
    plain, _ = play(tmp_path, audio, text)
    moved, _ = play(tmp_path, audio, text, [("transpose 12, output_gain -6", 0)])
    assert pitch(moved) == pytest.approx(2 * pitch(plain), rel=0.005)
    assert np.sqrt(np.mean(moved**2) / np.mean(plain**2)) == pytest.approx(0.5, abs=0.15)


def test_a_parameter_out_of_place_is_one_line(tmp_path, instrument_path):
    audio = phrase(0.5)
    wrong = "reverb much, glide, z perhaps, fit high, fit 1 3 -80 2"
    played, console = play(tmp_path, audio, f"{TARGET} {instrument_path}", [(wrong, 0)])
    assert len(errors(console)) == 5
    assert "reverb: give a number from 0 to 2" in console and console.count("fit: give octaves") == 2
    assert np.array_equal(played, python(instrument_path, audio))


def test_bypass_passes_the_input(tmp_path, instrument_path):
    audio = phrase()
    played, _ = play(tmp_path, audio, f"{TARGET} {instrument_path}", [("bypass 1", 500), ("bypass 0", 1000)])
    through = slice(round(0.525 * RATE), round(0.995 * RATE))
    assert np.array_equal(played[through], audio[through])
    assert np.array_equal(played[round(1.03 * RATE) :], python(instrument_path, audio)[round(1.03 * RATE) :])


def test_reset_ends_the_tail(tmp_path, instrument_path):
    audio = phrase()
    audio[round(0.7 * RATE) :] = 0
    plain = python(instrument_path, audio)
    played, _ = play(tmp_path, audio, f"{TARGET} {instrument_path}", [("reset", 800)])
    assert np.abs(plain[round(0.81 * RATE) :]).max() > 0
    assert np.abs(played[: round(0.79 * RATE)]).max() > 0
    assert np.abs(played[round(0.81 * RATE) :]).max() == 0


def test_reports_what_the_analyser_hears_at_the_rate_asked_for(tmp_path, instrument_path):
    audio = phrase(1.0)
    _, console = play(tmp_path, audio, f"{TARGET} {instrument_path}", [("report 50", 0)], printed=(1, 2, 3))
    f0, periodicity, loudness = ([float(v) for v in re.findall(rf"out{k}: (\S+)", console)] for k in (1, 2, 3))
    assert 19 <= len(f0) <= 23
    at = 6  # 0.3 s into the tone
    assert f0[at] == pytest.approx(330, rel=0.015)
    assert periodicity[at] > 0.8
    assert loudness[at] == pytest.approx(float(ddsp_rt.analyse(audio, RATE).loudness[75]), abs=2)
    assert loudness[1] == -100


def test_range_bounds_the_pitch_that_is_heard(tmp_path, instrument_path):
    audio = phrase(1.0, f0=150.0)
    _, wide = play(tmp_path, audio, f"{TARGET} {instrument_path} @report 300", printed=(1,))
    _, narrow = play(tmp_path, audio, f"{TARGET} {instrument_path} @report 300 @range 200 1000", printed=(2, 4))
    assert float(re.findall(r"out1: (\S+)", wide)[-1]) == pytest.approx(150, rel=0.02)
    assert float(re.findall(r"out2: (\S+)", narrow)[-1]) < 0.5  # rather than an octave inside
    assert "out4: outside -1" in narrow
    _, wrong = play(tmp_path, audio, f"{TARGET} {instrument_path} @range 500 600")
    assert len(errors(wrong)) == 1


def test_learn_fits_to_five_seconds(tmp_path, instrument_path):
    audio = phrase(7.0, f0=98.0)
    played, console = play(
        tmp_path, audio, f"{TARGET} {instrument_path} @reverb 0 @noise_gain -60", [("learn", 0)], printed=(4,)
    )
    assert re.findall(r"out4: learned (\S+)", console) == ["1"]
    before, after = played[round(0.5 * RATE) : 3 * RATE], played[-round(0.8 * RATE) :]
    assert pitch(after) == pytest.approx(2 * pitch(before), rel=0.01)


def test_learn_fits_whatever_is_said_of_z_meanwhile(tmp_path, instrument_path):
    """The choice of the mean timbre is no part of the fit: before, it ended the listening, and nothing was shifted."""
    for messages in ([("z mean", 0), ("learn", 0)], [("learn", 0), ("z mean", 500)]):
        _, console = play(tmp_path, phrase(7.0, f0=98.0), f"{TARGET} {instrument_path}", messages, printed=(4,))
        assert re.findall(r"out4: learned (\S+)", console) == ["1"], messages


def test_info_names_the_instrument_and_its_settings(tmp_path, instrument_path):
    _, console = play(tmp_path, phrase(0.1), f"{TARGET} {instrument_path} @glide 30", [("info", 0)], printed=(4,))
    for line in ("instrument tiny", "licence CC0-1.0", "rate 48000", "range 40 3000", "glide 30"):
        assert f"out4: info {line}" in console


def test_an_instrument_follows_another_without_a_click(tmp_path, instrument_path, mute_path):
    """Loading takes as long as it takes, so the recording begins when `loaded` is reported."""
    session = Session(tmp_path, 0.5)
    p = session.patch
    source = p.obj("phasor~ 220")
    target = p.obj(f"{TARGET} {instrument_path} @reverb 0")
    p.connect(source, 0, target, 0)
    begin = p.msg("; pd dsp 1")
    later = p.obj("del 1000")
    swap = p.msg("instrument mute")  # by name: it lies beside the patch
    loaded = p.obj("route loaded")
    p.connect(session.loaded, 0, begin, 0)
    p.connect(session.loaded, 0, later, 0)
    p.connect(later, 0, swap, 0)
    p.connect(swap, 0, target, 0)
    p.connect(target, 4, loaded, 0)
    p.connect(loaded, 0, p.obj("print loaded"), 0)
    session.trigger = (loaded, 0)
    session.record(target)
    sound, console = session.run()
    assert not errors(console)
    assert "loaded: symbol mute" in console or "loaded: mute" in console
    out = sound["out"]
    assert np.abs(out[: round(0.05 * RATE)]).max() > 0.01
    assert np.abs(out[round(0.2 * RATE) :]).max() < 1e-4
    steady = np.abs(np.diff(out[: round(0.05 * RATE)])).max()
    assert np.abs(np.diff(out)).max() < 1.2 * steady


def test_a_bad_file_is_one_line_and_leaves_the_sound(tmp_path, instrument_path):
    shutil.copy(instrument_path, tmp_path / "broken.ddsp")
    with open(tmp_path / "broken.ddsp", "r+b") as file:
        file.truncate(1000)
    audio = phrase()
    for name in ("broken", "nowhere", "../nowhere.ddsp"):
        played, console = play(tmp_path, audio, f"{TARGET} {instrument_path}", [(f"instrument {name}", 0)])
        assert np.array_equal(played, python(instrument_path, audio))
        assert len(errors(console)) <= 1 if name == "broken" else len(errors(console)) == 1
    silent, console = play(tmp_path, audio, f"{TARGET} broken")
    assert len(errors(console)) == 1
    assert not silent.any()


def test_upsampling_and_overlap_play_and_a_rate_too_high_is_one_line(tmp_path, instrument_path):
    audio = phrase(0.5)
    for block in ("64 1 2", "512 4", "64 1 0.5"):
        played, console = play(tmp_path, audio, f"{TARGET} {instrument_path}", block=block)
        assert not errors(console)
        assert np.isfinite(played).all() and np.abs(played).max() > 1e-4
    played, console = play(tmp_path, audio, f"{TARGET} {instrument_path}", block="64 1 8")
    assert len(errors(console)) == 1
    assert not played.any()


def test_dsp_off_and_on_starts_from_silence(tmp_path, instrument_path):
    audio = phrase(2.0)
    session = Session(tmp_path, 2.0)
    source = session.play("in", audio)
    target = session.patch.obj(f"{TARGET} {instrument_path}")
    session.patch.connect(source, 0, target, 0)
    session.record(target)
    for at, state in ((400, 0), (700, 1)):
        delay, message = session.patch.obj(f"del {at}"), session.patch.msg(f"; pd dsp {state}")
        session.patch.connect(session.order, 0, delay, 0)
        session.patch.connect(delay, 0, message, 0)
    sound, console = session.run()
    assert not errors(console)
    off = round(0.4 * RATE) // 64 * 64  # where Pd stops; player and recording go on from there
    assert np.array_equal(sound["out"][:off], python(instrument_path, audio[:off]))
    heard = len(audio) - round(0.31 * RATE)
    expected = python(instrument_path, audio[off:heard])
    assert not expected[:128].any()
    assert np.array_equal(sound["out"][off:heard], expected)
