"""The measures of a tone: spoilt by a known amount they move by it, and left alone they stand."""

import numpy as np
import pytest

from ddsp_rt.evaluation.consonants import consonants
from ddsp_rt.evaluation.harmonicity import median_hnr, periodicity
from ddsp_rt.evaluation.loudness import measure_loudness
from ddsp_rt.evaluation.micro_variation import micro_variation, steady_levels, steady_windows
from ddsp_rt.evaluation.sounding import loud_level
from ddsp_rt.evaluation.third_octaves import third_octave_difference

RATE = 16000


def tone(f0=300.0, seconds=2.0, rate=RATE, harmonics=6, gains=None):
    """Harmonics falling as 1/h; gains: [harmonics, samples] or None."""
    time = np.arange(int(seconds * rate)) / rate
    gains = np.ones(harmonics) if gains is None else gains
    return 0.2 * sum(
        gains[h - 1] * np.sin(2 * np.pi * h * f0 * time + h) / h for h in range(1, harmonics + 1) if h * f0 < rate / 2
    )


def white(audio, snr_db, seed=0):
    """Noise `snr_db` under the audio's RMS."""
    noise = np.random.default_rng(seed).standard_normal(len(audio))
    return noise * np.sqrt(np.mean(audio**2) / np.mean(noise**2)) * 10 ** (-snr_db / 20)


def hnr(audio, rate=RATE):
    levels = measure_loudness(audio, rate)
    return median_hnr(periodicity(audio, rate), levels, loud_level(levels))


@pytest.mark.parametrize("f0", [82.4, 300.0, 1100.0])
@pytest.mark.parametrize("snr", [5, 15, 25])
def test_hnr_is_the_ratio_that_was_mixed(f0, snr):
    audio = tone(f0)
    assert hnr(audio + white(audio, snr)) == pytest.approx(snr, abs=1.5)


def test_hnr_does_not_depend_on_gain_pauses_or_rate():
    audio = tone(300.0) + white(tone(300.0), 15)
    assert hnr(0.05 * audio) == pytest.approx(hnr(audio), abs=0.1)
    assert hnr(np.concatenate([audio, np.zeros(3 * RATE)])) == pytest.approx(hnr(audio), abs=0.3)
    high = tone(300.0, rate=48000)
    assert hnr(high + white(high, 15), 48000) > hnr(audio)  # two thirds of this noise lie above 8 kHz
    assert np.isnan(hnr(np.zeros(RATE)))


@pytest.mark.parametrize("f0", [45.0, 110.0, 440.0, 1500.0, 2800.0])
def test_periodicity_tells_tones_from_noise(f0):
    found = periodicity(tone(f0, 0.5), RATE)
    assert found.r[20:-20].min() > 0.9
    assert np.abs(1200 * np.log2(found.f0[20:-20] / f0)).max() < 10
    noise = periodicity(np.random.default_rng(0).standard_normal(RATE), RATE)
    assert np.median(noise.r) < 0.3
    assert np.mean(noise.r < 0.5) > 0.99


def test_consonants_weigh_the_parts_and_the_spectrum():
    rate, frames = 48000, np.ones(250, bool)
    harmonic = tone(300.0, 1.0, rate)
    noise = white(harmonic, 0)
    found = consonants(noise, harmonic * 10 ** (-12 / 20), noise, rate, frames)
    assert found.harmonic_over_noise_db == pytest.approx(-12, abs=0.5)
    assert found.pitched == 0
    assert found.frames == 250
    flat = 10 * np.log10((24000 - 3500) / 3500)  # white noise, energy above over below
    assert found.source_above_over_below_db == pytest.approx(flat, abs=0.5)
    pitched = consonants(noise, harmonic * 10 ** (9 / 20), noise, rate, frames)
    assert pitched.harmonic_over_noise_db == pytest.approx(9, abs=0.5)
    assert pitched.pitched == 1
    assert pitched.output_above_over_below_db < flat - 6
    assert pitched.source_above_over_below_db == pytest.approx(flat, abs=0.5)


