"""The data doctor finds what was put into recordings made here."""

import json
import re

import numpy as np
import pytest
import soundfile

from ddsp_rt.cli import main
from ddsp_rt.inspection.commands import histogram, inspect_files
from ddsp_rt.inspection.duplicates import find_duplicates, fingerprint
from ddsp_rt.inspection.reverberation import reverberation_time
from ddsp_rt.inspection.summary import evenness

RATE = 16000


def note(midi, seconds=0.5, rate=RATE, level=0.2):
    time = np.arange(int(seconds * rate)) / rate
    f0 = 440 * 2 ** ((midi - 69) / 12)
    shape = np.minimum(1, np.minimum(time / 0.02, (seconds - time) / 0.01))
    return level * shape * sum(np.sin(2 * np.pi * h * f0 * time) / h for h in range(1, 9) if h * f0 < 0.45 * rate)


def phrase(seed=0, rate=RATE, notes=8):
    random = np.random.default_rng(seed)
    parts = [note(m, random.uniform(0.3, 0.7), rate, random.uniform(0.05, 0.3)) for m in random.integers(57, 75, notes)]
    audio = np.concatenate([np.concatenate([p, np.zeros(rate // 8)]) for p in parts])
    return audio + 1e-4 * random.standard_normal(len(audio))


@pytest.fixture
def folder(tmp_path):
    def put(name, audio, rate=RATE):
        soundfile.write(tmp_path / name, audio, rate, subtype="PCM_16")
        return tmp_path / name

    return put


def inspect_one(path):
    report = inspect_files([path])
    return report["files"][0]


@pytest.mark.parametrize("seconds", [0.3, 0.7, 1.5])
@pytest.mark.parametrize("wetness", [0.02, 0.06])
def test_reverberation_time_of_known_rooms(seconds, wetness):
    random = np.random.default_rng(3)
    length = int(1.3 * seconds * RATE)
    room = wetness * random.standard_normal(length) * 10 ** (-3 * np.arange(length) / (seconds * RATE))
    room[0] = 1
    parts = []
    for midi in random.integers(57, 75, 30):
        parts += [note(midi, 0.4), np.zeros(int(RATE * random.uniform(0.1, 1.2 * seconds)))]
    dry = np.concatenate([*parts, np.zeros(2 * RATE)])
    size = 1 << (2 * len(dry)).bit_length()
    wet = np.fft.irfft(np.fft.rfft(dry, size) * np.fft.rfft(room, size))[: len(dry)]
    wet += 1e-6 * random.standard_normal(len(wet))
    assert reverberation_time(wet, RATE) == pytest.approx(seconds, rel=0.15)


def test_no_pauses_give_no_reverberation_time():
    assert np.isnan(reverberation_time(note(60, 5.0), RATE))


def test_range_coverage_and_loudness_are_those_played(folder):
    scale = np.concatenate([note(m, 2.0, level=g) for m, g in zip((60, 62, 64, 65), (0.4, 0.1, 0.025, 0.2))])
    found = inspect_one(folder("scale.wav", scale))
    assert found["pitch_range"] == ["C4", "F4"]
    assert found["missing_notes"] == ["C#4", "D#4"]
    assert [found["note_seconds"][n] for n in ("C4", "D4", "E4", "F4")] == pytest.approx([2] * 4, abs=0.15)
    assert found["usable_seconds"] == pytest.approx(8, abs=0.2)
    assert found["loudness_db"][2] - found["loudness_db"][0] == pytest.approx(24, abs=2)


def test_evenness_is_one_when_all_notes_are_alike():
    notes = np.zeros(128)
    notes[60:72] = 2.0
    assert evenness(notes, 60, 71) == 1
    notes[65] = 100
    assert evenness(notes, 60, 71) < 0.6


def test_clipping_noise_and_chords_are_seen_and_advised_on(folder):
    random = np.random.default_rng(0)
    clipped = inspect_one(folder("clipped.wav", np.clip(8 * phrase(), -1, 1)))
    assert clipped["clipped_samples"] > 100 and any("clipped" in line for line in clipped["advice"])
    chords = np.concatenate([note(m, 2.0) + note(m + 4, 2.0) for m in (57, 60, 62)])
    double = inspect_one(folder("chords.wav", chords))
    assert double["usable_seconds"] < 0.1 and any("two notes" in line for line in double["advice"])
    assert double["left_out_seconds"]["polyphony"] > 3  # of 6; the rest is left out for its pitch
    noise = 10 ** (-40 / 20) * random.standard_normal(len(phrase()))
    noisy = inspect_one(folder("noise.wav", phrase() + noise))
    assert noisy["noise_floor_db"] == pytest.approx(-37, abs=2)  # re a sine
    clean = inspect_one(folder("clean.wav", phrase()))
    assert clean["clipped_samples"] == 0 and clean["left_out_seconds"]["polyphony"] < 0.1


def with_pauses(seed=0):
    """Phrases with pauses of a second."""
    return np.concatenate([np.concatenate([phrase(seed + n, notes=3), np.zeros(RATE)]) for n in range(3)])


@pytest.mark.parametrize("mains", [50, 60])
def test_hum_of_the_mains_is_told_from_noise_and_from_a_ringing_note(folder, mains):
    random = np.random.default_rng(1)
    audio = with_pauses() + 1e-4 * random.standard_normal(len(with_pauses()))
    time = np.arange(len(audio)) / RATE
    hum = 1e-3 * sum(np.sin(2 * np.pi * h * mains * 1.0005 * time) / h for h in (1, 2, 3, 5))
    told = inspect_one(folder("hum.wav", audio + hum))
    assert told["hum_hz"] == mains and any(f"hum at {mains} Hz" in line for line in told["advice"])
    ringing = 1e-3 * sum(np.sin(2 * np.pi * h * 98.0 * time) / h for h in range(1, 9))
    for name, other in (("noise.wav", 0.0), ("ringing.wav", ringing)):
        clean = inspect_one(folder(name, audio + other))
        assert clean["hum_hz"] is None and not any("hum" in line for line in clean["advice"])


def test_stereo_with_one_side_inverted_is_told(folder):
    audio = phrase()
    told = inspect_one(folder("inverted.wav", np.stack([audio, -0.9 * audio], axis=1)))
    assert any("opposite polarity" in line for line in told["advice"]) and told["usable_seconds"] > 1
    assert inspect_one(folder("stereo.wav", np.stack([audio, 0.9 * audio], axis=1)))["remarks"] == []


def test_soft_clipping_is_told_by_file_and_clipping_alone_where_there_is_both(folder):
    random = np.random.default_rng(2)
    audio = np.concatenate([phrase(seed) for seed in range(3)])
    audio *= 1 + 0.05 * np.repeat(random.standard_normal(len(audio) // 800 + 1), 800)[: len(audio)]
    pressed = folder("pressed.wav", 0.5 * np.tanh(4 * audio / np.abs(audio).max()))
    paths = [folder("clean.wav", audio), pressed, folder("clipped.wav", np.clip(4 * np.tanh(8 * audio), -1, 1))]
    report = inspect_files(paths)
    assert report["total"]["soft_clipped"] == [str(pressed)]
    (line,) = (line for line in report["total"]["advice"] if line.startswith("soft clipping"))
    assert "in pressed.wav: peaks are pressed flat" in line
    said = [any(line.startswith("soft clipping") for line in entry["advice"]) for entry in report["files"]]
    assert said == [False, True, False]


def test_notes_of_one_pitch_are_told(folder):
    one = inspect_files([folder("one.wav", np.concatenate([note(60, 2.0), np.zeros(RATE), note(60, 2.0)]))])["total"]
    assert any(line.startswith("nothing but C4:") for line in one["advice"])
    scale = np.concatenate([note(midi, 2.0) for midi in (60, 62, 64)])
    assert not any("nothing but" in line for line in inspect_files([folder("scale.wav", scale)])["total"]["advice"])


def test_noise_and_percussion_are_told_and_no_notes_asked_for(folder):
    random = np.random.default_rng(4)
    hits = np.tile(np.exp(-np.arange(RATE // 2) / 800), 12) * random.standard_normal(6 * RATE)
    for name, audio in (("hits.wav", 0.2 * hits), ("hiss.wav", 0.1 * random.standard_normal(4 * RATE))):
        total = inspect_files([folder(name, audio)])["total"]
        assert total["advice"][0].startswith("hardly a melody: only")
        assert not any(line.startswith(("nothing but", "less than")) for line in total["advice"])
    assert not any("hardly a melody" in line for line in inspect_one(folder("phrase.wav", phrase()))["advice"])


def test_notes_beyond_what_is_followed_are_told(folder):
    high = np.concatenate([phrase(), note(107, 1.0), note(105, 1.0)])
    told = inspect_one(folder("whistle.wav", high))
    assert told["outside_seconds"]["above"] == pytest.approx(2.0, abs=0.2)
    assert told["outside_seconds"]["below"] == 0
    assert any("above the pitches that are followed" in line for line in told["advice"])
    inside = inspect_one(folder("inside.wav", phrase()))
    assert inside["outside_seconds"] == {"below": 0, "above": 0}


def test_silence_is_said_to_be_silent(folder):
    found = inspect_one(folder("silence.wav", np.zeros(RATE)))
    assert found["usable_seconds"] == 0 and found["advice"] == ["silent: leave it out"]
    json.dumps(found, allow_nan=False)


def test_duplicates_are_found_and_two_takes_stay_apart(folder):
    one = phrase(1, 44100)
    paths = [
        folder("one.wav", one, 44100),
        folder("copy.wav", one, 44100),
        folder("softer_cut.flac", 0.3 * one[44100:], 44100),
        folder("other.wav", phrase(2, 44100), 44100),
    ]
    retake = np.concatenate([note(m, 0.5, 44100) for m in (60, 64, 67)])
    time = np.arange(len(retake)) / 44100
    paths += [folder("take1.wav", retake, 44100)]
    paths += [folder("take2.wav", np.interp(time + 0.0007 * np.sin(2 * np.pi * 2 * time), time, retake), 44100)]
    report = inspect_files(paths)
    found = {(d["first"].split("/")[-1], d["second"].split("/")[-1]): d for d in report["duplicates"]}
    assert set(found) == {("one.wav", "copy.wav"), ("one.wav", "softer_cut.flac")}
    assert found["one.wav", "copy.wav"]["kind"] == "same file"
    assert found["one.wav", "softer_cut.flac"]["offset"] == pytest.approx(1.0, abs=0.08)


def test_a_copy_is_heard_as_every_reader_hears_it(folder):
    """Channels of opposite polarity, of which a plain mean would be silence."""
    one = phrase(1)
    paths = [folder("one.wav", one), folder("inverted.wav", 0.5 * np.stack([one, -one], axis=1))]
    (found,) = inspect_files(paths)["duplicates"]
    assert found["kind"] == "same performance" and found["offset"] == pytest.approx(0.0, abs=0.08)


def test_each_channel_can_be_looked_at_alone(folder):
    """A bow on one channel, a click track or another player on the other: the mix is neither."""
    stereo = np.stack([note(57, 2.0), note(73, 2.0)], 1)
    path = folder("two.wav", stereo)
    found = [inspect_files([path], channel=channel)["files"][0]["pitch_range"] for channel in (1, 2)]
    assert found == [["A3", "A3"], ["C#5", "C#5"]]
    assert "no channel 3" in inspect_files([path], channel=3)["failed"][str(path)]


def test_fingerprints_of_nothing_match_nothing():
    empty = fingerprint(np.zeros(0), np.zeros(0, bool), np.zeros(0))
    assert find_duplicates(["a", "b"], ["1", "2"], [empty, empty], [0.0, 0.0]) == []


def test_histogram_has_a_line_for_every_note_high_on_top():
    lines = histogram({"C4": 10.0, "C#4": 0.0, "D4": 5.0})
    assert [line.split()[0] for line in lines[2:]] == ["D4", "C#4", "C4"]
    assert lines[4].count("█") == 2 * lines[2].count("█")


def test_command_prints_a_report_and_json_and_names_the_bad(folder, tmp_path, capsys):
    folder("a.wav", phrase(1))
    folder("b.wav", phrase(2))
    assert main(["inspect", str(tmp_path)]) == 0
    text = capsys.readouterr().out
    assert "usable" in text and "What to do" in text and "only 0.2 usable minutes" in text
    (tmp_path / "bad.wav").write_bytes(b"no audio")
    assert main(["inspect", str(tmp_path), "--json"]) == 1
    captured = capsys.readouterr()
    report = json.loads(captured.out)
    assert report["total"]["files"] == 2 and list(report["failed"]) == [str(tmp_path / "bad.wav")]
    assert "bad.wav" in captured.err
    assert main(["inspect", str(tmp_path / "nowhere")]) == 1
    assert main(["inspect", str(tmp_path / "bad.wav")]) == 1
    assert re.fullmatch(r".*nowhere: no such .*\n.*bad\.wav: not audio .*\n", capsys.readouterr().err)


def test_what_was_mended_in_reading_is_told_by_file_in_the_table_and_in_total(folder, tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    for number in range(7):
        folder(f"take {number} low.wav", np.outer(phrase(number, notes=3), [0, 1, 0]))
    assert main(["inspect", str(tmp_path)]) == 0
    text = capsys.readouterr().out
    for number in range(7):
        assert re.search(rf"^take {number} low\.wav +\d", text, re.MULTILINE)  # a row, the name in one piece
        assert re.search(rf"^take {number} low\.wav: (.*; )?channels 1, 3 are silent and left out", text, re.MULTILINE)
    told = [line for line in text.splitlines() if line.startswith("  - take") and "silent" in line]
    assert len(told) == 5 and "  - 2 more remarks on files: see --json" in text
    assert all(line.startswith(f"  - take {number} low.wav: channels 1, 3") for number, line in enumerate(told))


def test_single_notes_are_counted(folder, tmp_path, capsys):
    for midi in (60, 64, 67):
        folder(f"{midi}.wav", np.pad(note(midi), (1600, 3200)))
    folder("melody.wav", phrase())
    assert main(["inspect", str(tmp_path), "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["total"]["single_notes"] == 3
    assert [f["single_notes"] for f in report["files"] if f["file"].endswith("melody.wav")] == [0]
