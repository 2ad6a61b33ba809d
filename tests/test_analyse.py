"""`ddsp-rt analyse`: a melody in, the same melody as notes, as MIDI, as a table, and as sound."""

import csv
import io
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import ddsp_rt
from ddsp_rt.segmentation import segment

mido = pytest.importorskip("mido")

ROOT = Path(__file__).parents[1]
RATE = 44_100
TUNE = [62, 64, 65, 69, 69, 74, 70.3, 62]  # one struck twice, one out of tune
LENGTH = 0.4  # seconds of each


def sung(pitches: np.ndarray, level: np.ndarray | float = 0.2) -> np.ndarray:
    """A tone of eight harmonics at MIDI `pitches` [samples]."""
    phase = 2 * np.pi * np.cumsum(440 * 2 ** ((pitches - 69) / 12)) / RATE
    return (level * sum(np.sin(h * phase) / h for h in range(1, 9))).astype(np.float32)


def tune() -> np.ndarray:
    size = int(LENGTH * RATE)
    into = np.arange(len(TUNE) * size) % size / RATE
    level = 0.2 * np.minimum(1, np.minimum(into, LENGTH - into) / 0.03)
    silence = np.zeros(RATE // 2, np.float32)
    return np.concatenate([silence, sung(np.repeat(TUNE, size), level), silence])


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder to be in, with tune.wav."""
    ddsp_rt.write_audio(tmp_path / "tune.wav", tune(), RATE)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def process(*arguments: object, binary: bool = False, given: bytes | None = None) -> subprocess.CompletedProcess:
    command = [sys.executable, "-m", "ddsp_rt", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=not binary, input=given)


def test_a_tune_is_its_notes(folder, run_here):
    done = run_here("analyse", "tune.wav", "--json")
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    notes = report["notes"]
    assert [note["key"] for note in notes] == [round(pitch) for pitch in TUNE]
    assert [note["note"] for note in notes][:3] == ["D4", "E4", "F4"]
    for index, note in enumerate(notes):
        assert abs(note["start"] - (0.5 + LENGTH * index)) < 0.05
        assert abs(note["cents"] - 100 * (TUNE[index] - round(TUNE[index]))) < 5
        assert 1 <= note["velocity"] <= 127
    assert report["seconds"] == pytest.approx(len(tune()) / RATE, abs=1e-3)


def test_the_table_is_what_the_analyser_says(folder, run_here):
    assert run_here("analyse", "tune.wav", "--csv", "out/tune.csv").returncode == 0
    rows = list(csv.DictReader((folder / "out" / "tune.csv").open()))
    features = ddsp_rt.analyse(*ddsp_rt.read_audio("tune.wav"))
    assert len(rows) == len(features)
    for row, f0, voiced, loudness in zip(rows, features.f0, features.voiced, features.loudness):
        assert row["voiced"] == str(int(voiced))
        assert (row["f0_hz"] == f"{f0:.3f}") if voiced else row["f0_hz"] == ""
        assert float(row["loudness_db"]) == pytest.approx(loudness, abs=0.01)
    assert rows[250]["seconds"] == "1.000"


def test_a_midi_file_says_what_any_player_needs(folder, run_here):
    assert run_here("analyse", "tune.wav", "--midi", "tune.mid").returncode == 0
    messages = list(mido.MidiFile("tune.mid"))
    controls = [(message.control, message.value) for message in messages if message.type == "control_change"]
    assert controls[:4] == [(101, 0), (100, 0), (6, 12), (38, 0)]  # RPN 0: the wheel's range
    assert (68, 127) in controls  # legato: notes that overlap were slurred
    clock, begins = 0.0, []
    for message in messages:
        clock += message.time
        if message.type == "note_on" and message.velocity:
            begins.append((clock, message.note))
    assert [key for _, key in begins] == [round(pitch) for pitch in TUNE]
    assert begins[3][0] == pytest.approx(0.5 + 3 * LENGTH, abs=0.05)


def contour(audio: np.ndarray, rate: int, times: np.ndarray) -> np.ndarray:
    """MIDI pitch at `times`, NaN where there is none."""
    features = ddsp_rt.analyse(audio, rate)
    frames = np.clip(np.round(times * 250).astype(int), 0, len(features) - 1)
    return np.where(features.voiced[frames], features.midi[frames], np.nan)


@pytest.mark.parametrize("source", ["tune.wav", ROOT / "examples" / "sung_phrase.flac"], ids=["tune", "voice"])
def test_what_is_written_plays_the_melody_again(folder, source, run_here):
    assert run_here("analyse", source, "--midi", "again.mid").returncode == 0
    done = run_here("play", "again.mid", "--to", "violin", "-o", "again.wav", "--octave", "1", "--set", "reverb=0")
    assert done.returncode == 0, done.stderr
    audio, rate = ddsp_rt.read_audio(source)
    played, played_rate = ddsp_rt.read_audio("again.wav")
    times = np.arange(0.1, len(audio) / rate - 0.1, 0.01)
    sung_pitch = contour(audio, rate, times)
    # The notes begin where the sound did, the door answers 4 ms later, and both are heard by the same analyser.
    errors = [np.abs(contour(played, played_rate, times + lag) - 12 - sung_pitch) for lag in (-0.02, -0.01, 0, 0.01)]
    error = min(errors, key=np.nanmedian)
    assert np.isfinite(error).mean() > 0.8 * np.isfinite(sung_pitch).mean()
    assert np.nanmedian(error) < 0.15  # semitones
    assert np.mean(error[np.isfinite(error)] < 0.5) > 0.85  # the rest lies at changes of note


def test_dynamics_survive(folder):
    level = 0.2 * 10 ** (-np.linspace(0, 20, 2 * RATE) / 20)
    heard = segment(ddsp_rt.analyse(np.concatenate([sung(np.full(2 * RATE, 67.0), level)]), RATE))
    assert len(heard.notes) == 1
    note, swell = heard.notes[0], 0.0
    for event in heard.events:
        if event.kind == "expression":
            swell = 40 * np.log10(event.value)
    assert swell == pytest.approx(-20, abs=1.5)  # at its end, from where it began
    assert note.velocity == 1.0


def test_a_folder_goes_to_a_folder_and_a_bad_file_costs_itself_alone(folder, run_here):
    (folder / "takes").mkdir()
    for name in ("a", "b"):
        ddsp_rt.write_audio(folder / "takes" / f"{name}.wav", tune(), RATE)
    (folder / "takes" / "bad.wav").write_bytes(b"RIFF")
    done = run_here("analyse", "takes", "--midi", "notes", "--csv", "tables")
    assert done.returncode == 1
    assert "bad.wav" in done.stderr
    assert "1 of 3 inputs skipped" in done.stderr
    assert sorted(path.name for path in (folder / "notes").iterdir()) == ["a.mid", "b.mid"]
    assert sorted(path.name for path in (folder / "tables").iterdir()) == ["a.csv", "b.csv"]


def test_standard_output_takes_one_thing(folder):
    done = process("analyse", "tune.wav", "--midi", "-", binary=True)
    assert len(list(mido.MidiFile(file=io.BytesIO(done.stdout)))) > len(TUNE)
    piped = process("analyse", "-", given=(folder / "tune.wav").read_bytes(), binary=True)
    assert piped.stdout.decode().splitlines()[-1].startswith("standard input: ")
    assert process("analyse", "tune.wav", "--csv", "-").stdout.startswith("seconds,f0_hz,")
    refused = process("analyse", "tune.wav", "--csv", "-", "--json")
    assert refused.returncode == 2
    assert len(refused.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    ("arguments", "code", "word"),
    [
        (["none.wav"], 1, "none.wav"),
        (["tune.wav", "--midi", "tune.txt"], 2, ".mid"),
        (["tune.wav", "--channel", "3"], 1, "channel"),
    ],
)
def test_a_mistake_is_one_line_and_leaves_nothing(folder, arguments, code, word, run_here):
    done = run_here("analyse", *arguments)
    assert done.returncode == code
    assert len(done.stderr.splitlines()) == 1
    assert word in done.stderr
    assert [path.name for path in folder.iterdir()] == ["tune.wav"]


def test_noise_has_no_notes_and_says_so(folder, run_here):
    noise = np.random.default_rng(1).normal(0, 0.1, RATE).astype(np.float32)
    ddsp_rt.write_audio("noise.wav", noise, RATE)
    done = run_here("analyse", "noise.wav", "--midi", "noise.mid")
    assert done.returncode == 0
    assert "0 notes" in done.stdout
    assert "no pitch found" in done.stderr
