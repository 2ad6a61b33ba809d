"""`ddsp-rt evaluate` from files to figures, on a tiny instrument."""

import json
import subprocess
import sys

import numpy as np
import pytest
import soundfile

import ddsp_rt
from ddsp_rt.cli import main
from ddsp_rt.errors import DataError
from ddsp_rt.evaluation import judges
from ddsp_rt.evaluation.loudness import measure_loudness
from ddsp_rt.evaluation.performance import melody_errors
from ddsp_rt.evaluation.rendering import perform
from ddsp_rt.evaluation.report import evaluate
from ddsp_rt.evaluation.tables import show
from ddsp_rt.evaluation.truth import Truths, midi_of, note_in_name

RATE = 16000


@pytest.fixture
def recording(tmp_path):
    time = np.arange(int(4.5 * RATE)) / RATE
    f0 = np.where(time % 1 < 0.5, 330.0, 440.0)
    phase = np.cumsum(f0) / RATE
    audio = 0.3 * np.sin(2 * np.pi * phase) * np.minimum(1, (time % 0.5) / 0.05) * (time % 0.5 < 0.45)
    path = tmp_path / "tune.wav"
    ddsp_rt.write_audio(path, audio.astype(np.float32), RATE)
    return path


def test_every_measure_is_there(instrument_path, recording, no_judges, capsys):
    result = evaluate(ddsp_rt.load(instrument_path), [recording, recording], last=4.2)
    assert result["mss"] > result["mss_noise_floor"] > 0
    assert result["loudness_l1_db"] > 0 and result["timbre_distance"] > 0
    assert result["onset"]["onsets"] == 100 and result["files"][0]["excerpts"] == 1
    assert result["pitch_lag_ms"] is not None and result["clicks"] >= 0
    attack = result["attack_noise_db"]
    assert attack["notes"] >= 8 and attack["recording"] == pytest.approx(0, abs=3) and attack["output"] is not None
    assert "attack_noise_db" in result["files"][0]
    assert result["f0"] is None and "pip install 'ddsp-rt[evaluate]'" in result["notes"][0]
    json.dumps(result, allow_nan=False)
    show(result)
    text = capsys.readouterr().out
    assert "attack noise" in text and f"of {attack['notes']} notes" in " ".join(text.replace("│", " ").split())
    assert "mss" in text and "Onset latency" in text and "by recording" in text and "pip install" in text


