"""`ddsp-rt evaluate` from files to figures, on a tiny instrument."""

import json

import numpy as np
import pytest

import ddsp_rt
from ddsp_rt.cli import main
from ddsp_rt.errors import DataError
from ddsp_rt.evaluation import evaluate, judges
from ddsp_rt.evaluation.tables import show

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


@pytest.fixture
def no_judges(monkeypatch):
    monkeypatch.setattr(judges, "NEEDED", {"no_such_module": "swift-f0"})


def test_every_measure_is_there(instrument_path, recording, no_judges, capsys):
    result = evaluate(ddsp_rt.load(instrument_path), [recording, recording], last=4.2)
    assert result["mss"] > result["mss_noise_floor"] > 0
    assert result["loudness_l1_db"] > 0 and result["timbre_distance"] > 0
    assert result["onset"]["onsets"] == 100 and result["files"][0]["excerpts"] == 1
    assert result["pitch_lag_ms"] is not None and result["clicks"] >= 0
    assert result["f0"] is None and "pip install 'ddsp-rt[evaluate]'" in result["notes"][0]
    json.dumps(result, allow_nan=False)
    show(result)
    text = capsys.readouterr().out
    assert "mss" in text and "Onset latency" in text and "by recording" in text and "pip install" in text


def test_command_prints_json(instrument_path, recording, no_judges, capsys):
    assert main(["evaluate", str(instrument_path), str(recording.parent), "--last", "1", "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert result["instrument"] == "tiny" and result["seconds"] == pytest.approx(1, abs=0.01)
    assert result["mss"] is None and "4 s" in result["notes"][1]


def test_mistakes_end_in_one_line(instrument_path, recording, tmp_path, capsys):
    assert main(["evaluate", str(instrument_path), str(tmp_path / "none")]) == 1
    assert main(["evaluate", str(instrument_path), str(recording), "--last", "0"]) == 2
    assert main(["evaluate", str(instrument_path), str(recording), "--truth", str(tmp_path / "none")]) == 2
    assert capsys.readouterr().err.count("\n") == 3
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


def test_an_error_needs_both_judges():
    reference = np.full(4, 440.0)
    opinion = judges.Judgement(np.array([440, 880, 880, np.nan]), np.array([441, 440, 880, 440]))
    assert opinion.nearer_to(reference) == pytest.approx([440.5, 440, 880, 440], abs=0.1)
    assert np.isfinite(opinion.agreed).tolist() == [True, False, True, False]


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
