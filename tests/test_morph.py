"""Between two instruments: the ends are the instruments, the way is even, and what cannot be is said in a line."""

import pickle

import numpy as np
import pytest
import soundfile
from conftest import tiny_metadata, tiny_tensors

import ddsp_rt
from ddsp_rt import _engine
from ddsp_rt.cli import main
from ddsp_rt.errors import UsageError
from ddsp_rt.evaluation.clicks import find_clicks
from ddsp_rt.instrument_file import save_instrument

RATE = 48_000


@pytest.fixture(scope="module")
def paths(tmp_path_factory):
    """Two instruments that differ in rate, in numbers of harmonics and bands, in level, range and room."""
    folder = tmp_path_factory.mktemp("two")
    metadata = tiny_metadata("low")
    metadata["quantiles"]["pitch_midi"] = [p - 12 for p in metadata["quantiles"]["pitch_midi"]]
    save_instrument(folder / "low.ddsp", tiny_tensors(metadata), metadata)
    metadata = tiny_metadata("high") | {"model_rate": 44_100}
    metadata["architecture"]["decoder"] |= {"harmonics": 60, "noise_bands": 40}
    metadata["architecture"]["reverb"]["length"] = 30_000
    metadata["quantiles"]["loudness_db"] = [db + 8 for db in metadata["quantiles"]["loudness_db"]]
    tensors = tiny_tensors(metadata, seed=8)
    tensors["decoder.head.bias"][0] = 1.0
    tensors["decoder.head.bias"][1:61] = -0.05 * np.arange(60)
    save_instrument(folder / "high.ddsp", tensors, metadata)
    return folder / "low.ddsp", folder / "high.ddsp"


@pytest.fixture(scope="module")
def two(paths):
    return tuple(map(ddsp_rt.load, paths))


def loudness(audio):
    """Median, A-weighted, dB, of the steady part of a second and more."""
    return float(np.median(ddsp_rt.analyse(audio, RATE, mfcc=False).loudness[120:240]))


def test_the_ends_of_a_transfer_are_the_instruments_own(two, tone):
    low, high = two
    audio = tone(RATE, 0.6, 300.0)
    np.testing.assert_array_equal(ddsp_rt.Morph(low, high, 0).transfer(audio, RATE), low.transfer(audio, RATE))
    at_the_end = ddsp_rt.Morph(low, high, 100).transfer(audio, RATE)
    np.testing.assert_allclose(at_the_end, high.transfer(audio, RATE), atol=1e-6)


def test_on_the_way_the_level_moves_one_way_and_nothing_dips(two, tone):
    audio = tone(RATE, 1.2, 300.0)
    levels = [
        loudness(ddsp_rt.Morph(*two, amount).transfer(audio, RATE, octave=0, loudness=0, reverb=0))
        for amount in (0, 10, 25, 50, 75, 90, 100)
    ]
    assert levels[-1] > levels[0] + 5
    assert (np.diff(levels) > -0.1).all()
    assert levels[3] == pytest.approx((levels[0] + levels[-1]) / 2, abs=0.5)


