"""The analyser hears what it heard when its version was frozen: every instrument was trained on that."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

from ddsp_rt.analysis import VOICED, analyse
from ddsp_rt.audio import read_audio

TESTS = Path(__file__).parent
FEW = 0.005  # of the frames: where two readings are as good as each other, rounding may decide


def test_the_bundled_phrase_is_heard_as_ever():
    """tests/data/make_golden_features.py says how the file was made."""
    golden = load_file(TESTS / "data" / "golden_features.safetensors")
    heard = analyse(*read_audio(TESTS.parent / "examples" / "sung_phrase.flac"), mfcc=True)

    def moved(now, before, by):
        return np.mean(np.abs(now - before) > by)

    assert len(heard) == len(golden["f0"])
    assert np.mean(heard.voiced != (golden["periodicity"] >= VOICED)) <= FEW
    assert moved(1200 * np.log2(heard.f0), 1200 * np.log2(golden["f0"]), 0.5) <= FEW  # cents
    assert moved(heard.periodicity, golden["periodicity"], 1e-3) <= FEW
    assert moved(heard.loudness, golden["loudness"], 1e-2) <= FEW  # dB
    assert moved(heard.mfcc[:: len(heard) // len(golden["mfcc"])], golden["mfcc"], 1e-2) <= FEW


@pytest.mark.parametrize("db", [-20, -6, 12])
def test_a_softer_copy_is_heard_the_same_but_for_its_loudness(db):
    """Wherever it sounds, down to 20 dB over what is silence to the analyser."""
    audio, rate = read_audio(TESTS.parent / "examples" / "sung_phrase.flac")
    plain, copy = analyse(audio, rate), analyse(audio * np.float32(10 ** (db / 20)), rate)
    sounds = np.minimum(plain.loudness, copy.loudness) > -80
    assert sounds.mean() > 0.8
    for name, shift, within in (
        ("loudness", db, 1e-3), ("fast_loudness", db, 1e-3), ("balance", 0, 0.05), ("periodicity", 0, 1e-3),
    ):  # fmt: skip
        moved = getattr(copy, name) - getattr(plain, name) - shift
        assert np.abs(moved[sounds]).max() < within, name
    assert np.abs(1200 * np.log2(copy.f0 / plain.f0))[sounds & plain.voiced].max() < 0.1  # cents
