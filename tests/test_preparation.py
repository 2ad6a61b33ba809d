"""Preparing recordings: what goes into a data set, what is left out, and that it can be interrupted."""

import multiprocessing
import os
import pickle
import threading
import wave
from concurrent.futures import ProcessPoolExecutor

import numpy as np
import pytest
import soundfile

pytest.importorskip("ddsp_rt._engine")

from ddsp_rt.errors import DataError, UsageError
from ddsp_rt.training import parts, preparation
from ddsp_rt.training.data_file import NotWritten, PreparedData
from ddsp_rt.training.preparation import describe, prepare
from ddsp_rt.training.processes import side_by_side


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("DDSP_RT_CACHE", str(tmp_path / "cache"))


def write_tone(path, seconds=2.0, rate=16_000, f0=220.0, seed=0):
    path.parent.mkdir(parents=True, exist_ok=True)
    time = np.arange(int(seconds * rate)) / rate
    audio = 0.3 * np.sin(2 * np.pi * f0 * time) + 0.1 * np.sin(4 * np.pi * f0 * time)
    audio += 1e-4 * np.random.default_rng(seed).standard_normal(len(time))
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, rate, 0, "NONE", ""))
        file.writeframes((audio * 32767).astype("<i2").tobytes())
    return path


def write_silence(path):
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, 16_000, 0, "NONE", ""))
        file.writeframes(bytes(2 * 16_000 * 3))


def run(recordings, output, **options):
    lines = []
    options = {"from_notes": False} | options
    summary = prepare(recordings, output, workers=1, report=lines.append, **options)
    return summary, PreparedData(output), lines


def test_features_and_audio_are_aligned_at_any_rate(tmp_path):
    for rate in (16_000, 22_050, 44_100):
        write_tone(tmp_path / "in" / f"{rate}.wav", 2.0, rate)
    summary, data, _ = run(tmp_path / "in", tmp_path / "d.safetensors")
    assert summary["recordings"] == 3 and data.model_rate == 16_000
    for index in range(3):
        f0 = data.read(index, "f0")
        audio = data.read(index, "audio")
        assert len(audio) == 64 * len(f0) and 495 <= len(f0) <= 500
        assert np.median(f0[100:]) == pytest.approx(220, rel=2e-3)
        wanted = 0.3 * np.sin(2 * np.pi * 220 * np.arange(8000, 8200) / 16_000)
        wanted += 0.1 * np.sin(4 * np.pi * 220 * np.arange(8000, 8200) / 16_000)
        assert np.abs(audio[8000:8200] - wanted).max() < 0.01
        assert data.read(index, "mfcc").shape == (len(f0), 30)


def test_bad_files_are_named_skipped_and_counted(tmp_path):
    write_tone(tmp_path / "in" / "good.wav")
    (tmp_path / "in" / "text.wav").write_text("no sound here")
    (tmp_path / "in" / "empty.flac").touch()
    summary, _data, lines = run(tmp_path / "in", tmp_path / "d.safetensors")
    assert summary["recordings"] == 1 and summary["skipped"] == 2
    assert any("text.wav" in line for line in lines) and any("empty.flac" in line for line in lines)
    assert "1 recording, " in describe(summary)


def test_nothing_usable_is_one_line(tmp_path):
    with pytest.raises(DataError, match="no such"):
        prepare(tmp_path / "none", tmp_path / "d.safetensors")
    (tmp_path / "in").mkdir()
    with pytest.raises(DataError, match="no audio files"):
        prepare(tmp_path / "in", tmp_path / "d.safetensors")
    (tmp_path / "in" / "a.wav").touch()
    with pytest.raises(DataError, match="none of 1"):
        prepare(tmp_path / "in", tmp_path / "d.safetensors", report=lambda line: None)
    write_silence(tmp_path / "in" / "pause.wav")
    with pytest.raises(DataError, match="none of 2 recordings can be used: silence 3 s$"):
        prepare(tmp_path / "in", tmp_path / "d.safetensors", workers=1, report=lambda line: None)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["cache", "in"]
    with pytest.raises(UsageError, match=r"d\.wav: end the name of a data set in \.safetensors"):
        prepare(tmp_path / "in", tmp_path / "d.wav")


