"""Playing an instrument from Python: pitch follows, silence stays, blocks do not matter, files and arrays agree."""

import itertools
from pathlib import Path

import numpy as np
import pytest
import soundfile

import ddsp_rt
from ddsp_rt.cli import main
from ddsp_rt.evaluation.clicks import find_clicks
from ddsp_rt.transfer import transfer_file

ROOT = Path(__file__).parents[1]
RATE = 16_000


@pytest.fixture
def tiny(instrument_path):
    return ddsp_rt.load(instrument_path)


def pitch(audio, rate):
    """Median f0 in Hz of the second half of the audio."""
    features = ddsp_rt.analyse(audio, rate)
    half = slice(len(features) // 2, None)
    return np.median(features.f0[half][features.voiced[half]])


@pytest.mark.parametrize("rate", [16_000, 44_100, 96_000])
@pytest.mark.parametrize("octave", [-1, 0, 2])
def test_the_instrument_plays_the_pitch_that_is_sung(tiny, tone, rate, octave):
    audio = tiny.transfer(tone(rate, 1.0, 330.0), rate, octave=octave, reverb=0)
    assert audio.dtype == np.float32
    assert pitch(audio[:rate], rate) == pytest.approx(330 * 2.0**octave, rel=0.01)


def test_a_low_voice_is_brought_into_the_instruments_range(tiny, tone):
    features = ddsp_rt.analyse(tone(RATE, 1.0, 98.0), RATE)
    assert tiny.fit(features).octave >= 1
    assert tiny.fit(features, octave=0).octave == 0


def test_features_name_the_tone(tone):
    features = ddsp_rt.analyse(tone(RATE, 1.0, 440.0, level=0.5), RATE)
    late = slice(50, None)
    assert len(features) == 250 and features.voiced[late].all() and features.mfcc is None
    assert np.abs(features.midi[late] - 69).max() < 0.5
    assert features.times[100] == pytest.approx(0.4)
    assert ddsp_rt.analyse(tone(), RATE, mfcc=True).mfcc.shape == (250, 30)


def test_silence_is_silence(tiny):
    audio = tiny.transfer(np.zeros(RATE, np.float32), RATE)
    assert not audio.any() and len(audio) == RATE


def test_any_cutting_gives_the_same_samples(tiny, tone):
    audio = tone(RATE, 0.5)
    whole = tiny.stream(RATE).process(audio)
    stream, cuts = tiny.stream(RATE), [0, 1, 2, 66, 507, 508, 4000, len(audio)]
    parts = [stream.process(audio[a:b]) for a, b in itertools.pairwise(cuts)]
    assert np.array_equal(np.concatenate(parts), whole)
    stream.reset()
    assert np.array_equal(stream.process(audio), whole)


def test_the_tail_sounds_on_to_minus_80_and_no_further(tiny, tone):
    audio = tone(RATE, 0.5)
    short, long = tiny.transfer(audio, RATE, tail=False), tiny.transfer(audio, RATE)
    assert len(short) == len(audio) < len(long) <= len(audio) + 20 * RATE
    assert np.array_equal(long[: len(short)], short)
    assert abs(long[-1]) >= 1e-4
    on = tiny.stream(RATE)
    on.set("reverb", 1.0)
    dry = tiny.transfer(audio, RATE, reverb=0)
    assert len(dry) < len(long)


def test_loudness_can_be_offset(tiny, tone):
    soft = ddsp_rt.analyse(tone(RATE, 1.0, level=0.05), RATE)
    plain, louder = tiny.fit(soft, loudness=0), tiny.fit(soft, loudness=10)
    assert plain.map_loudness(-30) == pytest.approx(-30)
    assert louder.map_loudness(-30) == pytest.approx(-20)


def test_values_and_shapes_are_checked(tiny, tone):
    for bad in (np.zeros((2, 100), np.float32), np.zeros(100, np.int16)):
        with pytest.raises(ddsp_rt.UsageError):
            tiny.transfer(bad, RATE)
    for options in ({"octave": 9}, {"octave": 0.5}, {"loudness": 99}, {"reverb": -1}, {"sample_rate": 4000}):
        with pytest.raises(ddsp_rt.UsageError):
            tiny.transfer(tone(), **{"sample_rate": RATE, **options})
    with pytest.raises(ddsp_rt.UsageError, match="reverb"):
        tiny.stream(RATE).set("revreb", 1)


def test_a_file_and_an_array_give_the_same_sound(tiny, tone, tmp_path):
    audio = tone(44_100, 4.0)  # more than one block
    soundfile.write(tmp_path / "in.wav", audio, 44_100, subtype="FLOAT")
    made = transfer_file(tiny, tmp_path / "in.wav", tmp_path / "out.wav", bit_depth="float")
    written, rate = soundfile.read(tmp_path / "out.wav", dtype="float32")
    assert rate == 44_100 and np.array_equal(written, tiny.transfer(audio, 44_100))
    assert made.seconds == pytest.approx(4.0) and made.tail > 0


def test_a_result_beyond_full_scale_is_turned_down_whole(tiny, tone, tmp_path):
    soundfile.write(tmp_path / "in.wav", tone(RATE, 1.0, level=0.9), RATE, subtype="FLOAT")
    float_file, integer_file = tmp_path / "f.wav", tmp_path / "i.wav"
    options = {"loudness": 60, "reverb": 2.0}
    transfer_file(tiny, tmp_path / "in.wav", float_file, bit_depth="float", **options)
    loud, _ = soundfile.read(float_file)
    made = transfer_file(tiny, tmp_path / "in.wav", integer_file, bit_depth="24", **options)
    quiet, _ = soundfile.read(integer_file)
    gain = 10 ** (made.gain_db / 20)
    assert np.abs(quiet).max() < 1
    assert np.abs(quiet - gain * loud).max() < 1e-5
    assert (gain < 1) == (np.abs(loud).max() > 1)


def test_the_result_can_have_another_rate(tiny, tone, tmp_path):
    soundfile.write(tmp_path / "in.wav", tone(22_050, 1.0, 440.0), 22_050)
    made = transfer_file(tiny, tmp_path / "in.wav", tmp_path / "out.wav", sample_rate=48_000, octave=0, reverb=0)
    audio, rate = soundfile.read(tmp_path / "out.wav")
    assert rate == made.rate == 48_000 and made.seconds == pytest.approx(1.0, abs=0.001)
    assert pitch(audio[:48_000].astype(np.float32), rate) == pytest.approx(440, rel=0.01)


def test_the_command_draws_what_it_played(instrument_path, tone, tmp_path):
    soundfile.write(tmp_path / "in.wav", tone(RATE, 1.0), RATE)
    out, picture = tmp_path / "out.wav", tmp_path / "out.png"
    arguments = ["transfer", tmp_path / "in.wav", "--to", instrument_path, "-o", out, "--figure", picture]
    assert main([str(argument) for argument in arguments]) == 0
    assert picture.read_bytes().startswith(b"\x89PNG") and soundfile.info(out).frames >= RATE


def test_the_picture_is_of_the_channel_that_is_played(instrument_path, tone, tmp_path):
    both = tmp_path / "in.wav"
    soundfile.write(both, np.stack([tone(RATE, 1.0, 330.0), tone(RATE, 1.0, 440.0)], axis=1), RATE)
    pictures = [tmp_path / name for name in ("transfer.png", "second.png", "first.png")]
    to = [both, "--to", instrument_path, "-o"]
    for arguments in (
        ["transfer", *to, tmp_path / "out.wav", "--channel", 2, "--figure", pictures[0]],
        ["figure", *to, pictures[1], "--channel", 2],
        ["figure", *to, pictures[2], "--channel", 1],
    ):
        assert main([str(argument) for argument in arguments]) == 0
    played, second, first = (picture.read_bytes() for picture in pictures)
    assert played == second != first


@pytest.mark.parametrize("rate", [16_000, 48_000])
def test_parameters_move_without_a_click(rate):
    """Each of them from end to end and back in the middle of a note."""
    time = np.arange(4 * rate) / rate
    phase = 2 * np.pi * np.cumsum(330 * 2 ** (0.3 * np.sin(2 * np.pi * 5 * time) / 12)) / rate
    note = sum(0.05 * np.sin(h * phase) / h**1.3 for h in range(1, 11)).astype(np.float32)
    violin, block = ddsp_rt.load(ROOT / "instruments" / "violin.ddsp"), rate // 100
    clicks = {}
    for parameter in violin.stream(rate).parameters():
        ends = (parameter["minimum"], parameter["maximum"])
        stream, played = violin.stream(rate), []
        for k, start in enumerate(range(0, len(note), block)):
            if k >= 100 and k % 37 == 0:
                stream.set(parameter["name"], (*ends, parameter["initial"])[k // 37 % 3])
            played.append(stream.process(note[start : start + block]))
        clicks[parameter["name"]] = len(find_clicks(np.concatenate(played)[rate // 2 :], rate))
    assert clicks == dict.fromkeys(clicks, 0)


def test_a_whistle_beyond_the_range_is_told_and_not_played_an_octave_lower(tiny, tone, tmp_path):
    features = ddsp_rt.analyse(tone(RATE, 1.0, 4000.0), RATE)
    assert not features.voiced.any()
    assert (features.outside[25:] == 1).all() and features.outside_share() == (0, pytest.approx(1, abs=0.1))
    soundfile.write(tmp_path / "whistle.wav", tone(RATE, 1.0, 4000.0), RATE)
    made = transfer_file(tiny, tmp_path / "whistle.wav", tmp_path / "played.wav")
    assert any("above the pitches that are followed (40 to 3000 Hz)" in note for note in made.notes)
