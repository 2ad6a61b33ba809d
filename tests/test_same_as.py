"""The guard that compares two builds: it must see the smallest change there can be, and say where it is."""

import numpy as np
import pytest
from same_as.__main__ import judge
from same_as.comparison import compare

RNG = np.random.default_rng(3)


@pytest.fixture
def audio():
    return RNG.standard_normal(1000).astype(np.float32)


def test_equal_bits_are_equal_nan_and_infinity_among_them(audio):
    audio[5], audio[6] = np.nan, np.inf
    assert not compare(audio, audio.copy())


@pytest.mark.parametrize("place", [0, 500, 999])
def test_one_unit_in_the_last_place_is_seen_and_placed(audio, place):
    moved = audio.copy()
    moved[place] = np.nextafter(audio[place], np.float32(np.inf))
    size = float(moved[place]) - float(audio[place])
    assert compare(audio, moved).text == f"differs from sample {place} on, 1 values, largest difference {size:.3g}"


def test_the_sign_of_zero_is_a_difference(audio):
    audio[7] = 0.0
    moved = audio.copy()
    moved[7] = -0.0
    assert "from sample 7 on" in compare(audio, moved).text


def test_the_first_and_the_largest_difference_are_told_apart(audio):
    moved = audio.copy()
    moved[100] += np.float32(0.25)
    moved[900] = audio[900] + np.float32(2)
    said = compare(audio, moved).text
    assert "from sample 100 on, 2 values" in said and float(said.split()[-1]) == pytest.approx(2, rel=1e-3)


def test_a_number_that_became_nan_is_a_difference(audio):
    moved = audio.copy()
    moved[3] = np.nan
    assert "from sample 3 on" in compare(audio, moved).text


def test_a_missing_end_is_a_difference(audio):
    assert compare(audio, audio[:-1]).text == "1000 samples became 999"


def test_integers_and_columns_are_compared_too(audio):
    pcm = (audio.reshape(500, 2) * 1000).astype(np.int32)
    moved = pcm.copy()
    moved[20, 1] += 1
    assert "from sample 20 on, 1 values" in compare(pcm, moved).text
    assert compare(pcm, pcm.astype(np.float32)).text == "int32 [2] became float32 [2]"


def test_what_was_not_rendered_or_is_silent_does_not_pass(audio):
    assert judge(audio, audio.copy()) == ""
    assert "this one did not render it" in judge(audio, None)
    assert "this one did not render it: boom" in judge(audio, "boom")
    assert "the other revision" in judge("boom", "boom")
    assert "silent" in judge(np.zeros(9, np.float32), np.zeros(9, np.float32))
