"""A live stream in Python: it finds the octave, changes its instrument, tells what it hears, keeps to one thread."""

import copy
import itertools
import pickle
import threading

import numpy as np
import pytest
from conftest import tiny_metadata, tiny_tensors

import ddsp_rt
from ddsp_rt.instrument_file import save_instrument

RATE = 16_000


@pytest.fixture
def tiny(instrument_path):
    return ddsp_rt.load(instrument_path)


def pitch(audio, rate=RATE):
    """Median f0 in Hz of the second half of the audio."""
    features = ddsp_rt.analyse(audio, rate)
    half = slice(len(features) // 2, None)
    return np.median(features.f0[half][features.voiced[half]])


@pytest.mark.parametrize(("sung", "octaves"), [(110.0, 1), (440.0, 0), (1800.0, -1)])
def test_a_live_performance_is_played_in_the_instruments_range(tiny, tone, sung, octaves):
    stream = tiny.stream(RATE, fit="auto", reverb=0)
    played = np.concatenate([stream.process(block) for block in np.array_split(tone(RATE, 1.5, sung), 100)])
    assert pitch(played) == pytest.approx(sung * 2.0**octaves, rel=0.01)
    assert stream.fitting.octave == octaves


def test_without_a_fit_the_pitch_is_played_as_it_is(tiny, tone):
    assert pitch(tiny.stream(RATE, reverb=0).process(tone(RATE, 1.0, 110.0))) == pytest.approx(110, rel=0.01)


@pytest.mark.parametrize("rate", [16_000, 44_100])
def test_any_cutting_gives_the_same_samples_while_the_octave_is_found(tiny, tone, rate):
    audio = tone(rate, 0.4, 110.0)
    whole = tiny.stream(rate, fit="auto").process(audio)
    stream, cuts = tiny.stream(rate, fit="auto"), [0, 1, 2, 66, 507, 508, 4000, len(audio)]
    parts = [stream.process(audio[a:b]) for a, b in itertools.pairwise(cuts)]
    assert np.array_equal(np.concatenate(parts), whole)


def test_a_known_fit_plays_as_a_transfer_does(tiny, tone):
    audio = tone(RATE, 0.5, 110.0)
    stream = tiny.stream(RATE, fit=tiny.fit(ddsp_rt.analyse(audio, RATE)))
    assert np.array_equal(stream.process(audio), tiny.transfer(audio, RATE, tail=False))
    again = tiny.stream(RATE)
    again.fitting = stream.fitting
    assert np.array_equal(again.process(audio), tiny.transfer(audio, RATE, tail=False))


def test_it_learns_from_five_seconds(tiny, tone):
    stream = tiny.stream(RATE)
    stream.learn()
    stream.process(tone(RATE, 4.5, 110.0))
    assert stream.learning and stream.fitting.octave == 0
    stream.process(tone(RATE, 1.5, 110.0))
    assert not stream.learning and stream.fitting.octave == 1


def test_another_instrument_takes_over_and_parameters_stay(tiny, tone, tmp_path):
    metadata = tiny_metadata("other")
    save_instrument(tmp_path / "other.ddsp", tiny_tensors(metadata, seed=6), metadata)
    other = ddsp_rt.load(tmp_path / "other.ddsp")
    audio = tone(RATE, 2.0)
    stream = tiny.stream(RATE, reverb=0.5)
    stream.process(audio[:RATE])
    stream.instrument = other
    assert stream.instrument is other and stream.get("reverb") == 0.5
    late = [stream.process(audio[RATE:])[-1000:]]
    for instrument in (tiny, other):
        whole = instrument.stream(RATE, reverb=0.5)
        late.append(whole.process(audio)[-1000:])
    swapped, old, new = (np.abs(np.fft.rfft(part * np.hanning(1000))) for part in late)
    assert np.linalg.norm(swapped - new) < 0.1 * np.linalg.norm(swapped - old)


def test_features_and_levels_are_those_of_what_it_hears(tiny, tone):
    stream = tiny.stream(RATE, reverb=0)
    assert stream.levels == (-120, -120)
    played = stream.process(tone(RATE, 1.0, 440.0, level=0.5))
    heard = stream.features
    assert heard.f0 == pytest.approx(440, rel=0.005) and heard.periodicity > 0.9 and -20 < heard.loudness < 0
    assert stream.levels.input == pytest.approx(20 * np.log10(0.5), abs=0.1)
    assert stream.levels.output == pytest.approx(20 * np.log10(np.abs(played[-2000:]).max()), abs=1)
    stream.process(np.zeros(RATE // 2, np.float32))
    assert stream.levels.input == pytest.approx(20 * np.log10(0.5) - 10, abs=0.2)
    stream.reset()
    assert stream.levels.input == -120


def test_a_second_thread_is_refused_and_the_first_one_plays_on(tiny, tone):
    audio = tone(RATE, 6.0)
    expected = tiny.stream(RATE).process(audio)
    stream, refused, played = tiny.stream(RATE), [], []
    started = threading.Event()

    def play():
        started.set()
        played.append(stream.process(audio))

    first = threading.Thread(target=play)
    first.start()
    started.wait()
    while first.is_alive() and not refused:
        try:
            stream.process(np.zeros(0, np.float32))
        except ddsp_rt.UsageError as error:
            refused.append(str(error))
    first.join()
    assert refused and "thread" in refused[0] and "\n" not in refused[0]
    assert np.array_equal(played[0], expected)


def test_other_threads_may_set_and_ask_while_it_plays(tiny, tone):
    stream = tiny.stream(RATE, fit="auto")
    done = threading.Event()

    def turn_the_knobs():
        while not done.is_set():
            stream.set("brightness", 3.0)
            stream.instrument = tiny
            assert stream.features.f0 >= 0 and stream.levels.input <= 0

    knobs = threading.Thread(target=turn_the_knobs)
    knobs.start()
    played = [stream.process(block) for block in np.array_split(tone(RATE, 3.0), 50)]
    done.set()
    knobs.join()
    assert np.isfinite(np.concatenate(played)).all() and stream.get("brightness") == 3.0


def test_an_instrument_pickles_and_copies_by_its_path(tiny, tone):
    audio = tone(RATE, 0.3)
    for other in (pickle.loads(pickle.dumps(tiny)), copy.deepcopy(tiny)):
        assert other.path == tiny.path and other.metadata == tiny.metadata
        assert np.array_equal(other.transfer(audio, RATE), tiny.transfer(audio, RATE))
    assert len(pickle.dumps(tiny)) < 1000


def stereo(samples=1000):
    return np.zeros((samples, 2), np.float32)


MISTAKES = {
    "stereo to write_audio": (lambda i, folder: ddsp_rt.write_audio(folder / "a.wav", stereo(), RATE), "shape"),
    "whole numbers to write_audio": (lambda i, folder: ddsp_rt.write_audio(folder / "a.wav", [1, 2], RATE), "int64"),
    "no rate": (lambda i, folder: ddsp_rt.write_audio(folder / "a.wav", stereo()[:, 0], 0), "sample rate 0"),
    "a broken rate": (lambda i, folder: ddsp_rt.write_audio(folder / "a.wav", stereo()[:, 0], 44100.5), "44100.5"),
    "no path": (lambda i, folder: ddsp_rt.write_audio(7, stereo()[:, 0], RATE), "path"),
    "a number to read": (lambda i, folder: ddsp_rt.read_audio(7), "path"),
    "a number to load": (lambda i, folder: ddsp_rt.load(7), "path"),
    "stereo to analyse": (lambda i, folder: ddsp_rt.analyse(stereo(), RATE), "shape"),
    "a text as rate": (lambda i, folder: ddsp_rt.analyse(stereo()[:, 0], "fast"), "sample rate fast"),
    "nan as rate": (lambda i, folder: ddsp_rt.analyse(stereo()[:, 0], float("nan")), "sample rate nan"),
    "nothing as rate": (lambda i, folder: i.stream(None), "sample rate None"),
    "stereo to transfer": (lambda i, folder: i.transfer(stereo(), RATE), "shape"),
    "rows of different lengths": (lambda i, folder: i.transfer([[0.0], [0.0, 1.0]], RATE), "not an array"),
    "text as audio": (lambda i, folder: i.transfer("voice.wav", RATE), "shape"),
    "half an octave": (lambda i, folder: i.transfer(stereo()[:, 0], RATE, octave=0.5), "octave 0.5"),
    "a loudness beyond": (lambda i, folder: i.transfer(stereo()[:, 0], RATE, loudness=99), "loudness 99"),
    "an unknown z": (lambda i, folder: i.stream(RATE, z="median"), "z median"),
    "an unknown fit": (lambda i, folder: i.stream(RATE, fit="tight"), "fit tight"),
    "no features": (lambda i, folder: i.fit([440.0]), "features"),
    "no fitting": (lambda i, folder: setattr(i.stream(RATE), "fitting", 2), "fitting"),
    "no instrument": (lambda i, folder: setattr(i.stream(RATE), "instrument", "violin"), "instrument"),
    "an unknown parameter": (lambda i, folder: i.stream(RATE).set("revreb", 1), "transpose"),
    "asked for an unknown one": (lambda i, folder: i.stream(RATE).get("revreb"), "transpose"),
    "a name that is no text": (lambda i, folder: i.stream(RATE).set(1, 1), "type int"),
    "asked for such a one": (lambda i, folder: i.stream(RATE).get(None), "type NoneType"),
    "an empty path": (lambda i, folder: ddsp_rt.read_audio(""), "the path is empty"),
    "no value": (lambda i, folder: i.stream(RATE).set("reverb", "much"), "reverb much"),
    "a stereo block": (lambda i, folder: i.stream(RATE).process(stereo()), "shape"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_one_line_and_nothing_is_written(tiny, tmp_path, mistake):
    make, says = MISTAKES[mistake]
    with pytest.raises(ddsp_rt.UsageError) as caught:
        make(tiny, tmp_path)
    assert says in str(caught.value) and "\n" not in str(caught.value)
    assert not list(tmp_path.iterdir())
