"""`benchmarks/consonants.py`: noise for noise is met, tone for noise is missed, and what is late is told from it."""

from types import SimpleNamespace

import numpy as np
import pytest

pytest.importorskip("ddsp_rt._engine")
RATE = 48_000


@pytest.fixture(scope="module")
def script(load_benchmark):
    return load_benchmark("consonants")


def sung():
    """A vowel of half a second between two bright hisses of as much: [tone, hiss]."""
    time, random = np.arange(3 * RATE // 2) / RATE, np.random.default_rng(0)
    vowel = (time >= 0.5) & (time < 1.0)
    tone = 0.1 * vowel * sum(np.sin(2 * np.pi * 220 * h * time) / h for h in range(1, 12))
    return tone, 0.05 * ~vowel * np.diff(random.standard_normal(len(time) + 1))


def played(source, harmonic, noise):
    return [SimpleNamespace(source=source, harmonic=harmonic, noises=(noise,))]


def test_noise_for_noise_is_met_and_tone_for_noise_is_missed(script):
    tone, hiss = sung()
    found = script.judge(played(tone + hiss, np.zeros_like(tone), hiss + 0.01 * tone))
    assert set(found) == set(script.KINDS) and not any(script.missed(*one) for one in found.items())
    assert found["sibilants"][4] > 150 and found["sibilants"][1] == pytest.approx(found["sibilants"][2], abs=0.5)
    hum = np.sin(2 * np.pi * 220 * np.arange(len(tone)) / RATE)
    assert all(script.missed(*one) for one in script.judge(played(tone + hiss, hum, hiss)).items())
    dark = np.cumsum(np.convolve(hiss, np.ones(48) / 48, "same"))
    found = script.judge(played(tone + hiss, np.zeros_like(tone), dark))
    assert script.missed("sibilants", found["sibilants"]) and not script.missed("unvoiced", found["unvoiced"])


def test_what_is_only_late_is_right_when_it_is_looked_at_later(script):
    tone, hiss = sung()
    late = [np.pad(part, (3072, 0))[:-3072] for part in (tone, hiss)]  # 64 ms
    at_once, later = (script.judge(played(tone + hiss, *late), ms)["unvoiced"] for ms in (0, 64))
    assert at_once[3] > later[3] and later[0] < -10


def test_without_consonants_there_is_no_result(script):
    tone, _ = sung()
    assert (
        script.judge(played(tone[RATE // 2 : RATE], tone[RATE // 2 : RATE], np.zeros(RATE // 2)))["sibilants"] is None
    )
    assert script.missed("sibilants", None)
