"""`benchmarks/articulation.py`: what plays back its source measures as it; one that has no dynamics is told apart."""

from types import SimpleNamespace

import numpy as np
import pytest

pytest.importorskip("ddsp_rt._engine")

QUANTILES = {"probabilities": [0.0, 1.0], "pitch_midi": [58.0, 66.0], "loudness_db": [-40.0, -10.0]}


@pytest.fixture(scope="module")
def articulation(load_benchmark):
    return load_benchmark("articulation")


def player(play):
    return SimpleNamespace(metadata={"quantiles": QUANTILES}, transfer=lambda audio, rate, **_: play(audio))


def test_a_mirror_is_as_soft_and_dips_as_deep_as_its_source(articulation):
    mirror = player(lambda audio: audio)
    middle, sounds = articulation.source_notes(mirror)
    assert middle == 62 and articulation.measured(sounds[0]).level == pytest.approx(-11.5 - 3.0, abs=0.1)
    assert articulation.softness(mirror, sounds[0]) == pytest.approx(articulation.SOFTER, abs=0.1)
    depths = {}
    for kind, join in articulation.JOINS.items():
        source, played = articulation.dips(mirror, sounds, *join)
        assert source == played
        depths[kind] = source
    assert depths["slurred"] < 1.0 < 3.0 < depths["tongued"] < 20.0 < depths["tongued, 20 ms apart"]
    assert depths["repeated"] > 3.0


def test_the_dips_of_a_performance_are_found(articulation):
    _, sounds = articulation.source_notes(player(lambda audio: audio))
    melody = np.concatenate([sounds[step][4800:52800] for step in (0, 2, 4, 0)])  # notes of 1 s, faded in and out
    melody += 0.01 * np.sin(2 * np.pi * 1000 * np.arange(len(melody)) / 48_000)
    same = articulation.phrase_dips(player(lambda audio: audio), melody, 48_000)
    assert len(same) == 3 and np.all((same[:, 0] > 15) & (same[:, 0] < 40)) and np.array_equal(same[:, 0], same[:, 1])
    deeper = articulation.phrase_dips(player(lambda audio: 4 * np.sign(audio) * audio**2), melody, 48_000)
    assert len(deeper) == 3 and np.all(deeper[:, 1] > deeper[:, 0] + 10)


def test_one_that_plays_at_one_loudness_is_told_apart(articulation):
    def even(audio):
        level = np.sqrt(np.convolve(audio.astype(float) ** 2, np.ones(960) / 960, "same") + 1e-12)
        return (0.1 * audio / level).astype(np.float32)

    _, sounds = articulation.source_notes(player(even))
    assert min(articulation.softness(player(even), sounds[0])) > -3.0
