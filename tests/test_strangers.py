"""A file of another instrument is told from loud and soft takes, vibrato and another microphone of the same one."""

import functools

import numpy as np
import soundfile

from ddsp_rt.analysis import Features
from ddsp_rt.inspection.commands import inspect_files
from ddsp_rt.inspection.strangers import find_strangers
from ddsp_rt.inspection.timbre import timbres

RATE = 16000
REED = (lambda h: 1.0 / h**0.6, 1e-4)  # level of a harmonic, and of breath
FLUTE = (lambda h: 1.0 / h**3, 3e-3)


def note(midi, instrument=REED, decibels=0.0, vibrato=0.0, seed=0, seconds=1.2, microphone=0.0):
    """A note whose harmonics wander, fall faster when it is soft, and are bent by a microphone's dB an octave."""
    random = np.random.default_rng(seed)
    tone, breath = instrument
    time = np.arange(int(seconds * RATE)) / RATE
    f0 = 440 * 2 ** ((midi + vibrato * np.sin(2 * np.pi * 5.5 * time) - 69) / 12)
    phase, audio = 2 * np.pi * np.cumsum(f0) / RATE, breath * random.standard_normal(len(time))
    for h in range(1, 30):
        if h * f0.max() < 0.45 * RATE:
            level = random.normal(0, 1.0) + 0.1 * decibels * np.log2(h) + microphone * np.log2(h)
            audio += 10 ** (level / 20) * tone(h) * np.sin(h * phase + random.uniform(0, 6.28))
    return 0.1 * 10 ** (decibels / 20) * np.minimum(1, np.minimum(time, seconds - time) / 0.03) * audio


@functools.cache
def timbres_of(midi, **how):
    audio = note(midi, **how)
    frames = int(len(audio) / RATE * 250)
    level = 20 * np.log10(np.sqrt(np.mean(np.square(audio))) + 1e-9)
    f0 = np.full(frames, 440 * 2 ** ((midi - 69) / 12), np.float32)
    return timbres(audio, RATE, Features(f0, np.ones(frames, np.float32), np.full(frames, level, np.float32)))


SCALE = [(midi, seed) for midi in range(60, 68) for seed in (1, 2)]


def strange(*files):
    return find_strangers([timbres_of(midi, **how) for midi, how in files])


def takes(**how):
    return [(midi, {"seed": 100 * midi + seed, **how}) for midi, seed in SCALE]


def test_one_file_among_those_of_another_instrument_is_found():
    assert strange(*takes(), (64, {"instrument": FLUTE, "seed": 7})) == [len(SCALE)]
    assert strange(*takes(instrument=FLUTE), (64, {"seed": 7})) == [len(SCALE)]


def test_of_two_instruments_the_fewer_files_are_named():
    flutes = takes(instrument=FLUTE)[:10]
    assert strange(*takes(), *flutes) == list(range(len(SCALE), len(SCALE) + len(flutes)))


def test_one_instrument_is_not_mixed_however_it_is_played_or_recorded():
    assert strange(*takes()) == []
    for other in ({"decibels": -9.0}, {"decibels": -18.0}, {"vibrato": 0.25}, {"microphone": 2.0}):
        assert strange(*takes(), *takes(**other)) == []


def test_without_notes_in_common_nothing_is_said():
    assert strange(*takes(), *((midi, {"instrument": FLUTE, "seed": midi}) for midi in range(72, 80))) == []
    assert strange((60, {}), (60, {"instrument": FLUTE})) == []
    assert find_strangers([]) == [] and find_strangers([np.zeros((0, 24))] * 3) == []


def test_inspect_names_the_file(tmp_path):
    for midi, how in [*takes()[:8], (62, {"instrument": FLUTE, "decibels": 6.0, "seed": 7})]:
        name = "flute.wav" if "instrument" in how else f"{midi}-{how['seed']}.wav"
        soundfile.write(tmp_path / name, note(midi, **how), RATE)
    report = inspect_files(sorted(tmp_path.iterdir()))
    assert report["total"]["strangers"] == [str(tmp_path / "flute.wav")]
    assert any(line.startswith("flute.wav: unlike the other files") for line in report["total"]["advice"])
    said = [entry["file"] for entry in report["files"] if any("unlike" in line for line in entry["advice"])]
    assert said == report["total"]["strangers"]