def test_consonants_count_what_the_output_leaves_out():
    noise = 0.1 * np.random.default_rng(0).standard_normal(RATE)
    half = np.where(np.arange(RATE) < RATE // 2, noise, 0)
    found = consonants(noise, np.zeros(RATE), half, RATE, np.ones(250, bool))
    assert found.silent == pytest.approx(125, abs=6)
    assert found.harmonic_over_noise_db < -40
    assert consonants(noise, np.zeros(RATE), 0 * noise, RATE, np.ones(250, bool)) is None
    assert consonants(noise, noise, noise, RATE, np.zeros(250, bool)) is None


def moving(depth_db, hertz, independent=True, harmonics=6, seconds=4.0):
    """A tone whose harmonics rise and fall by a sine each of that depth (standard deviation, dB) and frequency."""
    time = np.arange(int(seconds * RATE)) / RATE
    shift = np.arange(harmonics) / harmonics if independent else np.zeros(harmonics)
    level = np.sqrt(2) * depth_db * np.sin(2 * np.pi * (hertz * time + shift[:, None]))
    return tone(300.0, seconds, gains=10 ** (level / 20))


def variation(audio, rate=RATE):
    f0 = np.full(int(len(audio) / rate * 250), 300.0)
    starts = steady_windows(f0, measure_loudness(audio, rate))
    return micro_variation(steady_levels(audio, rate, f0, starts))


@pytest.mark.parametrize(("hertz", "moved", "still"), [(9.0, "slow_db", "fast_db"), (41.0, "fast_db", "slow_db")])
def test_micro_variation_is_found_in_its_band(hertz, moved, still):
    steady, found = variation(tone(300.0, 4.0)), variation(moving(1.5, hertz))
    assert max(steady.slow_db, steady.fast_db) < 0.05
    assert getattr(found, moved) == pytest.approx(1.5, rel=0.15)
    assert getattr(found, still) < 0.3
    assert found.line_hz == pytest.approx(hertz, abs=4)
    assert found.line_db > 15


@pytest.mark.parametrize(("independent", "correlation"), [(True, -0.2), (False, 1.0)])
def test_harmonics_that_move_together_are_correlated(independent, correlation):
    """Sines spread evenly over the circle sum to nothing: their mean correlation is -1/5."""
    assert variation(moving(1.5, 12.0, independent)).correlation == pytest.approx(correlation, abs=0.1)


def test_random_movement_has_no_line_and_a_swell_is_no_movement():
    random = np.random.default_rng(0)
    walks = np.cumsum(random.standard_normal((6, 4 * 500)), axis=1) * 0.25
    gains = np.stack([np.interp(np.arange(4 * RATE) / 32, np.arange(2000), walk) for walk in walks])
    found = variation(tone(300.0, 4.0, gains=10 ** ((gains - gains.mean(axis=1, keepdims=True)) / 20)))
    assert found.slow_db > 0.5
    assert found.line_db < 6
    swell = tone(300.0, 4.0) * 10 ** (np.linspace(-24, 0, 4 * RATE) / 20)
    assert variation(swell).slow_db < 0.1


def test_steady_windows_lie_within_notes():
    f0 = np.repeat([300.0, 400.0, np.nan, 500.0], 125)
    starts = steady_windows(f0, np.full(500, -20.0))
    assert len(starts) == 5  # two a note, one before a note change
    inside = (starts % 0.5 > 0.045) & (starts % 0.5 + 0.256 < 0.455)
    assert inside.all()
    assert len(steady_windows(np.full(500, 100.0), np.full(500, -20.0))) == 0  # too low to part the harmonics
    assert micro_variation(np.zeros((0, 6, 128))) is None


@pytest.mark.parametrize("gain", [-12.0, 0.0, 6.0])
def test_third_octaves_see_the_high_band_alone(gain):
    rate = 48000
    noise = 0.05 * np.random.default_rng(0).standard_normal(rate)
    spectrum = np.fft.rfft(noise)
    high = np.fft.rfftfreq(rate, 1 / rate) >= 7900
    spoilt = np.fft.irfft(np.where(high, spectrum * 10 ** (gain / 20), spectrum))
    assert third_octave_difference(noise, spoilt, rate) == pytest.approx(abs(gain), abs=0.3)
    duller = np.fft.irfft(np.where(high, spectrum, spectrum * 0.1))
    assert third_octave_difference(noise, duller, rate) == pytest.approx(0, abs=0.3)


def test_third_octaves_leave_out_what_is_only_the_recordings_noise():
    rate = 48000
    time = np.arange(2 * rate) / rate
    hiss = 1e-5 * np.random.default_rng(0).standard_normal(2 * rate)
    fade = np.clip((1 - time) / 0.1, 0, 1) ** 2 * np.clip(time / 0.1, 0, 1) ** 2
    low = 0.3 * np.sin(2 * np.pi * 1000 * time) * fade
    assert np.isnan(third_octave_difference(low + hiss, low, rate))
    bright = low + 0.01 * np.sin(2 * np.pi * 9000 * time) * fade
    assert third_octave_difference(bright + hiss, 2 * bright, rate) == pytest.approx(6, abs=0.5)
    assert np.isnan(third_octave_difference(low[:rate], low[:rate], RATE))