@pytest.mark.usefixtures("few_onsets")
def test_command_prints_json(instrument_path, recording, no_judges, capsys):
    assert main(["evaluate", str(instrument_path), str(recording.parent), "--last", "1", "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert result["instrument"] == "tiny" and result["seconds"] == pytest.approx(1, abs=0.01)
    assert result["mss"] is None and "4 s" in result["notes"][1]
    assert result["attack_noise_db"] is None  # two notes are too few to tell


@pytest.mark.usefixtures("few_onsets")
def test_command_measures_the_channel_it_is_told(instrument_path, recording, tmp_path, no_judges, capsys):
    audio, rate = soundfile.read(recording)
    soundfile.write(tmp_path / "stereo.wav", np.stack([0.01 * audio[::-1], audio], 1), rate)

    def measured(*arguments):
        assert main(["evaluate", str(instrument_path), *map(str, arguments), "--last", "1", "--json"]) == 0
        return json.loads(capsys.readouterr().out)["loudness_l1_db"]

    alone = measured(recording)
    assert measured(tmp_path / "stereo.wav", "--channel", 2) == pytest.approx(alone, abs=0.05)
    assert measured(tmp_path / "stereo.wav", "--channel", 1) != pytest.approx(alone, abs=0.5)


def test_mistakes_end_in_one_line_before_the_work(instrument_path, recording, tmp_path, capsys, monkeypatch):
    assert main(["evaluate", str(instrument_path), str(tmp_path / "none")]) == 1
    assert main(["evaluate", str(instrument_path), str(recording), "--last", "0"]) == 2
    assert main(["evaluate", str(instrument_path), str(recording), "--truth", str(tmp_path / "none")]) == 2
    assert capsys.readouterr().err.count("\n") == 3
    for text in ("", "hello there\n", "file,licence\ntake.wav,CC0\n"):
        (tmp_path / "table.csv").write_text(text)
        wrong = ["--manifest", str(tmp_path / "table.csv")]
        assert main(["evaluate", str(instrument_path), str(recording), *wrong]) == 2
    assert capsys.readouterr().err.count("table.csv: has no columns file and notes\n") == 3
    (tmp_path / "text.wav").write_text("no sound here")
    monkeypatch.setattr("ddsp_rt.evaluation.report.evaluate", lambda *given, **more: pytest.fail("the work has begun"))
    assert main(["evaluate", str(instrument_path), str(recording), str(tmp_path / "text.wav")]) == 1
    assert main(["evaluate", str(instrument_path), str(recording), "--transfer", str(tmp_path / "text.wav")]) == 1
    assert capsys.readouterr().err.count("text.wav: not audio that can be read") == 2
    (tmp_path / "empty").mkdir()
    assert main(["evaluate", str(instrument_path), str(tmp_path / "empty")]) == 1
    assert "no audio files" in capsys.readouterr().err


def test_notes_are_read_and_overlaps_are_no_truth(tmp_path):
    path = tmp_path / "notes.csv"
    path.write_text("start_s,end_s,midi_pitch\n1.0,2.0,69\n1.8,3.0,57\n")
    track = judges.read_notes(path, 1000)
    assert np.isnan(track[:250]).all() and track[260] == pytest.approx(440) and track[600] == pytest.approx(220)
    assert np.isnan(track[455:495]).all()
    assert judges.read_notes(path, 1000, start=1.0)[10] == pytest.approx(440)
    path.write_text("a,b\n1,2\n")
    with pytest.raises(DataError, match="start_s"):
        judges.read_notes(path, 10)


def test_the_truth_is_looked_up_in_order(tmp_path):
    recording = tmp_path / "takes" / "cello_A1.flac"
    other = tmp_path / "takes" / "phrase_one.flac"
    assert Truths().of(recording) == midi_of("A1") == 33
    assert Truths(name_octaves=1).of(recording) == 45
    assert Truths().of(other) is None
    (tmp_path / "phrase.csv").write_text("start_s,end_s,midi_pitch\n0,1,60\n")
    (tmp_path / "manifest.csv").write_text("file,notes\ntakes/cello_A1.flac,A2\ntakes/phrase_one.flac,phrase.csv\n")
    assert Truths(name_octaves=3).of(recording) == 45  # what the manifest says is not shifted
    assert Truths().of(other) == tmp_path / "phrase.csv"
    (tmp_path / "cello_A1.csv").write_text("start_s,end_s,midi_pitch\n0,1,46\n")
    assert Truths(folder=tmp_path).of(recording) == tmp_path / "cello_A1.csv"
    (tmp_path / "manifest.csv").write_text("file,notes\ntakes/cello_A1.flac,H9\n")
    with pytest.raises(DataError, match="H9"):
        Truths().of(recording)


def test_the_truth_is_read_from_a_manifest_as_a_spreadsheet_writes_it(tmp_path):
    (tmp_path / "manifest.csv").write_bytes("File;Licence;Notes\r\ntakes\\take 1.wav;CC0;C2\r\n".encode("utf-16"))
    assert Truths().of(tmp_path / "takes" / "take 1.wav") == midi_of("C2")


@pytest.mark.parametrize(
    ("name", "midi"),
    [("cello_A2", 45), ("a1_f_d", 33), ("voice_aa_Db4", 61), ("malevoice_aa_C#4", 61), ("alt_f_01", None),
     ("sop_f_1_1", None), ("from_A2_to_A3", None), ("Bach in C", None), ("b3", 59)],
)  # fmt: skip
def test_notes_in_names(name, midi):
    assert note_in_name(name) == midi


def note(hertz, seconds=1.0, harmonics=8):
    time = np.arange(int(seconds * RATE)) / RATE
    return 0.2 * sum(np.sin(2 * np.pi * h * hertz * time) / h for h in range(1, harmonics + 1) if h * hertz < RATE / 2)


@pytest.mark.parametrize("hertz", [41.2, 65.4, 2637.0])
def test_a_known_note_settles_the_octave_beyond_the_judges(hertz):
    midi = 69 + 12 * np.log2(hertz / 440)
    sharp = hertz * 2 ** (30 / 1200)
    for audio in (note(sharp), note(sharp) + 2 * note(2 * sharp)):  # the octave stronger than the note
        track = judges.follow_note(audio, RATE, midi)[20:-20]
        assert 1200 * np.log2(track / hertz) == pytest.approx(30, abs=8)
    assert np.isnan(judges.follow_note(np.zeros(RATE), RATE, midi)).all()


@pytest.fixture
def swift(monkeypatch):
    """A function that has the quick judge say what it is told, and the slow one hear 440 Hz and count the asking."""
    asked = []

    def says(track):
        monkeypatch.setattr(judges, "_swift", lambda audio, frames: np.asarray(track, float)[:frames])
        monkeypatch.setattr(
            judges, "_pyin", lambda audio, frames, low, high: asked.append(frames) or np.full(frames, 440.0)
        )
        return asked

    return says


def test_an_error_needs_both_judges(swift):
    """SwiftF0 an octave up for 0.2 s: believed where the target is there, overruled by pYIN where it is not."""
    audio, target = note(440.0, 2.0), np.full(501, 440.0)
    track = target.copy()
    asked = swift(track)
    assert judges.hear(audio, RATE, target) == pytest.approx(440)
    assert not asked  # the slow judge is left in peace
    track[200:250] *= 2
    asked = swift(track)
    assert judges.hear(audio, RATE, target) == pytest.approx(440)
    assert sum(asked) < 200
    both_wrong = judges.hear(audio, RATE, np.full(501, 660.0))
    assert np.all(np.abs(1200 * np.log2(both_wrong / 660.0)) > 400)


def test_melody_is_judged_only_where_the_performance_sounds(swift, instrument_path, tmp_path):
    """A soft ending more than 40 dB under loud does not count, and an unjudged recording has no result."""
    audio = np.concatenate([note(440.0, 2.0), 0.003 * note(440.0, 2.0)])
    path = tmp_path / "A4.wav"
    ddsp_rt.write_audio(path, audio.astype(np.float32), RATE, bit_depth="float")
    played = perform(ddsp_rt.load(instrument_path), path, seeds=2)
    levels = measure_loudness(played.source, 48000)
    swift(np.full(2000, 440.0))
    found, tracked = melody_errors(played, levels, Truths())
    assert found.judged == pytest.approx(1, abs=0.01)
    assert found.frames == pytest.approx(2 * 500, abs=20)  # two seeds of the first half
    assert tracked.beyond_semitone < 0.05
    swift(np.where(np.arange(2000) < 200, 440.0, np.nan))  # the judges agree on less than half of it
    assert melody_errors(played, levels, Truths()) == (None, None)


def test_opinions_on_recordings_are_kept(swift, tmp_path):
    asked = swift(np.full(2000, 440.0))
    first = judges.judge(note(440.0), RATE, tmp_path / "kept")
    again = judges.judge(note(440.0), RATE, tmp_path / "kept")
    assert len(asked) == 1
    assert np.array_equal(first.agreed, again.agreed, equal_nan=True)
    judges.judge(note(441.0), RATE, tmp_path / "kept")
    assert len(asked) == 2


def test_an_output_is_judged_once_for_each_target(swift, tmp_path):
    asked = swift(np.full(2000, 880.0))
    audio, target = note(440.0, 2.0), np.full(501, 440.0)
    heard = [judges.hear(audio, RATE, target, cache) for cache in (None, tmp_path, tmp_path)]
    assert len(asked) == 2 and all(np.array_equal(heard[0], one) for one in heard)
    judges.hear(audio, RATE, target * 1.5, tmp_path)
    assert len(asked) == 3


def test_no_opinion_without_agreement():
    opinion = judges.Judgement(np.array([440, 880, 880, np.nan]), np.array([441, 440, 880, 440]))
    assert np.isfinite(opinion.agreed).tolist() == [True, False, True, False]
    assert opinion.agreed[0] == pytest.approx(440.5, abs=0.1)


@pytest.mark.slow
def test_the_judges_agree_on_a_clear_tune(recording):
    pytest.importorskip("swift_f0")
    pytest.importorskip("librosa")
    audio, rate = ddsp_rt.read_audio(recording)
    agreed = judges.judge(audio, rate).agreed
    time = np.arange(len(agreed)) / 250
    inside = (time % 0.5 > 0.1) & (time % 0.5 < 0.35) & (time < 4.4)
    truth = np.where(time % 1 < 0.5, 330.0, 440.0)
    known = inside & np.isfinite(agreed)
    assert known.sum() > 0.9 * inside.sum()
    assert np.abs(1200 * np.log2(agreed[known] / truth[known])).max() < 50


def test_only_one_process_at_a_time_compiles_what_librosa_needs(tmp_path):
    path = tmp_path / "module.py"
    path.touch()
    script = """import sys
from ddsp_rt.evaluation.judges import alone
print("ready", flush=True)
with alone(sys.argv[1]):
    print("in")
"""
    with judges.alone(str(path)):
        other = subprocess.Popen([sys.executable, "-c", script, path], stdout=subprocess.PIPE, text=True)
        assert other.stdout.readline() == "ready\n"
        with pytest.raises(subprocess.TimeoutExpired):
            other.wait(timeout=1)
    assert other.communicate(timeout=60)[0] == "in\n" and other.returncode == 0
