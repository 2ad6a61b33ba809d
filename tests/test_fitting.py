"""A fit bends a performance to an instrument and leaves its expression: soft stays soft, pauses stay pauses."""

import subprocess
import sys

import numpy as np
import pytest
import soundfile

import ddsp_rt
from ddsp_rt.evaluation.loudness import measure_loudness
from ddsp_rt.transfer import transfer_file

RATE = 16_000
NOTE, PAUSE = 0.25, 0.2  # seconds


@pytest.fixture(scope="module")
def violin():
    return ddsp_rt.load("violin")


def staccato(notes=16, midi=(62, 69, 74), level=0.1, swell=True):
    """Tongued notes of 0.25 s with a pause of 0.2 s after each, every third louder; float32 [samples]."""
    time = np.arange(int(NOTE * RATE)) / RATE
    shape = np.minimum(1, np.minimum(time / 0.01, (NOTE - time) / 0.03))
    parts = []
    for i in range(notes):
        f0 = 440 * 2 ** ((midi[i % len(midi)] - 69) / 12)
        harmonics = sum(np.sin(2 * np.pi * h * f0 * time) / h for h in range(1, 9))
        gain = 10 ** (-(i % 3) * 5 / 20) if swell else 1.0
        parts += [level * gain * shape * harmonics, np.zeros(int(PAUSE * RATE))]
    return np.concatenate(parts).astype(np.float32)


def with_noise(audio, level_db, seed=0):
    noise = np.random.default_rng(seed).standard_normal(len(audio)) * 10 ** (level_db / 20)
    return (audio + noise).astype(np.float32)


def in_pauses(frames):
    """bool [frames]: amid the pauses, 60 ms after a note's end and 20 ms before the next."""
    at = np.arange(frames) / 250 % (NOTE + PAUSE)
    return (at > NOTE + 0.06) & (at < NOTE + PAUSE - 0.02)


def depth(audio):
    """dB by which the pauses lie under the loud level."""
    loudness = measure_loudness(audio, RATE)
    return np.percentile(loudness, 95) - np.median(loudness[in_pauses(len(loudness))])


def dry(instrument, audio, **options):
    fitting = instrument.fit(ddsp_rt.analyse(audio, RATE), **options)
    return instrument.stream(RATE, fitting, reverb=0.0).process(audio), fitting


def test_pauses_of_a_staccato_phrase_stay(violin):
    played, _ = dry(violin, staccato())
    assert depth(played) > 60


def test_faint_sound_in_pauses_is_not_raised(violin):
    audio = with_noise(staccato(4), -62)  # too short to know its noise
    played, fitting = dry(violin, audio)
    assert fitting.gate_db == -100
    assert depth(played) > min(depth(audio) - 3, 50)


def test_pauses_of_a_noisy_performance_close_and_no_note_is_cut(violin):
    audio = with_noise(staccato(), -50)
    features = ddsp_rt.analyse(audio, RATE)
    played, fitting = dry(violin, audio)
    asked = fitting.apply(features.f0, features.periodicity, features.loudness)["loudness"]
    pauses = in_pauses(len(asked))
    assert np.all(asked[pauses] == -100) and not features.voiced[pauses].any()
    clean = ddsp_rt.analyse(staccato(), RATE)
    notes = clean.voiced & (clean.loudness > -60) & features.voiced
    assert notes.sum() > 500 and np.all(asked[notes] > -100)
    assert depth(played) > 60


def test_a_softer_copy_is_played_the_same(violin):
    audio = staccato()
    loud, _ = dry(violin, audio)
    soft, _ = dry(violin, audio * np.float32(10 ** (-12 / 20)))
    assert np.abs(loud).max() > 0.01
    difference = np.abs(measure_loudness(loud, RATE) - measure_loudness(soft, RATE))
    at = np.arange(len(difference)) / 250 % (NOTE + PAUSE)
    notes = difference[(at > 0.06) & (at < NOTE - 0.03)]
    assert np.median(notes) < 0.1 and notes.max() < 1  # the tracker's first word on an onset may differ


def test_even_notes_stay_even(violin):
    played, _ = dry(violin, staccato(swell=False, midi=(69,)))
    loudness = measure_loudness(played, RATE)
    starts = (np.arange(16) * (NOTE + PAUSE) * 250).astype(int)
    levels = [np.median(loudness[start + 30 : start + 55]) for start in starts]
    assert np.ptp(levels[1:]) < 1.0


def test_dynamics_are_multiplied_when_asked(violin):
    audio = staccato()
    features = ddsp_rt.analyse(audio, RATE)

    def spread(**options):
        fitting = violin.fit(features, **options)
        return fitting.map_loudness(-27) - fitting.map_loudness(-37)

    assert spread() == pytest.approx(10, abs=1e-3)
    assert spread(loudness_range=1.5) == pytest.approx(15, abs=1e-3)
    assert spread(loudness=7) == pytest.approx(10, abs=1e-3)
    for bad in (0, 9, "auto", "wide"):
        with pytest.raises(ddsp_rt.UsageError, match="loudness range"):
            violin.fit(features, loudness_range=bad)


def test_a_stream_learns_what_a_fit_of_the_file_says(violin):
    audio = staccato(48, midi=(45, 47), level=0.02)
    whole = violin.fit(ddsp_rt.analyse(audio, RATE))
    assert whole.octave == 1 and whole.loudness_offset_db > 5
    stream = violin.stream(RATE, fit="auto")
    for start in range(0, len(audio), 512):
        stream.process(audio[start : start + 512])
    assert stream.fitting.octave == whole.octave
    assert stream.fitting.loudness_offset_db == pytest.approx(whole.loudness_offset_db, abs=1.0)
    learner = violin.stream(RATE)
    learner.learn()
    learner.process(audio)
    assert learner.fitting.octave == whole.octave
    assert learner.fitting.loudness_offset_db == pytest.approx(whole.loudness_offset_db, abs=0.5)
    with pytest.raises(ddsp_rt.UsageError, match="fit"):
        violin.stream(RATE, fit="always")


def test_transfer_tells_what_lies_beyond_the_range(violin, tmp_path):
    high, inside = staccato(4, midi=(98,)), staccato(16, midi=(62,), swell=False)
    soundfile.write(tmp_path / "in.wav", np.concatenate([inside, high]), RATE)
    made = transfer_file(violin, tmp_path / "in.wav", tmp_path / "out.wav", octave=0)
    (note,) = [note for note in made.notes if "lies" in note]
    assert note.endswith("% of this lies above the violin's range")
    share = int(note.split(": ")[1].split(" %")[0])
    assert 15 <= share <= 25


def test_the_command_takes_a_range(tmp_path):
    soundfile.write(tmp_path / "in.wav", staccato(4), RATE)
    peaks = []
    for extra in ([], ["--loudness-range", "2"], ["--loudness-range", "7"]):
        command = [sys.executable, "-m", "ddsp_rt.cli", "transfer", "in.wav", "--to", "violin", "-o", "out.wav"]
        done = subprocess.run(command + extra, cwd=tmp_path, capture_output=True, text=True)
        if done.returncode == 2:
            assert "loudness range" in done.stderr and len(done.stderr.strip().splitlines()) == 1
            continue
        peaks.append(soundfile.read(tmp_path / "out.wav")[0])
    assert len(peaks) == 2 and not np.array_equal(*peaks)
