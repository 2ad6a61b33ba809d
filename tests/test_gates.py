import numpy as np
import pytest

from ddsp_rt.analysis import FRAME_RATE
from ddsp_rt.gates import clipped_samples, usable_frames

RATE = 16000


def tone(f0, seconds=2.0, rate=RATE, harmonics=12):
    time = np.arange(int(seconds * rate)) / rate
    return 0.1 * sum(np.sin(2 * np.pi * h * f0 * time) / h for h in range(1, harmonics + 1) if h * f0 < 0.45 * rate)


def features(seconds, f0, loudness=-20.0, periodicity=1.0):
    frames = int(seconds * FRAME_RATE)
    return [np.broadcast_to(np.float32(x), frames).copy() for x in (f0, periodicity, loudness)]


def share(gates, reason):
    return gates.reasons[reason][50:-50].mean()


@pytest.mark.parametrize("f0", [65, 110, 196, 440, 1000, 1800])
@pytest.mark.parametrize("rate", [16000, 44100])
def test_single_notes_pass(f0, rate):
    gates = usable_frames(tone(f0, rate=rate), rate, *features(2.0, f0))
    assert gates.usable.all()


@pytest.mark.parametrize("numbers", [(2, 3), (6, 7), (5, 6), (2, 5, 6, 12), (2, 3, 8), (6, 7, 14)])
def test_a_low_note_of_which_few_harmonics_stand_out_is_one_note(numbers):
    time = np.arange(2 * RATE) / RATE
    audio = 0.1 * sum(np.sin(2 * np.pi * 65.4 * h * time) for h in numbers)
    assert usable_frames(audio, RATE, *features(2.0, 65.4)).usable.all()


@pytest.mark.parametrize("interval", [3, 4, 5, 7, 8, 9, 16])
@pytest.mark.parametrize("level", [0.5, 1.0])
def test_double_stops_are_left_out(interval, level):
    f0 = 220.0
    chord = tone(f0) + level * tone(f0 * 2 ** (interval / 12))
    assert share(usable_frames(chord, RATE, *features(2.0, f0)), "polyphony") > 0.95


@pytest.mark.parametrize("f0", [98, 196, 330, 440])
@pytest.mark.parametrize("level", [1.0, 2.0])
@pytest.mark.parametrize("cents", [-25, -12, 12, 25])
def test_octaves_are_left_out_where_they_are_out_of_tune(f0, level, cents):
    audio = tone(f0) + level * tone(2 * f0 * 2 ** (cents / 1200))
    assert share(usable_frames(audio, RATE, *features(2.0, f0)), "polyphony") > 0.95


@pytest.mark.parametrize("noise", [0.0, 1e-5, 1e-3])
def test_a_tone_without_harmonics_is_one_note(noise):
    """Where there is no partial, what the window and the noise leave there tells of no tuning."""
    audio = 0.3 * np.sin(2 * np.pi * 440 * np.arange(2 * RATE) / RATE) + noise * np.random.default_rng(1).normal(
        size=2 * RATE
    )
    assert share(usable_frames(audio, RATE, *features(2.0, 440.0)), "polyphony") < 0.01


def test_a_synthesizers_square_wave_is_one_note():
    """Its odd harmonics come back from Nyquist between the multiples of its pitch, where an octave would be."""
    audio = 0.3 * np.sign(np.sin(2 * np.pi * 220 * np.arange(2 * RATE) / RATE))
    assert share(usable_frames(audio, RATE, *features(2.0, 220.0)), "polyphony") < 0.01


