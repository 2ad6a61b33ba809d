"""The measures find what is put in, in the amount put in, and nothing where nothing is."""

import numpy as np
import pytest

from ddsp_rt.evaluation.clicks import find_clicks, inject_steps, share_found
from ddsp_rt.evaluation.lags import centred_f0, loudness_lag, pitch_lag
from ddsp_rt.evaluation.loudness import loudness_l1, measure_loudness
from ddsp_rt.evaluation.onsets import onset_latency
from ddsp_rt.evaluation.pitch import f0_errors, note_changes, pool
from ddsp_rt.evaluation.spectral_loss import excerpt_losses, multi_scale_spectral_loss
from ddsp_rt.evaluation.timbre import timbre_distance, timbre_frames

RATE = 16000


def melody(notes, seconds=0.4, rate=RATE, tilt=1.0, seed=0, noise=0.001):
    """Notes (MIDI) with soft edges, ten harmonics falling as h**-tilt, a little noise."""
    random = np.random.default_rng(seed)
    length = int(seconds * rate)
    time = np.arange(length) / rate
    shape = np.sin(np.pi / 2 * np.minimum(1, np.minimum(time, seconds - time) / 0.03)) ** 2
    parts = []
    for midi in notes:
        f0 = 440 * 2 ** ((midi - 69) / 12)
        numbers = [h for h in range(1, 11) if h * f0 < 0.45 * rate]
        parts.append(0.2 * shape * sum(np.sin(2 * np.pi * h * f0 * time) * h**-tilt for h in numbers))
    audio = np.concatenate(parts)
    return audio + noise * random.standard_normal(len(audio))


TUNE = [60, 67, 64, 72, 59, 65, 62, 69, 71, 60, 74, 55]


def delayed(audio, samples):
    return np.concatenate([np.zeros(samples), audio])[: len(audio)]


def test_mss_is_zero_for_equal_signals_and_grows_with_noise():
    audio = melody(TUNE)
    noise = np.random.default_rng(1).standard_normal(len(audio))
    losses = [multi_scale_spectral_loss(audio, audio + gain * noise, RATE) for gain in (0, 0.001, 0.01, 0.1)]
    assert losses[0] == 0
    assert losses[0] < losses[1] < losses[2] < losses[3]


def test_mss_follows_its_definition():
    """One scale of a constant difference: doubling a signal moves ln(m) by ln 2 in each of six scales."""
    noise = np.random.default_rng(0).standard_normal(4 * RATE)
    loss = multi_scale_spectral_loss(noise, 2 * noise, RATE)
    linear = 6 * np.sqrt(np.pi / 4 * 3 / 8)  # mean |STFT| / sqrt(N) of white noise under a Hann window (Rayleigh)
    assert loss == pytest.approx(6 * np.log(2) + linear, rel=0.02)


def test_mss_drops_the_remainder_and_resamples():
    audio = melody(TUNE, rate=48000, seconds=0.8)
    assert len(excerpt_losses(audio, audio, 48000)) == 2
    assert np.isnan(multi_scale_spectral_loss(audio[:48000], audio[:48000], 48000))
    high = audio + 0.3 * np.sin(2 * np.pi * 12000 * np.arange(len(audio)) / 48000)
    assert multi_scale_spectral_loss(audio, high, 48000) < 0.05


@pytest.mark.parametrize("rate", [16000, 44100, 96000])
def test_loudness_is_zero_for_a_full_scale_997_hz_sine(rate):
    time = np.arange(rate) / rate
    levels = measure_loudness(np.sin(2 * np.pi * 997 * time), rate)
    assert levels[20:-20] == pytest.approx(0, abs=0.1)
    # IEC 61672-1, table 3: A-weighting at 100 Hz is -19.1 dB, at 4 kHz +1.0 dB
    assert measure_loudness(np.sin(2 * np.pi * 100 * time), rate)[20:-20].mean() == pytest.approx(-19.1, abs=0.2)
    assert measure_loudness(np.sin(2 * np.pi * 3981 * time), rate)[20:-20].mean() == pytest.approx(1.0, abs=0.2)


def test_loudness_does_not_depend_on_where_a_long_file_is_cut_for_weighting(monkeypatch):
    audio = melody(TUNE)
    whole = measure_loudness(audio, RATE)
    monkeypatch.setattr("ddsp_rt.evaluation.loudness.CHUNK", 1 << 14)
    assert np.abs(measure_loudness(audio, RATE) - whole).max() < 0.1


