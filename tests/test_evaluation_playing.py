"""How a performance is kept: what is spoilt by a known amount is found in that amount, and nothing else moves."""

import numpy as np
import pytest

import ddsp_rt
from ddsp_rt.evaluation.dynamics import dynamics
from ddsp_rt.evaluation.excursions import excursions, excursions_per_minute
from ddsp_rt.evaluation.gaps import gap_depth
from ddsp_rt.evaluation.loudness import level_matched, loudness_differences, measure_loudness
from ddsp_rt.evaluation.rendering import LIVE_RATE, perform
from ddsp_rt.evaluation.sounding import loud_level, sounding

RATE = 16000
FRAMES = 250  # per second


def staccato(pause_db=-60.0, notes=8, rate=RATE, level=0.3):
    """Notes of 0.3 s with pauses of 0.3 s that hold noise at `pause_db` under them, A-weighted."""
    time = np.arange(int(0.6 * notes * rate)) / rate
    tone = level * np.sin(2 * np.pi * 997 * time) * (time % 0.6 < 0.3)
    noise = np.random.default_rng(0).standard_normal(len(time))
    weighted = measure_loudness(noise, rate)[50:-50].mean()
    return tone + noise * 10 ** ((20 * np.log10(level) + pause_db - weighted) / 20)


def levels(audio):
    return measure_loudness(audio, RATE)


@pytest.mark.parametrize("gain_db", [0.0, -12.0])
def test_loud_is_the_level_of_the_notes_whatever_the_pauses(gain_db):
    long_pause = np.concatenate([staccato(), np.zeros(5 * RATE)]) * 10 ** (gain_db / 20)
    assert loud_level(levels(long_pause)) == pytest.approx(20 * np.log10(0.3) + gain_db, abs=0.2)
    assert sounding(levels(long_pause)).mean() == pytest.approx(2.4 / 9.8, abs=0.03)
    assert not sounding(levels(np.zeros(RATE))).any()


@pytest.mark.parametrize("raised", [0, 10, 26])
def test_gap_depth_sees_pauses_rise(raised):
    found = gap_depth(levels(staccato(-60)), levels(staccato(-60 + raised)))
    assert found.gaps == 7  # the pause after the last note is none
    assert found.source_db == pytest.approx(-60, abs=1)
    assert found.raised_db == pytest.approx(raised, abs=1)