def test_a_slide_of_a_single_note_and_one_with_weak_odd_harmonics_are_no_octaves():
    time = np.arange(2 * RATE) / RATE
    f0 = 220 * 2 ** (0.3 * time / 12)
    phase = 2 * np.pi * np.cumsum(f0) / RATE
    for levels in ([1, 0.5, 0.3, 0.2, 0.2, 0.1], [0.05, 1, 0.05, 0.5, 0.05, 0.3]):
        audio = 0.1 * sum(level * np.sin(h * phase) for h, level in enumerate(levels, 1))
        assert usable_frames(audio, RATE, f0[:: RATE // FRAME_RATE], np.ones(500), np.full(500, -20.0)).usable.all()


@pytest.mark.parametrize(("p", "q"), [(2, 3), (3, 4), (4, 5), (3, 5)])
def test_a_chord_heard_as_its_common_period_is_left_out(p, q):
    chord = tone(100.0 * p, harmonics=6) + tone(100.0 * q, harmonics=6)
    assert share(usable_frames(chord, RATE, *features(2.0, 100.0)), "polyphony") > 0.95


@pytest.mark.parametrize("interval", [3, 4, 7, 9])
def test_double_stops_in_which_the_tracker_hears_no_pitch_are_left_out(interval):
    chord = tone(220) + 0.7 * tone(220 * 2 ** (interval / 12))
    assert share(usable_frames(chord, RATE, *features(2.0, 220, periodicity=0.2)), "polyphony") > 0.95


def test_noise_and_single_notes_without_pitch_are_no_chords():
    noise = 0.1 * np.random.default_rng(0).standard_normal(4 * RATE)
    assert usable_frames(noise, RATE, *features(4.0, 220, periodicity=0.1)).usable.all()
    assert usable_frames(noise + tone(300, 4.0), RATE, *features(4.0, 220, periodicity=0.4)).usable.all()


def test_breathy_note_and_vibrato_pass():
    time = np.arange(2 * RATE) / RATE
    f0 = 330 * 2 ** (0.4 * np.sin(2 * np.pi * 5.5 * time) / 12)
    phase = 2 * np.pi * np.cumsum(f0) / RATE
    audio = sum(0.1 * np.sin(h * phase) / h for h in range(1, 10))
    audio += 0.02 * np.random.default_rng(0).standard_normal(len(audio))
    track = f0[:: RATE // FRAME_RATE]
    assert usable_frames(audio, RATE, track, np.ones(500), np.full(500, -20.0)).usable.all()


def test_long_silence_goes_but_the_tail_of_a_note_stays():
    audio = np.concatenate([tone(300), np.zeros(5 * RATE)])
    f0, periodicity, loudness = features(7.0, 300)
    loudness[500:], periodicity[500:] = -100, 0
    gates = usable_frames(audio, RATE, f0, periodicity, loudness)
    assert gates.usable_seconds == pytest.approx(3.0, abs=0.01)
    assert gates.left_out_seconds()["silence"] == pytest.approx(4.0, abs=0.01)


def test_clipped_passages_are_found_and_clean_low_tones_are_not():
    time = np.arange(RATE) / RATE
    for f0 in (40, 55, 220):
        clean = 0.95 * np.sin(2 * np.pi * f0 * time)
        quantised = np.round(clean * 32767) / 32768
        assert not clipped_samples(quantised).any()
        assert clipped_samples(np.clip(1.2 * quantised, -0.9, 0.9)).sum() > 0.05 * RATE
    audio = tone(220, 2.0)
    audio[RATE // 2 : RATE] = np.clip(40 * audio[RATE // 2 : RATE], -1, 1)
    clipping = usable_frames(audio, RATE, *features(2.0, 220)).reasons["clipping"]
    assert clipping[130:245].mean() > 0.9 and not clipping[:120].any() and not clipping[260:].any()


def test_wandering_track_is_unsteady_and_a_trill_is_not():
    f0, periodicity, loudness = features(2.0, 440)
    trill = f0 * np.where(np.arange(500) // 18 % 2, 2 ** (2 / 12), 1).astype(np.float32)
    noise = np.random.default_rng(0).standard_normal(2 * RATE) * 0.1
    assert not usable_frames(noise, RATE, trill, periodicity, loudness).reasons["unsteady"].any()
    jumpy = f0 * np.where(np.arange(500) // 5 % 2, 2.0, 1.0).astype(np.float32)
    assert share(usable_frames(noise, RATE, jumpy, periodicity, loudness), "unsteady") > 0.95


def test_the_attacks_of_tongued_notes_stay_though_the_track_wanders_between_them():
    f0, periodicity, loudness = features(4.0, 440)
    between = np.arange(1000) % 100 >= 60
    jumpy = np.where(between & (np.arange(1000) // 5 % 2 == 1), 2 * f0, f0).astype(np.float32)
    noise = np.random.default_rng(0).standard_normal(4 * RATE) * 0.1
    tongued = np.where(between, -62, -20).astype(np.float32)
    assert not usable_frames(noise, RATE, jumpy, periodicity, tongued).reasons["unsteady"].any()
    assert usable_frames(noise, RATE, jumpy, periodicity, loudness).reasons["unsteady"][between].mean() > 0.9


def test_nothing_and_nan_are_survived():
    assert usable_frames(np.zeros(0), RATE, [], [], []).usable.size == 0
    audio = np.full(RATE, np.nan)
    gates = usable_frames(audio, RATE, *features(1.0, 100, -100, 0))
    assert not gates.usable.any()