def test_loudness_l1_is_the_gain_between_two_signals():
    audio = melody(TUNE)
    assert loudness_l1(audio, audio * 10 ** (-3 / 20), RATE) == pytest.approx(3, abs=0.01)
    assert np.isnan(loudness_l1(np.zeros(RATE), audio[:RATE], RATE))


@pytest.mark.parametrize("rate", [16000, 48000])
@pytest.mark.parametrize("lag_ms", [0, 20, 75])
def test_lags_are_found(rate, lag_ms):
    audio = melody(TUNE, rate=rate)
    late = delayed(audio, int(lag_ms * rate / 1000))
    assert loudness_lag(audio, late, rate) == pytest.approx(lag_ms, abs=1)
    assert pitch_lag(audio, late, rate) == pytest.approx(lag_ms, abs=1)


def test_pitch_lag_knows_of_the_octave_and_finds_early_outputs():
    audio, higher = melody(TUNE), melody([n + 12 for n in TUNE])
    assert pitch_lag(audio, delayed(higher, 160), RATE, octave=1) == pytest.approx(10, abs=2)
    assert pitch_lag(delayed(audio, 480), audio, RATE) == pytest.approx(-30, abs=1)


def test_a_wrong_note_is_not_a_late_one():
    """An octave off for a tenth of a second where the output begins, under a vibrato that is 12 ms late."""
    time = np.arange(2 * RATE) / RATE
    phase = np.cumsum(330 * 2 ** (0.03 * np.sin(2 * np.pi * 5 * time))) / RATE
    audio, wrong = (sum(np.sin(2 * np.pi * h * n * phase) / h for h in range(1, 5)) for n in (1, 2))
    late = delayed(np.where(time < 0.1, wrong, audio), round(0.012 * RATE))
    assert pitch_lag(audio, late, RATE) == pytest.approx(12, abs=1)


def test_a_lag_beyond_the_search_is_no_result():
    time = np.arange(RATE) / RATE
    glide = sum(np.sin(h * 2 * np.pi * 150 / np.log(4) * 4**time) / h for h in range(1, 5))  # two octaves a second
    assert np.isnan(pitch_lag(glide, delayed(glide, round(0.2 * RATE)), RATE))
    assert pitch_lag(glide, delayed(glide, round(0.1 * RATE)), RATE) == pytest.approx(100, abs=1)
    swell = np.sin(2 * np.pi * 200 * time) * 10 ** (-50 * (time - 0.4) ** 2)
    assert np.isnan(loudness_lag(swell, delayed(swell, round(0.2 * RATE)), RATE))
    assert np.isnan(loudness_lag(np.zeros(RATE), np.zeros(RATE), RATE))


@pytest.mark.parametrize("f0", [45.0, 98.0, 440.0, 1200.0, 2000.0])
def test_centred_tracker_is_right_on_tones(f0):
    time = np.arange(RATE) / RATE
    track = centred_f0(sum(np.sin(2 * np.pi * h * f0 * time) / h for h in range(1, 4)), RATE)[60:-60]
    assert np.abs(1200 * np.log2(track / f0)).max() < 15
    assert np.isnan(centred_f0(np.zeros(RATE), RATE)).all()


def track_of(notes, frames=100):
    return np.repeat(440 * 2 ** ((np.array(notes, float) - 69) / 12), frames)


def test_f0_errors_find_the_lag_and_the_errors_put_in():
    reference = track_of(TUNE)
    output = np.concatenate([np.full(5, np.nan), reference * 2 ** (10 / 1200)])[: len(reference)]
    steady = np.flatnonzero(~note_changes(reference))
    output[steady[100:112] + 5] *= 2
    errors = f0_errors(reference, output)
    wrong = 12 / errors.frames
    assert errors.lag == 20
    assert errors.beyond_half_octave == pytest.approx(wrong, rel=0.05)
    assert errors.beyond_semitone == pytest.approx(wrong, rel=0.05)
    assert errors.l1 == pytest.approx(0.1 + 12 * wrong, rel=0.05)


def test_f0_errors_at_note_changes_are_apart():
    reference = track_of(TUNE)
    reference *= 2 ** (0.3 * np.sin(np.arange(len(reference)) / 7) / 12)  # vibrato, which tells the lag
    errors = f0_errors(reference, np.where(note_changes(reference), reference * 1.2, reference))
    assert errors.l1 < 1e-9 and errors.at_changes_l1 > 1
    assert errors.at_changes_frames == pytest.approx(11 * 2 * 12.5, rel=0.15)


