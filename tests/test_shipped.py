"""Each instrument that comes with the project: small, credited, in tune, and at home in the bundled phrase."""

import sys
from html import escape
from pathlib import Path

import numpy as np
import pytest

import ddsp_rt
from ddsp_rt.content_hash import content_hash

ROOT = Path(__file__).parents[1]
DELAYS = range(1, 4)  # frames of 4 ms between a pitch going in and coming out, analyses included
SHIPPED = sorted((ROOT / "instruments").glob("*.ddsp"))
sys.path.insert(0, str(ROOT / "benchmarks"))

import every_note


@pytest.fixture(scope="module", params=SHIPPED, ids=lambda path: path.stem)
def instrument(request):
    return ddsp_rt.load(request.param)


def test_it_is_small_and_its_card_credits_whom_its_file_does(instrument):
    path = Path(instrument.path)
    assert path.stat().st_size <= 3_000_000
    card = " ".join(path.with_suffix(".md").read_text(encoding="utf-8").split())
    for line in instrument.metadata["attribution"]:
        assert line in card


def test_its_notes_are_in_tune_as_loud_as_asked_and_free_of_clicks(instrument):
    low, high = (instrument.metadata["quantiles"]["pitch_midi"][i] for i in (0, -1))
    for key in np.arange(np.ceil(low), high, 7).astype(int):
        levels = []
        for velocity in every_note.VELOCITIES.values():
            cents, above, clicks = every_note.measured(instrument, int(key), velocity)
            assert cents is not None and abs(cents) <= every_note.CENTS, key
            assert clicks == 0, key
            levels.append(above + every_note.asked(instrument, velocity))
        assert levels == sorted(levels), key


def test_it_sings_the_bundled_phrase_where_it_is_at_home(instrument):
    phrase, rate = ddsp_rt.read_audio(ROOT / "examples" / "sung_phrase.flac")
    sung = ddsp_rt.analyse(phrase, rate)
    sound = instrument.transfer(phrase, rate, octave="auto", reverb=0.0)
    played = ddsp_rt.analyse(sound[: len(phrase)], rate)
    errors = []
    for delay in DELAYS:
        heard, answered = slice(None, -delay), slice(delay, None)
        both = (sung.periodicity[heard] > 0.8) & (played.periodicity[answered] > 0.8)
        answer = played.f0[answered][both]
        moved = 12 * np.log2(answer / sung.f0[heard][both])
        errors.append(np.abs(moved - 12 * round(float(np.median(moved)) / 12)))
    off = min(errors, key=np.median)
    assert np.median(off) < 0.05  # semitones
    assert np.mean(off > 6) < 0.01
    low, high = (instrument.metadata["quantiles"]["pitch_midi"][i] for i in (0, -1))
    midi = 69 + 12 * np.log2(answer / 440)
    assert np.mean((midi < low - 1) | (midi > high + 1)) < 0.05


def test_it_is_silent_where_nothing_is_played(instrument):
    assert not np.any(instrument.transfer(np.zeros(48_000, np.float32), 48_000))


def test_the_page_of_sounds_plays_this_very_file_for_half_a_minute_at_most(instrument):
    page = " ".join((ROOT / "docs" / "instruments.html").read_text(encoding="utf-8").split())
    path, seconds = Path(instrument.path), 0.0
    assert f'id="{path.stem}" data-sha256="{content_hash(path)}"' in page, "run: make listen"
    for what in ("phrase", "tune"):
        assert f'src="listen/{path.stem}-{what}.mp3"' in page
        sound, rate = ddsp_rt.read_audio(ROOT / "docs" / "listen" / f"{path.stem}-{what}.mp3")
        assert np.abs(sound).max() > 0.05
        seconds += len(sound) / rate
    assert seconds <= 30
    assert (ROOT / "docs" / "listen" / f"{path.stem}.webp").stat().st_size < 200_000
    for line in instrument.metadata["attribution"]:
        assert escape(line) in page