def test_rooms_are_folders_and_credits_come_from_the_manifest(tmp_path):
    write_tone(tmp_path / "in" / "hall" / "a.wav")
    write_tone(tmp_path / "in" / "booth" / "b.wav", f0=330.0)
    (tmp_path / "in" / "manifest.csv").write_text("file,licence,attribution\nhall/a.wav,CC0,somebody\n")
    _, data, _ = run(tmp_path / "in", tmp_path / "d.safetensors")
    by_name = {recording["name"]: recording for recording in data.recordings}
    assert by_name["hall/a.wav"]["room"] == "hall" and by_name["booth/b.wav"]["room"] == "booth"
    assert by_name["hall/a.wav"]["attribution"] == "somebody" and by_name["booth/b.wav"]["attribution"] == ""


def test_a_copy_is_used_once_and_silence_left_out(tmp_path):
    path = write_tone(tmp_path / "in" / "a.wav")
    (tmp_path / "in" / "copy.wav").write_bytes(path.read_bytes())
    write_silence(tmp_path / "in" / "pause.wav")
    summary, data, lines = run(tmp_path / "in", tmp_path / "d.safetensors")
    assert sorted(recording["file"] for recording in data.recordings) == ["a.wav", "pause.wav"]
    assert any("same content" in line for line in lines)
    assert summary["left_out"]["silence"] >= 2.5 and summary["usable_seconds"] < 2.1


def test_held_out_ends_never_enter_the_data(tmp_path):
    write_tone(tmp_path / "in" / "long.wav", 61.0)
    write_tone(tmp_path / "in" / "short.wav", 3.0)
    _, data, _ = run(tmp_path / "in", tmp_path / "d.safetensors", hold_out=30.0)
    by_file = {recording["file"]: (index, recording) for index, recording in enumerate(data.recordings)}
    index, long = by_file["long.wav"]
    assert data.frames(index) == 31 * 250 and long["held_out_seconds"] == 30.0
    assert len(data.read(index, "audio")) == 31 * 16_000
    assert by_file["short.wav"][1]["held_out_seconds"] == 0.0


def test_an_analysis_is_made_once_per_content(tmp_path, monkeypatch):
    write_tone(tmp_path / "in" / "a.wav")
    _, first, _ = run(tmp_path / "in", tmp_path / "d.safetensors")
    from ddsp_rt import _engine

    def never(*_, **__):
        raise AssertionError("analysed again")

    monkeypatch.setattr(_engine, "analyse", never)
    (tmp_path / "in" / "a.wav").rename(tmp_path / "in" / "b.wav")
    _, again, _ = run(tmp_path / "in", tmp_path / "e.safetensors")
    for name in ("f0", "loudness", "mfcc", "audio"):
        assert np.array_equal(first.read(0, name), again.read(0, name))


def test_long_sets_are_cut_into_shards_that_read_as_one(tmp_path, monkeypatch):
    for number in range(5):
        write_tone(tmp_path / "in" / f"{number}.wav", 2.0, f0=200.0 + number)
    _, whole, _ = run(tmp_path / "in", tmp_path / "whole.safetensors")
    monkeypatch.setattr(preparation, "SHARD_SECONDS", 4.0)
    summary, cut, _ = run(tmp_path / "in", tmp_path / "cut.safetensors")
    assert summary["shards"] == ["cut.safetensors", "cut.2.safetensors", "cut.3.safetensors"]
    assert [r["file"] for r in whole.recordings] == [r["file"] for r in cut.recordings]
    assert all(np.array_equal(whole.read(i, "audio"), cut.read(i, "audio")) for i in range(5))
    assert whole.table["quantiles"] == cut.table["quantiles"]
    (tmp_path / "whole.safetensors").rename(tmp_path / "renamed.safetensors")
    write_tone(tmp_path / "in" / "0.wav", 2.0, f0=300.0)
    run(tmp_path / "in", tmp_path / "whole.safetensors")  # another set under the old name must not be read instead
    renamed = PreparedData(tmp_path / "renamed.safetensors")
    assert all(np.array_equal(renamed.read(i, "audio"), cut.read(i, "audio")) for i in range(5))
    (tmp_path / "cut.2.safetensors").unlink()
    with pytest.raises(DataError, match="cut.2.safetensors"):
        PreparedData(tmp_path / "cut.safetensors")


