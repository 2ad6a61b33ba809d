"""Peaks pressed to a ceiling are told from the peaks of instruments, whatever their waves look like."""

import numpy as np
import pytest

from ddsp_rt.inspection.soft_clipping import is_soft_clipped

RATE = 44100


def playing(odd=False, seed=0, seconds=8.0, slope=1.0, held=False):
    """Notes of many loudnesses, or one held note, whose loudness and tone move a little as under a breath or a bow."""
    random = np.random.default_rng(seed)

    def wander(rate, depth):
        points = depth * random.standard_normal(int(seconds * rate) + 2)
        return np.interp(np.arange(int(seconds * RATE)) / RATE * rate, np.arange(len(points)), points)

    steps = np.repeat(random.uniform(-12, 0, 40) if not held else np.zeros(40), int(seconds * RATE) // 40 + 1)
    midi = np.repeat(random.integers(57, 75, 40) if not held else np.full(40, 64), int(seconds * RATE) // 40 + 1)
    samples = int(seconds * RATE)
    decibels = steps[:samples] + wander(6, 0.5)
    phase = 2 * np.pi * np.cumsum(440 * 2 ** ((midi[:samples] - 69 + wander(5, 0.1)) / 12)) / RATE
    numbers = range(1, 20, 2) if odd else range(1, 13)
    wave = sum(10 ** (wander(4, 1.0) / 20) * np.sin(h * phase + 0.3 * h) / h**slope for h in numbers)
    return (0.2 * 10 ** (decibels / 20) * wave).astype(np.float32)


def saturated(audio, drive_db):
    return 0.6 * np.tanh(10 ** (drive_db / 20) * audio / np.abs(audio).max())


def limited(audio, drive_db, seconds=0.05):
    """Looked ahead by a gain that is smooth, so that no wave is bent."""
    driven = 10 ** (drive_db / 20) * audio / np.abs(audio).max()
    size = int(seconds / 5 * RATE)
    loudest = np.abs(driven[: len(driven) // size * size]).reshape(-1, size).max(axis=1)
    least = 1 / np.maximum(loudest, 1)
    least = np.minimum(least, np.minimum(np.roll(least, 1), np.roll(least, -1)))
    gain = np.interp(np.arange(len(driven)) / size - 0.5, np.arange(len(least)), least)
    return 0.5 * driven * gain


@pytest.mark.parametrize("odd", [False, True])
@pytest.mark.parametrize("held", [False, True])
def test_saturation_and_limiters_are_found_at_any_level(odd, held):
    clean = playing(odd, held=held)
    drive = 9 if odd and held else 14  # a held square driven on is a square, as a machine plays it
    for pressed in (saturated(clean, drive), limited(clean, 8)):
        for gain in (1.0, 0.05):
            assert is_soft_clipped(gain * pressed, RATE)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("odd", [False, True])  # a clarinet's square-like waves
@pytest.mark.parametrize("slope", [0.3, 1.0, 2.0])  # a trumpet's pulses, a saw, a flute's rounded waves
@pytest.mark.parametrize("held", [False, True])
def test_clean_playing_is_not_even_when_normalised(seed, odd, slope, held):
    clean = playing(odd, seed, slope=slope, held=held)
    assert not is_soft_clipped(clean, RATE)
    assert not is_soft_clipped(clean / np.abs(clean).max(), RATE)


@pytest.mark.parametrize("hertz", [55.0, 233.1, 1046.5])
@pytest.mark.parametrize("numbers", [(1,), range(1, 13), range(1, 20, 2)])
def test_a_machine_s_steady_tone_is_not(hertz, numbers):
    """All its peaks are alike, and so are its waves."""
    time = np.arange(3 * RATE) / RATE
    assert not is_soft_clipped(0.3 * sum(np.sin(2 * np.pi * h * hertz * time) / h for h in numbers), RATE)


def test_noise_silence_and_what_is_short_are_not():
    noise = 0.1 * np.random.default_rng(0).standard_normal(4 * RATE)
    for audio in (noise, np.zeros(RATE), np.zeros(0), saturated(playing(seconds=0.5), 20)):
        assert not is_soft_clipped(audio, RATE)
