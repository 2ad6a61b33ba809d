"""How notes begin and move: what is measured of made notes is what they were made with."""

import numpy as np
import pytest
import soundfile
from conftest import tiny_metadata, tiny_tensors

import ddsp_rt
from ddsp_rt.cli import main
from ddsp_rt.instrument_file import load_instrument, save_instrument
from ddsp_rt.training.note_manner import NoteManner

FRAME = 0.004  # seconds


def melody(attack=0.1, rate=5.5, depth=25.0, delay=0.3, seconds=1.5, rest=0.4, notes=6, drift=0.0, step=0.001):
    """Notes with a rest before each: time, MIDI pitch and level in dB (-120 in rests), every `step` seconds.

    Each rises by 40 dB in `attack` seconds and falls within 0.1 s; its vibrato begins after `delay` and reaches `depth`
    cents 0.2 s later, over a pitch that moves by `drift` cents a second.
    """
    pitch, level = [], []
    for note in range(notes):
        t = np.arange(0, seconds, step)
        moving = depth * np.clip((t - delay) / 0.2, 0, 1) * np.sin(2 * np.pi * rate * (t - delay))
        key = 60 + 2 * note
        level += [np.full(round(rest / step), -120.0), np.clip(40 * t / attack - 60, -60, -20)]
        level[-1][-round(0.1 / step) :] -= np.linspace(0, 60, round(0.1 / step))
        pitch += [np.full(round(rest / step), float(key)), key + (moving + drift * t) / 100]
    return np.concatenate(pitch), np.concatenate(level)


def measured(**made):
    """Of frames that say what was played."""
    pitch, level = melody(step=FRAME, **made)
    manner = NoteManner()
    manner.add(440 * 2 ** ((pitch - 69) / 12), np.where(level > -70, 0.95, 0.1), level, np.ones(len(level)))
    return manner.table()


@pytest.mark.parametrize("attack", [0.02, 0.08, 0.3])
def test_the_attack_is_the_time_of_40_db(attack):
    assert measured(attack=attack)["attack"] == pytest.approx(1000 * attack, abs=2)


@pytest.mark.parametrize("rate", [4.3, 5.5, 7.1])
@pytest.mark.parametrize("depth", [8.0, 25.0, 70.0])
def test_vibrato_has_the_rate_and_depth_it_was_played_with(rate, depth):
    table = measured(rate=rate, depth=depth, drift=8.0, seconds=2.0)
    assert table["vibrato_rate"] == pytest.approx(rate, rel=0.02)
    assert table["vibrato_depth"] == pytest.approx(depth, rel=0.06)


@pytest.mark.parametrize("delay", [0.0, 0.25, 0.6])
def test_the_delay_is_the_note_doors(delay):
    assert measured(delay=delay, seconds=2.5)["vibrato_delay"] == pytest.approx(1000 * delay, abs=60)


@pytest.mark.parametrize("played", [{"depth": 0.0}, {"depth": 0.0, "drift": 60.0}, {"rate": 1.2}])
def test_what_drifts_or_swings_slowly_has_no_vibrato(played):
    table = measured(**played)
    assert table["vibrato_depth"] == 0 and "vibrato_rate" not in table


def test_most_notes_decide_and_few_tell_nothing():
    manner = NoteManner()
    for depth, notes in ((30.0, 2), (0.0, 3)):
        pitch, level = melody(step=FRAME, depth=depth, notes=notes)
        manner.add(440 * 2 ** ((pitch - 69) / 12), np.where(level > -70, 0.95, 0.1), level, np.ones(len(level)))
    assert manner.table()["vibrato_depth"] == 0
    assert measured(notes=2) == {} and measured(seconds=0.4).keys() == {"attack"}


def test_a_note_that_is_slurred_to_has_no_attack_of_its_own():
    """Nor has one that swells out of another."""
    pitch, level = melody(step=FRAME, rest=0.0)
    level = np.clip(level, -20.0, None) + np.linspace(0, 12, len(level))
    manner = NoteManner()
    manner.add(440 * 2 ** ((pitch - 69) / 12), np.full(len(level), 0.95), level, np.ones(len(level)))
    assert not manner.attacks