def test_a_full_disk_leaves_what_was_there(tmp_path, monkeypatch):
    write_tone(tmp_path / "in" / "a.wav")
    run(tmp_path / "in", tmp_path / "d.safetensors")
    before = (tmp_path / "d.safetensors").read_bytes()
    write_tone(tmp_path / "in" / "b.wav", f0=300.0)

    def full(file):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(preparation.os, "fsync", full)
    with pytest.raises(DataError, match="No space left"):
        run(tmp_path / "in", tmp_path / "d.safetensors")
    assert (tmp_path / "d.safetensors").read_bytes() == before


def test_a_disk_that_is_full_ends_the_analysis_with_the_name_of_the_data_set(tmp_path, monkeypatch):
    for number in range(3):
        write_tone(tmp_path / "in" / f"{number}.wav", f0=300.0 + number)

    def full(path, table, tensors):
        refused = NotWritten(f"{path}: full")
        refused.reason = "No space left on device"
        raise pickle.loads(pickle.dumps(refused))  # as a process hands it on

    monkeypatch.setattr(parts, "write_tensors", full)
    lines = []
    with pytest.raises(DataError, match=r"/d\.safetensors: could not be written: No space left on device$"):
        prepare(tmp_path / "in", tmp_path / "d.safetensors", workers=1, report=lines.append)
    assert not any(line.startswith("skipped") for line in lines)


def test_a_data_set_is_no_recording(tmp_path):
    write_tone(tmp_path / "in" / "a.wav")
    run(tmp_path / "in", tmp_path / "d.safetensors")
    for paths in (tmp_path / "d.safetensors", [tmp_path / "in", tmp_path / "d.safetensors"]):
        with pytest.raises(UsageError, match=r"d\.safetensors: is a prepared data set"):
            prepare(paths, tmp_path / "e.safetensors")


def test_of_a_single_recording_the_reason_is_told_once(tmp_path):
    (tmp_path / "a.wav").write_text("no sound here")
    lines = []
    with pytest.raises(DataError, match=r"a\.wav: not audio"):
        prepare(tmp_path / "a.wav", tmp_path / "d.safetensors", report=lines.append)
    assert lines == []


def test_each_channel_is_a_data_set_of_its_own(tmp_path):
    time = np.arange(16_000) / 16_000
    tones = np.stack([0.3 * np.sin(2 * np.pi * f0 * time) for f0 in (220, 330)], 1)
    soundfile.write(tmp_path / "two.wav", tones, 16_000)
    for channel, f0 in ((1, 220), (2, 330), (1, 220)):
        _, data, _ = run(tmp_path / "two.wav", tmp_path / "d.safetensors", channel=channel)
        assert np.median(data.read(0, "f0")[50:]) == pytest.approx(f0, rel=2e-3)
        assert np.abs(data.read(0, "audio")[4000:8000] - tones[4000:8000, channel - 1]).max() < 1e-3
        assert data.table["channel"] == channel
    with pytest.raises(DataError, match="no channel 3"):
        run(tmp_path / "two.wav", tmp_path / "d.safetensors", channel=3)


def _thread_count(_):
    return os.getpid(), threading.active_count()


def test_one_worker_is_this_process_and_more_are_never_forked_beside_threads():
    with side_by_side(_thread_count, [0, 1], 1) as results:
        assert [(index, result()[0]) for index, result in results] == [(0, os.getpid()), (1, os.getpid())]
    started: list[str] = []
    get_context = multiprocessing.get_context
    ended = threading.Event()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(multiprocessing, "get_context", lambda name: started.append(name) or get_context(name))
        thread = threading.Thread(target=ended.wait)
        thread.start()
        try:
            with side_by_side(_thread_count, [0, 1, 2], 2) as results:
                found = {index: result() for index, result in results}
        finally:
            ended.set()
            thread.join()
    assert started == ["spawn"] and sorted(found) == [0, 1, 2]
    assert os.getpid() not in {process for process, _ in found.values()}


def test_the_bar_is_drawn_by_a_thread_that_starts_after_the_processes(tmp_path, monkeypatch):
    for index in range(2):
        write_tone(tmp_path / "in" / f"{index}.wav", seed=index)
    events: list[str] = []

    class Watched(preparation.Progress):
        def __enter__(self):
            events.append("bar")
            return super().__enter__()

    submit = ProcessPoolExecutor.submit
    monkeypatch.setattr(ProcessPoolExecutor, "submit", lambda *job: events.append("process") or submit(*job))
    monkeypatch.setattr(preparation, "Progress", Watched)
    prepare(tmp_path / "in", tmp_path / "d.safetensors", workers=2, report=lambda line: None)
    assert events == ["process", "process", "bar"]
