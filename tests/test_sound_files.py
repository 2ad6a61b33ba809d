"""Sound files as users have them: what is there is played, what is missing is said, and a mix-down loses nothing."""

import io
import os
import shutil
import struct
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
import soundfile

import ddsp_rt
from ddsp_rt.audio import AudioReader, read_audio
from ddsp_rt.errors import DataError
from ddsp_rt.sound_files import decoders
from ddsp_rt.sound_files.clipping import flat_tops

FILES = Path(__file__).parent / "data" / "files"
RATE = 44_100


def sound(seconds=2.0, rate=RATE, level=0.3):
    """A note with vibrato: no two places of it are alike."""
    time = np.arange(int(rate * seconds)) / rate
    return (level * np.sin(2 * np.pi * 330 * time + 3 * np.sin(2 * np.pi * 5.3 * time))).astype(np.float32)


def read(path, **options):
    """The audio, its rate, and the lines said of it."""
    lines = []
    audio, rate = read_audio(path, report=lines.append, **options)
    return audio, rate, " ".join(lines)


# ---- lengths nobody wrote down, or wrote down wrong

SIZE_FIELDS = {  # where the sizes stand: (what they follow, bytes on from there, struct format)
    "wav": [(b"RIFF", 4, "<I"), (b"data", 4, "<I")],
    "rf64": [(b"ds64", 8, "<Q"), (b"ds64", 16, "<Q"), (b"ds64", 24, "<Q")],
    "aiff": [(b"FORM", 4, ">I"), (b"COMM", 10, ">I"), (b"SSND", 4, ">I")],
    "caf": [(b"data", 4, ">q")],
    "w64": [(b"data\xf3\xac\xd3\x11", 16, "<Q")],
}


def with_sizes(kind, value, path):
    """A 16-bit file whose sizes all say `value` (-1: the largest)."""
    soundfile.write(path, sound(), RATE, format={"aiff": "AIFF"}.get(kind, kind.upper()), subtype="PCM_16")
    data = bytearray(path.read_bytes())
    for mark, on, form in SIZE_FIELDS[kind]:
        place = data.index(mark) + on
        most = value & ((1 << 8 * struct.calcsize(form)) - 1) if form.isupper() or form[-1].isupper() else value
        data[place : place + struct.calcsize(form)] = struct.pack(form, most)
    path.write_bytes(data)


@pytest.mark.parametrize("value", [0, -1, 4000])
@pytest.mark.parametrize("kind", SIZE_FIELDS)
def test_a_header_with_a_wrong_size_costs_no_sample(tmp_path, kind, value):
    with_sizes(kind, value, tmp_path / f"a.{kind}")
    audio, _, said = read(tmp_path / f"a.{kind}")
    assert len(audio) == 2 * RATE and np.abs(audio - sound()).max() < 1e-4
    assert ("out of date" in said) == (value == 4000 and kind != "w64")


def test_an_empty_file_with_chunks_behind_stays_empty(tmp_path):
    """Bytes after the samples that are tags are not played."""
    path = tmp_path / "tagged.wav"
    soundfile.write(path, np.zeros(0), RATE, subtype="PCM_16")
    data = path.read_bytes()[: path.read_bytes().index(b"data")] + b"data" + bytes(4)
    path.write_bytes(data + b"LIST" + struct.pack("<I", 100_000) + bytes(100_000))
    with pytest.raises(DataError, match="no samples"):
        read_audio(path)
    soundfile.write(path, sound(), RATE, subtype="PCM_16")
    path.write_bytes(path.read_bytes() + b"id3 " + struct.pack("<I", 200_000) + bytes(200_000))
    assert len(read_audio(path)[0]) == 2 * RATE


