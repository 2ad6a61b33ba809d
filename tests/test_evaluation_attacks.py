"""The noise of attacks: spoilt by a known amount the figure moves by it, and left alone it stands."""

from functools import cache

import numpy as np
import pytest

from ddsp_rt.evaluation.attacks import attack_noise, find_notes, median_attack_noise
from ddsp_rt.evaluation.lags import centred_f0
from ddsp_rt.evaluation.loudness import measure_loudness

RATE = 16_000
ONSETS = np.arange(6) * 0.8 + 0.3  # seconds
LASTS = 0.6


@cache
def bright(f0, onset):
    """A tone of all harmonics up to 7 kHz, whose phases begin at an onset (s): as long as the notes together."""
    since = np.arange(int(5.4 * RATE)) / RATE - onset
    tone = sum(np.sin(2 * np.pi * h * f0 * since + h * h) / h for h in range(1, int(7000 / f0) + 1))
    return 0.1 / np.sqrt(np.mean(tone**2)) * tone


def notes(hertz=(220.0, 330.0, 247.0), noise_db=-25.0, attack_db=-25.0, rise=0.03, seed=0):
    """Six bright notes that rise in so many seconds, with white noise beneath: from -25 dB in the steady part."""
    time, random = np.arange(int(5.4 * RATE)) / RATE, np.random.default_rng(seed)
    audio = np.zeros(len(time))
    for number, onset in enumerate(ONSETS):
        since, f0 = time - onset, hertz[number % len(hertz)] * (1 + number // len(hertz) / 20)
        tone = bright(f0, onset)
        below = np.where(since < 0.1, attack_db, noise_db)
        noise = 0.1 * 10 ** (below / 20) * random.standard_normal(len(time))
        swell = np.clip(since / rise, 0, 1) * np.clip((LASTS - since) / 0.03, 0, 1)
        audio += swell * (tone + noise)
    return audio


def judged(audio, like=None):
    """Medians of the recording `like` and of `audio`, at the notes of the former."""
    like = audio if like is None else like
    found = find_notes(like, RATE, centred_f0(like, RATE, 250), measure_loudness(like, RATE))
    return median_attack_noise({name: attack_noise(x, RATE, found) for name, x in (("is", audio), ("was", like))})


@pytest.mark.parametrize("hertz", [(98.0, 110.0, 131.0), (220.0, 330.0, 247.0), (880.0, 700.0, 990.0)])
@pytest.mark.parametrize("more", [0.0, 6.0, 15.0])
def test_an_attack_is_as_much_noisier_as_the_noise_that_was_put_in(hertz, more):
    found = judged(notes(hertz, attack_db=-25 + more))
    assert found["notes"] == 6
    assert found["is"] == pytest.approx(more, abs=1.5)


def test_spoiling_a_resynthesis_moves_its_figure_alone():
    recording = notes(attack_db=-15)
    same, spoilt = judged(notes(attack_db=-15, seed=1), recording), judged(notes(attack_db=-9, seed=1), recording)
    assert same["is"] == pytest.approx(same["was"], abs=1)
    assert spoilt["is"] - same["is"] == pytest.approx(6, abs=1)
    assert spoilt["was"] == same["was"]


@pytest.mark.parametrize("rise", [0.005, 0.06, 0.1])
def test_a_note_that_swells_is_not_thereby_noisy(rise):
    assert judged(notes(rise=rise))["is"] == pytest.approx(0, abs=2)


def test_neither_gain_nor_noise_throughout_is_an_attack():
    audio = notes(attack_db=-15)
    assert judged(0.05 * audio)["is"] == pytest.approx(judged(audio)["is"], abs=0.1)
    assert judged(notes(noise_db=-10, attack_db=-10))["is"] == pytest.approx(0, abs=1)


def test_notes_begin_where_they_sound_and_short_ones_have_no_steady_part():
    audio = notes()
    found = find_notes(audio, RATE, centred_f0(audio, RATE, 250), measure_loudness(audio, RATE))
    assert [note.onset for note in found] == pytest.approx(ONSETS, abs=0.01)
    assert [note.end for note in found] == pytest.approx(ONSETS + LASTS, abs=0.05)
    assert found[0].f0 == pytest.approx(220, rel=0.01)
    f0 = np.repeat([300.0, 400.0, np.nan, 500.0, 600.0], [100, 60, 40, 30, 20])
    assert [round(note.f0) for note in find_notes(np.ones(RATE), RATE, f0, np.full(250, -20.0))] == [400]
    cut = audio[int((ONSETS[1] + 0.1) * RATE) :]  # what was there from the start tells of no attack
    found = find_notes(cut, RATE, centred_f0(cut, RATE, 250), measure_loudness(cut, RATE))
    assert [note.onset for note in found] == pytest.approx(ONSETS[2:] - ONSETS[1] - 0.1, abs=0.01)


def test_with_too_few_notes_or_nothing_to_hear_there_is_no_result():
    audio = notes()
    assert judged(audio[: 2 * RATE]) is None
    found = find_notes(audio, RATE, centred_f0(audio, RATE, 250), measure_loudness(audio, RATE))
    silent = attack_noise(np.zeros(len(audio)), RATE, found)
    assert len(silent) == 6 and np.isnan(silent).all()
    assert median_attack_noise({"recording": attack_noise(audio, RATE, found), "output": silent}) is None
    assert median_attack_noise({}) is None and len(attack_noise(audio, RATE, [])) == 0
    assert find_notes(np.zeros(RATE), RATE, np.full(250, np.nan), np.full(250, -100.0)) == []


def test_a_pitch_in_the_last_frame_alone_is_no_note():
    """One sample into the frame."""
    f0 = np.full(251, np.nan)
    f0[-1] = 300.0
    assert find_notes(0.1 * np.ones(RATE + 1), RATE, f0, np.linspace(0, -1, 251)) == []