@pytest.mark.parametrize("frames", [3, 250])
def test_morph_swept_under_a_note_makes_no_click(two, tone, frames):
    """From end to end within some frames, and by an even second of automation; a block a frame."""
    stream = ddsp_rt.Morph(*two, 0).stream(RATE)
    audio = tone(RATE, 3.0, 300.0)
    blocks = []
    for k, block in enumerate(audio.reshape(-1, 192)):
        stream.set("morph", 100 * np.clip((k - 250) / frames, 0, 1))
        blocks.append(stream.process(block))
    played = np.concatenate(blocks)[RATE // 2 :]
    assert stream.get("morph") == 100 and np.abs(played).max() > 0.01
    assert len(find_clicks(played, RATE)) == 0


def test_the_fit_lies_between_and_notes_play_it(two, tone):
    low, high = two
    heard = ddsp_rt.analyse(tone(RATE, 1.0, 300.0), RATE, mfcc=False)
    fits = [ddsp_rt.Morph(low, high, amount).fit(heard) for amount in (0, 50, 100)]
    offsets = [fit.loudness_offset_db for fit in fits]
    assert offsets[1] == pytest.approx((offsets[0] + offsets[2]) / 2, abs=0.01)
    assert offsets[0] == low.fit(heard).loudness_offset_db and offsets[2] == high.fit(heard).loudness_offset_db

    def held(instrument):
        notes = instrument.notes(RATE)
        notes.note_on(60)
        return notes.process(RATE)

    np.testing.assert_array_equal(held(ddsp_rt.Morph(low, high, 0)), held(low))
    np.testing.assert_allclose(held(ddsp_rt.Morph(low, high, 100))[9600:], held(high)[9600:], atol=1e-6)


def test_a_stream_goes_to_two_instruments_and_back(two, tone):
    low, high = two
    stream = low.stream(RATE)
    audio = tone(RATE, 2.0, 300.0)
    stream.process(audio)
    alone = loudness(stream.process(audio)[: RATE * 5 // 4])
    stream.instrument = ddsp_rt.Morph(low, high, 80)
    stream.process(audio)
    assert stream.get("morph") == 80 and stream.instrument.amount == 80
    assert loudness(stream.process(audio)[: RATE * 5 // 4]) > alone + 3
    stream.instrument = low
    stream.process(audio)
    assert loudness(stream.process(audio)[: RATE * 5 // 4]) == pytest.approx(alone, abs=0.1)


def test_weights_are_read_from_the_name(paths):
    low, high = map(str, paths)
    assert ddsp_rt.load(f"{low}:0.6,{high}:0.4").amount == pytest.approx(40)
    assert ddsp_rt.load(f"{low}:3, {high}:1").amount == pytest.approx(25)
    assert ddsp_rt.load(f"{low},{high}").amount == 50
    between = pickle.loads(pickle.dumps(ddsp_rt.load(f"{low},{high}:0")))
    assert between.amount == 0 and between.name == "low 100 % and high 0 %"


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("{low}:0.6,{high}:0.4,{low}:0.1", "two instruments"),
        ("{low}:0.6,", "two instruments"),
        (":0.6,{high}:0.4", "two instruments"),
        ("{low}:0,{high}:0", "above 0"),
        ("{low}:-1,{high}:2", "0 or more"),
        ("{low}:nan,{high}:2", "0 or more"),
        ("{low}:0.5,tubular bells:0.5", "tubular bells"),
    ],
)
def test_what_names_no_two_instruments_is_said(paths, name, said):
    with pytest.raises(UsageError, match=said):
        ddsp_rt.load(name.format(low=paths[0], high=paths[1]))


def test_what_lies_between_two_is_no_third(two):
    between = ddsp_rt.Morph(*two)
    with pytest.raises(UsageError, match="one instrument"):
        ddsp_rt.Morph(between, two[0])
    for amount in (101, float("nan"), None, "half"):
        with pytest.raises(UsageError, match="0 to 100"):
            ddsp_rt.Morph(*two, amount)


def test_transfer_from_the_command_line(paths, tone, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DDSP_RT_PATH", str(paths[0].parent))
    soundfile.write("voice.wav", tone(RATE, 0.5, 300.0), RATE)
    assert main(["transfer", "voice.wav", "--to", "low:0.6,high:0.4", "--bit-depth", "float"]) == 0
    made, _ = soundfile.read("voice-low-60-high-40.wav", dtype="float32")
    expected = ddsp_rt.load("low:0.6,high:0.4").transfer(soundfile.read("voice.wav", dtype="float32")[0], RATE)
    np.testing.assert_allclose(made, expected, atol=1e-4)
    capsys.readouterr()
    for command in (
        ["info", "low:0.6,high:0.4"],
        ["export", "low:0.6,high:0.4", "-o", "x.ts", "--format", "torchscript"],
        ["transfer", "voice.wav", "--to", "low,high", "-o", "x.wav", "--figure", "x.png"],
        ["room", "low,high", "hall", "-o", "x.ddsp"],
    ):
        assert main(command) == 2
        assert "this takes one instrument" in capsys.readouterr().err


def test_keys_in_a_live_session_come_back_to_what_lies_between(paths, monkeypatch):
    from ddsp_rt.live.commands import _Player

    class Swaps(list):
        swap = list.append

    monkeypatch.setenv("DDSP_RT_PATH", str(paths[0].parent))
    between, session = ddsp_rt.load("low:0.6,high:0.4"), Swaps()
    player = _Player(session, between, RATE, 1.0, from_keys=False)
    player.press("right")
    assert player.look.instrument in {ddsp_rt.load(path).name for path in ddsp_rt.list_instruments()}
    player.press("left")
    assert player.instrument is between and session[-1] is between.instruments
    assert player.look.instrument == between.name
    alone = _Player(Swaps(), ddsp_rt.load("low"), RATE, 1.0, from_keys=False)
    for _ in ddsp_rt.list_instruments():
        alone.press("right")
    assert alone.look.instrument == "low"


@pytest.mark.parametrize("rate", [16_000, 48_000])
@pytest.mark.parametrize("share", [0.05, 0.4, 0.9])
def test_engine_and_twin_agree_on_what_lies_between(rate, share):
    torch = pytest.importorskip("torch")
    from ddsp_rt.synthesis import ControlBlend, ControlFormat

    random = np.random.default_rng(4)
    formats = ControlFormat(16_000, 30, 17), ControlFormat(44_100, 60, 65)
    twin = ControlBlend(rate, *formats)
    for f0 in (55.0, 310.0, 2400.0):
        controls = [
            (np.float32(level), *(random.uniform(1e-4, top, n).astype(np.float32) for top, n in sizes))
            for level, sizes in zip((0.3, 0.02), [[(1.0, f.harmonics), (0.02, f.bands)] for f in formats])
        ]
        engine = _engine.blend_controls(rate, f0, *((f.model_rate, *c) for f, c in zip(formats, controls)), share)
        batches = [tuple(torch.tensor(x).reshape(1, 1, *np.shape(x)) for x in c) for c in controls]
        harmonics, noise = twin(torch.tensor([[f0]]), *batches, share)
        np.testing.assert_allclose(engine[0], harmonics[0, 0].numpy(), rtol=2e-4, atol=1e-7)
        np.testing.assert_allclose(engine[1], noise[0, 0, : len(engine[1])].numpy(), rtol=2e-4, atol=1e-7)
        assert engine[0].max() > 3e-4 and engine[1].max() > 1e-4