@pytest.mark.parametrize("kind", ["wav", "aiff", "au", "caf", "flac", "mp3", "ogg"])
def test_a_file_that_was_cut_is_played_as_far_as_it_goes_and_told(tmp_path, kind):
    path = tmp_path / f"a.{kind}"
    # noise: OGG and MP3 pages are then many
    whole = np.random.default_rng(0).uniform(-0.3, 0.3, 6 * RATE).astype(np.float32)
    soundfile.write(path, whole, RATE)
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])
    audio, _, said = read(path)
    assert 2.5 * RATE < len(audio) < 3.3 * RATE
    assert f"a.{kind}: " in said and ("cut short" in said or "damaged, only the first" in said)
    if kind in ("wav", "aiff", "caf", "flac"):
        assert np.abs(audio - whole[: len(audio)]).max() < 1e-4
        assert "of 6.0 s" in said


def test_a_flac_from_a_pipe_is_played_whole():
    audio, rate, said = read(FILES / "streamed.flac")
    assert rate == 48_000 and len(audio) == 4 * rate and said == ""


def test_an_mp3_without_a_table_is_played_whole():
    audio, rate, said = read(FILES / "vbr_noxing.mp3")
    assert rate == 48_000 and 3.98 < len(audio) / rate < 4.1 and said == ""
    assert np.sqrt(np.mean(audio[-rate:] ** 2)) > 0.01  # and sounds to its end


def test_an_mp3_longer_than_its_table_says_is_played_whole(tmp_path):
    soundfile.write(tmp_path / "one.mp3", sound(), RATE)
    one = (tmp_path / "one.mp3").read_bytes()
    (tmp_path / "two.mp3").write_bytes(one + one)
    assert 3.95 < len(read_audio(tmp_path / "two.mp3")[0]) / RATE < 4.2
    assert len(read_audio(tmp_path / "one.mp3")[0]) == 2 * RATE


def _ogg(f0, rate=48_000, subtype="VORBIS"):
    file = io.BytesIO()
    soundfile.write(file, 0.3 * np.sin(2 * np.pi * f0 * np.arange(rate) / rate), rate, format="OGG", subtype=subtype)
    return file.getvalue()


@pytest.mark.parametrize("subtype", ["VORBIS", "OPUS"])
@pytest.mark.parametrize("between", [b"", b"some bytes of a broken download"])
def test_every_recording_of_a_chained_ogg_is_played(tmp_path, subtype, between):
    """Radio streams, and some recorders, put one recording behind the other into one file."""
    links = [_ogg(f0, subtype=subtype) for f0 in (200, 300, 400)]
    (tmp_path / "chain.ogg").write_bytes(between.join(links))
    said = []
    audio, rate = read_audio(tmp_path / "chain.ogg", report=said.append)
    assert not said and len(audio) == pytest.approx(3 * rate, abs=0.03 * rate)
    for part, f0 in enumerate((200, 300, 400)):
        middle = audio[int((part + 0.3) * rate) : int((part + 0.7) * rate)]
        assert np.argmax(np.abs(np.fft.rfft(middle))) * rate / len(middle) == pytest.approx(f0, abs=3)
    with AudioReader(tmp_path / "chain.ogg") as reader:
        assert all(np.array_equal(np.concatenate(list(reader.blocks())), audio) for _ in range(2))


def test_a_link_of_a_chain_that_does_not_fit_is_told(tmp_path):
    (tmp_path / "chain.ogg").write_bytes(_ogg(200) + _ogg(300, 22_050) + _ogg(400))
    said = []
    audio, rate = read_audio(tmp_path / "chain.ogg", report=said.append)
    assert len(audio) == pytest.approx(2 * rate, abs=0.02 * rate)
    assert len(said) == 1 and "a part of another rate" in said[0] and "left out" in said[0]


def test_mp3_is_decoded_alike_however_it_is_cut_into_blocks(tmp_path):
    soundfile.write(tmp_path / "a.mp3", sound(6), RATE)
    whole, _ = soundfile.read(tmp_path / "a.mp3", dtype="float32")
    assert np.array_equal(read_audio(tmp_path / "a.mp3")[0], whole)