def test_gap_depth_ignores_gain_tails_and_late_notes():
    source = staccato(-50)
    assert gap_depth(levels(source), levels(0.1 * source)).raised_db == pytest.approx(0, abs=0.1)
    late = np.concatenate([np.zeros(RATE // 50), source])[: len(source)]
    assert gap_depth(levels(source), levels(late)).raised_db == pytest.approx(0, abs=0.5)
    tone = 0.3 * np.sin(2 * np.pi * 440 * np.arange(RATE) / RATE)
    assert gap_depth(levels(tone), levels(tone)) is None


def test_silence_in_a_gap_is_deeper_than_any_noise():
    time = np.arange(int(4.8 * RATE)) / RATE
    found = gap_depth(levels(staccato(-60)), levels(staccato(-60) * (time % 0.6 < 0.3)))
    assert found.output_db < -75


def phrase(seed=0, seconds=4.0):
    """A loudness that wanders between about -40 and -10 dB."""
    walk = np.cumsum(np.random.default_rng(seed).standard_normal(int(seconds * FRAMES)))
    walk = np.convolve(walk, np.ones(25) / 25, "same")
    return -40 + 30 * (walk - walk.min()) / np.ptp(walk)


@pytest.mark.parametrize("slope", [0.5, 1.0, 2.0])
@pytest.mark.parametrize("lag", [0, 3])
def test_dynamics_find_slope_and_range(slope, lag):
    before = phrase()
    after = np.concatenate([np.zeros(lag), slope * before - 7])[: len(before)]
    found = dynamics(before, after, before > -39)
    assert found.slope == pytest.approx(slope, rel=0.02)
    assert found.range_ratio == pytest.approx(slope, rel=0.05)


def test_the_line_is_robust_and_silence_does_not_count():
    before = phrase()
    after = before + np.random.default_rng(1).standard_normal(len(before))
    after[::10] = -90  # one frame in ten drops out
    assert dynamics(before, after, before > -39).slope == pytest.approx(1, abs=0.1)
    pause = np.full(300, -90.0)
    joined = np.concatenate([before, pause]), np.concatenate([before, pause + 40])
    assert dynamics(*joined, joined[0] > -41).slope == pytest.approx(1, abs=0.01)
    assert dynamics(before, before, np.zeros(len(before), bool)) is None


def test_excursions_are_counted_and_note_changes_are_not():
    f0 = np.repeat(440 * 2 ** (np.array([0, 7, 2, 12, 0]) / 12), 100)
    voiced = np.ones(len(f0), bool)
    assert len(excursions(f0, voiced)) == 0
    f0[50:60] *= 2
    f0[250:253] /= 2
    f0[350:389] *= 1.5  # 156 ms: too long
    assert excursions(f0, voiced).tolist() == [50, 250]
    assert excursions_per_minute(f0, voiced) == pytest.approx(2 * 60 / 2)
    voiced[50:60] = False  # said to be no pitch: no error
    assert excursions(f0, voiced).tolist() == [250]


def test_vibrato_and_glides_are_no_excursions():
    time = np.arange(1000) / FRAMES
    vibrato = 440 * 2 ** (1.2 * np.sin(2 * np.pi * 5.5 * time) / 12)
    assert len(excursions(vibrato, vibrato > 0)) == 0
    glide = 220 * 2**time
    assert len(excursions(glide, glide > 0)) == 0
    assert np.isnan(excursions_per_minute(glide, np.zeros(1000, bool)))


def test_level_matched_loudness_forgets_the_gain_and_nothing_else():
    audio = staccato(-40)
    time = np.arange(len(audio)) / RATE
    differences = loudness_differences(audio, audio * 10 ** (-9 / 20), RATE)
    assert np.abs(differences).mean() == pytest.approx(9, abs=0.1)
    assert np.abs(level_matched(differences)).mean() == pytest.approx(0, abs=0.1)
    swell = 10 ** (4 * np.sign(np.sin(2 * np.pi * time / 1.2)) / 20)  # every other note 8 dB louder
    differences = loudness_differences(audio, audio * swell * 0.5, RATE)
    assert np.abs(level_matched(differences)).mean() == pytest.approx(4, abs=0.5)


@pytest.mark.parametrize("fit", [True, False])
def test_a_performance_taken_apart_is_what_the_stream_plays(instrument_path, tmp_path, tone, fit):
    """Harmonic and noise part add up to what is heard live; other seeds change the noise alone."""
    sound = np.concatenate([tone(44100, 0.4, 300), np.zeros(4410, np.float32), tone(44100, 0.5, 500, 0.02)])
    path = tmp_path / "two.wav"
    ddsp_rt.write_audio(path, sound, 44100, bit_depth="float")
    instrument = ddsp_rt.load(instrument_path)
    played = perform(instrument, path, fit=fit, seeds=2)
    fitting = instrument.fit(ddsp_rt.analyse(played.source.astype(np.float32), LIVE_RATE)) if fit else None
    live = instrument.stream(LIVE_RATE, fitting, reverb=0.0).process(played.source.astype(np.float32))
    assert np.abs(played.output - live).max() < 1e-3 * np.abs(live).max()
    powers = [np.mean(noise**2) for noise in played.noises]
    assert 10 * np.log10(powers[1] / powers[0]) == pytest.approx(0, abs=1)
    assert np.abs(played.noises[1] - played.noises[0]).max() > 0