def test_f0_errors_remove_the_octave_and_refuse_to_judge_too_little():
    reference = track_of(TUNE)
    assert f0_errors(reference, reference / 2, octave=-1).l1 < 1e-9
    half_known = np.where(np.arange(len(reference)) % 2, reference, np.nan)
    assert f0_errors(half_known, reference) is None
    sounding = np.arange(len(reference)) % 2 > 0
    assert f0_errors(half_known, reference, sounding).judged == 1
    unheard = np.where(np.arange(len(reference)) % 4, reference, np.nan)
    assert f0_errors(reference, unheard).unpitched == pytest.approx(0.25, abs=0.02)


def test_pooling_weighs_by_frames():
    reference = track_of(TUNE)
    good, bad = f0_errors(reference, reference), f0_errors(reference[:300], reference[:300] * 2 ** (1 / 12))
    both = pool([good, bad, None])
    assert both.l1 == pytest.approx(bad.frames / (good.frames + bad.frames))
    assert pool([None]) is None


def test_vibrato_is_no_note_change():
    time = np.arange(1000) / 250
    assert not note_changes(440 * 2 ** (0.3 * np.sin(2 * np.pi * 5.5 * time) / 12)).any()


class Delay:
    """A stream that plays its input back `samples` late."""

    def __init__(self, samples):
        self.held = np.zeros(samples, np.float32)

    def process(self, block):
        joined = np.concatenate([self.held, block])
        self.held = joined[len(block) :]
        return joined[: len(block)]


def test_onset_latency_is_the_delay_of_a_delay():
    undelayed = onset_latency(Delay(0), 16000, trials=20)
    latency = onset_latency(Delay(160), 16000, trials=20, block=77)
    assert undelayed.median < 2.5
    assert latency.median - undelayed.median == pytest.approx(10, abs=0.5)
    assert latency.jitter < 1 and latency.missed == 0


def test_onset_latency_sees_jitter_and_silence():
    class Frames(Delay):  # waits for whole blocks of 10 ms
        def process(self, block):
            self.held = np.concatenate([self.held, block])
            whole = len(self.held) // 160 * 160
            out, self.held = self.held[:whole], self.held[whole:]
            self.ready = np.concatenate([getattr(self, "ready", np.zeros(160, np.float32)), out])
            result, self.ready = self.ready[: len(block)], self.ready[len(block) :]
            return result

    assert onset_latency(Frames(0), 16000, trials=20, block=64).missed == 0

    class Silent:
        def process(self, block):
            return np.zeros_like(block)

    assert onset_latency(Silent(), 16000, trials=5).missed == 5


def test_timbre_distance_knows_like_from_unlike():
    dull, dull_too = (timbre_frames(melody(TUNE, tilt=1.5, seed=s), RATE) for s in (0, 1))
    bright = timbre_frames(melody(TUNE, tilt=0.3), RATE)
    same, other = timbre_distance(dull, dull_too), timbre_distance(dull, bright)
    assert timbre_distance(dull, dull) < 1e-6 * other
    assert same < 0.02 * other
    assert timbre_distance(dull, bright) == pytest.approx(timbre_distance(bright, dull), rel=1e-6)


def test_timbre_distance_of_known_gaussians():
    random = np.random.default_rng(0)
    a, b = random.standard_normal((2, 50000, 19))
    assert timbre_distance(a, 2 * b + 1) == pytest.approx(19 * (1 + 1), rel=0.02)


@pytest.mark.parametrize("rate", [16000, 48000])
def test_clicks_are_found_and_clean_tones_have_none(rate):
    time = np.arange(5 * rate) / rate
    f0 = 300 * 2 ** (0.3 * np.sin(2 * np.pi * 5 * time) / 12)
    phase = 2 * np.pi * np.cumsum(f0) / rate
    clean = sum(0.2 * np.sin(h * phase) / h**1.5 for h in range(1, 12)) * (0.6 + 0.4 * np.sin(2 * np.pi * 0.7 * time))
    clean += 1e-5 * np.random.default_rng(0).standard_normal(len(clean))
    assert len(find_clicks(clean, rate)) == 0
    assert share_found(clean, rate, count=40) >= 0.95
    assert len(find_clicks(melody(TUNE, rate=rate, noise=1e-5), rate)) == 0
    assert len(find_clicks(np.zeros(rate), rate)) == 0


def test_injected_steps_have_the_size_asked_for():
    audio = melody(TUNE * 2, noise=0)
    spoilt, steps = inject_steps(audio, RATE, 10, level=-40)
    sizes = np.abs(spoilt - audio)[steps]
    assert len(steps) == 10
    local = [np.sqrt(np.mean(audio[s - 400 : s + 400] ** 2)) for s in steps]
    assert sizes / local == pytest.approx(0.01, rel=0.01)
