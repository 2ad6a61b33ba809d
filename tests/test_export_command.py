"""`ddsp-rt export`: what it writes and what it refuses."""

import numpy as np
import pytest
import soundfile
from conftest import tiny_metadata, tiny_tensors

from ddsp_rt.cli import main
from ddsp_rt.instrument_file import load_instrument, save_instrument


def export(capsys, *words):
    code = main(["export", *map(str, words)])
    return code, capsys.readouterr()


def test_the_room_is_written_at_the_model_s_rate(instrument_path, tmp_path, capsys):
    code, said = export(capsys, instrument_path, "--format", "wav-ir", "-o", tmp_path / "room.wav")
    assert code == 0 and "room.wav" in said.out
    audio, rate = soundfile.read(tmp_path / "room.wav", dtype="float32")
    response = load_instrument(instrument_path)[1]["reverb.impulse_response"].astype(np.float32)
    assert rate == 16_000 and audio[0] == 0
    np.testing.assert_array_equal(audio[1:], response[1:])


def test_at_another_rate_the_room_keeps_its_gain(instrument_path, tmp_path, capsys):
    spectra = {}
    for rate in (16_000, 48_000):
        name = tmp_path / f"{rate}.wav"
        assert export(capsys, instrument_path, "--format", "wav-ir", "-o", name, "--sample-rate", rate)[0] == 0
        audio, written = soundfile.read(name)
        assert written == rate
        spectra[rate] = np.abs(np.fft.rfft(audio, rate))[100:6000]  # bins of 1 Hz
    np.testing.assert_allclose(spectra[16_000], spectra[48_000], atol=0.03 * spectra[16_000].max())


def test_a_dry_instrument_has_no_room(tmp_path, capsys):
    metadata = tiny_metadata()
    tensors = tiny_tensors(metadata)
    metadata["architecture"]["reverb"] = None
    del tensors["reverb.impulse_response"]
    save_instrument(tmp_path / "dry.ddsp", tensors, metadata)
    code, said = export(capsys, tmp_path / "dry.ddsp", "--format", "wav-ir", "-o", tmp_path / "room.wav")
    assert code == 1 and "has no room" in said.err and said.err.count("\n") == 1
    assert not (tmp_path / "room.wav").exists()


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["--format", "vst", "-o", "x.vst"], "torchscript, onnx or wav-ir"),
        (["--format", "torchscript", "-o", "violin.wav"], "ends in .ts or .pt"),
        (["--format", "onnx", "-o", "violin.ts"], "written as onnx ends in .onnx"),
        (["--format", "wav-ir", "-o", "room.ddsp"], "ends in .wav"),
        (["--format", "wav-ir", "-o", "room.wav", "--sample-rate", "4000"], "8000 to 192000"),
        (["--format", "onnx", "-o", "net.onnx", "--sample-rate", "48000"], "--sample-rate"),
        (["--format", "torchscript", "-o", ""], "empty"),
        (["--format", "torchscript"], "--output"),
    ],
)
def test_a_mistake_is_one_line(words, reason, instrument_path, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    code, said = export(capsys, instrument_path, *words)
    assert code == 2 and reason in said.err and said.err.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_not_there_is_made_and_an_old_file_is_named(instrument_path, tmp_path, capsys):
    target = tmp_path / "new" / "room.wav"
    assert export(capsys, instrument_path, "--format", "wav-ir", "-o", target)[0] == 0
    _, said = export(capsys, instrument_path, "--format", "wav-ir", "-o", target)
    assert "replacing the old file" in said.out