def test_frames_that_cannot_be_used_do_not_count():
    pitch, level = melody(step=FRAME)
    manner = NoteManner()
    manner.add(440 * 2 ** ((pitch - 69) / 12), np.full(len(level), 0.95), level, np.zeros(len(level)))
    assert manner.table() == {}


@pytest.fixture
def recording(tmp_path):
    """Sound with ten harmonics, played as `melody` says."""
    rate = 16_000
    pitch, level = melody(attack=0.12, rate=6.0, depth=30.0, delay=0.3, step=1 / rate)
    phase = np.cumsum(440 * 2 ** ((pitch - 69) / 12)) / rate
    sound = sum(np.sin(2 * np.pi * h * phase) / h for h in range(1, 11)) * 10 ** (level / 20)
    soundfile.write(tmp_path / "melody.wav", sound, rate, subtype="FLOAT")
    return tmp_path / "melody.wav"


def test_the_command_stores_what_it_hears_and_the_note_door_plays_it(tmp_path, recording, capsys, monkeypatch):
    monkeypatch.setenv("DDSP_RT_CACHE", str(tmp_path / "cache"))
    path, metadata = tmp_path / "tiny.ddsp", tiny_metadata()
    save_instrument(path, tiny_tensors(metadata), metadata)
    before = load_instrument(path)
    assert main(["notes", str(recording)]) == 0
    assert "rise by 40 dB" in capsys.readouterr().out and load_instrument(path)[0] == before[0]
    assert main(["notes", str(recording), "--into", str(path)]) == 0
    after = load_instrument(path)
    told = after[0].pop("notes")
    assert after[0] == before[0]
    assert all(np.array_equal(after[1][name], values) for name, values in before[1].items())
    assert told["attack"] == pytest.approx(120, abs=15)
    assert told["vibrato_rate"] == pytest.approx(6.0, rel=0.02)
    assert told["vibrato_depth"] == pytest.approx(30.0, rel=0.06)
    assert told["vibrato_delay"] == pytest.approx(300, abs=60)
    notes = ddsp_rt.load(path).notes(48_000)
    for name, value in told.items():
        assert notes.get(name) == pytest.approx(value, rel=1e-6)
    notes.set("attack", 30.0)
    assert notes.get("attack") == 30.0
    notes.set("attack", float("nan"))
    assert notes.get("attack") == pytest.approx(told["attack"], rel=1e-6)
    assert main(["info", str(path)]) == 0 and "vibrato of 6.0 Hz and 3" in capsys.readouterr().out.split("\nnotes ")[1]


def test_notes_played_through_the_door_measure_as_they_were_set(instrument_path):
    """The door's own words and the measure's are the same."""
    notes = ddsp_rt.load(instrument_path).notes(16_000)
    settings = {"attack": 150.0, "vibrato_rate": 5.0, "vibrato_depth": 20.0, "vibrato_delay": 200.0, "release": 100.0}
    for name, value in settings.items():
        notes.set(name, value)
    heard = []
    for key in (60, 64, 67, 72):
        for frame in range(450):
            if frame in (0, 350):
                (notes.note_on if frame == 0 else notes.note_off)(key)
            notes.process(64)
            sounding = notes.sounding()
            heard.append(sounding[0][2:] if sounding else (440.0, -120.0))
    f0, loudness = np.array(heard).T
    manner = NoteManner()
    manner.add(f0, np.where(loudness > -100, 0.95, 0.1), loudness, np.ones(len(f0)))
    table = manner.table()
    assert table["attack"] == pytest.approx(150, abs=3)
    assert table["vibrato_rate"] == pytest.approx(5.0, rel=0.02)
    assert table["vibrato_depth"] == pytest.approx(20.0, rel=0.05)
    assert table["vibrato_delay"] == pytest.approx(200, abs=40)


def test_an_instrument_that_cannot_be_read_is_told_before_the_work(tmp_path, recording, capsys):
    assert main(["notes", str(recording), "--into", str(tmp_path / "none.ddsp")]) == 2
    assert "none.ddsp" in capsys.readouterr().err