def test_a_file_that_grows_or_shrinks_while_it_is_read(tmp_path):
    """Both readings give as much as the first one found, and the user hears of it."""
    path = tmp_path / "recording.wav"
    soundfile.write(path, sound(4), RATE, subtype="PCM_16")
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with AudioReader(path) as reader:
        blocks = reader.blocks()
        parts = [next(blocks)]
        path.open("ab").write(whole[len(whole) // 2 :])
        first = np.concatenate([*parts, *blocks])
        assert "still being written" in reader.note
        assert np.array_equal(np.concatenate(list(reader.blocks())), first)
    with AudioReader(path) as reader:
        assert len(np.concatenate(list(reader.blocks()))) == 4 * RATE
        os.truncate(path, len(whole) // 2)
        assert len(np.concatenate(list(reader.blocks()))) < 2.1 * RATE
        assert "cut short, 2.0 of 4.0 s" in reader.note


def test_a_file_may_lose_its_name_while_it_is_read(tmp_path):
    path = tmp_path / "a.flac"
    soundfile.write(path, sound(), RATE)
    with AudioReader(path) as reader:
        path.unlink()
        assert len(np.concatenate(list(reader.blocks()))) == 2 * RATE


def test_standard_input_and_named_pipes_are_read(tmp_path):
    soundfile.write(tmp_path / "a.wav", sound(), RATE, subtype="FLOAT")
    data = (tmp_path / "a.wav").read_bytes()
    script = "import ddsp_rt; audio, rate = ddsp_rt.read_audio('-'); print(len(audio), rate)"
    done = subprocess.run([sys.executable, "-c", script], input=data, capture_output=True)
    assert done.stdout.decode().split() == [str(2 * RATE), str(RATE)], done.stderr
    done = subprocess.run([sys.executable, "-c", script], input=b"", capture_output=True)
    assert b"standard input: is empty" in done.stderr
    os.mkfifo(tmp_path / "pipe")
    writer = threading.Thread(target=(tmp_path / "pipe").write_bytes, args=(data,))
    writer.start()
    audio, _ = read_audio(tmp_path / "pipe")
    writer.join()
    assert np.array_equal(audio, sound())


# ---- phones' formats


def without_decoders(monkeypatch):
    monkeypatch.setattr(decoders, "_has_av", lambda: False)
    monkeypatch.setenv("PATH", "/nowhere")


@pytest.mark.parametrize("decoder", ["av", "ffmpeg"])
def test_a_voice_memo_is_read_where_a_decoder_is_at_hand(monkeypatch, decoder):
    if decoder == "av":
        pytest.importorskip("av")
        monkeypatch.setenv("PATH", "/nowhere")
    else:
        if shutil.which("ffmpeg") is None:
            pytest.skip("ffmpeg is not installed")
        monkeypatch.setattr(decoders, "_has_av", lambda: False)
    audio, rate, _ = read(FILES / "voice_memo.m4a")
    assert rate == 48_000 and 3.9 < len(audio) / rate < 4.1 and np.abs(audio).max() > 0.05
    features = ddsp_rt.analyse(audio, rate)
    assert features.voiced.mean() > 0.5


def test_a_voice_memo_without_a_decoder_is_named_with_the_commands_that_help(monkeypatch):
    without_decoders(monkeypatch)
    with pytest.raises(DataError) as caught:
        read_audio(FILES / "voice_memo.m4a")
    assert "pip install 'ddsp-rt[formats]'" in str(caught.value)
    assert "ffmpeg -i voice_memo.m4a voice_memo.wav" in str(caught.value)


def test_what_is_no_sound_is_not_handed_to_a_decoder(tmp_path, monkeypatch):
    """ffmpeg would follow a playlist to other files."""
    monkeypatch.setattr(decoders, "open_decoder", lambda *_: pytest.fail("a decoder was asked"))
    soundfile.write(tmp_path / "a.wav", sound(), RATE)
    (tmp_path / "list.m4a").write_text(f"#EXTM3U\n#EXTINF:4\n{tmp_path / 'a.wav'}\n")
    with pytest.raises(DataError, match="not audio"):
        read_audio(tmp_path / "list.m4a")


# ---- the mix-down


def test_opposite_polarity_does_not_cancel():
    audio, rate, said = read(FILES / "phase_inverted.flac")
    assert "channel 1 is played" in said and "--channel" in said
    features = ddsp_rt.analyse(audio, rate)
    notes = np.round(features.midi[features.voiced])
    assert {60, 62, 64} <= set(notes[np.isin(notes, (60, 62, 64))])
    assert np.isin(notes, (60, 62, 64)).mean() > 0.9


@pytest.mark.parametrize("gain", [-1.0, -0.5, -2.0])
def test_a_weaker_or_stronger_inverted_channel_does_not_cancel_either(tmp_path, gain):
    soundfile.write(tmp_path / "a.wav", np.stack([0.4 * sound(), 0.4 * gain * sound()], 1), RATE, subtype="FLOAT")
    audio, _, _ = read(tmp_path / "a.wav")
    assert np.abs(audio).max() == pytest.approx(0.4 * 0.3 * max(1, abs(gain)), rel=0.01)


@pytest.mark.parametrize(("channels", "silent"), [(2, [1]), (2, [0]), (4, [1, 2, 3])])
def test_silent_channels_cost_no_level(tmp_path, channels, silent):
    audio = np.repeat(sound()[:, None], channels, 1)
    audio[:, silent] = 1e-5 * np.random.default_rng(0).standard_normal((len(audio), len(silent)))
    soundfile.write(tmp_path / "a.wav", audio, RATE, subtype="FLOAT")
    mixed, _, said = read(tmp_path / "a.wav")
    assert np.array_equal(mixed, sound()) and "silent" in said


@pytest.mark.parametrize(("gain", "delay"), [(1.0, 0), (0.5, 0), (0.7, 300), (0.05, 0)])
def test_an_ordinary_stereo_file_is_the_mean_of_its_channels_bit_for_bit(tmp_path, gain, delay):
    stereo = np.stack([sound(), np.roll(gain * sound(), delay)], 1).astype(np.float32)
    soundfile.write(tmp_path / "a.wav", stereo, RATE, subtype="FLOAT")
    mixed, _, said = read(tmp_path / "a.wav")
    assert np.array_equal(mixed, stereo.mean(axis=1, dtype=np.float32)) and said == ""


def test_a_channel_can_be_chosen(tmp_path):
    stereo = np.stack([sound(), 0.5 * sound()], 1)
    soundfile.write(tmp_path / "a.wav", stereo, RATE, subtype="FLOAT")
    for channel in (1, 2):
        assert np.array_equal(read_audio(tmp_path / "a.wav", channel=channel)[0], stereo[:, channel - 1])
    for channel in (0, 3, -1):
        with pytest.raises(DataError, match="2 channels"):
            read_audio(tmp_path / "a.wav", channel=channel)


# ---- clipping


def clipped_share(tmp_path, audio, subtype, kind="wav"):
    path = tmp_path / f"clip.{kind}"
    soundfile.write(path, audio, RATE, subtype=subtype)
    with AudioReader(path) as reader:
        for _ in reader.blocks():
            pass
        return reader.clipped_samples / reader.frames_read


@pytest.mark.parametrize("subtype", ["PCM_U8", "PCM_16", "PCM_24", "PCM_32", "FLOAT"])
def test_a_flat_top_at_the_ceiling_is_clipping_and_a_peak_there_is_not(tmp_path, subtype):
    ceiling = np.float32(1 - 2.0**-15)
    loud = np.clip(sound(level=1.5), -1, ceiling)
    assert clipped_share(tmp_path, loud, subtype) > 0.1
    assert clipped_share(tmp_path, sound(level=ceiling), subtype) == 0
    slow = ceiling * np.sin(2 * np.pi * 45 * np.arange(2 * RATE) / RATE).astype(np.float32)
    assert clipped_share(tmp_path, slow, subtype) == 0


def test_float_beyond_full_scale_is_not_clipped(tmp_path):
    assert clipped_share(tmp_path, sound(level=3.0), "FLOAT") == 0
    assert clipped_share(tmp_path, sound(level=1.01), "DOUBLE") == 0
    assert not flat_tops(sound(level=2.0)).any()


def test_clipping_in_one_channel_counts(tmp_path):
    loud = np.clip(sound(level=1.5), -1, 1 - 2.0**-15)
    assert clipped_share(tmp_path, np.stack([loud, sound()], 1), "PCM_16") > 0.1
